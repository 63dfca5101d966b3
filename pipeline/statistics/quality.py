"""How good a tagger is, measured on a drawn sample of units that people coded blind (`statistics.md` 3.2).

Units count 1/π, so that the figures are about the sessions and not about the sample. Answers of all folds are put
together before a figure is computed, once. Intervals come from drawing sessions anew; they do not contain how much
training itself varies (`INTERVAL_NOTE`). A calibrated tagger is still not unbiased per session or component: none of
these figures replaces the correction of rates.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from pipeline.domain.codebook import DimensionKind
from pipeline.statistics.agreement import (
    LEVEL,
    Estimate,
    FigureOfSums,
    cohen_of_units,
    interval_distances,
    nominal_distances,
    quotient,
)
from pipeline.statistics.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from pipeline.domain.codebook import Dimension
    from pipeline.statistics.agreement import Numbers, Resampling, ResamplingDesign, Statistic

BINS = 10
COVERAGES = tuple(round(step / 20, 2) for step in range(2, 21))
"""The parts of the units, from the surest on, at which the risk is looked at."""
INTERVAL_NOTE = (
    "De intervallen gaan over andere sessies van deze soort, niet over opnieuw trainen: hoeveel het model bij een "
    "nieuwe training verschilt, zit er niet in."
)
_SMALLEST_CHANCE = 1e-15
_ROUNDING = 1e-9
_MORE = "Laat in meer sessies een steekproef blind coderen."


@dataclass(frozen=True, slots=True)
class SampledUnit:
    """One drawn unit with what people and one way of answering (a tagger, a rule, a coder) say of it.

    Attributes:
        session: id of its session.
        truth: the labels that people gave.
        given: the labels that the way of answering gave.
        inclusion: probability in (0, 1] with which it was drawn.
        blind: people did not see what the machine said.
        out_of_fold: the answer comes from a model that saw no label of this session; true for what learns nothing.
        probabilities: by label, in [0, 1]; empty when the way of answering gives none.
        certainty: how sure the answer is, in [0, 1]: the probability of the label given, of a multi dimension that of
            its least certain yes or no; `None` when the way of answering does not say.
    """

    session: str
    truth: tuple[str, ...]
    given: tuple[str, ...]
    inclusion: float
    blind: bool
    out_of_fold: bool
    probabilities: Mapping[str, float] = field(default_factory=dict)
    certainty: float | None = None


class Figure(StrEnum):
    """Figures of a dimension as a whole."""

    MACRO_F1 = "macro-F1"
    """Mean of the F1 of the labels that people gave."""
    MICRO_F1 = "micro-F1"
    """F1 of all labels together; for one label a unit, the share of right answers."""
    ANY_F1 = "F1 van een treffer"
    """F1 of "some label other than the empty one"."""
    KAPPA = "kappa van Cohen"
    KAPPA_QUADRATIC = "kappa van Cohen, kwadratisch gewogen"
    MCC = "correlatie van Matthews"


class LabelFigure(StrEnum):
    """Figures of one label."""

    PREVALENCE = "aandeel"
    """Share of the units that carry it; what PR-AUC would be by chance."""
    PRECISION = "precisie"
    RECALL = "recall"
    F1 = "F1"
    PR_AUC = "PR-AUC"
    """Average precision: precision at every score, weighted by the gain in recall."""


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Units of about the same probability.

    Attributes:
        units: how many, not weighted.
        said: their mean probability.
        found: the share that was so, with its band.
    """

    units: int
    said: float
    found: Estimate | Refusal


@dataclass(frozen=True, slots=True)
class Calibration:
    """Whether probabilities mean what they say.

    Attributes:
        bins: of equal weight as far as equal probabilities allow, rising.
        ece: expected calibration error over these bins. It can only be above 0, also for perfect probabilities.
        brier: mean squared difference between probability and outcome.
        log_loss: mean of minus the logarithm of the probability of what was so.
    """

    bins: tuple[ReliabilityBin, ...]
    ece: Estimate | Refusal
    brier: Estimate | Refusal
    log_loss: Estimate | Refusal


