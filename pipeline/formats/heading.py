"""Split the title block of a typed transcript (title, date, place, who was present) from what was said."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.domain.transcript import Speaker
from pipeline.formats.labelling import Labels, Parsed, Shape
from pipeline.formats.speakers import functie_of, is_certain, is_header_key, is_name, read_label, split_names

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_HEADER_LINES = 60
_PRESENT = re.compile(
    r"(?:aanwezig\w*|afwezig\w*|deelnemers?|present\w*|afgemeld|participants?|notulist|transcribent|uitgetypt|uitgewerkt|"
    r"getranscribeerd|auteur|gespreksleid\w*|interviewer|onderzoeker|respondent|geïnterviewde)\b(?:[^:\t]{0,40}[:\t])?\s*",
    re.IGNORECASE,
)
_LEGEND = re.compile(r"\s*(?P<label>[^=:\t]{1,30}?)\s*=\s*(?P<text>\S.{0,200})")
_BULLET = re.compile(r"\s*[-*•·–]\s+")


def body_start(parsed: Sequence[Parsed]) -> int:
    """Give the index of the first line that is speech; 0 when the file has no title block.

    Only blocks before the first labelled block count; a block with a line such as "Datum: 12 maart" belongs to the
    title up to the last such line and the lines after it that only name a person ("Interviewer: Piet Jansen").
    """
    labels = Labels(parsed)
    if not any(labels.accepts(line) for line in parsed):
        return _unlabelled_start(parsed)
    start = 0
    while start < min(len(parsed), MOST_HEADER_LINES):
        end = _block_end(parsed, start)
        last_key = max((i for i in range(start, end) if _is_key(parsed[i])), default=-1)
        if last_key < 0:
            first = next((i for i in range(start, end) if _speaks(labels, parsed, i)), None)
            if first is not None:
                return first
            start = end
            continue
        start = last_key + 1
        while start < end and (_names_person(parsed[start]) or not _speaks(labels, parsed, start)):
            start += 1
        if start < end:
            return start
    return min(start, len(parsed)) if start < len(parsed) else 0


def _speaks(labels: Labels, parsed: Sequence[Parsed], index: int) -> bool:
    """Tell whether speech begins here: a label, or a time whose label stands on the next line."""
    if labels.accepts(parsed[index]):
        return True
    return (
        parsed[index].stamped
        and index + 1 < len(parsed)
        and (not parsed[index].only_stamp or labels.accepts(parsed[index + 1]))
    )


def _unlabelled_start(parsed: Sequence[Parsed]) -> int:
    start = 0
    for index, line in enumerate(parsed[:MOST_HEADER_LINES]):
        if _is_key(line) or line.text.casefold().startswith("transcription for"):
            start = index + 1
        elif line.stamped or index > start:
            break
    return start if start < len(parsed) else 0


def _block_end(parsed: Sequence[Parsed], start: int) -> int:
    end = start + 1
    while end < len(parsed) and not parsed[end].line.opens:
        end += 1
    return end


def _is_key(line: Parsed) -> bool:
    return line.shape in (Shape.COLON, Shape.TAB) and is_header_key(line.label) and not line.stamped


def _names_person(line: Parsed) -> bool:
    """Tell whether a line only says who somebody is ("Interviewer: Piet Jansen")."""
    if line.shape not in (Shape.COLON, Shape.TAB) or line.stamped or not line.rest:
        return False
    return line.rest[-1] not in ".?!" and is_name(re.sub(r"\([^()]*\)", "", line.rest).replace(",", " ").strip() or "-")


def names_in(lines: Sequence[str]) -> list[str]:
    """Give the names in the title block: after "Aanwezig:" and the like, in the list below it, and in a legend."""
    names: list[str] = []
    listing = False
    for line in lines:
        present = _PRESENT.match(line)
        legend = _LEGEND.match(line)
        if present:
            listing = True
            names += split_names(line[present.end() :])
        elif legend:
            names += split_names(legend["text"])
        elif listing and (_BULLET.match(line) or ":" not in line):
            names += split_names(line)
        else:
            listing = False
    return names


def legend_in(lines: Sequence[str]) -> dict[str, tuple[str | None, str | None]]:
    """Give what a legend such as "KM1 = Anna de Wit, klantmanager" tells: label key to name and function."""
    found: dict[str, tuple[str | None, str | None]] = {}
    for line in lines:
        match = _LEGEND.match(line)
        label = read_label(match["label"]) if match else None
        if match and label and is_certain(label.base):
            names = split_names(match["text"])
            found[label.key] = (names[0] if names else None, functie_of(match["text"]))
    return found


def speaker_from_legend(label: str, name: str | None, functie: str | None) -> Speaker:
    """Make the speaker that a legend describes; the label's own function stands where the legend tells none."""
    return Speaker(label=label, name=name, functie=functie or functie_of(label))
