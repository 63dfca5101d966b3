"""Tables with a row of column names, as people keep them: CSV in any of its habits, or the fitting sheet of an XLSX.

Every cell becomes text (dates ISO, ja/nee for Excel's truth values); what the text means is for the caller. Rows keep
the number that Excel shows. Transcripts in tables have their own reader.

Findings never repeat what a file says, only names of columns that we know: where a row of column names is missing, its
place is taken by names of people. What looks like one of our names may be repeated in some tables (`Columns.told`).
"""

from __future__ import annotations

import csv
import difflib
import io
import warnings
import zipfile
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final, cast

import openpyxl
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from pipeline.domain.errors import InputError
from pipeline.formats.findings import Findings, instead_of
from pipeline.formats.intake import Archive, decode, load

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from openpyxl.cell.cell import Cell, MergedCell
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet
    from openpyxl.worksheet.worksheet import Worksheet

MAX_ROWS: Final = 200_000
MAX_COLUMNS: Final = 1_000
_DELIMITERS: Final = ";,\t"
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"
_ZIP: Final = b"PK\x03\x04"
_XLSX_FAULTS: Final = (
    InvalidFileException,
    zipfile.BadZipFile,
    KeyError,
    ValueError,
    TypeError,
    IndexError,
    AttributeError,
    OSError,
    EOFError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
    SyntaxError,  # what the standard library's XML parser raises is one
)


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that a table should have.

    Attributes:
        required: must be there.
        optional: may be there.
        also: other names that a file may use, to ours.
        free: other columns mean something too, each under its own name.
        fill: what to fill in, as a sentence, for those required columns where that is not plain.
        told: an unknown column is named when it looks like a known one, and it is said that it may be taken away.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    also: Mapping[str, str] = field(default_factory=dict)
    free: bool = False
    fill: Mapping[str, str] = field(default_factory=dict)
    told: bool = False

    @property
    def known(self) -> tuple[str, ...]:
        """All columns that mean something."""
        return (*self.required, *self.optional)

    def name_of(self, header: str) -> str:
        """Give our name for the header of a column; its plain form when it is none of ours."""
        name = column_name(header)
        return self.also.get(name, name)


@dataclass(frozen=True, slots=True)
class Row:
    """A row that is not empty.

    Attributes:
        place: of the row, for people: "sessions.csv, rij 4".
        number: as Excel shows it; 1 is the row of the first line.
        cells: column name to text without white space around it; only columns that the table has and that are known.
    """

    place: str
    number: int
    cells: Mapping[str, str]

    def place_of(self, column: str) -> str:
        """Say where a cell is, for people."""
        return f"{self.place}, kolom {column}"

    def get(self, column: str) -> str:
        """Give a cell's text; empty when the cell is empty or the table has no such column."""
        return self.cells.get(column, "")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table that has been read.

    Attributes:
        columns: the known columns that it has, in its order.
        rows: those that are not empty.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


_RawRow = tuple[int, list[str]]


def read_sheet(path: Path, place: str, columns: Columns, findings: Findings) -> Sheet | None:
    """Read a table from a CSV or XLSX file, whichever its bytes are.

    Args:
        path: the file.
        place: how to call it in messages.
        columns: those that mean something; upper case and spaces in the file's names do not matter.
        findings: gets what is wrong: the file itself, missing, unknown and double columns, overlong rows; of a table
            whose first row names none of the required columns only that.

    Returns:
        The table, or `None` (and a finding) when there is none to speak of.
    """
    before = len(findings)
    try:
        data = load(path)
        rows = _rows(data, place, columns, findings)
    except InputError as error:
        findings.take(error, place)
        return None
    if not rows:
        if len(findings) == before:
            findings.add(place, "de tabel is leeg", f"Begin met een rij kolomnamen: {', '.join(columns.required)}.")
        return None
    return _sheet(rows, place, columns, findings)


def column_name(header: str) -> str:
    """Bring the name of a column to its plain form: lower case, one "_" for spaces."""
    return "_".join(header.casefold().split())


def _rows(data: bytes, place: str, columns: Columns, findings: Findings) -> list[_RawRow]:
    if data.startswith(_OLD_EXCEL):
        cure = "Open het in Excel, haal een wachtwoord er zo nodig af, en sla het op als .xlsx of .csv."
        findings.add(place, "dit is een oud of beveiligd Excel-bestand", cure)
        return []
    if data.startswith(_ZIP):
        return _xlsx_rows(data, place, columns, findings)
    return _csv_rows(data, place, columns, findings)


