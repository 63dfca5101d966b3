"""How far coders agree, with intervals over sessions (`statistics.md` 3.1).

Krippendorff's alpha, Gwet's AC1, the kappas of Cohen and Fleiss, PABAK, plain and positive agreement; for a dimension
as a whole, for each label, for each pair of coders, for each session; the model may be one of the coders. Missing
values are coders who are not counted. Units of which fewer than two coders said something have no part in agreement
and alpha.

Every figure depends on the units by sums alone. They are summed per session first, so that drawing sessions anew, or
leaving one out, is a product of matrices and no loop over data. `Resampling` holds that for the whole room.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.agreement import Agreement, Coding
from pipeline.domain.codebook import DimensionKind
from pipeline.statistics.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from pipeline.domain.codebook import Dimension
    from pipeline.domain.coding import Prediction

Numbers: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = NDArray[np.int64]
"""Units by values: how many coders gave the value to the unit."""
Distances: TypeAlias = NDArray[np.float64]
"""Values by values: how far apart two of them are; 0 on the diagonal."""
Statistic: TypeAlias = Callable[[Numbers], Numbers]
"""From how often each session counts, *Shape* (draws, sessions), to the figure, *Shape* (draws,); NaN: undefined."""

RESAMPLES = 2000
LEVEL = 0.95
FEWEST_SESSIONS = 8
"""Below so many sessions the bootstrap is too narrow, and the jackknife is used."""
_PAIR = 2
_SUBSET, _OVERLAP = 2 / 3, 1 / 3
_NOT_CODED = -1
_AT_ONCE = 200
"""Draws that are computed together: bounds the memory of figures that need every unit."""
_NO_SPREAD = 1e-12


_MORE_SESSIONS = "Laat uitingen van meer sessies coderen."


class IntervalMethod(StrEnum):
    """How an interval came about."""

    BOOTSTRAP = "bootstrap van sessies binnen werkplaatsen"
    JACKKNIFE = "jackknife over sessies"


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval over sessions.

    Attributes:
        low: lower end; may lie outside the range of the figure for the jackknife, and is not cut.
        high: upper end.
        method: how it was made.
        standard_error: spread of the figure over resamples, or of the jackknife.
        sessions: sessions that were resampled.
        undefined: resamples in which the figure could not be determined; they are left out.
    """

    low: float
    high: float
    method: IntervalMethod
    standard_error: float
    sessions: int
    undefined: int

    @property
    def warning(self) -> str | None:
        """Say in Dutch that the interval rests on few sessions, or nothing."""
        if self.method is IntervalMethod.BOOTSTRAP:
            return None
        return (
            f"Dit interval rust op {self.sessions} sessies en is onzeker; "
            f"vanaf {FEWEST_SESSIONS} sessies wordt het met een bootstrap bepaald."
        )


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure.

    Attributes:
        value: of all data.
        interval: over sessions, or why there is none.
    """

    value: float
    interval: Interval | Refusal


@dataclass(frozen=True, slots=True)
class FigureOfSums:
    """A figure that depends on the units by sums alone.

    Attributes:
        parts: what each unit adds, *Shape* (units, parts).
        formula: from sums, *Shape* (draws, parts), to the figure, *Shape* (draws,); NaN where it is undefined.
    """

    parts: Numbers
    formula: Callable[[Numbers], Numbers]

    def value(self) -> float | None:
        """Give the figure of all units, `None` where it is undefined."""
        return _known(self.formula(self.parts.sum(axis=0)[None])[0])

    def by_session(self, session: NDArray[np.int64], sessions: int) -> Statistic:
        """Give the figure as a function of how often each session counts.

        Args:
            session: number of the session of each unit, in [0, sessions).
            sessions: how many there are.
        """
        sums = np.zeros((sessions, self.parts.shape[1]))
        np.add.at(sums, session, self.parts)
        return lambda weights: self.formula(weights @ sums)


def quotient(sums: Numbers) -> Numbers:
    """Divide the first of some sums by the second; NaN where that is 0. *Shape* (draws, at least 2) to (draws,)."""
    above, below = sums[:, 0], sums[:, 1]
    return np.asarray(np.divide(above, below, out=np.full(len(sums), np.nan), where=below != 0))


@dataclass(frozen=True, slots=True, eq=False)
class Resampling:
    """How sessions are drawn anew: the bootstrap within sites, or leaving one out when they are few.

    Attributes:
        weights: how often each session counts, *Shape* (draws, sessions).
        method: which of the two.
        resampled: number of sessions that are drawn or left out; the others always count once.
    """

    weights: Numbers
    method: IntervalMethod
    resampled: int

    @classmethod
    def of(
        cls, sites: Sequence[str], seed: int, draws: int = RESAMPLES, resampled: NDArray[np.bool_] | None = None
    ) -> Resampling:
        """Draw.

        Sites with one session cannot be drawn within; they are taken together, or with the first site when there is
        only one of them, since otherwise their sessions would seem not to vary.

        Args:
            sites: of each session. Keep the sessions sorted, or the draws depend on the order of the data.
            seed: of the draws.
            draws: how many, at least 1.
            resampled: which sessions take part; `None` for all.
        """
        chosen = np.arange(len(sites)) if resampled is None else np.flatnonzero(resampled)
        if len(chosen) < FEWEST_SESSIONS:
            weights = np.ones((len(chosen), len(sites)))
            weights[np.arange(len(chosen)), chosen] = 0
            return cls(weights, IntervalMethod.JACKKNIFE, len(chosen))
        generator = np.random.default_rng(seed)
        weights = np.ones((draws, len(sites)))
        for members in _strata([sites[int(at)] for at in chosen]):
            size = len(members)
            weights[:, chosen[members]] = generator.multinomial(size, np.full(size, 1 / size), draws)
        return cls(weights, IntervalMethod.BOOTSTRAP, len(chosen))

    def estimate(self, statistic: Statistic, undefined: Refusal) -> Estimate | Refusal:
        """Give a figure with its interval.

        Args:
            statistic: the figure.
            undefined: the answer when it is undefined for all data.
        """
        value = _known(statistic(np.ones((1, self.weights.shape[1])))[0])
        return undefined if value is None else Estimate(value, self._interval(statistic, value))

    def upper_bound(self, statistic: Statistic) -> float | Refusal:
        """Give the value below which a figure lies with 95 % confidence, one-sided."""
        value = float(statistic(np.ones((1, self.weights.shape[1])))[0])
        spread = self._spread(statistic)
        if isinstance(spread, Refusal):
            return spread
        values, standard_error = spread
        if self.method is IntervalMethod.BOOTSTRAP:
            return float(np.quantile(values, LEVEL))
        return value + self._students(LEVEL) * standard_error

    def values(self, statistic: Statistic) -> Numbers:
        """Give the figure of every resample, NaN where it is undefined; *Shape* (draws,)."""
        pieces = range(0, len(self.weights), _AT_ONCE)
        return np.concatenate([statistic(self.weights[at : at + _AT_ONCE]) for at in pieces])

    def _interval(self, statistic: Statistic, value: float) -> Interval | Refusal:
        spread = self._spread(statistic)
        if isinstance(spread, Refusal):
            return spread
        values, standard_error = spread
        if standard_error < _NO_SPREAD:
            return Refusal(
                "Geen interval: welke sessies ook meedoen, het getal blijft gelijk; de spreiding is niet te schatten.",
                _MORE_SESSIONS,
            )
        if self.method is IntervalMethod.BOOTSTRAP:
            low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        else:
            half = self._students((1 + LEVEL) / 2) * standard_error
            low, high = value - half, value + half
        undefined = len(self.weights) - len(values)
        return Interval(float(low), float(high), self.method, standard_error, self.resampled, undefined)

    def _spread(self, statistic: Statistic) -> tuple[Numbers, float] | Refusal:
        """Give the defined values and their standard error."""
        if self.resampled < _PAIR:
            return Refusal("Geen interval: daarvoor zijn minstens twee sessies nodig.", _MORE_SESSIONS)
        everything = self.values(statistic)
        values = everything[np.isfinite(everything)]
        if self.method is IntervalMethod.BOOTSTRAP:
            if 2 * len(values) < len(everything):
                return Refusal(
                    f"Geen interval: in {len(everything) - len(values)} van de {len(everything)} herhalingen is het "
                    "getal niet te bepalen, doordat het aan enkele sessies hangt.",
                    _MORE_SESSIONS,
                )
            return values, float(values.std(ddof=1))
        if len(values) < len(everything):
            return Refusal("Geen interval: zonder een van de sessies is het getal niet te bepalen.", _MORE_SESSIONS)
        squares = float(np.square(values - values.mean()).sum())
        return values, float(np.sqrt((len(values) - 1) / len(values) * squares))

    def _students(self, level: float) -> float:
        from scipy.special import stdtrit

        return float(stdtrit(self.resampled - 1, level))


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _strata(sites: Sequence[str]) -> list[NDArray[np.int64]]:
    """Give the places of the sessions of each site, those of lone sessions together."""
    found = [np.array([at for at, other in enumerate(sites) if other == site]) for site in sorted(set(sites))]
    strata = [members for members in found if len(members) > 1]
    alone = [members for members in found if len(members) == 1]
    if len(alone) == 1 and strata:
        strata[0] = np.concatenate([strata[0], alone[0]])
    elif alone:
        strata.append(np.concatenate(alone))
    return strata


@dataclass(frozen=True, slots=True)
class ResamplingDesign:
    """How sessions are to be drawn anew.

    Attributes:
        sites: site of every session, or `None` when all are of one.
        seed: of the bootstrap.
        resamples: of the bootstrap.
    """

    sites: Mapping[str, str] | None = None
    seed: int = 0
    resamples: int = RESAMPLES

    def over(self, sessions: Sequence[str], resampled: NDArray[np.bool_] | None = None) -> Resampling | Refusal:
        """Draw the sessions anew, or say whose site is not known.

        Args:
            sessions: ids, sorted.
            resampled: which take part, as in `Resampling.of`.
        """
        sites = ["" if self.sites is None else self.sites.get(session) for session in sessions]
        taken = np.ones(len(sessions), dtype=np.bool_) if resampled is None else resampled
        homeless = [name for name, site, takes in zip(sessions, sites, taken, strict=True) if takes and site is None]
        if homeless:
            return Refusal(
                f"De werkplaats van sessie {homeless[0]} is niet bekend; zonder werkplaatsen is er geen interval.",
                "Neem de sessie op in sessions.csv.",
            )
        return Resampling.of([site or "" for site in sites], self.seed, self.resamples, taken)


def krippendorff_alpha(counts: Counts, distances: Distances) -> float | None:
    """Give alpha, `None` when fewer than two different values were given to units with several coders.

    Args:
        counts: how many coders gave each value to each unit.
        distances: between the values.
    """
    return _alpha_of_counts(counts, np.ones(len(counts)), distances).value()


def gwet_ac1(counts: Counts) -> float | None:
    """Give AC1, `None` when no unit has two coders or fewer than two different values were given at all.

    Args:
        counts: how many coders gave each value to each unit; the values that anybody gave are the categories.
    """
    return _chance_corrected(counts, np.ones(len(counts)), _gwet_chance).value()


def fleiss_kappa(counts: Counts) -> float | None:
    """Give Fleiss' kappa for any number of coders a unit (Gwet 2014, 2.3), `None` where AC1 is.

    Args:
        counts: how many coders gave each value to each unit.
    """
    return _chance_corrected(counts, np.ones(len(counts)), _fleiss_chance).value()


def pabak(counts: Counts) -> float | None:
    """Give the prevalence- and bias-adjusted kappa, `None` where AC1 is.

    For two values it is PABAK (Byrt et al. 1993), for more its generalisation by Brennan & Prediger (1981).

    Args:
        counts: how many coders gave each value to each unit; the values that anybody gave are the categories.
    """
    return _chance_corrected(counts, np.ones(len(counts)), _equal_chance).value()


def cohen_kappa(table: NDArray[np.int64] | Numbers, distances: Distances | None = None) -> float | None:
    """Give Cohen's kappa of two coders, `None` where both gave one and the same value alone.

    Args:
        table: units (or their weights) by value of the one and value of the other coder, *Shape* (values, values).
        distances: how much a difference counts: `linear_distances`, or `interval_distances` for quadratic weights; all
            alike when `None`.
    """
    held = nominal_distances(len(table)) if distances is None else distances
    sums = np.concatenate([[(table * held).sum()], table.sum(axis=1), table.sum(axis=0)])
    return _known(_cohen_of(sums[None].astype(np.float64), held)[0])


def cohen_standard_error(table: NDArray[np.int64] | Numbers, distances: Distances | None = None) -> float | None:
    """Give the large-sample standard error of Cohen's kappa (Fleiss, Cohen & Everitt 1969), `None` where kappa is.

    It holds for units that are independent. Utterances of one session are not: there it is too small, and the interval
    over sessions takes its place.

    Args:
        table: as in `cohen_kappa`, counts.
        distances: as in `cohen_kappa`.
    """
    kappa = cohen_kappa(table, distances)
    if kappa is None:
        return None
    held = nominal_distances(len(table)) if distances is None else distances
    weight = 1 - held / held.max()
    share = table / table.sum()
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    found, chance = (share * weight).sum(), rows @ weight @ columns
    mean = (weight @ columns)[:, None] + (rows @ weight)[None, :]
    spread = (share * (weight * (1 - chance) - mean * (1 - found)) ** 2).sum()
    variance = (spread - (found * chance - 2 * chance + found) ** 2) / (table.sum() * (1 - chance) ** 4)
    return float(np.sqrt(max(variance, 0.0)))


def observed_agreement(counts: Counts) -> float | None:
    """Give the part of the pairs of coders that agree, averaged over units; `None` when no unit has two coders."""
    return _observed(counts, np.ones(len(counts))).value()


def positive_agreement(counts: Counts) -> float | None:
    """Give the agreement on "yes" alone, `None` when nobody said yes to a unit with several coders.

    Args:
        counts: of two values, no and yes.
    """
    return _positive(counts, np.ones(len(counts))).value()


def nominal_distances(values: int) -> Distances:
    """Give the distances between a number of values of which all that differ, differ alike."""
    return 1 - np.eye(values)


def linear_distances(values: int) -> Distances:
    """Give the distances between a number of values in rising order: how many steps apart."""
    steps = np.arange(values, dtype=np.float64)
    return np.abs(steps[:, None] - steps[None, :])


def interval_distances(values: Sequence[float] | Numbers) -> Distances:
    """Give the squared differences between numbers: interval distances of alpha, quadratic weights of kappa."""
    given = np.asarray(values, dtype=np.float64)
    return np.square(given[:, None] - given[None, :])


def ratio_distances(values: Sequence[float] | Numbers) -> Distances:
    """Give Krippendorff's ratio distances between numbers from 0 on: squared difference over squared sum."""
    given = np.asarray(values, dtype=np.float64)
    sums = given[:, None] + given[None, :]
    return np.square((given[:, None] - given[None, :]) / np.where(sums == 0, 1.0, sums))


