"""How is a database reached?

One address gives two doors to it: one for reading a whole picture, one for writing in one transaction at a time.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from pipeline.domain.errors import RaamwerkError
from pipeline.store import files

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from sqlalchemy import URL, Connection, Engine
    from sqlalchemy.pool import ConnectionPoolEntry

_WAIT_S = 60
"""Seconds that a writer waits for another one, and a reader for a database to be made."""
_CONNECT_S = 10


@dataclass(frozen=True, slots=True)
class Doors:
    """A database, opened.

    Attributes:
        reader: its transactions see one moment and write nothing.
        writer: its transactions write whole or not at all; in SQLite one at a time.
        where: address without password, for messages.
        file: the file of an SQLite database, `None` for a server.
    """

    reader: Engine
    writer: Engine
    where: str
    file: Path | None

    def close(self) -> None:
        """Close all connections."""
        self.writer.dispose()


def open_doors(address: str) -> Doors:
    """Reach a database; a missing SQLite file is made, readable for its owner only.

    Args:
        address: SQLAlchemy address: "sqlite:////folder/raamwerk.db" or "postgresql+psycopg://…".

    Raises:
        RaamwerkError: when the address is none of these, or the file cannot be made.
    """
    url = _checked(address)
    if url.get_backend_name() == "sqlite":
        file = Path(url.database or "")
        _make_file(file)
        return _sqlite_doors(url, file)
    return _postgresql_doors(url)


@contextmanager
def plainly_said(doors: Doors, doing: str) -> Iterator[None]:
    """Turn errors of the database into Dutch, without the values it was given (they may be what people said)."""
    try:
        yield
    except DBAPIError as error:
        # An SQLite message names tables and causes only; one of PostgreSQL can quote a row.
        reason = str(error.orig) if doors.file else type(error.orig).__name__
        message = (
            f"Het {doing} van de database {doors.where} is niet gelukt ({reason}). Er is niets half opgeslagen. "
            "Kijk of de schijf vol is, of je daar mag schrijven en of de database bereikbaar is. "
            "Probeer het daarna opnieuw."
        )
        raise RaamwerkError(message) from None


def _checked(address: str) -> URL:
    cure = "Gebruik 'sqlite:////map/raamwerk.db' of 'postgresql+psycopg://gebruiker@server/database'."
    try:
        url = make_url(address)
    except ArgumentError:
        message = f"Het adres van de database is niet te lezen. {cure}"
        raise RaamwerkError(message) from None
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in {"sqlite", "sqlite+pysqlite", "postgresql+psycopg"}:
        message = f"Raamwerk kan niet werken met een database van de soort '{url.drivername}'. {cure}"
        raise RaamwerkError(message)
    if url.get_backend_name() == "sqlite" and (url.database in {None, "", ":memory:"} or url.query):
        message = f"Het adres van de database noemt geen bestand. {cure}"
        raise RaamwerkError(message)
    return url


def _make_file(file: Path) -> None:
    """Make an empty SQLite file; its side files get the same permissions from SQLite."""
    try:
        files.make_private_folder(file.parent)
        with suppress(FileExistsError):
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, files.PRIVATE))
    except OSError as error:
        message = (
            f"De database {file} kan niet worden gemaakt ({error.strerror}). "
            "Kijk of de map bestaat en of je daar mag schrijven."
        )
        raise RaamwerkError(message) from None


def _sqlite_doors(url: URL, file: Path) -> Doors:
    engine = create_engine(url, hide_parameters=True, json_serializer=_to_json, connect_args={"timeout": _WAIT_S})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return Doors(engine, engine.execution_options(writes=True), str(file), file)


def _postgresql_doors(url: URL) -> Doors:
    engine = create_engine(
        url,
        hide_parameters=True,
        json_serializer=_to_json,
        pool_pre_ping=True,
        connect_args={"connect_timeout": _CONNECT_S},
    )
    reader = engine.execution_options(isolation_level="REPEATABLE READ")
    writer = engine.execution_options(isolation_level="READ COMMITTED")
    return Doors(reader, writer, url.render_as_string(hide_password=True), None)


_to_json = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # transactions are begun by us, not guessed by the driver
    for pragma in ("journal_mode = WAL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
