"""How session rates go with a component, within blocks, with the session as the unit (`statistics.md` 1.4, 2.1, 2.5).

Ordinary least squares of the rates on block dummies and components, with the bias-reduced standard error CR2, which
with sessions as clusters equals HC2, and Bell-McCaffrey degrees of freedom: formulas (5) and (6). The permutation test
that always stands beside it is in `permutation`; whether an effect may be shown at all is decided in `identification`.

Sources: Bell and McCaffrey (2002), Pustejovsky and Tipton (2018); Papke and Wooldridge (1996) for the odds scale;
Hedges (1981) and Viechtbauer (2007) for g.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.study import ValueType
from pipeline.statistics.intervals import LEVEL
from pipeline.statistics.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.domain.study import Value, Variable

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Booleans: TypeAlias = NDArray[np.bool_]

_ROUNDING: Final = 1e-12
_VANISHING: Final = 1e-150
"""The square of what is smaller than this is 0 in a float."""
_FULL_LEVERAGE: Final = 1 - 1e-9
_DEPENDENT: Final = 1e-8
_PAIR: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class CodedComponent:
    """A component as columns of numbers, one row a session.

    Attributes:
        id: of the component.
        type: of its values.
        contrasts: name of every column: the component's own, or for a category the value that is set against
            `reference`.
        values: *Shape* (sessions, contrasts): 0 or 1, or a number in units of `per`; NaN where the value is missing.
        reference: for a category, the value that the others are set against.
        per: for numbers, how much one unit of an effect is, such as 15 for "per 15 minutes".
    """

    id: str
    type: ValueType
    contrasts: tuple[str, ...]
    values: Floats
    reference: str | None = None
    per: float = 1.0

    def where(self, known: Booleans) -> CodedComponent:
        """Make the values of other sessions missing, such as those without a rate.

        Args:
            known: *Shape* (sessions,).
        """
        return replace(self, values=np.where(known[:, None], self.values, math.nan))


def code_component(component: Variable, values: Sequence[Value], *, per: float = 1.0) -> CodedComponent | Refusal:
    """Turn the values of a component, one a session, into columns.

    Args:
        component: its declaration; of a category, the first declared value that occurs becomes the reference.
        values: as in sessions.csv; `None` is missing.
        per: for numbers, how much one unit of an effect is to be; above 0.

    Returns:
        The columns, or why there are none: free text, no value at all, or a number that is none.
    """
    known = [value for value in values if value is not None]
    if component.type is ValueType.TEKST:
        return Refusal(
            f"Het kenmerk {component.id} is vrije tekst.", "Maak er in study.yaml een getal, ja_nee of categorie van."
        )
    if not known:
        return Refusal(f"Het kenmerk {component.id} is in geen enkele sessie ingevuld.", "Vul het in sessions.csv in.")
    if component.type is ValueType.CATEGORIE:
        return _code_category(component, values)
    column = np.array([math.nan if value is None else float(value) for value in values]) / per
    if np.isinf(column).any() or np.isnan(column).sum() != len(values) - len(known):
        return Refusal(f"Het kenmerk {component.id} heeft een waarde die geen getal is.", "Verbeter sessions.csv.")
    return CodedComponent(component.id, component.type, (component.id,), column[:, None], None, per)


def _code_category(component: Variable, values: Sequence[Value]) -> CodedComponent:
    found = {str(value) for value in values if value is not None}
    levels = [one for one in component.values if one in found]
    levels += sorted(found.difference(levels))
    # A category with one value keeps one column, which does not vary, so that it is classed and refused like any other.
    against = levels[1:] or levels
    columns = [[math.nan if value is None else float(str(value) == level) for value in values] for level in against]
    return CodedComponent(
        component.id, component.type, tuple(against), np.array(columns).T, levels[0] if levels[1:] else None
    )


@dataclass(frozen=True, slots=True)
class Effect:
    """What one component, or one contrast of it, goes with.

    Attributes:
        name: of the contrast.
        estimate: mean difference of session rates for one unit of the component, averaged over blocks with weights
            n p (1 − p); in the unit of the rates, so a share and not percentage points.
        standard_error: CR2, above 0.
        freedom: Bell-McCaffrey degrees of freedom.
        lower: of the 95 % interval with t.
        upper: likewise.
        t: estimate over standard error; `None` where no test may be shown.
        p: two-sided; `None` where no test may be shown.
    """

    name: str
    estimate: float
    standard_error: float
    freedom: float
    lower: float
    upper: float
    t: float | None
    p: float | None

    @classmethod
    def of(cls, name: str, estimate: float, standard_error: float, freedom: float) -> Effect:
        """Complete an estimate with its t interval and test."""
        from scipy.special import stdtr, stdtrit

        t = estimate / standard_error
        half = float(stdtrit(freedom, (1 + LEVEL) / 2)) * standard_error
        p = 2 * float(stdtr(freedom, -abs(t)))
        return cls(name, estimate, standard_error, freedom, estimate - half, estimate + half, t, p)

    def without_test(self) -> Effect:
        """Give the estimate and its interval alone."""
        return replace(self, t=None, p=None)


@dataclass(frozen=True, slots=True, eq=False)
class BlockFit:
    """A regression of session rates on blocks and components.

    Attributes:
        names: of the components (columns).
        effects: one a component, in that order.
        covariance: *Shape* (components, components): CR2.
        used: *Shape* (sessions given,): those that took part.
        residuals: *Shape* (sessions used,); with weights, times their square root.
        leverages: *Shape* (sessions used,): in [0, 1).
        influence: *Shape* (sessions used, components): what each session adds to the error of an estimate; the sum of
            their squares is its variance.
        blocks: number of blocks.
        missing: sessions left out because a value is missing.
        lone_blocks: blocks left out because they have one session.
        spread: *Shape* (components,): standard deviation of each component within blocks.
        binary: *Shape* (components,): which are 0 or 1 throughout.
    """

    names: tuple[str, ...]
    effects: tuple[Effect, ...]
    covariance: Floats
    used: Booleans
    residuals: Floats
    leverages: Floats
    influence: Floats
    blocks: int
    missing: int
    lone_blocks: tuple[str, ...]
    spread: Floats
    binary: Booleans

    @property
    def residual_freedom(self) -> int:
        """Sessions minus parameters, blocks included."""
        return len(self.residuals) - self.blocks - len(self.names)


def fit_effects(
    rates: Floats,
    blocks: Sequence[str],
    components: Floats,
    names: Sequence[str],
    *,
    weights: Floats | None = None,
) -> BlockFit | Refusal:
    """Regress session rates on components within blocks: formulas (5) and (6).

    Args:
        rates: *Shape* (sessions,): not cut to [0, 1]; NaN where there is none.
        blocks: site, or site and round, of each session.
        components: *Shape* (sessions, components): NaN where missing.
        names: one a component.
        weights: *Shape* (sessions,): above 0; the standard error then rests on weighted residuals. `None` counts every
            session once.

    Returns:
        The fit, or why there is none.
    """
    design = within_design(blocks, components, np.isfinite(rates), weights)
    if isinstance(design, Refusal):
        return design
    outcome = design.within(rates[design.used])
    if is_flat(outcome, rates[design.used]):
        return ALL_EQUAL
    estimates = design.inverse @ design.columns.T @ outcome
    residuals = outcome - design.columns @ estimates
    pulls = design.pulls
    influence = pulls * residuals[:, None]
    if fits_exactly(residuals, influence, pulls, rates[design.used]):
        return PERFECT
    covariance = influence.T @ influence
    freedom = [_freedom(design.hat, pulls[:, at]) for at in range(len(names))]
    return BlockFit(
        names=tuple(names),
        effects=tuple(
            Effect.of(name, float(estimates[at]), math.sqrt(covariance[at, at]), freedom[at])
            for at, name in enumerate(names)
        ),
        covariance=covariance,
        used=design.used,
        residuals=residuals,
        leverages=design.leverages,
        influence=influence,
        blocks=design.blocks,
        missing=design.missing,
        lone_blocks=design.lone_blocks,
        spread=design.spread,
        binary=np.asarray(np.isin(components[design.used], (0, 1)).all(axis=0)),
    )


def design_freedom(blocks: Sequence[str], components: Floats) -> tuple[float, ...] | Refusal:
    """Give the degrees of freedom (6) of each component; they follow from the design, before any rate is seen.

    Args:
        blocks: of each session.
        components: *Shape* (sessions, components): NaN where missing.
    """
    design = within_design(blocks, components, np.ones(len(blocks), dtype=np.bool_))
    if isinstance(design, Refusal):
        return design
    pulls = design.pulls
    return tuple(_freedom(design.hat, pulls[:, at]) for at in range(pulls.shape[1]))


ALL_EQUAL: Final = Refusal(
    "Alle sessies binnen een werkplaats (of ronde) hebben hetzelfde cijfer; er is niets te vergelijken.",
    "Controleer of de labels goed zijn ingelezen.",
)
"""No session differs from another in its block."""
PERFECT: Final = Refusal(
    "Na aftrek van het verschil blijft er geen enkele spreiding over; de onzekerheid is niet te schatten.",
    "Voeg sessies toe, of controleer of de cijfers niet uit het kenmerk zelf zijn berekend.",
)
"""The sessions that an estimate rests on fit it exactly."""
_NO_BLOCK: Final = Refusal(
    "Er is geen werkplaats (of ronde) met ten minste twee sessies waarin alles is ingevuld.",
    "Voeg sessies toe of vul ontbrekende waarden aan.",
)
_CONSTANT: Final = Refusal(
    "Dit kenmerk verschilt niet binnen werkplaatsen (of rondes). Er is geen toets uitgevoerd.",
    "Houd in dezelfde werkplaats en ronde sessies met en zonder dit kenmerk.",
)
_TOGETHER: Final = Refusal(
    "Deze kenmerken treden samen op; hun effecten zijn niet te scheiden.",
    "Vergelijk ze één voor één, of houd sessies waarin het ene wel en het andere niet voorkomt.",
)
ONE_SESSION: Final = Refusal(
    "Een waarde van dit kenmerk hangt aan één enkele sessie; de onzekerheid is niet te schatten.",
    "Voeg sessies met die waarde toe, of neem waarden samen.",
)
"""All that is known of a component comes from one session, whose residual is 0 by construction."""


@dataclass(frozen=True, slots=True, eq=False)
class WithinDesign:
    """Components within blocks: what does not depend on the rates.

    Attributes:
        used: *Shape* (sessions given,).
        block: *Shape* (sessions used,): number of the block.
        blocks: how many there are.
        columns: *Shape* (sessions used, components): minus the block's mean, times the root of the weight.
        roots: *Shape* (sessions used,): square root of the weight.
        inverse: *Shape* (components, components): of the cross-products of `columns`.
        missing: sessions left out because a value is missing.
        lone_blocks: blocks left out because they have one session.
    """

    used: Booleans
    block: Integers
    blocks: int
    columns: Floats
    roots: Floats
    inverse: Floats
    missing: int
    lone_blocks: tuple[str, ...]

    @property
    def leverages(self) -> Floats:
        """Diagonal of the hat matrix."""
        of_blocks = self.roots**2 / np.bincount(self.block, self.roots**2)[self.block]
        return np.asarray(of_blocks + np.einsum("iq,qr,ir->i", self.columns, self.inverse, self.columns))

    @property
    def hat(self) -> Floats:
        """*Shape* (sessions used, sessions used)."""
        same = self.block[:, None] == self.block[None, :]
        shares = np.outer(self.roots, self.roots / np.bincount(self.block, self.roots**2)[self.block])
        return np.asarray(np.where(same, shares, 0.0) + self.columns @ self.inverse @ self.columns.T)

    @property
    def pulls(self) -> Floats:
        """How much each session pulls at each estimate, a of formula (6). *Shape* (sessions used, components)."""
        return np.asarray(self.columns @ self.inverse / np.sqrt(1 - self.leverages)[:, None])

    @property
    def spread(self) -> Floats:
        """Standard deviation of each component within blocks."""
        return np.asarray(np.sqrt((self.columns**2).sum(axis=0) / (len(self.block) - self.blocks)))

    @property
    def dummies(self) -> Floats:
        """Which block each session is in, as 0 or 1. *Shape* (sessions used, blocks)."""
        return np.asarray(self.block[:, None] == np.arange(self.blocks)[None, :], dtype=np.float64)

    def within(self, values: Floats) -> Floats:
        """Take the block's mean off, and weight."""
        return _within(values, self.block, self.roots)


