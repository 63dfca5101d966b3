"""What can be seen with so many sessions and labels, and what to say when that is not enough (`statistics.md` 2.9).

After the data: the smallest difference that they could have shown, and the verdict on a component in words that promise
no more. Before the data: the same by a formula, and a planner that simulates studies with the figures of a study at
hand and analyses them with the product's own functions. Between-session spread, not the tagger, limits what can be
seen once some 40 units a session are labelled.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.draw import DrawDesign, Stratum
from pipeline.domain.study import ValueType
from pipeline.statistics.draws import LEAST_PER_SESSION, allocate
from pipeline.statistics.effects import CodedComponent, Effect, fit_effects, true_spread
from pipeline.statistics.identification import LABELS_WHEN_RARE, RARE, IdentificationClass, identify
from pipeline.statistics.intervals import LEVEL, NORMAL_QUANTILE, score_interval
from pipeline.statistics.multiplicity import SIGNIFICANT
from pipeline.statistics.rates import LabelledSample, corrected_rates, power_tuned_factors
from pipeline.statistics.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.statistics.identification import Identification
    from pipeline.statistics.multiplicity import AdjustedTest

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]

POWER: Final = 0.80
"""Chance with which a difference that is called detectable is found."""
SMALLEST_DIFFERENCE: Final = 0.05
"""Smallest difference of interest of a share, unless the researchers name another."""
REPLICATIONS: Final = 1_000
"""Simulated studies a plan; the Monte-Carlo standard error of a power of .80 is then .013."""
_ALIKE_LEVEL: Final = 0.90
"""Of the interval that must lie within the smallest difference: two one-sided tests at 5 %."""
_HALF: Final = 0.5
_CELLS: Final = 4
_DECIMALS: Final = (1, 2, 3)
_ROUNDING: Final = 1e-9
"""What is smaller than this, in the unit that is told, is rounding error."""


def minimal_detectable_effect(standard_error: float, freedom: float, *, power: float = POWER) -> float:
    """Give the smallest effect that is found with so much power at 5 %, in the unit of the standard error.

    Args:
        standard_error: above 0.
        freedom: degrees of freedom, above 0.
        power: in (.5, 1).
    """
    from scipy.special import stdtrit

    if not (standard_error > 0 and freedom > 0):
        message = f"a standard error and its degrees of freedom are above 0, was: {standard_error} and {freedom}"
        raise ValueError(message)
    return float(stdtrit(freedom, (1 + LEVEL) / 2) + stdtrit(freedom, power)) * standard_error


def planned_standard_error(spread: float, draw_variance: float, sessions: int, share: float = _HALF) -> float:
    """Give about the standard error of a planned comparison, before any data.

    Args:
        spread: standard deviation of true session rates within blocks: about .06 at a rate of 19 %, .03 at 8 %.
        draw_variance: mean variance of a session rate by the draw; 0 for an outcome that is not drawn.
        sessions: number of sessions.
        share: of the sessions with the component, the same in every block, in (0, 1).
    """
    return math.sqrt((spread**2 + draw_variance) / (sessions * share * (1 - share)))


@dataclass(frozen=True, slots=True)
class OutcomeUnit:
    """In what the differences of an outcome are told.

    Attributes:
        name: as a Dutch word after a number.
        factor: what a difference is multiplied by to be in this unit.
    """

    name: str
    factor: float

    def number(self, value: float) -> str:
        """Write a difference in Dutch: with one decimal, or as many more as keep it from looking like none at all."""
        told = value * self.factor
        if abs(told) < _ROUNDING:
            return "0,0"
        for decimals in _DECIMALS:
            if round(told, decimals):
                return f"{told:.{decimals}f}".replace(".", ",")
        return "iets meer dan 0" if told > 0 else "iets minder dan 0"


PERCENTAGE_POINTS: Final = OutcomeUnit("procentpunt", 100.0)
SCALE_POINTS: Final = OutcomeUnit("punt", 1.0)


class VerdictKind(StrEnum):
    """What may be said of a component and an outcome."""

    INSEPARABLE = "niet te scheiden"
    NOT_ENOUGH = "niet genoeg gegevens"
    INDICATION = "aanwijzing voor verschil"
    ALIKE = "vrijwel gelijk"
    NO_INDICATION = "geen aanwijzing voor verschil"
    UNSETTLED = "onbeslist"
    """The interval excludes 0, but the tests of the family, adjusted for their number, do not agree."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of a component and an outcome.

    Attributes:
        kind: in a word.
        sentences: in Dutch, for the reader.
        detectable: smallest effect that could have been seen, in the unit of the outcome; `None` without an estimate.
    """

    kind: VerdictKind
    sentences: tuple[str, ...]
    detectable: float | None


@dataclass(frozen=True, slots=True)
class Judged:
    """What a verdict rests on.

    Attributes:
        identification: class of the contrast.
        effect: its estimate, or why there is none; `None` for class C.
        adjusted: its test within the primary family; `None` for class B and for what is exploratory.
        sessions: number of sessions that the estimate rests on.
        contrast: what differences are between or per, to be put after their unit (`told_contrast`).
    """

    identification: Identification
    effect: Effect | Refusal | None
    adjusted: AdjustedTest | None
    sessions: int
    contrast: str = ""

    def __post_init__(self) -> None:
        if self.effect is None and self.identification.letter is not IdentificationClass.C:
            message = f"only class C has neither an effect nor a refusal, was: {self.identification}"
            raise ValueError(message)


def told_contrast(kind: ValueType, contrast: str, reference: str | None, per: float) -> str:
    """Say what a difference is between or per; nothing for a yes or no, where that speaks for itself.

    Args:
        kind: of the component.
        contrast: value of a category.
        reference: that it is set against.
        per: size of a step of a number.
    """
    if reference is not None:
        return f" bij '{contrast}' tegenover '{reference}'"
    if kind in (ValueType.AANTAL, ValueType.GETAL):
        return f" per stap van {per:g}".replace(".", ",")
    return ""


def judge(
    judged: Judged, *, smallest_difference: float | None = SMALLEST_DIFFERENCE, unit: OutcomeUnit = PERCENTAGE_POINTS
) -> Verdict:
    """Say of a component no more than the data can bear (`statistics.md` 2.1 and 2.9): one verdict.

    When the data could not have shown the smallest difference of interest that is the verdict, whatever the interval
    looks like; except for a difference that was found, or that is larger than what the data could have shown: to call
    these too few data would contradict the number beside it. Class B is told with its interval and why there is no
    test; too few data to see a difference is said beside it only where that is so.

    Args:
        judged: class, effect and adjusted test.
        smallest_difference: that would matter, in the unit of the outcome; `None` when the researchers named none and
            the outcome is no share, and then nothing is called alike or too uncertain.
        unit: in which differences are told.
    """
    one, effect = judged.identification, judged.effect
    own = () if one.sentence is None else (one.sentence,)
    if one.letter is IdentificationClass.C or effect is None:
        return Verdict(VerdictKind.INSEPARABLE, own, None)
    if isinstance(effect, Refusal):
        return Verdict(VerdictKind.NOT_ENOUGH, (str(effect),), None)
    detectable = minimal_detectable_effect(effect.standard_error, effect.freedom)
    too_few = (
        f"Niet genoeg gegevens: met deze {judged.sessions} sessies is pas een verschil van "
        f"{unit.number(detectable)} {unit.name} of meer{judged.contrast} met redelijke zekerheid te zien."
    )
    wide = smallest_difference is not None and detectable > smallest_difference
    unseen = wide and abs(effect.estimate) < detectable
    if one.letter is IdentificationClass.B:
        untested = (
            f"Niet getoetst: het geschatte verschil{judged.contrast} is {unit.number(effect.estimate)} {unit.name} "
            f"(95 %-interval van {_ends(effect, unit)})."
        )
        return Verdict(VerdictKind.NOT_ENOUGH, (untested, *own, *([too_few] if unseen else [])), detectable)
    kind, sentence = _of_interval(judged, effect, smallest_difference, unit)
    if unseen and kind is not VerdictKind.INDICATION:
        return Verdict(VerdictKind.NOT_ENOUGH, (too_few,), detectable)
    return Verdict(kind, (sentence,), detectable)


def uncorrected(labels: int) -> str:
    """Say that machine shares without a draw may not be compared.

    Args:
        labels: units a session that a draw would take.
    """
    return (
        "Deze cijfers zijn machinaal en niet gecorrigeerd. "
        f"Vergelijken kan pas na een steekproef van {labels} uitingen per sessie."
    )


def _ends(effect: Effect, unit: OutcomeUnit) -> str:
    return f"{unit.number(effect.lower)} tot {unit.number(effect.upper)}"


def _of_interval(
    judged: Judged, effect: Effect, smallest_difference: float | None, unit: OutcomeUnit
) -> tuple[VerdictKind, str]:
    """Say what interval and tests of a contrast of class A come to."""
    adjusted, contrast = judged.adjusted, judged.contrast
    ends = _ends(effect, unit)
    if adjusted is not None and adjusted.indication:
        more = "meer" if effect.estimate > 0 else "minder"
        return VerdictKind.INDICATION, (
            f"Aanwijzing voor een verschil: dit kenmerk hangt samen met {unit.number(abs(effect.estimate))} "
            f"{unit.name} {more}{contrast} (95 %-interval van {ends})."
        )
    if smallest_difference is not None and _alike(effect, smallest_difference):
        return VerdictKind.ALIKE, (
            f"Vrijwel gelijk: het verschil{contrast} ligt naar alle waarschijnlijkheid binnen "
            f"{unit.number(smallest_difference)} {unit.name} naar boven of beneden (95 %-interval van {ends})."
        )
    if effect.lower <= 0 <= effect.upper:
        return VerdictKind.NO_INDICATION, (
            f"Geen aanwijzing voor een verschil{contrast}; de gegevens passen bij alles van {ends} {unit.name}."
        )
    reason = (
        "dit is geen vooraf vastgelegde vraag, dus hooguit een aanleiding voor verder onderzoek"
        if adjusted is None
        else "na correctie voor het aantal toetsen is dat geen aanwijzing voor een verschil"
    )
    return VerdictKind.UNSETTLED, f"Het interval van {ends} {unit.name}{contrast} sluit 0 uit, maar {reason}."


def _alike(effect: Effect, smallest_difference: float) -> bool:
    """Tell whether two one-sided tests at 5 % put the effect within the smallest difference."""
    from scipy.special import stdtrit

    half = float(stdtrit(effect.freedom, (1 + _ALIKE_LEVEL) / 2)) * effect.standard_error
    return abs(effect.estimate) + half < smallest_difference


@dataclass(frozen=True, slots=True)
class StudyFigures:
    """What the planner must know of an outcome, its sessions and the tagger.

    Attributes:
        rate: mean session rate without the component, in (0, 1).
        spread: standard deviation of true session rates within blocks, at least 0.
        sensitivity: chance that the machine gives the label where people do, in [0, 1].
        specificity: chance that it does not where people do not, in [0, 1].
        lengths: eligible units of sessions; those of planned sessions are drawn from these.
    """

    rate: float
    spread: float
    sensitivity: float
    specificity: float
    lengths: tuple[int, ...]

    def __post_init__(self) -> None:
        if not 0 < self.rate < 1 or not 0 <= self.spread**2 < self.rate * (1 - self.rate):
            message = f"a rate lies in (0, 1) and its spread below the root of rate (1 - rate), was: {self}"
            raise ValueError(message)
        if not all(0 <= one <= 1 for one in (self.sensitivity, self.specificity)) or min(self.lengths, default=0) < 1:
            message = f"chances lie in [0, 1] and sessions have at least 1 unit, was: {self}"
            raise ValueError(message)

    @classmethod
    def of(cls, sample: LabelledSample, blocks: Sequence[str]) -> StudyFigures | Refusal:
        """Take the figures from a study that has its labels.

        The spread is that of all sessions within blocks, so a component that matters makes it a little too large; the
        tagger is taken to err alike in all sessions.

        Args:
            sample: blind labels with what the machine says; a score of at least one half counts as the label.
            blocks: site, or site and round, of each session of the sample.
        """
        found = corrected_rates(sample, power_tuned_factors(sample))
        if isinstance(found, Refusal):
            return found
        spread = true_spread(found.rates, found.variances, blocks)
        if isinstance(spread, Refusal):
            return spread
        rate = float(found.rates.mean())
        if not 0 < rate < 1 or spread**2 >= rate * (1 - rate):
            return Refusal("Deze uitkomst komt (bijna) nooit of (bijna) altijd voor.", "Kies een andere uitkomst.")
        with_label, without = _machine_shares(sample)
        if math.isnan(with_label) or math.isnan(without):
            return Refusal(
                "In de steekproef heeft geen enkele uiting dit label, of hebben alle uitingen het.",
                "Laat meer uitingen blind coderen.",
            )
        return cls(rate, spread, with_label, 1 - without, tuple(found.eligible.tolist()))


def _machine_shares(sample: LabelledSample) -> tuple[float, float]:
    """Give how often the machine gives the label where people do and where they do not; weighted by 1/π."""
    drawn = np.bincount(sample.unit_stratum, minlength=len(sample.stratum_size))
    weights = (sample.stratum_size / drawn)[sample.unit_stratum]
    given = sample.machine >= _HALF
    with_label = sample.human >= _HALF
    with_it, without = (
        float(weights[part & given].sum() / weights[part].sum()) if part.any() else math.nan
        for part in (with_label, ~with_label)
    )
    return with_it, without


@dataclass(frozen=True, slots=True)
class Plan:
    """A study that might be done.

    Attributes:
        sites: number of sites, at least 1.
        sessions_per_site: at least 2.
        labels: units drawn a session, all of them where it has fewer.
        share: of the sessions of every site with the component, in (0, 1).
        stratified: units are drawn by strata on the machine's label.
    """

    sites: int
    sessions_per_site: int
    labels: int
    share: float = _HALF
    stratified: bool = True

    def __post_init__(self) -> None:
        if self.sites < 1 or self.sessions_per_site < 2 or self.labels < 1 or not 0 < self.share < 1:  # noqa: PLR2004
            message = f"a plan has a site, two sessions in it, a label and a share between 0 and 1, was: {self}"
            raise ValueError(message)

    @property
    def sessions(self) -> int:
        """Number of sessions."""
        return self.sites * self.sessions_per_site

    @property
    def with_component(self) -> int:
        """Sessions of each site with the component: at least one, and not all."""
        return min(max(round(self.share * self.sessions_per_site), 1), self.sessions_per_site - 1)


@dataclass(frozen=True, slots=True)
class PlannedPower:
    """What simulation says of a plan.

    Attributes:
        plan: which.
        difference: between sessions with and without the component, that there was.
        power: part of the simulated studies in which the t test found it at 5 %.
        lower: of the 95 % interval (Wilson) of `power` that comes of simulating so many studies and no more.
        upper: likewise.
        standard_error: mean of that of the effect.
        freedom: degrees of freedom.
        detectable: difference that is found with a power of .80, from the mean standard error.
    """

    plan: Plan
    difference: float
    power: float
    lower: float
    upper: float
    standard_error: float
    freedom: float
    detectable: float

    @property
    def margin(self) -> float:
        """How far `power` may be off through simulation alone: the longer arm of its interval."""
        return max(self.power - self.lower, self.upper - self.power)


def simulate_power(
    figures: StudyFigures, plan: Plan, difference: float, *, seed: int, replications: int = REPLICATIONS
) -> PlannedPower | Refusal:
    """Carry out a planned study many times, and see how often it finds a difference.

    Session rates follow a beta distribution, units are drawn as the product draws them, and rates and effects are
    computed by its own functions.

    Args:
        figures: of the outcome and the tagger.
        plan: sites, sessions and labels.
        difference: added to the rate of sessions with the component.
        seed: of the simulation; the same for several plans makes these comparable.
        replications: number of simulated studies, at least 1.

    Returns:
        The power, or why the plan cannot be carried out or would lead to no more than class B.
    """
    component, sites = _planned_component(plan)
    refused = _refused_plan(figures, plan, difference, component, sites)
    if refused is not None:
        return refused
    generator = np.random.default_rng([seed, plan.sites, plan.sessions_per_site, plan.labels])
    expected = figures.rate + difference * component.values[:, 0]
    effects = [
        found.effects[0]
        for found in (
            fit_effects(_simulated_rates(figures, plan, expected, generator), sites, component.values, ("",))
            for _ in range(replications)
        )
        if not isinstance(found, Refusal)
    ]
    if not effects:
        return Refusal("In geen enkele nagebootste studie was er iets te schatten.", "Neem meer sessies of labels.")
    # A study in which nothing could be estimated has not found the difference.
    power = sum(one.p is not None and one.p < SIGNIFICANT for one in effects) / replications
    standard_error = float(np.mean([one.standard_error for one in effects]))
    within = score_interval(power, replications, NORMAL_QUANTILE)
    return PlannedPower(
        plan=plan,
        difference=difference,
        power=power,
        lower=within.low,
        upper=within.high,
        standard_error=standard_error,
        freedom=effects[0].freedom,
        detectable=minimal_detectable_effect(standard_error, effects[0].freedom),
    )


def smallest_plan(found: Sequence[PlannedPower | Refusal], *, power: float = POWER) -> PlannedPower | Refusal:
    """Give the plan with the fewest sessions, and among those the fewest labels, that has enough power for certain.

    Args:
        found: of any number of plans (`simulate_power`).
        power: that is enough, in (0, 1); the lower end of the interval of simulation must reach it.
    """
    worked_out = [one for one in found if isinstance(one, PlannedPower)]
    if not worked_out:
        return Refusal(
            "Geen van deze plannen is door te rekenen; bij elk plan staat waarom.", "Neem een ander plan of verschil."
        )
    enough = [one for one in worked_out if one.lower >= power]
    if not enough and any(one.power >= power for one in worked_out):
        return Refusal(
            f"Het is niet zeker of een van deze plannen een kans van {100 * power:.0f} % haalt: dat ligt binnen de "
            "marge van het nabootsen.",
            "Boots vaker na (--given nabootsingen=…), of neem meer sessies.",
        )
    if not enough:
        return Refusal(
            f"Geen van deze plannen vindt het verschil met een kans van {100 * power:.0f} %.",
            "Neem meer sessies, of stel vast dat een kleiner verschil niet te zien zal zijn.",
        )
    return min(enough, key=lambda one: (one.plan.sessions, one.plan.labels))


def _planned_component(plan: Plan) -> tuple[CodedComponent, tuple[str, ...]]:
    """Lay out the component over the sessions of a plan; gives the site of each session too."""
    of_site = np.arange(plan.sessions_per_site) < plan.with_component
    values = np.tile(of_site, plan.sites).astype(np.float64)[:, None]
    sites = tuple(f"werkplaats {1 + at // plan.sessions_per_site}" for at in range(plan.sessions))
    return CodedComponent("kenmerk", ValueType.JA_NEE, ("kenmerk",), values), sites


def _refused_plan(
    figures: StudyFigures, plan: Plan, difference: float, component: CodedComponent, sites: Sequence[str]
) -> Refusal | None:
    expected = figures.rate + difference
    if not 0 < expected < 1 or figures.spread**2 >= expected * (1 - expected):
        return Refusal(
            f"Een verschil van {PERCENTAGE_POINTS.number(difference)} procentpunt past niet bij een aandeel van "
            f"{PERCENTAGE_POINTS.number(figures.rate)} %.",
            "Kies een kleiner verschil.",
        )
    if plan.labels > (most := max(figures.lengths)):
        return Refusal(
            f"Zoveel labels kan niet: een sessie heeft hoogstens {most} uitingen.",
            f"Neem hoogstens {most} labels per sessie.",
        )
    if plan.labels < LEAST_PER_SESSION:
        return Refusal(
            f"Met {plan.labels} uitingen per sessie zijn de cijfers te onzeker om op te vertrouwen.",
            f"Laat er ten minste {LEAST_PER_SESSION} coderen, liever {DrawDesign().per_session}.",
        )
    rare = figures.rate + difference * float(component.values.mean()) < RARE
    if rare and not (plan.stratified and plan.labels >= LABELS_WHEN_RARE):
        return Refusal(
            f"Deze uitkomst komt in minder dan {100 * RARE:.0f} % van de uitingen voor.",
            f"Neem een gelaagde steekproef van ten minste {LABELS_WHEN_RARE} uitingen per sessie.",
        )
    (identification,) = identify(component, sites, sites)
    if identification.letter is not IdentificationClass.A:
        return Refusal(
            "Met dit plan is er hoe dan ook geen uitspraak mogelijk.", identification.sentence or "Voeg sessies toe."
        )
    return None


def _simulated_rates(figures: StudyFigures, plan: Plan, expected: Floats, generator: np.random.Generator) -> Floats:
    """Carry out a planned study once, up to its corrected session rates; NaN where these cannot be had."""
    found = _simulated_sample(figures, plan, expected, generator)
    rates = corrected_rates(found, power_tuned_factors(found))
    return np.full(plan.sessions, math.nan) if isinstance(rates, Refusal) else rates.rates


def _simulated_sample(
    figures: StudyFigures, plan: Plan, expected: Floats, generator: np.random.Generator
) -> LabelledSample:
    """Simulate sessions by how many units they have of each kind, which is all that a rate depends on."""
    lengths = generator.choice(np.array(figures.lengths), plan.sessions)
    true_rates = _beta(expected, figures.spread, generator)
    # Rounding at random keeps the mean; the spread is that of true rates already, so units are not drawn from them.
    positive = np.floor(lengths * true_rates + generator.random(plan.sessions)).astype(np.int64)
    found = generator.binomial(positive, figures.sensitivity)
    mistaken = generator.binomial(lengths - positive, 1 - figures.specificity)
    flagged = found + mistaken
    from_flagged, from_others = _planned_draw(plan, flagged, lengths, generator)
    hits = generator.hypergeometric(found, mistaken, from_flagged)
    missed = generator.hypergeometric(positive - found, lengths - positive - mistaken, from_others)
    # Drawn units of each session, of four kinds: flagged with and without the label, not flagged with and without it.
    cells = np.column_stack([hits, from_flagged - hits, missed, from_others - missed])
    session, kind = np.divmod(np.repeat(np.arange(cells.size), cells.ravel()), _CELLS)
    human, machine = (kind % 2 == 0).astype(np.float64), (kind < _CELLS / 2).astype(np.float64)
    sizes = np.column_stack([flagged, lengths - flagged] if plan.stratified else [lengths])
    levels = np.column_stack(
        [np.ones(plan.sessions), np.zeros(plan.sessions)] if plan.stratified else [flagged / lengths]
    )
    stratum = 2 * session + (kind >= _CELLS / 2) if plan.stratified else session
    there = sizes.ravel() > 0
    return LabelledSample(
        sessions=tuple(f"sessie {at}" for at in range(plan.sessions)),
        stratum_session=np.repeat(np.arange(plan.sessions), sizes.shape[1])[there],
        stratum_kind=np.tile(np.arange(sizes.shape[1]), plan.sessions)[there],
        stratum_size=sizes.ravel()[there],
        stratum_machine=levels.ravel()[there].astype(np.float64),
        unit_stratum=(np.cumsum(there) - 1)[stratum],
        human=human,
        machine=machine,
    )


def _beta(means: Floats, spread: float, generator: np.random.Generator) -> Floats:
    """Draw true rates with these means and this standard deviation."""
    if spread == 0:
        return means
    size = means * (1 - means) / spread**2 - 1
    return generator.beta(means * size, (1 - means) * size)


def _planned_draw(
    plan: Plan, flagged: Integers, lengths: Integers, generator: np.random.Generator
) -> tuple[Integers, Integers]:
    """Say how many units are drawn among those that the machine flagged and among the others."""
    total = np.minimum(plan.labels, lengths)
    if not plan.stratified:
        from_flagged = generator.hypergeometric(flagged, lengths - flagged, total)
        return from_flagged, total - from_flagged
    design = DrawDesign(targets=frozenset({("", "")}), per_session=plan.labels)
    taken = [
        allocate(
            {stratum: size for stratum, size in ((Stratum.POSITIEF, positives), (Stratum.OVERIG, others)) if size},
            plan.labels,
            design,
        )
        for positives, others in zip(flagged.tolist(), (lengths - flagged).tolist(), strict=True)
    ]
    from_flagged, from_others = (
        np.array([one.get(stratum, 0) for one in taken]) for stratum in (Stratum.POSITIEF, Stratum.OVERIG)
    )
    return from_flagged, from_others
