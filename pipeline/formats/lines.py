"""JSON lines: one object a line, UTF-8, names of fields as `docs/velden.md` lists them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def json_lines(rows: Iterable[Mapping[str, object]]) -> bytes:
    """Write objects, each on a line of its own; half a surrogate pair, which UTF-8 does not know, becomes "?"."""
    lines = (json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows)
    return "".join(lines).encode("utf-8", errors="replace")
