"""A process that dies at any moment leaves whole sessions or none, and running again finishes the work."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.store.database import Step, open_store
from pipeline.store.keys import KeyStore
from pipeline.store.vault import Vault
from tests.store import saver
from tests.store.world import MODEL, transcript, units

if TYPE_CHECKING:
    from pipeline.store.database import Store

ROOT = Path(__file__).parents[2]
KILLS, MOMENTS, MOST_ATTEMPTS = 10, 5, 60


def _start(address: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.store.saver", address, str(folder)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def _kill_after(address: str, folder: Path, delay_s: float) -> bool:
    """Start the work and kill it; tell whether it was still at it."""
    with _start(address, folder) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begin\n"
        time.sleep(delay_s)
        process.kill()
    return process.returncode != 0


def _check_whole(store: Store, name: str) -> int:
    """Check that each step of a session is there with its ledger row or not at all; give the number that is there."""
    words = saver.words(name)
    done = [store.finished_key(name, step) is not None for step in (Step.PSEUDONYMISE, Step.UNITISE, Step.TAG)]
    assert store.pseudonymised(name) == (transcript(name, *words) if done[0] else None)
    assert store.unitised(name) == (units(name, *words) if done[1] else None)
    assert len(store.predictions(name, MODEL)) == (40 if done[2] else 0)
    return sum(done)


@pytest.mark.slow
def test_killed_savers_leave_whole_sessions_and_the_same_store_in_the_end(
    address: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    chance = random.Random(20260301)
    killed = attempts = 0
    seen: set[int] = set()
    # How far the work gets before a kill depends on the machine, so go on until enough different moments were hit.
    while killed < KILLS or len(seen) < MOMENTS:
        attempts += 1
        assert attempts <= MOST_ATTEMPTS, f"{killed} kills, {len(seen)} different moments"
        killed += _kill_after(address, tmp_path, chance.uniform(0.0, 0.25))
        with open_store(address) as store:
            seen.add(sum(_check_whole(store, name) for name in store.sessions()))

    quiet = tmp_path_factory.mktemp("rustig")
    saver.main(address, tmp_path)
    saver.main(f"sqlite:///{quiet}/x.db", quiet)
    with open_store(address) as store, open_store(f"sqlite:///{quiet}/x.db") as undisturbed:
        assert store.contents() == undisturbed.contents()

    keys = KeyStore(tmp_path / "sleutels")
    assert [entry.name for entry in keys.load().entries] == list(saver.SESSIONS)
    vault = Vault(tmp_path / "kluis", keys)
    assert all(vault.get(name)[0] == saver.raw(name) for name in saver.SESSIONS)
    assert {path.name for path in vault.folder.iterdir()} == {f"{name}.age" for name in saver.SESSIONS}
    assert {path.name for path in keys.folder.iterdir()} == {"identiteit.txt", "sleutel.age", ".slot"}


@pytest.mark.slow
@pytest.mark.parametrize("delay_s", [0.0, 0.04, 0.08, 0.12, 0.16, 0.2])
def test_a_start_that_is_killed_leaves_a_store_that_opens(tmp_path: Path, delay_s: float) -> None:
    address = f"sqlite:///{tmp_path}/x.db"
    assert _kill_after(address, tmp_path, delay_s)
    with open_store(address) as store:
        assert set(store.sessions()) in (set(), set(saver.SESSIONS))
        Vault(tmp_path / "kluis", KeyStore(tmp_path / "sleutels")).check_keys(store)
