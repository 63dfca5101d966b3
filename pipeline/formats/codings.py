"""The table of which agreement is measured: one row for what one coder said of one unit, one column a dimension.

Looser than a table of labels for a study (`labels`): units may have any name, headers may be English, and without a
codebook every further column is a dimension with the labels that occur in it. An empty cell says "not coded". In a
column of sets of labels they are joined by "+", and "geen" (or "-") is the empty set.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pipeline.domain.agreement import Coding, CodingTable
from pipeline.domain.codebook import Dimension, DimensionKind, Label
from pipeline.formats.codebook import JOIN, NO_HIT, NO_HIT_WORDS
from pipeline.formats.findings import Findings, instead_of
from pipeline.formats.labels import (
    BLIND,
    CODER,
    CODER_KIND,
    COMMAS,
    COMMAS_CURE,
    CONTEXT,
    DRAW,
    REMARKS,
    TEXT_SHA,
    UNIT,
    has_commas,
    lookalikes,
    quoted,
    report_repeats,
)
from pipeline.formats.sheets import Columns, Row, Sheet, read_sheet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pipeline.domain.codebook import Codebook

SESSION: Final = "sessie"
NOT_READ: Final = (CODER_KIND, TEXT_SHA, DRAW, BLIND, *CONTEXT, *REMARKS)
"""Columns that help people and hold no labels."""
ENGLISH: Final = {
    "unit": UNIT,
    "coder": CODER,
    "session": SESSION,
    "role": "functie",
    "text": "tekst",
    "remark": "opmerking",
}
_OF_SESSION: Final = re.compile(r"(.+)\.\d+\.\d+")
"""A unit that tells its session: session, turn and segment."""
_FEWEST_CODERS: Final = 2


def read_codings(path: Path, codebook: Codebook | None = None) -> CodingTable:
    """Read codings from CSV or XLSX.

    Args:
        path: the table, with the columns uiting (or unit) and codeur (or coder) and one a dimension; sessie (or
            session) if wanted, which is otherwise taken from units named session.turn.segment.
        codebook: says which dimensions and labels there are; `None` for those that occur: sets of labels where a
            column has a "+", single labels elsewhere.

    Returns:
        The codings, and the dimensions of which the table has at least one label.

    Raises:
        InputError: with all problems at once: missing or unknown columns and labels, cells that are empty or garbled,
            units that a coder has twice, a single coder.
    """
    findings = Findings()
    coded = codebook.unit_dimensions if codebook else ()
    optional = (SESSION, *NOT_READ, *(dimension.id for dimension in coded))
    columns = Columns((UNIT, CODER), optional, also=ENGLISH, free=codebook is None, told=True)
    sheet = read_sheet(path, path.name, columns, findings)
    table = CodingTable((), ())
    if sheet and {UNIT, CODER} <= set(sheet.columns):
        dimensions = _present(sheet, coded) if codebook else _occurring(sheet)
        if not dimensions:
            cure = "Voeg per dimensie een kolom toe met het label dat de codeur gaf."
            findings.add(path.name, "er is geen kolom met labels", cure)
        codings = [_coding(row, dimensions, findings) for row in sheet.rows]
        _check_whole(sheet.rows, path.name, findings)
        table = CodingTable(dimensions, tuple(codings))
    findings.stop_if_any()
    return table


def _present(sheet: Sheet, coded: Sequence[Dimension]) -> tuple[Dimension, ...]:
    return tuple(dimension for dimension in coded if any(row.get(dimension.id) for row in sheet.rows))


def _occurring(sheet: Sheet) -> tuple[Dimension, ...]:
    """Make a dimension of every column that is not known to be something else and has a value."""
    found = []
    for column in sheet.columns:
        if column in (UNIT, CODER, SESSION, *NOT_READ):
            continue
        cells = {row.get(column).casefold() for row in sheet.rows} - {""}
        several = any(JOIN in cell.strip(JOIN) for cell in cells)
        labels = {part for cell in cells for part in (_parts(cell) if several else [cell]) if part}
        if several:
            labels -= NO_HIT_WORDS
        if cells:
            kind = DimensionKind.MULTI if several else DimensionKind.SINGLE
            listed = tuple(Label(label, label, "") for label in sorted(labels))
            found.append(Dimension(column, column, "", kind, listed))
    return tuple(found)


def _parts(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(JOIN)]


def _coding(row: Row, dimensions: Iterable[Dimension], findings: Findings) -> Coding:
    for column in (UNIT, CODER):
        if not row.get(column):
            findings.add(row.place_of(column), "de cel is leeg", "Vul de cel in.")
    unit = row.get(UNIT)
    told = _OF_SESSION.fullmatch(unit)
    labels = {dimension.id: _labels(row, dimension, findings) for dimension in dimensions if row.get(dimension.id)}
    return Coding(unit, row.get(CODER), row.get(SESSION) or (told[1] if told else None), labels)


def _labels(row: Row, dimension: Dimension, findings: Findings) -> tuple[str, ...]:
    written = row.get(dimension.id).casefold()
    several = dimension.kind is DimensionKind.MULTI
    if several and written in NO_HIT_WORDS:
        return ()
    if has_commas(written, dimension):
        findings.add(row.place_of(dimension.id), COMMAS, COMMAS_CURE)
        return ()
    parts = _parts(written) if several else [written]
    for part, as_written in zip(
        parts, _parts(row.get(dimension.id)) if several else [row.get(dimension.id)], strict=True
    ):
        if part not in dimension.label_ids:
            found = f"dit is geen label van '{dimension.id}'{quoted(as_written, dimension.label_ids)}"
            found = found if part else f"naast een '{JOIN}' ontbreekt een label"
            cure = instead_of(part, dimension.label_ids, "Kies uit")
            if several:
                cure += f" Zet er '{JOIN}' tussen als er meer zijn; past er geen, vul dan '{NO_HIT}' in."
            findings.add(row.place_of(dimension.id), found, cure)
    return tuple(label for label in dimension.label_ids if label in parts)


def _check_whole(rows: Sequence[Row], place: str, findings: Findings) -> None:
    """Report what is wrong between rows: a coder twice or under two names, a unit in two sessions, one coder."""
    report_repeats(rows, findings)
    for problem in lookalikes((row.place, row.get(CODER)) for row in rows):
        findings.add(problem.place, problem.found, problem.cure)
    sessions: dict[str, Row] = {}
    for row in rows:
        before = sessions.setdefault(row.get(UNIT), row)
        if before.get(SESSION) != row.get(SESSION):
            found = f"deze uiting heeft op rij {before.number} een andere sessie"
            findings.add(row.place_of(SESSION), found, "Maak de sessie op alle rijen van de uiting gelijk.")
    if len({row.get(CODER) for row in rows} - {""}) < _FEWEST_CODERS:
        found = "er zijn geen twee codeurs"
        findings.add(place, found, "Zet de rijen van alle codeurs onder elkaar in één tabel.")
