"""Do one step for every session of a study; a session that fails does not stop the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.domain.errors import RaamwerkError
from pipeline.steps.lock import exclusive
from pipeline.steps.outcome import OK, SOME_FAILED
from pipeline.steps.progress import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.steps.session import Summary
    from pipeline.steps.workplace import Workplace


def each_session(
    workplace: Workplace, step: Callable[[Workplace, str], Summary], tell: Callable[[str, Summary], None]
) -> int:
    """Run a step over the sessions of a study, in the order of sessions.csv.

    Args:
        workplace: where the study is.
        step: does one session.
        tell: is told what was done for each.

    Returns:
        Exit status: whether all sessions went well.
    """
    status = OK
    with exclusive(workplace):
        for session in workplace.read_study().sessions:
            try:
                tell(session.id, step(workplace, session.id))
            except RaamwerkError as error:
                say(f"Niet verwerkt: {session.id}\n  {error}")
                status = SOME_FAILED
    return status
