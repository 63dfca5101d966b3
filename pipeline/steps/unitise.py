"""Make the units that are coded, with their lasting ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.steps.keys import UNITISE
from pipeline.steps.session import Job, Summary, run_step, words_of
from pipeline.unitise.utterances import unitise

if TYPE_CHECKING:
    from pipeline.steps.workplace import Workplace


def run(workplace: Workplace, session_id: str) -> Summary:
    """Unitise one session.

    Returns:
        Number of units and of minimal ones; empty when nothing changed.
    """
    return run_step(workplace, session_id, UNITISE, _unitise)


def _unitise(job: Job) -> Summary:
    session = unitise(words_of(job.store, job.session.id))
    job.store.save_utterances(session, key=job.keys.unitise)
    return {
        "uitingen": len(session.utterances),
        "minimaal": sum(utterance.minimal for utterance in session.utterances),
    }
