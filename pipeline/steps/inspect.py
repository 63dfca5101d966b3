"""Show what one transcript holds, without keeping anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from pipeline.formats.reading import read_transcript
from pipeline.steps.outcome import OK
from pipeline.unitise.cutting import cut

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.domain.transcript import Transcript


def run(path: Path) -> int:
    """Read one file and print its format, turns, speakers and times.

    Returns:
        Exit status.

    Raises:
        InputError: when the file cannot be read as a transcript.
    """
    transcript = read_transcript(path)
    units = sum(1 + len(cut(turn.text)) for turn in transcript.turns)
    times = [moment for turn in transcript.turns for moment in (turn.start, turn.end) if moment is not None]
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{path.name}: formaat {transcript.format}", markup=False)
    span = f", van {_clock(min(times))} tot {_clock(max(times))}" if times else ", zonder tijden"
    console.print(
        f"{len(transcript.turns)} beurten van {len(transcript.speakers)} sprekers{span}; {units} uitingen", markup=False
    )
    console.print(_speakers(transcript))
    for warning in transcript.warnings:
        console.print(f"Let op: {warning}", markup=False)
    return OK


def _speakers(transcript: Transcript) -> Table:
    table = Table("spreker", "functie", "beurten", "woorden", "eerste beurt")
    for speaker in transcript.speakers:
        turns = [turn for turn in transcript.turns if turn.speaker == speaker.label]
        words = sum(len(turn.text.split()) for turn in turns)
        first = str(turns[0].number) if turns else "-"
        table.add_row(speaker.label, speaker.functie or "?", str(len(turns)), str(words), first)
    unknown = [turn for turn in transcript.turns if turn.speaker is None]
    if unknown:
        words = sum(len(turn.text.split()) for turn in unknown)
        table.add_row("(onbekend)", "?", str(len(unknown)), str(words), str(unknown[0].number))
    return table


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
