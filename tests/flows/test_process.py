"""The whole job through Prefect: once, again, after a change, with a bad file, and killed at any moment."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.store.database import open_store
from pipeline.store.keys import KeyStore
from pipeline.store.vault import Vault
from tests.world import NAMES, make_study

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

RAAMWERK = Path(sys.executable).parent / "raamwerk"
KILLS = 10


def run(study: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [RAAMWERK, "run", study], env=environment, capture_output=True, text=True, check=False, timeout=900
    )


def keys_of(study: Path, environment: dict[str, str]) -> KeyStore:
    named = (study / ".raamwerk" / "sleutelmap.txt").read_text(encoding="utf-8").strip()
    return KeyStore(Path(environment["RAAMWERK_HOME"]) / "sleutels" / named)


def contents(study: Path, keys: KeyStore) -> object:
    """Everything the study holds: database without times, the vault when opened, and all that was written to read."""
    vault = Vault(study / ".raamwerk" / "kluis", keys)
    written = {path.name: path.read_bytes() for path in (study / "rapport").rglob("*") if path.is_file()}
    with open_store(f"sqlite:///{study / '.raamwerk' / 'raamwerk.db'}") as store:
        raw = {session: vault.get(session) for session in store.sessions()}
        return store.contents(), raw, keys.load(), written


@pytest.fixture(scope="module")
def processed(
    flow_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    study = make_study(tmp_path_factory.mktemp("studies") / "wereld")
    return study, run(study, flow_environment)


def test_one_command_makes_a_report(processed: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    study, done = processed
    assert done.returncode == 0, done.stderr
    assert "3 sessies verwerkt" in done.stderr
    page = (study / "rapport" / "index.html").read_text(encoding="utf-8")
    assert "niet gecorrigeerd" in page
    assert (study / "rapport" / "tabellen").is_dir()


def test_no_name_stands_anywhere_in_the_clear(
    processed: tuple[Path, subprocess.CompletedProcess[str]], flow_environment: dict[str, str]
) -> None:
    study, done = processed
    home = Path(flow_environment["RAAMWERK_HOME"])
    places = [*(study / ".raamwerk").rglob("*"), *(study / "rapport").rglob("*"), *home.rglob("*")]
    for path in places:
        if path.is_file():
            stored = path.read_bytes()
            assert not [name for name in NAMES if name.encode() in stored], path
    assert not [name for name in NAMES if name in done.stdout + done.stderr]


def test_a_second_run_does_nothing_and_a_changed_file_is_one_session(
    processed: tuple[Path, subprocess.CompletedProcess[str]], flow_environment: dict[str, str], tmp_path: Path
) -> None:
    del tmp_path
    study, _ = processed
    keys = keys_of(study, flow_environment)
    before = contents(study, keys)
    again = run(study, flow_environment)
    assert "0 sessies verwerkt" in again.stderr
    assert contents(study, keys) == before
    with (study / "transcripten" / "twee.txt").open("a", encoding="utf-8") as stream:
        stream.write("SW1: En dan bel ik de apotheek nog even.\n")
    changed = run(study, flow_environment)
    assert "1 sessie verwerkt" in changed.stderr
    assert "Sessie 1 van 1: twee" in changed.stderr


def test_a_bad_file_is_explained_and_the_others_go_on(flow_environment: dict[str, str], tmp_path: Path) -> None:
    study = make_study(tmp_path / "kapot")
    (study / "transcripten" / "twee.txt").write_bytes(b"%PDF-1.7 geen transcript")
    done = run(study, flow_environment)
    assert done.returncode == 1
    assert "2 sessies verwerkt" in done.stderr
    assert "Niet verwerkt: twee" in done.stderr
    assert "twee.txt" in done.stderr
    assert "PDF" in done.stderr
    page = (study / "rapport" / "index.html").read_text(encoding="utf-8")
    assert "PDF" in page
    with open_store(f"sqlite:///{study / '.raamwerk' / 'raamwerk.db'}") as store:
        assert store.finished_key("twee", "ingest") is None
        assert store.finished_key("drie", "tag") is not None


def test_a_study_that_is_wrong_itself_starts_nothing(flow_environment: dict[str, str], tmp_path: Path) -> None:
    study = make_study(tmp_path / "fout")
    (study / "study.yaml").write_text("studie: fout\ntitel: [\n", encoding="utf-8")
    done = run(study, flow_environment)
    assert done.returncode == 2
    assert "study.yaml" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_killed_at_any_moment_and_run_again_gives_the_same_store(
    processed: tuple[Path, subprocess.CompletedProcess[str]], flow_environment: dict[str, str], tmp_path: Path
) -> None:
    del processed  # the base encoder stands ready after it
    keys = tmp_path / "sleutel"
    # Pseudonyms follow from the key: every study of this test starts with the same one.
    KeyStore(keys).load()
    shutil.copytree(keys, tmp_path / "begin")
    environment = {**flow_environment, "RAAMWERK_KEYS": str(keys)}
    whole = make_study(tmp_path / "heel" / "wereld")
    began = time.monotonic()
    assert run(whole, environment).returncode == 0
    duration = time.monotonic() - began
    expected = contents(whole, KeyStore(keys))

    moments = random.Random(20261121)
    killed = attempts = 0
    while killed < KILLS:
        attempts += 1
        assert attempts < 3 * KILLS, "runs end before they can be killed"
        study = make_study(tmp_path / f"poging-{attempts}" / "wereld")
        shutil.rmtree(keys)
        shutil.copytree(tmp_path / "begin", keys)
        with subprocess.Popen(
            [RAAMWERK, "run", study], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            # The first seconds are spent on imports, where there is nothing to break.
            time.sleep(duration * moments.uniform(0.2, 0.95))
            process.send_signal(signal.SIGKILL)
            killed += process.wait() == -signal.SIGKILL
        assert run(study, environment).returncode == 0
        assert contents(study, KeyStore(keys)) == expected, f"attempt {attempts}"