def ordinal_distances(counts: Counts) -> Distances:
    """Give Krippendorff's ordinal distances: how many values lie between two, as often as they were given.

    Args:
        counts: how many coders gave each value to each unit; values in rising order.
    """
    return interval_distances(_middles(_paired(counts).sum(axis=0).astype(np.float64)))


def masi_distances(sets: Sequence[AbstractSet[str]]) -> Distances:
    """Give Passonneau's distances between sets of labels; two empty ones are equal."""
    return np.array([[_masi(one, other) for other in sets] for one in sets], dtype=np.float64).reshape(
        len(sets), len(sets)
    )


def _masi(one: AbstractSet[str], other: AbstractSet[str]) -> float:
    if one == other:
        return 0.0
    common = one & other
    monotone = _SUBSET if common in (one, other) else _OVERLAP
    return 1 - len(common) / len(one | other) * monotone


def _middles(given: Numbers) -> Numbers:
    """Give the middle rank of each value, from how often each was given; *Shape* (..., values)."""
    return given.cumsum(axis=-1) - given / 2


def _paired(counts: Counts) -> Counts:
    return np.asarray(counts[counts.sum(axis=1) >= _PAIR], dtype=np.int64)


def _alpha_of_counts(counts: Counts, weights: Numbers, distances: Distances | None) -> FigureOfSums:
    coders = counts.sum(axis=1)
    paired = counts * (coders >= _PAIR)[:, None]
    scale = weights / np.maximum(coders - 1, 1)
    return _alpha(paired, paired, scale, weights[:, None] * paired, distances)