def within_design(
    blocks: Sequence[str], components: Floats, known: Booleans, weights: Floats | None = None
) -> WithinDesign | Refusal:
    """Take block means off the components, of the sessions that can take part.

    Args:
        blocks: of each session.
        components: *Shape* (sessions, components): NaN where missing.
        known: *Shape* (sessions,): which have a rate.
        weights: *Shape* (sessions,): above 0, or `None` for equal ones; those of sessions left out do not matter.
    """
    if not components.shape[1]:
        message = "there must be a component to compare"
        raise ValueError(message)
    present = known & np.isfinite(components).all(axis=1)
    sizes = Counter(block for block, there in zip(blocks, present, strict=True) if there)
    used = present & np.array([sizes[block] > 1 for block in blocks], dtype=np.bool_)
    if not used.any():
        return _NO_BLOCK
    if weights is not None and not (np.isfinite(weights[used]) & (weights[used] > 0)).all():
        message = f"weights must be numbers above 0, was: {weights[used]}"
        raise ValueError(message)
    names, block = np.unique(np.array(blocks)[used], return_inverse=True)
    roots = np.ones(len(block)) if weights is None else np.sqrt(weights[used])
    columns = _within(components[used], block, roots)
    inverse = _inverse(columns, components[used])
    if isinstance(inverse, Refusal):
        return inverse
    design = WithinDesign(
        used=used,
        block=block,
        blocks=len(names),
        columns=columns,
        roots=roots,
        inverse=inverse,
        missing=int((~present).sum()),
        lone_blocks=tuple(sorted(name for name, size in sizes.items() if size == 1)),
    )
    return ONE_SESSION if design.leverages.max() > _FULL_LEVERAGE else design


