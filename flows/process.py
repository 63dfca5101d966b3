"""Work through a study: every session that needs it, step by step, and then the report.

One task a session and step. `raamwerk run` starts this with a temporary server; a deployment of
`flows/process.py:process` runs the same flow on its own schedule.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows.server import api
from pipeline import settings
from pipeline.steps import compare, ingest, outcome, plan, pseudonymise, report, tag, unitise
from pipeline.steps.lock import exclusive
from pipeline.steps.untold import MendableError, untold

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State

SESSION_STEPS = {"ingest": ingest.run, "pseudonymise": pseudonymise.run, "unitise": unitise.run, "tag": tag.run}
STUDY_STEPS = {"compare": compare.run, "report": report.run}
RETRIES, RETRY_SECONDS = 2, 3


def _may_pass(_task: object, _run: object, state: State[object]) -> bool:
    """Retry what may pass by itself, never what a person must mend."""
    return not isinstance(state.result(raise_on_failure=False), MendableError)


@task(
    task_run_name="{step} {session_id}",
    retries=RETRIES,
    retry_delay_seconds=RETRY_SECONDS,
    retry_condition_fn=_may_pass,
    cache_policy=NO_CACHE,
)
def session_step(step: str, study: str, session_id: str) -> dict[str, int]:
    """Do one step for one session."""
    with untold(step, session_id):
        return SESSION_STEPS[step](settings.workplace(Path(study)), session_id)


@task(
    task_run_name="{step}",
    retries=RETRIES,
    retry_delay_seconds=RETRY_SECONDS,
    retry_condition_fn=_may_pass,
    cache_policy=NO_CACHE,
)
def study_step(step: str, study: str) -> dict[str, int]:
    """Do one step that looks at all sessions together."""
    with untold(step, "studie"):
        return STUDY_STEPS[step](settings.workplace(Path(study)))


@flow(name="process", flow_run_name="verwerk")
def process(study: str) -> None:
    """Process a study; ends as failed when a session could not be processed.

    Args:
        study: folder with study.yaml.
    """
    settings.private_files()
    settings.quiet_libraries()
    with untold("process", "studie"):
        place = settings.workplace(Path(study))
        with exclusive(place):
            sessions = plan.run(place)
            for number, session_id in enumerate(sessions, 1):
                outcome.announce(session_id, number, len(sessions))
                before: list[State[dict[str, int]]] = []
                for step in SESSION_STEPS:  # a step whose predecessor failed is not run
                    before = [session_step(step, study, session_id, wait_for=before, return_state=True)]
            for step in STUDY_STEPS:
                study_step(step, study)
            outcome.fail_where_unfinished(place)


def main(study: str) -> int:
    """Run the flow once and say how it ended.

    Returns:
        Exit status.
    """
    settings.private_files()
    settings.quiet_libraries()
    place = settings.workplace(Path(study))
    with exclusive(place):  # says what is wrong with the study itself, or that it is busy, before a server is started
        needed = plan.run(place)
    outcome.begin(needed)
    with api():
        process(study, return_state=True)
    return outcome.run(place, needed)


if __name__ == "__main__":
    sys.exit(outcome.guarded(lambda: main(sys.argv[1])))