def _alpha(one: Counts, other: Counts, scale: Numbers, given: Numbers, distances: Distances | None) -> FigureOfSums:
    """Give alpha from the pairs of values in each unit.

    Args:
        one: how often each value stands on the one side of a pair, *Shape* (units, values).
        other: the same for the other side; every value of the one meets every value of the other.
        scale: how much each such meeting counts, *Shape* (units,).
        given: how much each value counts towards chance, *Shape* (units, values).
        distances: between the values; `None` for ordinal ones, which follow from what was given.
    """
    values = given.shape[1]
    if distances is not None:
        found = scale * np.einsum("uc,ck,uk->u", one, distances, other)
        parts = np.concatenate([found[:, None], given], axis=1)
        return FigureOfSums(parts, lambda sums: _alpha_of(sums[:, 0], sums[:, 1:], distances))
    met = scale[:, None, None] * one[:, :, None] * other[:, None, :]

    def ordinal(sums: Numbers) -> Numbers:
        together = sums[:, :-values].reshape(-1, values, values)
        ranks = _middles(sums[:, -values:])
        apart = np.square(ranks[:, :, None] - ranks[:, None, :])
        return _alpha_of((together * apart).sum(axis=(1, 2)), sums[:, -values:], apart)

    return FigureOfSums(np.concatenate([met.reshape(len(met), values**2), given], axis=1), ordinal)


