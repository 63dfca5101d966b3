"""Read CSV and XLSX with a heading row and columns for time, speaker, function and text; a row is a turn."""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from typing import TYPE_CHECKING

import openpyxl

from pipeline.domain.errors import InputError
from pipeline.formats.grid import Grid, Row, heading_columns, mapped_columns, require_text, unread_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.formats.intake import Archive
    from pipeline.formats.turns import Aside, Piece

DELIMITERS = ";,\t|"
MOST_COLUMNS = 60
MOST_ROWS = 500_000
_XLSX_FAULTS = (
    zipfile.BadZipFile,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    OSError,
    EOFError,
    SyntaxError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
)


def delimiter_of(text: str) -> str | None:
    """Give the mark between the columns of a CSV text if its first row names a text column and another; else `None`."""
    first = next((line for line in text[:10_000].splitlines() if line.strip()), "")
    best = max(DELIMITERS, key=lambda mark: len(heading_columns(_cells(first, mark))))
    found = heading_columns(_cells(first, best))
    return best if "tekst" in found and len(found) > 1 else None


def _cells(line: str, mark: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=mark), [])
    except csv.Error:
        return []


def read_csv(text: str, place: str, columns: Mapping[str, str] | None, aside: Aside) -> list[Piece]:
    """Give the turns of a CSV text.

    Args:
        text: the whole file.
        place: name of the file, for errors.
        columns: our names of columns to theirs, or `None` for the usual ones.
        aside: gets warnings.

    Raises:
        InputError: when the text column is missing, a quote is never closed, or a time cannot be read.
    """
    first = next((line for line in text.splitlines() if line.strip()), "")
    mark = delimiter_of(text) or max(DELIMITERS, key=first.count)
    rows: list[Row] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    start = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                _check_quotes(cells, mark, place, start)
                rows.append(Row(start, cells))
            start = reader.line_num + 1
    except csv.Error:
        cure = 'Controleer de aanhalingstekens (") in deze rij, of sla het bestand op als .xlsx.'
        where = f"{place}, rij {start}"
        raise InputError.single(where, "de rij kan niet worden gelezen", cure) from None
    return _pieces(rows, place, columns, aside)


def _check_quotes(cells: Sequence[str], mark: str, place: str, number: int) -> None:
    """Refuse a row in whose cells whole other rows are swallowed by a quote that is never closed."""
    for cell in cells:
        swallowed = cell.count("\n")
        if swallowed > 1 and cell.count(mark) >= swallowed - 1:
            cure = 'Sluit het aanhalingsteken (") in deze rij, of sla het bestand op als .xlsx.'
            where = f"{place}, rij {number}"
            raise InputError.single(where, "een aanhalingsteken is niet gesloten", cure)


def _pieces(rows: Sequence[Row], place: str, columns: Mapping[str, str] | None, aside: Aside) -> list[Piece]:
    if not rows:
        raise InputError.single(place, "de tabel is leeg", "Zet boven de kolommen: tijd, spreker, functie, tekst.")
    headings = rows[0].cells
    found = mapped_columns(headings, columns or {}, place)
    require_text(found, place)
    unread_columns(found, headings, aside)
    return Grid(found, place, aside).pieces(rows[1:])


def read_xlsx(data: bytes, archive: Archive, columns: Mapping[str, str] | None, aside: Aside) -> list[Piece]:
    """Give the turns of the first sheet of a workbook that has rows.

    Args:
        data: the whole file.
        archive: the same file, sizes checked.
        columns: our names of columns to theirs, or `None` for the usual ones.
        aside: gets warnings.

    Raises:
        InputError: when the workbook is damaged or dangerous, the text column is missing, or a time cannot be read.
    """
    place = archive.place
    archive.screen()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sheets = list(_sheets(data, place))
    except _XLSX_FAULTS:
        cure = "Open het bestand in Excel en sla het opnieuw op als .xlsx."
        raise InputError.single(place, "de werkmap is beschadigd", cure) from None
    filled = [rows for rows in sheets if rows]
    talk = next((rows for rows in filled if "tekst" in heading_columns(rows[0].cells)), filled[0] if filled else [])
    if len(filled) > 1:
        aside.warnings.append(
            f"De werkmap heeft {len(filled)} bladen met inhoud; alleen het blad met de tekst is gelezen."
        )
    return _pieces(talk, place, columns, aside)


def _sheets(data: bytes, place: str) -> Iterable[list[Row]]:
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    try:
        for sheet in book.worksheets:
            cells = enumerate(sheet.iter_rows(max_col=MOST_COLUMNS, max_row=MOST_ROWS + 1, values_only=True), start=1)
            rows = [
                Row(number, row) for number, row in cells if any(cell is not None and str(cell).strip() for cell in row)
            ]
            if rows and rows[-1].number > MOST_ROWS:
                found = f"een blad heeft meer dan {MOST_ROWS} rijen"
                raise InputError.single(place, found, "Lever één gesprek per bestand aan.")
            yield rows
    finally:
        book.close()
