"""How good is a tagger on people it has not heard? Figures on left-out groups, beside simpler ways.

Whole groups are left out at a time: all sessions of one writer where texts are made up, whole sessions otherwise. Units
of one conversation, and conversations of one writer, resemble each other, so any finer split would flatter. What is
chosen from answers (scales, thresholds, favours) is chosen for each group on the answers for the others: crossed, not
nested, for the networks behind those answers did learn from the group. Answers of all groups are put together before a
figure is computed, once.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.domain.codebook import DimensionKind
from pipeline.tagging.calibrate import calibrate, probabilities
from pipeline.tagging.heads import certainty, decide, is_hit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.tagging.heads import Head, Probabilities
    from pipeline.tagging.learn import Example
    from pipeline.tagging.network import Logits

Answers = list[dict[str, tuple[str, ...]]]
"""For every example, dimension id to labels."""

RESAMPLES = 1000
INTERVAL = (2.5, 97.5)
"""Percentiles of the session bootstrap; it does not contain how much training itself varies."""
BINS = 10
"""Bins of equal numbers of units, for calibration."""
COVERAGES = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5)
NEVER = -1
"""The fold of examples that are only learnt from."""
FEWEST_IN_FACET, FEWEST_SESSIONS_IN_FACET = 100, 3
"""A facet (a style, a writer) with fewer units or sessions gets no figure."""
FEWEST_OF_LABEL = 10
"""A label that fewer units of a facet carry is left out of its mean: one hit or miss would decide it."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How well one way of answering does in one dimension, each in [0, 1] unless said otherwise.

    Attributes:
        macro_f1: mean of the F1 of the labels that occur.
        any_f1: F1 of "some label other than the empty one"; `None` where the dimension has no empty label.
        kappa: quadratically weighted kappa of an ordinal dimension, in [-1, 1]; `None` for others.
        labels: by label that occurs: precision, recall, F1.
    """

    macro_f1: float
    any_f1: float | None
    kappa: float | None
    labels: Mapping[str, tuple[float, float, float]]


@dataclass(frozen=True, slots=True)
class DimensionScore:
    """How well one dimension is tagged.

    Attributes:
        dimension: id.
        units: units with an answer.
        counts: by label, the units that carry it.
        given: by label, the units to which the tagger gave it.
        idle: share of units that are wrong when all get the most frequent answer.
        tagger: figures of the tagger.
        intervals: by figure ("macro_f1", "any_f1", "kappa"), 95 % of the session bootstrap.
        others: figures of simpler ways, by name.
        coders: figures of one coder against another, before adjudication: the ceiling; `None` where units were coded
            once.
        ece: expected calibration error of the probability of the most probable label (of every label, for a multi
            dimension), in `BINS` bins of equal numbers.
        reliability: by bin, mean probability and how often it was true.
        risk: by coverage, the share of units that are wrong among the most certain ones.
        facets: by facet and value, units, and the number of labels that `FEWEST_OF_LABEL` of these carry with the mean
            of their F1.
        confusion: by true label, how often each label was given (single and ordinal dimensions).
    """

    dimension: str
    units: int
    counts: Mapping[str, int]
    given: Mapping[str, int]
    idle: float
    tagger: Figures
    intervals: Mapping[str, tuple[float, float]]
    others: Mapping[str, Figures]
    coders: Figures | None
    ece: float
    reliability: tuple[tuple[float, float], ...]
    risk: tuple[tuple[float, float], ...]
    facets: Mapping[tuple[str, str], tuple[int, int, float]]
    confusion: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The out-of-fold figures of one set of parameters on one set of sessions.

    Attributes:
        sessions: number of sessions.
        groups: number of groups (writers, or sessions).
        units: number of labelled units.
        folds: sets of groups that were left out in turn.
        dimensions: in codebook order; those in which at least one of the units has an answer.
    """

    sessions: int
    groups: int
    units: int
    folds: int
    dimensions: tuple[DimensionScore, ...]