def _alpha_of(found: Numbers, given: Numbers, distances: Distances) -> Numbers:
    total = given.sum(axis=1)
    chance = ((given[:, None, :] @ distances)[:, 0, :] * given).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        alpha: Numbers = 1 - (found / total) / (chance / (total * (total - 1)))
    alpha[np.count_nonzero(given, axis=1) < _PAIR] = np.nan
    return alpha


def _observed(counts: Counts, weights: Numbers) -> FigureOfSums:
    return FigureOfSums(_pairs_that_agree(counts, weights), quotient)


def _pairs_that_agree(counts: Counts, weights: Numbers) -> Numbers:
    """Give for every unit the part of its pairs that agree times its weight, and that; 0 with fewer than two coders."""
    coders = counts.sum(axis=1)
    same = (counts * (counts - 1)).sum(axis=1) / np.maximum(coders * (coders - 1), 1)
    return np.asarray(np.stack([weights * same, weights], axis=1) * (coders >= _PAIR)[:, None], dtype=np.float64)


def _positive(counts: Counts, weights: Numbers) -> FigureOfSums:
    coders, yes = counts.sum(axis=1), counts[:, 1]
    both = yes * (yes - 1) / np.maximum(coders - 1, 1)
    return FigureOfSums(np.stack([weights * both, weights * yes], axis=1) * (coders >= _PAIR)[:, None], quotient)


