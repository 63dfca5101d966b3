"""Make the units of a session out of its pseudonymised turns."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from pipeline.domain.pseudonym import UnitisedSession, Utterance, utterance_id

if TYPE_CHECKING:
    from pipeline.domain.pseudonym import PseudonymisedTranscript, PseudonymisedTurn

UNITISE_VERSION = "1"
"""Raise it with every change of rule here or in `cutting`; part of content keys."""

MINIMAL_WORDS = 3
"""A unit of at most this many content-free words is minimal."""
CONTENT_FREE = frozenset(
    [
        "ja",
        "jaja",
        "jawel",
        "jep",
        "joh",
        "jo",
        "nee",
        "nou",
        "hm",
        "hmm",
        "hmhm",
        "mm",
        "mmm",
        "mhm",
        "mhmm",
        "uhu",
        "aha",
        "ah",
        "oh",
        "o",
        "och",
        "ach",
        "ai",
        "tja",
        "zo",
        "eh",
        "ehm",
        "euh",
        "uh",
        "uhm",
        "oke",
        "oké",
        "ok",
        "okee",
        "okay",
        "precies",
        "inderdaad",
        "juist",
        "exact",
        "klopt",
        "goed",
        "mooi",
        "prima",
        "fijn",
        "natuurlijk",
        "tuurlijk",
        "zeker",
        "hè",
        "he",
        "hé",
        "hee",
        "hoor",
        "hoi",
        "xxx",
        "dus",
        "en",
        "maar",
        "hallo",
        "dag",
        "welja",
        "welnee",
    ]
)
"""Words that acknowledge and say nothing of the case."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def is_minimal(text: str) -> bool:
    """Tell whether a unit is a minimal response: `MINIMAL_WORDS` content-free words at most, or no words at all.

    Args:
        text: words of the unit, marks such as [lacht] already taken out.
    """
    words = _WORD.findall(text.lower())
    return len(words) <= MINIMAL_WORDS and all(word in CONTENT_FREE for word in words)


def unitise(transcript: PseudonymisedTranscript) -> UnitisedSession:
    """Cut the turns at the places fixed at ingest and give every unit its id.

    Args:
        transcript: from behind the door of `pseudonymise`.

    Returns:
        The session with its units in order; a turn without words is one minimal unit.
    """
    units = [unit for turn in transcript.turns for unit in _units(transcript.session_id, turn)]
    return UnitisedSession(transcript.session_id, transcript.speakers, tuple(units))


def _units(session_id: str, turn: PseudonymisedTurn) -> list[Utterance]:
    borders = (0, *turn.cuts, len(turn.text))
    spans = list(itertools.pairwise(borders))
    return [
        Utterance(
            id=utterance_id(session_id, turn.number, segment),
            session_id=session_id,
            turn=turn.number,
            segment=segment,
            speaker=turn.speaker,
            text=text,
            start=_moment(turn, start),
            end=_moment(turn, end),
            minimal=is_minimal(text),
        )
        for segment, (start, end) in enumerate(spans, 1)
        for text in (turn.text[start:end].strip(),)
    ]


def _moment(turn: PseudonymisedTurn, position: int) -> float | None:
    """Interpolate the time at a position by the share of characters before it."""
    if position == 0:
        return turn.start
    if position == len(turn.text):
        return turn.end
    if turn.start is None or turn.end is None:
        return None
    return round(turn.start + (turn.end - turn.start) * position / len(turn.text), 3)