def folds_of(examples: Sequence[Example], folds: int, seed: int) -> np.ndarray:
    """Share groups out over folds of about equal numbers of units; every group is in exactly one fold.

    Groups that only teach are in none.

    Args:
        examples: labelled units.
        folds: how many at most; never more than there are groups.
        seed: breaks ties.

    Returns:
        The fold of every example, or `NEVER`, *Shape* (examples,).
    """
    teaching = {one.group for one in examples if one.only_teaches}
    names, numbers, counts = np.unique([one.group for one in examples], return_inverse=True, return_counts=True)
    shuffled = np.random.default_rng(seed).permutation(len(names)).tolist()
    judged = [at for at in shuffled if names[at] not in teaching]
    fold_of, sizes = np.full(len(names), NEVER), np.zeros(min(folds, len(judged)), int)
    for at in sorted(judged, key=lambda group: -counts[group]):
        fold_of[at] = int(sizes.argmin())
        sizes[fold_of[at]] += counts[at]
    placed: np.ndarray = fold_of[numbers]
    return placed


def judge(
    heads: Sequence[Head], examples: Sequence[Example], folds: np.ndarray, logits: Logits, unsure: float
) -> tuple[Answers, list[Probabilities]]:
    """Calibrate every fold on the others, and decide.

    Args:
        heads: as planned.
        examples: labelled units.
        folds: of every example.
        logits: answers by networks that did not learn from the fold.
        unsure: as in `calibrate`.

    Returns:
        Labels and calibrated probabilities of every example.
    """
    answers: Answers = [{} for _ in examples]
    chances: list[Probabilities] = [{} for _ in examples]
    for fold in np.unique(folds):
        others, own = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        known = {name: table[others] for name, table in logits.items()}
        tuned = calibrate(heads, [examples[row] for row in others.tolist()], known, unsure)
        found = probabilities(tuned, {name: table[own] for name, table in logits.items()})
        for row, one in zip(own.tolist(), found, strict=True):
            chances[row], answers[row] = one, decide(tuned, one)
    return answers, chances


def score(  # noqa: PLR0913, PLR0917 - all that is compared
    heads: Sequence[Head],
    examples: Sequence[Example],
    answers: Answers,
    chances: Sequence[Probabilities],
    others: Mapping[str, Answers],
    double: Mapping[str, Sequence[tuple[tuple[str, ...], tuple[str, ...]]]],
    folds: int,
    seed: int,
) -> Evaluation:
    """Compute all figures.

    Args:
        heads: whose dimensions are judged.
        examples: labelled units.
        answers: labels that the tagger gave.
        chances: its probabilities.
        others: labels that simpler ways gave, by name.
        double: by dimension, what two coders gave to the same units.
        folds: number of folds, for the record.
        seed: of the bootstrap.
    """
    return Evaluation(
        sessions=len({one.session for one in examples}),
        groups=len({one.group for one in examples}),
        units=len(examples),
        folds=folds,
        dimensions=tuple(
            _score(head, examples, answers, chances, others, double.get(head.dimension, ()), seed)
            for head in heads
            if any(head.dimension in one.answers for one in examples)
        ),
    )


def _score(  # noqa: PLR0913, PLR0917 - as `score`
    head: Head,
    examples: Sequence[Example],
    answers: Answers,
    chances: Sequence[Probabilities],
    others: Mapping[str, Answers],
    double: Sequence[tuple[tuple[str, ...], tuple[str, ...]]],
    seed: int,
) -> DimensionScore:
    name = head.dimension
    rows = [row for row, one in enumerate(examples) if name in one.answers]
    truth = [examples[row].answers[name] for row in rows]
    given = [answers[row][name] for row in rows]
    found = [chances[row][name] for row in rows]
    counts = _Counts.of(head, truth, given, [examples[row].session for row in rows])
    ece, reliability = _calibration(head, truth, found)
    return DimensionScore(
        dimension=name,
        units=len(rows),
        counts=_times(head, truth),
        given=_times(head, given),
        idle=1 - max(Counter(map(frozenset, truth)).values()) / len(truth),
        tagger=counts.figures(),
        intervals=counts.intervals(seed),
        others={
            way: _Counts.of(head, truth, [other[row][name] for row in rows], [""] * len(rows)).figures()
            for way, other in others.items()
        },
        coders=_between_coders(head, double),
        ece=ece,
        reliability=reliability,
        risk=_risk(head, truth, given, found),
        facets=_facets(head, [examples[row] for row in rows], truth, given),
        confusion=_confusion(head, truth, given),
    )


