"""Opening, making and upgrading a database."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from pipeline.domain.errors import RaamwerkError
from pipeline.store.database import open_store
from pipeline.store.engines import open_doors
from pipeline.store.tables import SCHEMA_VERSION, VERSION_TABLE, metadata
from pipeline.store.upgrade import STEPS, upgrade
from tests.store.world import BOOK, draw, judgement, sha, study

if TYPE_CHECKING:
    from pathlib import Path


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_and_its_side_files_are_for_the_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "studie" / ".raamwerk" / "raamwerk.db"
    with open_store(f"sqlite:///{file}") as store:
        store.finish("*", "x", "k", {})
        assert {path.name for path in file.parent.iterdir()} == {"raamwerk.db", "raamwerk.db-wal", "raamwerk.db-shm"}
        assert {_mode(path) for path in file.parent.iterdir()} == {0o600}
    assert _mode(file.parent) == 0o700


def test_the_schema_is_the_one_the_queries_expect(address: str) -> None:
    open_store(address).close()
    engine = create_engine(address)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_the_newest_step_is_the_version_of_the_program() -> None:
    config = Config()
    config.set_main_option("script_location", str(STEPS))
    assert ScriptDirectory.from_config(config).get_heads() == [SCHEMA_VERSION]


def test_foreign_keys_hold_and_the_journal_is_a_write_ahead_log(tmp_path: Path) -> None:
    doors = open_doors(f"sqlite:///{tmp_path}/x.db")
    with doors.writer.begin() as connection:
        pragmas = ("foreign_keys", "journal_mode", "busy_timeout")
        assert [connection.scalar(text(f"PRAGMA {name}")) for name in pragmas] == [1, "wal", 60000]
    doors.close()


def test_an_existing_store_opens_at_once_and_without_alembic(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/x.db"
    open_store(address).close()
    script = (
        "import sys, time\n"
        "from pipeline.store.database import open_store\n"
        "begin = time.perf_counter()\n"
        f"open_store({address!r}).close()\n"
        "print(time.perf_counter() - begin)\n"
        "assert 'alembic' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 0.3


def _make_newer_steps(folder: Path) -> Path:
    steps = folder / "50% nieuwer"
    shutil.copytree(STEPS, steps, ignore=shutil.ignore_patterns("__pycache__"))
    (steps / "versions" / "revision_9999.py").write_text(
        "from alembic import op\nimport sqlalchemy as sa\n"
        f"revision = '9999'\ndown_revision = '{SCHEMA_VERSION}'\n"
        "def upgrade():\n    op.create_table('extra', sa.Column('id', sa.Integer(), primary_key=True))\n",
        encoding="utf-8",
    )
    return steps


def test_an_older_file_is_copied_beside_itself_before_it_is_upgraded(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "x.db"
    with open_store(f"sqlite:///{file}") as store:
        store.register_study(study("a"), BOOK)
        before = store.contents()
        assert store.copied_to is None
    doors = open_doors(f"sqlite:///{file}")
    copy = upgrade(doors, steps=_make_newer_steps(tmp_path))
    doors.close()
    assert copy == tmp_path / "x.db.kopie-schema-0002"
    assert str(copy) in caplog.text
    assert _mode(copy) == 0o600
    with open_store(f"sqlite:///{copy}") as store:
        assert store.contents() == before
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT version_num FROM raamwerk_version").fetchall() == [("9999",)]
        assert connection.execute("SELECT id FROM session").fetchall() == [("a",)]


def _make_first_steps(folder: Path) -> Path:
    """Give the steps as they were before there were draws."""
    steps = folder / "eerste"
    shutil.copytree(STEPS, steps, ignore=shutil.ignore_patterns("__pycache__"))
    for step in (steps / "versions").glob("revision_*.py"):
        if step.stem != "revision_0001":
            step.unlink()
    return steps


_OLD_ROWS = (
    "INSERT INTO session VALUES ('a', 0, 'noord', 1, NULL, 'a.txt', NULL, '{}', '{}', true)",
    "INSERT INTO codebook VALUES (:book, '{}', 'toen')",
    "INSERT INTO utterance VALUES ('a.0001.01', 'a', 0, 1, 1, NULL, 'een', :sha, NULL, NULL, false, true)",
    (
        "INSERT INTO judgement VALUES "
        "(0, 'a.0001.01', :sha, 'frame', '[\"leefwereld\"]', 'c1', 'mens', :book, '2026-03-01T10:00:00+00:00')"
    ),
)


def test_a_database_of_before_there_were_draws_keeps_its_judgements(address: str, tmp_path: Path) -> None:
    doors = open_doors(address)
    upgrade(doors, steps=_make_first_steps(tmp_path))
    with doors.writer.begin() as connection:
        for statement in _OLD_ROWS:
            clause = text(statement)
            given = {"book": BOOK.version_key, "sha": sha("een")}
            connection.execute(clause, {name: value for name, value in given.items() if f":{name}" in statement})
    doors.close()
    before = judgement("a.0001.01", "een", "leefwereld")
    with open_store(address) as store:
        assert store.contents()["schema"] == SCHEMA_VERSION
        assert store.judgements("a") == store.judgements_by_draw("a") == (before,)
        assert store.save_judgements((before,)) == 0
        store.save_draw(draw(("a.0001.01",)))
        assert store.save_judgements([replace(before, draw="trekking-1", blind=True)]) == 1
    engine = create_engine(address)
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text("UPDATE judgement SET blind = true"))
    engine.dispose()


def test_a_failing_upgrade_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    open_store(f"sqlite:///{file}").close()
    steps = _make_newer_steps(tmp_path)
    with (steps / "versions" / "revision_9999.py").open("a", encoding="utf-8") as step:
        step.write("    op.execute('DROP TABLE session')\n    raise RuntimeError('boem')\n")
    doors = open_doors(f"sqlite:///{file}")
    with pytest.raises(RuntimeError, match="boem"):
        upgrade(doors, steps=steps)
    doors.close()
    with open_store(f"sqlite:///{file}") as store:
        assert store.contents()["schema"] == SCHEMA_VERSION


def test_a_database_of_a_newer_program_is_refused_and_untouched(address: str, tmp_path: Path) -> None:
    doors = open_doors(address)
    upgrade(doors, steps=_make_newer_steps(tmp_path))
    doors.close()
    with pytest.raises(RaamwerkError, match=r"nieuwere versie van Raamwerk \(schema 9999\)"):
        open_store(address)


def test_a_database_of_another_program_is_refused_and_untouched(address: str) -> None:
    open_doors(address).close()
    engine = create_engine(address)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE boeken (titel TEXT)"))
    with pytest.raises(RaamwerkError, match="tabellen die niet van Raamwerk zijn"):
        open_store(address)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT * FROM boeken")).all() == []
    engine.dispose()


def test_an_empty_file_left_by_a_killed_start_is_taken_into_use(tmp_path: Path) -> None:
    (tmp_path / "x.db").touch()
    with open_store(f"sqlite:///{tmp_path}/x.db") as store:
        assert store.sessions() == ()
    assert not list(tmp_path.glob("*kopie*"))


def test_a_file_that_is_no_database_is_refused_and_untouched(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    file.write_bytes(b"dit is een gewoon bestand, geen database " * 100)
    with pytest.raises(RaamwerkError, match=r"x\.db is geen database van Raamwerk"):
        open_store(f"sqlite:///{file}")
    assert file.read_bytes().startswith(b"dit is een gewoon bestand")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("raamwerk.db", "niet te lezen"),
        ("mysql://iemand:geheim@server/x", "soort 'mysql'"),
        ("postgresql+psycopg2://iemand:geheim@server/x", "soort 'postgresql"),
        ("sqlite://", "noemt geen bestand"),
        ("sqlite:///:memory:", "noemt geen bestand"),
        ("sqlite:///x.db?mode=ro", "noemt geen bestand"),
    ],
)
def test_an_address_that_cannot_be_used_is_explained(wrong: str, message: str) -> None:
    with pytest.raises(RaamwerkError, match=message) as caught:
        open_store(wrong)
    assert "sqlite:////map/raamwerk.db" in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_a_place_where_nothing_can_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / "bestand").touch()
    with pytest.raises(RaamwerkError, match=r"kan niet worden gemaakt"):
        open_store(f"sqlite:///{tmp_path}/bestand/x.db")


def test_a_server_that_is_away_is_explained_without_the_password() -> None:
    begin = time.monotonic()
    with pytest.raises(RaamwerkError, match=r"Het openen van de database .* is niet gelukt") as caught:
        open_store("postgresql://iemand:geheim@127.0.0.1:1/x")
    assert "geheim" not in str(caught.value)
    assert time.monotonic() - begin < 20


@pytest.mark.slow
def test_starters_at_the_same_moment_make_one_good_database(address: str) -> None:
    script = f"from pipeline.store.database import open_store\nopen_store({address!r}).close()\n"
    starters = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(6)]
    assert [starter.wait(120) for starter in starters] == [0] * 6
    with open_store(address) as store:
        assert store.sessions() == ()
