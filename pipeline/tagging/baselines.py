"""What a tagger must beat: the most frequent label, and word counts with logistic regression."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.domain.codebook import DimensionKind
from pipeline.tagging.inputs import plain_words
from pipeline.tagging.learn import targets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.tagging.heads import Head, Probabilities
    from pipeline.tagging.learn import Example


WORD_OR_QUESTION_MARK = r"\b\w+\b|\?"


def majority(heads: Sequence[Head], known: Sequence[Example], asked: Sequence[Example]) -> list[Probabilities]:
    """Answer with the frequencies of the known examples, whatever the words."""
    shares = {head.dimension: _shares(head, known) for head in heads}
    return [shares for _ in asked]


def _shares(head: Head, known: Sequence[Example]) -> tuple[float, ...]:
    table, answered = targets(head, known)
    if not answered.any():
        return (1 / len(head.labels),) * len(head.labels)
    return _as_probabilities(head, table[answered].mean(0, keepdims=True))[0]


def word_counts(
    heads: Sequence[Head], known: Sequence[Example], asked: Sequence[Example], seed: int
) -> list[Probabilities]:
    """Answer with a logistic regression on TF-IDF of words, word pairs and strings of 2 to 5 characters.

    It reads the unit only, without context and role marks. Rare labels weigh in as often as frequent ones.

    Args:
        heads: what to answer.
        known: what is learnt from.
        asked: what is answered for.
        seed: of the solver.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union

    vectors = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=WORD_OR_QUESTION_MARK),
        TfidfVectorizer(ngram_range=(2, 5), analyzer="char_wb", sublinear_tf=True),
    )
    learnt = vectors.fit_transform([plain_words(example.text) for example in known]).tocsr()
    new = vectors.transform([plain_words(example.text) for example in asked]).tocsr()
    answers: list[Probabilities] = [{} for _ in asked]
    for head in heads:
        table, answered = targets(head, known)
        if not answered.any():
            values = np.full((len(asked), head.scores), 0.5)
        else:
            columns = [_regress(learnt[answered], table[answered, n], new, seed) for n in range(head.scores)]
            values = np.stack(columns, axis=1)
        for answer, probabilities in zip(answers, _as_probabilities(head, values), strict=True):
            answer[head.dimension] = probabilities
    return answers


def _regress(learnt: np.ndarray, yes: np.ndarray, new: np.ndarray, seed: int) -> np.ndarray:
    from sklearn.linear_model import LogisticRegression

    if yes.min() == yes.max():
        return np.full(new.shape[0], float(yes[0]))
    model = LogisticRegression(C=10.0, class_weight="balanced", solver="liblinear", max_iter=1000, random_state=seed)
    answer: np.ndarray = model.fit(learnt, yes > 0).predict_proba(new)[:, 1]
    return answer


def _as_probabilities(head: Head, values: np.ndarray) -> list[tuple[float, ...]]:
    """Turn a "yes" probability for each score into probabilities of labels; rows sum to 1 unless labels can combine."""
    table = np.asarray(values, float)
    if head.kind is DimensionKind.ORDINAL:
        above = np.minimum.accumulate(table, axis=1)
        ends = np.ones((len(table), 1))
        table = np.concatenate([ends, above], 1) - np.concatenate([above, 0 * ends], 1)
    elif head.kind is DimensionKind.SINGLE:
        table = np.maximum(table, 1e-9)
        table = table / table.sum(1, keepdims=True)
    return [tuple(row) for row in table.tolist()]
