"""The permutation test of a component within blocks, and the interval from turning it round (`statistics.md` 2.1).

Component values are dealt out anew over the sessions of each block, all ways where these are few and at random where
they are many, and the statistic is studentised with CR2 for each: the plain difference is not valid when spreads differ
(Wu and Ding 2021). Ties count, so p is never 0.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.statistics.effects import (
    ALL_EQUAL,
    PERFECT,
    WithinDesign,
    fit_effects,
    fits_exactly,
    is_flat,
    within_design,
)
from pipeline.statistics.intervals import LEVEL
from pipeline.statistics.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]

ENUMERATED_AT_MOST: Final = 20_000
"""With no more arrangements than this all of them are tried, and the test is exact."""
DRAWN_ARRANGEMENTS: Final = 9_999
"""Tried where there are more."""
CONSERVATIVE_BELOW: Final = 8.0
"""With fewer degrees of freedom the t interval is too wide, and the permutation interval is printed as well."""

_TIE: Final = 1e-10
_SINGULAR: Final = 1e-12
_CHUNK: Final = 2_000
_PAIR: Final = 2
_FURTHEST: Final = 1e4
_SCANNED: Final = 400
_HALVINGS: Final = 50


@dataclass(frozen=True, slots=True)
class PermutationTest:
    """What happens when component values are dealt out anew within blocks.

    Exact if, within blocks, it was arbitrary which session had which value. It was not drawn by lot, and the report
    says so.

    Attributes:
        statistic: |t| with CR2 of the arrangement found; for several contrasts together their Wald statistic.
        p: part of the arrangements with a statistic at least as large, ties counted; above 0.
        arrangements: how many were tried, the one found not counted where they were drawn.
        possible: how many different ones there are.
        exact: all of them were tried.
        smallest_p: the smallest p that could have come out, about so for several contrasts.
    """

    statistic: float
    p: float
    arrangements: int
    possible: int
    exact: bool
    smallest_p: float


@dataclass(frozen=True, slots=True, eq=False)
class Arrangements:
    """Ways to deal rows out anew within blocks.

    Attributes:
        order: *Shape* (arrangements, rows): which row comes in each place.
        possible: how many different ones there are.
        exact: `order` holds each of them once; otherwise it holds random ones.
    """

    order: Integers
    possible: int
    exact: bool

    def p(self, statistics: Floats, found: float) -> float:
        """Give the part of the arrangements that reach what was found, ties counted.

        Args:
            statistics: *Shape* (arrangements,).
            found: of the arrangement found.
        """
        reached = int((statistics >= found * (1 - _TIE)).sum())
        return reached / len(statistics) if self.exact else (1 + reached) / (1 + len(statistics))


def permutation_test(
    rates: Floats, blocks: Sequence[str], components: Floats, *, seed: int, draws: int = DRAWN_ARRANGEMENTS
) -> PermutationTest | Refusal:
    """Test a component by dealing its values out anew within blocks, studentised each time (`statistics.md` 2.1).

    Does not depend on the order of the sessions or the names of the blocks, nor on which of two values is called 1.

    Args:
        rates: *Shape* (sessions,): NaN where there is none.
        blocks: of each session.
        components: *Shape* (sessions, contrasts): the columns of *one* component, dealt out together.
        seed: of the arrangements that are drawn where there are more than `ENUMERATED_AT_MOST`.
        draws: how many.
    """
    dealt = _deal(rates, blocks, components, seed, draws)
    if isinstance(dealt, Refusal):
        return dealt
    design, outcome, arrangements = dealt
    found = float(_statistics(design, outcome, np.arange(len(outcome))[None, :])[0])
    if math.isinf(found):
        return PERFECT
    return PermutationTest(
        statistic=found,
        p=arrangements.p(_statistics(design, outcome, arrangements.order), found),
        arrangements=len(arrangements.order),
        possible=arrangements.possible,
        exact=arrangements.exact,
        smallest_p=_smallest_p(design, arrangements),
    )


def permutation_interval(
    rates: Floats, blocks: Sequence[str], component: Floats, *, seed: int, draws: int = DRAWN_ARRANGEMENTS
) -> tuple[float, float] | Refusal:
    """Give all shifts b for which the permutation test does not reject "rates − b × component" at 5 %.

    Should the shifts that are not rejected fall apart, the interval runs from the first to the last of them.

    Args:
        rates: *Shape* (sessions,): NaN where there is none.
        blocks: of each session.
        component: *Shape* (sessions,): one contrast.
        seed: of the arrangements that are drawn.
        draws: how many.

    Returns:
        Its ends, or why there is none; it has none when so few arrangements are possible that nothing is rejected.
    """
    dealt = _deal(rates, blocks, component[:, None], seed, draws)
    if isinstance(dealt, Refusal):
        return dealt
    design, outcome, arrangements = dealt
    shifted = _Shifted.of(design, outcome, arrangements)
    lower, upper = shifted.end(-1), shifted.end(1)
    if lower is None or upper is None:
        return Refusal(
            f"Er zijn maar {arrangements.possible} verdelingen mogelijk; geen enkel verschil kan worden uitgesloten.",
            "Voeg sessies toe in werkplaatsen waar het kenmerk verschilt.",
        )
    return lower, upper


def possible_arrangements(blocks: Sequence[str], components: Floats) -> int:
    """Count the different ways in which complete rows of component values can be dealt out within blocks."""
    complete = np.isfinite(components).all(axis=1)
    block = np.unique(np.array(blocks)[complete], return_inverse=True)[1]
    return _count(block, _same_rows(components[complete]))


def smallest_attainable_p(blocks: Sequence[str], components: Floats) -> float | Refusal:
    """Give the smallest p that the permutation test can come out with; it follows from the design alone.

    2 over the number of arrangements when every block mirrors itself (half of the sessions with a component, half
    without), else 1 over it; with arrangements that are drawn not below 1 over their number.
    """
    design = within_design(blocks, components, np.ones(len(blocks), dtype=np.bool_))
    if isinstance(design, Refusal):
        return design
    possible = possible_arrangements(np.array(blocks)[design.used].tolist(), components[design.used])
    return _smallest(design, possible)


def arrange(blocks: Sequence[str], components: Floats, *, seed: int, draws: int = DRAWN_ARRANGEMENTS) -> Arrangements:
    """Deal the rows of one or more components out anew within blocks, all ways or at random.

    Args:
        blocks: of each row.
        components: *Shape* (rows, columns): without gaps; equal rows are not told apart.
        seed: of the arrangements that are drawn.
        draws: how many are drawn where there are more than `ENUMERATED_AT_MOST`.
    """
    block = np.unique(np.array(blocks), return_inverse=True)[1]
    row = _same_rows(components)
    possible = _count(block, row)
    if possible <= ENUMERATED_AT_MOST:
        return Arrangements(_every_order(block, row, possible), possible, exact=True)
    return Arrangements(_random_order(tuple(block.tolist()), seed, draws), possible, exact=False)


@lru_cache(maxsize=16)
def _random_order(block: tuple[int, ...], seed: int, draws: int) -> Integers:
    """Deal rows out at random within blocks; done once for all components and outcomes with the same blocks.

    Args:
        block: number of the block of each row.
        seed: of the generator.
        draws: how many.

    Returns:
        *Shape* (draws, rows).
    """
    blocks = np.array(block)
    keys = np.random.default_rng(seed).random((draws, len(blocks)))
    # Places by block, each filled with the rows of its own block in the order of their random keys.
    order = np.empty((draws, len(blocks)), dtype=np.int64)
    order[:, np.argsort(blocks, kind="stable")] = np.argsort(keys + blocks[None, :], axis=1)
    order.flags.writeable = False  # it is shared
    return order


def canonical_order(blocks: Sequence[str], values: Floats) -> Integers:
    """Order sessions by what they are and not by how they are called or listed, so that draws fall on the same ones.

    Args:
        blocks: of each session.
        values: *Shape* (sessions, columns): sessions with equal values in a block are alike.

    Returns:
        *Shape* (sessions,): positions, block by block.
    """
    members: dict[str, list[tuple[tuple[float, ...], int]]] = {}
    for at, (block, row) in enumerate(zip(blocks, values.tolist(), strict=True)):
        members.setdefault(block, []).append((tuple(row), at))
    ordered = sorted((sorted(rows) for rows in members.values()), key=lambda rows: [row for row, _ in rows])
    return np.array([at for rows in ordered for _, at in rows], dtype=np.int64)


def dealt_t(outcomes: Floats, blocks: Sequence[str], columns: Floats) -> tuple[Floats | Refusal, ...]:
    """Give |t| with CR2 of every contrast, each in a model of its own, for every way in which an outcome was dealt out.

    Dealing out the outcome over the sessions of a block is the same as dealing out the components, and makes a single
    product of matrices of all contrasts that know the same sessions.

    Args:
        outcomes: *Shape* (arrangements, sessions): without gaps; the first row is the outcome as found.
        blocks: of each session.
        columns: *Shape* (sessions, contrasts): NaN for a session that a contrast does not compare.

    Returns:
        One a contrast: *Shape* (arrangements,), or why there is none.
    """
    found: list[Floats | Refusal] = [ALL_EQUAL] * columns.shape[1]
    groups: dict[bytes, list[int]] = {}
    for at, column in enumerate(columns.T):
        groups.setdefault(np.isfinite(column).tobytes(), []).append(at)
    for members in groups.values():
        designs: dict[int, WithinDesign] = {}
        for at in members:
            design = within_design(blocks, columns[:, [at]], np.ones(len(blocks), dtype=np.bool_))
            if isinstance(design, Refusal):
                found[at] = design
            else:
                designs[at] = design
        if designs:
            for at, t in zip(designs, _dealt_together(outcomes, list(designs.values())), strict=True):
                found[at] = t
    return tuple(found)


def _dealt_together(outcomes: Floats, designs: Sequence[WithinDesign]) -> list[Floats | Refusal]:
    """Fit contrasts over the same sessions to every row of outcomes."""
    used, dummies = designs[0].used, designs[0].dummies
    values = outcomes[:, used]
    centred = values - (values @ (dummies / dummies.sum(axis=0))) @ dummies.T
    if is_flat(centred[0], values[0]):
        return [ALL_EQUAL] * len(designs)
    columns = np.column_stack([design.columns[:, 0] for design in designs])
    squares = np.column_stack([design.pulls[:, 0] ** 2 for design in designs])
    estimates = centred @ columns / (columns**2).sum(axis=0)
    found: list[Floats | Refusal] = []
    for at, design in enumerate(designs):
        # Residuals one contrast at a time: (pull × residual)² multiplied out would lose large |t| to rounding.
        residuals = centred - estimates[:, at, None] * columns[:, at]
        if fits_exactly(residuals[0], design.pulls * residuals[0][:, None], design.pulls, values[0]):
            found.append(PERFECT)
        else:
            found.append(_over(np.abs(estimates[:, at]), np.sqrt(residuals**2 @ squares[:, at])))
    return found


def _deal(
    rates: Floats, blocks: Sequence[str], components: Floats, seed: int, draws: int
) -> tuple[WithinDesign, Floats, Arrangements] | Refusal:
    first = fit_effects(rates, blocks, components, [""] * components.shape[1])
    if isinstance(first, Refusal):
        return first
    # With the sign of the effect, a component and its opposite put sessions with equal rates in the same order.
    signs = np.sign([effect.estimate for effect in first.effects])
    used = np.flatnonzero(first.used)
    keys = np.column_stack([rates[used], components[used] * signs])
    at = used[canonical_order([blocks[one] for one in used.tolist()], keys)]
    # Blocks are renamed in the order in which they now stand.
    named = [blocks[one] for one in at.tolist()]
    place = {name: f"{number:06d}" for number, name in enumerate(dict.fromkeys(named))}
    renamed = [place[name] for name in named]
    design = within_design(renamed, components[at], np.ones(len(at), dtype=np.bool_))
    if isinstance(design, Refusal):
        return design
    return design, design.within(rates[at]), arrange(renamed, components[at], seed=seed, draws=draws)


def _refits(design: WithinDesign, outcome: Floats, order: Integers) -> list[tuple[Floats, Floats]]:
    """Fit every arrangement of the component rows: estimates and CR2 covariances, a chunk at a time.

    Taking block means off, the inverse and the leverages move along with the rows, since rows stay in their block.
    """
    found = []
    for start in range(0, len(order), _CHUNK):
        rows = order[start : start + _CHUNK]
        columns = design.columns[rows]
        estimates = np.einsum("bmq,m->bq", columns, outcome) @ design.inverse
        residuals = outcome[None, :] - np.einsum("bmq,bq->bm", columns, estimates)
        influence = design.pulls[rows] * residuals[:, :, None]
        found.append((estimates, np.einsum("bmq,bmr->bqr", influence, influence)))
    return found


def _statistics(design: WithinDesign, outcome: Floats, order: Integers) -> Floats:
    """Give |t|, or for several contrasts the Wald statistic, for every arrangement."""
    parts = []
    for estimates, covariances in _refits(design, outcome, order):
        if estimates.shape[1] == 1:
            parts.append(_over(np.abs(estimates[:, 0]), np.sqrt(covariances[:, 0, 0])))
        else:
            parts.append(_wald(design, outcome, estimates, covariances))
    return np.concatenate(parts)


def _wald(design: WithinDesign, outcome: Floats, estimates: Floats, covariances: Floats) -> Floats:
    """Give b'V⁻¹b; an arrangement in which some contrast fits perfectly is as extreme as can be."""
    # In units in which contrasts without spread show whatever value is the reference.
    upright = np.linalg.inv(np.linalg.cholesky(design.inverse))
    turned, values = upright @ covariances @ upright.T, estimates @ upright.T
    sizes, axes = np.linalg.eigh(turned)
    least = np.maximum(_SINGULAR * sizes[:, -1], _SINGULAR**2 * float(outcome @ outcome))
    along = np.einsum("bqr,bq->br", axes, values) ** 2
    singular = sizes[:, 0] <= least
    return np.where(singular, np.inf, (along / np.where(singular[:, None], 1.0, sizes)).sum(axis=1))


