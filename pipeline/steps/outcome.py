"""Say to the person at the keyboard what is being done and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.domain.errors import InternalError, RaamwerkError
from pipeline.steps import compare, plan, report
from pipeline.steps.problems import failed_sessions
from pipeline.steps.progress import say
from pipeline.steps.report import report_path
from pipeline.steps.untold import MendableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.steps.workplace import Workplace

OK, SOME_FAILED, NOTHING_DONE, BROKEN = 0, 1, 2, 3
"""Exit statuses: all well; some sessions could not be processed; the study cannot be used; an error of ours."""
UNKNOWN = ("de verwerking is afgebroken zonder dat een reden is genoteerd. Draai de studie opnieuw.",)


def begin(sessions: tuple[str, ...]) -> None:
    """Say how much is to be done, before a server is started."""
    if sessions:
        say(f"{_counted(len(sessions))} te verwerken. Voorbereiden …")


def announce(session_id: str, number: int, total: int) -> None:
    """Say which session is next."""
    say(f"Sessie {number} van {total}: {session_id}")


def fail_where_unfinished(workplace: Workplace) -> None:
    """End a flow as failed when a session still needs work.

    Raises:
        MendableError: naming the sessions.
    """
    unfinished = plan.run(workplace)
    if unfinished:
        message = f"niet verwerkt: {', '.join(unfinished)}"
        raise MendableError(message)


def run(workplace: Workplace, worked_on: tuple[str, ...]) -> int:
    """Say how a run ended and what to do next; the ledger decides what was done.

    Returns:
        `OK`, or `SOME_FAILED` when a session could not be processed.
    """
    unfinished = plan.run(workplace)
    # Nothing to do when the flow did them; otherwise their error is shown to the person who can mend it.
    compare.run(workplace)
    report.run(workplace)
    done = len([session for session in worked_on if session not in unfinished])
    say(f"\n{_counted(done)} verwerkt{'' if worked_on else ': alles was al bijgewerkt'}.")
    reasons = failed_sessions(workplace)
    for session in unfinished:
        say(f"\nNiet verwerkt: {session}")
        for reason in reasons.get(session, UNKNOWN):
            say(f"  {reason}")
    say(f"\nHet rapport staat in {report_path(workplace)}")
    say("Hoe verder:")
    say("  - lees het rapport in je browser;")
    say(f"  - controleer en verbeter labels: raamwerk units {workplace.study} JOUW_NAAM maakt een invultabel;")
    say("  - voeg eigen sessies toe in sessions.csv en draai opnieuw; wat klaar is, blijft klaar.")
    return SOME_FAILED if unfinished else OK


def guarded(work: Callable[[], int]) -> int:
    """Run a command; show an error as plain text, without what anybody said.

    Returns:
        What the command returns; `NOTHING_DONE` after an error that a user can mend, `BROKEN` after another.
    """
    try:
        return work()
    except InternalError as error:
        say(str(error))
        return BROKEN
    except RaamwerkError as error:
        say(f"Dit gaat niet:\n{error}")
        return NOTHING_DONE
    except Exception as error:  # noqa: BLE001 - the last border: its message might repeat what somebody said
        say(str(InternalError.of(error)))
        return BROKEN


def _counted(sessions: int) -> str:
    return f"{sessions} {'sessie' if sessions == 1 else 'sessies'}"
