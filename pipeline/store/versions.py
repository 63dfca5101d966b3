"""Which schema does a database have?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import column, inspect, select, table

from pipeline.store.tables import VERSION_TABLE

if TYPE_CHECKING:
    from sqlalchemy import Connection

_VERSION = table(VERSION_TABLE, column("version_num"))


def version_of(connection: Connection) -> str | None:
    """Give the revision of a database, `None` when it has no schema of ours yet."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    version: str | None = connection.scalar(select(_VERSION.c.version_num))
    return version
