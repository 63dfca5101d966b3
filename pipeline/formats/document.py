"""Read the talk in a Word or OpenDocument file, whether it stands in paragraphs or in tables."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from pipeline.formats.clock import parse_arrow
from pipeline.formats.grid import Grid, Row, guessed_columns, heading_columns, is_title_block
from pipeline.formats.heading import names_in
from pipeline.formats.labelling import Labels, Line, parse_lines
from pipeline.formats.plain import read_lines
from pipeline.formats.plenary import is_plenary, read_plenary
from pipeline.formats.subtitles import read_subtitles
from pipeline.formats.word import Document, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.formats.turns import Aside, Piece


def read_document(document: Document, place: str, aside: Aside) -> list[Piece]:
    """Give the turns of a document.

    Tables of talk are read by their columns; other tables as lines of text. Where a document has tables of
    talk, what stands around them is talk only where it has labels.

    Args:
        document: paragraphs and tables in order.
        place: name of the file, for errors.
        aside: gets everything that is no talk.

    Raises:
        InputError: when a time in a table cannot be read.
    """
    aside.header += document.sides
    talk = {
        id(block): columns
        for block in document.blocks
        if isinstance(block, Table) and (columns := _talk_columns(block))
    }
    if not talk:
        return _paragraphs(_lines(document.blocks), aside)
    pieces: list[Piece] = []
    for is_talk, blocks in groupby(document.blocks, key=lambda block: id(block) in talk):
        if not is_talk:
            pieces += _around(_lines(list(blocks)), aside)
            continue
        for block in blocks:
            if isinstance(block, Table):
                pieces += _table(block, talk[id(block)], place, aside)
    return pieces


def _paragraphs(lines: list[Line], aside: Aside) -> list[Piece]:
    if any(parse_arrow(line.text) for line in lines):
        return read_subtitles("\n".join(line.text for line in lines), aside)
    return read_plenary(lines, aside) if is_plenary(lines) else read_lines(lines, aside)


def _around(lines: list[Line], aside: Aside) -> list[Piece]:
    """Give the talk in paragraphs around tables of talk: only where they have labels."""
    parsed = parse_lines(lines)
    labels = Labels(parsed)
    if any(labels.accepts(line) for line in parsed):
        return read_lines(lines, aside)
    texts = [line.text for line in lines]
    aside.header += texts
    aside.known_names += names_in(texts)
    return []


def _lines(blocks: Sequence[Line | Table]) -> list[Line]:
    """Give paragraphs as lines, and rows of tables as lines with their cells behind each other."""
    lines: list[Line] = []
    for block in blocks:
        if isinstance(block, Line):
            lines.append(block)
            continue
        for row in block.rows:
            for part in "\t".join(cell for cell in row if cell).split("\n"):
                if part.strip():
                    lines.append(Line(lines[-1].number if lines else 1, part))
    return lines


def _rows(table: Table) -> list[Row]:
    """Give the rows, with cells merged downwards filled from above."""
    rows: list[Row] = []
    above: list[str | None] = []
    for number, cells in enumerate(table.rows, start=1):
        filled = [above[index] if cell is None and index < len(above) else cell for index, cell in enumerate(cells)]
        rows.append(Row(number, filled))
        above = filled
    return rows


def _talk_columns(table: Table) -> dict[str, int]:
    """Give the columns of a table of talk; empty for other tables."""
    rows = _rows(table)
    if not rows or is_title_block(rows):
        return {}
    headed = heading_columns(rows[0].cells)
    if "tekst" in headed and len(headed) > 1:
        return {**headed, "rij": 1}
    return guessed_columns(rows)


def _table(table: Table, columns: dict[str, int], place: str, aside: Aside) -> list[Piece]:
    rows = _rows(table)
    headed = columns.pop("rij", 0)
    if headed:
        aside.header.append("\t".join(str(cell) for cell in rows[0].cells if cell))
    return Grid(columns, place, aside).pieces(rows[headed:])
