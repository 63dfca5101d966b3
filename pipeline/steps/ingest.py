"""Read a transcript, fix the borders of its units, and lock it in the vault."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.domain.transcript import Roster
from pipeline.formats.reading import read_transcript
from pipeline.formats.roster import read_roster
from pipeline.steps.keys import INGEST
from pipeline.steps.progress import bar
from pipeline.steps.session import Job, Summary, run_step
from pipeline.unitise.cutting import cut

if TYPE_CHECKING:
    from pipeline.domain.transcript import Transcript
    from pipeline.steps.workplace import Workplace


def run(workplace: Workplace, session_id: str) -> Summary:
    """Take one session in.

    Returns:
        Number of turns, speakers and warnings; empty when the file is unchanged.
    """
    return run_step(workplace, session_id, INGEST, _ingest)


def _ingest(job: Job) -> Summary:
    transcript = read_transcript(job.workplace.transcript(job.session), columns=job.study.columns or None)
    transcript = replace(transcript, warnings=(*transcript.warnings, *_compare(transcript, roster_of(job))))
    cuts = []
    with bar(f"{job.session.id}: uitingen afbakenen", len(transcript.turns)) as advance:
        for turn in transcript.turns:
            cuts.append(cut(turn.text))
            advance(turn.number)
    # Not done until the vault holds it: a run that dies in between does this step again.
    job.store.finish(job.session.id, INGEST, "", {})
    job.workplace.open_vault().put(job.session.id, transcript, tuple(cuts))
    summary = {
        "beurten": len(transcript.turns),
        "sprekers": len(transcript.speakers),
        "waarschuwingen": len(transcript.warnings),
    }
    job.store.finish(job.session.id, INGEST, job.keys.ingest, summary)
    return summary


def roster_of(job: Job) -> Roster:
    """Read the roster of a session, an empty one where there is none."""
    path = job.workplace.roster(job.session)
    return read_roster(path) if path else Roster()


def _compare(transcript: Transcript, roster: Roster) -> list[str]:
    """Say which speakers the roster lacks, and which it has that do not speak; without names."""
    if not roster.speakers:
        return []
    listed = {speaker.label for speaker in roster.speakers}
    first: dict[str, int] = {}
    for turn in transcript.turns:
        if turn.speaker is not None:
            first.setdefault(turn.speaker, turn.number)
    warnings = [
        f"De spreker van beurt {number} staat niet in de deelnemerslijst; vul de lijst aan."
        for label, number in first.items()
        if label not in listed
    ]
    silent = [row for row, speaker in enumerate(roster.speakers, 1) if speaker.label not in first]
    if silent:
        rows = ", ".join(map(str, silent))
        warnings.append(f"In de deelnemerslijst staan sprekers die niet aan het woord komen (spreker {rows}).")
    return warnings
