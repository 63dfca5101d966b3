"""Read debates of the European Parliament as plain text: "Naam, namens de X-Fractie. – (DE) Mevrouw de Voorzitter, …".

A heading stands at the start of a paragraph: the name, what they speak as after a comma or their group in brackets, a
full stop, a dash (several kinds are mixed), and the language that was spoken. The name becomes the label; the heading
as delivered goes to `header`. "#TEXT" lines separate contributions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.formats.speakers import is_name
from pipeline.formats.turns import Aside, Piece

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.formats.labelling import Line

LEAST_HEADINGS = 3
_HEADING = re.compile(
    r"\s*(?P<name>[^\W\d_][^.,(:\n]{1,60}?(?:\s[A-Z]\.[^.,(:\n]{1,40})?)(?P<as>\s*\([^()\n]{1,60}\))?(?P<role>,[^.\n]{1,160})?\.\s[–—−‒-]\s*(?P<language>\([A-Z]{2}\)\s*)?"
)
_SEPARATOR = re.compile(r"\s*#TEXT\s*")


def is_plenary(lines: Sequence[Line]) -> bool:
    """Tell whether lines are such a debate: several headings, and separators or languages with them."""
    headings = [match for match in map(_heading, lines) if match]
    certain = sum(1 for match in headings if match["language"] or match["as"])
    separators = sum(1 for line in lines if _SEPARATOR.fullmatch(line.text))
    return bool(headings) and bool(certain) and (separators > 0 or certain >= LEAST_HEADINGS)


def _heading(line: Line) -> re.Match[str] | None:
    match = _HEADING.match(line.text)
    return match if match and is_name(match["name"].strip()) else None


def read_plenary(lines: Sequence[Line], aside: Aside) -> list[Piece]:
    """Give the turns of such a debate.

    Args:
        lines: of the whole document, blank ones left out.
        aside: gets the headings, and what stands before the first one.
    """
    pieces: list[tuple[str | None, list[str]]] = []
    separated = False
    for line in lines:
        if _SEPARATOR.fullmatch(line.text):
            separated = True
            continue
        match = _heading(line)
        if match:
            aside.header.append(match.group())
            pieces.append((match["name"].strip(), [line.text[match.end() :]]))
        elif separated and pieces:
            pieces.append((None, [line.text]))
        elif pieces:
            pieces[-1][1].append(line.text)
        else:
            aside.header.append(line.text)
        separated = False
    return [Piece(label, "\n".join(parts)) for label, parts in pieces]
