"""What the steps of one session share: find the session, skip what is done, note what fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.domain.errors import InputError
from pipeline.steps.keys import SESSION_STEPS, SessionKeys, session_keys
from pipeline.steps.problems import noted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.domain.codebook import Codebook
    from pipeline.domain.pseudonym import PseudonymisedTranscript, UnitisedSession
    from pipeline.domain.study import Session, Study
    from pipeline.steps.workplace import Workplace
    from pipeline.store.database import Store

Summary = dict[str, int]
"""What a step did, in counts; empty when there was nothing to do. Never text."""


@dataclass(frozen=True, slots=True)
class Job:
    """One session to work on."""

    workplace: Workplace
    study: Study
    codebook: Codebook
    session: Session
    keys: SessionKeys
    store: Store


def run_step(workplace: Workplace, session_id: str, step: str, work: Callable[[Job], Mapping[str, int]]) -> Summary:
    """Do one step for one session, unless the ledger says that it is done.

    Args:
        workplace: where the study is.
        session_id: one of its sessions.
        step: one of `SESSION_STEPS`.
        work: does the step and writes its result and ledger row in one transaction.

    Returns:
        Counts of what was done; empty when nothing was to be done.

    Raises:
        InputError: when the step before it has not been done with the present input.
    """
    with noted(workplace, session_id), workplace.open_store() as store:
        study = workplace.read_study()
        codebook = workplace.read_codebook(study)
        workplace.open_vault().check_keys(store)
        store.register_study(study, codebook)
        session = study.session(session_id)
        keys = session_keys(workplace, study, codebook, session)
        if store.finished_key(session_id, step) == keys.of(step):
            return {}
        before = SESSION_STEPS[: SESSION_STEPS.index(step)][-1:]
        if any(store.finished_key(session_id, earlier) != keys.of(earlier) for earlier in before):
            msg = f"sessie {session_id}"
            raise InputError.single(
                msg,
                f"de stap '{before[0]}' is nog niet gedaan met de bestanden zoals ze nu zijn",
                f"Doe eerst `raamwerk {before[0]} {workplace.study}`, of alles ineens met `raamwerk run`.",
            )
        return dict(work(Job(workplace, study, codebook, session, keys, store)))


def units_of(store: Store, session_id: str) -> UnitisedSession:
    """Give the present units of a session.

    Raises:
        InputError: when it has none yet.
    """
    units = store.unitised(session_id)
    if units is None:
        msg = f"sessie {session_id}"
        raise InputError.single(msg, "deze sessie heeft nog geen uitingen", "Doe eerst `raamwerk run` op de studie.")
    return units


def words_of(store: Store, session_id: str) -> PseudonymisedTranscript:
    """Give the pseudonymised turns of a session.

    Raises:
        InputError: when it has none yet.
    """
    words = store.pseudonymised(session_id)
    if words is None:
        msg = f"sessie {session_id}"
        raise InputError.single(
            msg, "deze sessie is nog niet gepseudonimiseerd", "Doe eerst `raamwerk run` op de studie."
        )
    return words
