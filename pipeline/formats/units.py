"""The tables in which a coder fills in labels; `labels.read_labels` reads them back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.domain.coding import CoderKind
from pipeline.formats.export import cell, csv_bytes, guarded
from pipeline.formats.labels import (
    BEFORE,
    BLIND,
    CODER,
    CODER_KIND,
    DRAW,
    ROLE,
    TEXT,
    TEXT_SHA,
    UNIT,
    marked_sha,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.domain.codebook import Codebook
    from pipeline.domain.labels import UnitRow


def units_table(rows: Iterable[UnitRow], coder: str, codebook: Codebook) -> bytes:
    """Write units with empty cells for their labels, as a CSV that Dutch Excel opens.

    Args:
        rows: in the order in which they were said.
        coder: name of the person who will fill it in.
        codebook: gives the columns.
    """
    columns = (UNIT, CODER, CODER_KIND, TEXT_SHA, ROLE, TEXT)
    return _table(columns, [{**_cells(row), CODER: guarded(coder)} for row in rows], codebook)


def draw_table(rows: Iterable[UnitRow], draw: str, codebook: Codebook) -> bytes:
    """Write drawn units with what was said before them, in the same way; who codes them fills in their own name.

    Nothing of what a machine says is in it, nor why a unit was drawn: the part of the session that it was drawn from
    would give its label away (`statistics.md` 1.1, A2).

    Args:
        rows: in the order in which they are to be coded.
        draw: id of the draw.
        codebook: gives the columns.
    """
    columns = (UNIT, CODER, CODER_KIND, DRAW, BLIND, TEXT_SHA, BEFORE, ROLE, TEXT)
    asked = {CODER: "", DRAW: draw, BLIND: cell(value=True)}
    return _table(columns, [{**_cells(row), **asked} for row in rows], codebook)


def _cells(row: UnitRow) -> dict[str, str]:
    return {
        UNIT: row.utterance_id,
        CODER_KIND: CoderKind.MENS.value,
        TEXT_SHA: marked_sha(row.text_sha),
        BEFORE: guarded("\n".join(row.before)),
        ROLE: row.functie or "",
        TEXT: guarded(row.text),
    }


def _table(columns: Sequence[str], rows: Iterable[Mapping[str, str]], codebook: Codebook) -> bytes:
    dimensions = [dimension.id for dimension in codebook.unit_dimensions]
    empty = [""] * len(dimensions)
    return csv_bytes([[*columns, *dimensions], *([*(row[name] for name in columns), *empty] for row in rows)])
