"""What does a database hold, without the moments at which it was written?

Two runs over the same study give equal contents, whatever happened on the way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pipeline.store import tables
from pipeline.store.versions import version_of

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

_WRITTEN = {"registered_at", "created_at", "saved_at", "judged_at", "finished_at"}


def read_contents(connection: Connection) -> dict[str, Any]:
    """Give everything in the database as nested plain data, in an order that does not depend on when it was saved."""
    labels = {
        name: _by(_rows(connection, getattr(tables, name)), "utterance_id") for name in ("prediction", "judgement")
    }
    return {
        "schema": version_of(connection),
        "study": _rows(connection, tables.study),
        "codebooks": _rows(connection, tables.codebook),
        "sessions": _rows(connection, tables.session),
        "transcripts": _rows(connection, tables.transcript),
        "unitised": _rows(connection, tables.unitised),
        "utterances": _rows(connection, tables.utterance),
        "predictions": labels["prediction"],
        "judgements": labels["judgement"],
        "draws": _by(_rows(connection, tables.draw), "name"),
        "ledger": _rows(connection, tables.ledger),
    }


def _rows(connection: Connection, table: Table) -> list[dict[str, Any]]:
    """Give all rows in order of their primary key, which for labels is the order of saving, without times."""
    rows = connection.execute(select(table)).mappings()
    key = [column.name for column in table.primary_key]
    # Sorted here and not in SQL: databases sort texts by their own language rules.
    ordered = sorted(rows, key=lambda row: tuple(row[name] for name in key))
    return [{name: value for name, value in row.items() if name not in _WRITTEN} for row in ordered]


def _by(rows: list[dict[str, Any]], name: str) -> dict[str, list[dict[str, Any]]]:
    """Group what is only added to by what it is about, without its numbers, which tell in what order it was done."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row[name], []).append({key: value for key, value in row.items() if key not in {name, "id"}})
    return dict(sorted(groups.items()))
