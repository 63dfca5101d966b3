"""Who may be mentioned in one transcript: a roster, or a plain list of names, one a line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pipeline.domain.transcript import Person, Roster
from pipeline.formats.findings import Findings
from pipeline.formats.intake import decode, load
from pipeline.formats.roster import COLUMNS, read_roster

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_NAME: Final = 100
"""Longest name in characters."""
_ZIP: Final = b"PK"
_BETWEEN_CELLS: Final = re.compile(r"[;,\t]")
_NO_NAME: Final = re.compile(r"[;\t|=<>{}]|,.*,")
_HEADING: Final = frozenset({"naam", "namen", "name", "names"})
_KIND: Final = "PERSOON"


def read_names(path: Path) -> Roster:
    """Read a roster (CSV or XLSX), or a text with one name a line, whichever the content is.

    Args:
        path: the file; a list may have a heading "naam" and marks such as "-" before the names.

    Raises:
        InputError: as `read_roster`; for a list with all lines that cannot be one name, by number.
    """
    data = load(path)
    if data.startswith(_ZIP):
        return read_roster(path)
    text, _ = decode(data, path.name)
    lines = [(number, line.strip(' \t"-*•·')) for number, line in enumerate(text.splitlines(), start=1)]
    filled = [(number, line) for number, line in lines if line]
    if filled and _is_table(filled[0][1]):
        return read_roster(path)
    return _listed(filled, path.name)


def _is_table(line: str) -> bool:
    cells = {cell.strip(' "').casefold() for cell in _BETWEEN_CELLS.split(line)}
    return len(cells) > 1 and bool(cells & set(COLUMNS.required))


def _listed(lines: list[tuple[int, str]], place: str) -> Roster:
    findings = Findings()
    names: dict[str, None] = {}
    for at, (number, line) in enumerate(lines):
        if not at and line.strip(":").casefold() in _HEADING:
            continue
        name = " ".join(line.split())
        if len(name) > LONGEST_NAME or _NO_NAME.search(name) or not any(char.isalpha() for char in name):
            cure = "Zet op elke regel één naam, of geef een deelnemerslijst met de kolommen spreker en naam."
            findings.add(f"{place}, regel {number}", "dit kan geen naam zijn", cure)
        names[name] = None
    if not names:
        findings.add(place, "er staan geen namen in", "Zet op elke regel één naam.")
    findings.stop_if_any()
    return Roster(persons=tuple(Person(name, _KIND) for name in names))
