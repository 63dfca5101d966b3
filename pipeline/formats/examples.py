"""Read a table of labelled units from which a tagger can learn without a study: one row a unit, in order of speaking.

Columns: `tekst`; `sessie` (without it every row is of one session), `spreker`, `functie` and `schrijver` where they are
known; and one column for each dimension that was coded, as in tables of labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.formats.findings import Findings, one_of
from pipeline.formats.labels import labels_in
from pipeline.formats.sheets import Columns, read_sheet
from pipeline.formats.speakers import functie_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pipeline.domain.codebook import Codebook

TEXT: Final = "tekst"
OPTIONAL: Final = ("sessie", "spreker", "functie", "schrijver")
ENGLISH: Final = {"text": TEXT, "session": "sessie", "speaker": "spreker", "role": "functie", "writer": "schrijver"}


@dataclass(frozen=True, slots=True)
class ExampleRow:
    """A labelled unit in a table; raw, so not yet safe to show.

    Attributes:
        session: id of its session, or empty.
        speaker: who says it, or `None`.
        functie: what they are, a value of `FUNCTIES`, or `None`.
        group: writer of the session, or empty.
        text: the words.
        labels: by dimension; a dimension that is not there was not coded.
    """

    session: str
    speaker: str | None
    functie: str | None
    group: str
    text: str
    labels: Mapping[str, tuple[str, ...]]


def read_examples(path: Path, codebook: Codebook) -> tuple[ExampleRow, ...]:
    """Read the table from CSV or XLSX.

    Args:
        path: the table.
        codebook: whose dimensions and labels count.

    Raises:
        InputError: with all problems at once, by row and column: no text, unknown columns or labels, and what
            `read_labels` reports of labels.
    """
    findings = Findings()
    dimensions = codebook.unit_dimensions
    known = Columns((TEXT,), (*OPTIONAL, *(dimension.id for dimension in dimensions)), also=ENGLISH)
    sheet = read_sheet(path, path.name, known, findings)
    rows: list[ExampleRow] = []
    if sheet and not any(dimension.id in sheet.columns for dimension in dimensions):
        cure = f"Voeg een kolom toe voor {one_of(dimension.id for dimension in dimensions)}."
        findings.add(path.name, "er is geen kolom met labels", cure)
    for row in sheet.rows if sheet else ():
        if not row.get(TEXT):
            findings.add(row.place_of(TEXT), "de cel is leeg", "Vul de woorden van de uiting in, of haal de rij weg.")
        session, speaker, functie, group = (row.get(name) for name in OPTIONAL)
        given = functie_of(functie) or functie_of(speaker)
        speaker_label = speaker or functie or None
        labels = labels_in(row, dimensions, findings)
        rows.append(ExampleRow(session, speaker_label, given, group, row.get(TEXT), labels))
    findings.stop_if_any()
    return tuple(rows)


def by_session(rows: Iterable[ExampleRow]) -> dict[str, list[ExampleRow]]:
    """Put rows together by session, in order of first appearance; the name becomes an id such as "tabel-0001"."""
    together: dict[str, list[ExampleRow]] = {}
    for row in rows:
        together.setdefault(row.session, []).append(row)
    return {f"tabel-{number:04d}": its for number, its in enumerate(together.values(), start=1)}