def _within(values: Floats, block: Integers, roots: Floats) -> Floats:
    """Take the weighted mean of its block off every value, then multiply by the root of the weight."""
    columns = values.reshape(len(block), -1)
    dummies = (block[:, None] == np.arange(block.max() + 1)[None, :]) * (roots**2)[:, None]
    means = (dummies.T @ columns) / dummies.sum(axis=0)[:, None]
    return np.asarray(((columns - means[block]) * roots[:, None]).reshape(values.shape))


def _inverse(columns: Floats, values: Floats) -> Floats | Refusal:
    """Invert the cross-products, unless a component does not vary within blocks or follows from the others."""
    if any(is_flat(column, value) for column, value in zip(columns.T, values.T, strict=True)):
        return _CONSTANT
    lengths = np.sqrt((columns**2).sum(axis=0))
    cosines = columns.T @ columns / np.outer(lengths, lengths)
    if np.linalg.eigvalsh(cosines)[0] < _DEPENDENT:
        return _TOGETHER
    return np.asarray(np.linalg.inv(cosines) / np.outer(lengths, lengths))


def is_flat(deviations: Floats, values: Floats) -> bool:
    """Tell whether deviations are nothing but rounding errors of the values that they come from."""
    return bool(np.abs(deviations).max() <= _ROUNDING * np.abs(values).max() + _VANISHING)


