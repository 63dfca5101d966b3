"""Learn from answers for left-out sessions how far scores can be believed, and by what the labels are best chosen.

Per dimension: scaling of the scores (Guo et al. 2017, "On calibration of modern neural networks"; with a shift a score,
since rare labels are learnt with a heavier weight, and with a scale for each reader, so that the one that knows more
counts for more), then thresholds and favours that give the best F1 on these answers,
then the certainty below which the least certain units lie.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pipeline.domain.codebook import DimensionKind
from pipeline.tagging.heads import DEFAULT_THRESHOLD, SMALLEST, by_reader, certainty, decide, probabilities_of
from pipeline.tagging.learn import targets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.tagging.heads import Head, Probabilities
    from pipeline.tagging.learn import Example
    from pipeline.tagging.network import Logits

ENOUGH_TO_TUNE = 5
"""Scales, thresholds and favours are chosen from the data only for a label with so many units."""
ENOUGH_OF_A_LEVEL = 30
PRIOR = 1.0
"""How many units' worth of belief that the scales are `AT_FIRST` and the shifts 0."""
AT_FIRST = (1.0, 0.3)
"""Scales of the readers to begin with: the network's scores as they are, those of words for something."""
WIDEST, STEP = 2.4, 0.2
"""Favours lie in [-WIDEST, WIDEST], on a grid of STEP, on the scale of natural logarithms."""
ROUNDS = 2
DIGITS = 6


def calibrate(heads: Sequence[Head], examples: Sequence[Example], logits: Logits, unsure: float) -> tuple[Head, ...]:
    """Fill in all that is learnt from out-of-fold answers.

    Args:
        heads: as planned.
        examples: labelled units.
        logits: answers for them by a network that did not learn from their sessions, in the same order.
        unsure: share of the units that the certainty threshold leaves to a person, in [0, 1].
    """
    scaled = [_scaled(head, examples, logits[head.dimension]) for head in heads]
    chosen = [_chosen(head, examples, logits[head.dimension]) for head in scaled]
    answers = probabilities(chosen, logits)
    labels = [decide(chosen, answer) for answer in answers]
    final = []
    for head in chosen:
        sure = [certainty(head, p[head.dimension], x[head.dimension]) for p, x in zip(answers, labels, strict=True)]
        final.append(replace(head, sure_from=round(float(np.quantile(sure, unsure)), DIGITS)))
    return tuple(final)


def probabilities(heads: Sequence[Head], logits: Logits) -> list[Probabilities]:
    """Give the calibrated probabilities of every unit by dimension."""
    tables = {head.dimension: probabilities_of(head, logits[head.dimension]).tolist() for head in heads}
    units = len(next(iter(tables.values())))
    return [{name: tuple(table[row]) for name, table in tables.items()} for row in range(units)]


def _scaled(head: Head, examples: Sequence[Example], logits: np.ndarray) -> Head:
    table, answered = targets(head, examples)
    known, scores = table[answered], by_reader(head, logits[answered])
    if head.kind is DimensionKind.SINGLE:
        scales, shifts = _fit_softmax(scores, known)
    else:
        pairs = [_fit_sigmoid(scores[:, :, number], known[:, number]) for number in range(head.scores)]
        scales, shifts = np.array([pair[0] for pair in pairs]).T, np.array([pair[1] for pair in pairs])
    return replace(head, scales=_tuple(scales.ravel()), shifts=_tuple(shifts))


def _tuple(values: np.ndarray) -> tuple[float, ...]:
    return tuple(round(float(value), DIGITS) for value in values)


