"""Let the tagger say what it sees in every unit."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from pipeline.domain.errors import InputError
from pipeline.steps.base import prepare_base
from pipeline.steps.keys import TAG, model_version
from pipeline.steps.progress import bar
from pipeline.steps.session import Job, Summary, run_step, units_of
from pipeline.tagging.weights import read_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.domain.codebook import Codebook
    from pipeline.steps.workplace import Workplace
    from pipeline.tagging.tagger import Tagger


def run(workplace: Workplace, session_id: str) -> Summary:
    """Tag one session.

    Returns:
        Number of units tagged; empty when nothing changed.
    """
    return run_step(workplace, session_id, TAG, _tag)


def _tag(job: Job) -> Summary:
    folder = job.workplace.tagger_folder(job.codebook)
    prepare_base(read_manifest(folder).base, job.workplace.base_folder)
    version = model_version(job.workplace, job.codebook)
    tagger = _tagger(folder, job.workplace.base_folder, job.codebook, version)
    if tagger.version != version:
        raise InputError.single(folder.name, "het model is tijdens de verwerking vervangen", "Draai de studie opnieuw.")
    session = units_of(job.store, job.session.id)
    units = sum(not utterance.minimal for utterance in session.utterances)
    with bar(f"{job.session.id}: coderen door het model", units) as advance:
        predictions = tagger.tag(session, report=lambda done, _total: advance(done))
    job.store.save_predictions(job.session.id, predictions, key=job.keys.tag)
    return {"gecodeerd": units}


@cache
def _tagger(folder: Path, base: Path, codebook: Codebook, _version: str | None) -> Tagger:
    from pipeline.tagging.tagger import load_tagger

    return load_tagger(folder, base, codebook=codebook)