def fits_exactly(residuals: Floats, influence: Floats, pulls: Floats, values: Floats) -> bool:
    """Tell whether the sessions that an estimate rests on fit it exactly, although others may vary.

    Args:
        residuals: *Shape* (sessions,).
        influence: *Shape* (sessions, components): what each session adds to the error of an estimate.
        pulls: *Shape* (sessions, components): the same for a residual of 1.
        values: *Shape* (sessions,): what was fitted.
    """
    largest = np.abs(pulls).max(axis=0) * np.abs(values).max()
    return is_flat(residuals, values) or bool((np.abs(influence).max(axis=0) <= _ROUNDING * largest).any())


def _freedom(hat: Floats, pulls: Floats) -> float:
    spread = (np.eye(len(pulls)) - hat) * pulls[None, :]
    products = spread.T @ spread
    return float(np.trace(products) ** 2 / (products**2).sum())


@dataclass(frozen=True, slots=True)
class OddsEffect:
    """An effect on the odds scale; secondary to the difference (`statistics.md` 1.4).

    Attributes:
        log_odds: with its CR2 standard error, degrees of freedom, interval and test.
        odds_ratio: of one unit of the component.
        lower: of its 95 % interval.
        upper: likewise.
        average_difference: mean over sessions of the difference in fitted rate: with the component minus without, or
            for a number one unit more minus as it is.
    """

    log_odds: Effect
    odds_ratio: float
    lower: float
    upper: float
    average_difference: float


