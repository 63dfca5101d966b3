"""Rows and columns of talk, whatever file they came from: find the columns for time, speaker, function and text.

Columns are found by their heading (Dutch and English synonyms, or the study's own mapping); in tables of Word without
a heading row, by what is in them.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.domain.errors import InputError, Problem
from pipeline.formats.clock import in_range, parse_clock, parse_span
from pipeline.formats.marks import tidy
from pipeline.formats.speakers import MAX_LABEL, is_certain, is_header_key, is_name, read_label
from pipeline.formats.turns import Aside, Piece, listing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Cell = object
"""A value of a cell: text, number, time of day, duration, date or `None`."""

SYNONYMS: dict[str, tuple[str, ...]] = {
    "tijd": (
        "tijd",
        "tijdstip",
        "tijdcode",
        "tijdstempel",
        "start",
        "starttijd",
        "begin",
        "begintijd",
        "van",
        "time",
        "timestamp",
        "timecode",
        "start time",
        "start_time",
        "starttime",
        "timespan",
    ),
    "eind": ("eind", "einde", "eindtijd", "tot", "stop", "end", "end time", "end_time", "endtime"),
    "spreker": (
        "spreker",
        "sprekers",
        "speaker",
        "naam",
        "name",
        "wie",
        "deelnemer",
        "participant",
        "label",
        "spreker label",
        "speaker name",
    ),
    "functie": ("functie", "rol", "role", "beroep", "professie", "function"),
    "tekst": (
        "tekst",
        "text",
        "uiting",
        "uitspraak",
        "transcript",
        "transcriptie",
        "inhoud",
        "gesproken tekst",
        "utterance",
        "content",
        "zin",
        "fragment",
        "beurt",
        "wat",
    ),
}
COLUMNS = tuple(SYNONYMS)
"""Our names for columns."""
LEAST_SHARE = 0.5
FEW_LABELS = 40
LEAST_MINUTE_TIMES = 3
_NUMBER = re.compile(r"-?\d{1,9}(?:[.,]\d{1,9})?")
_UNIT = re.compile(r"\s*[\[(].{0,30}[\])]$")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of cells with its number in the file."""

    number: int
    cells: Sequence[Cell]


def column_of(heading: str) -> str | None:
    """Give our name for the heading of a column, `None` for others: "Speaker" -> "spreker", "Tijd (sec)" -> "tijd"."""
    bare = _UNIT.sub("", tidy(heading).casefold()).strip(" :*")
    return next((ours for ours, theirs in SYNONYMS.items() if bare in theirs), None)


def heading_columns(cells: Sequence[Cell]) -> dict[str, int]:
    """Give the place of every column that a heading row names by its usual names; the first of two alike counts."""
    found: dict[str, int] = {}
    for index, cell in enumerate(cells):
        ours = column_of(cell) if isinstance(cell, str) else None
        if ours:
            found.setdefault(ours, index)
    return found


def mapped_columns(cells: Sequence[Cell], columns: Mapping[str, str], place: str) -> dict[str, int]:
    """Give the place of every column by a mapping of our names to theirs; columns not mapped go by their usual names.

    Raises:
        InputError: when the mapping names a column of ours that does not exist, or one of theirs that the file lacks.
    """
    headings = [tidy(str(cell)).casefold() if cell is not None else "" for cell in cells]
    problems: list[Problem] = []
    found = heading_columns(cells)
    for ours, theirs in columns.items():
        if ours not in COLUMNS:
            cure = f"Gebruik alleen deze namen: {', '.join(COLUMNS)}."
            problems.append(Problem(place, f"de kolommen noemen '{ours}', dat bestaat niet", cure))
        elif tidy(theirs).casefold() not in headings:
            cure = "Verbeter de naam van de kolom in study.yaml, of de eerste rij van het bestand."
            problems.append(Problem(place, f"de kolom '{theirs}' (voor {ours}) ontbreekt", cure))
        else:
            found[ours] = headings.index(tidy(theirs).casefold())
    if problems:
        raise InputError(problems)
    return found


def require_text(found: Mapping[str, int], place: str) -> None:
    """Refuse a table without a column for the words.

    Raises:
        InputError: when there is none.
    """
    if "tekst" not in found:
        cure = "Zet in de eerste rij de namen van de kolommen: tijd, spreker, functie, tekst."
        where = f"{place}, rij 1"
        raise InputError.single(where, "er is geen kolom 'tekst'", cure)


def guessed_columns(rows: Sequence[Row]) -> dict[str, int]:
    """Find the columns of a table without headings by what is in them; empty when it holds no talk.

    The longest column is the text; a column of which half are times is the time; the first column left with short
    values that come back is the speaker.
    """
    width = max((len(row.cells) for row in rows), default=0)
    columns = [[_text(row, index) for row in rows] for index in range(width)]
    filled = [[cell for cell in column if cell] for column in columns]
    if width < 2:  # noqa: PLR2004 - talk needs a speaker or a time beside it
        return {}
    found = {"tekst": max(range(width), key=lambda index: sum(len(cell) for cell in filled[index]))}
    for index, cells in enumerate(filled):
        if index == found["tekst"] or not cells:
            continue
        if _share(cells, _is_time) > LEAST_SHARE:
            found.setdefault("tijd", index)
        elif "spreker" not in found and _are_labels(cells):
            found["spreker"] = index
    return found if len(found) > 1 else {}