def _chance_corrected(counts: Counts, weights: Numbers, chance: Callable[[Numbers, int], Numbers]) -> FigureOfSums:
    """Give a coefficient (found - chance) / (1 - chance) whose chance follows from the shares of the values.

    Units with one coder count towards the shares, as in Gwet (2014). The categories are the values that anybody gave;
    they stay so in a resample.
    """
    coders = counts.sum(axis=1, keepdims=True)
    shares = weights[:, None] * counts / np.maximum(coders, 1)
    categories = int(np.count_nonzero(counts.sum(axis=0)))

    def formula(sums: Numbers) -> Numbers:
        given = sums[:, 2:]
        with np.errstate(divide="ignore", invalid="ignore"):
            expected = chance(given / given.sum(axis=1, keepdims=True), categories)
            found: Numbers = (quotient(sums) - expected) / (1 - expected)
        found[np.count_nonzero(given, axis=1) < _PAIR] = np.nan
        return found

    return FigureOfSums(np.concatenate([_pairs_that_agree(counts, weights), shares], axis=1), formula)


def _gwet_chance(shares: Numbers, categories: int) -> Numbers:
    return np.asarray((shares * (1 - shares)).sum(axis=1) / (categories - 1))


def _fleiss_chance(shares: Numbers, _categories: int) -> Numbers:
    return np.asarray(np.square(shares).sum(axis=1))


def _equal_chance(shares: Numbers, categories: int) -> Numbers:
    return np.full(len(shares), 1 / max(categories, 1))


def cohen_of_units(
    one: NDArray[np.int64], other: NDArray[np.int64], weights: Numbers, distances: Distances
) -> FigureOfSums:
    """Give Cohen's kappa as a figure of sums over units that both coded.

    Args:
        one: place of the value that the one gave, *Shape* (units,).
        other: place of the value that the other gave.
        weights: of the units.
        distances: between the values.
    """
    known = np.eye(len(distances))
    parts = np.concatenate([distances[one, other][:, None], known[one], known[other]], axis=1)
    return FigureOfSums(weights[:, None] * parts, lambda sums: _cohen_of(sums, distances))


def _cohen_of(sums: Numbers, distances: Distances) -> Numbers:
    rows, columns = np.split(sums[:, 1:], 2, axis=1)
    chance = ((rows @ distances) * columns).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        kappa: Numbers = 1 - sums[:, 0] * rows.sum(axis=1) / chance
    kappa[chance == 0] = np.nan
    return kappa


_NO_SESSION = Refusal(
    "Geen interval: van een of meer uitingen is de sessie niet bekend.", "Voeg een kolom sessie toe aan de tabel."
)


class Coefficient(StrEnum):
    """The figures of agreement."""

    OBSERVED = "overeenstemming"
    POSITIVE = "positieve overeenstemming"
    ALPHA = "alpha"
    AC1 = "AC1"
    FLEISS = "kappa van Fleiss"
    PABAK = "PABAK"
    COHEN = "kappa van Cohen"
    COHEN_LINEAR = "kappa van Cohen, lineair gewogen"
    COHEN_QUADRATIC = "kappa van Cohen, kwadratisch gewogen"


_MORE_UNITS = "Laat meer uitingen dubbel coderen."
_SAME_VALUE = Refusal(
    "Niet te bepalen: geen uiting is door twee codeurs gecodeerd, of er komt maar één waarde voor.", _MORE_UNITS
)
_NEVER_GIVEN = Refusal("Niet te bepalen: niemand gaf dit label aan een uiting met twee codeurs.", _MORE_UNITS)


def describe_agreement(codings: Iterable[Coding], dimensions: Sequence[Dimension]) -> tuple[Agreement, ...]:
    """Say how far coders agree, per dimension as a whole, per label of it, and per dimension and session.

    Args:
        codings: at most one a unit and coder.
        dimensions: those to look at; only labels that belong to them occur.

    Returns:
        For every dimension, in order: the whole, each label (automatic ones only where somebody gave them), and the
        whole in each session that is known, in order of appearance.
    """
    listed = tuple(codings)
    return tuple(
        _described(part, session)
        for dimension in dimensions
        for part, session in _parts(_ratings(listed, dimension, None), dimension)
    )


@dataclass(frozen=True, slots=True)
class MeasuredAgreement:
    """How far coders agree on a dimension or a label of it, with intervals over sessions.

    Attributes:
        dimension: id of the dimension.
        label: id of the label, given or not; `None` for the dimension as a whole.
        session: id of the session, `None` for all together.
        kind: as in `Agreement.kind`.
        units: units that at least two coders coded.
        sessions: number of sessions they come from, `None` when a session is not known.
        coders: those who coded at least one of them; of a pair, the two.
        positives: for a label, how many of the units each of `coders` gave it to, not weighted; empty for a dimension.
        figures: the coefficients; Cohen's only for two coders, weighted ones only for ordinal dimensions, positive
            agreement only for labels.
    """

    dimension: str
    label: str | None
    session: str | None
    kind: DimensionKind
    units: int
    sessions: int | None
    coders: tuple[str, ...]
    positives: tuple[int, ...]
    figures: Mapping[Coefficient, Estimate | Refusal]