@dataclass(frozen=True, slots=True, eq=False)
class OddsFit:
    """A fractional logistic regression of session rates on blocks and components.

    Attributes:
        effects: one a component.
        fitted: *Shape* (sessions used,): in (0, 1).
        leverages: *Shape* (sessions used,).
        influence: *Shape* (sessions used, components).
    """

    effects: tuple[OddsEffect, ...]
    fitted: Floats
    leverages: Floats
    influence: Floats


_UNDETERMINED: Final = Refusal(
    "De kansverhouding is niet te bepalen: met of zonder dit kenmerk liggen de cijfers op 0 of 1.",
    "Gebruik het verschil in procentpunten.",
)
_NEWTON_STEPS: Final = 60
_FURTHEST_LOGIT: Final = 20.0


def fit_odds(rates: Floats, blocks: Sequence[str], components: Floats, names: Sequence[str]) -> OddsFit | Refusal:
    """Solve Σ x (rate − expit(x'b)) = 0 and give odds ratios with CR2 (`statistics.md` 1.4).

    Args:
        rates: *Shape* (sessions,): shares, perhaps a little outside [0, 1]; NaN where there is none.
        blocks: of each session.
        components: *Shape* (sessions, components): NaN where missing.
        names: one a component.
    """
    design = within_design(blocks, components, np.isfinite(rates))
    if isinstance(design, Refusal):
        return design
    # Centred and scaled, or numbers such as years would make the equations hardly solvable.
    predictors = np.column_stack([design.dummies, design.columns / design.spread])
    outcome = rates[design.used]
    coefficients = _solve_logit(predictors, outcome)
    if coefficients is None:
        return _UNDETERMINED
    linear = predictors @ coefficients
    fitted = expit(linear)
    roots = np.sqrt(fitted * (1 - fitted))
    scaled = predictors * roots[:, None]
    inverse = np.linalg.inv(scaled.T @ scaled)
    hat = scaled @ inverse @ scaled.T
    leverages = np.diag(hat)
    residuals = outcome - fitted
    pulls = (scaled @ inverse / np.sqrt(1 - leverages)[:, None])[:, design.blocks :] / design.spread
    influence = pulls * (residuals / roots)[:, None]
    if fits_exactly(residuals, influence, pulls, outcome):
        return PERFECT
    estimates, errors = coefficients[design.blocks :] / design.spread, np.sqrt((influence**2).sum(axis=0))
    effects = [
        _odds_effect(
            Effect.of(name, float(estimates[at]), float(errors[at]), _freedom(hat, pulls[:, at])),
            linear,
            components[design.used, at],
        )
        for at, name in enumerate(names)
    ]
    return OddsFit(tuple(effects), fitted, leverages, influence)


def _odds_effect(effect: Effect, linear: Floats, values: Floats) -> OddsEffect:
    binary = bool(np.isin(values, (0, 1)).all())
    start = linear - effect.estimate * values if binary else linear
    difference = expit(start + effect.estimate) - expit(start)
    return OddsEffect(
        log_odds=effect,
        odds_ratio=math.exp(effect.estimate),
        lower=_exp(effect.lower),
        upper=_exp(effect.upper),
        average_difference=float(difference.mean()),
    )


def _exp(value: float) -> float:
    """Exponentiate; what is too large for a float is infinite, which is what an interval with few sessions may be."""
    return math.exp(value) if value < math.log(np.finfo(np.float64).max) else math.inf


def expit(values: Floats) -> Floats:
    """Turn log-odds into shares."""
    from scipy import special

    return np.asarray(special.expit(values), dtype=np.float64)


