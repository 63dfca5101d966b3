"""Say where in one transcript names and other personal data stand, without repeating them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.formats.names import read_names
from pipeline.steps.outcome import OK
from pipeline.steps.progress import say
from pipeline.steps.single import Door, check_out, deliver, read, without_speakers

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.pseudonymise.door import Outcome
    from pipeline.steps.single import Shelf


def run(shelf: Shelf, path: Path, roster: Path | None = None, out: Path | None = None) -> int:
    """Write one line a turn with what would be replaced in it.

    Args:
        shelf: name lists.
        path: the transcript.
        roster: table of participants, or a text with one name a line.
        out: file to write; `None` for standard output.

    Returns:
        Exit status.

    Raises:
        InputError: when a file cannot be read.
    """
    check_out(out, [path, roster])
    transcript = read(path)
    known = read_names(roster) if roster else None
    outcome = Door(shelf.lists).pseudonymise(transcript, roster=without_speakers(known, transcript))
    deliver(span_rows(outcome), out)
    counts = ", ".join(f"{kind} {count}" for kind, count in outcome.transcript.replaced)
    say(f"{path.name}: beurten {len(transcript.turns)}, gevonden: {counts or 'niets'}")
    return OK


def span_rows(outcome: Outcome) -> list[dict[str, object]]:
    """Give one object a turn; fields as in `docs/velden.md`."""
    return [
        {
            "turn": turn.number,
            "spans": [
                {"start": span.start, "end": span.end, "kind": span.kind, "pseudonym": span.pseudonym} for span in spans
            ],
        }
        for turn, spans in zip(outcome.transcript.turns, outcome.spans, strict=True)
    ]
