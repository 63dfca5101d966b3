"""Read Word and OpenDocument files: paragraphs, tables, and what stands around them.

The XML is read directly rather than through a document library: real files miss parts that libraries insist on, and
only the words, their bold, tables, line breaks and tracked changes matter. Deleted words are left out, inserted ones
stay. Page headers and footers, footnotes and comments go to `header`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lxml import etree

from pipeline.formats.intake import Archive, local
from pipeline.formats.labelling import Line

if TYPE_CHECKING:
    from collections.abc import Iterator

_SKIPPED = frozenset(
    {
        "del",
        "moveFrom",
        "Fallback",
        "instrText",
        "delText",
        "pPr",
        "rPr",
        "sectPr",
        "tracked-changes",
        "annotation",
        "note",
    }
)
_SPECIAL = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "line-break": "\n"}
_BOLD_STYLES = frozenset({"strong", "zwaar", "vet", "bold"})
_FALSE = frozenset({"0", "false", "off", "none"})
_SIDE_PARTS = re.compile(r"word/(?:header|footer)\d*\.xml|word/(?:footnotes|endnotes|comments)\.xml")


@dataclass(slots=True)
class Table:
    """Rows of cells of text; a cell that continues the one above (merged) is `None`."""

    rows: list[list[str | None]] = field(default_factory=list)


@dataclass(slots=True)
class Document:
    """What a document holds, in order.

    Attributes:
        blocks: lines and tables.
        sides: lines of page headers, footers, footnotes and comments.
    """

    blocks: list[Line | Table] = field(default_factory=list)
    sides: list[str] = field(default_factory=list)


def main_part(archive: Archive) -> str | None:
    """Give the name of the part that holds the words of a Word document; `None` when it is none."""
    named = [name for name in archive.names if re.fullmatch(r"word/document\d*\.xml", name)]
    return named[0] if named else None


def read_docx(archive: Archive, part: str) -> Document:
    """Read a Word document.

    Raises:
        InputError: when a part is damaged, too large or dangerous.
    """
    document = Document()
    _blocks(archive.xml(part), document)
    for name in archive.names:
        if _SIDE_PARTS.fullmatch(name):
            root = archive.xml(name)
            document.sides += [
                text for paragraph in _paragraphs(root) for text, _ in [_text(paragraph)] if text.strip()
            ]
    return document


def read_odt(archive: Archive) -> Document:
    """Read an OpenDocument text.

    Raises:
        InputError: when its content is damaged, too large or dangerous.
    """
    document = Document()
    _blocks(archive.xml("content.xml"), document)
    return document


def _blocks(root: etree._Element, document: Document) -> None:
    """Put all paragraphs and tables of a tree into a document, in order, without recursion."""
    number = 0
    waiting: list[etree._Element] = [root]
    while waiting:
        element = waiting.pop()
        name = local(element)
        if name in _SKIPPED:
            continue
        if name in {"tbl", "table"}:
            document.blocks.append(_table(element))
        elif name in ("p", "h"):
            number += 1
            document.blocks += _lines(element, number)
        else:
            waiting.extend(reversed(element))


def _lines(paragraph: etree._Element, number: int) -> Iterator[Line]:
    text, bold = _text(paragraph)
    position = 0
    for index, part in enumerate(text.split("\n")):
        if part.strip():
            yield Line(number, part, opens=index == 0, bold=max(0, min(bold - position, len(part))))
        position += len(part) + 1


def _text(paragraph: etree._Element) -> tuple[str, int]:
    """Give the words of a paragraph and how many characters at their start are bold."""
    pieces: list[str] = []
    bold = length = 0
    unbroken = True
    for piece, is_bold in _runs(paragraph):
        pieces.append(piece)
        length += len(piece)
        if unbroken and (is_bold or not piece.strip()):
            bold = length if is_bold else bold
        else:
            unbroken = False
    return "".join(pieces), bold


def _runs(paragraph: etree._Element) -> Iterator[tuple[str, bool]]:
    """Give pieces of text with whether they are bold, without recursion."""
    walker = etree.iterwalk(paragraph, events=("start", "end"))
    bold = [False]
    for event, element in walker:
        name = local(element)
        open_text = _is_open_text(element)
        if event == "end":
            bold.pop()
            if open_text and element.tail and element is not paragraph:
                yield element.tail, bold[-1]
            continue
        bold.append(bold[-1] or (name == "r" and _is_bold(element)))
        if name in _SKIPPED:
            walker.skip_subtree()
        elif element is not paragraph or open_text:
            yield _own_text(element, name, starts=element is paragraph), bold[-1]


def _own_text(element: etree._Element, name: str, *, starts: bool) -> str:
    """Give the text that an element itself adds, before what is in it."""
    open_text = _is_open_text(element)
    text = (element.text or "") if name == "t" or open_text else ""
    if name in {"p", "h"}:
        return text if starts else f"\n{text}"
    return (" " if name == "s" and open_text else _SPECIAL.get(name, "")) + text


def _is_open_text(element: etree._Element) -> bool:
    """Tell whether an element is OpenDocument, where words stand between elements and not in elements of their own."""
    return str(element.tag).startswith("{urn:oasis:names:tc:opendocument")


def _is_bold(run: etree._Element) -> bool:
    for properties in run:
        if local(properties) == "rPr":
            return any(_bold_property(child) for child in properties)
    return False


def _bold_property(element: etree._Element) -> bool:
    value = next((text for key, text in element.attrib.items() if str(key).endswith("}val")), "")
    if local(element) == "b":
        return str(value).casefold() not in _FALSE
    return local(element) == "rStyle" and str(value).casefold() in _BOLD_STYLES


def _table(table: etree._Element) -> Table:
    rows = [[_cell(cell) for cell in _below(row, ("tc", "table-cell"))] for row in _below(table, ("tr", "table-row"))]
    return Table(rows)


def _below(element: etree._Element, names: tuple[str, ...]) -> Iterator[etree._Element]:
    """Give the nearest elements of these names below an element: rows of a table, not those of a table in a cell."""
    waiting = list(reversed(element))
    while waiting:
        child = waiting.pop()
        if local(child) in names:
            yield child
        elif local(child) not in _SKIPPED:
            waiting.extend(reversed(child))


def _cell(cell: etree._Element) -> str | None:
    merged = next((found for found in cell.iter() if local(found) == "vMerge"), None)
    if merged is not None and not any(str(value) == "restart" for value in merged.attrib.values()):
        return None
    return "\n".join(text for paragraph in _paragraphs(cell) if (text := _text(paragraph)[0].strip()))


def _paragraphs(element: etree._Element) -> Iterator[etree._Element]:
    return _below(element, ("p", "h"))
