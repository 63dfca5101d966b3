"""Say which sessions need work, before anything is started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.steps.keys import SESSION_STEPS, session_keys
from pipeline.steps.problems import forget_others

if TYPE_CHECKING:
    from pipeline.steps.workplace import Workplace


def run(workplace: Workplace) -> tuple[str, ...]:
    """Give the ids of the sessions that need work, in the order of sessions.csv.

    Raises:
        InputError: when the study's own declaration is wrong; nothing is started then.
    """
    study = workplace.read_study()
    codebook = workplace.read_codebook(study)
    with workplace.open_store() as store:
        workplace.open_vault().check_keys(store)
        store.register_study(study, codebook)
        forget_others(workplace, tuple(session.id for session in study.sessions))
        return tuple(
            session.id
            for session in study.sessions
            for keys in (session_keys(workplace, study, codebook, session),)
            if any(store.finished_key(session.id, step) != keys.of(step) for step in SESSION_STEPS)
        )
