"""How good is a tagger on sessions it has not seen? Out-of-fold figures, grouped by session, beside two baselines.

Whole sessions are left out at a time: units of one conversation resemble each other, so a split by unit would flatter.
The thresholds with which a left-out group is judged come from the other groups.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pipeline.domain.codebook import DimensionKind
from pipeline.tagging.baselines import majority, word_counts
from pipeline.tagging.encoder import load_encoder
from pipeline.tagging.heads import DEFAULT_THRESHOLD, decide, plan_heads
from pipeline.tagging.learn import examples_of, fit
from pipeline.tagging.network import batches, merged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pipeline.domain.codebook import Codebook
    from pipeline.domain.params import TaggerParams
    from pipeline.domain.training import TrainingSession
    from pipeline.tagging.encoder import Encoder
    from pipeline.tagging.heads import Head, Probabilities
    from pipeline.tagging.inputs import Input
    from pipeline.tagging.learn import Example
    from pipeline.tagging.network import Network

BATCH_TOKENS = 4096
ENOUGH_TO_TUNE = 5
"""A threshold is chosen from the data only for a label with so many units; below it the default stands."""

Answers = list[dict[str, tuple[str, ...]]]
"""For every example, dimension id to labels."""


@dataclass(frozen=True, slots=True)
class LabelScore:
    """How well one label is found.

    Attributes:
        label: id.
        count: units that carry it.
        precision: share of the units given it that carry it, in [0, 1]; 0 when none is given it.
        recall: share of the units carrying it that are given it, in [0, 1].
        f1: harmonic mean of the two.
        f1_majority: of the most frequent label.
        f1_words: of word counts with logistic regression.
    """

    label: str
    count: int
    precision: float
    recall: float
    f1: float
    f1_majority: float
    f1_words: float


@dataclass(frozen=True, slots=True)
class DimensionScore:
    """How well one dimension is tagged.

    Attributes:
        dimension: id.
        units: units with an answer.
        macro_f1: mean of the F1 of the labels that occur, in [0, 1].
        macro_f1_majority: of the most frequent label.
        macro_f1_words: of word counts with logistic regression.
        labels: in codebook order; those that do not occur have `count` 0 and count in no mean.
    """

    dimension: str
    units: int
    macro_f1: float
    macro_f1_majority: float
    macro_f1_words: float
    labels: tuple[LabelScore, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The out-of-fold figures of one set of parameters on one set of sessions.

    Attributes:
        sessions: number of sessions.
        units: number of labelled units.
        folds: groups of sessions that were left out in turn.
        dimensions: in codebook order.
        heads: the heads with thresholds chosen on all out-of-fold answers, for the tagger that learns from everything.
    """

    sessions: int
    units: int
    folds: int
    dimensions: tuple[DimensionScore, ...]
    heads: tuple[Head, ...]


def evaluate(
    sessions: Sequence[TrainingSession],
    codebook: Codebook,
    params: TaggerParams,
    base: Path,
    report: Callable[[str, float], None],
) -> Evaluation | None:
    """Train and judge once for every group of sessions left out.

    Args:
        sessions: with settled labels.
        codebook: whose dimensions and labels count.
        params: as for training.
        base: folder of the built base.
        report: told what happens (Dutch) and how far it is, in [0, 1].

    Returns:
        The figures, or `None` when fewer than two sessions carry labels: then nothing honest can be said.

    Raises:
        InputError: when labels and codebook do not fit, or the encoder cannot be loaded.
    """
    heads = plan_heads(sessions, codebook)
    encoder = load_encoder(params.base, base)
    return evaluate_examples(examples_of(sessions, heads, encoder, params), heads, encoder, params, report)


def evaluate_examples(
    examples: Sequence[Example],
    heads: Sequence[Head],
    encoder: Encoder,
    params: TaggerParams,
    report: Callable[[str, float], None],
) -> Evaluation | None:
    """Do what `evaluate` does, with examples that are made already."""
    groups = session_groups([example.session for example in examples], params)
    if len(groups) < 2:  # noqa: PLR2004 - one to learn from and one to judge
        return None
    fold_of = {session: fold for fold, group in enumerate(groups) for session in group}
    folds = [fold_of[example.session] for example in examples]
    tagger: list[Probabilities] = [{} for _ in examples]
    words: list[Probabilities] = [{} for _ in examples]
    frequent: list[Probabilities] = [{} for _ in examples]
    for fold in range(len(groups)):
        known = [example for example, its in zip(examples, folds, strict=True) if its != fold]
        rows = [row for row, its in enumerate(folds) if its == fold]
        asked = [examples[row] for row in rows]
        network = fit(known, heads, encoder, params, _fold_progress(report, fold, len(groups)))
        _spread(tagger, rows, predict(merged(network), [example.input for example in asked]))
        _spread(words, rows, word_counts(heads, known, asked, params.seed))
        _spread(frequent, rows, majority(heads, known, asked))
    answers = (_judged(examples, folds, heads, tagger), _decided(heads, frequent), _decided(heads, words))
    return Evaluation(
        sessions=len(fold_of),
        units=len(examples),
        folds=len(groups),
        dimensions=tuple(_score(head, examples, answers) for head in heads),
        heads=with_thresholds(heads, examples, tagger),
    )


def _fold_progress(report: Callable[[str, float], None], fold: int, folds: int) -> Callable[[float], None]:
    return lambda done: report(f"Toets {fold + 1} van {folds}", (fold + done) / folds)


