"""The same flow as a deployment on a Prefect server: a schedule really fires, and a failure is a failed run."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.flows.conftest import wait_until_healthy
from tests.world import NAMES, make_study

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SERVE = """
import sys
from datetime import timedelta
from flows.process import process
process.serve(name="elke-tien-tellen", interval=timedelta(seconds=10), parameters={"study": sys.argv[1]}, limit=1)
"""
ENDED = """
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
ended = FlowRunFilter(state={"type": {"any_": ["FAILED", "COMPLETED", "CRASHED"]}})
with get_client(sync_client=True) as client:
    for run in client.read_flow_runs(flow_run_filter=ended):
        print(run.state_type.value, run.state.message, run.parameters)
"""
PATIENCE_SECONDS = 300


@contextmanager
def running(environment: dict[str, str], *command: str) -> Iterator[None]:
    silent = subprocess.DEVNULL
    with subprocess.Popen([sys.executable, *command], env=environment, stdout=silent, stderr=silent) as process:
        try:
            yield
        finally:
            process.terminate()


def ended_runs(environment: dict[str, str]) -> str:
    """Wait for the first run to end, and tell how runs ended."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        told = subprocess.run(
            [sys.executable, "-c", ENDED], env=environment, capture_output=True, text=True, check=False
        )
        if told.stdout:
            return told.stdout
        time.sleep(3)
    pytest.fail("no scheduled run came to an end")


def test_a_scheduled_run_processes_the_study_and_a_failing_one_ends_as_failed(
    flow_environment: dict[str, str], tmp_path: Path
) -> None:
    study = make_study(tmp_path / "gepland")
    (study / "transcripten" / "twee.txt").write_bytes(b"%PDF-1.7 geen transcript van Kowalczyk")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    environment = {
        **flow_environment,
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
    }
    # A server with its scheduler: the one of `flows.server` has none and needs none.
    with running(environment, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", port):
        wait_until_healthy(port)
        with running(environment, "-c", SERVE, str(study)):
            told = ended_runs(environment)
    assert told.startswith("FAILED")
    assert "niet verwerkt: twee" in told
    assert not [name for name in NAMES if name in told]
    assert (study / "rapport" / "index.html").is_file()
