"""What was said, as delivered: turns, speakers, events; and who is known to be in it.

Nothing here is safe to show: texts and names are raw. The safe twin is `PseudonymisedTranscript`.
Offsets are code points in `Turn.text`, end exclusive. Times are seconds from the start of the recording.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum


class EventKind(StrEnum):
    """Something heard or marked that is not a word."""

    ONVERSTAANBAAR = "onverstaanbaar"
    LACHEN = "lachen"
    STILTE = "stilte"
    PAUZE = "pauze"
    OVERLAP = "overlap"
    DOOR_ELKAAR = "door_elkaar"
    ZUCHT = "zucht"
    GELUID = "geluid"


@dataclass(frozen=True, slots=True)
class Event:
    """A mark of the transcriber, taken out of the text.

    Attributes:
        kind: what was marked.
        at: code-point position in the turn's text before which the mark stood, 0 up to and including len(text).
        mark: the mark as typed, "[lacht]"; empty once it has passed the door of `pseudonymise`.
    """

    kind: EventKind
    at: int
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn (beurt) of one speaker, as delivered, without label, time stamp and marks.

    Attributes:
        number: 1 for the first turn of the file, without gaps.
        speaker: label of the speaker as delivered, `None` where the file names nobody.
        text: the words. Never contains the speaker's label.
        start: seconds from the start of the recording, or `None`.
        end: seconds from the start of the recording, or `None`.
        events: marks in order of `at`.
        confidence: mean confidence of the recogniser over the words, in [0, 1], or `None`.
    """

    number: int
    speaker: str | None
    text: str
    start: float | None = None
    end: float | None = None
    events: tuple[Event, ...] = ()
    confidence: float | None = None

    def __post_init__(self) -> None:
        if self.number < 1:
            message = f"turn numbers start at 1, found {self.number}"
            raise ValueError(message)
        if any(not 0 <= event.at <= len(self.text) for event in self.events):
            message = f"an event of turn {self.number} lies outside its text"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Speaker:
    """Somebody who speaks in this session.

    Attributes:
        label: how the transcript calls them.
        name: their real name, if known.
        functie: profession, a value of `FUNCTIES`, or `None` when unknown.
        gespreksrol: part played in this session, a value of `GESPREKSROLLEN`, or `None`.
        groep: group in a study of interviews (klant, sociale_professional, klantmanager), or `None`.
        also: other forms of the name that are used.
    """

    label: str
    name: str | None = None
    functie: str | None = None
    gespreksrol: str | None = None
    groep: str | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is spoken about and does not speak.

    Attributes:
        name: the real name.
        kind: a value of `PERSON_KINDS`; it becomes the type of the placeholder.
        also: other forms of the name that are used (nickname, married name).
    """

    name: str
    kind: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Roster:
    """Who is known in a session beforehand: speakers by label, and persons spoken about."""

    speakers: tuple[Speaker, ...] = ()
    persons: tuple[Person, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """A session as one file delivers it.

    Attributes:
        format: name of the format recognised, such as "docx" or "webvtt".
        turns: in order of delivery; numbers 1..n.
        speakers: in order of first speaking, one for each label in `turns`; names and functions as far as the file
            tells them.
        known_names: further names that the file itself gives (attendance list, header), for `pseudonymise`.
        header: lines before the first turn that are no speech (title, date, present), kept so that nothing is lost.
        warnings: what a reader should look at (lines without speaker, repeated phrases of a recogniser); in Dutch,
            with numbers of lines or turns and without words of the text.
    """

    format: str
    turns: tuple[Turn, ...]
    speakers: tuple[Speaker, ...]
    known_names: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if [turn.number for turn in self.turns] != list(range(1, len(self.turns) + 1)):
            message = "turns must be numbered 1..n without gaps"
            raise ValueError(message)
        labels = Counter(speaker.label for speaker in self.speakers)
        if any(count > 1 for count in labels.values()):
            message = "every speaker label must be listed once"
            raise ValueError(message)
        unlisted = {turn.speaker for turn in self.turns if turn.speaker is not None} - set(labels)
        if unlisted:
            message = f"{len(unlisted)} speaker labels of turns are not listed"
            raise ValueError(message)


FUNCTIES = (
    "sociaal_werker",
    "klantmanager",
    "beleid",
    "client",
    "ervaringsdeskundige",
    "gespreksleider",
    "onderzoeker",
    "anders",
)
GESPREKSROLLEN = ("gespreksleider", "inbrenger", "deelnemer", "observant")
GROEPEN = ("klant", "sociale_professional", "klantmanager")
PERSON_KINDS = ("CLIENT", "KIND", "PARTNER", "FAMILIE", "PROF", "PERSOON")
