"""What a tagger must beat: the most frequent label, cue words, word counts, and vectors of the base as it is.

All but the cue words learn from the same folds as the tagger does, and choose their thresholds in the same way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.domain.codebook import DimensionKind
from pipeline.tagging.calibrate import choose, probabilities
from pipeline.tagging.cues import cue_labels
from pipeline.tagging.encoder import load_encoder
from pipeline.tagging.heads import decide
from pipeline.tagging.inputs import plain_words
from pipeline.tagging.jobs import BATCH_TOKENS
from pipeline.tagging.learn import best_device, targets
from pipeline.tagging.network import STRETCH, build_network

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scipy.sparse import csr_matrix

    from pipeline.domain.cues import Cue
    from pipeline.tagging.evaluate import Answers
    from pipeline.tagging.heads import Head
    from pipeline.tagging.jobs import Bench
    from pipeline.tagging.learn import Example
    from pipeline.tagging.network import Logits

MAJORITY, CUES, WORDS, FROZEN = "meest_voorkomend", "signaalwoorden", "woorden", "bevroren"
SIMPLER = (MAJORITY, CUES, WORDS, FROZEN)
"""Simpler ways of answering, from the simplest on."""
WORD_OR_QUESTION_MARK = r"\b\w+\b|\?"
SOFTNESS = {WORDS: 10.0, FROZEN: 1.0}
"""Inverse of the penalty of the logistic regressions, chosen on the first 989 coded units."""
SMALLEST, FURTHEST = 1e-6, 30.0


def answer_simply(way: str, bench: Bench, cues: Sequence[Cue], folds: np.ndarray) -> Answers:
    """Answer for every example in one of the simpler ways, learning only from other folds.

    Args:
        way: one of `SIMPLER`.
        bench: examples, heads, parameters.
        cues: of the codebook.
        folds: of every example, *Shape* (examples,).
    """
    heads, examples = bench.heads, bench.examples
    if way == CUES:
        return cue_labels(heads, cues, [example.text for example in examples])
    if way == MAJORITY:
        return _most_frequent(heads, examples, folds)
    vectors = _word_vectors(examples) if way == WORDS else _base_vectors(bench)
    return _regressed(heads, examples, folds, vectors, SOFTNESS[way], bench.params.seed)


def _most_frequent(heads: Sequence[Head], examples: Sequence[Example], folds: np.ndarray) -> Answers:
    answers: Answers = [{} for _ in examples]
    for fold in np.unique(folds):
        known = [examples[row] for row in np.flatnonzero(folds != fold).tolist()]
        shares = {head.dimension: _shares(head, known) for head in heads}
        same = decide(heads, shares)
        for row in np.flatnonzero(folds == fold).tolist():
            answers[row] = same
    return answers


def _shares(head: Head, known: Sequence[Example]) -> tuple[float, ...]:
    table, answered = targets(head, known)
    yes = table[answered].mean(0) if answered.any() else np.full(head.scores, 0.5)
    if head.kind is DimensionKind.ORDINAL:
        return tuple(np.append(1.0, yes) - np.append(yes, 0.0))
    return tuple(yes.tolist())


def _word_vectors(examples: Sequence[Example]) -> Callable[[np.ndarray, np.ndarray], tuple[csr_matrix, csr_matrix]]:
    """Weigh words, word pairs and strings of 2 to 5 characters of the unit itself, without context and role marks."""
    texts = np.array([plain_words(example.text) for example in examples], object)

    def make(known: np.ndarray, asked: np.ndarray) -> tuple[csr_matrix, csr_matrix]:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.pipeline import make_union

        counts = make_union(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=WORD_OR_QUESTION_MARK),
            TfidfVectorizer(ngram_range=(2, 5), analyzer="char_wb", sublinear_tf=True, min_df=2),
        )
        return counts.fit_transform(texts[known]).tocsr(), counts.transform(texts[asked]).tocsr()

    return make


def _base_vectors(bench: Bench) -> Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Read the units with the encoder as it was before training, each by itself."""
    import torch

    encoder = load_encoder(bench.params.base, bench.base)
    network = build_network(bench.heads, encoder, 0, 0)
    network.evaluate()
    network.to(best_device())
    with torch.inference_mode():
        rows, vectors = network.read([example.input.ids for example in bench.examples], BATCH_TOKENS, STRETCH)
    table = vectors.cpu().numpy()[[rows[example.input.ids] for example in bench.examples]]

    def make(known: np.ndarray, asked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        middle, spread = table[known].mean(0), table[known].std(0) + SMALLEST
        return (table[known] - middle) / spread, (table[asked] - middle) / spread

    return make


def _regressed(
    heads: Sequence[Head],
    examples: Sequence[Example],
    folds: np.ndarray,
    vectors: Callable[[np.ndarray, np.ndarray], tuple[csr_matrix, csr_matrix] | tuple[np.ndarray, np.ndarray]],
    softness: float,
    seed: int,
) -> Answers:
    """Answer with one logistic regression a score; rare labels weigh in as often as frequent ones."""
    logits: Logits = {head.dimension: np.zeros((len(examples), head.scores)) for head in heads}
    for fold in np.unique(folds):
        known, asked = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        learnt, new = vectors(known, asked)
        for head in heads:
            table, answered = targets(head, [examples[row] for row in known.tolist()])
            for number in range(head.scores):
                yes = table[answered, number]
                logits[head.dimension][asked, number] = _regress(learnt[answered], yes, new, softness, seed)
    answers: Answers = [{} for _ in examples]
    for fold in np.unique(folds):
        others, own = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        tuned = choose(
            heads, [examples[row] for row in others.tolist()], {name: x[others] for name, x in logits.items()}
        )
        found = probabilities(tuned, {name: x[own] for name, x in logits.items()})
        for row, one in zip(own.tolist(), found, strict=True):
            answers[row] = decide(tuned, one)
    return answers


def _regress(
    learnt: csr_matrix | np.ndarray, yes: np.ndarray, new: csr_matrix | np.ndarray, softness: float, seed: int
) -> np.ndarray:
    from sklearn.linear_model import LogisticRegression

    if not len(yes) or yes.min() == yes.max():
        return np.full(new.shape[0], FURTHEST if len(yes) and yes[0] else -FURTHEST)
    model = LogisticRegression(
        C=softness, class_weight="balanced", solver="liblinear", max_iter=1000, random_state=seed
    )
    scores: np.ndarray = model.fit(learnt, yes > 0).decision_function(new)
    return scores
