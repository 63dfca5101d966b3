"""Give the turns of one transcript, whatever its format, as JSON lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.steps.outcome import OK
from pipeline.steps.progress import say
from pipeline.steps.single import check_out, deliver, read

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.domain.transcript import Transcript


def run(path: Path, out: Path | None = None) -> int:
    """Write one line a turn, as delivered, names and all.

    Args:
        path: the transcript.
        out: file to write; `None` for standard output.

    Returns:
        Exit status.

    Raises:
        InputError: when the file cannot be read as a transcript.
    """
    check_out(out, [path])
    transcript = read(path)
    deliver(turn_rows(transcript), out)
    say(f"{path.name}: beurten {len(transcript.turns)}")
    return OK


def turn_rows(transcript: Transcript) -> list[dict[str, object]]:
    """Give one object a turn; fields as in `docs/velden.md`."""
    roles = {speaker.label: speaker.functie for speaker in transcript.speakers}
    return [
        {
            "turn": turn.number,
            "speaker": turn.speaker,
            "role": roles[turn.speaker] if turn.speaker is not None else None,
            "start": turn.start,
            "end": turn.end,
            "text": turn.text,
            "events": [{"kind": event.kind.value, "at": event.at, "mark": event.mark} for event in turn.events],
        }
        for turn in transcript.turns
    ]
