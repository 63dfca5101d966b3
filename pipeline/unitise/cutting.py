"""Cut a long turn into segments at sentence boundaries, always in the same places."""

from __future__ import annotations

import importlib.util
import re
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

LONGEST = 60
"""Words; a longer turn is cut, and no segment is longer."""
TARGET = 50
"""Words; segments come as near to this as the sentences allow."""
PIPELINES = ("nl_core_news_lg", "nl_core_news_md", "nl_core_news_sm")
"""Dutch spaCy pipelines that find sentences better than punctuation does; the first one installed is used."""
CLAUSE_OPENERS = frozenset(["en", "maar", "dus", "want", "omdat", "terwijl", "toen", "of", "dan", "als"])
"""Words before which unpunctuated speech may be cut; a preference, never a must."""

_WHITESPACE = re.compile(r"\s")


class _Word(NamedTuple):
    """A word: where it begins, and how good a cut before it would be (0 inside a clause, 1 clause, 2 sentence)."""

    at: int
    break_before: int


def cut(text: str) -> tuple[int, ...]:
    """Give the positions in a turn's raw text where a new segment begins.

    Args:
        text: words of one turn.

    Returns:
        Strictly rising code-point offsets inside `text`, each at the start of a word; empty for a turn of at most
        `LONGEST` words.
    """
    if len(text.split()) <= LONGEST // 4:  # far below the limit, whatever a word is
        return ()
    words = _words(text)
    if len(words) <= LONGEST:
        return ()
    return tuple(words[index].at for index in _best_breaks(words))


def splitter() -> str:
    """Name what finds the sentences, such as "spacy 3.8.7"; part of the content key of every unit."""
    package = _installed_pipeline() or "spacy"
    return f"{package} {version(package)}"


def _installed_pipeline() -> str | None:
    return next((name for name in PIPELINES if importlib.util.find_spec(name)), None)


@cache
def _language() -> Language:
    import spacy

    pipeline = _installed_pipeline()
    if pipeline:
        language = spacy.load(pipeline, exclude=["ner", "lemmatizer", "attribute_ruler"])
    else:
        language = spacy.blank("nl")
        # An ellipsis is a pause or a break-off, not the end of a sentence (`domain.md` 7.3).
        language.add_pipe("sentencizer", config={"punct_chars": [".", "!", "?"]})
    language.max_length = 100_000_000
    return language


def _words(text: str) -> list[_Word]:
    document: Doc = _language()(text)
    words: list[_Word] = []
    after_comma = False
    at_sentence = False
    for token in document:
        at_sentence = at_sentence or bool(token.is_sent_start)
        if token.is_space:
            continue
        if token.is_punct:
            after_comma = after_comma or token.text in {",", ";", ":"}
            continue
        # "dat-ie" and "zo'n" are several tokens and one word: a cut may stand only after white space.
        if token.i and not _WHITESPACE.match(text[token.idx - 1]) and words and not at_sentence:
            continue
        clause = after_comma or token.lower_ in CLAUSE_OPENERS
        words.append(_Word(token.idx, 2 if at_sentence else int(clause)))
        after_comma = at_sentence = False
    return words


def _best_breaks(words: list[_Word]) -> list[int]:
    """Choose the breaks with the least total cost, so that segments are near `TARGET` words and end with sentences.

    Runs in time proportional to the number of words: a segment reaches back at most `LONGEST` words.
    """
    price = {2: 0.0, 1: 400.0, 0: 900.0}  # a cut inside a sentence costs more than any uneven length
    best: list[float] = [0.0]
    previous: list[int] = [0]
    for end in range(1, len(words) + 1):
        cost, start = min(
            (best[start] + (end - start - TARGET) ** 2 + (price[words[start].break_before] if start else 0.0), start)
            for start in range(max(0, end - LONGEST), end)
        )
        best.append(cost)
        previous.append(start)
    breaks: list[int] = []
    at = previous[len(words)]
    while at:
        breaks.append(at)
        at = previous[at]
    return breaks[::-1]
