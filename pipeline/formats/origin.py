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
    from collections.abc import Collection
    from pathlib import Path

    from pipeline.formats.sheets import Row, Sheet

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


def read_origins(folder: Path, sessions: Collection[str] | None = None) -> dict[str, Origin]:
    """Read the file of a study, by session; empty when the study has none.

    Args:
        folder: of the study.
        sessions: ids of the sessions that the study has, each of which must have a row and no other; `None` to take
            whatever stands in the file.

    Raises:
        InputError: when it is no table, there is no column `sessie`, a session stands in it twice, a row names no
            session of the study, a session of the study has no row, or `alleen_leren` is neither ja nor nee.
    """
    path = folder / FILE
    if not path.is_file():
        return {}
    findings = Findings()
    sheet = read_sheet(path, path.name, _COLUMNS, findings)
    if sheet and SESSION in sheet.columns and sessions is not None:
        _check_sessions(sheet, sessions, findings)
    origins: dict[str, Origin] = {}
    for row in sheet.rows if sheet else ():
        session = row.get(SESSION)
        if session in origins:
            findings.add(row.place_of(SESSION), f"'{session}' staat er twee keer", "Haal er één weg.")
        facets = tuple((name, value) for name, value in row.cells.items() if name not in _ABOUT and value)
        origins[session] = Origin(row.get(WRITER), facets, _only_teaches(row, findings))
    findings.stop_if_any()
    return origins


def _check_sessions(sheet: Sheet, sessions: Collection[str], findings: Findings) -> None:
    """Report rows and sessions that have no counterpart: a slip of the pen would put a writer on both sides."""
    named = [row.get(SESSION) for row in sheet.rows]
    for row, session in zip(sheet.rows, named, strict=True):
        if session not in sessions:
            found = f"'{session}' is geen sessie van deze studie" if session else "de cel is leeg"
            findings.add(row.place_of(SESSION), found, "Neem de naam over uit sessions.csv, of haal de rij weg.")
    missing = [session for session in sessions if session not in named]
    if missing:
        found = f"zonder rij in deze tabel: {', '.join(missing)}"
        findings.add(FILE, found, "Geef elke sessie van sessions.csv een rij, of haal het bestand weg.")


def _only_teaches(row: Row, findings: Findings) -> bool:
    said = row.get(ONLY_TEACHES)
    only_teaches = YES_NO.get(said.lower(), None if said else False)
    if only_teaches is None:
        findings.add(row.place_of(ONLY_TEACHES), f"'{said}' is geen ja of nee", "Vul ja of nee in.")
    return bool(only_teaches)