def measure_agreement(
    codings: Iterable[Coding],
    dimensions: Sequence[Dimension],
    design: ResamplingDesign,
    inclusion: Mapping[str, float] | None = None,
) -> tuple[MeasuredAgreement, ...] | Refusal:
    """Give all coefficients with their intervals.

    Args:
        codings: at most one a unit and coder; before adjudication. A model can be one of the coders.
        dimensions: as in `describe_agreement`.
        design: of the intervals.
        inclusion: probability in (0, 1] with which every unit was drawn. Units then count 1/that, so that the figures
            are about the sessions and not about the sample. `None` when all units were coded.

    Returns:
        For every dimension: what `describe_agreement` gives, then, when there are more than two coders, for every pair
        of them that coded the same units the whole and each label.
    """
    listed = tuple(codings)
    refusal = _unknown_inclusion(listed, inclusion)
    if refusal is not None:
        return refusal
    measured = []
    for dimension in dimensions:
        ratings = _ratings(listed, dimension, inclusion)
        measured += [_measured(part, session, design) for part, session in _parts(ratings, dimension)]
        if len(ratings.met) > _PAIR:
            measured += [
                _measured(part, None, design)
                for pair in ratings.pairs()
                for part, session in _parts(pair, dimension)
                if session is None
            ]
    return tuple(measured)


@dataclass(frozen=True, slots=True)
class MachineComparison:
    """Whether a model agrees with people as people do among themselves, on the same units.

    Attributes:
        dimension: id of the dimension.
        label: id of the label, or `None` for the whole.
        units: units that the model and at least two people coded.
        people: those people.
        among_people: alpha of the people.
        with_machine: alpha of the pairs of a person and the model.
        difference: the first less the second. The model is as good as a coder only as far as the upper end of this
            interval is small; two separate intervals do not tell.
    """

    dimension: str
    label: str | None
    units: int
    people: tuple[str, ...]
    among_people: Estimate | Refusal
    with_machine: Estimate | Refusal
    difference: Estimate | Refusal


def compare_machine(
    codings: Iterable[Coding],
    dimensions: Sequence[Dimension],
    machine: str,
    design: ResamplingDesign,
    inclusion: Mapping[str, float] | None = None,
) -> tuple[MachineComparison, ...] | Refusal:
    """Compare how a model agrees with people with how these agree among themselves.

    A unit counts as much on both sides: as often as it has people. With two people, alpha with the model is nearly that
    of their two pairs with it put together; but its chance agreement is that among the values of one person and one
    answer a unit, like that of the people among themselves, and not among twice as many, so it is a little higher with
    few units.

    Args:
        codings: those of people blind and before adjudication.
        dimensions: those to look at.
        machine: name under which the model codes.
        design: of the intervals.
        inclusion: as in `measure_agreement`.

    Returns:
        For every dimension the whole and each label.
    """
    listed = tuple(codings)
    refusal = _unknown_inclusion(listed, inclusion)
    if refusal is not None:
        return refusal
    return tuple(
        _compared(part, machine, design)
        for dimension in dimensions
        for part, session in _parts(_ratings(listed, dimension, inclusion), dimension)
        if session is None
    )


def machine_codings(predictions: Iterable[Prediction], sessions: Mapping[str, str], machine: str) -> tuple[Coding, ...]:
    """Make a model one of the coders.

    Args:
        predictions: out of fold for units of sessions that the model learnt from.
        sessions: id of unit to id of session.
        machine: name for the model.
    """
    labels: dict[str, dict[str, tuple[str, ...]]] = {}
    for one in predictions:
        labels.setdefault(one.utterance_id, {})[one.dimension] = one.labels
    return tuple(Coding(unit, machine, sessions.get(unit), given) for unit, given in labels.items())


