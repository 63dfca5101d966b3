"""The simplest rival of a tagger but one: words that point to a label, matched with spaCy."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pipeline.domain.codebook import DimensionKind
from pipeline.tagging.inputs import plain_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.domain.cues import Cue
    from pipeline.tagging.heads import Head


def cue_labels(heads: Sequence[Head], cues: Sequence[Cue], texts: Sequence[str]) -> list[dict[str, tuple[str, ...]]]:
    """Label texts by the cues they hold.

    A multi dimension gets every label that has a cue; a single one the label with most cues, at equal numbers the one
    that comes first in the precedence of its dimension; an ordinal one the highest. Without a cue a unit gets the empty
    label, or the first label where there is none.

    Args:
        heads: what to answer.
        cues: of the codebook.
        texts: words of the units, pseudonymised.
    """
    if not cues:
        none: Counter[tuple[str, str]] = Counter()
        return [{head.dimension: _labels(head, none) for head in heads} for _ in texts]
    from spacy.lang.nl import Dutch
    from spacy.matcher import Matcher

    language = Dutch()
    matcher = Matcher(language.vocab)
    for number, cue in enumerate(cues):
        matcher.add(f"{number}", [[dict(token) for token in cue.pattern]])
    answers = []
    for document in language.pipe(plain_words(text) for text in texts):
        hits = Counter(
            (cues[at].dimension, cues[at].label)
            for at in (int(language.vocab.strings[key]) for key, _, _ in matcher(document))
        )
        answers.append({head.dimension: _labels(head, hits) for head in heads})
    return answers


def _labels(head: Head, hits: Counter[tuple[str, str]]) -> tuple[str, ...]:
    found = {label: hits[head.dimension, label] for label in head.labels if hits[head.dimension, label]}
    if head.kind is DimensionKind.MULTI:
        return tuple(found)
    if not found:
        return (head.none_label or head.labels[0],)
    if head.kind is DimensionKind.ORDINAL:
        return (list(found)[-1],)
    order = [*head.precedence, *head.labels]
    return (min(found, key=lambda label: (-found[label], order.index(label))),)
