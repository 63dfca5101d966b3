"""Combine the effect of a component over sites, for the claim about sites in general (`statistics.md` 2.4).

Two claims can be made of one component. "In these sites" is that of the primary analysis (2.1), which this module only
gives a type: `TheseSites`. "In sites in general" is made here in two stages, effect per site and random-effects
meta-analysis over sites: `SitesInGeneral`. The two share neither a base nor the name of an interval, so that the much
narrower first cannot pass for the second (it covers 83 to 85 % when sites differ, section 7).

`pool` and `meta_regression` know more estimators than the product uses, so that they can be held against other
software. What is shown is always Paule-Mandel with the truncated Hartung-Knapp interval; never a common effect or
DerSimonian-Laird with a normal quantile. There is no funnel plot, Egger test or moderator analysis over sites; the
regression serves the sensitivity analysis over sessions (2.3, row 4).

Sources: Paule & Mandel (1982); Viechtbauer (2005, REML; 2007, Q-profile); Hartung & Knapp (2001); Röver, Knapp &
Friede (2015, truncation); Higgins, Thompson & Spiegelhalter (2009, prediction). Standard errors of tau-squared are
those of the R package metafor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.statistics.intervals import LEVEL, Interval
from pipeline.statistics.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Floats: TypeAlias = NDArray[np.float64]

FEWEST_SITES: Final = 3
"""With fewer sites in which the component varies nothing is said of sites in general."""
MANY_SITES: Final = 10
"""With fewer, differences between sites and the prediction interval are rough, and the results say so."""

_NO_SPREAD: Final = 1e-24
"""A variance below this, of shares or points on a scale, is rounding error of equal numbers."""
_GRID: Final = 257
"""Places at which the slope of the restricted likelihood is looked at, spread over nine powers of ten."""
_GRID_REACH: Final = 1e-9
_ROOT_TOLERANCE: Final = 1e-14


class TauMethod(StrEnum):
    """How the variance of true effects between sites (tau-squared) is estimated."""

    PAULE_MANDEL = "Paule-Mandel"
    RESTRICTED_LIKELIHOOD = "REML"
    DERSIMONIAN_LAIRD = "DerSimonian-Laird"
    COMMON_EFFECT = "gemeenschappelijk effect"
    """Weights as if it were 0; differences are then described by DerSimonian and Laird's estimate."""


