"""Read `herkomst.csv`: who wrote the sessions of a made-up study, and what else sets them apart.

One row a session, with the column `sessie`. Sessions with the same `schrijver` stay on one side of every split when a
tagger is judged; by every other column figures are given (`stijl`, `onderwerp` …). Sessions with `alleen_leren` ja are
only learnt from: cuttings in which something happens all the time say nothing of how often it happens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.formats.findings import Findings
from pipeline.formats.sheets import Columns, read_sheet
from pipeline.formats.yaml_lines import YES_NO

if TYPE_CHECKING:
    from pathlib import Path

FILE: Final = "herkomst.csv"
SESSION: Final = "sessie"
WRITER: Final = "schrijver"
ONLY_TEACHES: Final = "alleen_leren"
_ABOUT: Final = (SESSION, ONLY_TEACHES)
_COLUMNS: Final = Columns(required=(SESSION,), optional=(WRITER, ONLY_TEACHES), free=True)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a session comes from.

    Attributes:
        group: its writer, or empty.
        facets: column and value, but for the session itself.
        only_teaches: it is learnt from, but nothing is measured on it.
    """

    group: str
    facets: tuple[tuple[str, str], ...]
    only_teaches: bool = False


def read_origins(folder: Path) -> dict[str, Origin]:
    """Read the file of a study, by session; empty when the study has none.

    Raises:
        InputError: when it is no table, there is no column `sessie`, a session stands in it twice, or `alleen_leren` is
            neither ja nor nee.
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
        said = row.get(ONLY_TEACHES)
        only_teaches = YES_NO.get(said.lower(), None if said else False)
        if only_teaches is None:
            findings.add(row.place_of(ONLY_TEACHES), f"'{said}' is geen ja of nee", "Vul ja of nee in.")
        facets = tuple((name, value) for name, value in row.cells.items() if name not in _ABOUT and value)
        origins[session] = Origin(row.get(WRITER), facets, bool(only_teaches))
    findings.stop_if_any()
    return origins
