"""Read WebVTT and SRT: cues with times, and speakers in voice tags (Teams, noScribe) or before a colon.

One reader for both: real files mix their habits (comma and dot, missing hours, cue ids, blank lines inside a cue).
Consecutive cues of one speaker become one turn (`turns.merge`); cues of nobody stay apart. Rolling captions, in which
every cue repeats the line before, are read once. NOTE, STYLE and REGION blocks go to `header`.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from pipeline.formats.clock import parse_arrow
from pipeline.formats.labelling import Labels, Line, parse_lines
from pipeline.formats.marks import tidy
from pipeline.formats.speakers import MAX_LABEL, is_certain, is_name
from pipeline.formats.turns import Aside, Piece, merge

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST_ROLLING = 2
MOST_LABELS_A_CUE = 0.7
"""Where first lines of cues are labels, speakers come back: there are fewer of them than this share of the cues."""
_VOICE = re.compile(r"<v(?:\.[^\s<>]{1,60})?(?:[ \t]([^<>]{0,200}))?>|</v>", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:c|i|b|u|lang|ruby|rt|font|v)(?:[.\s][^<>]{0,100})?>|<\d{1,3}:[\d:.]{2,12}>|\{\\[^{}]{1,40}\}", re.IGNORECASE
)
_BLOCK = re.compile(r"(?:NOTE|STYLE|REGION|X-TIMESTAMP-MAP)\b")


@dataclass(slots=True)
class _Cue:
    start: float
    end: float
    line: int
    lines: list[str] = field(default_factory=list)


def has_cues(text: str) -> bool:
    """Tell whether a text holds the time line of a subtitle among its first lines."""
    return any("->" in line and parse_arrow(line) for line in text[:20_000].splitlines())


def read_subtitles(text: str, aside: Aside) -> list[Piece]:
    """Give the turns of a WebVTT or SRT text.

    Args:
        text: the whole file.
        aside: gets notes and warnings.
    """
    cues = _cues(text.splitlines(), aside)
    _unroll(cues, aside)
    spoken = [part for cue in cues for part in _voices(cue)]
    if any(piece.label for piece, _ in spoken):
        pieces = [piece for piece, _ in spoken]
    else:
        pieces = _on_first_lines(spoken) or _carried_on(_before_colons(spoken), aside)
    return merge(piece for piece in pieces if piece.text.strip())


def _cues(lines: Sequence[str], aside: Aside) -> list[_Cue]:
    cues: list[_Cue] = []
    aside_block = False
    for number, line in enumerate(lines, start=1):
        times = parse_arrow(line) if "->" in line else None
        blank_before = number == 1 or not lines[number - 2].strip()
        if times:
            _take_id(cues, aside, lines, number)
            cues.append(_Cue(*times, number))
            aside_block = False
        elif not cues or aside_block or (blank_before and _BLOCK.match(line)):
            aside_block = bool(cues) and bool(line.strip())
            _aside_line(line, aside)
        else:
            cues[-1].lines.append(line)
    return cues


def _aside_line(line: str, aside: Aside) -> None:
    if line.strip() and line.strip() != "WEBVTT":
        aside.header.append(line)


def _take_id(cues: Sequence[_Cue], aside: Aside, lines: Sequence[str], number: int) -> None:
    """Take the id of a cue (the line before its time, itself after a blank line or a number) from where it was put."""
    at = number - 2
    if at < 0 or not lines[at].strip():
        return
    is_id = at == 0 or not lines[at - 1].strip() or lines[at].strip().isdigit()
    if not is_id:
        return
    if cues and cues[-1].lines and cues[-1].line <= at:
        cues[-1].lines.pop()
    elif aside.header and aside.header[-1] == lines[at]:
        aside.header.pop()


def _unroll(cues: Sequence[_Cue], aside: Aside) -> None:
    """Leave out lines that only repeat the end of the cue before, in files of rolling captions."""
    texts = [[plain for line in cue.lines if (plain := tidy(_TAG.sub("", line)))] for cue in cues]
    several = [index for index in range(1, len(texts)) if len(texts[index]) > 1]
    rolling = [index for index in several if texts[index - 1] and texts[index][0] == texts[index - 1][-1]]
    if len(rolling) < LEAST_ROLLING or len(rolling) * 2 < len(several):
        return
    left_out = 0
    for index in range(len(cues) - 1, 0, -1):
        before, own = texts[index - 1], [line for line in cues[index].lines if tidy(_TAG.sub("", line))]
        if before and texts[index] and texts[index][0] == before[-1]:
            cues[index].lines = own[1:]
            left_out += 1
    aside.warnings.append(f"De ondertitels herhalen steeds de vorige regel; {left_out} herhalingen zijn weggelaten.")


def _voices(cue: _Cue) -> list[tuple[Piece, int]]:
    """Give what each voice in a cue says, with the number of its line."""
    text = "\n".join(cue.lines)
    parts: list[tuple[Piece, int]] = []
    label: str | None = None
    position = 0
    for match in _VOICE.finditer(text):
        parts.append((Piece(label, _words(text[position : match.start()]), cue.start, cue.end), cue.line))
        label = html.unescape(match[1]).strip() if match[1] else None
        position = match.end()
    parts.append((Piece(label, _words(text[position:]), cue.start, cue.end), cue.line))
    return [part for part in parts if part[0].text.strip()]


def _words(text: str) -> str:
    return html.unescape(_TAG.sub("", text))


def _carried_on(pieces: list[Piece], aside: Aside) -> list[Piece]:
    """Give cues without label to the speaker before, in files that put a label only where the speaker changes.

    Such files never repeat a label in two cues behind each other; in files that do, a cue without label is nobody's.
    """
    labels = [piece.label for piece in pieces]
    changes_only = len({label for label in labels if label}) > 1 and not any(
        one and one == two for one, two in pairwise(labels)
    )
    if not changes_only or None not in labels:
        return pieces
    carried: list[Piece] = []
    for piece in pieces:
        label = piece.label or (carried[-1].label if carried else None)
        carried.append(replace(piece, label=label))
    aside.warnings.append(
        "Ondertitels zonder naam horen bij de spreker ervoor: het bestand noemt namen alleen bij een wissel."
    )
    return carried


def _on_first_lines(spoken: Sequence[tuple[Piece, int]]) -> list[Piece]:
    """Read first lines of cues as labels, where all are names and come back (Teams in Word); else give nothing."""
    parts = [[line.strip() for line in piece.text.split("\n") if line.strip()] for piece, _ in spoken]
    firsts = Counter(lines[0] for lines in parts)
    named = all(len(lines) > 1 and len(lines[0]) <= MAX_LABEL for lines in parts) and all(map(_is_speaker, firsts))
    if not named or len(firsts) > max(1, len(parts) * MOST_LABELS_A_CUE):
        return []
    return [
        replace(piece, label=lines[0], text=" ".join(lines[1:]))
        for (piece, _), lines in zip(spoken, parts, strict=True)
    ]


def _is_speaker(text: str) -> bool:
    return is_certain(text) or (is_name(text) and text[-1] not in ".?!")


def _before_colons(spoken: Sequence[tuple[Piece, int]]) -> list[Piece]:
    """Look for labels at the start of cues, and of lines in cues ("Anna: ja", "[Anna] ja")."""
    lines = [
        Line(number, text, opens=index == 0)
        for piece, number in spoken
        for index, text in enumerate(line for line in piece.text.split("\n") if line.strip())
    ]
    parsed = parse_lines(lines)
    labels = Labels(parsed)
    owners = [piece for piece, _ in spoken for line in piece.text.split("\n") if line.strip()]
    pieces: list[Piece] = []
    own: list[int] = []
    for owner, line in zip(owners, parsed, strict=True):
        accepted = labels.accepts(line)
        if accepted or not own or own[-1] != id(owner):
            label = line.label.strip("- ") if accepted else None
            pieces.append(replace(owner, label=label, text=line.rest if accepted else line.line.text))
            own.append(id(owner))
        else:
            pieces[-1] = replace(pieces[-1], text=f"{pieces[-1].text} {line.line.text}")
    return pieces