class IntervalMethod(StrEnum):
    """How the uncertainty of a mean or coefficient is told."""

    NORMAL = "normaal"
    """Wald: the weights are taken as known."""
    HARTUNG_KNAPP = "Hartung-Knapp"
    """Scaled by the spread found, with k - p degrees of freedom."""
    TRUNCATED = "Hartung-Knapp, afgekapt"
    """The same, but never narrowed: the scale is at least 1."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """An estimate and its uncertainty, in the unit of the effects.

    Attributes:
        estimate: the value.
        standard_error: above 0.
        statistic: t, or z for `IntervalMethod.NORMAL`.
        p: two-sided, of the hypothesis that the value is 0; in [0, 1].
        interval: at the level asked for.
    """

    estimate: float
    standard_error: float
    statistic: float
    p: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """How far true effects differ beyond what sampling explains.

    Attributes:
        tau2: variance of true effects, at least 0.
        tau2_standard_error: by the formula that goes with the method.
        tau2_interval: by the Q-profile method; refused when the effects lie closer together than chance explains.
        q: Cochran's Q.
        q_degrees_of_freedom: k - p.
        q_p: of the hypothesis that there is no difference; in [0, 1].
        i2: part of the total variance that lies between true effects, in [0, 1].
        i2_interval: the one for tau-squared, carried over.
        h2: total variance over sampling variance, at least 1.
    """

    tau2: float
    tau2_standard_error: float
    tau2_interval: Interval | Refusal
    q: float
    q_degrees_of_freedom: int
    q_p: float
    i2: float
    i2_interval: Interval | Refusal
    h2: float

    @property
    def tau(self) -> float:
        """Standard deviation of true effects, in the unit of the effects."""
        return math.sqrt(self.tau2)


@dataclass(frozen=True, slots=True)
class Pooled:
    """The mean of several effects.

    Attributes:
        tau_method: how tau-squared was estimated.
        interval_method: how the uncertainty of `mean` is told.
        level: of all intervals, in (0, 1).
        mean: weighted mean effect.
        degrees_of_freedom: of t, or `None` for `IntervalMethod.NORMAL`.
        prediction: where the true effect of a further site is expected, with t of k - 1 degrees of freedom.
        weights: of each effect, in order; sum to 1.
        heterogeneity: how far effects differ.
    """

    tau_method: TauMethod
    interval_method: IntervalMethod
    level: float
    mean: Coefficient
    degrees_of_freedom: int | None
    prediction: Interval
    weights: tuple[float, ...]
    heterogeneity: Heterogeneity


@dataclass(frozen=True, slots=True)
class MetaRegression:
    """How effects with known variances depend on properties of their carriers.

    Attributes:
        coefficients: one a column of the design, in order.
        degrees_of_freedom: of t, or `None` for `IntervalMethod.NORMAL`.
        heterogeneity: how far effects differ beyond the design; refused where a variance is 0, since Q divides by it.
    """

    coefficients: tuple[Coefficient, ...]
    degrees_of_freedom: int | None
    heterogeneity: Heterogeneity | Refusal


@dataclass(frozen=True, slots=True)
class SiteEffect:
    """The first stage, for one site in which the component varies.

    Attributes:
        site: id of the site.
        sessions: number of sessions in blocks in which the component varies.
        per_level: of these (without, with) the component; `None` when it is not a matter of yes and no.
        effect: difference in mean corrected rate, with minus without; per unit of a component that is a number.
        variance: sampling variance of `effect`, from the variance within cells of all sites together.
    """

    site: str
    sessions: int
    per_level: tuple[int, int] | None
    effect: float
    variance: float


@dataclass(frozen=True, slots=True)
class SiteEffects:
    """The first stage.

    Attributes:
        effects: of the sites in which the component varies, by id.
        left_out: ids of the others; their sessions still tell how far sessions vary.
        within_variance: variance of session rates within cells (block by level), pooled; above 0.
        degrees_of_freedom: of `within_variance`, at least 1.
    """

    effects: tuple[SiteEffect, ...]
    left_out: tuple[str, ...]
    within_variance: float
    degrees_of_freedom: int


@dataclass(frozen=True, slots=True)
class TheseSites:
    """The claim of the primary analysis: how sessions with and without a component differ in the sites studied.

    Attributes:
        sites: ids of the sites that it is about.
        effect: difference in session rate, averaged within sites (`statistics.md` 1.4).
        standard_error: above 0.
        degrees_of_freedom: Bell and McCaffrey's, above 0.
        interval_these_sites: of `effect`; says nothing of other sites.
    """

    sites: tuple[str, ...]
    effect: float
    standard_error: float
    degrees_of_freedom: float
    interval_these_sites: Interval

    @property
    def claim(self) -> str:
        """Say what this is about."""
        return f"Dit gaat alleen over deze werkplaatsen ({', '.join(self.sites)}), niet over andere."


@dataclass(frozen=True, slots=True)
class SitesInGeneral:
    """The claim about sites in general, of which those studied are taken as examples.

    Attributes:
        first_stage: effect per site.
        shown: Paule-Mandel, truncated Hartung-Knapp: the claim.
        untruncated: the same with the plain Hartung-Knapp interval, for the table of details; refused when the sites
            agree to the last decimal.
        restricted_likelihood: REML, truncated Hartung-Knapp, as a check.
    """

    first_stage: SiteEffects
    shown: Pooled
    untruncated: Pooled | Refusal
    restricted_likelihood: Pooled

    @property
    def interval_sites_in_general(self) -> Interval:
        """Of the mean effect over sites; never narrower than the normal interval."""
        return self.shown.mean.interval

    @property
    def claim(self) -> str:
        """Say what this is about."""
        return "Dit gaat over werkplaatsen in het algemeen, voor zover de onderzochte daar een voorbeeld van zijn."

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader must know beside the numbers, in Dutch sentences."""
        sites = len(self.first_stage.effects)
        found = []
        if sites < MANY_SITES:
            found.append(f"Verschillen tussen werkplaatsen zijn met {sites} werkplaatsen nauwelijks te schatten.")
            found.append(f"Met minder dan {MANY_SITES} werkplaatsen is het voorspellingsinterval ruw.")
        if self.first_stage.left_out:
            names = ", ".join(self.first_stage.left_out)
            found.append(
                f"Buiten de vergelijking, omdat het kenmerk tussen de vergeleken sessies daar niet verschilt: {names}."
            )
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Claims:
    """The two claims about one component and outcome, each in its own place.

    Attributes:
        these_sites: from the primary analysis, or why there is none.
        sites_in_general: from the meta-analysis, or why there is none.
    """

    these_sites: TheseSites | Refusal
    sites_in_general: SitesInGeneral | Refusal

    def __post_init__(self) -> None:
        # Templates and exports are not type-checked; a swap there would print the narrow interval for the wide claim.
        fields: tuple[tuple[str, object, type], ...] = (
            ("these_sites", self.these_sites, TheseSites),
            ("sites_in_general", self.sites_in_general, SitesInGeneral),
        )
        for name, claim, kind in fields:
            if not isinstance(claim, kind | Refusal):
                message = f"{name} needs a {kind.__name__} or a Refusal, was: {type(claim).__name__}"
                raise TypeError(message)


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One site in a forest plot.

    Attributes:
        site: id of the site.
        sessions: number of sessions.
        per_level: sessions (without, with), `None` when the component is not a matter of yes and no.
        estimate: effect in this site.
        interval: of this site alone, with t of the degrees of freedom of the pooled variance.
        weight: in the mean, in [0, 1].
    """

    site: str
    sessions: int
    per_level: tuple[int, int] | None
    estimate: float
    interval: Interval
    weight: float


@dataclass(frozen=True, slots=True)
class Forest:
    """What a forest plot draws.

    Attributes:
        rows: the sites, in order.
        mean: middle of the diamond.
        diamond: its left and right end: the interval of the mean.
        prediction: the bar below it.
    """

    rows: tuple[ForestRow, ...]
    mean: float
    diamond: Interval
    prediction: Interval


def sites_in_general(
    rates: Sequence[float],
    component: Sequence[float],
    sites: Sequence[str],
    blocks: Sequence[str] | None = None,
    *,
    level: float = LEVEL,
) -> SitesInGeneral | Refusal:
    """Say what a component does in sites in general (`statistics.md` 2.4).

    Args:
        rates: corrected rate or score of each session, not clipped.
        component: its value in each session; yes and no as 1 and 0.
        sites: id of the site of each session.
        blocks: of the primary analysis (site, or site and round); by default the sites.
        level: of the intervals, in (0, 1).

    Returns:
        The claim, or a refusal when a value is missing, rates do not vary within cells, or the component varies in
        fewer than `FEWEST_SITES` sites.

    Raises:
        ValueError: when the arguments differ in length.
    """
    first = site_effects(rates, component, sites, blocks)
    if isinstance(first, Refusal):
        return first
    effects = [one.effect for one in first.effects]
    variances = [one.variance for one in first.effects]
    shown = pool(effects, variances, level=level)
    check = pool(effects, variances, tau_method=TauMethod.RESTRICTED_LIKELIHOOD, level=level)
    if isinstance(shown, Refusal):
        return shown
    if isinstance(check, Refusal):
        return check
    untruncated = pool(effects, variances, interval_method=IntervalMethod.HARTUNG_KNAPP, level=level)
    return SitesInGeneral(first, shown, untruncated, check)


def site_effects(
    rates: Sequence[float], component: Sequence[float], sites: Sequence[str], blocks: Sequence[str] | None = None
) -> SiteEffects | Refusal:
    """Give the effect of a component in every site in which it varies within a block.

    For a yes or no: the difference of mean rates, with the variance s²(1/n₁ + 1/n₀), where s² is pooled over all cells
    of all sites: the variances of three to five sessions would make the weights random (`statistics.md` 2.4). For a
    number: the slope within the site, with s² of what the slopes leave over. For two values these are the same. Where a
    site has several blocks, sessions are compared within these alone: a site in which the component goes with the
    round has no effect of its own.

    Args:
        rates: of each session, not clipped.
        component: of each session; yes and no as 1 and 0.
        sites: id of the site of each session.
        blocks: of the primary analysis, each within one site; by default the sites.

    Returns:
        Sites by id, or a refusal when a value is missing or rates do not vary within cells.

    Raises:
        ValueError: when the arguments differ in length.
    """
    rate, value, place = np.asarray(rates, float), np.asarray(component, float), np.asarray(sites, str)
    block = place if blocks is None else np.asarray(blocks, str)
    if not rate.shape == value.shape == place.shape == block.shape:
        message = (
            f"one rate, value, site and block a session, was: {[one.shape for one in (rate, value, place, block)]}"
        )
        raise ValueError(message)
    missing = int((~(np.isfinite(rate) & np.isfinite(value))).sum())
    return _missing(missing, rate.size) if missing else _slopes(rate, value, place, block)


def _slopes(rate: Floats, value: Floats, place: NDArray[np.str_], block: NDArray[np.str_]) -> SiteEffects | Refusal:
    """Regress rate on value within the blocks of each site, one variance for all; arrays of shape (sessions,)."""
    ids, at = np.unique(place, return_inverse=True)
    names, within = np.unique(block, return_inverse=True)
    # A block without variation has a sum of squares of 0 up to rounding; comparing values is exact.
    differs = np.array([np.unique(value[within == one]).size > 1 for one in range(names.size)], dtype=bool)[within]
    compared = np.bincount(at, differs, ids.size)
    varies = compared > 0
    response = _within(rate, within, names.size)
    centred = np.where(differs, _within(value, within, names.size), 0.0)
    squares = np.bincount(at, centred**2, ids.size)
    slopes = np.bincount(at, centred * response, ids.size) / np.where(varies, squares, 1.0)
    left = response - slopes[at] * centred
    degrees = int(rate.size - names.size - varies.sum())
    spread = float(left @ left) / max(degrees, 1)
    if degrees < 1 or spread <= _NO_SPREAD:
        return _no_spread(degrees)
    binary = bool(np.isin(value, (0.0, 1.0)).all())
    with_it = np.bincount(at, value * differs, ids.size)
    return SiteEffects(
        effects=tuple(
            SiteEffect(
                site=str(ids[one]),
                sessions=int(compared[one]),
                per_level=(int(compared[one] - with_it[one]), int(with_it[one])) if binary else None,
                effect=float(slopes[one]),
                variance=spread / float(squares[one]),
            )
            for one in np.flatnonzero(varies)
        ),
        left_out=tuple(str(ids[one]) for one in np.flatnonzero(~varies)),
        within_variance=spread,
        degrees_of_freedom=degrees,
    )


def _within(values: Floats, at: NDArray[np.intp], blocks: int) -> Floats:
    """Take the mean of its block from every value."""
    means = np.bincount(at, values, blocks) / np.bincount(at, minlength=blocks)
    return np.asarray(values - means[at], dtype=np.float64)


def _missing(number: int, sessions: int) -> Refusal:
    return Refusal(
        f"Van {number} van de {sessions} sessies ontbreekt de uitkomst of het kenmerk.",
        "Vul ze aan, of laat deze sessies weg en meld hoeveel het er zijn.",
    )


def _no_spread(degrees: int) -> Refusal:
    if degrees < 1:
        return Refusal(
            "Er zijn te weinig sessies per werkplaats om te zien hoezeer sessies van elkaar verschillen.",
            "Neem per werkplaats minstens twee sessies met en twee sessies zonder het kenmerk op.",
        )
    return Refusal(
        "Binnen werkplaatsen is de uitkomst in alle vergelijkbare sessies gelijk; de onzekerheid is niet te schatten.",
        "Neem meer sessies op, of kies een uitkomst die tussen sessies verschilt.",
    )


def forest(general: SitesInGeneral) -> Forest:
    """Give what a forest plot of the claim draws."""
    from scipy import stats

    first, shown = general.first_stage, general.shown
    quantile = float(stats.t.ppf((1 + shown.level) / 2, first.degrees_of_freedom))
    return Forest(
        rows=tuple(
            ForestRow(
                site=one.site,
                sessions=one.sessions,
                per_level=one.per_level,
                estimate=one.effect,
                interval=_around(one.effect, quantile * math.sqrt(one.variance)),
                weight=weight,
            )
            for one, weight in zip(first.effects, shown.weights, strict=True)
        ),
        mean=shown.mean.estimate,
        diamond=shown.mean.interval,
        prediction=shown.prediction,
    )


def pool(
    effects: Sequence[float],
    variances: Sequence[float],
    *,
    tau_method: TauMethod = TauMethod.PAULE_MANDEL,
    interval_method: IntervalMethod = IntervalMethod.TRUNCATED,
    level: float = LEVEL,
) -> Pooled | Refusal:
    """Give the random-effects mean of several effects.

    Args:
        effects: one a site, in any unit.
        variances: their sampling variances, above 0.
        tau_method: how the variance between sites is estimated.
        interval_method: how the uncertainty of the mean is told.
        level: of the intervals, in (0, 1).

    Returns:
        The mean, or a refusal when there are fewer than `FEWEST_SITES` effects, a number is missing, a variance is
        not above 0, or the effects are so alike that the plain Hartung-Knapp interval has no width.

    Raises:
        ValueError: when the arguments differ in length or `level` is not in (0, 1).
    """
    if len(effects) < FEWEST_SITES:
        return Refusal(
            f"Het kenmerk verschilt binnen {len(effects)} {'werkplaats' if len(effects) == 1 else 'werkplaatsen'}; "
            f"voor een uitspraak over werkplaatsen in het algemeen zijn er minstens {FEWEST_SITES} nodig.",
            "Neem sessies met en zonder het kenmerk op in meer werkplaatsen.",
        )
    data = _Data.of(effects, variances, np.ones((len(effects), 1)))
    if isinstance(data, Refusal):
        return data
    found = _combine(data, tau_method, interval_method, level)
    if isinstance(found, Refusal):
        return found
    heterogeneity = _heterogeneity(data, tau_method, found.tau2, level)
    if isinstance(heterogeneity, Refusal):
        return heterogeneity
    (mean,) = found.coefficients
    degrees = len(effects) - 1
    between = math.sqrt(found.tau2 + mean.standard_error**2)
    return Pooled(
        tau_method=tau_method,
        interval_method=interval_method,
        level=level,
        mean=mean,
        degrees_of_freedom=found.degrees_of_freedom,
        prediction=_around(mean.estimate, _quantile(level, degrees) * between),
        weights=tuple(float(weight) for weight in found.weights / found.weights.sum()),
        heterogeneity=heterogeneity,
    )


def meta_regression(
    effects: Sequence[float],
    variances: Sequence[float],
    design: NDArray[np.float64],
    *,
    tau_method: TauMethod = TauMethod.RESTRICTED_LIKELIHOOD,
    interval_method: IntervalMethod = IntervalMethod.HARTUNG_KNAPP,
    level: float = LEVEL,
) -> MetaRegression | Refusal:
    """Regress effects with known sampling variances on properties, with a random effect for the rest.

    Args:
        effects: shape (k,): for the sensitivity analysis one corrected rate a session.
        variances: shape (k,), at least 0: a session that people coded as a whole has none.
        design: shape (k, p): a column for each coefficient, the constant or the blocks among them.
        tau_method: how the variance left over is estimated.
        interval_method: how the uncertainty of the coefficients is told; the default is Knapp and Hartung's t with
            k - p degrees of freedom.
        level: of the intervals, in (0, 1).

    Returns:
        The coefficients, or a refusal when a number is missing, a variance is below 0, or is 0 while nothing is left
        over to share the weight by, there are no more effects than columns, columns say the same, or the design
        explains every effect exactly.

    Raises:
        ValueError: when shapes do not fit or `level` is not in (0, 1).
    """
    data = _Data.of(effects, variances, design)
    if isinstance(data, Refusal):
        return data
    found = _combine(data, tau_method, interval_method, level)
    if isinstance(found, Refusal):
        return found
    heterogeneity = _heterogeneity(data, tau_method, found.tau2, level)
    return MetaRegression(found.coefficients, found.degrees_of_freedom, heterogeneity)


@dataclass(frozen=True, slots=True)
class _Fit:
    """Weighted least squares at one value of tau-squared.

    Attributes:
        weights: shape (k,).
        coefficients: shape (p,).
        covariance: shape (p, p), of the coefficients if the weights are right.
        projection: shape (k, k), P = W - WX(X'WX)⁻¹X'W.
        q: weighted sum of squares of the residuals.
    """

    weights: Floats
    coefficients: Floats
    covariance: Floats
    projection: Floats
    q: float


@dataclass(frozen=True, slots=True)
class _Data:
    """Effects, variances and design, checked: finite, variances at least 0, columns independent, k > p.

    Attributes:
        effects: shape (k,).
        variances: shape (k,).
        design: shape (k, p).
    """

    effects: Floats
    variances: Floats
    design: Floats

    @classmethod
    def of(cls, effects: Sequence[float], variances: Sequence[float], design: NDArray[np.float64]) -> _Data | Refusal:
        made = cls(np.asarray(effects, float), np.asarray(variances, float), np.asarray(design, float))
        if made.effects.ndim != 1 or made.variances.shape != made.effects.shape:
            message = f"one variance an effect, was: {made.effects.shape} and {made.variances.shape}"
            raise ValueError(message)
        if made.design.ndim != 2 or len(made.design) != len(made.effects):  # noqa: PLR2004
            message = f"one row of the design an effect, was: {made.design.shape} for {made.effects.shape}"
            raise ValueError(message)
        return made._refusal() or made

    def _refusal(self) -> Refusal | None:
        if not all(np.isfinite(part).all() for part in (self.effects, self.variances, self.design)):
            return Refusal(
                "Er ontbreekt een effect, een variantie of een kenmerk.",
                "Laat weg wat niet te berekenen is, en meld hoeveel dat er zijn.",
            )
        if (self.variances < 0).any():
            return Refusal("Een variantie is kleiner dan 0.", "Bereken de varianties opnieuw.")
        if self.degrees < 1 or np.linalg.matrix_rank(self.design) < self.design.shape[1]:
            return Refusal(
                "Er zijn te weinig gegevens voor zoveel kenmerken, of twee kenmerken vallen samen.",
                "Neem minder kenmerken tegelijk op.",
            )
        return None

    @property
    def certain(self) -> bool:
        """Whether the variance of some effect is 0, so that it has all weight unless true effects differ."""
        return bool((self.variances <= _NO_SPREAD).any())

    @property
    def degrees(self) -> int:
        """Degrees of freedom that the design leaves, k - p."""
        effects, columns = self.design.shape
        return int(effects - columns)

    def fit(self, tau2: float) -> _Fit:
        weights = 1 / (self.variances + tau2)
        weighted = self.design * weights[:, None]
        covariance = np.asarray(np.linalg.inv(weighted.T @ self.design), dtype=np.float64)
        coefficients = covariance @ (weighted.T @ self.effects)
        residuals = self.effects - self.design @ coefficients
        return _Fit(
            weights=weights,
            coefficients=coefficients,
            covariance=covariance,
            projection=np.diag(weights) - weighted @ covariance @ weighted.T,
            q=float(weights @ residuals**2),
        )

    def squares(self) -> float:
        """Give the residual sum of squares without weights; bounds every Q: Q(tau²) <= squares / tau²."""
        residuals = self.effects - self.design @ np.linalg.lstsq(self.design, self.effects, rcond=None)[0]
        return float(residuals @ residuals)


@dataclass(frozen=True, slots=True)
class _Combined:
    """What pooling and regression have in common.

    Attributes:
        coefficients: one a column.
        degrees_of_freedom: `None` for the normal distribution.
        weights: shape (k,).
        tau2: variance of true effects, at least 0.
    """

    coefficients: tuple[Coefficient, ...]
    degrees_of_freedom: int | None
    weights: Floats
    tau2: float


_CERTAIN: Final = Refusal(
    "Van minstens één effect is de onzekerheid 0; zo'n effect zou al het gewicht krijgen.",
    "Bereken de variantie met de spreiding van alle sessies samen.",
)


def _combine(data: _Data, tau_method: TauMethod, interval_method: IntervalMethod, level: float) -> _Combined | Refusal:
    if not 0 < level < 1:
        message = f"the level of an interval lies in (0, 1), was: {level}"
        raise ValueError(message)
    # The other methods weigh with the variances alone.
    if data.certain and tau_method is not TauMethod.RESTRICTED_LIKELIHOOD:
        return _CERTAIN
    tau2 = _TAU2[tau_method](data)
    if data.certain and tau2 <= 0:
        return _CERTAIN
    fit = data.fit(0.0 if tau_method is TauMethod.COMMON_EFFECT else tau2)
    scale = _scale(fit.q / data.degrees, interval_method)
    if scale <= _NO_SPREAD:
        return Refusal(
            "De effecten zijn onderling precies gelijk; het gewone interval van Hartung en Knapp heeft geen breedte.",
            "Lees het afgekapte interval.",
        )
    degrees = None if interval_method is IntervalMethod.NORMAL else data.degrees
    errors = np.sqrt(scale * np.diag(fit.covariance))
    return _Combined(
        coefficients=tuple(
            _coefficient(float(estimate), float(error), degrees, level)
            for estimate, error in zip(fit.coefficients, errors, strict=True)
        ),
        degrees_of_freedom=degrees,
        weights=fit.weights,
        tau2=tau2,
    )


def _scale(spread: float, method: IntervalMethod) -> float:
    """Give the factor of the variance: q of `statistics.md` 2.4, at least 1 where truncated."""
    if method is IntervalMethod.NORMAL:
        return 1.0
    return max(spread, 1.0) if method is IntervalMethod.TRUNCATED else spread


def _coefficient(estimate: float, error: float, degrees: int | None, level: float) -> Coefficient:
    from scipy.special import ndtr, stdtr

    statistic = estimate / error
    tail = float(ndtr(-abs(statistic)) if degrees is None else stdtr(degrees, -abs(statistic)))
    return Coefficient(
        estimate=estimate,
        standard_error=error,
        statistic=statistic,
        p=2 * tail,
        interval=_around(estimate, _quantile(level, degrees) * error),
    )


def _quantile(level: float, degrees: int | None) -> float:
    from scipy.special import ndtri, stdtrit

    upper = (1 + level) / 2
    return float(ndtri(upper) if degrees is None else stdtrit(degrees, upper))


def _around(middle: float, reach: float) -> Interval:
    return Interval(middle - reach, middle + reach)


def _paule_mandel(data: _Data) -> float:
    """Give the tau-squared at which Q equals its expectation k - p, or 0."""
    return _profile(data, data.degrees)


def _dersimonian_laird(data: _Data) -> float:
    fit = data.fit(0.0)
    return max(0.0, (fit.q - data.degrees) / float(np.trace(fit.projection)))


def _restricted_likelihood(data: _Data) -> float:
    """Give the tau-squared of the highest restricted likelihood, among all its tops and 0.

    Beyond `upper` the likelihood falls: there y'PPy <= squares/tau⁴ < (k - p)/(max v + tau²) <= tr P.
    """
    share = data.squares() / data.degrees
    upper = 2 * max(share, math.sqrt(share * float(data.variances.max())))
    if upper <= _NO_SPREAD:
        return 0.0
    # With a variance of 0 the likelihood at 0 cannot be computed; what is close to it stands in.
    grid = np.concatenate([[] if data.certain else [0.0], upper * np.geomspace(_GRID_REACH, 1.0, _GRID)])
    least = float(grid[0])
    slope = _restricted_slope(data, grid)[1]
    tops = [least] if slope[0] <= 0 else []
    tops += [
        _falling_root(
            lambda tau2: float(_restricted_slope(data, np.array([tau2]))[1][0]),
            (float(grid[before]), float(grid[before + 1])),
            upper * _ROOT_TOLERANCE,
        )
        for before in np.flatnonzero((slope[:-1] > 0) & (slope[1:] <= 0))
    ]
    highest = tops[int(np.argmax(_restricted_slope(data, np.array(tops))[0]))]
    return 0.0 if highest == least else highest


def _falling_root(function: Callable[[float], float], ends: tuple[float, float], tolerance: float) -> float:
    """Give the root of a function that falls from above 0 to 0 or less; an end where rounding hides the sign there."""
    from scipy import optimize

    low, high = ends
    if function(low) <= 0:
        return low
    if function(high) >= 0:
        return high
    return float(optimize.brentq(function, low, high, xtol=tolerance, maxiter=500))


def _restricted_slope(data: _Data, tau2: Floats) -> tuple[Floats, Floats]:
    """Give the restricted log-likelihood (up to a constant) and its slope.

    Args:
        data: the effects.
        tau2: shape (g,).

    Returns:
        Both of shape (g,).
    """
    weights = 1 / (data.variances + tau2[:, None])
    crossed = np.einsum("gk,ki,kj->gij", weights, data.design, data.design)
    twice = np.einsum("gk,ki,kj->gij", weights**2, data.design, data.design)
    moments = np.einsum("gk,ki,k->gi", weights, data.design, data.effects)
    coefficients = np.linalg.solve(crossed, moments[..., None])[..., 0]
    residuals = data.effects - coefficients @ data.design.T
    trace = weights.sum(axis=1) - np.trace(np.linalg.solve(crossed, twice), axis1=1, axis2=2)
    q = (weights * residuals**2).sum(axis=1)
    height = (np.log(weights).sum(axis=1) - np.linalg.slogdet(crossed)[1] - q) / 2
    slope = (((weights * residuals) ** 2).sum(axis=1) - trace) / 2
    return np.asarray(height, dtype=np.float64), np.asarray(slope, dtype=np.float64)


_TAU2: Final[dict[TauMethod, Callable[[_Data], float]]] = {
    TauMethod.PAULE_MANDEL: _paule_mandel,
    TauMethod.RESTRICTED_LIKELIHOOD: _restricted_likelihood,
    TauMethod.DERSIMONIAN_LAIRD: _dersimonian_laird,
    TauMethod.COMMON_EFFECT: _dersimonian_laird,
}


def _profile(data: _Data, aim: float) -> float:
    """Give the tau-squared at which Q, which falls in it, equals `aim`; 0 where Q never comes that high."""
    upper = data.squares() / aim
    return _falling_root(lambda tau2: data.fit(tau2).q - aim, (0.0, upper), upper * _ROOT_TOLERANCE)


def _heterogeneity(data: _Data, method: TauMethod, tau2: float, level: float) -> Heterogeneity | Refusal:
    from scipy import stats

    if data.certain:
        return _CERTAIN
    plain = data.fit(0.0)
    typical = data.degrees / float(np.trace(plain.projection))
    interval = _tau2_interval(data, plain.q, level)
    return Heterogeneity(
        tau2=tau2,
        tau2_standard_error=_tau2_standard_error(data, method, tau2),
        tau2_interval=interval,
        q=plain.q,
        q_degrees_of_freedom=data.degrees,
        q_p=float(stats.chi2.sf(plain.q, data.degrees)),
        i2=tau2 / (tau2 + typical),
        i2_interval=interval
        if isinstance(interval, Refusal)
        else Interval(interval.low / (interval.low + typical), interval.high / (interval.high + typical)),
        h2=tau2 / typical + 1,
    )


def _tau2_interval(data: _Data, q: float, level: float) -> Interval | Refusal:
    from scipy import stats

    low, high = (float(stats.chi2.ppf(part, data.degrees)) for part in ((1 + level) / 2, (1 - level) / 2))
    if q < high:
        return Refusal(
            "De effecten liggen dichter bij elkaar dan toeval verklaart; een interval voor de verschillen is leeg.",
            "Meer werkplaatsen geven wel een interval.",
        )
    return Interval(_profile(data, low), _profile(data, high))


def _tau2_standard_error(data: _Data, method: TauMethod, tau2: float) -> float:
    if method is TauMethod.RESTRICTED_LIKELIHOOD:
        return math.sqrt(2 / float((data.fit(tau2).projection ** 2).sum()))
    if method is TauMethod.PAULE_MANDEL:
        effects = len(data.effects)
        return math.sqrt(2 * effects**2 / data.degrees) / float(data.fit(tau2).weights.sum())
    projection = data.fit(0.0).projection
    trace = float(np.trace(projection))
    squares = float((projection**2).sum())
    return math.sqrt(2 * data.degrees + 4 * tau2 * trace + 2 * tau2**2 * squares) / trace
