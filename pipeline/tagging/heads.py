"""One head for every dimension of the codebook: what it answers, and how scores become probabilities and labels.

Plain numbers only; the trainable part is in `network`. Two things are learnt after training, from answers for sessions
that were left out (`calibrate`): what makes scores into probabilities that are true as often as they say, and what the
labels are chosen by. The probabilities say how likely a label is; the choice favours rare labels beyond that, since
otherwise the most frequent one would nearly always win.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from pipeline.domain.codebook import DimensionKind
from pipeline.domain.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.domain.codebook import Codebook
    from pipeline.domain.training import TrainingSession

TIE = 1e-6
"""Values that differ by less are equal; `precedence` then decides."""
DEFAULT_THRESHOLD = 0.5
FURTHEST = 40.0
"""Scores are cut off here: further away, a probability does not differ from 0 or 1 any more."""
SMALLEST = 1e-12
"""Stands for a probability of 0 where a logarithm is taken."""

Probabilities = dict[str, tuple[float, ...]]
"""Dimension id to probabilities in the order of `Head.labels`."""


@dataclass(frozen=True, slots=True)
class Head:
    """The question that a head answers.

    Attributes:
        dimension: id of the dimension.
        kind: how many labels a unit can carry.
        labels: the labels it chooses among, in codebook order (`Dimension.choices`).
        none_label: label that stands for "nothing here", or `None`.
        gate: dimension that must have a hit before this one can leave `none_label`, or `None`.
        gate_binds: in the labels learnt from, a hit of the gate always went with a label other than `none_label`; the
            tagger then keeps to that too.
        precedence: ids from strongest to weakest, for equal probabilities.
        scales: what each score is multiplied by before those of all readers are added up, one a score of each reader;
            empty to take the first reader's as they are.
        shifts: what is added to it then, one a score; empty for 0.
        thresholds: for a multi dimension, the probability from which on a label is given, one a label; for an ordinal
            one, the probability of "higher than this label" from which on it is taken to be higher; else empty.
        favours: for a single dimension, what is added to the logarithm of each probability before the highest is taken,
            one a label; empty for 0.
        sure_from: certainty (`certainty`) below which a unit is better looked at by a person.
    """

    dimension: str
    kind: DimensionKind
    labels: tuple[str, ...]
    none_label: str | None = None
    gate: str | None = None
    gate_binds: bool = False
    precedence: tuple[str, ...] = ()
    scales: tuple[float, ...] = field(default=())
    shifts: tuple[float, ...] = field(default=())
    thresholds: tuple[float, ...] = field(default=())
    favours: tuple[float, ...] = field(default=())
    sure_from: float = 0.0

    @property
    def scores(self) -> int:
        """Number of scores the head gives: one a label, for an ordinal dimension one a border between labels."""
        return len(self.labels) - 1 if self.kind is DimensionKind.ORDINAL else len(self.labels)


def plan_heads(sessions: Sequence[TrainingSession], codebook: Codebook) -> tuple[Head, ...]:
    """Derive the heads from the codebook, for the dimensions that carry labels.

    Args:
        sessions: what is learnt from.
        codebook: whose dimensions and labels count.

    Raises:
        InputError: when a core dimension has no labels at all, a label is not in the codebook, or a dimension is
            trained without the one that gates it.
    """
    _check_labels(sessions, codebook)
    labelled = {label.dimension for session in sessions for label in session.labels}
    problems = []
    for dimension in codebook.unit_dimensions:
        if dimension.core and dimension.id not in labelled:
            cure = "Codeer deze dimensie, of maak haar optioneel in het codeboek."
            problems.append(Problem(f"labels, dimensie {dimension.id}", "er is geen enkele uiting gecodeerd", cure))
        if dimension.id in labelled and dimension.gate and dimension.gate not in labelled:
            cure = (
                f"Codeer ook {dimension.gate}: die bepaalt of {dimension.id} mag afwijken van {dimension.none_label}."
            )
            problems.append(Problem(f"labels, dimensie {dimension.id}", f"{dimension.gate} is niet gecodeerd", cure))
    if problems:
        raise InputError(problems)
    heads = []
    for dimension in codebook.unit_dimensions:
        if dimension.id in labelled:
            head = Head(
                dimension=dimension.id,
                kind=dimension.kind,
                labels=dimension.choices,
                none_label=dimension.none_label,
                gate=dimension.gate,
                gate_binds=dimension.gate is not None and _binds(sessions, codebook, dimension.id),
                precedence=dimension.precedence,
                thresholds=_default_thresholds(dimension.kind, len(dimension.choices)),
            )
            heads.append(head)
    return tuple(heads)


def _default_thresholds(kind: DimensionKind, labels: int) -> tuple[float, ...]:
    if kind is DimensionKind.SINGLE:
        return ()
    return (DEFAULT_THRESHOLD,) * (labels if kind is DimensionKind.MULTI else labels - 1)


def _check_labels(sessions: Iterable[TrainingSession], codebook: Codebook) -> None:
    known = {dimension.id: dimension for dimension in codebook.unit_dimensions}
    problems = []
    for session in sessions:
        for settled in session.labels:
            dimension = known.get(settled.dimension)
            wrong = None
            if dimension is None:
                wrong = f"dimensie {settled.dimension} wordt niet per uiting gecodeerd"
            elif not set(settled.labels) <= set(dimension.label_ids):
                wrong = f"{settled.dimension} heeft een label dat niet in het codeboek staat"
            elif dimension.kind is not DimensionKind.MULTI and len(settled.labels) != 1:
                wrong = f"{settled.dimension} heeft {len(settled.labels)} labels in plaats van één"
            if wrong:
                cure = f"Verbeter het label volgens codeboek {codebook.id} {codebook.version}."
                problems.append(Problem(f"uiting {settled.utterance_id}", wrong, cure))
    if problems:
        raise InputError(problems)


def _binds(sessions: Iterable[TrainingSession], codebook: Codebook, dimension_id: str) -> bool:
    dimension = codebook.dimension(dimension_id)
    if dimension.gate is None or dimension.none_label is None:
        return False
    gate = codebook.dimension(dimension.gate)
    for session in sessions:
        answers = session.settled(dimension_id)
        for utterance_id, labels in session.settled(gate.id).items():
            if is_hit(labels, gate.none_label) and answers.get(utterance_id) == (dimension.none_label,):
                return False
    return True


def is_hit(labels: Sequence[str], none_label: str | None) -> bool:
    """Tell whether labels say that something is there."""
    return bool(labels) and tuple(labels) != (none_label,)


def probabilities_of(head: Head, logits: np.ndarray) -> np.ndarray:
    """Make calibrated probabilities of scores.

    Args:
        head: whose scores they are.
        logits: of one reader or more, *Shape* (units, readers * `Head.scores`).

    Returns:
        *Shape* (units, labels), each in [0, 1]; rows of single and ordinal dimensions sum to 1.
    """
    readers = by_reader(head, logits)
    scores: np.ndarray = readers[:, 0]
    if head.scales:
        scores = (readers * by_reader(head, np.array(head.scales))).sum(1) + np.array(head.shifts)
    if head.kind is DimensionKind.SINGLE:
        weights = np.exp(scores - scores.max(1, keepdims=True))
        shares: np.ndarray = weights / weights.sum(1, keepdims=True)
        return shares
    yes: np.ndarray = 1 / (1 + np.exp(-np.clip(scores, -FURTHEST, FURTHEST)))
    if head.kind is DimensionKind.MULTI:
        return yes
    return shares_of_levels(np.minimum.accumulate(yes, axis=1))


def by_reader(head: Head, logits: np.ndarray) -> np.ndarray:
    """Put the scores of the readers in rows; *Shape* (units, readers * scores) to (units, readers, scores)."""
    return np.asarray(logits, float).reshape(-1, np.shape(logits)[-1] // head.scores, head.scores)


def shares_of_levels(higher: np.ndarray) -> np.ndarray:
    """Make probabilities of the labels of an ordinal dimension from those of being higher than each.

    Args:
        higher: *Shape* (units, labels - 1), falling from left to right.

    Returns:
        *Shape* (units, labels); rows sum to 1.
    """
    none, all_ = np.zeros((len(higher), 1)), np.ones((len(higher), 1))
    levels: np.ndarray = np.hstack([all_, higher]) - np.hstack([higher, none])
    return levels


def certainty(head: Head, probabilities: Sequence[float], labels: Sequence[str]) -> float:
    """Say how likely the labels of a unit are, in [0, 1]; for a multi dimension, of its least certain yes or no."""
    if head.kind is DimensionKind.MULTI:
        pairs = zip(head.labels, probabilities, strict=True)
        return min(chance if label in labels else 1 - chance for label, chance in pairs)
    return probabilities[head.labels.index(labels[0])]


def is_unsure(head: Head, probabilities: Sequence[float], labels: Sequence[str]) -> bool:
    """Tell whether a unit is among the least certain ones, which a person had better look at."""
    return certainty(head, probabilities, labels) < head.sure_from


def decide(heads: Sequence[Head], probabilities: Mapping[str, Sequence[float]]) -> dict[str, tuple[str, ...]]:
    """Choose the labels of one unit.

    A multi dimension gets every label at or above its threshold; a single one its most probable label, after favours;
    an ordinal one the label that the last threshold reached in a row points to. A gated dimension stays at its
    `none_label` while its gate has no hit.

    Args:
        heads: gates before the dimensions they gate, or after; the order does not matter.
        probabilities: for every head, in the order of its labels.

    Returns:
        Dimension id to labels, in the order of `heads`.
    """
    by_id = {head.dimension: head for head in heads}
    chosen: dict[str, tuple[str, ...]] = {}

    def resolve(head: Head) -> tuple[str, ...]:
        if head.dimension not in chosen:
            chosen[head.dimension] = _choose(head, probabilities[head.dimension], gate_open(head))
        return chosen[head.dimension]

    def gate_open(head: Head) -> bool:
        gate = by_id.get(head.gate) if head.gate else None
        return gate is None or is_hit(resolve(gate), gate.none_label)

    return {head.dimension: resolve(head) for head in heads}


def _choose(head: Head, probabilities: Sequence[float], gate_open: bool) -> tuple[str, ...]:  # noqa: FBT001 - private
    if head.gate and not gate_open:
        return (head.none_label,) if head.none_label is not None else ()
    if head.kind is DimensionKind.MULTI:
        pairs = zip(head.labels, probabilities, head.thresholds, strict=True)
        return tuple(label for label, probability, threshold in pairs if probability >= threshold)
    barred = head.none_label if head.gate and head.gate_binds else None
    if head.kind is DimensionKind.ORDINAL:
        return (_reached(head, probabilities, barred),)
    favours = head.favours or (0.0,) * len(head.labels)
    options = [
        (label, math.log(max(probability, SMALLEST)) + favour)
        for label, probability, favour in zip(head.labels, probabilities, favours, strict=True)
        if label != barred
    ]
    return (_highest(options, head.precedence),)


def _highest(options: Sequence[tuple[str, float]], precedence: Sequence[str]) -> str:
    best = max(value for _, value in options)
    tied = [label for label, value in options if value >= best - TIE]
    return min(tied, key=lambda label: precedence.index(label) if label in precedence else len(precedence))


def _reached(head: Head, probabilities: Sequence[float], barred: str | None) -> str:
    """Give the label up to which every "higher than" reaches its threshold, but not the barred one."""
    at = 0
    higher = 1.0
    for number, threshold in enumerate(head.thresholds):
        higher -= probabilities[number]
        if higher < threshold - TIE and head.labels[number] != barred:
            break
        at = number + 1
    return head.labels[at]


def differences(heads: Sequence[Head], codebook: Codebook) -> tuple[Problem, ...]:
    """Compare the heads of a tagger with a codebook.

    Returns:
        A problem for every dimension in which they differ in labels, kind or gate; none when the tagger fits.
    """
    trained = {head.dimension for head in heads}
    known = {dimension.id: dimension for dimension in codebook.unit_dimensions}
    cure = "Train de tagger opnieuw met dit codeboek, of gebruik het codeboek waarmee hij getraind is."
    problems = [
        Problem(f"tagger, dimensie {dimension.id}", "deze dimensie kent de tagger niet", cure)
        for dimension in known.values()
        if dimension.core and dimension.id not in trained
    ]
    for head in heads:
        place = f"tagger, dimensie {head.dimension}"
        wanted = known.get(head.dimension)
        if wanted is None:
            problems.append(Problem(place, "deze dimensie staat niet in het codeboek", cure))
        elif head.labels != wanted.choices:
            problems.append(Problem(place, _label_difference(head.labels, wanted.choices), cure))
        elif (head.kind, head.gate, head.none_label) != (wanted.kind, wanted.gate, wanted.none_label):
            problems.append(Problem(place, "soort, poort of leeg label is anders dan in het codeboek", cure))
    return tuple(problems)


def _label_difference(tagger: Sequence[str], codebook: Sequence[str]) -> str:
    only_tagger = [label for label in tagger if label not in codebook]
    only_codebook = [label for label in codebook if label not in tagger]
    parts = []
    if only_tagger:
        parts.append(f"alleen in de tagger: {', '.join(only_tagger)}")
    if only_codebook:
        parts.append(f"alleen in het codeboek: {', '.join(only_codebook)}")
    return "; ".join(parts) or "de volgorde van de labels is anders"
