"""The door: a transcript with real names goes in, a `PseudonymisedTranscript` comes out. There is no other way.

Layers vote on every turn (see `votes`): the roster, shapes of numbers and dates, lists with context, deduce, and at
last whatever was found elsewhere in the same session. What any layer wants gone goes. Who a find is, and which number
it has, is decided by `ring`. All is deterministic given transcript, roster, lists, key and the order of sessions.
"""

from __future__ import annotations

import importlib.metadata
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline.domain.pseudonym import PseudonymisedSpeaker, PseudonymisedTranscript, PseudonymisedTurn
from pipeline.pseudonymise.cues import SUBJECTS, VERB_NAMES
from pipeline.pseudonymise.deduced import find_deduced
from pipeline.pseudonymise.gazetteer import find_listed
from pipeline.pseudonymise.lexicon import Lexicon, build_lexicon
from pipeline.pseudonymise.patterns import find_patterns
from pipeline.pseudonymise.people import Directory, Identity, merged_speakers, names_in
from pipeline.pseudonymise.rewrite import rewrite
from pipeline.pseudonymise.ring import PERSON_KINDS, KeyRing, in_session
from pipeline.pseudonymise.votes import AGAIN, Find, Vote, unite
from pipeline.pseudonymise.words import PLACEHOLDER, Word, fold, is_cased, is_cased_turn, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipeline.domain.lists import NameLists
    from pipeline.domain.pseudonym import PseudonymKey
    from pipeline.domain.transcript import Roster, Speaker, Transcript, Turn

PSEUDONYMISE_VERSION = "1"
"""Bumped when the same input and key can give another result."""

_SESSION_NAMES = frozenset({"PERSOON", "PLAATS", "ORG"})
_SHORTEST_AGAIN = 3


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


class Pseudonymiser:
    """Replaces names, with one set of lists."""

    def __init__(self, lists: NameLists) -> None:
        self._lexicon: Lexicon = build_lexicon(lists)
        self.version = f"{PSEUDONYMISE_VERSION} (lijsten {lists.sha}, deduce {importlib.metadata.version('deduce')})"

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
        votes = [
            self._votes(turn.text, group, directory, cased=is_cased_turn(group, transcript_is_cased=cased))
            for turn, group in zip(turns, words, strict=True)
        ]
        first = [unite(group) for group in votes]
        known = self._found_names(words, first)
        return tuple(
            unite([*group, *self._again(line, found, known, cased=cased)])
            for group, line, found in zip(votes, words, first, strict=True)
        )

    def _votes(self, text: str, words: tuple[Word, ...], directory: Directory, *, cased: bool) -> list[Vote]:
        votes = [
            *directory.find(text, words, cased=cased),
            *find_patterns(text),
            *find_listed(text, words, self._lexicon, cased=cased),
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
                certain = not doubtful or (word.capital and not word.opens and named)
                is_name = find.who is None and find.kind in _SESSION_NAMES and len(word.form) >= _SHORTEST_AGAIN
                if is_name and certain and word.form.isalpha() and names_in(word.form):
                    known.setdefault(word.form, (find.kind, doubtful))
        return known

    def _again(
        self, words: tuple[Word, ...], found: tuple[Find, ...], known: Mapping[str, tuple[str, bool]], *, cased: bool
    ) -> list[Vote]:
        """Find the names of the session where their own surroundings did not give them away."""
        votes = []
        for at, word in enumerate(words):
            kind, doubtful = known.get(word.form, ("", False))
            verb = word.form in VERB_NAMES and at + 1 < len(words) and words[at + 1].form in SUBJECTS
            hidden = any(find.start <= word.start and word.end <= find.end for find in found)
            if kind and not hidden and not verb and (word.capital or not (cased or doubtful)):
                votes.append(Vote(word.start, word.end, kind, AGAIN))
        return votes


def _words_in(words: tuple[Word, ...], finds: tuple[Find, ...]) -> Iterable[tuple[Word, Find]]:
    for find in finds:
        for word in words:
            if find.start <= word.start and word.end <= find.end:
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
        if find.who is not None:
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
