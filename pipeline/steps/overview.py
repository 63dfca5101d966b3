"""Read back what is up to date of a study, for everything that looks at all sessions together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.statistics.describe import describe_study
from pipeline.steps.keys import TAG, metadata_digest, model_version, session_keys
from pipeline.steps.problems import failed_sessions
from pipeline.steps.session import units_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.domain.codebook import Codebook
    from pipeline.domain.description import StudyDescription
    from pipeline.domain.study import Study
    from pipeline.steps.workplace import Workplace
    from pipeline.store.database import Store


@dataclass(frozen=True, slots=True)
class Overview:
    """A study with the sessions that are up to date.

    Attributes:
        study: as declared, every session.
        codebook: of the study.
        model_version: version of the tagger, `None` when there is none yet.
        ready: ids of the sessions that went through every step with the present input, codebook and model.
        failed: reasons per session that could not be processed.
        key: content key of all this.
    """

    study: Study
    codebook: Codebook
    model_version: str | None
    ready: tuple[str, ...]
    failed: Mapping[str, tuple[str, ...]]
    key: str


def overview(workplace: Workplace, store: Store) -> Overview:
    """Say what of a study is up to date."""
    study = workplace.read_study()
    codebook = workplace.read_codebook(study)
    store.register_study(study, codebook)
    keys = {session.id: session_keys(workplace, study, codebook, session).tag for session in study.sessions}
    ready = tuple(session for session, key in keys.items() if store.finished_key(session, TAG) == key)
    failed = {session: reasons for session, reasons in failed_sessions(workplace).items() if session not in ready}
    key = metadata_digest(study, codebook, {session: keys[session] for session in ready}, failed)
    return Overview(study, codebook, model_version(workplace, codebook), ready, failed, key)


def describe(seen: Overview, store: Store) -> StudyDescription:
    """Compute the tables of a study over its sessions that are up to date."""
    sessions = {session: units_of(store, session) for session in seen.ready}
    predictions = {session: store.predictions(session, seen.model_version or "") for session in seen.ready}
    return describe_study(seen.study, seen.codebook, sessions, predictions)