def _share(cells: Sequence[str], test: Callable[[str], bool]) -> float:
    return sum(1 for cell in cells if test(cell)) / len(cells)


def _is_time(cell: str) -> bool:
    return parse_span(cell)[0] is not None


def _is_label(cell: str) -> bool:
    label = read_label(cell)
    return label is not None and (is_certain(label.base) or is_name(label.base))


def _are_labels(cells: Sequence[str]) -> bool:
    different = Counter(cell.casefold() for cell in cells)
    short = all(len(cell) <= MAX_LABEL for cell in cells)
    named = _share(cells, _is_label) > LEAST_SHARE
    return short and named and len(different) <= FEW_LABELS


def _text(row: Row, index: int | None) -> str:
    cell = row.cells[index] if index is not None and index < len(row.cells) else None
    return tidy(str(cell)) if cell is not None else ""


def is_title_block(rows: Sequence[Row]) -> bool:
    """Tell whether a table is a title block ("Datum | 12 maart") and no talk."""
    firsts = [_text(row, 0) for row in rows]
    return sum(1 for first in firsts if is_header_key(first)) * 2 > len(firsts)


class Grid:
    """Turns rows into pieces of talk, and collects what is wrong in them."""

    def __init__(self, columns: Mapping[str, int], place: str, aside: Aside) -> None:
        """Prepare for rows.

        Args:
            columns: place of each of our columns.
            place: name of the file, for errors.
            aside: gets warnings.
        """
        self._columns = columns
        self._place = place
        self._aside = aside
        self._problems: list[Problem] = []

    def pieces(self, rows: Sequence[Row]) -> list[Piece]:
        """Give one turn for every row that has text.

        Raises:
            InputError: for all cells in the time columns that hold no time.
        """
        minutes = self._minutes_typed_as_hours(rows)
        pieces = [piece for row in rows if (piece := self._piece(row, minutes=minutes)) is not None]
        if self._problems:
            raise InputError(self._problems[:50])
        return pieces

    def _piece(self, row: Row, *, minutes: bool) -> Piece | None:
        text = _text(row, self._columns.get("tekst"))
        if not text:
            return None
        start, span_end = self._time(row, "tijd", minutes=minutes)
        end, _ = self._time(row, "eind", minutes=minutes)
        label = _text(row, self._columns.get("spreker")) or None
        role = _text(row, self._columns.get("functie"))
        return Piece(label, text, start, end if end is not None else span_end, role)

    def _time(self, row: Row, column: str, *, minutes: bool) -> tuple[float | None, float | None]:
        index = self._columns.get(column)
        cell = row.cells[index] if index is not None and index < len(row.cells) else None
        if cell is None or (isinstance(cell, str) and not cell.strip(" -–")):
            return None, None
        start, end = cell_times(cell)
        if start is None:
            where = f"{self._place}, rij {row.number}, kolom {column}"
            self._problems.append(Problem(where, "de cel is geen tijd", "Schrijf tijden als 00:12:31 of als seconden."))
        return (start / 60, end) if minutes and start is not None else (start, end)

    def _minutes_typed_as_hours(self, rows: Sequence[Row]) -> bool:
        """Tell whether Excel made hours and minutes of what was typed as minutes and seconds ("12:31")."""
        index = self._columns.get("tijd")
        cells = [row.cells[index] for row in rows if index is not None and index < len(row.cells)]
        times = [cell for cell in cells if isinstance(cell, (dt.time, dt.timedelta))]
        whole = [cell for cell in times if _clock_seconds(cell) % 60 == 0]
        typed = len(times) >= LEAST_MINUTE_TIMES and len(whole) == len(times)
        if typed:
            self._aside.warnings.append(
                "De tijden in de tabel zijn gelezen als minuten:seconden; Excel toont ze als uren:minuten."
            )
        return typed


def cell_times(cell: Cell) -> tuple[float | None, float | None]:
    """Give start and end in a cell: a clock time, a span of times, seconds as a number, a time or duration of Excel."""
    if isinstance(cell, (dt.time, dt.timedelta)):
        return in_range(_clock_seconds(cell)), None
    if isinstance(cell, dt.datetime):
        return in_range(_clock_seconds(cell.time())), None
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return in_range(cell), None
    text = str(cell).strip()
    if _NUMBER.fullmatch(text):
        return in_range(float(text.replace(",", "."))), None
    clock = parse_clock(text)
    return (clock, None) if clock is not None else parse_span(text)


def _clock_seconds(cell: dt.time | dt.timedelta) -> float:
    if isinstance(cell, dt.timedelta):
        return cell.total_seconds()
    return cell.hour * 3600 + cell.minute * 60 + cell.second + cell.microsecond / 1e6


def unread_columns(found: Mapping[str, int], cells: Sequence[Cell], aside: Aside) -> None:
    """Say which columns with a heading are not read."""
    read = set(found.values())
    unread = [
        index + 1 for index, cell in enumerate(cells) if index not in read and cell is not None and str(cell).strip()
    ]
    if unread:
        aside.warnings.append(f"Niet gelezen: {listing('kolom', unread)}.")