@dataclass(frozen=True, slots=True, eq=False)
class _Ratings:
    """The codings of one dimension, or of one label of it.

    Attributes:
        dimension: id of the dimension.
        label: id of the label, or `None` for the whole.
        kind: how values differ.
        values: the values that can occur: sets of labels; those of an ordinal dimension in rising order. Of a label:
            not given, given.
        coders: in order of appearance.
        sessions: session of each unit.
        weights: how much each unit counts.
        matrix: units by coders: position in `values`, `_NOT_CODED` where the coder said nothing.
    """

    dimension: str
    label: str | None
    kind: DimensionKind
    values: tuple[frozenset[str], ...]
    coders: tuple[str, ...]
    sessions: tuple[str | None, ...]
    weights: Numbers
    matrix: NDArray[np.int64]

    @property
    def paired(self) -> NDArray[np.bool_]:
        """Which units have at least two coders."""
        return np.asarray((self.matrix != _NOT_CODED).sum(axis=1) >= _PAIR)

    @property
    def present(self) -> NDArray[np.bool_]:
        """Which coders coded at least one of those."""
        return np.asarray((self.matrix[self.paired] != _NOT_CODED).any(axis=0))

    @property
    def met(self) -> tuple[str, ...]:
        """Those coders."""
        return tuple(itertools.compress(self.coders, self.present))

    @property
    def counts(self) -> Counts:
        """How many coders gave each value to each unit."""
        return np.stack([(self.matrix == value).sum(axis=1) for value in range(len(self.values))], axis=1)

    @property
    def double_coded(self) -> set[str | None]:
        """The sessions in which a unit has at least two coders."""
        return set(itertools.compress(self.sessions, self.paired))

    @property
    def positives(self) -> tuple[int, ...]:
        """How many of the units with several coders each of them gave the label to; nothing for a whole dimension."""
        if self.label is None:
            return ()
        return tuple(int(count) for count in (self.matrix[self.paired] == 1).sum(axis=0)[self.present])

    @property
    def distances(self) -> Distances | None:
        """How far apart values are; `None` for ordinal ones, where that follows from how often each was given."""
        if self.kind is DimensionKind.ORDINAL:
            return None
        return masi_distances(self.values) if self.kind is DimensionKind.MULTI else nominal_distances(len(self.values))

    def only(self, rows: NDArray[np.bool_]) -> _Ratings:
        """Keep some units."""
        sessions = tuple(itertools.compress(self.sessions, rows))
        return replace(self, sessions=sessions, weights=self.weights[rows], matrix=self.matrix[rows])

    def within(self, session: str) -> _Ratings:
        """Keep the units of one session."""
        return self.only(np.array([other == session for other in self.sessions]))

    def by(self, coders: Sequence[int]) -> _Ratings:
        """Keep some coders, by place."""
        return replace(self, coders=tuple(self.coders[at] for at in coders), matrix=self.matrix[:, list(coders)])

    def pairs(self) -> list[_Ratings]:
        """Give the ratings of every two coders that coded the same unit."""
        two = itertools.combinations(range(len(self.coders)), _PAIR)
        return [ratings for pair in two if (ratings := self.by(pair)).paired.any()]

    def having(self, label: str) -> _Ratings:
        """Give the ratings of whether a label was given."""
        yes = np.array([label in value for value in self.values], dtype=np.int64)
        given = np.where(self.matrix == _NOT_CODED, _NOT_CODED, yes[self.matrix])
        values = (frozenset[str](), frozenset([label]))
        return replace(self, label=label, kind=DimensionKind.SINGLE, values=values, matrix=given)


def _parts(ratings: _Ratings, dimension: Dimension) -> Iterable[tuple[_Ratings, str | None]]:
    """Give the whole, each label that is shown, and the whole in each session, with that session."""
    yield ratings, None
    for label in dimension.label_ids:
        part = ratings.having(label)
        if label not in dimension.automatic or (part.matrix == 1).any():
            yield part, None
    for session in dict.fromkeys(session for session in ratings.sessions if session is not None):
        yield ratings.within(session), session


def _ratings(codings: Sequence[Coding], dimension: Dimension, inclusion: Mapping[str, float] | None) -> _Ratings:
    coded = [(coding, frozenset(coding.labels[dimension.id])) for coding in codings if dimension.id in coding.labels]
    if dimension.kind is DimensionKind.MULTI:
        values = tuple(dict.fromkeys(value for _, value in coded)) or (frozenset(),)
    else:
        values = tuple(frozenset([label]) for label in dimension.label_ids)
    place = {value: at for at, value in enumerate(values)}
    coders = {coder: at for at, coder in enumerate(dict.fromkeys(coding.coder for coding, _ in coded))}
    sessions = {coding.unit: coding.session for coding, _ in coded}
    units = {unit: at for at, unit in enumerate(sessions)}
    matrix = np.full((len(units), len(coders)), _NOT_CODED, dtype=np.int64)
    for coding, value in coded:
        matrix[units[coding.unit], coders[coding.coder]] = place[value]
    weights = np.array([1.0 if inclusion is None else 1 / inclusion[unit] for unit in units])
    return _Ratings(
        dimension.id,
        None,
        dimension.kind,
        values,
        tuple(coders),
        tuple(sessions.values()),
        weights,
        matrix,
    )


def _unknown_inclusion(codings: Iterable[Coding], inclusion: Mapping[str, float] | None) -> Refusal | None:
    if inclusion is None:
        return None
    units = {coding.unit for coding in codings}
    unknown = sum(not 0 < inclusion.get(unit, 0.0) <= 1 for unit in units)
    if not unknown:
        return None
    return Refusal(
        f"Van {unknown} gecodeerde uitingen is de trekkingskans niet bekend of geen getal tussen 0 en 1.",
        "Neem alleen uitingen op die Raamwerk heeft getrokken.",
    )


def _coefficients(ratings: _Ratings) -> dict[Coefficient, FigureOfSums]:
    counts, weights = ratings.counts, ratings.weights
    figures = {
        Coefficient.OBSERVED: _observed(counts, weights),
        Coefficient.ALPHA: _alpha_of_counts(counts, weights, ratings.distances),
        Coefficient.AC1: _chance_corrected(counts, weights, _gwet_chance),
        Coefficient.FLEISS: _chance_corrected(counts, weights, _fleiss_chance),
        Coefficient.PABAK: _chance_corrected(counts, weights, _equal_chance),
    }
    if ratings.label is not None:
        figures[Coefficient.POSITIVE] = _positive(counts, weights)
    if len(ratings.met) == _PAIR:
        figures |= _cohen_coefficients(ratings)
    return figures