def _times(head: Head, labels: Sequence[tuple[str, ...]]) -> dict[str, int]:
    return {label: sum(label in one for one in labels) for label in head.labels}


def _between_coders(head: Head, double: Sequence[tuple[tuple[str, ...], tuple[str, ...]]]) -> Figures | None:
    pairs = [pair for pair in double if {*pair[0], *pair[1]} <= set(head.labels)]
    if not pairs:
        return None
    return _Counts.of(head, [one for one, _ in pairs], [other for _, other in pairs], [""] * len(pairs)).figures()


@dataclass(frozen=True, slots=True)
class _Counts:
    """What figures are made of, by session, so that sessions can be drawn anew.

    Attributes:
        head: the dimension.
        both, given, carried: units with a label in both, given it, carrying it; *Shape* (sessions, labels + 1), the
            last column for "any".
        confusion: units by label carried and label given, *Shape* (sessions, labels, labels); (sessions, 0, 0) for
            dimensions that are not ordinal.
    """

    head: Head
    both: np.ndarray
    given: np.ndarray
    carried: np.ndarray
    confusion: np.ndarray

    @classmethod
    def of(
        cls, head: Head, truth: Sequence[tuple[str, ...]], given: Sequence[tuple[str, ...]], sessions: Sequence[str]
    ) -> _Counts:
        _, where = np.unique(list(sessions), return_inverse=True)
        total = int(where.max()) + 1 if len(where) else 0
        t, g = _table(head, truth), _table(head, given)

        def summed(values: np.ndarray) -> np.ndarray:
            out = np.zeros((total, *values.shape[1:]))
            np.add.at(out, where, values)
            return out

        confusion = np.zeros((total, 0, 0))
        if head.kind is DimensionKind.ORDINAL:
            confusion = summed(t[:, :-1, None] * g[:, None, :-1])
        return cls(head, summed(t * g), summed(g), summed(t), confusion)

    def figures(self) -> Figures:
        values = self._values(np.ones((1, len(self.both))))
        both, given, carried = (part.sum(0) for part in (self.both, self.given, self.carried))
        labels = {
            label: (
                float(both[n] / given[n]) if given[n] else 0.0,
                float(both[n] / carried[n]),
                float(2 * both[n] / (given[n] + carried[n])),
            )
            for n, label in enumerate(self.head.labels)
            if carried[n]
        }
        single = {name: float(value[0]) for name, value in values.items()}
        return Figures(single["macro_f1"], single.get("any_f1"), single.get("kappa"), labels)

    def intervals(self, seed: int) -> dict[str, tuple[float, float]]:
        draw = np.random.default_rng(seed)
        sessions = len(self.both)
        weights = draw.multinomial(sessions, np.full(sessions, 1 / sessions), RESAMPLES).astype(float)
        return {name: _interval(values) for name, values in self._values(weights).items()}

    def _values(self, weights: np.ndarray) -> dict[str, np.ndarray]:
        """Give the figures for sessions that count so often; *Shape* of weights (draws, sessions)."""
        both, given, carried = (weights @ part for part in (self.both, self.given, self.carried))
        with np.errstate(invalid="ignore", divide="ignore"):
            f1 = np.where(given + carried > 0, 2 * both / (given + carried), 0.0)
            f1 = np.where((carried > 0) | (self.carried.sum(0) == 0), f1, np.nan)
            occurring = self.carried.sum(0)[:-1] > 0
            asked = f1[:, :-1][:, occurring]
            values = {"macro_f1": np.nansum(asked, axis=1) / (~np.isnan(asked)).sum(1)}
            if self.head.none_label is not None or self.head.kind is DimensionKind.MULTI:
                values["any_f1"] = f1[:, -1]
            if self.confusion.shape[1]:
                values["kappa"] = _kappas(np.einsum("ds,sij->dij", weights, self.confusion))
        return values


def _interval(values: np.ndarray) -> tuple[float, float]:
    """Leave out the draws in which a figure cannot be told; the widest interval when that is all of them."""
    told = values[np.isfinite(values)]
    if not len(told):
        return 0.0, 1.0
    low, high = np.percentile(told, INTERVAL)
    return float(low), float(high)