def _solve_logit(predictors: Floats, outcome: Floats) -> Floats | None:
    """Solve the estimating equations by Newton; `None` when they have no finite solution."""
    coefficients = np.zeros(predictors.shape[1])
    for _ in range(_NEWTON_STEPS):
        fitted = expit(predictors @ coefficients)
        information = (predictors * (fitted * (1 - fitted))[:, None]).T @ predictors
        step = np.linalg.solve(information, predictors.T @ (outcome - fitted))
        coefficients = coefficients + step
        if np.abs(predictors @ coefficients).max() > _FURTHEST_LOGIT:
            return None
        if np.abs(step).max() < _ROUNDING:
            return coefficients
    return None


@dataclass(frozen=True, slots=True)
class DifferentialError:
    """Whether the machine errs more with a component than without it (`statistics.md` 1.5); always printed.

    Attributes:
        effect: of the component on what the correction adds to the machine's rate.
        naive_bias: what a comparison of machine rates would be off by: minus that effect.
    """

    effect: Effect
    naive_bias: float


def differential_error(
    corrected: Floats, machine: Floats, blocks: Sequence[str], components: Floats, names: Sequence[str]
) -> tuple[DifferentialError, ...] | Refusal:
    """Test per component whether the machine's error goes with it.

    Args:
        corrected: *Shape* (sessions,): rates corrected in full (`rates.WHOLE_CORRECTION`).
        machine: *Shape* (sessions,): uncorrected machine rates.
        blocks: of each session.
        components: *Shape* (sessions, components).
        names: one a component.
    """
    added = corrected - machine
    # What a perfect tagger leaves to correct is rounding error of the rates, not of their difference.
    largest = float(np.fmax.reduce(np.abs(np.concatenate([corrected, machine])), initial=0.0))
    fit = fit_effects(np.where(np.abs(added) <= _ROUNDING * largest, 0.0, added), blocks, components, names)
    if isinstance(fit, Refusal):
        return _NO_ERROR if fit is ALL_EQUAL else fit
    return tuple(DifferentialError(effect, -effect.estimate) for effect in fit.effects)


_NO_ERROR: Final = Refusal(
    "De correctie is in alle sessies van een werkplaats (of ronde) even groot; of de machine zich met dit kenmerk "
    "vaker vergist, is niet te toetsen.",
    "Laat meer uitingen per sessie blind coderen als dit wel getoetst moet worden.",
)


def standardised_difference(
    estimate: float, rates: Floats, variances: Floats, blocks: Sequence[str]
) -> float | Refusal:
    """Divide a difference by the standard deviation of *true* rates within blocks (`statistics.md` 2.5).

    Of true rates, since noise would make every effect look small.

    Args:
        estimate: the difference, in the unit of the rates.
        rates: *Shape* (sessions,): NaN where there is none.
        variances: *Shape* (sessions,): of the draws.
        blocks: of each session.
    """
    spread = true_spread(rates, variances, blocks)
    return spread if isinstance(spread, Refusal) else estimate / spread


def true_spread(rates: Floats, variances: Floats, blocks: Sequence[str]) -> float | Refusal:
    """Give the standard deviation of true session rates within blocks: what the draws add is taken off.

    Args:
        rates: *Shape* (sessions,): NaN where there is none.
        variances: *Shape* (sessions,): of the draws.
        blocks: of each session.

    Returns:
        Above 0, in the unit of the rates, or why there is none.
    """
    known = np.isfinite(rates) & np.isfinite(variances)
    sizes = Counter(itertools.compress(blocks, known))
    # A session that is alone in its block says nothing of the spread, so neither does its variance.
    known &= np.array([sizes[block] > 1 for block in blocks], dtype=np.bool_)
    if not known.any():
        return _NO_BLOCK
    names, block = np.unique(np.array(blocks)[known], return_inverse=True)
    deviations = _within(rates[known], block, np.ones(len(block)))
    true_variance = float((deviations**2).sum() / (len(block) - len(names)) - variances[known].mean())
    if true_variance <= 0:
        return Refusal(
            "De cijfers van sessies verschillen niet meer dan door de steekproef alleen te verwachten is.",
            "Laat meer uitingen per sessie coderen, of lees alleen het verschil in procentpunten.",
        )
    return math.sqrt(true_variance)


