"""What a tagger must beat: the most frequent label, cue words, word counts, and vectors of the base as it is.

All but the cue words learn from the same folds as the tagger does; word counts and vectors choose their thresholds in
the same way too. Word counts are one of the two readers of the tagger itself, asked alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.domain.codebook import DimensionKind
from pipeline.tagging.cues import cue_labels
from pipeline.tagging.encoder import load_encoder
from pipeline.tagging.evaluate import NEVER, judge
from pipeline.tagging.heads import decide, shares_of_levels
from pipeline.tagging.inputs import Guise
from pipeline.tagging.jobs import BATCH_TOKENS
from pipeline.tagging.learn import best_device, bfloat16_pays, targets
from pipeline.tagging.network import STRETCH, build_network

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.domain.cues import Cue
    from pipeline.tagging.evaluate import Answers
    from pipeline.tagging.heads import Head
    from pipeline.tagging.jobs import Bench
    from pipeline.tagging.learn import Example
    from pipeline.tagging.network import Logits

MAJORITY, CUES, WORDS, FROZEN = "meest_voorkomend", "signaalwoorden", "woorden", "bevroren"
SIMPLER = (MAJORITY, CUES, WORDS, FROZEN)
"""Simpler ways of answering, from the simplest on."""
SOFTNESS = 1.0
"""Inverse of the penalty of the logistic regressions, chosen on the first 989 coded units."""
SMALLEST, FURTHEST = 1e-6, 30.0


def answer_simply(way: str, bench: Bench, cues: Sequence[Cue], folds: np.ndarray, words: Logits) -> Answers:
    """Answer for every example in one of the simpler ways, learning only from other folds.

    Args:
        way: one of `SIMPLER`.
        bench: examples, heads, parameters.
        cues: of the codebook.
        folds: of every example, *Shape* (examples,).
        words: scores by words only of the examples that are in a fold, by taggers that did not learn from it.

    Returns:
        Labels of the examples that are in a fold.
    """
    asked = np.flatnonzero(folds != NEVER).tolist()
    if way == CUES:
        return cue_labels(bench.heads, cues, [bench.examples[row].text for row in asked])
    if way == MAJORITY:
        return _most_frequent(bench.heads, bench.examples, folds)
    logits = words if way == WORDS else _regressed(bench, folds)
    examples = [bench.examples[row] for row in asked]
    answers, _ = judge(bench.heads, examples, folds[asked], logits, bench.params.unsure)
    return answers


def _most_frequent(heads: Sequence[Head], examples: Sequence[Example], folds: np.ndarray) -> Answers:
    same = {}
    for fold in set(folds.tolist()) - {NEVER}:
        known = [examples[row] for row in np.flatnonzero(folds != fold).tolist()]
        same[fold] = decide(heads, {head.dimension: _shares(head, known) for head in heads})
    return [same[fold] for fold in folds.tolist() if fold != NEVER]


def _shares(head: Head, known: Sequence[Example]) -> tuple[float, ...]:
    table, answered = targets(head, known)
    yes = table[answered].mean(0) if answered.any() else np.full(head.scores, 0.5)
    return tuple((shares_of_levels(yes[None])[0] if head.kind is DimensionKind.ORDINAL else yes).tolist())


def _regressed(bench: Bench, folds: np.ndarray) -> Logits:
    """Answer with one logistic regression a score on vectors of the base; rare labels weigh in as often as others."""
    vectors = _base_vectors(bench)
    logits = {head.dimension: np.zeros((len(folds), head.scores)) for head in bench.heads}
    for fold in set(folds.tolist()) - {NEVER}:
        known, asked = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        middle, spread = vectors[known].mean(0), vectors[known].std(0) + SMALLEST
        learnt, new = ((vectors[rows] - middle) / spread for rows in (known, asked))
        for head in bench.heads:
            table, answered = targets(head, [bench.examples[row] for row in known.tolist()])
            for number in range(head.scores):
                yes = table[answered, number]
                logits[head.dimension][asked, number] = _regress(learnt[answered], yes, new, bench.params.seed)
    return {name: table[folds != NEVER] for name, table in logits.items()}


def _base_vectors(bench: Bench) -> np.ndarray:
    """Read the units with the encoder as it was before training, each by itself; *Shape* (examples, width)."""
    import torch

    encoder = load_encoder(bench.params.base, bench.base)
    network = build_network(bench.heads, encoder, 0, 0)
    network.evaluate()
    network.to(best_device())
    device = network.device
    with torch.inference_mode(), torch.autocast(device, torch.bfloat16, enabled=bfloat16_pays(device)):
        texts = [shown[Guise.AS_IS].ids for shown in bench.shown]
        rows, vectors = network.read(texts, BATCH_TOKENS, STRETCH)
    found: np.ndarray = vectors.cpu().numpy()[[rows[text] for text in texts]]
    return found


def _regress(learnt: np.ndarray, yes: np.ndarray, new: np.ndarray, seed: int) -> np.ndarray:
    from sklearn.linear_model import LogisticRegression

    if not len(yes) or yes.min() == yes.max():
        return np.full(len(new), FURTHEST if len(yes) and yes[0] else -FURTHEST)
    model = LogisticRegression(
        C=SOFTNESS, solver="newton-cholesky", class_weight="balanced", max_iter=100, random_state=seed
    )
    scores: np.ndarray = model.fit(learnt, yes > 0).decision_function(new)
    return scores
