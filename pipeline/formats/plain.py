"""Read typed transcripts: lines of text with labels and time stamps in many shapes (`domain.md` 7.3).

Word documents come here too, as paragraphs. What the shapes have in common is in `labelling`; this module walks the
lines:

- a label begins a turn; lines without label continue it (turns are broken over lines);
- a line that begins with a stamp and has no label is a turn of nobody in files whose labels come with stamps, and a
  continuation in files whose labels stand on lines of their own;
- the title block, page numbers, running page heads and lines of programs go to `header`;
- in a file without any label every paragraph (or line, where no line is blank) is a turn of nobody.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from pipeline.formats.clock import BRACKETED, parse_span
from pipeline.formats.heading import body_start, legend_in, names_in, speaker_from_legend
from pipeline.formats.labelling import Labels, Line, Parsed, parse_lines
from pipeline.formats.speakers import is_certain, read_label
from pipeline.formats.turns import Aside, Piece, listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NUMBERED_SHARE = 0.8
LEAST_NUMBERED = 5
_LINE_NUMBER = re.compile(r"\s{0,8}(\d{1,5})(?:[ \t]+(?=\S)|\s*$)")
_PAGE = re.compile(
    r"\s*(?:(?:pagina|page|blz\.?|pag\.?)\s*\d{1,4}(?:\s*(?:van|of|/)\s*\d{1,4})?|-\s*\d{1,4}\s*-|\d{1,4}\s*(?:van|of|/)\s*\d{1,4})\s*",
    re.IGNORECASE,
)
_BARE_NUMBER = re.compile(r"\s*\d{1,4}\s*")
_PROGRAM = re.compile(
    r"(?:.{0,80}\b(?:started|stopped) transcription"
    r"|.{0,80}\b(?:heeft )?(?:de )?transcriptie (?:is )?(?:gestart|gestopt|beëindigd)"
    r"|.{0,80}\b(?:gestart|gestopt) met transcriberen|transcription for .{0,200}"
    r"|[-=_*~#]{3,}|\W{0,3}(?:einde|begin|start)(?: van)?(?: de)?(?: het)?"
    r" (?:opname|gesprek|transcript|transcriptie)\W{0,3})",
    re.IGNORECASE,
)
_TRAILING = re.compile(rf"({BRACKETED})\s*$")
_INSERTED = re.compile(r"//\s?(?P<label>[^:/\n]{1,40}):\s(?P<text>[^/]{0,2000})//")


@dataclass(slots=True)
class _Open:
    """The turn that is being read."""

    label: str | None
    start: float | None
    end: float | None
    parts: list[str]


def text_lines(text: str) -> list[Line]:
    """Cut a text file into lines; a line after a blank one opens a paragraph."""
    lines: list[Line] = []
    blank = True
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            lines.append(Line(number, line, opens=blank))
        blank = not line.strip()
    return _without_line_numbers(lines)


def _without_line_numbers(lines: list[Line]) -> list[Line]:
    """Take printed line numbers off, where nearly all lines begin with a rising number."""
    matches = [_LINE_NUMBER.match(line.text) for line in lines]
    numbers = [int(match[1]) for match in matches if match]
    if len(numbers) < max(LEAST_NUMBERED, NUMBERED_SHARE * len(lines)):
        return lines
    rising = sum(1 for before, after in pairwise(numbers) if after > before)
    if rising < NUMBERED_SHARE * (len(numbers) - 1):
        return lines
    cut = [
        replace(line, text=line.text[match.end() :]) if match else line
        for line, match in zip(lines, matches, strict=True)
    ]
    return [line for line in cut if line.text.strip()]


def read_lines(lines: Sequence[Line], aside: Aside) -> list[Piece]:
    """Give the turns of a typed transcript.

    Args:
        lines: of the whole document, blank ones left out.
        aside: gets title block, page numbers, names and warnings.
    """
    parsed = parse_lines(_without_pages(lines, aside))
    start = body_start(parsed)
    heading = [line.line.text for line in parsed[:start]]
    aside.header += heading
    aside.known_names += names_in(heading)
    body = parsed[start:]
    labels = Labels(body)
    walk = _Walk(labels, body, aside)
    pieces = walk.pieces()
    _describe(pieces, legend_in(heading), aside)
    doubtful = labels.doubtful(body) if walk.labelled else []
    if doubtful:
        aside.warnings.append(
            f"{listing('Regel', doubtful)}: begint als een spreker, maar is als gewone tekst gelezen."
        )
    return [part for piece in _with_starts(pieces) for part in _split_inserted(piece, labels)]


def _describe(pieces: Iterable[Piece], legend: dict[str, tuple[str | None, str | None]], aside: Aside) -> None:
    """Note what a legend tells of the speakers."""
    for raw in dict.fromkeys(piece.label for piece in pieces if piece.label) if legend else ():
        label = read_label(raw)
        if label and label.key in legend:
            aside.speakers.setdefault(label.base, speaker_from_legend(label.base, *legend[label.key]))


def _without_pages(lines: Sequence[Line], aside: Aside) -> list[Line]:
    """Move page numbers and the running heads beside them to the header."""
    bare = [
        index
        for index, line in enumerate(lines)
        if line.opens and _BARE_NUMBER.fullmatch(line.text) and _isolated(lines, index)
    ]
    numbers = [int(lines[index].text) for index in bare]
    counted = len(numbers) > 1 and all(after == before + 1 for before, after in pairwise(numbers))
    pages = {index for index, line in enumerate(lines) if _PAGE.fullmatch(line.text)} | (
        set(bare) if counted else set()
    )
    beside = Counter(
        lines[near].text.strip() for index in pages for near in (index - 1, index + 1) if 0 <= near < len(lines)
    )
    heads = {text for text, count in beside.items() if count > 1 and not read_labelled(text)}
    kept: list[Line] = []
    for index, line in enumerate(lines):
        near_page = index - 1 in pages or index + 1 in pages
        if index in pages or (near_page and line.text.strip() in heads):
            aside.header.append(line.text)
        else:
            kept.append(line)
    return kept


def _isolated(lines: Sequence[Line], index: int) -> bool:
    return index + 1 == len(lines) or lines[index + 1].opens


def read_labelled(text: str) -> bool:
    """Tell whether a line certainly begins with a label."""
    label = read_label(text.partition(":")[0]) if ":" in text else None
    return label is not None and is_certain(label.base)


class _Walk:
    """Goes through the lines of the body, one turn after the other."""

    def __init__(self, labels: Labels, body: Sequence[Parsed], aside: Aside) -> None:
        self._labels = labels
        self._body = body
        self._aside = aside
        accepted = [line for line in body if labels.accepts(line)]
        self.labelled = bool(accepted)
        self._stamps_begin = sum(line.stamped for line in accepted) * 2 > len(accepted)
        self._line_is_turn = all(not line.line.opens for line in body[1:])
        self._pieces: list[Piece] = []
        self._open: _Open | None = None
        self._stamp: tuple[float | None, float | None] = (None, None)
        self._unlabelled: list[int] = []

    def pieces(self) -> list[Piece]:
        """Give all turns."""
        for line in self._body:
            self._take(line)
        self._close()
        if self._unlabelled:
            where = listing("regel", self._unlabelled)
            self._aside.warnings.append(
                f"Alinea's zonder spreker horen nu bij de beurt ervoor: {len(self._unlabelled)} ({where})."
            )
        return self._pieces

    def _take(self, line: Parsed) -> None:
        if _PROGRAM.fullmatch(line.text):
            self._aside.header.append(line.text)
        elif line.only_stamp:
            self._stamp = (line.start, line.end)
            self._new_without_label()
        elif self._labels.accepts(line):
            self._begin(line.label, line.rest, line)
        elif self._begins_without_label(line):
            self._begin(None, line.text, line)
        else:
            self._continue(line)

    def _new_without_label(self) -> None:
        """A time on its own line begins a turn where no labels do."""
        if not self.labelled:
            self._close()

    def _begins_without_label(self, line: Parsed) -> bool:
        if self._open is None:
            return True
        if self.labelled:
            return line.stamped and self._stamps_begin
        return line.stamped or line.line.opens or self._line_is_turn

    def _begin(self, label: str | None, text: str, line: Parsed) -> None:
        self._close()
        start, end = (line.start, line.end) if line.start is not None else self._stamp
        self._stamp = (None, None)
        self._open = _Open(label, start, end, [text] if text else [])

    def _continue(self, line: Parsed) -> None:
        turn = self._open
        if turn is None:
            return
        if turn.start is None and not turn.parts:
            turn.start, turn.end = (line.start, line.end) if line.stamped else self._stamp
        self._stamp = (None, None)
        if self.labelled and line.line.opens and turn.parts and not line.stamped:
            self._unlabelled.append(line.line.number)
        turn.parts.append(line.text)

    def _close(self) -> None:
        if self._open is not None:
            turn = self._open
            self._pieces.append(Piece(turn.label, "\n".join(turn.parts), turn.start, turn.end))
        self._open = None


def _with_starts(pieces: Sequence[Piece]) -> list[Piece]:
    """Read a stamp at the end of a turn (f4: "#00:12:31-5#") as its end, and as the start of the turn after it."""
    timed: list[Piece] = []
    handed: float | None = None
    for piece in pieces:
        match = _TRAILING.search(piece.text[-40:])
        at = parse_span(match[1])[0] if match else None
        start = piece.start if piece.start is not None else handed
        end = piece.end if piece.end is not None else at
        timed.append(replace(piece, start=start, end=end))
        handed = at
    return timed


def _split_inserted(piece: Piece, labels: Labels) -> list[Piece]:
    """Give what another speaker says inside a turn (noScribe: "//S02: ja //") as a turn of their own."""
    parts: list[Piece] = []
    position = 0
    for match in _INSERTED.finditer(piece.text) if "//" in piece.text else ():
        if not labels.knows(match["label"]):
            continue
        before = piece.text[position : match.start()]
        if before.strip():
            parts.append(replace(piece, text=before, start=piece.start if not parts else None, end=None))
        parts.append(Piece(match["label"], f"// {match['text']} //"))
        position = match.end()
    if not parts:
        return [piece]
    rest = piece.text[position:]
    return [*parts, replace(piece, text=rest, start=None)] if rest.strip() else parts