def _fit_softmax(scores: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit a scale for each reader and a shift for each score; a label that hardly occurs keeps its shift of 0.

    Args:
        scores: *Shape* (units, readers, scores).
        known: 0 and 1, *Shape* (units, scores).

    Returns:
        Scales, *Shape* (readers, scores), and shifts.
    """
    from scipy.optimize import minimize

    free = known.sum(0) >= ENOUGH_TO_TUNE
    readers, labels = scores.shape[1:]
    first = np.array(AT_FIRST[:readers])
    if free.sum() < 2:  # noqa: PLR2004 - nothing to weigh against each other
        return np.repeat(np.eye(readers)[:1].T, labels, axis=1), np.zeros(labels)

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        scales = first * np.exp(values[:readers])
        z = np.einsum("r,urs->us", scales, scores) + np.where(free, values[readers:], 0.0)
        z = z - z.max(1, keepdims=True)
        shares = np.exp(z)
        shares /= shares.sum(1, keepdims=True)
        wrong = shares - known
        log_share = (known * np.log(np.maximum(shares, 1e-300))).sum()
        slope = np.append(np.einsum("us,urs->r", wrong, scores) * scales, np.where(free, wrong.sum(0), 0.0))
        return float(-log_share + PRIOR * (values**2).sum() / 2), slope + PRIOR * values

    values = minimize(loss, np.zeros(readers + labels), jac=True, method="L-BFGS-B").x
    scales = first * np.exp(values[:readers])
    return np.repeat(scales[:, None], labels, axis=1), np.where(free, values[readers:], 0.0)


def _fit_sigmoid(scores: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, float]:
    """Fit the same for one score: *Shape* of scores (units, readers), of scales (readers,)."""
    from scipy.optimize import minimize

    readers = scores.shape[1]
    first = np.array(AT_FIRST[:readers])
    if min(known.sum(), len(known) - known.sum()) < ENOUGH_TO_TUNE:
        return np.eye(readers)[0], 0.0

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        scales = first * np.exp(values[:-1])
        z = scores @ scales + values[-1]
        wrong = 1 / (1 + np.exp(-z)) - known
        value = (np.logaddexp(0, z) - known * z).sum() + PRIOR * (values**2).sum() / 2
        return float(value), np.append(wrong @ scores * scales, wrong.sum()) + PRIOR * values

    values = minimize(loss, np.zeros(readers + 1), jac=True, method="L-BFGS-B").x
    return first * np.exp(values[:-1]), float(values[-1])


def _chosen(head: Head, examples: Sequence[Example], logits: np.ndarray) -> Head:
    table, answered = targets(head, examples)
    shares = probabilities_of(head, logits)[answered]
    known = table[answered]
    if head.kind is DimensionKind.SINGLE:
        return replace(head, favours=_favours(shares, known))
    if head.kind is DimensionKind.MULTI:
        return replace(head, thresholds=tuple(best_threshold(known[:, n] > 0, shares[:, n]) for n in _columns(known)))
    higher = 1 - np.cumsum(shares, axis=1)[:, :-1]
    # A level that hardly occurs is far from the others: one found wrongly costs more than one missed.
    found = (
        best_threshold(known[:, n] > 0, higher[:, n]) if known[:, n].sum() >= ENOUGH_OF_A_LEVEL else DEFAULT_THRESHOLD
        for n in _columns(known)
    )
    return replace(head, thresholds=tuple(found))


def _columns(table: np.ndarray) -> range:
    return range(table.shape[1])


def _favours(shares: np.ndarray, known: np.ndarray) -> tuple[float, ...]:
    """Choose favours one label at a time, some rounds, so that the mean F1 of the labels is highest."""
    logs, truth = np.log(np.maximum(shares, SMALLEST)), known.argmax(1)
    favours = np.zeros(shares.shape[1])
    for _ in range(ROUNDS):
        for label in np.flatnonzero(known.sum(0) >= ENOUGH_TO_TUNE):
            grid = np.arange(-WIDEST, WIDEST + STEP / 2, STEP)
            scores = []
            for value in grid:
                favours[label] = value
                scores.append(_macro_f1(truth, (logs + favours).argmax(1), shares.shape[1]))
            best = np.flatnonzero(np.array(scores) >= max(scores) - 1e-9)
            favours[label] = grid[best[np.argmin(np.abs(grid[best]))]]
    return _tuple(favours)


def _macro_f1(truth: np.ndarray, given: np.ndarray, labels: int) -> float:
    both = np.bincount(truth[truth == given], minlength=labels)
    sizes = np.bincount(truth, minlength=labels) + np.bincount(given, minlength=labels)
    occurring = np.bincount(truth, minlength=labels) > 0
    return float((2 * both[occurring] / sizes[occurring]).mean())


def best_threshold(carried: np.ndarray, found: np.ndarray) -> float:
    """Give the threshold half-way between two neighbouring probabilities at which F1 is highest.

    Args:
        carried: whether each unit carries the label, *Shape* (units,).
        found: probabilities, *Shape* (units,).
    """
    if carried.sum() < ENOUGH_TO_TUNE or carried.all():
        return DEFAULT_THRESHOLD
    order = np.argsort(-found, kind="stable")
    hits = np.cumsum(carried[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + carried.sum())
    ordered = found[order]
    borders = np.append(ordered[:-1] != ordered[1:], True)
    best = int(np.argmax(np.where(borders, f1, -1)))
    below = ordered[best + 1] if best + 1 < len(ordered) else 0.0
    return round(float((ordered[best] + below) / 2), DIGITS)
