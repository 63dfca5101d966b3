"""Models with a random intercept, for two rows of the sensitivity analysis (`statistics.md` 2.3, rows 9 and 10).

A linear one of session rates with a random site, restricted likelihood and Kenward-Roger's standard error and degrees
of freedom; and a logistic one of human labels with a random session, by adaptive Gauss-Hermite quadrature. Neither is
ever the primary analysis: the first mixes comparisons between sites into the effect, the second can only use sessions
that people coded as a whole.

Sources: Kenward and Roger (1997), in the form of Halekoh and Højsgaard (2014) for a single contrast; Pinheiro and Bates
(1995) for the quadrature. Checked against the R packages lme4, lmerTest and pbkrtest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.statistics.effects import Effect, expit, is_flat
from pipeline.statistics.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]

QUADRATURE_POINTS: Final = 15
"""A session of hundreds of units has a nearly normal posterior, for which far fewer would do."""
_SHARES: Final = 41
_WIDEST_SHARE: Final = 1 - 1e-6
_ROUNDING: Final = 1e-12
_MODE_STEPS: Final = 60
_FURTHEST_LOGIT: Final = 12.0
"""A share below one in 100,000: no session has so many units. Where nothing is hit the search stops beyond it."""
_STEP: Final = 1e-4
_STARTING_DEVIATION: Final = 0.5

_TOO_FEW: Final = Refusal(
    "Voor dit model zijn er te weinig sessies of werkplaatsen, of twee kenmerken vallen samen.",
    "Voeg sessies toe of bekijk minder kenmerken tegelijk.",
)
_NO_SPREAD: Final = Refusal(
    "De cijfers zijn binnen werkplaatsen op het kenmerk na allemaal gelijk; de onzekerheid is niet te schatten.",
    "Controleer of de labels goed zijn ingelezen.",
)
_MISSING: Final = Refusal(
    "Er ontbreekt een cijfer of een kenmerk van een sessie.", "Laat sessies weg waarvan niet alles bekend is."
)
_NO_TOP: Final = Refusal(
    "Dit model heeft geen oplossing: met of zonder een kenmerk hebben vrijwel alle of vrijwel geen uitingen het label.",
    "Gebruik het verschil in procentpunten.",
)


@dataclass(frozen=True, slots=True)
class RandomIntercept:
    """A linear model with a random intercept for groups.

    Attributes:
        effects: one a column, with Kenward-Roger's standard error and degrees of freedom.
        plain_errors: standard errors without that adjustment, one a column.
        group_deviation: standard deviation between groups, at least 0.
        residual_deviation: standard deviation within groups, above 0.
    """

    effects: tuple[Effect, ...]
    plain_errors: tuple[float, ...]
    group_deviation: float
    residual_deviation: float


def fit_random_intercept(
    outcome: Floats, groups: Sequence[str], columns: Floats, names: Sequence[str]
) -> RandomIntercept | Refusal:
    """Regress an outcome on columns and a constant, with a random intercept a group, by restricted likelihood.

    Args:
        outcome: *Shape* (rows,): without gaps.
        groups: of each row.
        columns: *Shape* (rows, columns): without gaps and without the constant.
        names: one a column.
    """
    if not (np.isfinite(outcome).all() and np.isfinite(columns).all()):
        return _MISSING
    group = np.unique(np.array(groups), return_inverse=True)[1]
    design = np.column_stack([np.ones(len(outcome)), columns])
    rows, parameters = design.shape
    same = (group[:, None] == group[None, :]).astype(np.float64)
    # Groups must tell something beside the columns, and rows something beside groups.
    within = np.column_stack([design, same])
    if not np.linalg.matrix_rank(design) == parameters < np.linalg.matrix_rank(within) < rows:
        return _TOO_FEW
    if is_flat(outcome - within @ np.linalg.lstsq(within, outcome, rcond=None)[0], outcome):
        return _NO_SPREAD
    ratio = _variance_ratio(outcome, group, design)
    shape = np.linalg.inv(np.eye(rows) + ratio * same)
    coefficients = np.linalg.solve(design.T @ shape @ design, design.T @ shape @ outcome)
    left = outcome - design @ coefficients
    variance = float(left @ shape @ left) / (rows - parameters)
    plain, adjusted, freedom = _kenward_roger(design, shape / variance, (np.eye(rows), same))
    return RandomIntercept(
        effects=tuple(
            Effect.of(name, float(coefficients[at]), float(adjusted[at]), float(freedom[at]))
            for at, name in enumerate(names, start=1)
        ),
        plain_errors=tuple(plain[1:].tolist()),
        group_deviation=math.sqrt(ratio * variance),
        residual_deviation=math.sqrt(variance),
    )


def _variance_ratio(outcome: Floats, group: Integers, design: Floats) -> float:
    """Find the variance between groups over that within them, at the top of the restricted likelihood."""
    from scipy.optimize import minimize_scalar

    sizes = np.bincount(group)
    data = np.column_stack([design, outcome])
    means = np.column_stack([np.bincount(group, column) for column in data.T]) / sizes[:, None]

    def criterion(share: float) -> float:
        """Give minus twice the restricted log-likelihood when so much of the variance lies between groups."""
        ratio = share / (1 - share)
        whitened = data - ((1 - 1 / np.sqrt(1 + ratio * sizes))[:, None] * means)[group]
        factor = np.linalg.qr(whitened, mode="r")
        diagonal = np.abs(np.diag(factor))
        parameters = len(diagonal) - 1
        return float(
            np.log1p(ratio * sizes).sum()
            + 2 * np.log(diagonal[:-1]).sum()
            + 2 * (len(data) - parameters) * np.log(diagonal[-1])
        )

    shares = np.linspace(0, _WIDEST_SHARE, _SHARES)
    best = int(np.argmin([criterion(share) for share in shares.tolist()]))
    around = (shares[max(best - 1, 0)], shares[min(best + 1, _SHARES - 1)])
    found = minimize_scalar(criterion, bounds=around, method="bounded", options={"xatol": _ROUNDING})
    share = 0.0 if criterion(0.0) <= found.fun else float(found.x)
    return share / (1 - share)


def _kenward_roger(design: Floats, precision: Floats, parts: Sequence[Floats]) -> tuple[Floats, Floats, Floats]:
    """Adjust the standard errors of a mixed model for what its variances are not known by.

    Args:
        design: *Shape* (rows, columns).
        precision: *Shape* (rows, rows): inverse of the variance of the outcome.
        parts: what each variance parameter multiplies in that variance, of the same shape.

    Returns:
        Per column the plain standard error, the adjusted one and the degrees of freedom.
    """
    plain = np.linalg.inv(design.T @ precision @ design)
    scaled = [precision @ part for part in parts]
    slopes = [-design.T @ one @ precision @ design for one in scaled]
    twice = [[design.T @ one @ other @ precision @ design for other in scaled] for one in scaled]
    order = range(len(parts))
    information = np.array(
        [
            [
                np.trace(scaled[one] @ scaled[other])
                - 2 * np.trace(plain @ twice[one][other])
                + np.trace(plain @ slopes[one] @ plain @ slopes[other])
                for other in order
            ]
            for one in order
        ]
    )
    spread = np.linalg.inv(information / 2)
    surplus = sum(
        spread[one, other] * (twice[one][other] - slopes[one] @ plain @ slopes[other])
        for one in order
        for other in order
    )
    adjusted = plain + 2 * plain @ surplus @ plain
    moved = np.array([np.diag(plain @ slope @ plain) for slope in slopes])
    freedom = 2 * np.diag(plain) ** 2 / np.einsum("ic,ij,jc->c", moved, spread, moved)
    return np.sqrt(np.diag(plain)), np.sqrt(np.diag(adjusted)), freedom


@dataclass(frozen=True, slots=True)
class RandomLogit:
    """A logistic model with a random intercept for groups.

    Attributes:
        coefficients: *Shape* (columns,): log-odds.
        errors: *Shape* (columns,): from the curvature of the likelihood.
        group_deviation: standard deviation between groups on the log-odds scale, at least 0.
        freedom: groups minus columns minus one, for t: the normal distribution is too narrow with few groups.
    """

    coefficients: tuple[float, ...]
    errors: tuple[float, ...]
    group_deviation: float
    freedom: int

    def effect(self, name: str, at: int) -> Effect:
        """Complete one coefficient with its t interval and test."""
        return Effect.of(name, self.coefficients[at], self.errors[at], self.freedom)


def fit_random_logit(hits: Floats, totals: Floats, groups: Sequence[str], design: Floats) -> RandomLogit | Refusal:
    """Regress the odds of a label on columns, with a random intercept a group.

    Args:
        hits: *Shape* (rows,): units with the label, in [0, total].
        totals: *Shape* (rows,): units, at least 1.
        groups: of each row; in the product a row is a session and a group of its own.
        design: *Shape* (rows, columns): a column for each coefficient, the constant or the blocks among them.
    """
    from scipy.optimize import minimize

    if not all(np.isfinite(values).all() for values in (hits, totals, design)):
        return _MISSING
    group = np.unique(np.array(groups), return_inverse=True)[1]
    number, columns = int(group.max(initial=-1)) + 1, design.shape[1]
    if number <= columns + 1 or np.linalg.matrix_rank(design) < columns:
        return _TOO_FEW
    # In columns of length 1 a row that do not overlap, steps are as good in minutes as in years.
    basis, triangle = np.linalg.qr(design)
    basis, back = basis * math.sqrt(len(basis)), np.linalg.inv(triangle) * math.sqrt(len(basis))
    likelihood = _Likelihood(hits, totals, group, number, basis)
    start = np.append(np.zeros(columns), _STARTING_DEVIATION)
    found = np.asarray(minimize(likelihood.minus, start, jac=True, method="BFGS").x, dtype=np.float64)
    curvature = likelihood.curvature(found)
    if np.abs(basis @ found[:-1]).max() > _FURTHEST_LOGIT or np.linalg.eigvalsh(curvature)[0] <= 0:
        return _NO_TOP
    covariance = back @ np.linalg.inv(curvature)[:-1, :-1] @ back.T
    return RandomLogit(
        coefficients=tuple((back @ found[:-1]).tolist()),
        errors=tuple(np.sqrt(np.diag(covariance)).tolist()),
        group_deviation=abs(float(found[-1])),
        freedom=number - columns - 1,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Likelihood:
    """The likelihood of a random-intercept logit; its parameters are the coefficients and the deviation of groups.

    The deviation may have either sign, which makes no difference, so that nothing happens at 0.
    """

    hits: Floats
    totals: Floats
    group: Integers
    groups: int
    design: Floats

    def minus(self, parameters: Floats) -> tuple[float, Floats]:
        """Give minus the log-likelihood per group, and its slope, by quadrature around the mode of every group."""
        linear, deviation = self.design @ parameters[:-1], parameters[-1]
        mode, width = self._modes(linear, deviation)
        nodes, weights = np.polynomial.hermite_e.hermegauss(QUADRATURE_POINTS)
        at = mode[:, None] + width[:, None] * nodes[None, :]
        logits = linear[:, None] + deviation * at[self.group]
        terms = self.hits[:, None] * logits - self.totals[:, None] * np.logaddexp(0, logits)
        heights = self._sums(terms) - at**2 / 2 + nodes[None, :] ** 2 / 2 + np.log(weights)[None, :]
        top = heights.max(axis=1, keepdims=True)
        likely = np.exp(heights - top)
        whole = likely.sum(axis=1, keepdims=True)
        left = (self.hits[:, None] - self.totals[:, None] * expit(logits)) * (likely / whole)[self.group]
        slope = np.append(self.design.T @ left.sum(axis=1), (left * at[self.group]).sum())
        value = float((top[:, 0] + np.log(whole[:, 0]) + np.log(width)).sum())
        return -value / self.groups, -slope / self.groups

    def _modes(self, linear: Floats, deviation: float) -> tuple[Floats, Floats]:
        """Find by Newton where each group's intercept is most likely, and how wide the likelihood is there."""
        mode, curvature = np.zeros(self.groups), np.ones(self.groups)
        for _ in range(_MODE_STEPS):
            chances = expit(linear + deviation * mode[self.group])
            slope = deviation * self._sums(self.hits - self.totals * chances) - mode
            curvature = deviation**2 * self._sums(self.totals * chances * (1 - chances)) + 1
            step = np.clip(slope / curvature, -1, 1)
            mode = mode + step
            if np.abs(step).max() < _ROUNDING:
                break
        return mode, 1 / np.sqrt(curvature)

    def curvature(self, parameters: Floats) -> Floats:
        """Give minus the second derivatives of the log-likelihood. *Shape* (parameters, parameters)."""
        steps = np.eye(len(parameters)) * _STEP
        slopes = [self.minus(parameters + step)[1] - self.minus(parameters - step)[1] for step in steps]
        found = np.array(slopes) * self.groups / (2 * _STEP)
        return np.asarray((found + found.T) / 2, dtype=np.float64)

    def _sums(self, values: Floats) -> Floats:
        """Add up over the rows of each group, along the first axis."""
        sums = np.zeros((self.groups, *values.shape[1:]))
        np.add.at(sums, self.group, values)
        return sums