def session_groups(sessions: Sequence[str], params: TaggerParams) -> tuple[tuple[str, ...], ...]:
    """Share sessions out over groups of about equal numbers of units; every session is in exactly one group.

    Args:
        sessions: for every unit the id of its session.
        params: how many groups at most, and the seed that breaks ties.
    """
    names, counts = np.unique(list(sessions), return_counts=True)
    shuffled = np.random.default_rng(params.seed).permutation(len(names))
    largest_first = sorted(shuffled.tolist(), key=lambda at: -counts[at])
    groups: list[list[str]] = [[] for _ in range(min(params.folds, len(names)))]
    sizes = [0] * len(groups)
    for at in largest_first:
        smallest = sizes.index(min(sizes))
        groups[smallest].append(str(names[at]))
        sizes[smallest] += int(counts[at])
    return tuple(tuple(sorted(group)) for group in groups)


def predict(network: Network, inputs: Sequence[Input], tokens: int = BATCH_TOKENS) -> list[Probabilities]:
    """Give the probabilities of inputs, in their order, batching those of about equal length.

    Args:
        network: with drop-out off.
        inputs: in any order.
        tokens: most tokens in a batch.
    """
    answers: list[Probabilities] = [{} for _ in inputs]
    for rows in batches(inputs, tokens):
        _spread(answers, rows, network.probabilities([inputs[row] for row in rows]))
    return answers


def _spread(answers: list[Probabilities], rows: Sequence[int], found: Sequence[Probabilities]) -> None:
    for row, one in zip(rows, found, strict=True):
        answers[row] = one


def _decided(heads: Sequence[Head], probabilities: Sequence[Probabilities]) -> Answers:
    return [decide(heads, one) for one in probabilities]


def _judged(
    examples: Sequence[Example], folds: Sequence[int], heads: Sequence[Head], probabilities: Sequence[Probabilities]
) -> Answers:
    """Decide every fold with the thresholds that the other folds give."""
    tuned = {}
    for fold in set(folds):
        others = [row for row, its in enumerate(folds) if its != fold]
        tuned[fold] = with_thresholds(heads, [examples[row] for row in others], [probabilities[row] for row in others])
    return [decide(tuned[fold], one) for fold, one in zip(folds, probabilities, strict=True)]


def with_thresholds(
    heads: Sequence[Head], examples: Sequence[Example], probabilities: Sequence[Probabilities]
) -> tuple[Head, ...]:
    """Choose for every label of a multi dimension the threshold with the best F1 on these examples."""
    return tuple(
        replace(head, thresholds=_thresholds(head, examples, probabilities))
        if head.kind is DimensionKind.MULTI
        else head
        for head in heads
    )


def _thresholds(head: Head, examples: Sequence[Example], probabilities: Sequence[Probabilities]) -> tuple[float, ...]:
    rows = [row for row, example in enumerate(examples) if head.dimension in example.answers]
    chosen = []
    for number, label in enumerate(head.labels):
        carried = np.array([label in examples[row].answers[head.dimension] for row in rows], bool)
        found = np.array([probabilities[row][head.dimension][number] for row in rows])
        chosen.append(_best_threshold(carried, found))
    return tuple(chosen)


def _best_threshold(carried: np.ndarray, found: np.ndarray) -> float:
    """Give the threshold half-way between two neighbouring probabilities at which F1 is highest."""
    if carried.sum() < ENOUGH_TO_TUNE or carried.all():
        return DEFAULT_THRESHOLD
    order = np.argsort(-found, kind="stable")
    hits = np.cumsum(carried[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + carried.sum())
    ordered = found[order]
    borders = np.append(ordered[:-1] != ordered[1:], True)
    best = int(np.argmax(np.where(borders, f1, -1)))
    below = ordered[best + 1] if best + 1 < len(ordered) else 0.0
    return round(float((ordered[best] + below) / 2), 6)


def _score(head: Head, examples: Sequence[Example], answers: tuple[Answers, Answers, Answers]) -> DimensionScore:
    rows = [row for row, example in enumerate(examples) if head.dimension in example.answers]
    truth = [examples[row].answers[head.dimension] for row in rows]
    tagger, frequent, words = ([given[row][head.dimension] for row in rows] for given in answers)
    labels = []
    for label in head.labels:
        precision, recall, f1 = agreement(label, truth, tagger)
        count = sum(label in carried for carried in truth)
        f1_majority, f1_words = agreement(label, truth, frequent)[2], agreement(label, truth, words)[2]
        labels.append(LabelScore(label, count, precision, recall, f1, f1_majority, f1_words))
    occurring = [score for score in labels if score.count] or labels
    return DimensionScore(
        dimension=head.dimension,
        units=len(rows),
        macro_f1=float(np.mean([score.f1 for score in occurring])),
        macro_f1_majority=float(np.mean([score.f1_majority for score in occurring])),
        macro_f1_words=float(np.mean([score.f1_words for score in occurring])),
        labels=tuple(labels),
    )


def agreement(label: str, truth: Sequence[Sequence[str]], given: Sequence[Sequence[str]]) -> tuple[float, float, float]:
    """Give precision, recall and F1 of one label, each in [0, 1]; 0 where it would be 0 / 0."""
    both = sum(label in carried and label in found for carried, found in zip(truth, given, strict=True))
    carrying, finding = sum(label in one for one in truth), sum(label in one for one in given)
    precision = both / finding if finding else 0.0
    recall = both / carrying if carrying else 0.0
    return precision, recall, 2 * both / (carrying + finding) if carrying + finding else 0.0