@dataclass(frozen=True, slots=True)
class GroupSummary:
    """What Hedges' g needs of a group of sessions.

    Attributes:
        mean: on the scale of the score.
        deviation: standard deviation with divisor size − 1.
        size: number of sessions.
    """

    mean: float
    deviation: float
    size: int

    @classmethod
    def of(cls, scores: Floats) -> GroupSummary:
        """Summarise at least two scores."""
        return cls(float(scores.mean()), float(scores.std(ddof=1)), len(scores))


@dataclass(frozen=True, slots=True)
class HedgesG:
    """A difference of scores in standard deviations, for yields that people scored themselves.

    Attributes:
        difference: in scale points.
        d: the difference over the pooled standard deviation.
        correction: J, exact; below 1.
        g: d times J.
        variance: large-sample variance of g.
        unbiased_variance: unbiased one (Viechtbauer 2007).
        lower: of the 95 % interval with the non-central t distribution.
        upper: likewise.
    """

    difference: float
    d: float
    correction: float
    g: float
    variance: float
    unbiased_variance: float
    lower: float
    upper: float


def hedges_correction(freedom: int) -> float:
    """Give J(m) = Γ(m/2) / (√(m/2) Γ((m − 1)/2)), for at least 2 degrees of freedom."""
    return math.exp(math.lgamma(freedom / 2) - math.lgamma((freedom - 1) / 2)) / math.sqrt(freedom / 2)


def hedges_g(one: GroupSummary, other: GroupSummary) -> HedgesG | Refusal:
    """Compare the scores of two groups of sessions.

    Args:
        one: with the component.
        other: without it.
    """
    freedom = one.size + other.size - 2
    if min(one.size, other.size) < _PAIR or freedom <= _PAIR:
        return Refusal(
            "Met minder dan twee sessies in een groep, of vijf in totaal, is er geen gestandaardiseerd verschil.",
            "Voeg sessies met een score toe.",
        )
    if not all(math.isfinite(value) for group in (one, other) for value in (group.mean, group.deviation)):
        return Refusal("Een gemiddelde of spreiding van de scores ontbreekt.", "Laat sessies zonder score weg.")
    pooled = ((one.size - 1) * one.deviation**2 + (other.size - 1) * other.deviation**2) / freedom
    difference = one.mean - other.mean
    if not pooled > (_ROUNDING * max(abs(one.mean), abs(other.mean))) ** 2:
        return Refusal("De scores binnen de groepen zijn allemaal gelijk.", "Lees alleen het verschil in punten.")
    correction = hedges_correction(freedom)
    d = difference / math.sqrt(pooled)
    g = d * correction
    inverse_sizes = 1 / one.size + 1 / other.size
    lower, upper = _non_central_interval(d / math.sqrt(inverse_sizes), freedom)
    return HedgesG(
        difference=difference,
        d=d,
        correction=correction,
        g=g,
        variance=inverse_sizes + g**2 / (2 * (one.size + other.size)),
        unbiased_variance=inverse_sizes + (1 - (freedom - 2) / (freedom * correction**2)) * g**2,
        lower=lower * math.sqrt(inverse_sizes) * correction,
        upper=upper * math.sqrt(inverse_sizes) * correction,
    )


def _non_central_interval(t: float, freedom: int) -> tuple[float, float]:
    """Give the non-centralities for which t is at the upper and the lower 2.5 %."""
    from scipy.optimize import brentq
    from scipy.stats import chi2, nct

    def excess(centre: float, tail: float) -> float:
        below = float(nct.cdf(t, freedom, centre))
        if math.isnan(below):
            # Far out the library gives no number; there t is the centre over the root of chi-squared over freedom.
            spread = freedom * max(centre / t, 0.0) ** 2
            below = float(chi2.sf(spread, freedom) if t > 0 else chi2.cdf(spread, freedom))
        return below - tail

    reach = 10 + 2 * abs(t)
    tails = ((1 + LEVEL) / 2, (1 - LEVEL) / 2)
    lower, upper = (float(brentq(excess, t - reach, t + reach, args=(tail,), xtol=1e-12)) for tail in tails)
    return lower, upper
