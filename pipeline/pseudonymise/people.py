"""The roster layer: everybody who is known beforehand, under every form of their name.

A person is matched on the words of their names, not on whole names: a find is a run of neighbouring words that all
belong to one person ("Mei Li Vos", "Vos", "van der Burg", "motie-Klaver", "Klavers", "Jantje"). A word that is also an
ordinary word ("Klein", "Wil") needs a capital where ordinary words have none, or a title or first name before it;
the surnames of speakers are taken with a capital wherever they stand.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rapidfuzz.distance import OSA

from pipeline.domain.transcript import Person, Roster, Speaker, Transcript
from pipeline.pseudonymise.cues import (
    ABBREVIATIONS,
    DETERMINERS,
    NO_NOUN,
    PARTICLES,
    ROLE_WORDS,
    SUBJECTS,
    TITLES,
    VERB_NAMES,
    title_before,
)
from pipeline.pseudonymise.votes import ROSTER, Vote
from pipeline.pseudonymise.words import Word, fold, forms_of, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipeline.pseudonymise.lexicon import Lexicon

_KIND_OF_FUNCTION = {
    "sociaal_werker": "PROF_SW",
    "klantmanager": "PROF_KM",
    "beleid": "PROF_BELEID",
    "client": "CLIENT",
    "ervaringsdeskundige": "ERVARINGSDESKUNDIGE",
    "gespreksleider": "GESPREKSLEIDER",
    "onderzoeker": "ONDERZOEKER",
    "anders": "PROF",
}
_KIND_OF_GROUP = {"klant": "CLIENT", "sociale_professional": "PROF_SW", "klantmanager": "PROF_KM"}
_FUZZY_FROM = 6
_FUZZY_TWO_FROM = 9
_SQUEEZED_FROM = 6
_SPLIT_FROM = 7
_SOUND_FROM = 5
_DIMINUTIVES = ("je", "tje", "pje", "etje", "ke", "ske", "eke", "tjen")
_DIMINUTIVE_FROM = 3
_BREAKERS = re.compile(r"[.!?;,:()/\"“”…]")
_PARENTHESES = re.compile(r"\(([^)]*)\)")


@dataclass(frozen=True, slots=True, eq=False)
class Identity:
    """Somebody known in this session.

    Attributes:
        name: canonical form: the fullest name known, or the label where no name is.
        kind: type of the placeholder.
        study_wide: the name is full (first name and surname), so it means the same person in the whole study.
    """

    name: str
    kind: str
    study_wide: bool


@dataclass(slots=True)
class _Entry:
    """A person while the directory is built."""

    identity: Identity
    speaks: bool
    listed_only: bool = False
    given: set[str] = field(default_factory=set)
    surnames: set[str] = field(default_factory=set)
    phrases: set[tuple[str, ...]] = field(default_factory=set)
    lone: set[str] = field(default_factory=set)
    lower: set[str] = field(default_factory=set)

    @property
    def strong(self) -> set[str]:
        return self.given | self.surnames


def kind_of(speaker: Speaker) -> str:
    """Give the placeholder type of a speaker: by function, else by part or group, else unknown."""
    if speaker.functie is not None:
        return _KIND_OF_FUNCTION.get(speaker.functie, "PROF")
    if speaker.gespreksrol == "gespreksleider":
        return "GESPREKSLEIDER"
    return _KIND_OF_GROUP.get(speaker.groep or "", "SPREKER")


def merged_speakers(transcript: Transcript, roster: Roster | None) -> tuple[Speaker, ...]:
    """Put together what the file and the roster know of each speaker; where both know something the roster wins."""
    known = {speaker.label: speaker for speaker in roster.speakers} if roster else {}
    merged = []
    for speaker in transcript.speakers:
        listed = known.get(speaker.label, speaker)
        names = tuple(name for name in (speaker.name,) if name and name != listed.name)
        merged.append(
            Speaker(
                label=speaker.label,
                name=listed.name or speaker.name,
                functie=listed.functie or speaker.functie,
                gespreksrol=listed.gespreksrol or speaker.gespreksrol,
                groep=listed.groep or speaker.groep,
                also=tuple(dict.fromkeys((*listed.also, *speaker.also, *names))),
            )
        )
    return tuple(merged)


def label_is_name(label: str) -> bool:
    """Tell whether a speaker's label looks like a name instead of a code or a role."""
    forms = forms_of(_PARENTHESES.sub(" ", label))
    names = [form for form in forms if form not in ROLE_WORDS and form not in TITLES and form not in PARTICLES]
    return bool(names) and not any(char.isdigit() for char in label) and "_" not in label