def _sheet(rows: list[_RawRow], place: str, columns: Columns, findings: Findings) -> Sheet | None:
    (header_number, header), *body = rows
    if not _names(header, columns) & set(columns.required):
        also = f" Ook mogelijk: {', '.join(columns.optional)}." if columns.optional else ""
        cure = f"Zet bovenaan een rij met de namen van de kolommen: {', '.join(columns.required)}.{also}"
        findings.add(f"{place}, rij {header_number}", "de eerste rij heeft geen kolomnamen", cure)
        return None
    positions = _positions(header, f"{place}, rij {header_number}", columns, findings)
    kept = []
    for number, cells in body:
        row_place = f"{place}, rij {number}"
        if any(cells[len(header) :]):
            findings.add(
                row_place,
                f"deze rij heeft {len(cells)} cellen, de rij met kolomnamen {len(header)}",
                "Haal de laatste cellen weg, of zet een waarde met het scheidingsteken erin (zoals 3,5) tussen "
                "dubbele aanhalingstekens.",
            )
        texts = {name: cells[at] if at < len(cells) else "" for name, at in positions.items()}
        kept.append(Row(row_place, number, texts))
    _report_nameless(header, body, place, findings)
    return Sheet(tuple(positions), tuple(kept))


def _positions(header: list[str], place: str, columns: Columns, findings: Findings) -> dict[str, int]:
    """Give the position of each known column, reporting what is missing, unknown or double."""
    positions: dict[str, int] = {}
    for at, written in enumerate(header):
        name = columns.name_of(written)
        if not name:
            continue
        if name in positions:
            findings.add(place, f"de kolom '{name}' staat er twee keer", "Houd er één over.")
        elif columns.free or name in columns.known:
            positions[name] = at
        else:
            cure = instead_of(name, columns.known, "Deze kolommen bestaan")
            found = "deze kolom is onbekend"
            if columns.told:
                found += f": '{written}'" if difflib.get_close_matches(name, list(columns.known), n=1) else ""
                cure += " Hoort hij er niet bij, haal hem dan weg."
            findings.add(f"{place}, kolom {get_column_letter(at + 1)}", found, cure)
    for name in columns.required:
        if name not in positions:
            cure = f"Voeg een kolom '{name}' toe. {columns.fill.get(name, '')}".rstrip()
            findings.add(place, f"de kolom '{name}' ontbreekt", cure)
    return positions


def _report_nameless(header: list[str], body: list[_RawRow], place: str, findings: Findings) -> None:
    for at, written in enumerate(header):
        filled = next((number for number, cells in body if at < len(cells) and cells[at]), None)
        if not written.strip() and filled is not None:
            findings.add(
                f"{place}, rij {filled}, kolom {get_column_letter(at + 1)}",
                "hier staat een waarde in een kolom zonder naam",
                "Geef de kolom een naam in de eerste rij, of maak haar leeg.",
            )


def _csv_rows(data: bytes, place: str, columns: Columns, findings: Findings) -> list[_RawRow]:
    text, _ = decode(data, place)
    delimiter, text = _delimiter(text, columns)
    reader = csv.reader(_bounded_lines(text, delimiter), delimiter=delimiter, strict=True)
    rows: list[_RawRow] = []
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            stripped = [" ".join(cell.split()) for cell in cells]
            if any(stripped):
                rows.append((number, stripped))
            if number > MAX_ROWS or len(cells) > MAX_COLUMNS:
                findings.add(f"{place}, rij {number}", *_TOO_LARGE)
                break
    except csv.Error:
        findings.add(
            f"{place}, rij {number + 1}",
            "de aanhalingstekens kloppen niet, of er staat veel te veel op de rij",
            'Sluit elke cel die met " begint ook met ", en verdubbel een " binnen zo\'n cel.',
        )
    return rows


_TOO_LARGE: Final = (
    f"de tabel heeft meer dan {MAX_ROWS} rijen of {MAX_COLUMNS} kolommen",
    "Haal lege rijen en kolommen weg, of verdeel de tabel over meer bestanden.",
)


def _bounded_lines(text: str, delimiter: str) -> Iterator[str]:
    """Give the lines of a CSV text, and stop at one that would make too many cells to keep."""
    for line in io.StringIO(text, newline=""):
        if line.count(delimiter) > 10 * MAX_COLUMNS:
            message = "too many cells in one line"
            raise csv.Error(message)
        yield line


def _delimiter(text: str, columns: Columns) -> tuple[str, str]:
    """Find the delimiter: Excel's own "sep=" line, or the one that gives most known columns.

    Returns:
        The delimiter, and the text without the "sep=" line (Excel does not count it either).
    """
    first, _, rest = text.partition("\n")
    declared = first.strip("\r ")
    if declared.casefold().startswith("sep=") and len(declared) == len("sep=;"):
        return declared[-1], rest
    header = next(iter(text.lstrip()[:100_000].splitlines()), "")

    def fit(delimiter: str) -> tuple[int, int]:
        names = [columns.name_of(name.strip().strip('"')) for name in header.split(delimiter)]
        return sum(name in columns.known for name in names), len(names)

    return max(_DELIMITERS, key=fit), text


