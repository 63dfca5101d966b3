"""The key ring: gives every person, place and thing its number, the same in the whole study.

Who is the same?

- A person with a full name on a roster (first name and surname) is one person in the whole study, wherever the same
  full name stands with a kind that fits; the first kind given stays. So is a full name that only the text gives.
- A person with one name only ("Petra", "Van Dalen"), a speaker without a name, and a name that fits several known
  persons are themselves within their session only: two Petras in two sessions are never made one.
- A place, organisation, date, address or number is the same wherever it is written the same.
- An age is nobody: its number is its band of ten years ("LEEFTIJD_30" is 30 to 39, see `ages`), and it is in no key.

A number is drawn with the secret from the name, so that it tells nothing of the name, the order or the session.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from pipeline.domain.pseudonym import PseudonymEntry, PseudonymKey
from pipeline.pseudonymise.words import fold

if TYPE_CHECKING:
    from collections.abc import Iterable

_PROFESSIONALS = frozenset(
    {"PROF", "PROF_SW", "PROF_KM", "PROF_BELEID", "GESPREKSLEIDER", "ONDERZOEKER", "ERVARINGSDESKUNDIGE"}
)
_OPEN = frozenset({"PERSOON", "SPREKER"})
PERSON_KINDS = _PROFESSIONALS | _OPEN | {"CLIENT", "KIND", "PARTNER", "FAMILIE"}
"""Types of placeholders for people."""
_RELATIVES = frozenset({"KIND", "PARTNER", "FAMILIE"})
_FIRST_POOL = 999


def compatible(known: str, asked: str) -> bool:
    """Tell whether two kinds can be of one person."""
    if known == asked or known in _OPEN or asked in _OPEN:
        return True
    return {known, asked} <= _PROFESSIONALS or {known, asked} <= _RELATIVES


def in_session(name: str, session_id: str) -> str:
    """Give the name under which somebody stands in the key who is only known within one session."""
    return f"{name} (alleen in {session_id})"


class KeyRing:
    """A key that grows while a session is processed."""

    def __init__(self, key: PseudonymKey, reserved: Iterable[str] = ()) -> None:
        """Open a key.

        Args:
            key: what was handed out before.
            reserved: pseudonyms that stand in the delivered text already and must not be handed out.
        """
        self._secret = key.secret
        self._entries = list(key.entries)
        self._also: dict[int, set[str]] = {}
        self._reserved = frozenset(reserved)
        self._used: dict[str, set[int]] = {}
        self._by_name: dict[str, list[int]] = {}
        for at, entry in enumerate(self._entries):
            self._used.setdefault(entry.kind, set()).add(entry.number)
            self._by_name.setdefault(_identity(entry.name), []).append(at)

    def pseudonym(self, kind: str, name: str, found: str = "") -> str:
        """Give the pseudonym of a name, without brackets; a new one where there is none yet.

        Args:
            kind: type of the placeholder; of a person that is known already, the kind given first stays.
            name: canonical form, with the session where it holds only there.
            found: the form found in the text, remembered for the holders of the key.
        """
        at = self._known(kind, name)
        if at is None:
            entry = PseudonymEntry(kind, name, self._draw(kind, name))
            at = len(self._entries)
            self._entries.append(entry)
            self._by_name.setdefault(_identity(name), []).append(at)
            self._used.setdefault(kind, set()).add(entry.number)
        entry = self._entries[at]
        if found and found != entry.name:
            self._also.setdefault(at, set()).add(found)
        return f"{entry.kind}_{entry.number}"

    def _known(self, kind: str, name: str) -> int | None:
        for at in self._by_name.get(_identity(name), ()):
            entry = self._entries[at]
            people = kind in PERSON_KINDS and entry.kind in PERSON_KINDS
            if entry.kind == kind or (people and compatible(entry.kind, kind)):
                return at
        return None

    def _draw(self, kind: str, name: str) -> int:
        used = self._used.get(kind, set())
        pool = _FIRST_POOL
        while 2 * len(used) >= pool:
            pool = pool * 10 + 9
        attempt = 0
        while True:
            message = f"{_identity(name)}\n{attempt}".encode()
            digest = hmac.new(self._secret, message, hashlib.sha256).digest()
            number = int.from_bytes(digest, "big") % pool + 1
            if number not in used and f"{kind}_{number}" not in self._reserved:
                return number
            attempt += 1

    def key(self) -> PseudonymKey:
        """Give the grown key."""
        entries = []
        for at, entry in enumerate(self._entries):
            also = {*entry.also, *self._also.get(at, ())}
            entries.append(PseudonymEntry(entry.kind, entry.name, entry.number, tuple(sorted(also))))
        return PseudonymKey(self._secret, tuple(entries))


def _identity(name: str) -> str:
    return " ".join(fold(name).split())
