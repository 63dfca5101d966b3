"""How does a database get the schema of this program?

The only module that needs Alembic; it is imported only when there is something to do. The whole upgrade is one
transaction, also when two processes start at once.
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from pipeline.domain.errors import RaamwerkError
from pipeline.store import files
from pipeline.store.versions import version_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pipeline.store.engines import Doors

STEPS = Path(__file__).parent / "migrations"
_LOCK = 7_221_101_326
"""Any number, the same for all who upgrade a PostgreSQL database."""
_LOG = logging.getLogger(__name__)


def upgrade(doors: Doors, *, steps: Path = STEPS) -> Path | None:
    """Bring a database to the newest revision.

    Args:
        doors: the database.
        steps: folder with env.py and versions/.

    Returns:
        Where a copy of an older SQLite file was left, `None` when there was nothing to copy.

    Raises:
        RaamwerkError: when a newer program made it, or when it holds tables that are not ours; nothing is changed.
    """
    config = Config(attributes={})
    config.set_main_option("script_location", str(steps).replace("%", "%%"))
    script = ScriptDirectory.from_config(config)
    head = script.get_current_head()
    with doors.writer.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        version = version_of(connection)
        if version == head:
            return None
        _check_ours(connection, doors, version, script)
        copy = _copy(doors.file, version) if version and doors.file else None
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return copy


def _check_ours(connection: Connection, doors: Doors, version: str | None, script: ScriptDirectory) -> None:
    known = {step.revision for step in script.walk_revisions()}
    if version is not None and version not in known:
        message = (
            f"De database {doors.where} is gemaakt met een nieuwere versie van Raamwerk (schema {version}). "
            "Installeer de nieuwste versie van Raamwerk en probeer het opnieuw. Er is niets veranderd."
        )
        raise RaamwerkError(message)
    if version is None and inspect(connection).get_table_names():
        message = (
            f"In de database {doors.where} staan al tabellen die niet van Raamwerk zijn. "
            "Geef het adres van een lege database, of van een bestand dat nog niet bestaat. Er is niets veranderd."
        )
        raise RaamwerkError(message)


def _copy(file: Path, version: str) -> Path:
    """Copy an SQLite database beside itself, side files included, while others may read it."""
    copy = file.with_name(f"{file.name}.kopie-schema-{version}")
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(":memory:")) as target:
        source.backup(target)
        files.write_file(copy, target.serialize(), mode=files.PRIVATE)
    _LOG.warning("De database %s wordt bijgewerkt. Een kopie van vóór het bijwerken staat in %s.", file, copy)
    return copy