@dataclass(frozen=True, slots=True)
class LabelQuality:
    """How well one label is recognised against all others.

    Attributes:
        label: id.
        units: units that carry it, not weighted.
        figures: by name.
        calibration: of its probability.
    """

    label: str
    units: int
    figures: Mapping[LabelFigure, Estimate | Refusal]
    calibration: Calibration | Refusal


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """What happens when only the surest answers are kept.

    Attributes:
        threshold: answers at least this certain are kept.
        coverage: the share of the units that they are, weighted, in (0, 1].
        risk: the share of them that is wrong.
        upper: 95 % upper bound of that.
    """

    threshold: float
    coverage: float
    risk: Estimate | Refusal
    upper: float | Refusal


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """Selective prediction. Units on which the tagger abstains stay in the sessions and in the draw.

    Attributes:
        points: at rising coverage.
        area: under the curve of risk over coverage, of all thresholds; lower is better.
        chosen: the point of widest coverage that stays below the target together with all points before it.
    """

    points: tuple[RiskPoint, ...]
    area: Estimate | Refusal
    chosen: RiskPoint | Refusal


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a way of answering does in one dimension.

    Attributes:
        dimension: id.
        units: sampled units.
        sessions: sessions they come from.
        figures: by name; those that do not fit the kind of dimension are left out.
        labels: those that people gave to a unit of the sample, in the order of the codebook.
        unseen: those that they did not; nothing can be said of them each, and macro-F1 is without
            those that the machine did not give either.
        confusion: for one label a unit: by label that people gave, by label answered, the share of all units (weighted,
            summing to 1); empty for a multi dimension.
        calibration: of the most probable label; of all labels together for a multi dimension.
        risk_coverage: selective prediction.
    """

    dimension: str
    units: int
    sessions: int
    figures: Mapping[Figure, Estimate | Refusal]
    labels: tuple[LabelQuality, ...]
    unseen: tuple[str, ...]
    confusion: Mapping[str, Mapping[str, float]]
    calibration: Calibration | Refusal
    risk_coverage: RiskCoverage | Refusal


def measure_quality(
    units: Sequence[SampledUnit],
    dimension: Dimension,
    design: ResamplingDesign,
    target_risk: float | None = None,
) -> Quality | Refusal:
    """Say how well a way of answering does.

    Args:
        units: drawn units, in any order.
        dimension: what was asked.
        design: of the intervals.
        target_risk: share of wrong answers, in (0, 1), below which the answers that are kept must stay, or `None`.
    """
    refusal = _unusable(units, dimension)
    if refusal is not None:
        return refusal
    names = sorted({unit.session for unit in units})
    resampling = design.over(names)
    if isinstance(resampling, Refusal):
        return resampling
    sample = _Sample.of(units, dimension, names, resampling)
    seen = np.asarray(sample.truth.any(axis=0))
    return Quality(
        dimension=dimension.id,
        units=len(units),
        sessions=sample.sessions,
        figures={name: sample.estimate(figure, _UNDEFINED) for name, figure in _figures(sample).items()},
        labels=tuple(_of_label(sample, at) for at in np.flatnonzero(seen).tolist()),
        unseen=tuple(label for label, occurs in zip(sample.labels, seen, strict=True) if not occurs),
        confusion=_confusion(sample),
        calibration=_whole_calibration(sample),
        risk_coverage=_risk_coverage(sample, target_risk),
    )


def quality_by_level(
    units: Sequence[SampledUnit], dimension: Dimension, levels: Mapping[str, str], design: ResamplingDesign
) -> dict[str, Quality | Refusal]:
    """Say the same for the sessions at each level of a component: differential error shows here.

    Args:
        units: as in `measure_quality`.
        dimension: what was asked.
        levels: level of every session of which it is known.
        design: of the intervals.
    """
    return {
        level: measure_quality([unit for unit in units if levels.get(unit.session) == level], dimension, design)
        for level in sorted(set(levels.values()))
    }


def majority_answers(units: Sequence[SampledUnit]) -> tuple[tuple[str, ...], ...]:
    """Answer every unit with what people most often said in the *other* sessions: the baseline of the majority.

    A session that has no others is answered with the majority of its own.

    Args:
        units: with inclusion probabilities above 0.

    Returns:
        The labels for every unit, in order.
    """
    sessions = sorted({unit.session for unit in units})
    values = sorted({tuple(sorted(unit.truth)) for unit in units})
    heard = np.zeros((len(sessions), len(values)))
    for unit in units:
        heard[sessions.index(unit.session), values.index(tuple(sorted(unit.truth)))] += 1 / unit.inclusion
    others = heard.sum(axis=0) - heard if len(sessions) > 1 else heard
    return tuple(values[int(others[sessions.index(unit.session)].argmax())] for unit in units)


_UNDEFINED = Refusal("Niet te bepalen: het label komt in de steekproef niet voor, of er is maar één uitkomst.", _MORE)


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    """The sample as arrays.

    Attributes:
        dimension: what was asked.
        labels: its labels.
        truth: units by labels: given by people.
        given: units by labels: answered.
        chances: units by labels: probabilities; `None` when any is missing.
        sure: certainties; `None` when any is missing.
        weights: 1/π.
        session: number of the session of each unit.
        sessions: how many there are.
        resampling: of sessions.
    """

    dimension: Dimension
    labels: tuple[str, ...]
    truth: NDArray[np.bool_]
    given: NDArray[np.bool_]
    chances: Numbers | None
    sure: Numbers | None
    weights: Numbers
    session: NDArray[np.int64]
    sessions: int
    resampling: Resampling

    @classmethod
    def of(
        cls, units: Sequence[SampledUnit], dimension: Dimension, names: Sequence[str], resampling: Resampling
    ) -> _Sample:
        labels = dimension.label_ids
        place = {name: at for at, name in enumerate(names)}
        chances = [[unit.probabilities.get(label, 0.0) for label in labels] for unit in units if unit.probabilities]
        sure = [unit.certainty for unit in units if unit.certainty is not None]
        return cls(
            dimension=dimension,
            labels=labels,
            truth=np.array([[label in unit.truth for label in labels] for unit in units]),
            given=np.array([[label in unit.given for label in labels] for unit in units]),
            chances=np.array(chances) if len(chances) == len(units) else None,
            sure=np.array(sure) if len(sure) == len(units) else None,
            weights=np.array([1 / unit.inclusion for unit in units]),
            session=np.array([place[unit.session] for unit in units], dtype=np.int64),
            sessions=len(names),
            resampling=resampling,
        )

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """Which answers differ from what people said in any label."""
        return np.asarray((self.truth != self.given).any(axis=1))

    def estimate(self, figure: FigureOfSums, undefined: Refusal) -> Estimate | Refusal:
        """Give a figure with its interval."""
        return self.resampling.estimate(figure.by_session(self.session, self.sessions), undefined)

    def mean(self, values: Numbers, among: NDArray[np.bool_] | None = None) -> FigureOfSums:
        """Give the weighted mean of values of the units, or of some of them."""
        weights = self.weights if among is None else self.weights * among
        return FigureOfSums(np.stack([weights * values, weights], axis=1), quotient)


def _unusable(units: Sequence[SampledUnit], dimension: Dimension) -> Refusal | None:
    if not units:
        return Refusal("Er zijn geen blind gecodeerde uitingen uit een steekproef.", _MORE)
    for found, why, cure in (
        (
            [not 0 < unit.inclusion <= 1 for unit in units],
            "is de trekkingskans niet bekend of geen getal tussen 0 en 1",
            "Neem alleen uitingen op die Raamwerk heeft getrokken.",
        ),
        (
            [not unit.blind for unit in units],
            "zag de codeur het machinelabel",
            "Laat ze opnieuw blind coderen door iemand anders.",
        ),
        (
            [not unit.out_of_fold for unit in units],
            "heeft het model labels van dezelfde sessie gezien",
            "Gebruik voorspellingen van een model dat zonder die sessie is getraind.",
        ),
        (
            [not _fits(unit, dimension) for unit in units],
            f"passen de labels of kansen niet bij {dimension.name}",
            "Gebruik hetzelfde codeboek voor codeurs en model.",
        ),
    ):
        if any(found):
            return Refusal(f"Van {sum(found)} uitingen in de steekproef {why}.", cure)
    return None


def _fits(unit: SampledUnit, dimension: Dimension) -> bool:
    known = set(dimension.label_ids)
    single = dimension.kind is not DimensionKind.MULTI
    chances = [*unit.probabilities.values(), *([] if unit.certainty is None else [unit.certainty])]
    return (
        known.issuperset([*unit.truth, *unit.given, *unit.probabilities])
        and not (single and {len(unit.truth), len(unit.given)} != {1})
        and all(0 <= chance <= 1 for chance in chances)
    )


def _figures(sample: _Sample) -> dict[Figure, FigureOfSums]:
    # A label that only the machine gave counts, with an F1 of 0: it was wrong every time.
    found = (sample.truth | sample.given).any(axis=0)
    figures = {
        Figure.MACRO_F1: _macro_f1(sample.truth[:, found], sample.given[:, found], sample.weights),
        Figure.MICRO_F1: _micro_f1(sample),
    }
    empty = sample.dimension.none_label
    if empty is not None or sample.dimension.kind is DimensionKind.MULTI:
        hit = np.array([label != empty for label in sample.labels])
        any_truth, any_given = (
            np.asarray(table[:, hit].any(axis=1, keepdims=True)) for table in (sample.truth, sample.given)
        )
        figures[Figure.ANY_F1] = _macro_f1(any_truth, any_given, sample.weights)
    if sample.dimension.kind is not DimensionKind.MULTI:
        truth, given = sample.truth.argmax(axis=1), sample.given.argmax(axis=1)
        values = len(sample.labels)
        figures[Figure.KAPPA] = cohen_of_units(truth, given, sample.weights, nominal_distances(values))
        figures[Figure.MCC] = _matthews(sample)
        if sample.dimension.kind is DimensionKind.ORDINAL:
            figures[Figure.KAPPA_QUADRATIC] = cohen_of_units(
                truth, given, sample.weights, interval_distances(range(values))
            )
    return figures


def _macro_f1(truth: NDArray[np.bool_], given: NDArray[np.bool_], weights: Numbers) -> FigureOfSums:
    """Give the mean F1 of labels, *Shape* of both tables (units, labels); undefined where one is nowhere."""
    parts = weights[:, None] * np.concatenate([2 * (truth & given), truth.astype(int) + given], axis=1)

    def formula(sums: Numbers) -> Numbers:
        both, sizes = np.split(sums, 2, axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray((both / sizes).sum(axis=1) / truth.shape[1])

    return FigureOfSums(parts, formula)


def _micro_f1(sample: _Sample) -> FigureOfSums:
    both = 2.0 * (sample.truth & sample.given).sum(axis=1)
    sizes = sample.truth.sum(axis=1) + sample.given.sum(axis=1)
    return FigureOfSums(sample.weights[:, None] * np.stack([both, sizes], axis=1), quotient)


def _matthews(sample: _Sample) -> FigureOfSums:
    """Give the correlation of Matthews for any number of labels (Gorodkin 2004)."""
    right = (sample.truth & sample.given).sum(axis=1)
    parts = np.concatenate([right[:, None], np.ones((len(right), 1)), sample.truth, sample.given], axis=1)

    def formula(sums: Numbers) -> Numbers:
        agreed, total = sums[:, 0], sums[:, 1]
        truth, given = np.split(sums[:, 2:], 2, axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = (total**2 - (truth**2).sum(axis=1)) * (total**2 - (given**2).sum(axis=1))
            # Rounding can leave a little below 0 where one label is all there is.
            return np.asarray((agreed * total - (truth * given).sum(axis=1)) / np.sqrt(np.maximum(spread, 0)))

    return FigureOfSums(sample.weights[:, None] * parts, formula)


def _of_label(sample: _Sample, at: int) -> LabelQuality:
    truth, given = sample.truth[:, at], sample.given[:, at]
    figures = {
        LabelFigure.PREVALENCE: sample.estimate(sample.mean(truth.astype(float)), _UNDEFINED),
        LabelFigure.PRECISION: sample.estimate(sample.mean(truth.astype(float), given), _NEVER_ANSWERED),
        LabelFigure.RECALL: sample.estimate(sample.mean(given.astype(float), truth), _UNDEFINED),
        LabelFigure.F1: sample.estimate(_macro_f1(truth[:, None], given[:, None], sample.weights), _UNDEFINED),
        LabelFigure.PR_AUC: _NO_CHANCES,
    }
    calibration: Calibration | Refusal = _NO_CHANCES
    if sample.chances is not None:
        chances = sample.chances[:, at]
        statistic = average_precision(chances, truth, sample.weights, sample.session)
        figures[LabelFigure.PR_AUC] = sample.resampling.estimate(statistic, _UNDEFINED)
        calibration = _calibration(sample, chances, truth.astype(float))
    return LabelQuality(sample.labels[at], int(truth.sum()), figures, calibration)


_NEVER_ANSWERED = Refusal("Niet te bepalen: dit label wordt in de steekproef nooit geantwoord.", _MORE)
_NO_CHANCES = Refusal(
    "Niet te bepalen: niet bij elke uiting staat een kans per label.", "Neem de kansen van het model op."
)


def average_precision(
    scores: Numbers, truth: NDArray[np.bool_], weights: Numbers, session: NDArray[np.int64]
) -> Statistic:
    """Give the area under the curve of precision and recall as average precision; equal scores are one threshold.

    Args:
        scores: of the label, *Shape* (units,).
        truth: whether units carry it.
        weights: of the units.
        session: number of the session of each unit.
    """
    ranked = _Ranked.of(scores, weights, session, truth)

    def statistic(draws: Numbers) -> Numbers:
        hits, kept = ranked.kept(draws)
        gained = np.diff(hits, axis=1, prepend=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            precision = np.where(kept > 0, hits / kept, 0)
            return np.asarray((gained * precision).sum(axis=1) / hits[:, -1])

    return statistic


@dataclass(frozen=True, slots=True, eq=False)
class _Ranked:
    """Units from the highest score to the lowest.

    Attributes:
        weights: of the units in that order.
        session: number of the session of each.
        marked: whether each is of the kind that is counted.
        ends: place of the last unit of every distinct score.
    """

    weights: Numbers
    session: NDArray[np.int64]
    marked: NDArray[np.bool_]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, scores: Numbers, weights: Numbers, session: NDArray[np.int64], marked: NDArray[np.bool_]) -> _Ranked:
        order = np.argsort(-scores, kind="stable")
        ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
        return cls(weights[order], session[order], marked[order], ends)

    def kept(self, draws: Numbers) -> tuple[Numbers, Numbers]:
        """Give, at every distinct score, the weight of the marked units and of all units with at least that score.

        Args:
            draws: how often each session counts, *Shape* (draws, sessions).

        Returns:
            Twice *Shape* (draws, distinct scores).
        """
        counted = draws[:, self.session] * self.weights
        marked = np.cumsum(counted * self.marked, axis=1)[:, self.ends]
        return marked, np.cumsum(counted, axis=1)[:, self.ends]


def _confusion(sample: _Sample) -> dict[str, dict[str, float]]:
    if sample.dimension.kind is DimensionKind.MULTI:
        return {}
    shares = (sample.truth * sample.weights[:, None]).T @ sample.given / sample.weights.sum()
    return {
        label: dict(zip(sample.labels, map(float, row), strict=True))
        for label, row in zip(sample.labels, shares, strict=True)
    }


def _whole_calibration(sample: _Sample) -> Calibration | Refusal:
    if sample.chances is None:
        return _NO_CHANCES
    if sample.dimension.kind is not DimensionKind.MULTI:
        top = sample.chances.argmax(axis=1)[:, None]
        chances = np.take_along_axis(sample.chances, top, axis=1)[:, 0]
        return _calibration(sample, chances, np.take_along_axis(sample.truth, top, axis=1)[:, 0].astype(float))
    return _calibration(sample, sample.chances, sample.truth.astype(float))


def _calibration(sample: _Sample, chances: Numbers, outcomes: Numbers) -> Calibration:
    """Compare probabilities with outcomes, *Shape* of both (units,), or (units, labels) for all labels together."""
    columns = chances.size // len(chances)
    weights = np.repeat(sample.weights, columns)
    bins = equal_mass_bins(chances.ravel(), weights)
    parts = _bin_parts(chances.ravel(), outcomes.ravel(), weights, bins)
    parts = parts.reshape(len(chances), columns, -1).sum(axis=1)
    told = np.clip(chances, _SMALLEST_CHANCE, 1 - _SMALLEST_CHANCE)
    loss = -(outcomes * np.log(told) + (1 - outcomes) * np.log(1 - told))
    by_unit = (len(chances), columns)
    return Calibration(
        bins=tuple(_reliability(sample, parts, bins, at) for at in range(int(bins.max()) + 1)),
        ece=sample.estimate(FigureOfSums(parts, _ece_of), _UNDEFINED),
        brier=sample.estimate(sample.mean(np.square(chances - outcomes).reshape(by_unit).mean(axis=1)), _UNDEFINED),
        log_loss=sample.estimate(sample.mean(loss.reshape(by_unit).mean(axis=1)), _UNDEFINED),
    )


def equal_mass_bins(chances: Numbers, weights: Numbers, bins: int = BINS) -> NDArray[np.int64]:
    """Divide probabilities over bins of about equal weight; equal ones share a bin.

    Args:
        chances: in [0, 1], *Shape* (values,).
        weights: of the values.
        bins: at most so many.

    Returns:
        Number of the bin of each value, rising with the probability, without gaps from 0.
    """
    distinct, place = np.unique(chances, return_inverse=True)
    mass = np.bincount(place, weights, len(distinct))
    middle = (mass.cumsum() - mass / 2) / mass.sum()
    number = np.minimum((middle * bins).astype(np.int64), bins - 1)
    return np.asarray(np.unique(number, return_inverse=True)[1][place], dtype=np.int64)


def equal_width_bins(chances: Numbers, bins: int = BINS) -> NDArray[np.int64]:
    """Divide probabilities over bins of equal width, the last of which contains 1."""
    if not ((chances >= 0) & (chances <= 1)).all():
        message = f"probabilities lie in [0, 1], was: {chances}"
        raise ValueError(message)
    return np.minimum((chances * bins).astype(np.int64), bins - 1)


def calibration_error(
    chances: Numbers, outcomes: Numbers, bins: NDArray[np.int64], weights: Numbers | None = None
) -> float | None:
    """Give the expected calibration error, `None` without values.

    Args:
        chances: probabilities, *Shape* (values,).
        outcomes: 1 where it was so, else 0.
        bins: number of the bin of each value, from 0.
        weights: of the values; all 1 when `None`.
    """
    if not len(chances):
        return None
    held = np.ones(len(chances)) if weights is None else weights
    return FigureOfSums(_bin_parts(chances, outcomes, held, bins), _ece_of).value()


def _bin_parts(chances: Numbers, outcomes: Numbers, weights: Numbers, bins: NDArray[np.int64]) -> Numbers:
    """Lay weight, weighted probability and weighted outcome in the bin of each value; *Shape* (values, 3 x bins)."""
    inside = np.eye(int(bins.max()) + 1)[bins] * weights[:, None]
    return np.concatenate([inside, inside * chances[:, None], inside * outcomes[:, None]], axis=1)


def _ece_of(sums: Numbers) -> Numbers:
    mass, said, found = np.split(sums, 3, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.abs(said - found).sum(axis=1) / mass.sum(axis=1))


def _reliability(sample: _Sample, parts: Numbers, bins: NDArray[np.int64], at: int) -> ReliabilityBin:
    mass, said, found = parts[:, at :: parts.shape[1] // 3].T
    share = FigureOfSums(np.stack([found, mass], axis=1), quotient)
    units = int((bins == at).sum())
    return ReliabilityBin(units, float(said.sum() / mass.sum()), sample.estimate(share, _UNDEFINED))


def _risk_coverage(sample: _Sample, target: float | None) -> RiskCoverage | Refusal:
    if sample.sure is None:
        return Refusal(
            "Niet te bepalen: niet bij elke uiting staat hoe zeker het antwoord is.",
            "Neem de zekerheid van het model op.",
        )
    points = tuple(_risk_point(sample, sample.sure, float(at)) for at in _thresholds(sample.sure, sample.weights))
    area = sample.resampling.estimate(_area_of_risk(sample, sample.sure), _UNDEFINED)
    unhurt = [_bound_without_mistakes(sample.weights[sample.sure >= point.threshold]) for point in points]
    return RiskCoverage(points, area, _chosen(points, unhurt, target))


def _thresholds(sure: Numbers, weights: Numbers) -> Numbers:
    """Give the certainties that keep the parts of `COVERAGES`, falling."""
    order = np.argsort(-sure, kind="stable")
    kept = weights[order].cumsum() / weights.sum()
    # A hair less, so that rounding does not push a part just over a unit.
    places = np.searchsorted(kept, np.array(COVERAGES) - _ROUNDING)
    return np.unique(sure[order][places])[::-1]


def _risk_point(sample: _Sample, sure: Numbers, threshold: float) -> RiskPoint:
    kept = sure >= threshold
    wrong = sample.wrong.astype(float)
    figure = sample.mean(wrong, kept)
    statistic = figure.by_session(sample.session, sample.sessions)
    upper = sample.resampling.upper_bound(statistic)
    if not (wrong * kept).any() and not isinstance(upper, Refusal):
        # Drawing sessions anew cannot show mistakes where none was seen: the exact binomial bound instead.
        upper = _bound_without_mistakes(sample.weights[kept])
    coverage = float((sample.weights * kept).sum() / sample.weights.sum())
    return RiskPoint(threshold, coverage, sample.resampling.estimate(statistic, _UNDEFINED), upper)


def _bound_without_mistakes(weights: Numbers) -> float:
    """Give the exact upper bound of the share wrong when none of so many units is."""
    return float(1 - (1 - LEVEL) ** (np.square(weights).sum() / weights.sum() ** 2))


def _area_of_risk(sample: _Sample, sure: Numbers) -> Statistic:
    ranked = _Ranked.of(sure, sample.weights, sample.session, sample.wrong)

    def statistic(draws: Numbers) -> Numbers:
        wrong, kept = ranked.kept(draws)
        covered = np.diff(kept, axis=1, prepend=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            risk = np.where(kept > 0, wrong / kept, 0)
            return np.asarray((covered * risk).sum(axis=1) / kept[:, -1])

    return statistic


def _chosen(points: Sequence[RiskPoint], unhurt: Sequence[float], target: float | None) -> RiskPoint | Refusal:
    """Walk from the surest answers on and stop before the first point whose bound is not below the target.

    The walk starts where so many units are kept that the bound would be below it if none of them were wrong: what fewer
    units cannot show says nothing against keeping more.

    Args:
        points: at rising coverage.
        unhurt: what their bounds would be without mistakes.
        target: share of mistakes that is allowed.
    """
    if target is None:
        return Refusal("Er is geen grens voor het aandeel fouten opgegeven.", "Geef op hoeveel fouten hooguit mogen.")
    chosen = None
    for point in (point for point, bound in zip(points, unhurt, strict=True) if bound < target):
        if isinstance(point.upper, Refusal) or point.upper >= target:
            break
        chosen = point
    if chosen is not None:
        return chosen
    return Refusal(
        f"Ook onder de zekerste antwoorden blijft het aandeel fouten niet aantoonbaar onder {100 * target:.0f} %.",
        "Laat alles nakijken, of verbeter het model met meer gecodeerde sessies.",
    )
