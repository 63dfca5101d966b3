"""Say how far the coders of one table agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from pipeline.domain.codebook import DimensionKind
from pipeline.formats.codings import read_codings
from pipeline.statistics.agreement import describe_agreement
from pipeline.steps.outcome import OK
from pipeline.steps.single import check_out, deliver

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pipeline.domain.agreement import Agreement
    from pipeline.steps.single import Shelf

UNKNOWN = "niet te bepalen"
DISTANCES = {DimensionKind.SINGLE: "nominaal", DimensionKind.ORDINAL: "ordinaal", DimensionKind.MULTI: "masi"}
"""How alpha measures the distance between two values."""
_WIDEST = 10_000


def run(shelf: Shelf, path: Path, codebook: Path | None = None, out: Path | None = None) -> int:
    """Print the coefficients of a table of codings, per dimension, label and session.

    Args:
        shelf: codebooks that ship.
        path: the table.
        codebook: folder of a codebook, or id of one that ships; `None` to take the columns as they are.
        out: file for the same as JSON lines, or `None`.

    Returns:
        Exit status.

    Raises:
        InputError: when the table cannot be read.
    """
    check_out(out, [path])
    table = read_codings(path, shelf.codebook(codebook) if codebook else None)
    found = describe_agreement(table.codings, table.dimensions)
    if out is not None:
        deliver([agreement_row(one) for one in found], out)
    overall = [one for one in found if one.session is None]
    for dimension in table.dimensions:
        _print(_labels(dimension.id, [one for one in overall if one.dimension == dimension.id]))
    sessions = [one for one in found if one.session is not None]
    if sessions:
        _print(_sessions([dimension.id for dimension in table.dimensions], sessions))
    return OK


def agreement_row(one: Agreement) -> dict[str, object]:
    """Give one object; fields as in `docs/velden.md`."""
    return {
        "dimension": one.dimension,
        "label": one.label,
        "session": one.session,
        "distance": DISTANCES[one.kind],
        "units": one.units,
        "sessions": one.sessions,
        "coders": list(one.coders),
        "agreement": one.observed,
        "positive_agreement": one.positive,
        "alpha": one.alpha,
        "ac1": one.ac1,
        "positives": dict(zip(one.coders, one.positives, strict=False)),
    }


def _labels(dimension: str, rows: Sequence[Agreement]) -> Table:
    whole = rows[0]
    known = "" if whole.sessions is None else f", sessies: {whole.sessions}"
    title = f"{dimension} ({DISTANCES[whole.kind]}); uitingen met twee of meer codeurs: {whole.units}{known}"
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    table.add_column("label")
    for heading in ("overeenstemming", "positief", "alpha", "AC1", *(f"keer {coder}" for coder in whole.coders)):
        table.add_column(heading, justify="right")
    for row in rows:
        figures = [_figure(row.observed), "" if row.label is None else _figure(row.positive)]
        counts = [str(count) for count in row.positives] or [""] * len(whole.coders)
        table.add_row(row.label or "(geheel)", *figures, _figure(row.alpha), _figure(row.ac1), *counts)
    return table


def _sessions(dimensions: Sequence[str], rows: Iterable[Agreement]) -> Table:
    table = Table(title="Per sessie: alpha (uitingen)", title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    table.add_column("sessie")
    for dimension in dimensions:
        table.add_column(dimension, justify="right")
    cells: dict[str, dict[str, str]] = {}
    for row in rows:
        cells.setdefault(row.session or "", {})[row.dimension] = f"{_figure(row.alpha)} ({row.units})"
    for session, found in cells.items():
        table.add_row(session, *(found.get(dimension, "") for dimension in dimensions))
    return table


def _figure(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.3f}".replace(".", ",")


def _print(table: Table) -> None:
    """Print a table as wide as it is: a narrow screen or a pipe must not cut figures."""
    width = Console(width=_WIDEST).measure(table).maximum
    Console(highlight=False, markup=False, width=width).print(table)