def _over(estimates: Floats, errors: Floats) -> Floats:
    """Divide; an arrangement that fits perfectly is as extreme as can be."""
    return np.divide(estimates, errors, out=np.full_like(estimates, np.inf), where=errors > 0)


def _same_rows(components: Floats) -> Integers:
    """Number the rows, equal ones alike."""
    return np.asarray(np.unique(components, axis=0, return_inverse=True)[1].reshape(-1), dtype=np.int64)


def _count(block: Integers, row: Integers) -> int:
    possible = 1
    for number in np.unique(block):
        sizes = Counter(row[block == number].tolist()).values()
        possible *= math.factorial(sum(sizes)) // math.prod(math.factorial(size) for size in sizes)
    return possible


def _every_order(block: Integers, row: Integers, possible: int) -> Integers:
    """List every different arrangement, one block varying faster than the next."""
    order = np.empty((possible, len(block)), dtype=np.int64)
    stride = 1
    for number in np.unique(block):
        places = np.flatnonzero(block == number)
        kinds, first, sizes = np.unique(row[places], return_index=True, return_counts=True)
        ways = _different_orders(tuple(sizes.tolist()))
        # Equal rows are interchangeable, so the first of each kind stands for all.
        chosen = places[first[ways]] if len(kinds) > 1 else places[None, :]
        order[:, places] = chosen[np.arange(possible) // stride % len(chosen)]
        stride *= len(chosen)
    return order


@lru_cache(maxsize=256)
def _different_orders(sizes: tuple[int, ...]) -> Integers:
    """List the different orders of so many things of each kind. *Shape* (orders, things): number of the kind."""
    total = sum(sizes)
    if len(sizes) <= 1:
        return np.zeros((1, total), dtype=np.int64)
    rest = _different_orders(sizes[1:]) + 1
    listed = []
    for places in combinations(range(total), sizes[0]):
        orders = np.zeros((len(rest), total), dtype=np.int64)
        orders[:, np.setdiff1d(np.arange(total), places)] = rest
        listed.append(orders)
    return np.concatenate(listed)


def _smallest_p(design: WithinDesign, arrangements: Arrangements) -> float:
    if arrangements.exact:
        return _smallest(design, arrangements.possible)
    return max(_smallest(design, arrangements.possible), 1 / (1 + len(arrangements.order)))


def _smallest(design: WithinDesign, possible: int) -> float:
    """Give the part of all arrangements that is as extreme as the most extreme one."""
    if design.columns.shape[1] > 1:
        return 1 / possible
    column = design.columns[:, 0]
    mirrored = all(
        np.allclose(np.sort(column[design.block == number]), np.sort(-column[design.block == number]))
        for number in range(design.blocks)
    )
    return min(1.0, (_PAIR if mirrored else 1) / possible)


@dataclass(frozen=True, slots=True, eq=False)
class _Shifted:
    """The permutation test of rates − b × component, as a function of b.

    For every arrangement the estimate is `estimate` − b `slope` and its variance `constant` + b `linear` + b² `square`.
    The arrangement found has estimate − b and a variance that does not depend on b.

    Attributes:
        found: estimate of the arrangement found.
        variance: its variance.
        exact: whether all arrangements are there.
    """

    found: float
    variance: float
    exact: bool
    estimate: Floats
    slope: Floats
    constant: Floats
    linear: Floats
    square: Floats

    @classmethod
    def of(cls, design: WithinDesign, outcome: Floats, arrangements: Arrangements) -> _Shifted:
        order, column = arrangements.order, design.columns[:, 0]
        dealt, squares = column[order], (design.pulls[:, 0] ** 2)[order]
        estimate, slope = dealt @ outcome * design.inverse[0, 0], dealt @ column * design.inverse[0, 0]
        kept = outcome[None, :] - estimate[:, None] * dealt
        moved = column[None, :] - slope[:, None] * dealt
        found = float(column @ outcome * design.inverse[0, 0])
        residuals = outcome - found * column
        return cls(
            found=found,
            variance=float(design.pulls[:, 0] ** 2 @ residuals**2),
            exact=arrangements.exact,
            estimate=estimate,
            slope=slope,
            constant=(squares * kept**2).sum(axis=1),
            linear=-2 * (squares * kept * moved).sum(axis=1),
            square=(squares * moved**2).sum(axis=1),
        )

    def p(self, shift: float) -> float:
        """Give p of one shift; compares squares and does not divide, since a variance may be 0."""
        estimate = (self.estimate - shift * self.slope) ** 2 * self.variance
        variance = self.constant + shift * self.linear + shift**2 * self.square
        reached = int((estimate >= (self.found - shift) ** 2 * variance * (1 - 2 * _TIE)).sum())
        return reached / len(self.estimate) if self.exact else (1 + reached) / (1 + len(self.estimate))

    def end(self, direction: int) -> float | None:
        """Find the last shift in a direction that is not rejected; `None` when even the furthest is not.

        A scan outwards, then bisection.
        """
        reach = math.sqrt(self.variance) * direction
        steps = (self.found + reach * np.sinh(np.linspace(0, math.asinh(_FURTHEST), _SCANNED))).tolist()
        last = max(at for at, shift in enumerate(steps) if self.p(shift) > 1 - LEVEL)
        if last == len(steps) - 1:
            return None
        inside, outside = steps[last], steps[last + 1]
        for _ in range(_HALVINGS):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if self.p(middle) > 1 - LEVEL else (inside, middle)
        return float(inside)