def _kappas(confusions: np.ndarray) -> np.ndarray:
    steps = np.arange(confusions.shape[1])
    distance = (steps[:, None] - steps[None, :]) ** 2
    total = confusions.sum((1, 2))
    chance = confusions.sum(2)[:, :, None] * confusions.sum(1)[:, None, :] / total[:, None, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        kappas: np.ndarray = 1 - (confusions * distance).sum((1, 2)) / (chance * distance).sum((1, 2))
    return kappas


def _table(head: Head, labels: Sequence[tuple[str, ...]]) -> np.ndarray:
    """Write labels as 0 and 1, with a last column for "any"."""
    table = np.zeros((len(labels), len(head.labels) + 1))
    for row, given in enumerate(labels):
        for label in given:
            table[row, head.labels.index(label)] = 1
        table[row, -1] = is_hit(given, head.none_label)
    return table


def _calibration(
    head: Head, truth: Sequence[tuple[str, ...]], found: Sequence[tuple[float, ...]]
) -> tuple[float, tuple[tuple[float, float], ...]]:
    chances, right = np.array(found), _table(head, truth)[:, :-1]
    if head.kind is DimensionKind.MULTI:
        errors = [_bins(chances[:, n], right[:, n])[0] for n in range(chances.shape[1])]
        return float(np.mean(errors)), _bins(chances.ravel(), right.ravel())[1]
    top = chances.argmax(1)
    rows = np.arange(len(top))
    return _bins(chances[rows, top], right[rows, top])


def _bins(chances: np.ndarray, right: np.ndarray) -> tuple[float, tuple[tuple[float, float], ...]]:
    order = np.argsort(chances, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    pairs = tuple((float(chances[part].mean()), float(right[part].mean())) for part in parts)
    gaps = [abs(said - was) * len(part) for (said, was), part in zip(pairs, parts, strict=True)]
    return float(sum(gaps) / len(order)), pairs


def _risk(
    head: Head,
    truth: Sequence[tuple[str, ...]],
    given: Sequence[tuple[str, ...]],
    found: Sequence[tuple[float, ...]],
) -> tuple[tuple[float, float], ...]:
    sure = np.array([certainty(head, chance, labels) for chance, labels in zip(found, given, strict=True)])
    wrong = np.array([set(t) != set(g) for t, g in zip(truth, given, strict=True)], float)
    order = np.argsort(-sure, kind="stable")
    sizes = [max(1, round(coverage * len(order))) for coverage in COVERAGES]
    return tuple((c, float(wrong[order[:size]].mean())) for c, size in zip(COVERAGES, sizes, strict=True))


def _facets(
    head: Head,
    examples: Sequence[Example],
    truth: Sequence[tuple[str, ...]],
    given: Sequence[tuple[str, ...]],
) -> dict[tuple[str, str], tuple[int, int, float]]:
    rows: dict[tuple[str, str], list[int]] = {}
    for row, one in enumerate(examples):
        for facet in (*one.facets, ("functie", one.role)):
            rows.setdefault(facet, []).append(row)
    found = {}
    for facet, its in sorted(rows.items()):
        if len(its) >= FEWEST_IN_FACET and len({examples[n].session for n in its}) >= FEWEST_SESSIONS_IN_FACET:
            carried, answered = [truth[n] for n in its], [given[n] for n in its]
            figures = _Counts.of(head, carried, answered, [""] * len(its)).figures()
            often = [label for label, times in _times(head, carried).items() if times >= FEWEST_OF_LABEL]
            f1 = [figures.labels[label][2] for label in often]
            found[facet] = (len(its), len(f1), sum(f1) / len(f1) if f1 else 0.0)
    return found


def _confusion(
    head: Head, truth: Sequence[tuple[str, ...]], given: Sequence[tuple[str, ...]]
) -> dict[str, dict[str, int]]:
    if head.kind is DimensionKind.MULTI:
        return {}
    table = {carried: dict.fromkeys(head.labels, 0) for carried in head.labels}
    for t, g in zip(truth, given, strict=True):
        table[t[0]][g[0]] += 1
    return table
