"""Where do the words lie before names are replaced?

One encrypted file a session, with where its units begin. This is the only place that takes a raw transcript; nothing of
it reaches the disk unencrypted.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from pipeline.domain.errors import RaamwerkError
from pipeline.store import files
from pipeline.store.keys import check_version
from pipeline.store.plain import plain_transcript, transcript_of

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.domain.transcript import Transcript
    from pipeline.store.database import Store
    from pipeline.store.keys import KeyStore

_VERSION = 1
_SESSION_ID = re.compile(r"[a-z0-9][a-z0-9_-]*")


class Vault:
    """The raw sessions of one study.

    Attributes:
        folder: where the encrypted files lie.
    """

    def __init__(self, folder: Path, keys: KeyStore) -> None:
        self.folder = folder
        self._keys = keys

    def put(self, session_id: str, transcript: Transcript, cuts: tuple[tuple[int, ...], ...]) -> None:
        """Lock a session away, in place of what was there.

        Args:
            session_id: id of the session.
            transcript: as delivered.
            cuts: for each turn the positions in its text where a new unit begins.

        Raises:
            RaamwerkError: when the key of what lies here already is lost.
        """
        if len(cuts) != len(transcript.turns):
            message = f"{len(transcript.turns)} turns need as many tuples of cuts, found {len(cuts)}"
            raise ValueError(message)
        self._check_not_lost()
        content = {
            "version": _VERSION,
            "session": session_id,
            "transcript": plain_transcript(transcript),
            "cuts": cuts,
        }
        encrypted = self._keys.encrypt(json.dumps(content).encode())
        files.make_private_folder(self.folder)
        files.write_file(self._file(session_id), encrypted, mode=files.PRIVATE)

    def get(self, session_id: str) -> tuple[Transcript, tuple[tuple[int, ...], ...]]:
        """Give a session as it was put.

        Raises:
            RaamwerkError: when it is not here, or cannot be decrypted.
        """
        file = self._file(session_id)
        if not file.exists():
            message = f"De ruwe tekst van sessie '{session_id}' ligt niet in de kluis. Lees het transcript opnieuw in."
            raise RaamwerkError(message)
        self._check_not_lost()
        content = json.loads(self._keys.decrypt(file.read_bytes(), what=str(file)))
        check_version(content["version"], _VERSION, file)
        if content["session"] != session_id:
            message = f"{file} hoort bij een andere sessie. Lees het transcript van sessie '{session_id}' opnieuw in."
            raise RaamwerkError(message)
        return transcript_of(content["transcript"]), tuple(tuple(cuts) for cuts in content["cuts"])

    def holds(self, session_id: str) -> bool:
        """Tell whether a session lies here."""
        return self._file(session_id).exists()

    def check_keys(self, store: Store) -> None:
        """Check that the keys of a study are still there, before a step would make new ones.

        Args:
            store: the database of the same study.

        Raises:
            RaamwerkError: when something was encrypted or pseudonymised, and the key for it is gone.
        """
        self._check_not_lost()
        if store.holds_pseudonyms() and not self._keys.complete():
            message = (
                f"Deze studie is al gepseudonimiseerd, maar de sleutel ligt niet in {self._keys.folder}. "
                "Met een nieuwe sleutel kloppen de pseudoniemen niet meer. Zet de map terug uit je reservekopie."
            )
            raise RaamwerkError(message)

    def _check_not_lost(self) -> None:
        if self._used() and not self._keys.complete():
            message = (
                f"In de kluis {self.folder} liggen versleutelde sessies, maar de sleutel ligt niet in "
                f"{self._keys.folder}. Zet die map terug uit je reservekopie. Is er geen kopie, hernoem dan de map "
                ".raamwerk van de studie (bewaar hem: er staan labels in) en lees de transcripten opnieuw in."
            )
            raise RaamwerkError(message)

    def _used(self) -> bool:
        return self.folder.is_dir() and any(self.folder.glob("*.age"))

    def _file(self, session_id: str) -> Path:
        if not _SESSION_ID.fullmatch(session_id):
            message = "a session id has lower-case letters, digits, - and _ only"
            raise ValueError(message)
        return self.folder / f"{session_id}.age"