def _cohen_coefficients(ratings: _Ratings) -> dict[Coefficient, FigureOfSums]:
    # A unit that one of the two did not code counts 0, at any value.
    one, other = np.maximum(ratings.matrix[:, ratings.present], 0).T
    weights, values = ratings.weights * ratings.paired, len(ratings.values)
    held = {Coefficient.COHEN: nominal_distances(values)}
    if ratings.kind is DimensionKind.ORDINAL:
        held[Coefficient.COHEN_LINEAR] = linear_distances(values)
        held[Coefficient.COHEN_QUADRATIC] = interval_distances(range(values))
    return {which: cohen_of_units(one, other, weights, distances) for which, distances in held.items()}


def _described(ratings: _Ratings, session: str | None) -> Agreement:
    figures = _coefficients(ratings)
    positive = figures.get(Coefficient.POSITIVE)
    return Agreement(
        dimension=ratings.dimension,
        label=ratings.label,
        session=session,
        kind=ratings.kind,
        units=int(ratings.paired.sum()),
        sessions=_known_sessions(ratings),
        coders=ratings.met,
        observed=figures[Coefficient.OBSERVED].value(),
        positive=positive.value() if positive else None,
        alpha=figures[Coefficient.ALPHA].value(),
        ac1=figures[Coefficient.AC1].value(),
        positives=ratings.positives,
    )


def _measured(ratings: _Ratings, session: str | None, design: ResamplingDesign) -> MeasuredAgreement:
    drawn = _drawn(ratings, design)
    return MeasuredAgreement(
        dimension=ratings.dimension,
        label=ratings.label,
        session=session,
        kind=ratings.kind,
        units=int(ratings.paired.sum()),
        sessions=_known_sessions(ratings),
        coders=ratings.met,
        positives=ratings.positives,
        figures={
            which: drawn.estimate(figure, _NEVER_GIVEN if which is Coefficient.POSITIVE else _SAME_VALUE)
            for which, figure in _coefficients(ratings).items()
        },
    )


def _known_sessions(ratings: _Ratings) -> int | None:
    return None if None in ratings.double_coded else len(ratings.double_coded)


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """The sessions of some ratings, drawn anew; or why they cannot be.

    Attributes:
        session: number of the session of each unit.
        sessions: how many there are.
        resampling: of them, or the reason why not.
    """

    session: NDArray[np.int64]
    sessions: int
    resampling: Resampling | Refusal

    def estimate(self, figure: FigureOfSums, undefined: Refusal) -> Estimate | Refusal:
        """Give a figure with its interval."""
        if isinstance(self.resampling, Refusal):
            value = figure.value()
            return undefined if value is None else Estimate(value, self.resampling)
        return self.resampling.estimate(figure.by_session(self.session, self.sessions), undefined)


def _drawn(ratings: _Ratings, design: ResamplingDesign) -> _Drawn:
    """Draw the sessions in which units have several coders; the others only tell how common a value is, and stay."""
    names = sorted({name or "" for name in ratings.sessions})
    session = np.array([names.index(name or "") for name in ratings.sessions], dtype=np.int64)
    if None in ratings.double_coded:
        return _Drawn(session, len(names), _NO_SESSION)
    double = np.array([name in ratings.double_coded for name in names], dtype=np.bool_)
    return _Drawn(session, len(names), design.over(names, double))


def _compared(ratings: _Ratings, machine: str, design: ResamplingDesign) -> MachineComparison:
    people = ratings.by([at for at, coder in enumerate(ratings.coders) if coder != machine])
    model = ratings.by([at for at, coder in enumerate(ratings.coders) if coder == machine])
    both = people.paired & (model.matrix != _NOT_CODED).any(axis=1)
    people, model = people.only(both), model.only(both)
    among = _alpha_of_counts(people.counts, people.weights, people.distances)
    across = _alpha_across(people, model)
    drawn = _drawn(people, design)
    return MachineComparison(
        dimension=ratings.dimension,
        label=ratings.label,
        units=int(both.sum()),
        people=people.met,
        among_people=drawn.estimate(among, _SAME_VALUE),
        with_machine=drawn.estimate(across, _SAME_VALUE),
        difference=drawn.estimate(_difference(among, across), _SAME_VALUE),
    )


def _alpha_across(people: _Ratings, model: _Ratings) -> FigureOfSums:
    """Give alpha of the pairs of a person and the model; every unit counts as often as it has people."""
    said, answered, weights = people.counts, model.counts, people.weights
    given = weights[:, None] * (said + said.sum(axis=1, keepdims=True) * answered) / 2
    return _alpha(said, answered, weights, given, people.distances)


def _difference(one: FigureOfSums, other: FigureOfSums) -> FigureOfSums:
    parts = one.parts.shape[1]
    return FigureOfSums(
        np.concatenate([one.parts, other.parts], axis=1),
        lambda sums: one.formula(sums[:, :parts]) - other.formula(sums[:, parts:]),
    )
