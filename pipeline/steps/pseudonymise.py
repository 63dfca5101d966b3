"""Take a transcript out of the vault and through the door: no real name comes out."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from pipeline.formats.lists import read_name_lists
from pipeline.pseudonymise.door import Pseudonymiser, Request
from pipeline.steps.ingest import roster_of
from pipeline.steps.keys import PSEUDONYMISE
from pipeline.steps.session import Job, Summary, run_step

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.steps.workplace import Workplace


def run(workplace: Workplace, session_id: str) -> Summary:
    """Pseudonymise one session.

    Returns:
        Number of spans replaced per kind; empty when nothing changed.
    """
    return run_step(workplace, session_id, PSEUDONYMISE, _pseudonymise)


def _pseudonymise(job: Job) -> Summary:
    transcript, cuts = job.workplace.open_vault().get(job.session.id)
    keys = job.workplace.open_keys()
    request = Request(job.session.id, transcript, cuts, roster_of(job))
    with keys.exclusive():
        outcome = _pseudonymiser(job.workplace.lists).pseudonymise(request, keys.load())
        # The key first: when the run dies here, the next one hands out the same pseudonyms.
        keys.save(outcome.key)
    job.store.save_pseudonymised(outcome.transcript, key=job.keys.pseudonymise)
    return dict(outcome.transcript.replaced)


@cache
def _pseudonymiser(lists: Path) -> Pseudonymiser:
    return Pseudonymiser(read_name_lists(lists))
