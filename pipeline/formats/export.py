"""Tables as Dutch Excel opens them at a double click: semicolons, decimal commas, UTF-8 with byte-order mark, CRLF."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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
