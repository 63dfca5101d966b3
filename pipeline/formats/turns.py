"""From pieces of talk, as readers find them, to a `Transcript`: merge, take out marks, number, warn."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pipeline.domain.errors import InputError
from pipeline.domain.transcript import Event, Speaker, Transcript, Turn
from pipeline.formats.marks import extract, tidy
from pipeline.formats.speakers import SpeakerBook

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MERGE_GAP = 2.0
"""Consecutive cues or segments of one speaker with at most this many seconds between are one turn (`product.md` 3.3).

Two seconds is longer than a breath and shorter than the silence after which somebody else could have taken the word.
Where a time is missing the speaker alone decides.
"""
MAX_TURN = 500_000
"""Longest turn in characters (some 80,000 words): above it the file has lost its turns."""
MAX_LISTED = 10
"""Most numbers that a warning lists."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of talk as found in a file.

    Attributes:
        label: label of the speaker as found, `None` or empty for nobody.
        text: the words, with marks.
        start: seconds from the start of the recording, or `None`.
        end: seconds from the start of the recording, or `None`.
        role: what a column says of the speaker's function, or empty.
        confidence: mean confidence of a recogniser, in [0, 1], or `None`.
        words: number of words that `confidence` is the mean of.
    """

    label: str | None
    text: str
    start: float | None = None
    end: float | None = None
    role: str = ""
    confidence: float | None = None
    words: int = 0


@dataclass(slots=True)
class Aside:
    """What a file holds besides talk.

    Attributes:
        header: lines that are no speech.
        warnings: what a reader should look at, in Dutch, without words of the text.
        known_names: names that the file gives of people who may be spoken about.
        speakers: speakers by label, where the format tells more of them than a label.
    """

    header: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    known_names: list[str] = field(default_factory=list)
    speakers: dict[str, Speaker] = field(default_factory=dict)


def merge(pieces: Iterable[Piece]) -> list[Piece]:
    """Join consecutive pieces of one speaker with at most `MERGE_GAP` seconds between; pieces of nobody stay apart."""
    merged: list[list[Piece]] = []
    for piece in pieces:
        if merged and _continues(merged[-1][-1], piece):
            merged[-1].append(piece)
        else:
            merged.append([piece])
    return [_one(group) for group in merged]


def _continues(before: Piece, after: Piece) -> bool:
    if not before.label or before.label != after.label:
        return False
    return before.end is None or after.start is None or after.start - before.end <= MERGE_GAP


def _one(group: list[Piece]) -> Piece:
    if len(group) == 1:
        return group[0]
    words = sum(piece.words for piece in group if piece.confidence is not None)
    mass = sum(piece.confidence * piece.words for piece in group if piece.confidence is not None)
    ends = [piece.end for piece in group if piece.end is not None]
    starts = [piece.start for piece in group if piece.start is not None]
    return replace(
        group[0],
        text=" ".join(piece.text for piece in group),
        start=min(starts, default=None),
        end=max(ends, default=None),
        confidence=mass / words if words else None,
        words=words,
    )


def assemble(format_name: str, place: str, pieces: Sequence[Piece], aside: Aside) -> Transcript:
    """Make the transcript: take the marks out of the text, drop pieces that hold nothing, number, list speakers.

    Args:
        format_name: name of the format.
        place: name of the file, for errors.
        pieces: in order of delivery.
        aside: what else the file holds.

    Raises:
        InputError: when no turn is left, or a turn is longer than any turn.
    """
    book = SpeakerBook(aside.speakers)
    turns: list[Turn] = []
    for piece in pieces:
        if len(piece.text) > MAX_TURN:
            found = f"beurt {len(turns) + 1} is langer dan {MAX_TURN} tekens"
            raise InputError.single(place, found, "Zet elke beurt op een eigen regel.")
        words, events = extract(piece.text)
        if words or events:
            speaker = book.note(piece.label, piece.role) if piece.label else None
            turns.append(_turn(len(turns) + 1, speaker, words, events, piece))
    if not turns:
        raise InputError.single(place, "het bestand heeft geen enkele beurt", "Controleer of dit het transcript is.")
    speakers = book.speakers()
    nobody = [turn.number for turn in turns if turn.speaker is None]
    warnings = [*aside.warnings, *_about_nobody(nobody, len(turns))]
    return Transcript(
        format=format_name,
        turns=tuple(turns),
        speakers=speakers,
        known_names=_further_names(aside.known_names, speakers),
        header=tuple(line for line in map(tidy, aside.header) if line),
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _turn(number: int, speaker: str | None, words: str, events: tuple[Event, ...], piece: Piece) -> Turn:
    end = piece.end if piece.end is None or piece.start is None or piece.end >= piece.start else None
    return Turn(number, speaker, words, piece.start, end, events, piece.confidence)


def _about_nobody(numbers: list[int], total: int) -> list[str]:
    if not numbers:
        return []
    if len(numbers) == total:
        return ["Het bestand noemt geen enkele spreker; alle beurten zijn zonder spreker ingelezen."]
    return [f"Zonder spreker: {len(numbers)} van de {total} beurten ({listing('beurt', numbers)})."]


def listing(noun: str, numbers: Sequence[int]) -> str:
    """Name places by number: "beurt 3, 7 en nog 12 andere"."""
    shown = ", ".join(str(number) for number in numbers[:MAX_LISTED])
    rest = len(numbers) - MAX_LISTED
    return f"{noun} {shown} en nog {rest} andere" if rest > 0 else f"{noun} {shown}"


def _further_names(names: Iterable[str], speakers: Sequence[Speaker]) -> tuple[str, ...]:
    """Give every name once, without those that belong to a speaker."""
    own = {form.casefold() for speaker in speakers for form in (speaker.name or "", *speaker.also)}
    kept = (name for name in map(tidy, names) if name and name.casefold() not in own)
    return tuple(dict.fromkeys(kept))
