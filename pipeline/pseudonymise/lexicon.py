"""Looks words up in the lists: our own, and the larger ones that the installed package deduce brings.

deduce's lists (LGPL) are read where they are installed and never copied; importing deduce itself is not needed for it.
"""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.domain.errors import RaamwerkError
from pipeline.domain.lists import (
    ACHTERNAMEN,
    BLIJFT_STAAN,
    GEWONE_WOORDEN,
    ORGANISATIES,
    PLAATSEN,
    VOORNAMEN,
    VOORNAMEN_WOORD,
    NameLists,
)
from pipeline.pseudonymise.morphology import is_built
from pipeline.pseudonymise.words import fold, forms_of

if TYPE_CHECKING:
    from collections.abc import Iterable

Phrases = dict[str, tuple[tuple[str, ...], ...]]
"""First word to the phrases that begin with it, longest first."""

_NUMBER = re.compile(r"honderd|duizend|^[a-z]*(?:twin|der|veer|vijf|zes|zeven|tach|negen)tig(?:ste)?$")
_SHORTEST_INSTITUTION = 8
_SHORTEST_GENITIVE = 4


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What is known of words beforehand; all folded.

    Attributes:
        first_names: first names that need no further evidence.
        noun_names: first names that are nouns too.
        word_names: first names that are other ordinary words ("wil").
        surnames: surnames that are no ordinary words.
        word_surnames: surnames that are.
        places: names of places that are no ordinary words.
        word_places: one-word names of places that are ordinary words ("best", "echt").
        organisations: names of organisations, one word or several.
        ordinary: ordinary Dutch words.
        rather_names: first names that are rare ordinary words too: in written talk names only with a capital.
        safe: words with a capital that stay.
        terms: further words that are no names: medical ones.
    """

    first_names: frozenset[str]
    noun_names: frozenset[str]
    word_names: frozenset[str]
    surnames: frozenset[str]
    word_surnames: frozenset[str]
    places: Phrases
    word_places: frozenset[str]
    organisations: Phrases
    ordinary: frozenset[str]
    rather_names: frozenset[str]
    safe: frozenset[str]
    terms: frozenset[str]

    def is_first_name(self, form: str) -> bool:
        """Tell whether a word is a first name without further evidence, genitive included."""
        return form in self.first_names or (_stem(form) in self.first_names and form not in self.ordinary)

    def is_surname(self, form: str) -> bool:
        """Tell whether a word is a surname and no ordinary word."""
        return form in self.surnames or (_stem(form) in self.surnames and form not in self.ordinary)

    def is_any_name(self, form: str) -> bool:
        """Tell whether a word is on any list of names, ordinary or not."""
        return (
            self.is_first_name(form)
            or self.is_surname(form)
            or form in self.noun_names
            or form in self.word_names
            or form in self.word_surnames
        )

    def is_unknown(self, form: str) -> bool:
        """Tell whether a word is neither ordinary nor meant to stay."""
        known = form in self.ordinary or form in self.rather_names or form in self.safe
        return form.isalpha() and not known and not is_number(form)

    def is_built(self, form: str) -> bool:
        """Tell whether a word is an ordinary one, an inflected one, or made of those: "wijkteamoverleggen"."""
        return is_built(form, self._is_known)

    def _is_known(self, form: str) -> bool:
        return form in self.ordinary or form in self.rather_names or form in self.safe or form in self.terms

    def is_plain(self, form: str) -> bool:
        """Tell whether a word is ordinary and nothing else: no name, no place, and nothing that has a capital."""
        return form in self.ordinary and form not in self.safe and not self.is_any_name(form)

    def place_at(self, forms: tuple[str, ...], at: int) -> int:
        """Give the number of words of the place that begins at a position; 0 for none."""
        return _phrase_at(self.places, forms, at)

    def organisation_at(self, forms: tuple[str, ...], at: int) -> int:
        """Give the number of words of the organisation that begins at a position; 0 for none."""
        return _phrase_at(self.organisations, forms, at)


def is_number(form: str) -> bool:
    """Tell whether a word is a number written out, such as "vierhonderdzestig"."""
    return bool(_NUMBER.search(form))


def _stem(form: str) -> str:
    return form[:-1] if form.endswith("s") and len(form) > _SHORTEST_GENITIVE else form


def _phrase_at(phrases: Phrases, forms: tuple[str, ...], at: int) -> int:
    for phrase in phrases.get(forms[at], ()):
        if forms[at : at + len(phrase)] == phrase:
            return len(phrase)
    return 0


def build_lexicon(lists: NameLists) -> Lexicon:
    """Make the lexicon of our lists and deduce's.

    Raises:
        RaamwerkError: when the lists of deduce are not where its installation should have put them.
    """
    safe = _folded(lists.of(BLIJFT_STAAN).items)
    ordinary = _folded(lists.of(GEWONE_WOORDEN).items)
    own_first = _folded(lists.of(VOORNAMEN).items)
    nouns = _folded(lists.of(VOORNAMEN_WOORD).items)
    first = _borrowed("names/lst_first_name") - _folded(lists.of(VOORNAMEN).exceptions) - safe - nouns
    own_surnames = _folded(lists.of(ACHTERNAMEN).items)
    surnames = _borrowed("names/lst_surname") | _borrowed("names/lst_interfix_surname") | own_surnames
    surnames -= _folded(lists.of(ACHTERNAMEN).exceptions) | safe
    single, several = _places(lists, ordinary | safe)
    return Lexicon(
        first_names=frozenset(own_first | {name for name in first - ordinary if len(name) > 1}),
        noun_names=frozenset(nouns),
        word_names=frozenset((first & ordinary) - own_first),
        surnames=frozenset(surnames - ordinary),
        word_surnames=frozenset(surnames & ordinary),
        places=_phrases(several),
        word_places=frozenset(single),
        organisations=_phrases(_organisations(lists, ordinary | safe)),
        ordinary=frozenset(ordinary - own_first),
        rather_names=frozenset(ordinary & own_first),
        safe=frozenset(safe),
        terms=frozenset(_borrowed("whitelist/lst_medical_term") - first - surnames),
    )


def _folded(entries: Iterable[str]) -> set[str]:
    return {" ".join(forms_of(entry)) for entry in entries}


def _places(lists: NameLists, ordinary: set[str]) -> tuple[set[str], set[str]]:
    own = _folded(lists.of(PLAATSEN).items)
    listed = _borrowed("locations/lst_placename/lst_residence") | _borrowed("locations/lst_placename/lst_municipality")
    listed = (listed | _borrowed("locations/lst_placename/lst_region")) - _folded(lists.of(PLAATSEN).exceptions)
    sure = {place for place in listed if not all(word in ordinary for word in place.split()) and len(place) > 2}  # noqa: PLR2004
    sure |= {place for place in _borrowed("locations/lst_placename/lst_municipality") & listed if " " in place}
    doubtful = {place for place in listed - own if place in ordinary}
    return doubtful, own | sure


def _organisations(lists: NameLists, ordinary: set[str]) -> set[str]:
    listed = {
        name
        for name in _borrowed("institutions/lst_healthcare_institution")
        if len(name) >= _SHORTEST_INSTITUTION and not all(word in ordinary for word in name.split()) and " " in name
    }
    return _folded(lists.of(ORGANISATIES).items) | listed


def _phrases(names: Iterable[str]) -> Phrases:
    found: dict[str, list[tuple[str, ...]]] = {}
    for name in names:
        words = tuple(name.split())
        if words:
            found.setdefault(words[0], []).append(words)
    return {first: tuple(sorted(group, key=lambda words: (-len(words), words))) for first, group in found.items()}


@cache
def _lookup_folder() -> Path:
    spec = importlib.util.find_spec("deduce")
    places = list(spec.submodule_search_locations or ()) if spec else []
    if not places:
        message = "Het pakket deduce is niet geïnstalleerd. Draai de installatie opnieuw (make install)."
        raise RaamwerkError(message)
    return Path(places[0]) / "data" / "lookup" / "src"


@cache
def _borrowed(name: str) -> set[str]:
    path = _lookup_folder() / name / "items.txt"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        message = f"De namenlijst {name} van het pakket deduce ontbreekt. Installeer deduce 3.0.6 opnieuw."
        raise RaamwerkError(message) from error
    return {" ".join(forms_of(line)) if not line.isalpha() else fold(line) for line in lines if line.strip()}
