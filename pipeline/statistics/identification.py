"""Whether a component can be told apart from site and round, before any effect is computed (`statistics.md` 2.2).

A component of class A gets effect, interval and tests; of class B estimate and interval without a test; of class C,
which coincides with site or round, nothing at all. `compare_component` computes what a class allows and no more, so
nothing exists that may not be shown.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.study import ValueType
from pipeline.statistics.effects import ONE_SESSION, BlockFit, Effect, design_freedom, fit_effects, within_design
from pipeline.statistics.permutation import (
    CONSERVATIVE_BELOW,
    DRAWN_ARRANGEMENTS,
    PermutationTest,
    permutation_interval,
    permutation_test,
    smallest_attainable_p,
)
from pipeline.statistics.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.statistics.effects import CodedComponent
    from pipeline.statistics.rates import SessionRates

Floats: TypeAlias = NDArray[np.float64]
Booleans: TypeAlias = NDArray[np.bool_]

LEAST_SITES: Final = 2
"""In which a component of class A varies."""
LEAST_SESSIONS: Final = 4
"""At each level within those sites."""
LEAST_FREEDOM: Final = 4.0
"""Degrees of freedom (6)."""
RARE: Final = 0.05
"""Below this mean rate a draw must be stratified and have `LABELS_WHEN_RARE` units (section 7)."""
LABELS_WHEN_RARE: Final = 50
HIGHEST_CORRELATION: Final = 0.8
HIGHEST_INFLATION: Final = 5.0
SESSIONS_PER_COMPONENT: Final = 8
_SIGNIFICANT: Final = 0.05


class IdentificationClass(StrEnum):
    """What may be printed of a component."""

    A = "A"
    """Effect, interval and p."""
    B = "B"
    """Estimate and interval; no p, no rank."""
    C = "C"
    """The table of sites alone."""


@dataclass(frozen=True, slots=True)
class Identification:
    """The class of one contrast of a component, and what it rests on.

    Attributes:
        component: id of the component.
        contrast: the component's id, or for a category the value that is set against the reference.
        letter: the class.
        sites: those in which it varies (within rounds, where these are blocks), sorted.
        low: sessions without it, or below the mean of their block, in those sites.
        high: sessions with it, or above.
        freedom: degrees of freedom (6); `None` for class C and where they cannot be had.
        smallest_p: smallest p of the permutation test; `None` for class C and where nothing can be estimated.
        sentence: for B and C, what to say instead of a verdict, in Dutch, with what would change it.
    """

    component: str
    contrast: str
    letter: IdentificationClass
    sites: tuple[str, ...]
    low: int
    high: int
    freedom: float | None
    smallest_p: float | None
    sentence: str | None

    @property
    def estimable(self) -> bool:
        """Whether there is anything to estimate: it varies within blocks, and in more than a single session."""
        return self.smallest_p is not None

    @property
    def warning(self) -> str | None:
        """What to say when no test can succeed, in Dutch."""
        if self.smallest_p is None or self.smallest_p <= _SIGNIFICANT:
            return None
        p = f"{self.smallest_p:.3f}".replace(".", ",")
        return f"De kleinste p die met deze sessies mogelijk is, is {p}; geen enkele toets kan slagen."


def blocks_of(sites: Sequence[str], rounds: Sequence[int | None]) -> tuple[str, ...]:
    """Name the blocks when the set-up changed between rounds: site and round together.

    Args:
        sites: of each session.
        rounds: of each session; `None` where it has none.
    """
    return tuple(
        site if number is None else f"{site}, ronde {number}" for site, number in zip(sites, rounds, strict=True)
    )


def identify(component: CodedComponent, sites: Sequence[str], blocks: Sequence[str]) -> tuple[Identification, ...]:
    """Class every contrast of a component.

    For numbers, a session above the mean of its block counts as one with the component and one below as one without.

    Args:
        component: with missing values for sessions that have no rate (`CodedComponent.where`).
        sites: of each session.
        blocks: the same, or site and round (`blocks_of`).
    """
    values = component.values
    parts = [_compared(component, at) for at in range(len(component.contrasts))]
    found = [_Varying.of(values[:, at], part, sites, blocks) for at, part in enumerate(parts)]
    attainable = [_attainable(values[:, at], part, blocks) for at, part in enumerate(parts)]
    freedom = _joint_freedom(component, [at for at, p in enumerate(attainable) if p is not None], blocks)
    return tuple(
        _classed(component, at, found[at], freedom.get(at), attainable[at])
        if found[at].sites
        else _coinciding(component, at, parts[at], sites, blocks)
        for at in range(len(component.contrasts))
    )


def limit_when_rare(
    identifications: Sequence[Identification], rates: SessionRates, *, stratified: bool
) -> tuple[Identification, ...]:
    """Take class A down to B where the outcome is too rare for the draw (`statistics.md` 7).

    Args:
        identifications: of a component.
        rates: of the outcome.
        stratified: whether units were drawn by strata on the machine's label.
    """
    few = bool((rates.labelled < np.minimum(rates.eligible, LABELS_WHEN_RARE)).any())
    simple = not stratified and bool((rates.labelled < rates.eligible).any())
    if float(rates.rates.mean()) >= RARE or not (few or simple):
        return tuple(identifications)
    sentence = (
        f"Te weinig gegevens voor een uitspraak: deze uitkomst komt in minder dan {100 * RARE:.0f} % van de uitingen "
        f"voor. Daarvoor is een gelaagde steekproef van ten minste {LABELS_WHEN_RARE} uitingen per sessie nodig."
    )
    return tuple(
        replace(one, letter=IdentificationClass.B, sentence=sentence) if one.letter is IdentificationClass.A else one
        for one in identifications
    )


def _compared(component: CodedComponent, at: int) -> Booleans:
    """Tell which sessions a contrast compares: for a category those with its value and those with the reference."""
    complete = np.isfinite(component.values).all(axis=1)
    others = np.delete(component.values, at, axis=1)
    alone = (np.nan_to_num(others) == 0).all(axis=1)
    return np.asarray(complete & alone if _is_category(component) else complete)


def contrast_columns(component: CodedComponent) -> Floats:
    """Give every contrast as a column of its own, in which only the sessions that it compares have a value.

    Returns:
        *Shape* (sessions, contrasts): NaN for the others.
    """
    return np.column_stack(
        [np.where(_compared(component, at), component.values[:, at], np.nan) for at in range(len(component.contrasts))]
    )


def _is_category(component: CodedComponent) -> bool:
    return component.type is ValueType.CATEGORIE


@dataclass(frozen=True, slots=True)
class _Varying:
    """Where a contrast varies: the sites, and the sessions on each side within the blocks in which it does."""

    sites: tuple[str, ...]
    low: int
    high: int

    @classmethod
    def of(cls, values: Floats, part: Booleans, sites: Sequence[str], blocks: Sequence[str]) -> _Varying:
        names, places = np.array(blocks), np.array(sites)
        varying, low, high = set(), 0, 0
        for block in dict.fromkeys(names[part].tolist()):
            inside = part & (names == block)
            here = values[inside]
            if here.min() < here.max():
                varying.update(places[inside].tolist())
                low += int((here < here.mean()).sum())
                high += int((here > here.mean()).sum())
        return cls(tuple(sorted(varying)), low, high)


def _joint_freedom(component: CodedComponent, joint: Sequence[int], blocks: Sequence[str]) -> dict[int, float]:
    """Give the degrees of freedom of the contrasts that can be told apart, in the model that has all of these."""
    if not joint:
        return {}
    found = design_freedom(blocks, _kept_values(component, joint))
    return {} if isinstance(found, Refusal) else dict(zip(joint, found, strict=True))


def estimable_values(identifications: Sequence[Identification], component: CodedComponent) -> Floats:
    """Give the columns of the contrasts that can be estimated, which enter one model together.

    Sessions with a value of the category that is left out are made missing, or they would count as the reference.

    Args:
        identifications: of the component, one a contrast.
        component: over the sessions.

    Returns:
        *Shape* (sessions, contrasts that can be estimated).
    """
    return _kept_values(component, [at for at, one in enumerate(identifications) if one.estimable])


def _kept_values(component: CodedComponent, joint: Sequence[int]) -> Floats:
    """Give the columns of some contrasts, without the sessions that have another value of the category."""
    dropped = np.delete(component.values, joint, axis=1)
    elsewhere = (np.nan_to_num(dropped) != 0).any(axis=1) if _is_category(component) else np.zeros(len(dropped), bool)
    return np.where(elsewhere[:, None], np.nan, component.values[:, list(joint)])


def _attainable(values: Floats, part: Booleans, blocks: Sequence[str]) -> float | None:
    found = smallest_attainable_p(np.array(blocks)[part].tolist(), values[part][:, None])
    return None if isinstance(found, Refusal) else found


def _classed(
    component: CodedComponent, at: int, varying: _Varying, freedom: float | None, attainable: float | None
) -> Identification:
    """Class a contrast that varies somewhere."""
    numeric = component.type in (ValueType.AANTAL, ValueType.GETAL)
    high, low = ("boven het gemiddelde", "eronder") if numeric else ("met dit kenmerk", "zonder")
    lacking = _lacking(varying, freedom, high, low)
    sentence = (
        f"Te weinig sessies voor een uitspraak: {lacking}. "
        f"Nodig zijn ten minste {LEAST_SITES} werkplaatsen waarbinnen dit kenmerk verschilt, met daarin ten minste "
        f"{LEAST_SESSIONS} sessies {high} en {LEAST_SESSIONS} {low}."
    )
    return Identification(
        component=component.id,
        contrast=component.contrasts[at],
        letter=IdentificationClass.B if lacking else IdentificationClass.A,
        sites=varying.sites,
        low=varying.low,
        high=varying.high,
        freedom=freedom,
        smallest_p=attainable,
        sentence=sentence if lacking else None,
    )


def _lacking(varying: _Varying, freedom: float | None, high: str, low: str) -> str | None:
    """Say what a contrast lacks for class A."""
    if len(varying.sites) < LEAST_SITES:
        return f"dit kenmerk verschilt alleen binnen werkplaats {varying.sites[0]}"
    if min(varying.low, varying.high) < LEAST_SESSIONS:
        return f"binnen die werkplaatsen zijn er {varying.high} sessies {high} en {varying.low} {low}"
    if freedom is None or freedom < LEAST_FREEDOM:
        return "enkele sessies bepalen bijna alles, zodat er te weinig vrijheidsgraden zijn"
    return None


def _coinciding(
    component: CodedComponent, at: int, part: Booleans, sites: Sequence[str], blocks: Sequence[str]
) -> Identification:
    """Class a contrast that varies in no block, and say what it coincides with and what would separate it."""
    values = component.values[:, at][part]
    places = np.array(sites)[part]
    if not len(values):
        sentence = (
            "Van geen enkele sessie zijn zowel dit kenmerk als deze uitkomst bekend. Er is niets te vergelijken en er "
            "is geen toets uitgevoerd. Vul ontbrekende waarden aan."
        )
    elif np.ptp(values) == 0:
        sentence = (
            "Dit kenmerk is in alle sessies hetzelfde. Er is niets te vergelijken en er is geen toets uitgevoerd. "
            "Houd ook sessies waarin het anders is."
        )
    elif component.reference is not None and _differs_within(component, blocks):
        # The category itself varies there; it is the value to compare with that is not found beside this one.
        sentence = (
            f"De waarde '{component.contrasts[at]}' en de waarde waarmee vergeleken wordt, '{component.reference}', "
            "komen nergens binnen dezelfde werkplaats (en ronde) allebei voor. Hun verschil is niet te scheiden van de "
            "werkplaats of de ronde. Er is geen toets uitgevoerd. Zet in study.yaml een waarde vooraan die naast de "
            "andere voorkomt; met de eerste wordt vergeleken."
        )
    elif any(np.ptp(values[places == site]) > 0 for site in np.unique(places)):
        sentence = (
            "Dit kenmerk verschilt binnen werkplaatsen alleen tussen rondes. Het effect is niet te scheiden van de "
            "ronde. Er is geen toets uitgevoerd. Houd binnen dezelfde werkplaats en ronde sessies met en zonder dit "
            "kenmerk."
        )
    else:
        sentence = (
            "Dit kenmerk verschilt niet binnen werkplaatsen. Het effect is niet te scheiden van de werkplaats. "
            "Er is geen toets uitgevoerd. Houd binnen dezelfde werkplaats sessies met en zonder dit kenmerk."
        )
    return Identification(component.id, component.contrasts[at], IdentificationClass.C, (), 0, 0, None, None, sentence)


def _differs_within(component: CodedComponent, blocks: Sequence[str]) -> bool:
    """Tell whether a component has several values in some block."""
    names, known = np.array(blocks), np.isfinite(component.values).all(axis=1)
    return any(
        len(np.unique(component.values[known & (names == block)], axis=0)) > 1 for block in np.unique(names[known])
    )


@dataclass(frozen=True, slots=True)
class ContrastResult:
    """What may be shown of one contrast.

    Attributes:
        identification: its class.
        effect: estimate and interval, for class A with the t test; `None` for class C.
        permutation: for class A only.
        interval: of the permutation test, for class A with fewer than `CONSERVATIVE_BELOW` degrees of freedom.
    """

    identification: Identification
    effect: Effect | Refusal | None = None
    permutation: PermutationTest | Refusal | None = None
    interval: tuple[float, float] | Refusal | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ComponentComparison:
    """What may be shown of a component for one outcome.

    Attributes:
        component: as it was coded.
        contrasts: one result a contrast.
        omnibus: for a category of which several contrasts can be estimated, all of class A: the permutation test of
            all of them together.
        fit: the regression with all contrasts that can be estimated; `None` without one.
    """

    component: CodedComponent
    contrasts: tuple[ContrastResult, ...]
    omnibus: PermutationTest | Refusal | None
    fit: BlockFit | None


def compare_component(
    identifications: Sequence[Identification],
    component: CodedComponent,
    rates: Floats,
    blocks: Sequence[str],
    *,
    seed: int,
    draws: int = DRAWN_ARRANGEMENTS,
) -> ComponentComparison:
    """Carry out the primary analysis (`statistics.md` 2.1) as far as the classes allow.

    Args:
        identifications: of the same component, one a contrast (`identify`, `limit_when_rare`).
        component: over the sessions.
        rates: *Shape* (sessions,): NaN where there is none.
        blocks: of each session.
        seed: of the permutations that are drawn.
        draws: how many.
    """
    joint = [at for at, one in enumerate(identifications) if one.estimable]
    values = estimable_values(identifications, component)
    fit = _fit_shown([identifications[at] for at in joint], rates, blocks, values) if joint else ONE_SESSION
    results = []
    for at, one in enumerate(identifications):
        if one.letter is IdentificationClass.C:
            results.append(ContrastResult(one))
        elif at not in joint or isinstance(fit, Refusal):
            results.append(ContrastResult(one, fit if isinstance(fit, Refusal) else ONE_SESSION))
        elif one.letter is IdentificationClass.B:
            results.append(ContrastResult(one, fit.effects[joint.index(at)]))
        else:
            column = contrast_columns(component)[:, at]
            effect = fit.effects[joint.index(at)]
            results.append(ContrastResult(one, effect, *_permuted(effect, column, rates, blocks, seed, draws)))
    several = len(joint) > 1 and {identifications[at].letter for at in joint} == {IdentificationClass.A}
    return ComponentComparison(
        component=component,
        contrasts=tuple(results),
        omnibus=permutation_test(rates, blocks, values, seed=seed, draws=draws) if several else None,
        fit=fit if isinstance(fit, BlockFit) else None,
    )


def _fit_shown(
    identifications: Sequence[Identification], rates: Floats, blocks: Sequence[str], values: Floats
) -> BlockFit | Refusal:
    """Fit contrasts together, and take the test off those that may not have one."""
    fit = fit_effects(rates, blocks, values, [one.contrast for one in identifications])
    if isinstance(fit, Refusal):
        return fit
    effects = (
        effect if one.letter is IdentificationClass.A else effect.without_test()
        for one, effect in zip(identifications, fit.effects, strict=True)
    )
    return replace(fit, effects=tuple(effects))


def _permuted(
    effect: Effect, column: Floats, rates: Floats, blocks: Sequence[str], seed: int, draws: int
) -> tuple[PermutationTest | Refusal, tuple[float, float] | Refusal | None]:
    """Give the permutation test of a contrast of class A, and its interval where that of t is too wide."""
    test = permutation_test(rates, blocks, column[:, None], seed=seed, draws=draws)
    if effect.freedom >= CONSERVATIVE_BELOW:
        return test, None
    return test, permutation_interval(rates, blocks, column, seed=seed, draws=draws)


@dataclass(frozen=True, slots=True)
class Overlap:
    """How far two components go together within blocks.

    Attributes:
        one: name of a component.
        other: name of another.
        correlation: within blocks; `None` when one of them does not vary within blocks.
        sessions: with values of both, in blocks of several.
    """

    one: str
    other: str
    correlation: float | None
    sessions: int


def overlaps(blocks: Sequence[str], components: Floats, names: Sequence[str]) -> tuple[Overlap, ...]:
    """Give the overlap of every pair of components.

    Args:
        blocks: of each session.
        components: *Shape* (sessions, components): NaN where missing.
        names: one a component.
    """
    return tuple(
        _overlap(blocks, components[:, [one, other]], (names[one], names[other]))
        for one, other in combinations(range(len(names)), 2)
    )


def _overlap(blocks: Sequence[str], pair: Floats, names: tuple[str, str]) -> Overlap:
    known = np.asarray(np.isfinite(pair).all(axis=1))
    designs = [within_design(blocks, pair[:, [at]], known) for at in range(2)]
    columns = [design.columns[:, 0] for design in designs if not isinstance(design, Refusal)]
    if len(columns) < len(designs):
        return Overlap(*names, None, int(known.sum()))
    lengths = float(np.linalg.norm(columns[0]) * np.linalg.norm(columns[1]))
    return Overlap(*names, float(columns[0] @ columns[1]) / lengths, len(columns[0]))


def refuse_together(
    blocks: Sequence[str],
    components: Floats,
    names: Sequence[str],
    *,
    owners: Sequence[str] | None = None,
    adjusted: int = 0,
) -> Refusal | None:
    """Say why components may not enter one model, `None` when they may (`statistics.md` 0, 2.2 and 2.3).

    Args:
        blocks: of each session.
        components: *Shape* (sessions, components): NaN where missing.
        names: one a component.
        owners: component of each column; contrasts of one category go together of necessity and are not held against
            each other. `None` when each is a component of its own.
        adjusted: how many of the first are what is looked at, the others being there to adjust for; only these others
            are held to the number that a model may have. With 0 all of them are looked at.
    """
    own = np.array(range(len(names)) if owners is None else owners)
    pairs = zip(combinations(own.tolist(), 2), overlaps(blocks, components, names), strict=True)
    for (one, other), pair in pairs:
        if one != other and pair.correlation is not None and abs(pair.correlation) > HIGHEST_CORRELATION:
            return _together([pair.one, pair.other])
    design = within_design(blocks, components, np.full(len(blocks), fill_value=True))
    if isinstance(design, Refusal):
        return design
    # A single component is never one too many.
    allowed = max((len(design.block) - design.blocks) // SESSIONS_PER_COMPONENT, 0 if adjusted else 1)
    if len(names) - adjusted > allowed:
        return Refusal(
            f"Met {len(design.block)} sessies in {design.blocks} werkplaatsen (of rondes) passen er {allowed} "
            f"{'andere ' if adjusted else ''}kenmerken in één model, geen {len(names) - adjusted}.",
            "Kies vooraf welke kenmerken samen worden bekeken.",
        )
    # The variance of a coefficient, over what it would be if the component stood alone.
    same = own[:, None] == own[None, :]
    alone = np.linalg.inv(np.where(same, design.columns.T @ design.columns, 0.0))
    inflation = np.diag(design.inverse) / np.diag(alone)
    inflated = [name for name, factor in zip(names, inflation, strict=True) if factor > HIGHEST_INFLATION]
    return _together(inflated) if inflated else None


def _together(names: Sequence[str]) -> Refusal:
    return Refusal(
        f"{' en '.join(names)} treden samen op; hun effecten zijn niet te scheiden.",
        "Vergelijk ze één voor één, of houd sessies waarin het ene wel en het andere niet voorkomt.",
    )
