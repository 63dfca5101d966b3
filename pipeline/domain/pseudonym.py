"""What was said, without who: the only kind of transcript that leaves the door of `pseudonymise`.

Only `pipeline.pseudonymise` makes a `PseudonymisedTranscript` (and `pipeline.store` when it reads one back that it was
given before); `tests/test_layout.py` keeps it so. Everything behind the door accepts only these types.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.domain.transcript import Event

PLACEHOLDER = re.compile(r"\[([A-Z]+(?:_[A-Z]+)*)_(\d+)\]")
"""A placeholder such as "[PROF_KM_417]": kind and number."""


def without_numbers(text: str) -> str:
    """Give a text whose placeholders tell only the kind, "[PROF_KM]": the same wherever the study is pseudonymised."""
    return PLACEHOLDER.sub(r"[\1]", text)


@dataclass(frozen=True, slots=True)
class PseudonymisedSpeaker:
    """A speaker under a pseudonym.

    Attributes:
        pseudonym: such as "PROF_KM_417"; the same person has the same one in the whole study.
        functie: profession, or `None` when unknown.
        gespreksrol: part played in this session, or `None`.
        groep: group in a study of interviews, or `None`.
    """

    pseudonym: str
    functie: str | None = None
    gespreksrol: str | None = None
    groep: str | None = None


@dataclass(frozen=True, slots=True)
class PseudonymisedTurn:
    """A turn whose names are replaced by placeholders such as "[KIND_208]".

    Attributes:
        number: number of the turn in the delivered file, from 1.
        speaker: pseudonym of the speaker, or `None` where nobody was named.
        text: the words; offsets are code points.
        start: seconds from the start of the recording, or `None`.
        end: seconds from the start of the recording, or `None`.
        events: marks without their wording (`Event.mark` is empty).
        cuts: strictly rising positions in `text` where a new segment begins; empty when the turn is one unit.
        confidence: mean confidence of the recogniser, in [0, 1], or `None`.
    """

    number: int
    speaker: str | None
    text: str
    start: float | None = None
    end: float | None = None
    events: tuple[Event, ...] = ()
    cuts: tuple[int, ...] = ()
    confidence: float | None = None

    def __post_init__(self) -> None:
        if any(event.mark for event in self.events):
            message = "an event behind the door carries no wording"
            raise ValueError(message)
        if any(not 0 < cut < len(self.text) for cut in self.cuts) or list(self.cuts) != sorted(set(self.cuts)):
            message = f"cuts of turn {self.number} must rise and lie inside its text"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class PseudonymisedTranscript:
    """A session behind the door.

    Attributes:
        session_id: id of the session in its study.
        speakers: those who speak, in order of first speaking.
        turns: numbers 1..n as delivered.
        replaced: number of spans replaced per kind, such as {"PROF_KM": 12, "PLAATS": 3}.
    """

    session_id: str
    speakers: tuple[PseudonymisedSpeaker, ...]
    turns: tuple[PseudonymisedTurn, ...]
    replaced: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Utterance:
    """The unit that is coded (`uiting`): a turn, or a segment of a long one (`domain.md` 6.1).

    Attributes:
        id: stable under re-import of the same file: "<session>.<turn>.<segment>", such as "noord-1.0012.01".
        session_id: id of the session.
        turn: number of the turn in the delivered file, from 1.
        segment: number of the segment in the turn, from 1.
        speaker: pseudonym, or `None`.
        text: pseudonymised words.
        start: seconds; of the turn for its first segment, interpolated by characters for later ones; or `None`.
        end: seconds, likewise.
        minimal: at most three content-free words, set by rule; leaves all denominators.
    """

    id: str
    session_id: str
    turn: int
    segment: int
    speaker: str | None
    text: str
    start: float | None
    end: float | None
    minimal: bool

    @property
    def text_sha(self) -> str:
        """First 16 hex digits of the SHA-256 of the words: a label holds only for the words it was given to.

        Numbers of placeholders do not count, so that a label survives a new key.
        """
        return hashlib.sha256(without_numbers(self.text).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class UnitisedSession:
    """A session cut into the units that are coded, with those who speak in it.

    Attributes:
        session_id: id of the session.
        speakers: pseudonym to speaker, for role marks.
        utterances: in order of turn and segment, minimal ones included (they are context).
    """

    session_id: str
    speakers: tuple[PseudonymisedSpeaker, ...]
    utterances: tuple[Utterance, ...]
    by_pseudonym: dict[str, PseudonymisedSpeaker] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_pseudonym", {speaker.pseudonym: speaker for speaker in self.speakers})

    def speaker_of(self, utterance: Utterance) -> PseudonymisedSpeaker | None:
        """Give the speaker of an utterance, `None` where nobody was named."""
        return self.by_pseudonym.get(utterance.speaker) if utterance.speaker else None


def utterance_id(session_id: str, turn: int, segment: int) -> str:
    """Give the id of a unit, such as "noord-1.0012.01"."""
    return f"{session_id}.{turn:04d}.{segment:02d}"


@dataclass(frozen=True, slots=True)
class PseudonymEntry:
    """One person, place or other thing that has a pseudonym.

    Attributes:
        kind: type of the placeholder, such as "PROF_KM".
        name: canonical form of the real name; never leaves the encrypted key.
        number: number in the placeholder, at least 1.
        also: further forms under which it was found.
    """

    kind: str
    name: str
    number: int
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PseudonymKey:
    """What links pseudonyms to names; the store keeps it encrypted and apart from everything else.

    Attributes:
        secret: at least 16 random bytes from which numbers are drawn, so that a number tells nothing of the name or
            of the order of appearance.
        entries: all pseudonyms handed out in the study so far.
    """

    secret: bytes = field(repr=False)
    entries: tuple[PseudonymEntry, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) < 16:  # noqa: PLR2004 - 128 bits
            message = "the secret of a pseudonym key has at least 16 bytes"
            raise ValueError(message)
