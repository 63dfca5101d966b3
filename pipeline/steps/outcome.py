"""Say to the person at the keyboard what is being done and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.domain.errors import InternalError, RaamwerkError
from pipeline.steps.problems import failed_sessions
from pipeline.steps.progress import say
from pipeline.steps.report import report_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.steps.workplace import Workplace

OK, SOME_FAILED, NOTHING_DONE, BROKEN = 0, 1, 2, 3
"""Exit statuses: all well; some sessions could not be processed; the study cannot be used; an error of ours."""


def announce(session_id: str, number: int, total: int) -> None:
    """Say which session is next."""
    say(f"Sessie {number} van {total}: {session_id}")


def run(workplace: Workplace, worked_on: tuple[str, ...]) -> int:
    """Say how a run ended and what to do next.

    Returns:
        `OK`, or `SOME_FAILED` when a session could not be processed.
    """
    failed = failed_sessions(workplace)
    done = [session for session in worked_on if session not in failed]
    sessions = "sessie" if len(done) == 1 else "sessies"
    say(f"\n{len(done)} {sessions} verwerkt{'' if worked_on else ': alles was al bij'}.")
    for session, reasons in failed.items():
        say(f"\nNiet verwerkt: {session}")
        for reason in reasons:
            say(f"  {reason}")
    say(f"\nHet rapport staat in {report_path(workplace)}")
    say("Hoe verder:")
    say("  - lees het rapport in je browser;")
    say(f"  - lees labels in die je zelf hebt gegeven: raamwerk labels {workplace.study} LABELS.csv")
    say("  - voeg eigen sessies toe in sessions.csv en draai opnieuw; wat klaar is, blijft klaar.")
    return SOME_FAILED if failed else OK


def guarded(work: Callable[[], int]) -> int:
    """Run a command; show an error as plain text, without what anybody said.

    Returns:
        What the command returns; `NOTHING_DONE` after an error that a user can mend, `BROKEN` after another.
    """
    try:
        return work()
    except RaamwerkError as error:
        say(f"Dit gaat niet:\n{error}")
        return NOTHING_DONE
    except Exception as error:  # noqa: BLE001 - the last border: its message might repeat what somebody said
        say(str(InternalError.of(error)))
        return BROKEN
