"""Find the labels of speakers in lines of text, and tell them from speech with a colon in it.

A label stands at the start of a line, before a colon, a tab or a dash ("KM1: ja"), in brackets ("[r1] ja"), in bold,
or with a time on a line of its own ("Anna de Wit 0:03"). "Nou kijk: zo zit het" must not become a speaker, so a label
counts only when it looks like nothing else (a code, a role word, "Spreker 3"), or looks like a name and comes back; a
name that occurs once counts where nearly all lines of the file carry labels.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from pipeline.formats.clock import BRACKETED, parse_clock, parse_span
from pipeline.formats.marks import is_placeholder, known_mark
from pipeline.formats.speakers import MAX_LABEL, STOP_WORDS, is_certain, is_header_key, is_name, read_label

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_WORDS = 7
NEARLY_ALL = 0.8
"""Share of labelled paragraphs above which a name that occurs once is a label too."""
RECURS = 2
RECURS_LOWER = 3
"""Times that a label without a capital ("anna:") must occur."""
SHORT_STAMPS = 3
"""Lines that must begin with a bare "12:31" before that is read as a time stamp: once it may be speech."""


class Shape(Enum):
    """How a label is set off from what follows."""

    COLON = "colon"
    TAB = "tab"
    DASH = "dash"
    BRACKET = "bracket"
    BOLD = "bold"
    TIMED = "timed"
    AFTER_TIME = "after_time"
    OWN_LINE = "own_line"


@dataclass(frozen=True, slots=True)
class Line:
    """A line or paragraph of a document.

    Attributes:
        number: of the line or paragraph in the file, from 1.
        text: as delivered, tabs included.
        opens: it begins a paragraph (a blank line, or the start of the file, comes before it).
        bold: number of characters at its start that are bold.
    """

    number: int
    text: str
    opens: bool = True
    bold: int = 0


@dataclass(frozen=True, slots=True)
class Parsed:
    """A line taken apart; whether its candidate really is a label is for `Labels` to say.

    Attributes:
        line: the line.
        text: what it says without stamp, label included.
        start: seconds of a stamp at its start (or with its label), or `None`.
        end: seconds of the end of that stamp, or `None`.
        label: candidate for a label as typed, or empty.
        rest: what follows the candidate.
        shape: how the candidate is set off.
        stamped: a stamp stood before everything else.
    """

    line: Line
    text: str
    start: float | None
    end: float | None
    label: str
    rest: str
    shape: Shape | None
    stamped: bool

    @property
    def only_stamp(self) -> bool:
        """Tell whether the line holds a time and nothing else."""
        return self.stamped and not self.text


_TIME = r"\d{1,2}:\d{2}:\d{2}(?:[.,]\d{1,6})?"
_LONG = rf"{_TIME}(?:\s?(?:-->|[-–])\s?{_TIME})?"
_STAMP = re.compile(rf"\s*(?P<stamp>{BRACKETED}|{_LONG})(?![\d:])\s*(?:[-–:]\s+)?")
_SHORT_STAMP = re.compile(r"\s*(?P<stamp>\d{1,3}:\d{2})(?!\s?uur)(?:\s+|$)(?:[-–]\s+)?")
_SET_OFF = re.compile(
    rf"(?P<label>[^:\t\[\]#()]{{1,{MAX_LABEL}}}(?:[(\[][^()\[\]:\t]{{1,60}}[)\]])?)\s{{0,4}}(?P<stamp>{BRACKETED})?\s{{0,4}}(?P<mark>:(?!//)|\t)"
)
_DASHED = re.compile(r"(?P<label>[^:\t\[\]()–—-]{1,30})\s[-–—]\s+(?=\S)")
_IN_BRACKETS = re.compile(r"\[(?P<label>[^\[\]:\t]{1,40})\]\s{0,4}:?\s*")
_NAME_TIME = re.compile(r"(?P<label>[^\d:\t][^:\t]{0,62}?)[\s,]+[\[(]?(?P<stamp>(?:\d{1,2}:)?\d{1,3}:\d{2})[\])]?\s*:?")
_SHORT_BRACKET_CODE = re.compile(r"[A-Za-z]{1,3}\d{0,2}")
_OWN_LINE = re.compile(
    r"SPEAKER_\d{1,3}|(?:spreker|speaker|deelnemer|respondent|persoon|participant) \d{1,3}|S(?:PK?)?\d{1,3}|"
    r"speaker undefined|spreker onbekend",
    re.IGNORECASE,
)
_INITIALS = re.compile(r"[A-Z]{2,4}")
_NO_LABEL = re.compile(r"[?!;\"“”„…]|\.\.|https?$")


def parse_lines(lines: Iterable[Line]) -> list[Parsed]:
    """Take every line that is not blank apart."""
    kept = [line for line in lines if line.text.strip()]
    short = sum(1 for line in kept if _SHORT_STAMP.match(line.text)) >= SHORT_STAMPS
    parsed: list[Parsed] = []
    for line in kept:
        parsed.append(_parse(line, parsed[-1] if parsed else None, short=short))
    return parsed


def _parse(line: Line, before: Parsed | None, *, short: bool) -> Parsed:
    match = _STAMP.match(line.text) or (_SHORT_STAMP.match(line.text) if short else None)
    start, end = parse_span(match["stamp"]) if match else (None, None)
    stamped = start is not None
    text = line.text[match.end() :].strip() if match and stamped else line.text.strip()
    label, rest, shape, inner = _candidate(
        text, line, stamped=stamped, after_stamp=before is not None and before.only_stamp
    )
    if inner and not stamped:
        start, end = parse_span(inner)
    return Parsed(line, text, start, end, label, rest, shape, stamped)


def _candidate(text: str, line: Line, *, stamped: bool, after_stamp: bool) -> tuple[str, str, Shape | None, str]:
    """Give a candidate label, what follows, how it is set off, and a stamp that stands with it."""
    timed = _NAME_TIME.fullmatch(text) if len(text) <= MAX_LABEL + 20 else None
    if timed and not stamped and parse_clock(timed["stamp"]) is not None:
        return timed["label"].strip(), "", Shape.TIMED, timed["stamp"]
    set_off = _SET_OFF.match(text)
    if set_off and _can_be_label(set_off["label"]):
        shape = Shape.COLON if set_off["mark"] == ":" else Shape.TAB
        return set_off["label"].strip(), text[set_off.end() :].strip(), shape, set_off["stamp"] or ""
    for pattern, shape in ((_IN_BRACKETS, Shape.BRACKET), (_DASHED, Shape.DASH)):
        match = pattern.match(text)
        if match:
            return match["label"].strip(), text[match.end() :].strip(), shape, ""
    return _bare_candidate(text, line, stamped=stamped, after_stamp=after_stamp)


def _bare_candidate(text: str, line: Line, *, stamped: bool, after_stamp: bool) -> tuple[str, str, Shape | None, str]:
    """Look for a label that nothing sets off but its place: bold, alone on its line, or after a stamp."""
    if _OWN_LINE.fullmatch(text):
        return text, "", Shape.OWN_LINE, ""
    offset = len(line.text) - len(line.text.lstrip())
    bold = line.text[offset : line.bold].strip() if not stamped else ""
    if bold and len(bold) <= MAX_LABEL:
        return bold, text[len(bold) :].strip(), Shape.BOLD, ""
    if (stamped or after_stamp) and len(text) <= MAX_LABEL and is_name(text):
        return text, "", Shape.AFTER_TIME, ""
    return "", text, None, ""


def _can_be_label(raw: str) -> bool:
    return len(raw.split()) <= MOST_WORDS and not _NO_LABEL.search(raw) and any(char.isalpha() for char in raw)


class Labels:
    """Which candidates of a file are labels."""

    def __init__(self, parsed: Sequence[Parsed]) -> None:
        """Decide for all candidates together.

        Args:
            parsed: all lines of the body of the file.
        """
        self._lines = max(1, len(parsed))
        self._counts: Counter[tuple[str, Shape]] = Counter()
        self._bases: dict[str, str] = {}
        for line in parsed:
            self._count(line)
        self._accepted: dict[tuple[str, Shape], bool] = {}
        paragraphs = sum(1 for line in parsed if line.line.opens) or 1
        labelled = sum(1 for line in parsed if self.accepts(line))
        self._dense = labelled >= NEARLY_ALL * min(paragraphs, self._lines)
        self._accepted.clear()

    _dense = False

    def _count(self, line: Parsed) -> None:
        label = read_label(line.label) if line.shape else None
        if label and line.shape:
            self._counts[label.key, line.shape] += 1
            self._bases.setdefault(label.key, label.base)

    def accepts(self, line: Parsed) -> bool:
        """Tell whether the candidate of a line is a label."""
        if line.shape is None:
            return False
        label = read_label(line.label)
        if label is None:
            return line.shape in (Shape.COLON, Shape.TIMED, Shape.OWN_LINE) and any(
                char.isalpha() for char in line.label
            )
        at = (label.key, line.shape)
        if at not in self._accepted:
            self._accepted[at] = self._decide(label.base, self._counts[at], line.shape)
        return self._accepted[at]

    def _decide(self, base: str, count: int, shape: Shape) -> bool:
        if is_header_key(base) or known_mark(base) is not None:
            return False
        if shape is Shape.BRACKET:
            return _bracket_label(base, count)
        if _INITIALS.fullmatch(base) and shape is not Shape.DASH and count >= RECURS_LOWER:
            return True  # "MM:" time and again is somebody's initials, whatever else "mm" means
        if is_certain(base):
            return shape is not Shape.BOLD or any(char.isdigit() for char in base) or count >= RECURS
        if is_name(base) and shape is not Shape.DASH:
            return count >= RECURS or shape is Shape.TIMED or (shape is Shape.COLON and self._dense)
        return shape is Shape.COLON and self._lower_label(base, count)

    def _lower_label(self, base: str, count: int) -> bool:
        single = " " not in base and base.isalpha() and base.casefold() not in STOP_WORDS
        return single and count >= max(RECURS_LOWER, self._lines // 20)

    def knows(self, raw: str) -> bool:
        """Tell whether a label is certain or begins a line somewhere."""
        label = read_label(raw)
        if label is None:
            return False
        return is_certain(label.base) or any(ok for (key, _), ok in self._accepted.items() if key == label.key)

    def doubtful(self, parsed: Iterable[Parsed]) -> list[int]:
        """Give the numbers of lines that begin like a label, with a name, and were read as speech."""
        return [
            line.line.number
            for line in parsed
            if line.shape is Shape.COLON
            and not self.accepts(line)
            and is_name(line.label)
            and not is_header_key(line.label)
        ]


def _bracket_label(base: str, count: int) -> bool:
    if _SHORT_BRACKET_CODE.fullmatch(base):
        return not is_placeholder(base.casefold())
    if is_placeholder(base):
        return False
    return (is_certain(base) or is_name(base)) and count >= RECURS