def _xlsx_rows(data: bytes, place: str, columns: Columns, findings: Findings) -> list[_RawRow]:
    archive = Archive(data, place)
    if not any(name.startswith("xl/") for name in archive.names):
        findings.add(place, "dit is geen Excel-bestand", "Sla de tabel op als .xlsx of .csv.")
        return []
    formulas = False
    for name in archive.names:
        if name.startswith("xl/") and name.endswith((".xml", ".rels")):
            archive.xml(name)  # refuses entities and oversized parts before openpyxl sees them
            formulas = formulas or (name.startswith("xl/worksheets/") and _has_formula(archive.read(name)))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles and extensions that it leaves out
            sheets = _read_workbook(data, place, findings, formulas=formulas)
    except _XLSX_FAULTS:
        cure = "Open het in Excel en sla het opnieuw op als .xlsx of .csv."
        findings.add(place, "dit Excel-bestand is beschadigd", cure)
        return []
    return _chosen(sheets, place, columns, findings)


def _has_formula(part: bytes) -> bool:
    return b"<f>" in part or b"<f " in part


def _read_workbook(data: bytes, place: str, findings: Findings, *, formulas: bool) -> dict[str, list[_RawRow]]:
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    try:
        found = {sheet.title: _sheet_rows(sheet, place, findings) for sheet in book.worksheets}
    finally:
        book.close()
    if formulas:
        _report_uncalculated(data, found, place, findings)
    return found


def _sheet_rows(sheet: ReadOnlyWorksheet, place: str, findings: Findings) -> list[_RawRow]:
    sheet.reset_dimensions()
    cells_of_rows = cast("Worksheet", sheet).iter_rows(max_row=MAX_ROWS + 1)
    rows: list[_RawRow] = []
    for number, cells in enumerate(cells_of_rows, start=1):
        if number > MAX_ROWS or len(cells) > MAX_COLUMNS:
            findings.add(f"{place}, rij {number}", *_TOO_LARGE)
            break
        texts = [_cell_text(cell, f"{place}, rij {number}", at, findings) for at, cell in enumerate(cells, start=1)]
        while texts and not texts[-1]:
            texts.pop()
        if texts:
            rows.append((number, texts))
    return rows


def _cell_text(cell: Cell | MergedCell, place: str, at: int, findings: Findings) -> str:
    if cell.data_type == "e":
        findings.add(
            f"{place}, kolom {get_column_letter(at)}",
            "de cel toont een fout van Excel",
            "Zet de waarde zelf in de cel.",
        )
        return ""
    return _text(cell.value)


def _text(value: object) -> str:
    """Write a cell's value the way that people would type it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "ja" if value else "nee"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, (date, time, timedelta)):
        return str(value)
    return " ".join(str(value).split())


def _report_uncalculated(data: bytes, found: Mapping[str, Sequence[_RawRow]], place: str, findings: Findings) -> None:
    """Report formulas whose outcome the file does not hold: they would read as empty cells."""
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False)
    try:
        for sheet in book.worksheets:
            values = dict(found[sheet.title])
            for row, column in _formulas(sheet):
                if not any(values.get(row, [])[column - 1 : column]):
                    findings.add(
                        f"{place}, rij {row}, kolom {get_column_letter(column)}",
                        "de cel heeft een formule zonder uitkomst",
                        "Zet de uitkomst zelf in de cel, of open het bestand in Excel en sla het opnieuw op.",
                    )
    finally:
        book.close()


def _formulas(sheet: ReadOnlyWorksheet) -> Iterator[tuple[int, int]]:
    """Give the row and column, from 1, of every cell with a formula."""
    sheet.reset_dimensions()
    rows = cast("Worksheet", sheet).iter_rows(max_row=MAX_ROWS)
    for row, cells in enumerate(rows, start=1):
        yield from ((row, column) for column, cell in enumerate(cells, start=1) if cell.data_type == "f")


def _chosen(sheets: Mapping[str, list[_RawRow]], place: str, columns: Columns, findings: Findings) -> list[_RawRow]:
    """Choose the sheet with the table: the one whose first row names a required column."""
    filled = {number: rows for number, rows in enumerate(sheets.values(), start=1) if rows}
    fitting = [number for number, rows in filled.items() if _names(rows[0][1], columns) & set(columns.required)]
    if len(fitting) > 1:
        found = f"meer dan één blad heeft deze kolommen (blad {' en '.join(map(str, fitting))})"
        findings.add(place, found, "Laat de tabel op één blad staan.")
        return []
    return filled[fitting[0]] if fitting else next(iter(filled.values()), [])


def _names(header: Iterable[str], columns: Columns) -> set[str]:
    return {columns.name_of(name) for name in header}
