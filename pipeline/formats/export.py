"""Tables as people and programs open them.

CSV as Dutch Excel wants it at a double click: semicolons, decimal commas, UTF-8 with byte-order mark, CRLF. Parquet and
JSON for other software.
"""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pyarrow import Array

    from pipeline.domain.study import Value

RISKY: Final = "=+-@'"
"""First characters after which a spreadsheet may calculate; the apostrophe is among them because it is our mark."""


def cell(value: Value) -> str:
    """Give a value as a Dutch spreadsheet reads it: ja/nee, decimal comma, empty when missing.

    Text that a spreadsheet would take for a formula gets an apostrophe in front; numbers do not.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "ja" if value else "nee"
    if isinstance(value, float):
        return repr(value).replace(".", ",")
    return guarded(value) if isinstance(value, str) else str(value)


def guarded(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet might take for a formula."""
    return f"'{text}" if text[:1] and text[0] in RISKY else text


def csv_bytes(table: Iterable[Sequence[str]]) -> bytes:
    """Write rows of cells as one CSV file."""
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=";", lineterminator="\r\n").writerows(table)
    return stream.getvalue().encode("utf-8-sig")


def parquet_bytes(header: Sequence[str], rows: Sequence[Sequence[Value]]) -> bytes:
    """Write a table as one Parquet file, for R, Python and the like: the same table, the same bytes.

    A column is of yes and no, whole numbers, numbers or text; one that holds several kinds is text as `cell` writes it,
    but with a decimal point.
    """
    import pyarrow as pa
    from pyarrow import parquet

    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in header]
    table = pa.table([_column(column) for column in columns], names=list(header))
    stream = io.BytesIO()
    parquet.write_table(table, stream, compression="zstd")
    return stream.getvalue()


def _column(values: list[Value]) -> Array:
    import pyarrow as pa

    kinds = {type(value) for value in values if value is not None}
    for kind, made in ((bool, pa.bool_()), (int, pa.int64())):
        if kinds == {kind}:
            return pa.array(values, made)
    if kinds and kinds <= {int, float}:
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    return pa.array([_text(value) for value in values], pa.string())


def _text(value: Value) -> str | None:
    if isinstance(value, bool):
        return cell(value)
    return None if value is None else str(value)


def tables_json(tables: Mapping[str, tuple[Sequence[str], Sequence[Sequence[Value]]]]) -> bytes:
    """Write tables as one JSON object: name of the table to its rows, each with its columns by name; indented."""
    plain = {name: [dict(zip(header, row, strict=True)) for row in rows] for name, (header, rows) in tables.items()}
    return (json.dumps(plain, ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode()
