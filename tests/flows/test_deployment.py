"""The same flow as a deployment: a schedule really fires, and a failure is a failed run."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.world import NAMES, make_study

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SERVE = """
import sys
from datetime import timedelta
from flows.process import process
process.serve(name="elke-paar-tellen", interval=timedelta(seconds=5), parameters={"study": sys.argv[1]}, limit=1)
"""
STATES = """
from prefect.client.orchestration import get_client
with get_client(sync_client=True) as client:
    runs = client.read_flow_runs(limit=200)
    print(" ".join(sorted({run.state_type.value for run in runs})))
    print(*[run.state.message for run in runs], *[run.parameters for run in runs])
"""


def test_a_scheduled_run_processes_the_study_and_a_failing_one_ends_as_failed(
    flow_environment: dict[str, str], tmp_path: Path
) -> None:
    study = make_study(tmp_path / "gepland")
    (study / "transcripten" / "twee.txt").write_bytes(b"%PDF-1.7 geen transcript van Kowalczyk")
    environment = {**flow_environment, "PREFECT_API_URL": flow_environment["RAAMWERK_PREFECT"]}
    silent = subprocess.DEVNULL
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, study], env=environment, stdout=silent, stderr=silent
    ) as served:
        try:
            deadline = time.monotonic() + 300
            while True:
                told = subprocess.run(
                    [sys.executable, "-c", STATES], env=environment, capture_output=True, text=True, check=True
                )
                if "FAILED" in told.stdout:
                    break
                assert time.monotonic() < deadline, told.stdout
                time.sleep(5)
        finally:
            served.terminate()
    assert (study / "rapport" / "index.html").is_file()
    assert "niet verwerkt: twee" in told.stdout
    assert not [name for name in NAMES if name in told.stdout]