def _parts(name: str) -> tuple[list[str], list[str], bool]:
    """Split a name into given names and surnames (folded words), and tell whether it holds both for certain."""
    inside = " ".join(_PARENTHESES.findall(name))
    plain = _PARENTHESES.sub(" ", name)
    if "," in plain:
        last, _, first = plain.partition(",")
        plain = f"{first} {last}"
    forms = [*forms_of(inside), *forms_of(plain)]
    while forms and (forms[0] in TITLES or forms[0] in {"de", "heer"}) and len(forms) > 1:
        if forms[0] == "de" and forms[1] != "heer":
            break
        forms = forms[1:]
    if not all(form in PARTICLES for form in forms):
        while forms[-1] in PARTICLES:
            forms = [forms[-1], *forms[:-1]]
    forms = [form for form in forms if len(form) > 1 or form == "t"]
    first_particle = next((at for at, form in enumerate(forms) if form in PARTICLES), None)
    if first_particle is not None:
        given = forms[:first_particle]
        surname = [form for form in forms[first_particle:] if form not in PARTICLES]
        return given, surname, bool(given and surname)
    if len(forms) == 1:
        return forms, list(forms), False
    return forms[:-1], forms[-1:], len(forms) > 1


def _from_first_particle(forms: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Give the surname with its tussenvoegsels: ("de", "bruin") of "Soraya de Bruin"."""
    first = next((at for at, form in enumerate(forms) if form in PARTICLES), len(forms))
    if 0 < first < len(forms) - 1:
        yield forms[first:]


class Directory:
    """All persons known in one session, and the search for them."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._entries: list[_Entry] = []
        self._by_word: dict[str, list[int]] = {}
        self._by_phrase: dict[tuple[str, ...], list[int]] = {}
        self._squeezed: dict[str, str] = {}
        self._long: dict[int, list[str]] = {}
        self._sounds: dict[str, str] = {}
        self._ambiguous: dict[tuple[int, ...], Identity] = {}
        self._fuzzy_known: dict[str, str | None] = {}

    @classmethod
    def of_session(
        cls, transcript: Transcript, speakers: tuple[Speaker, ...], roster: Roster | None, lexicon: Lexicon
    ) -> tuple[Directory, dict[str, Identity]]:
        """Make the directory of a session, and tell who each label is."""
        directory = cls(lexicon)
        by_label = {}
        for speaker in speakers:
            by_label[speaker.label] = directory._add_speaker(speaker)
        if roster:
            for listed in roster.speakers:
                if listed.label not in by_label and listed.name:
                    directory._add((listed.name, *listed.also), listed.name, kind_of(listed))
            for person in roster.persons:
                directory._add_person(person)
        for name in transcript.known_names:
            directory._add_known(name)
        directory._index()
        return directory, by_label

    def _add_speaker(self, speaker: Speaker) -> Identity:
        names = [name for name in (speaker.name, *speaker.also) if name]
        if label_is_name(speaker.label):
            names.append(_PARENTHESES.sub(" ", speaker.label).strip())
        if not names:
            identity = Identity(f"spreker {speaker.label}", kind_of(speaker), study_wide=False)
            self._entries.append(_Entry(identity, speaks=True))
            return identity
        return self._add(names, speaker.name or names[0], kind_of(speaker), speaks=True)

    def _add_person(self, person: Person) -> None:
        self._add((person.name, *person.also), person.name, person.kind)

    def _add_known(self, name: str) -> None:
        given, surnames, _ = _parts(name)
        if not any({*given, *surnames} <= entry.strong for entry in self._entries):
            self._add((name,), name, "PERSOON", listed_only=True)

    def _add(
        self, names: Iterable[str], canonical: str, kind: str, *, speaks: bool = False, listed_only: bool = False
    ) -> Identity:
        full = _parts(canonical)[2]
        for known in self._entries:
            if full and known.identity.study_wide and fold(known.identity.name) == fold(canonical):
                self._take_names(known, names)
                return known.identity
        entry = _Entry(Identity(canonical, kind, study_wide=full), speaks=speaks, listed_only=listed_only)
        self._take_names(entry, names)
        self._entries.append(entry)
        return entry.identity

    def _take_names(self, entry: _Entry, names: Iterable[str]) -> None:
        for position, name in enumerate(names):
            given, surnames, _ = _parts(name)
            words = [word for word in (*given, *surnames) if word not in PARTICLES and word not in TITLES]
            if position and len(words) > 1:
                words = [
                    word for word in words if self._lexicon.is_any_name(word) or word not in self._lexicon.ordinary
                ]
            forms = forms_of(name)
            entry.surnames.update(word for word in surnames if word in words and not (given and word in entry.given))
            entry.given.update(word for word in given if word in words)
            if len(forms) > 1:
                entry.phrases.add(forms)
                entry.phrases.update(_from_first_particle(forms))
            elif forms:
                entry.lone.add(forms[0])
                if name.islower():
                    entry.lower.add(forms[0])

    def _index(self) -> None:
        for at, entry in enumerate(self._entries):
            for word in sorted(entry.strong):
                self._by_word.setdefault(word, []).append(at)
                self._long.setdefault(len(word), []).append(word)
                if len(word) >= _SOUND_FROM:
                    self._sounds.setdefault(_sound(word), word)
            for phrase in sorted(entry.phrases):
                self._by_phrase.setdefault(phrase, []).append(at)
                squeezed = "".join(phrase)
                if len(squeezed) >= _SQUEEZED_FROM and phrase[-1] in entry.strong:
                    self._squeezed.setdefault(squeezed, phrase[-1])
                particles = phrase[next((i for i, w in enumerate(phrase) if w in PARTICLES), len(phrase)) :]
                if len(particles) > 1 and len("".join(particles)) >= _SQUEEZED_FROM:
                    self._squeezed.setdefault("".join(particles), particles[-1])
        self._squeezed = {form: word for form, word in self._squeezed.items() if word in self._by_word}

    # ---- search ----

    def find(self, text: str, words: tuple[Word, ...], *, cased: bool) -> tuple[Vote, ...]:
        """Find every known person in a turn."""
        hits = self._hits(words, cased=cased)
        votes = []
        at = 0
        while at < len(words):
            phrase = self._phrase_at(words, at, cased=cased)
            if phrase:
                length, people = phrase
                group = _untitled(words[at : at + length])
                reach = self._initials(text, words, at + length - len(group))
                votes.append(self._vote(group, people, whole=group[0].form not in PARTICLES, start=reach))
                at += length
            elif at in hits:
                first, last, people = self._run(words, at, hits)
                reach = self._initials(text, words, first)
                votes.append(self._vote(words[first : last + 1], people, whole=False, start=reach))
                at = last + 1
            else:
                at += 1
        return tuple(votes)

    def _phrase_at(self, words: tuple[Word, ...], at: int, *, cased: bool) -> tuple[int, list[int]] | None:
        """Find a whole form of a name ("vrouw kuiper", "hub winkels", "wil klein"), in capitals or not."""
        for length in (5, 4, 3, 2):
            group = words[at : at + length]
            people = self._by_phrase.get(tuple(word.form for word in group))
            if people and len(group) == length and not any(_is_broken(group, i) for i in range(1, length)):
                last = group[-1]
                plain = all(word.form in self._lexicon.ordinary for word in group)
                if not (plain and cased and not last.capital):
                    return length, people
        return None

    def _hits(self, words: tuple[Word, ...], *, cased: bool) -> dict[int, str]:
        """Give the words that count as part of a name, with the word of the roster that they stand for."""
        found: dict[int, str] = {}
        for at, word in enumerate(words):
            known = self._word_of(word, cased=cased)
            if known and self._counts(words, at, known, cased=cased):
                found[at] = known
        for at in range(len(words) - 1):
            joined = words[at].form + words[at + 1].form
            if at not in found and at + 1 not in found and len(joined) >= _SPLIT_FROM and joined in self._by_word:
                found[at] = found[at + 1] = joined
        return found

    def _word_of(self, word: Word, *, cased: bool) -> str | None:
        form = word.form
        if form in self._by_word:
            return form
        if form in self._squeezed:
            return self._squeezed[form]
        for known in self._inflected(form):
            return known
        if form in self._lexicon.ordinary or not form.isalpha() or (cased and not word.capital):
            return None
        if form not in self._fuzzy_known:
            self._fuzzy_known[form] = self._misspelt(form)
        return self._fuzzy_known[form]

    def _inflected(self, form: str) -> Iterator[str]:
        if form.endswith("s") and form[:-1] in self._by_word:
            yield form[:-1]
        for ending in _DIMINUTIVES:
            base = form.removesuffix(ending)
            if base != form and len(base) >= _DIMINUTIVE_FROM and self._is_given(base):
                yield base

    def _is_given(self, form: str) -> bool:
        return any(form in self._entries[at].given for at in self._by_word.get(form, ()))

    def _misspelt(self, form: str) -> str | None:
        """Give the word of the roster that a recogniser may have misheard as this form."""
        if len(form) >= _SOUND_FROM and _sound(form) in self._sounds:
            return self._sounds[_sound(form)]
        if len(form) < _FUZZY_FROM - 1 or self._lexicon.is_any_name(form):
            return None
        for length in range(len(form) - 2, len(form) + 3):
            for known in self._long.get(length, ()):
                allowed = 2 if length >= _FUZZY_TWO_FROM else 1
                if length >= _FUZZY_FROM and OSA.distance(form, known, score_cutoff=allowed) <= allowed:
                    return known
        return None

    def _counts(self, words: tuple[Word, ...], at: int, known: str, *, cased: bool) -> bool:
        """Decide whether a word that could be a name is one here."""
        word = words[at]
        doubtful = word.form in self._lexicon.ordinary or word.form in self._lexicon.noun_names or known == "mem"
        if not doubtful or title_before(words, at):
            return True
        if at and self._is_first_name_before(words, at, known):
            return True
        if not cased:
            return self._counts_uncased(words, at, known)
        if not word.capital:
            return self._is_listed_in_lower_case(known) and self._counts_uncased(words, at, known)
        if not word.opens:
            return True
        return self._counts_opening(words, at, known)

    def _is_first_name_before(self, words: tuple[Word, ...], at: int, known: str) -> bool:
        before = words[at - 1]
        if _BREAKERS.search(words[at].gap) or before.form == words[at].form:
            return False
        people = [self._entries[person] for person in self._by_word[known] if known in self._entries[person].surnames]
        return any(before.form in entry.given for entry in people)

    def _counts_opening(self, words: tuple[Word, ...], at: int, known: str) -> bool:
        """Decide on a doubtful word with the capital that any first word of a sentence has."""
        after = words[at + 1].form if at + 1 < len(words) else ""
        if known in VERB_NAMES and after in SUBJECTS and "," not in words[at + 1].gap:
            return False
        return any(not self._entries[person].listed_only for person in self._by_word[known])

    def _counts_uncased(self, words: tuple[Word, ...], at: int, known: str) -> bool:
        """Decide on a doubtful word in lower-case speech: a noun without an article before it is a name."""
        if all(self._entries[person].listed_only for person in self._by_word[known]):
            return False
        form = words[at].form
        if form in NO_NOUN or known in VERB_NAMES:
            return False
        before = words[at - 1].form if at else ""
        return before not in DETERMINERS

    def _is_listed_in_lower_case(self, known: str) -> bool:
        return any(known in self._entries[person].lower for person in self._by_word[known])

    def _run(self, words: tuple[Word, ...], at: int, hits: dict[int, str]) -> tuple[int, int, list[int]]:
        """Widen a hit to the neighbouring words of the same person."""
        people = set(self._by_word[hits[at]])
        first = last = at
        used = {words[at].form}
        while True:
            step = self._next_part(words, last, hits, people, used)
            if step is None:
                break
            last, people = step
            used.add(words[last].form)
        if any(hits[first] in self._entries[person].surnames for person in people):
            while first and self._is_particle_of(words, first - 1, first, people):
                first -= 1
        return first, last, sorted(people)

    def _next_part(
        self, words: tuple[Word, ...], last: int, hits: dict[int, str], people: set[int], used: set[str]
    ) -> tuple[int, set[int]] | None:
        at = last + 1
        while at < len(words) and words[at].form in PARTICLES and not _BREAKERS.search(words[at].gap):
            at += 1
        if at >= len(words) or _BREAKERS.search(words[at].gap) or words[at].form in used:
            return None
        known = hits.get(at) or (words[at].form if self._may_follow(words[at], people) else None)
        if known is None:
            return None
        both = people & set(self._by_word[known])
        return (at, both) if both else None

    def _may_follow(self, word: Word, people: set[int]) -> bool:
        return any(word.form in self._entries[person].surnames for person in people) and word.form in self._by_word

    def _is_particle_of(self, words: tuple[Word, ...], at: int, after: int, people: set[int]) -> bool:
        if words[at].form not in PARTICLES or _BREAKERS.search(words[after].gap):
            return False
        form = words[at].form
        follower = words[after].form
        phrases = [phrase for person in people for phrase in self._entries[person].phrases]
        pairs = [pair for phrase in phrases for pair in itertools.pairwise(phrase)]
        return any(form == left and (follower == right or right not in PARTICLES) for left, right in pairs)

    @staticmethod
    def _initials(text: str, words: tuple[Word, ...], first: int) -> int:
        """Give where the initials before a name begin: "J.P. " of "J.P. de Boer"."""
        start = words[first].start
        match = re.search(r"(?<!\w)(?:[A-Z]\.\s?){1,5}$", text[:start])
        return match.start() if match else start

    def _vote(self, group: tuple[Word, ...], people: list[int], *, whole: bool, start: int | None = None) -> Vote:
        forms = {word.form for word in group}
        chosen = self._narrowed(forms, people)
        identity = self._identity(tuple(chosen))
        entry = self._entries[chosen[0]]
        both = bool(entry.given - entry.surnames) and bool(entry.surnames - entry.given)
        has_given = bool(forms & (entry.given - entry.surnames))
        has_surname = bool(forms & (entry.surnames - entry.given))
        partial = both and not whole and not (has_given and has_surname)
        begin = group[0].start if start is None else start
        return Vote(begin, group[-1].end, identity.kind, ROSTER, identity, partial=partial)

    def _narrowed(self, forms: set[str], people: list[int]) -> list[int]:
        """Choose among several persons with a word in common: whoever is listed under just that word."""
        if len(people) == 1:
            return people
        alone = [person for person in people if forms & self._entries[person].lone]
        if len(alone) == 1 and len(forms - PARTICLES) == 1:
            return alone
        known = [person for person in people if not self._entries[person].listed_only]
        return known or people

    def _identity(self, people: tuple[int, ...]) -> Identity:
        if len(people) == 1:
            return self._entries[people[0]].identity
        if people not in self._ambiguous:
            group = [self._entries[person].identity for person in people]
            kinds = {identity.kind for identity in group}
            kind = kinds.pop() if len(kinds) == 1 else "PERSOON"
            names = " of ".join(sorted(identity.name for identity in group))
            self._ambiguous[people] = Identity(names, kind, study_wide=False)
        return self._ambiguous[people]


def _is_broken(words: tuple[Word, ...], at: int) -> bool:
    """Tell whether something other than the full stop of an initial or a title stands before a word."""
    gap = words[at].gap
    before = words[at - 1].form
    if len(before) == 1 or before in ABBREVIATIONS:
        gap = gap.removeprefix(".")
    return bool(_BREAKERS.search(gap))


def _untitled(group: tuple[Word, ...]) -> tuple[Word, ...]:
    """Leave out the titles at the head of a name: they stay in the text."""
    first = 0
    while first < len(group) - 1 and (
        group[first].form in TITLES or tuple(w.form for w in group[first : first + 2]) == ("de", "heer")
    ):
        first += 1
    return group[first:]


_SOUNDS = (
    (re.compile(r"[^a-z]"), ""),
    (re.compile(r"ph"), "f"),
    (re.compile(r"ck|q|c(?=[aou])|c(?![eihy])"), "k"),
    (re.compile(r"c(?=[eiy])|z"), "s"),
    (re.compile(r"x"), "ks"),
    (re.compile(r"th|dt|d(?=$)"), "t"),
    (re.compile(r"v|w"), "f"),
    (re.compile(r"ij|ei|ey|y|uy"), "y"),
    (re.compile(r"au"), "ou"),
    (re.compile(r"j"), "y"),
    (re.compile(r"(?<=[aeiouy])h|h(?=$)"), ""),
    (re.compile(r"(.)\1+"), r"\1"),
)


def _sound(form: str) -> str:
    """Spell a word roughly as it sounds in Dutch, so that "kuijpers" and "kuipers" meet."""
    for pattern, spelt in _SOUNDS:
        form = pattern.sub(spelt, form)
    return form


def names_in(text: str) -> tuple[Word, ...]:
    """Give the words of a find that are neither titles nor particles."""
    return tuple(word for word in words_of(text) if word.form not in TITLES and word.form not in PARTICLES)
