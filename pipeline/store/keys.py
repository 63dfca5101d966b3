"""Where does the key lie that links pseudonyms to names, and who can read it?

In a folder apart from the study: an age identity (`identiteit.txt`, readable by the `age` program too) and the
pseudonym key encrypted to it (`sleutel.age`). A key is made once; a lost or wrong one is an error, never replaced.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import pyrage
from filelock import FileLock

from pipeline.domain.errors import RaamwerkError
from pipeline.domain.pseudonym import PseudonymKey
from pipeline.store import files
from pipeline.store.plain import key_of, plain_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_VERSION = 1
_SECRET_BYTES = 32


class KeyStore:
    """The keys of one study.

    Attributes:
        folder: where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._identity_file = folder / "identiteit.txt"
        self._key_file = folder / "sleutel.age"
        self._lock = FileLock(folder / ".slot", mode=files.PRIVATE)

    def complete(self) -> bool:
        """Tell whether both files are there, so that what was encrypted can be read and names be linked."""
        return self._identity_file.exists() and self._key_file.exists()

    def load(self) -> PseudonymKey:
        """Give the pseudonym key; the first time, make it.

        Raises:
            RaamwerkError: when it cannot be decrypted, or the identity is lost.
        """
        if not self.complete():
            with self.exclusive():
                self._make()
        return self._read(self._identity())

    def save(self, key: PseudonymKey) -> None:
        """Save a key that has grown.

        Reading, growing and saving go together in `exclusive`, so that two processes do not lose each other's numbers.

        Raises:
            RaamwerkError: when the key on disk has another secret, or numbers that this one lacks; nothing is changed.
        """
        with self.exclusive():
            if self._key_file.exists():
                self._check_grown(self._read(self._identity()), key)
            self._write(key)

    def fingerprint(self) -> str:
        """Give what tells this key from others and tells nothing of it; safe to put in content keys."""
        inner = hashlib.sha256(self.load().secret).digest()
        return hashlib.sha256(b"raamwerk sleutel" + inner).hexdigest()[:16]

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep other processes from changing the keys; entering it again within is allowed."""
        files.make_private_folder(self.folder)
        with self._lock:
            yield

    def encrypt(self, data: bytes) -> bytes:
        """Encrypt for the holder of the identity; the first time, make identity and key.

        Raises:
            RaamwerkError: when the identity is lost, damaged, or not the one of the key beside it.
        """
        self.load()
        return _encrypt(self._identity(), data)

    def decrypt(self, data: bytes, *, what: str) -> bytes:
        """Give what `encrypt` was given.

        Args:
            data: what it gave.
            what: file in which it lies, for messages.

        Raises:
            RaamwerkError: when the identity is lost or another one, or the data is damaged.
        """
        return self._decrypt(self._identity(), data, what)

    def _make(self) -> None:
        """Make what is missing; the identity comes first, so that a key without one is a lost identity."""
        self._refuse_when_lost()
        if not self._identity_file.exists():
            identity = pyrage.x25519.Identity.generate()
            text = f"# Geheime sleutel van Raamwerk. Bewaar een kopie op een veilige plek.\n{identity}\n"
            files.write_text(self._identity_file, text, mode=files.PRIVATE)
        if not self._key_file.exists():
            self._write(PseudonymKey(secrets.token_bytes(_SECRET_BYTES)))

    def _refuse_when_lost(self) -> None:
        if self._key_file.exists() and not self._identity_file.exists():
            message = (
                f"In {self.folder} ligt wel {self._key_file.name}, maar {self._identity_file.name} is weg. "
                "Zonder dat bestand is niets te ontsleutelen. Zet het terug uit je reservekopie; "
                "Raamwerk maakt geen nieuwe sleutel zolang de oude nog nodig is."
            )
            raise RaamwerkError(message)

    def _identity(self) -> pyrage.x25519.Identity:
        self._refuse_when_lost()
        try:
            lines = self._identity_file.read_text("utf-8").splitlines()
            secret = next(line.strip() for line in lines if line.strip() and not line.startswith("#"))
            return pyrage.x25519.Identity.from_str(secret)
        except FileNotFoundError:
            reason = "bestaat niet"
        except (StopIteration, UnicodeDecodeError, pyrage.IdentityError):
            reason = "is geen geldige sleutel"
        message = f"{self._identity_file} {reason}. Zet dit bestand terug uit je reservekopie."
        raise RaamwerkError(message)

    def _decrypt(self, identity: pyrage.x25519.Identity, data: bytes, what: str) -> bytes:
        try:
            return cast("bytes", pyrage.decrypt(data, [identity]))
        except pyrage.DecryptError:
            message = (
                f"{what} is niet te ontsleutelen: het bestand is beschadigd, of {self._identity_file} is niet de "
                "sleutel waarmee het is gemaakt. Zet de goede bestanden terug uit je reservekopie."
            )
            raise RaamwerkError(message) from None

    def _read(self, identity: pyrage.x25519.Identity) -> PseudonymKey:
        content = json.loads(self._decrypt(identity, self._key_file.read_bytes(), str(self._key_file)))
        check_version(content["version"], _VERSION, self._key_file)
        return key_of(content["key"])

    def _write(self, key: PseudonymKey) -> None:
        content = json.dumps({"version": _VERSION, "key": plain_key(key)})
        files.write_file(self._key_file, _encrypt(self._identity(), content.encode()), mode=files.PRIVATE)

    def _check_grown(self, old: PseudonymKey, new: PseudonymKey) -> None:
        numbers = {(entry.kind, entry.number) for entry in new.entries}
        if old.secret != new.secret or any((entry.kind, entry.number) not in numbers for entry in old.entries):
            message = (
                f"De sleutel in {self.folder} is intussen door iets anders veranderd. Er is niets opgeslagen. "
                "Start de verwerking opnieuw; er draait dan niets dubbel."
            )
            raise RaamwerkError(message)


def _encrypt(identity: pyrage.x25519.Identity, data: bytes) -> bytes:
    return cast("bytes", pyrage.encrypt(data, [identity.to_public()]))


def check_version(found: int, known: int, file: Path) -> None:
    """Refuse an encrypted file that a newer program wrote.

    Raises:
        RaamwerkError: when `found` is not `known`.
    """
    if found != known:
        message = f"{file} is gemaakt met een andere versie van Raamwerk. Installeer de nieuwste versie van Raamwerk."
        raise RaamwerkError(message)
