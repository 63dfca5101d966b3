"""Databases to test on: a file of its own for every test, and a private PostgreSQL server for the slow ones."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.store.database import open_store
from tests.store import world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipeline.store.database import Store

_NUMBERS = itertools.count(1)


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


def _as_server(*command: str | Path) -> None:
    """Run a command of PostgreSQL, which refuses to work for root."""
    words = [str(word) for word in command]
    if os.geteuid() == 0:
        words = ["runuser", "-u", "postgres", "--", *words]
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Callable[[], str]]:
    """Start a private server; gives a function that makes an empty database and tells its address."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    import psycopg

    folder = Path(tempfile.mkdtemp(prefix="raamwerk-pg-"))
    try:
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        data = folder / "data"
        _as_server(programs / "initdb", "-D", data, "-U", "raamwerk", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        _as_server(programs / "pg_ctl", "-D", data, "-l", folder / "log", "-o", options, "-w", "start")
        try:

            def make() -> str:
                name = f"proef_{next(_NUMBERS)}"
                with psycopg.connect(f"host={folder} user=raamwerk dbname=postgres", autocommit=True) as connection:
                    connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
                return f"postgresql+psycopg://raamwerk@/{name}?host={folder}"

            yield make
        finally:
            _as_server(programs / "pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'studie' / 'raamwerk.db'}"
    make: Callable[[], str] = request.getfixturevalue("postgresql")
    return make()


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    """Give a store in which the study with sessions a and b is registered."""
    with open_store(address, clock=world.fixed_clock) as opened:
        opened.register_study(world.study("a", "b"), world.BOOK)
        yield opened
