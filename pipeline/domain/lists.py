"""The look-up lists of names, places and ordinary words that pseudonymising leans on."""

from __future__ import annotations

from dataclasses import dataclass

VOORNAMEN = "voornamen"
"""First names that count as names wherever they stand, also in lower case."""
VOORNAMEN_WOORD = "voornamen_woord"
"""First names that are also nouns (bas, mees, roos): names where the words around them say so."""
ACHTERNAMEN = "achternamen"
"""Surnames."""
PLAATSEN = "plaatsen"
"""Towns, villages and quarters."""
ORGANISATIES = "organisaties"
"""Housing associations, care providers, employers."""
GEWONE_WOORDEN = "gewone_woorden"
"""Ordinary Dutch words; a name that is one of them needs more evidence."""
BLIJFT_STAAN = "blijft_staan"
"""Words with a capital that identify nobody: laws, agencies, countries, languages, brands."""

LIST_IDS = (VOORNAMEN, VOORNAMEN_WOORD, ACHTERNAMEN, PLAATSEN, ORGANISATIES, GEWONE_WOORDEN, BLIJFT_STAAN)
"""Every list that has to be there."""


@dataclass(frozen=True, slots=True)
class NameList:
    """One list.

    Attributes:
        id: name of its folder, one of `LIST_IDS`.
        items: entries as written.
        exceptions: entries that must not count, even where another source has them.
    """

    id: str
    items: frozenset[str]
    exceptions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class NameLists:
    """All lists together.

    Attributes:
        lists: one for each of `LIST_IDS`.
        sha: first 12 hex digits of the SHA-256 of their entries; part of what a result was made with.
    """

    lists: tuple[NameList, ...]
    sha: str

    def __post_init__(self) -> None:
        if sorted(entry.id for entry in self.lists) != sorted(LIST_IDS):
            message = f"name lists must be exactly {', '.join(LIST_IDS)}"
            raise ValueError(message)

    def of(self, list_id: str) -> NameList:
        """Give a list by id.

        Raises:
            KeyError: when there is no such list.
        """
        for entry in self.lists:
            if entry.id == list_id:
                return entry
        raise KeyError(list_id)
