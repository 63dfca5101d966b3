"""Read `herkomst.csv`: who wrote the sessions of a made-up study, and what else sets them apart.

One row a session, with the column `sessie`. Sessions with the same `schrijver` stay on one side of every split when a
tagger is judged; by every other column figures are given (`stijl`, `onderwerp` …).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.formats.findings import Findings
from pipeline.formats.sheets import Columns, read_sheet

if TYPE_CHECKING:
    from pathlib import Path

FILE: Final = "herkomst.csv"
SESSION: Final = "sessie"
WRITER: Final = "schrijver"
_COLUMNS: Final = Columns(required=(SESSION,), optional=(WRITER,), free=True)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a session comes from.

    Attributes:
        group: its writer, or empty.
        facets: column and value, but for the session itself.
    """

    group: str
    facets: tuple[tuple[str, str], ...]


def read_origins(folder: Path) -> dict[str, Origin]:
    """Read the file of a study, by session; empty when the study has none.

    Raises:
        InputError: when it is no table, there is no column `sessie`, or a session stands in it twice.
    """
    path = folder / FILE
    if not path.is_file():
        return {}
    findings = Findings()
    sheet = read_sheet(path, path.name, _COLUMNS, findings)
    origins: dict[str, Origin] = {}
    for row in sheet.rows if sheet else ():
        session = row.get(SESSION)
        if session in origins:
            findings.add(row.place_of(SESSION), f"'{session}' staat er twee keer", "Haal er één weg.")
        facets = tuple((name, value) for name, value in row.cells.items() if name != SESSION and value)
        origins[session] = Origin(row.get(WRITER), facets)
    findings.stop_if_any()
    return origins
