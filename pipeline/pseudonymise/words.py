"""Cuts a text into words that can be compared: accents folded, lower case, with their place and their surroundings."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.pseudonymise.cues import ABBREVIATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PLACEHOLDER = re.compile(r"\[[A-Z][A-Z_]*(?:_?\d+)?\]")
"""A name that was replaced before, by us or by the transcriber: never looked into."""

_HIDDEN = "\u0300-\u036f\u00ad\u200b-\u200d\u2060\ufeff"
_WORD = re.compile(rf"[^\W_](?:[^\W_]|[{_HIDDEN}])*(?:-\r?\n(?=[a-zß-ÿ])[^\W_](?:[^\W_]|[{_HIDDEN}])*)*")
_OPENS = re.compile(r"[.!?…:]|[\"“„‘«]\s*$")
_SPECIAL = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ĳ": "ij"}
)
_CAPITALS_IN_CASED_TEXT = 0.01
_STRAY_CAPITALS = 0.02
_LONG_TURN = 40


def fold(text: str) -> str:
    """Give a text in lower case without accents, spaces, hyphens and apostrophes between letters left as they are."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(char))
    return plain.translate(_SPECIAL)


def forms_of(name: str) -> tuple[str, ...]:
    """Give the folded words of a name: "Berckmoes-Duindam" is ("berckmoes", "duindam")."""
    return tuple(word.form for word in words_of(name))


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a turn.

    Attributes:
        start: code-point offset in the text.
        end: likewise, exclusive.
        form: folded letters and digits.
        capital: begins with a capital.
        shouted: all letters are capitals, and there are at least two.
        opens: stands where any word would have a capital (start of the turn or of a sentence).
        gap: what stands between the word before and this one.
    """

    start: int
    end: int
    form: str
    capital: bool
    shouted: bool
    opens: bool
    gap: str


def words_of(text: str) -> tuple[Word, ...]:
    """Cut a text into words; placeholders that stand in it already are no words."""
    holes = [match.span() for match in PLACEHOLDER.finditer(text)]
    words: list[Word] = []
    before = 0
    for match in _WORD.finditer(text):
        if any(start < match.end() and match.start() < end for start, end in holes):
            continue
        raw = match.group()
        gap = text[before : match.start()]
        form = "".join(char for char in fold(raw) if char.isalnum())
        opens = not words or (bool(_OPENS.search(gap)) and not _is_abbreviation(words[-1]))
        words.append(Word(match.start(), match.end(), form, raw[0].isupper(), _is_shouted(raw), opens, gap))
        before = match.end()
    return tuple(words)


def _is_abbreviation(word: Word) -> bool:
    return (len(word.form) == 1 and word.capital) or word.form in ABBREVIATIONS


def _is_shouted(raw: str) -> bool:
    return len(raw) > 1 and raw.isupper()


def is_cased(turns: tuple[tuple[Word, ...], ...]) -> bool:
    """Tell whether capitals mean something in a transcript: not in the lower-case output of a recogniser."""
    capitals = sum(word.capital for words in turns for word in words)
    total = sum(len(words) for words in turns)
    return total == 0 or capitals / total >= _CAPITALS_IN_CASED_TEXT


def is_cased_turn(words: tuple[Word, ...], *, transcript_is_cased: bool) -> bool:
    """Tell the same of one turn: a long turn without any capital, or one in capitals only, is no written speech."""
    shouted = sum(word.shouted for word in words)
    if 2 * shouted > len(words) > 1:
        return False
    if any(word.capital for word in words):
        return transcript_is_cased
    return transcript_is_cased and len(words) < _LONG_TURN


def has_stray_capitals(turns: tuple[tuple[Word, ...], ...], is_plain: Callable[[str], bool]) -> bool:
    """Tell whether a recogniser strews capitals: more than a few ordinary words have one inside a sentence."""
    plain = [word for words in turns for word in words if not word.opens and not word.shouted and is_plain(word.form)]
    return sum(word.capital for word in plain) > _STRAY_CAPITALS * len(plain)


def words_between(words: tuple[Word, ...], start: int, end: int) -> Iterator[Word]:
    """Give the words that lie wholly between two offsets, in time that does not grow with the length of the turn.

    Args:
        words: of one turn, in order.
        start: code-point offset.
        end: likewise, exclusive.
    """
    at = bisect_left(words, start, key=lambda word: word.start)
    while at < len(words) and words[at].end <= end:
        yield words[at]
        at += 1
