"""Read a table of labelled units from which a tagger can learn without a study: one row a unit, in order of speaking.

Columns: `tekst`; `sessie` (without it every row is of one session), `spreker`, `functie`, `schrijver` and
`soort_codeur` where they are known; and one column for each dimension that was coded, as in tables of labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.domain.coding import CoderKind
from pipeline.domain.transcript import FUNCTIES
from pipeline.formats.findings import Findings, instead_of, one_of
from pipeline.formats.labels import CODER_KIND, labels_in
from pipeline.formats.sheets import Columns, read_sheet
from pipeline.formats.speakers import functie_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pipeline.domain.codebook import Codebook, Dimension
    from pipeline.formats.sheets import Row, Sheet

TEXT: Final = "tekst"
SESSION: Final = "sessie"
SPEAKER: Final = "spreker"
FUNCTIE: Final = "functie"
WRITER: Final = "schrijver"
OPTIONAL: Final = (SESSION, SPEAKER, FUNCTIE, WRITER, CODER_KIND)
ENGLISH: Final = {
    "text": TEXT,
    "session": SESSION,
    "speaker": SPEAKER,
    "role": FUNCTIE,
    "writer": WRITER,
    "coder_kind": CODER_KIND,
}
_OTHER: Final = frozenset({"anders", "overig"})


@dataclass(frozen=True, slots=True)
class ExampleRow:
    """A labelled unit in a table; raw, so not yet safe to show.

    Attributes:
        session: id of its session, or empty.
        speaker: who says it, or `None`.
        functie: what they are, a value of `FUNCTIES`, the same on all their rows of a session; or `None`.
        group: writer of the session, the same on all its rows; or empty.
        text: the words.
        labels: by dimension; a dimension that is not there was not coded.
        coder_kind: who judged, or `None` where the table does not tell.
    """

    session: str
    speaker: str | None
    functie: str | None
    group: str
    text: str
    labels: Mapping[str, tuple[str, ...]]
    coder_kind: CoderKind | None


def read_examples(path: Path, codebook: Codebook) -> tuple[ExampleRow, ...]:
    """Read the table from CSV or XLSX.

    Args:
        path: the table.
        codebook: whose dimensions and labels count.

    Raises:
        InputError: with all problems at once, by row and column: no rows, no text, unknown columns, functions and
            labels, sessions on some rows only, a speaker with two functions or a session with two writers, and what
            `read_labels` reports of labels.
    """
    findings = Findings()
    dimensions = codebook.unit_dimensions
    known = Columns((TEXT,), (*OPTIONAL, *(dimension.id for dimension in dimensions)), also=ENGLISH)
    sheet = read_sheet(path, path.name, known, findings)
    rows: tuple[ExampleRow, ...] = ()
    if sheet:
        _check_whole(sheet, dimensions, path.name, findings)
        functies, writers = _functies(sheet.rows, findings), _writers(sheet.rows, findings)
        rows = tuple(_example(row, dimensions, functies, writers, findings) for row in sheet.rows)
    findings.stop_if_any()
    return rows


def _check_whole(sheet: Sheet, dimensions: Iterable[Dimension], place: str, findings: Findings) -> None:
    """Report a table without rows or without labels, and sessions that stand on some rows only."""
    if not sheet.rows:
        findings.add(place, "de tabel heeft geen rijen", "Zet elke uiting op een eigen rij.")
    if not any(dimension.id in sheet.columns for dimension in dimensions):
        cure = f"Voeg een kolom toe voor {one_of(dimension.id for dimension in dimensions)}."
        findings.add(place, "er is geen kolom met labels", cure)
    named = any(row.get(SESSION) for row in sheet.rows)
    for row in sheet.rows:
        if named and not row.get(SESSION):
            found = "de cel is leeg, terwijl andere rijen wel een sessie hebben"
            findings.add(row.place_of(SESSION), found, "Vul in bij welke sessie deze uiting hoort.")


def _functies(rows: Iterable[Row], findings: Findings) -> dict[tuple[str, str], str]:
    """Give the function of each speaker, by session and speaker, as the first row with one tells it."""
    told: dict[tuple[str, str], tuple[str, Row]] = {}
    for row in rows:
        functie = _functie(row, findings)
        if functie is not None:
            said, first = told.setdefault((row.get(SESSION), _speaker(row)), (functie, row))
            if said != functie:
                found = f"deze spreker heeft op rij {first.number} een andere functie"
                cure = "Maak de functie op alle rijen van de spreker gelijk, of geef een van beiden een andere naam."
                findings.add(row.place_of(FUNCTIE), found, cure)
    return {who: functie for who, (functie, _) in told.items()}


def _functie(row: Row, findings: Findings) -> str | None:
    written = row.get(FUNCTIE)
    functie = "anders" if written.casefold() in _OTHER else functie_of(written)
    if written and functie is None:
        cure = f"{instead_of(written, FUNCTIES, 'Kies uit')} Of laat de cel leeg."
        findings.add(row.place_of(FUNCTIE), "dit is geen bekende functie", cure)
    return functie


def _speaker(row: Row) -> str:
    return row.get(SPEAKER) or row.get(FUNCTIE)


def _writers(rows: Iterable[Row], findings: Findings) -> dict[str, str]:
    """Give the writer of each session that has one."""
    first: dict[str, Row] = {}
    for row in rows:
        if row.get(WRITER):
            earlier = first.setdefault(row.get(SESSION), row)
            if earlier.get(WRITER) != row.get(WRITER):
                found = f"deze sessie heeft op rij {earlier.number} een andere schrijver"
                cure = (
                    f"Maak de schrijver op alle rijen van de sessie gelijk. Zonder kolom '{SESSION}' is de hele tabel "
                    "één sessie."
                )
                findings.add(row.place_of(WRITER), found, cure)
    return {session: row.get(WRITER) for session, row in first.items()}


def _example(
    row: Row,
    dimensions: Sequence[Dimension],
    functies: Mapping[tuple[str, str], str],
    writers: Mapping[str, str],
    findings: Findings,
) -> ExampleRow:
    if not row.get(TEXT):
        findings.add(row.place_of(TEXT), "de cel is leeg", "Vul de woorden van de uiting in, of haal de rij weg.")
    session, speaker = row.get(SESSION), _speaker(row)
    labels = labels_in(row, dimensions, findings)
    return ExampleRow(
        session=session,
        speaker=speaker or None,
        functie=functies.get((session, speaker)) or functie_of(speaker),
        group=writers.get(session, ""),
        text=row.get(TEXT),
        labels=labels,
        coder_kind=_coder_kind(row, findings, needed=bool(labels)),
    )


def _coder_kind(row: Row, findings: Findings, *, needed: bool) -> CoderKind | None:
    """Give who judged; a table that tells it tells it for every row with labels."""
    written = row.get(CODER_KIND).casefold()
    if written in set(CoderKind):
        return CoderKind(written)
    if written or (needed and CODER_KIND in row.cells):
        found = "dit is geen soort codeur" if written else "de cel is leeg"
        findings.add(row.place_of(CODER_KIND), found, f"Vul {one_of(CoderKind)} in.")
    return None


def by_session(rows: Iterable[ExampleRow]) -> dict[str, list[ExampleRow]]:
    """Put rows together by session, in order of first appearance; the name becomes an id such as "tabel-0001"."""
    together: dict[str, list[ExampleRow]] = {}
    for row in rows:
        together.setdefault(row.session, []).append(row)
    return {f"tabel-{number:04d}": its for number, its in enumerate(together.values(), start=1)}
