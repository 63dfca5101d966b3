"""The door: a transcript with real names goes in, a `PseudonymisedTranscript` comes out. There is no other way.

Layers vote on every turn (see `votes`): the roster, shapes of numbers and dates, lists with context, deduce, and at
last whatever was found elsewhere in the same session. What any layer wants gone goes. Who a find is, and which number
it has, is decided by `ring`. All is deterministic given transcript, roster, lists, key and the order of sessions.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline.domain.pseudonym import PseudonymisedSpeaker, PseudonymisedTranscript, PseudonymisedTurn
from pipeline.pseudonymise.ages import AGE, find_ages, is_asked
from pipeline.pseudonymise.cues import DETERMINERS, NO_NOUN, PARTICLE_PAIRS, PARTICLES, SUBJECTS, TITLES, VERB_NAMES
from pipeline.pseudonymise.deduced import find_deduced
from pipeline.pseudonymise.gazetteer import find_listed
from pipeline.pseudonymise.lexicon import Lexicon, build_lexicon
from pipeline.pseudonymise.patterns import find_patterns
from pipeline.pseudonymise.people import Directory, Identity, merged_speakers, names_in
from pipeline.pseudonymise.rewrite import rewrite
from pipeline.pseudonymise.ring import PERSON_KINDS, KeyRing, in_session
from pipeline.pseudonymise.votes import AGAIN, Find, Vote, unite
from pipeline.pseudonymise.words import (
    PLACEHOLDER,
    Word,
    fold,
    has_stray_capitals,
    is_cased,
    is_cased_turn,
    words_between,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipeline.domain.lists import NameLists
    from pipeline.domain.pseudonym import PseudonymKey
    from pipeline.domain.transcript import Roster, Speaker, Transcript, Turn

PSEUDONYMISE_VERSION = "2"
"""Bumped when the same input and key can give another result."""

_SESSION_NAMES = frozenset({"PERSOON", "PLAATS", "ORG"})
_SHORTEST_AGAIN = 3
_SHORTEST_CAPITAL_AGAIN = 2
_AFTER_VERB = SUBJECTS | TITLES | DETERMINERS
_NEVER_AGAIN = NO_NOUN - VERB_NAMES


@dataclass(frozen=True, slots=True)
class Request:
    """One session to be pseudonymised.

    Attributes:
        session_id: id of the session in its study.
        transcript: as delivered.
        cuts: per turn, in order, rising positions in the raw text where a new segment begins.
        roster: who is known beforehand, or `None`.
    """

    session_id: str
    transcript: Transcript
    cuts: tuple[tuple[int, ...], ...]
    roster: Roster | None = None

    def __post_init__(self) -> None:
        if len(self.cuts) != len(self.transcript.turns):
            message = f"{len(self.transcript.turns)} turns need as many tuples of cuts, found {len(self.cuts)}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Span:
    """One replacement, for review by those who may see the raw text.

    Attributes:
        start: code-point offset in the raw text of the turn.
        end: likewise, exclusive.
        kind: type of the placeholder.
        pseudonym: what stands there now, without brackets.
        voters: which layers found it, sorted.
    """

    start: int
    end: int
    kind: str
    pseudonym: str
    voters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What leaves the door.

    Attributes:
        transcript: the session without names.
        key: the key, grown by the pseudonyms of this session; to be stored encrypted and apart.
        spans: per turn, in order, what was replaced; to be stored with the raw text.
    """

    transcript: PseudonymisedTranscript
    key: PseudonymKey
    spans: tuple[tuple[Span, ...], ...]


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What is known of a turn before it is looked into.

    Attributes:
        cased: capitals mean something in it.
        stray: ordinary words have capitals here and there.
        asked: the turn before asked for an age.
    """

    cased: bool
    stray: bool
    asked: bool


class Pseudonymiser:
    """Replaces names, with one set of lists."""

    def __init__(self, lists: NameLists) -> None:
        self._lexicon: Lexicon = build_lexicon(lists)

    def pseudonymise(self, request: Request, key: PseudonymKey) -> Outcome:
        """Pseudonymise one session.

        Args:
            request: the session.
            key: the key of its study so far.
        """
        transcript = request.transcript
        ring = KeyRing(key, _placeholders(transcript.turns))
        speakers = merged_speakers(transcript, request.roster)
        directory, by_label = Directory.of_session(transcript, speakers, request.roster, self._lexicon)
        finds = self._finds(transcript.turns, directory)
        naming = _Naming(ring, request.session_id, transcript.turns, finds)
        pseudonyms = {speaker.label: naming.of_person(by_label[speaker.label]) for speaker in speakers}
        turns = []
        spans = []
        for turn, cuts, found in zip(transcript.turns, request.cuts, finds, strict=True):
            spans.append(tuple(naming.span(turn.text, find) for find in found))
            turns.append(_behind_the_door(turn, cuts, spans[-1], pseudonyms))
        counts = Counter(span.kind for group in spans for span in group)
        result = PseudonymisedTranscript(
            request.session_id, _speakers(speakers, pseudonyms), tuple(turns), tuple(sorted(counts.items()))
        )
        return Outcome(result, ring.key(), tuple(spans))

    def _finds(self, turns: tuple[Turn, ...], directory: Directory) -> tuple[tuple[Find, ...], ...]:
        words = tuple(words_of(turn.text) for turn in turns)
        cased = is_cased(words)
        stray = cased and has_stray_capitals(words, self._lexicon.is_plain)
        asks = (False, *(is_asked(turn.text) for turn in turns))
        around = [
            _Surroundings(is_cased_turn(group, transcript_is_cased=cased), stray, asked)
            for group, asked in zip(words, asks, strict=False)
        ]
        votes = [
            self._votes(turn.text, group, directory, where)
            for turn, group, where in zip(turns, words, around, strict=True)
        ]
        first = [unite(group) for group in votes]
        known = self._found_names(words, first)
        if stray:
            known = {form: (kind, doubtful) for form, (kind, doubtful) in known.items() if not doubtful}
        phrases = self._found_phrases(words, first)
        return tuple(
            unite([*group, *self._again(line, found, known, cased=cased), *_phrases_again(line, phrases, cased=cased)])
            for group, line, found in zip(votes, words, first, strict=True)
        )

    def _votes(self, text: str, words: tuple[Word, ...], directory: Directory, around: _Surroundings) -> list[Vote]:
        votes = [
            *directory.find(text, words, cased=around.cased),
            *find_patterns(text),
            *find_ages(text, words, self._lexicon, cased=around.cased, asked=around.asked),
            *find_listed(text, words, self._lexicon, cased=around.cased, stray=around.stray),
            *find_deduced(text, self._lexicon),
        ]
        holes = [match.span() for match in PLACEHOLDER.finditer(text)]
        return [vote for vote in votes if not any(vote.start < end and start < vote.end for start, end in holes)]

    def _found_names(
        self, words: tuple[tuple[Word, ...], ...], finds: list[tuple[Find, ...]]
    ) -> dict[str, tuple[str, bool]]:
        """Give the words found to be names in the session: form to kind, and whether the word is ordinary too."""
        known: dict[str, tuple[str, bool]] = {}
        for line, found in zip(words, finds, strict=True):
            for word, find in _words_in(line, found):
                doubtful = word.form in self._lexicon.ordinary or word.form in self._lexicon.safe
                named = find.kind == "PERSOON" and self._lexicon.is_any_name(word.form)
                inside = word.capital and (not word.opens or word.form in VERB_NAMES)
                certain = not doubtful or (inside and named and word.form not in _NEVER_AGAIN)
                is_name = find.who is None and find.kind in _SESSION_NAMES and _is_long_enough(word)
                if is_name and certain and word.form.isalpha() and names_in(word.form):
                    known.setdefault(word.form, (find.kind, doubtful))
        return known

    def _found_phrases(
        self, words: tuple[tuple[Word, ...], ...], finds: list[tuple[Find, ...]]
    ) -> dict[tuple[str, ...], bool]:
        """Give the surnames with tussenvoegsels found in the session, and whether each is ordinary Dutch too."""
        known: dict[tuple[str, ...], bool] = {}
        for line, found in zip(words, finds, strict=True):
            for find in found:
                forms = tuple(word.form for word in words_between(line, find.start, find.end))
                first = next((at for at, form in enumerate(forms) if form in PARTICLES), len(forms))
                phrase = forms[first:]
                if find.who is None and find.kind == "PERSOON" and len(phrase) > 1 and phrase[-1] not in PARTICLES:
                    sure = phrase[:2] in PARTICLE_PAIRS or phrase[0] in {"ter", "ten"}
                    known.setdefault(phrase, not sure and phrase[-1] in self._lexicon.ordinary)
        return known

    def _again(
        self, words: tuple[Word, ...], found: tuple[Find, ...], known: Mapping[str, tuple[str, bool]], *, cased: bool
    ) -> list[Vote]:
        """Find the names of the session where their own surroundings did not give them away."""
        votes = []
        hidden = {word.start for word, _ in _words_in(words, found)}
        for at, word in enumerate(words):
            kind, doubtful = known.get(word.form, ("", False))
            verb = word.form in VERB_NAMES and at + 1 < len(words) and words[at + 1].form in _AFTER_VERB
            seen = word.start in hidden
            if kind and not seen and not verb and _is_long_enough(word) and (word.capital or not (cased or doubtful)):
                votes.append(Vote(word.start, word.end, kind, AGAIN))
        return votes


def _is_long_enough(word: Word) -> bool:
    return len(word.form) >= (_SHORTEST_CAPITAL_AGAIN if word.capital else _SHORTEST_AGAIN)


def _phrases_again(words: tuple[Word, ...], known: Mapping[tuple[str, ...], bool], *, cased: bool) -> Iterable[Vote]:
    """Find the surnames with tussenvoegsels of the session: "In 't Veld" after "Stijn in 't Veld"."""
    forms = tuple(word.form for word in words)
    starts = {phrase[0] for phrase in known}
    for at in (at for at, form in enumerate(forms) if form in starts):
        for phrase, doubtful in known.items():
            last = at + len(phrase) - 1
            if forms[at : last + 1] == phrase and (words[last].capital or not (cased or doubtful)):
                yield Vote(words[at].start, words[last].end, "PERSOON", AGAIN)


def _words_in(words: tuple[Word, ...], finds: tuple[Find, ...]) -> Iterable[tuple[Word, Find]]:
    for find in finds:
        for word in words_between(words, find.start, find.end):
            yield word, find


class _Naming:
    """Decides who a find is, and gives pseudonyms."""

    def __init__(
        self, ring: KeyRing, session_id: str, turns: tuple[Turn, ...], finds: tuple[tuple[Find, ...], ...]
    ) -> None:
        self._ring = ring
        self._session_id = session_id
        self._full_names: dict[str, set[str]] = {}
        for turn, found in zip(turns, finds, strict=True):
            for find in found:
                name = _clean(turn.text[find.start : find.end])
                forms = [word.form for word in names_in(name)]
                if find.who is None and find.kind == "PERSOON" and len(forms) > 1:
                    for form in forms:
                        self._full_names.setdefault(form, set()).add(fold(name))

    def of_person(self, identity: Identity, found: str = "") -> str:
        """Give the pseudonym of somebody known beforehand."""
        name = identity.name if identity.study_wide else in_session(identity.name, self._session_id)
        return self._ring.pseudonym(identity.kind, name, found)

    def span(self, text: str, find: Find) -> Span:
        """Give a find its pseudonym."""
        found = _clean(text[find.start : find.end])
        if find.kind.startswith(AGE):
            pseudonym = find.kind
        elif find.who is not None:
            pseudonym = self.of_person(find.who, found)
        elif find.kind in PERSON_KINDS:
            pseudonym = self._ring.pseudonym(find.kind, self._name_of(found), found)
        else:
            pseudonym = self._ring.pseudonym(find.kind, found)
        return Span(find.start, find.end, pseudonym.rpartition("_")[0], pseudonym, find.voters)

    def _name_of(self, found: str) -> str:
        forms = [word.form for word in names_in(found)]
        if len(forms) > 1:
            return found
        if forms and any(char.isalpha() for char in forms[0]):
            found = " ".join(found[word.start : word.end] for word in names_in(found))
        form = forms[0] if forms else fold(found)
        stem = form.removesuffix("s")
        fuller = self._full_names.get(form) or self._full_names.get(stem) or set()
        if len(fuller) == 1:
            return next(iter(fuller))
        return in_session(found, self._session_id)


def _clean(found: str) -> str:
    return " ".join(found.split())


def _placeholders(turns: tuple[Turn, ...]) -> set[str]:
    return {match.group().strip("[]") for turn in turns for match in PLACEHOLDER.finditer(turn.text)}


def _behind_the_door(
    turn: Turn, cuts: tuple[int, ...], spans: tuple[Span, ...], pseudonyms: Mapping[str, str]
) -> PseudonymisedTurn:
    new = rewrite(turn.text, [(span.start, span.end, f"[{span.pseudonym}]") for span in spans])
    moved = sorted({new.position(cut) for cut in cuts})
    return PseudonymisedTurn(
        number=turn.number,
        speaker=None if turn.speaker is None else pseudonyms[turn.speaker],
        text=new.text,
        start=turn.start,
        end=turn.end,
        events=tuple(replace(event, at=new.position(event.at), mark="") for event in turn.events),
        cuts=tuple(cut for cut in moved if 0 < cut < len(new.text)),
        confidence=turn.confidence,
    )


def _speakers(speakers: tuple[Speaker, ...], pseudonyms: Mapping[str, str]) -> tuple[PseudonymisedSpeaker, ...]:
    """Give the speakers under their pseudonyms; two labels of one person become one speaker."""
    seen: dict[str, PseudonymisedSpeaker] = {}
    for speaker in speakers:
        pseudonym = pseudonyms[speaker.label]
        known = seen.get(pseudonym)
        seen[pseudonym] = PseudonymisedSpeaker(
            pseudonym,
            (known.functie if known else None) or speaker.functie,
            (known.gespreksrol if known else None) or speaker.gespreksrol,
            (known.groep if known else None) or speaker.groep,
        )
    return tuple(seen.values())
