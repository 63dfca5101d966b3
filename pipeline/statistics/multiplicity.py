"""Keep many comparisons honest: adjusted p values, and rank intervals instead of a ranking (`statistics.md` 2.6, 2.7).

The family (outcomes and components) is fixed before the analysis; what was chosen after looking cannot be mended here.
Only components of class A belong in any of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.statistics.identification import contrast_columns
from pipeline.statistics.permutation import DRAWN_ARRANGEMENTS, arrange, canonical_order, dealt_t
from pipeline.statistics.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from pipeline.statistics.effects import BlockFit, CodedComponent

Floats: TypeAlias = NDArray[np.float64]
Booleans: TypeAlias = NDArray[np.bool_]

SIGNIFICANT: Final = 0.05
RANK_DRAWS: Final = 10_000
RANK_LEVEL: Final = 0.90
"""Of the rank intervals, and what the probability of being first must reach before one component is named."""
NO_CLEAR_FIRST: Final = "Er is geen component aan te wijzen die duidelijk het meest oplevert."
_PAIR: Final = 2


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust p values for their number, so that the chance of any false finding stays at its level (Holm 1979).

    Args:
        p_values: raw, each in [0, 1].

    Raises:
        ValueError: when one is not in [0, 1].
    """
    raw = _checked(p_values)
    order = np.argsort(raw, kind="stable")
    stepped = np.maximum.accumulate(raw[order] * np.arange(len(raw), 0, -1))
    return _back(np.minimum(stepped, 1), order)


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust p values of exploratory tests for the expected part of false findings (Benjamini and Hochberg 1995).

    Args:
        p_values: raw, each in [0, 1].

    Raises:
        ValueError: when one is not in [0, 1].
    """
    raw = _checked(p_values)
    order = np.argsort(raw, kind="stable")[::-1]
    stepped = np.minimum.accumulate(raw[order] * len(raw) / np.arange(len(raw), 0, -1))
    return _back(stepped, order)


def _checked(p_values: Sequence[float]) -> Floats:
    raw = np.array(p_values, dtype=np.float64)
    if not ((raw >= 0) & (raw <= 1)).all():
        message = f"p values lie in [0, 1], were: {tuple(p_values)}"
        raise ValueError(message)
    return raw


def _back(adjusted: Floats, order: NDArray[np.int64]) -> tuple[float, ...]:
    places = np.empty_like(adjusted)
    places[order] = adjusted
    return tuple(places.tolist())


@dataclass(frozen=True, slots=True)
class FamilyTest:
    """One primary test: a class A contrast for one primary outcome.

    Attributes:
        name: of contrast and outcome.
        p: of the t test.
        permutation_p: of the permutation test beside it.
    """

    name: str
    p: float
    permutation_p: float


@dataclass(frozen=True, slots=True)
class AdjustedTest:
    """A primary test after adjustment for its family.

    Attributes:
        test: with the raw p values, which are printed beside the adjusted ones.
        tests: size of the family.
        p: of the t test, after Holm.
        permutation_p: of the permutation test, after Holm.
        indication: both lie below .05, so the verdict is "aanwijzing voor verschil".
    """

    test: FamilyTest
    tests: int
    p: float
    permutation_p: float
    indication: bool


def adjust_family(tests: Sequence[FamilyTest]) -> tuple[AdjustedTest, ...]:
    """Adjust the tests of the primary family together (`statistics.md` 2.1 and 2.7)."""
    of_t = holm([test.p for test in tests])
    of_permutation = holm([test.permutation_p for test in tests])
    return tuple(
        AdjustedTest(test, len(tests), p, permutation_p, max(p, permutation_p) < SIGNIFICANT)
        for test, p, permutation_p in zip(tests, of_t, of_permutation, strict=True)
    )


@dataclass(frozen=True, slots=True)
class MaxTResult:
    """One contrast and outcome within the single-step max-T procedure.

    Attributes:
        component: id of the component.
        contrast: name of the contrast.
        outcome: name of the outcome.
        t: |t| with CR2 over the sessions that have all outcomes of the family and that the contrast compares.
        p: adjusted for the family, correlations kept; above 0.
    """

    component: str
    contrast: str
    outcome: str
    t: float
    p: float


@dataclass(frozen=True, slots=True)
class MaxT:
    """The max-T procedure over a family (Westfall and Young 1993).

    Attributes:
        results: by outcome, then by component and contrast.
        refused: outcome, component and contrast that took no part, with the reason.
        sessions: number of sessions that are complete in all outcomes.
        arrangements: how many were tried.
        exact: whether these are all there are.
    """

    results: tuple[MaxTResult, ...]
    refused: tuple[tuple[str, str, str, Refusal], ...]
    sessions: int
    arrangements: int
    exact: bool


def max_t(
    outcomes: Mapping[str, Floats],
    blocks: Sequence[str],
    components: Sequence[CodedComponent],
    *,
    seed: int,
    draws: int = DRAWN_ARRANGEMENTS,
    left_out: AbstractSet[tuple[str, str, str]] = frozenset(),
) -> MaxT | Refusal:
    """Adjust by the largest |t| over components and outcomes when whole sessions are dealt out anew within blocks.

    All outcomes of a session move together, so what hangs together stays together. Each contrast is a test of its own;
    of a category it compares the sessions with its value and those with the reference.

    Args:
        outcomes: name to rates, *shape* (sessions,); NaN where there is none.
        blocks: of each session.
        components: their contrasts are the family, but for `left_out`.
        seed: of the arrangements that are drawn.
        draws: how many.
        left_out: (outcome, component, contrast) that are no part of it, such as those not of class A.

    Returns:
        The adjusted p values, or why there are none.
    """
    if not outcomes or not components:
        return Refusal(
            "Er is geen vooraf vastgelegde uitkomst en component om te toetsen.", "Leg ze vast in study.yaml."
        )
    measured = np.column_stack(list(outcomes.values()))
    used = _complete(blocks, measured)
    if not len(used):
        return Refusal(
            "Er is geen werkplaats met twee sessies waarin alle uitkomsten van de familie bekend zijn.",
            "Vul ontbrekende waarden aan of maak de familie kleiner.",
        )
    names = [blocks[at] for at in used.tolist()]
    arrangements = arrange(names, measured[used], seed=seed, draws=draws)
    order = np.concatenate([np.arange(len(used))[None, :], arrangements.order])
    columns = np.column_stack([contrast_columns(one) for one in components])[used]
    contrasts = [(one.id, contrast) for one in components for contrast in one.contrasts]
    largest = np.full(len(arrangements.order), -np.inf)
    tried: list[tuple[str, str, str, float]] = []
    refused: list[tuple[str, str, str, Refusal]] = []
    for outcome, rates in outcomes.items():
        asked = [at for at, one in enumerate(contrasts) if (outcome, *one) not in left_out]
        found = dealt_t(rates[used][order], names, columns[:, asked]) if asked else ()
        for at, t in zip(asked, found, strict=True):
            if isinstance(t, Refusal):
                refused.append((outcome, *contrasts[at], t))
            else:
                tried.append((*contrasts[at], outcome, float(t[0])))
                np.maximum(largest, t[1:], out=largest)
    if not tried:
        return refused[0][3] if refused else Refusal("Er is niets te toetsen.", "Leg in study.yaml vragen vast.")
    results = tuple(
        MaxTResult(component_id, contrast, outcome, t, arrangements.p(largest, t))
        for component_id, contrast, outcome, t in tried
    )
    return MaxT(results, tuple(refused), len(used), len(arrangements.order), arrangements.exact)


def _complete(blocks: Sequence[str], values: Floats) -> NDArray[np.int64]:
    """Give the sessions without gaps, of blocks with several of those, in canonical order."""
    complete = np.flatnonzero(np.isfinite(values).all(axis=1))
    names, sizes = np.unique(np.array(blocks)[complete], return_counts=True)
    several = set(names[sizes >= _PAIR].tolist())
    kept = np.array([at for at in complete.tolist() if blocks[at] in several], dtype=np.int64)
    return kept[canonical_order([blocks[at] for at in kept.tolist()], values[kept])]


@dataclass(frozen=True, slots=True)
class RankEntry:
    """An effect that takes part in the comparison of components.

    Attributes:
        name: of the component or contrast.
        fit: its regression; all fits are over the same list of sessions.
        at: position of the effect in the fit.
    """

    name: str
    fit: BlockFit
    at: int = 0


@dataclass(frozen=True, slots=True)
class RankInterval:
    """Where an effect stands among the others.

    Attributes:
        name: of the component or contrast.
        estimate: on the common scale.
        best: lower end of its 90 % rank interval; 1 yields most.
        worst: upper end.
        first: probability of yielding most, in [0, 1].
    """

    name: str
    estimate: float
    best: int
    worst: int
    first: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """Rank intervals of all components of class A; never a bare ranking.

    The largest of several noisy estimates is too large on average (winner's curse).

    Attributes:
        entries: in the order given.
        per_spread: estimates are per standard deviation of the component within blocks, because not all components are
            yes or no; otherwise they are differences.
        sentence: when no component is first with probability .90: that none can be named, in Dutch.
    """

    entries: tuple[RankInterval, ...]
    per_spread: bool
    sentence: str | None


def rank_components(entries: Sequence[RankEntry], *, seed: int, draws: int = RANK_DRAWS) -> Ranking | Refusal:
    """Rank the effects in many draws of what they could be, correlations between them included (`statistics.md` 2.6).

    Args:
        entries: of class A, over the same sessions and outcome.
        seed: of the draws.
        draws: how many.
    """
    if len(entries) < _PAIR:
        return Refusal(
            "Er is maar één component die kan worden vergeleken.", "Zorg dat er meer binnen werkplaatsen verschillen."
        )
    per_spread = not all(entry.fit.binary[entry.at] for entry in entries)
    scales = np.array([entry.fit.spread[entry.at] if per_spread else 1.0 for entry in entries])
    estimates = np.array([entry.fit.effects[entry.at].estimate for entry in entries]) * scales
    influence = np.zeros((len(entries[0].fit.used), len(entries)))
    for column, entry in enumerate(entries):
        influence[entry.fit.used, column] = entry.fit.influence[:, entry.at] * scales[column]
    generator = np.random.default_rng(seed)
    drawn = generator.multivariate_normal(estimates, influence.T @ influence, draws, method="svd")
    ranks = np.argsort(np.argsort(-drawn, axis=1, kind="stable"), axis=1) + 1
    tail = (1 - RANK_LEVEL) / 2
    best, worst = np.quantile(ranks, [tail, 1 - tail], axis=0, method="inverted_cdf")
    first = (ranks == 1).mean(axis=0)
    return Ranking(
        entries=tuple(
            RankInterval(entry.name, float(estimates[at]), int(best[at]), int(worst[at]), float(first[at]))
            for at, entry in enumerate(entries)
        ),
        per_spread=per_spread,
        sentence=NO_CLEAR_FIRST if first.max() < RANK_LEVEL else None,
    )
