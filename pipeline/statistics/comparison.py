"""Components by outcomes: the comparison of a whole study, from its evidence to everything that may be said of it.

Every component is classed before any effect of it is computed (`statistics.md` 2.2), once for all sessions and again
for the sessions that have an outcome; of class C nothing is computed at all. What is registered in the study
beforehand forms the primary family (Holm); all other class A tests are exploratory, are marked as such, and get both
the adjusted p of Benjamini and Hochberg and that of max-T over the whole exploratory family.

Where the specification leaves a choice:

- Blocks are site and round together when the study has several rounds, and site alone otherwise; the study can say
  which (`Analysis.by_round`). A block with one session compares nothing: it is named and left out, and never a reason
  to compare across rounds.
- A component that is a category counts as one test a contrast, in both families.
- Components enter one model together as the study asks, or else those of the registered questions about one outcome.
- The smallest difference of interest is about shares and a yes or no; for a component that is a number it only counts
  when the study says per how much of it.
- The claim about sites in general, ranks, odds ratios and robustness values belong to class A alone.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.study import Analysis, ValueType
from pipeline.statistics.agreement import RESAMPLES, ResamplingDesign
from pipeline.statistics.dynamics import STANDING_NOTES
from pipeline.statistics.effects import (
    CodedComponent,
    Effect,
    GroupSummary,
    HedgesG,
    OddsEffect,
    OddsFit,
    code_component,
    fit_effects,
    fit_odds,
    hedges_g,
    standardised_difference,
)
from pipeline.statistics.identification import (
    ComponentComparison,
    Identification,
    IdentificationClass,
    Overlap,
    compare_component,
    contrast_columns,
    estimable_values,
    identify,
    limit_when_rare,
    overlaps,
    refuse_together,
)
from pipeline.statistics.instrument import Instrument, measure_instrument
from pipeline.statistics.intervals import Interval
from pipeline.statistics.meta import Claims, TheseSites, sites_in_general
from pipeline.statistics.multiplicity import (
    RANK_DRAWS,
    AdjustedTest,
    FamilyTest,
    MaxT,
    RankEntry,
    Ranking,
    adjust_family,
    benjamini_hochberg,
    max_t,
    rank_components,
)
from pipeline.statistics.outcomes import OutcomeKind, Outcomes, Status, StudyOutcome, measure_outcomes
from pipeline.statistics.permutation import DRAWN_ARRANGEMENTS, PermutationTest
from pipeline.statistics.power import SCALE_POINTS, Judged, Verdict, VerdictKind, judge, told_contrast
from pipeline.statistics.reach import with_reach
from pipeline.statistics.refusal import Refusal
from pipeline.statistics.sensitivity import Layout, Measurement, SpecificationCurve, specification_curves
from pipeline.statistics.sequences import Sequences, measure_sequences
from pipeline.statistics.transition_tests import TransitionTest, compare_courses
from pipeline.statistics.voices import Voices, compare_voices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.domain.evidence import Evidence
    from pipeline.domain.study import Component, Question, Session, Study

Floats: TypeAlias = NDArray[np.float64]

SEED: Final = 20261122
"""Of everything that is drawn, unless another is asked for."""
_PAIR: Final = 2


@dataclass(frozen=True, slots=True)
class Design:
    """How a study is compared; the defaults are those of `statistics.md`.

    Attributes:
        seed: of permutations, bootstraps and rank draws, at least 0.
        permutations: drawn where there are too many arrangements to try all.
        bootstraps: of sessions, for agreement and the quality of the tagger.
        rank_draws: for rank intervals.
        analysis: what the study chose beforehand.
    """

    seed: int = SEED
    permutations: int = DRAWN_ARRANGEMENTS
    bootstraps: int = RESAMPLES
    rank_draws: int = RANK_DRAWS
    analysis: Analysis = field(default_factory=Analysis)


@dataclass(frozen=True, slots=True, eq=False)
class StudyComponent:
    """A component over all sessions of the study, whatever the outcome.

    Attributes:
        declared: as the study declares it.
        coded: as columns of numbers, or why there are none.
        identifications: one a contrast; empty when it could not be coded.
    """

    declared: Component
    coded: CodedComponent | Refusal
    identifications: tuple[Identification, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Everything that may be said of one contrast of a component and one outcome.

    Attributes:
        outcome: id.
        component: id.
        contrast: the component's id, or the value that is set against `reference`.
        reference: of a category.
        per: how much one unit of the effect is.
        identification: class among the sessions that have the outcome.
        effect: with a t test for class A only; `None` for class C.
        permutation: for class A.
        interval: of the permutation test, for class A with few degrees of freedom.
        registered: the study asked for it beforehand.
        adjusted: its test in the primary family.
        exploratory_p: of the t test after Benjamini and Hochberg over all exploratory tests.
        max_t_p: of the permutation test after max-T over all exploratory tests.
        verdict: in words.
        curve: sensitivity set; `None` for class C.
        claims: what may be claimed of these sites and of sites in general; `None` where nothing was estimated.
        standardised: the difference in standard deviations of true rates within blocks; `None` for class C.
        robustness: share of residual variance that a confounder must explain; for class A.
        odds: for class A and shares.
        hedges: for scores that people gave, with a yes or no.
        sessions: that the estimate rests on.
        missing: sessions with the outcome and without a value of the component.
        lone_blocks: blocks left out because they have one session.
    """

    outcome: str
    component: str
    contrast: str
    reference: str | None
    per: float
    identification: Identification
    effect: Effect | Refusal | None
    permutation: PermutationTest | Refusal | None
    interval: tuple[float, float] | Refusal | None
    registered: bool
    verdict: Verdict
    adjusted: AdjustedTest | None = None
    exploratory_p: float | None = None
    max_t_p: float | None = None
    curve: SpecificationCurve | Refusal | None = None
    claims: Claims | None = None
    standardised: float | Refusal | None = None
    robustness: float | None = None
    odds: OddsEffect | Refusal | None = None
    hedges: HedgesG | Refusal | None = None
    sessions: int = 0
    missing: int = 0
    lone_blocks: tuple[str, ...] = ()

    @property
    def letter(self) -> IdentificationClass:
        """Class of the contrast."""
        return self.identification.letter


@dataclass(frozen=True, slots=True)
class Omnibus:
    """The permutation test of all contrasts of a category together.

    Attributes:
        outcome: id.
        component: id.
        test: of class A only.
    """

    outcome: str
    component: str
    test: PermutationTest | Refusal


@dataclass(frozen=True, slots=True)
class Together:
    """Several components in one model.

    Attributes:
        outcome: id.
        components: ids.
        effects: one a contrast, without a test; or why they may not enter one model.
    """

    outcome: str
    components: tuple[str, ...]
    effects: tuple[Effect, ...] | Refusal


@dataclass(frozen=True, slots=True)
class NotEnough:
    """Something that the data cannot tell.

    Attributes:
        subject: outcome, or component, or both.
        outcome: id, or `None`.
        component: id of the component or contrast, or `None`.
        why: in Dutch.
        cure: what would help, in Dutch; may be part of `why`.
    """

    subject: str
    outcome: str | None
    component: str | None
    why: str
    cure: str


@dataclass(frozen=True, slots=True)
class Caution:
    """One sentence of the paragraph on confounding (`statistics.md` 2.8).

    Attributes:
        topic: what it is about, in a word.
        sentence: in Dutch.
    """

    topic: str
    sentence: str


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """The comparison of a study.

    Attributes:
        evidence: what it started from.
        design: how it was done.
        layout: sites, rounds and blocks.
        outcomes: in every session.
        components: classed over all sessions.
        overlaps: of every two contrasts, within blocks.
        pairs: outcome by outcome, then component by component.
        omnibus: of categories.
        together: models with several components.
        rankings: outcome to rank intervals.
        exploratory: the max-T procedure, or why there was none.
        instrument: how far coders agree, and the tagger with them.
        voices: groups and kinds of knowledge.
        sequences: what follows what; mostly descriptive.
        transition_tests: whether that differs with a component; exploratory.
        not_enough: what the data cannot tell.
        cautions: the paragraph on confounding.
        remarks: on the input, in Dutch.
    """

    evidence: Evidence
    design: Design
    layout: Layout
    outcomes: Outcomes
    components: tuple[StudyComponent, ...]
    overlaps: tuple[Overlap, ...]
    pairs: tuple[Pair, ...]
    omnibus: tuple[Omnibus, ...]
    together: tuple[Together, ...]
    rankings: Mapping[str, Ranking | Refusal]
    exploratory: MaxT | Refusal
    instrument: Instrument
    voices: Voices | None
    sequences: Sequences | Refusal
    transition_tests: tuple[TransitionTest, ...]
    not_enough: tuple[NotEnough, ...]
    cautions: tuple[Caution, ...]
    remarks: tuple[str, ...]


def compare(evidence: Evidence, design: Design | None = None) -> Results:
    """Compare the components of a study, as far as its evidence can bear.

    Does not depend on the order of sessions, predictions or labels; the same seed gives the same results.

    Args:
        evidence: all that is known of the study.
        design: how to compare; by default as the study declares.

    Returns:
        The results; what cannot be computed is a refusal in its place, with the sentence why.
    """
    chosen = design or Design(analysis=evidence.study.analysis)
    outcomes = with_reach(evidence, measure_outcomes(evidence))
    layout = layout_of(evidence.study, outcomes.sessions, chosen.analysis.by_round)
    components = tuple(_component(one, outcomes.sessions, layout, chosen.analysis) for one in evidence.study.components)
    work = _Work(evidence.study, chosen, layout, outcomes, components)
    analysed = [_analysed(work, one) for one in outcomes.outcomes if one.measurement is not None]
    exploratory = _exploratory(work, analysed)
    pairs = _judged(work, [pair for one in analysed for pair in one.pairs], exploratory)
    resampling = ResamplingDesign(
        {session.id: session.site for session in outcomes.sessions}, chosen.seed, chosen.bootstraps
    )
    coded = [one.coded for one in components if isinstance(one.coded, CodedComponent)]
    sequences = measure_sequences(evidence, outcomes, resampling)
    return Results(
        evidence=evidence,
        design=chosen,
        layout=layout,
        outcomes=outcomes,
        components=components,
        overlaps=_overlaps(layout, coded),
        pairs=pairs,
        omnibus=tuple(test for one in analysed for test in one.omnibus),
        together=tuple(model for one in analysed for model in _together(work, one)),
        rankings={one.outcome.id: one.ranking for one in analysed if one.ranking is not None},
        exploratory=exploratory,
        instrument=measure_instrument(evidence, outcomes, resampling, layout, coded),
        voices=compare_voices(evidence, outcomes),
        sequences=sequences,
        transition_tests=()
        if isinstance(sequences, Refusal)
        else compare_courses(sequences, coded, outcomes.sessions, layout, (chosen.seed, chosen.permutations)),
        not_enough=_not_enough(components, outcomes, pairs),
        cautions=_cautions(evidence.study, layout),
        remarks=outcomes.remarks + _input_remarks(evidence, outcomes, layout),
    )


def layout_of(study: Study, sessions: Sequence[Session], by_round: bool | None) -> Layout:  # noqa: FBT001 - as declared
    """Lay out sites, rounds and blocks.

    Args:
        study: as declared.
        sessions: its rows, each id once.
        by_round: what the study chose; `None` for the rule of this module.
    """
    several = len(study.rounds) > 1
    return Layout(
        sessions=tuple(session.id for session in sessions),
        sites=tuple(session.site for session in sessions),
        rounds=tuple(session.round for session in sessions),
        by_round=several if by_round is None else by_round and several,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """What every analysis needs."""

    study: Study
    design: Design
    layout: Layout
    outcomes: Outcomes
    components: tuple[StudyComponent, ...]

    @property
    def coded(self) -> list[tuple[StudyComponent, CodedComponent]]:
        return [(one, one.coded) for one in self.components if isinstance(one.coded, CodedComponent)]

    def smallest_difference(self, pair: Pair) -> float | None:
        """Give the difference that would matter; `None` where the study named none that fits.

        One that was named for shares fits a yes or no, a category, and a number only when the study says per how much.
        """
        analysis, outcome = self.design.analysis, self.outcomes.of(pair.outcome)
        numbers = {
            one.id for one in self.study.components if one.type in (ValueType.AANTAL, ValueType.GETAL)
        } - analysis.per.keys()
        fits = outcome is not None and outcome.share and pair.component not in numbers
        return analysis.smallest_difference if fits else None

    def registered(self, outcome: str, component: str) -> bool:
        return any((one.outcome, one.component) == (outcome, component) for one in self.study.questions)


def _component(declared: Component, sessions: Sequence[Session], layout: Layout, analysis: Analysis) -> StudyComponent:
    values = [session.components.get(declared.id) for session in sessions]
    coded = code_component(declared, values, per=analysis.per.get(declared.id, 1.0))
    found = () if isinstance(coded, Refusal) else identify(coded, layout.sites, layout.blocks)
    return StudyComponent(declared, coded, found)


@dataclass(frozen=True, slots=True, eq=False)
class _Analysed:
    """One outcome, before the tests of all outcomes are adjusted together."""

    outcome: StudyOutcome
    measurement: Measurement
    comparisons: tuple[ComponentComparison, ...]
    pairs: tuple[Pair, ...]
    omnibus: tuple[Omnibus, ...]
    ranking: Ranking | Refusal | None


def _analysed(work: _Work, outcome: StudyOutcome) -> _Analysed:
    """Carry out all that concerns one outcome alone."""
    measurement = outcome.measurement
    if measurement is None:
        message = f"outcome {outcome.id} has nothing to compare"
        raise ValueError(message)
    comparisons, pairs, omnibus = [], [], []
    adjusted_for = [coded for _, coded in work.coded if coded.id in work.design.analysis.adjusted_for]
    for _, coded in work.coded:
        known = coded.where(np.isfinite(measurement.rates))
        classed = identify(known, work.layout.sites, work.layout.blocks)
        if outcome.rates is not None and outcome.share:
            classed = limit_when_rare(classed, outcome.rates, stratified=outcome.stratified)
        compared = compare_component(
            classed,
            known,
            measurement.rates,
            work.layout.blocks,
            seed=work.design.seed,
            draws=work.design.permutations,
        )
        curves = specification_curves(classed, known, measurement, work.layout, adjusted_for)
        comparisons.append(compared)
        pairs += [_pair(work, outcome, compared, at, curve) for at, curve in enumerate(curves)]
        if compared.omnibus is not None:
            omnibus.append(Omnibus(outcome.id, coded.id, compared.omnibus))
    return _Analysed(
        outcome, measurement, tuple(comparisons), tuple(pairs), tuple(omnibus), _ranking(work, comparisons)
    )


def _pair(
    work: _Work,
    outcome: StudyOutcome,
    compared: ComponentComparison,
    at: int,
    curve: SpecificationCurve | Refusal,
) -> Pair:
    """Bring together what belongs to one contrast; the verdict waits for the adjusted tests."""
    component, result = compared.component, compared.contrasts[at]
    one = result.identification
    known = np.isfinite(component.values).all(axis=1)
    rates = _rates(outcome)
    pair = Pair(
        outcome=outcome.id,
        component=component.id,
        contrast=one.contrast,
        reference=component.reference,
        per=component.per,
        identification=one,
        effect=result.effect,
        permutation=result.permutation,
        interval=result.interval,
        registered=work.registered(outcome.id, component.id),
        verdict=Verdict(VerdictKind.INSEPARABLE, (), None),
        sessions=0 if compared.fit is None else int(compared.fit.used.sum()),
        missing=int((np.isfinite(rates) & ~known).sum()),
        lone_blocks=() if compared.fit is None else compared.fit.lone_blocks,
    )
    if one.letter is IdentificationClass.C:
        return pair
    column = contrast_columns(component)[:, at]
    pair = replace(
        pair,
        curve=curve,
        standardised=_standardised(work, outcome, result.effect),
        hedges=_hedges(outcome, column),
        claims=_claims(work, outcome, one, result.effect, column),
    )
    return _with_class_a(work, outcome, compared, pair) if one.letter is IdentificationClass.A else pair


def _rates(outcome: StudyOutcome) -> Floats:
    """Give the rates of an outcome that can be compared."""
    return np.array([math.nan if one.rate is None else one.rate for one in outcome.figures])


def _standardised(work: _Work, outcome: StudyOutcome, effect: Effect | Refusal | None) -> float | Refusal | None:
    if not isinstance(effect, Effect) or outcome.measurement is None:
        return None
    rates, machine = outcome.measurement.rates, outcome.measurement.machine
    variances = np.zeros(len(rates)) if machine is None else machine.variances
    return standardised_difference(effect.estimate, rates, variances, work.layout.blocks)


def _hedges(outcome: StudyOutcome, column: Floats) -> HedgesG | Refusal | None:
    """Compare scores that people gave with a yes or no, or with a value against the reference."""
    rates = _rates(outcome)
    known = np.isfinite(rates) & np.isfinite(column)
    if outcome.kind is not OutcomeKind.SESSION or outcome.share or not np.isin(column[known], (0, 1)).all():
        return None
    groups = [rates[known & (column == level)] for level in (1, 0)]
    if min(map(len, groups)) < _PAIR:
        return Refusal("Een van beide groepen heeft minder dan twee sessies.", "Voeg sessies met een score toe.")
    return hedges_g(*map(GroupSummary.of, groups))


def _claims(
    work: _Work, outcome: StudyOutcome, one: Identification, effect: Effect | Refusal | None, column: Floats
) -> Claims | None:
    """Keep the claim about these sites apart from that about sites in general, which class A alone may have."""
    if not isinstance(effect, Effect):
        return None
    these = TheseSites(
        one.sites, effect.estimate, effect.standard_error, effect.freedom, Interval(effect.lower, effect.upper)
    )
    if one.letter is not IdentificationClass.A:
        why = one.sentence or "Er zijn te weinig sessies voor een uitspraak."
        return Claims(these, Refusal(why, "Bij zo weinig gegevens is er alleen een schatting voor deze werkplaatsen."))
    rates = _rates(outcome)
    known = np.isfinite(rates) & np.isfinite(column)
    general = sites_in_general(
        rates[known].tolist(),
        column[known].tolist(),
        _kept(work.layout.sites, known),
        _kept(work.layout.blocks, known),
    )
    return Claims(these, general)


def _with_class_a(work: _Work, outcome: StudyOutcome, compared: ComponentComparison, pair: Pair) -> Pair:
    """Add what only a contrast of class A may have."""
    effect, rates = pair.effect, _rates(outcome)
    robustness = None
    if isinstance(effect, Effect) and effect.t is not None and compared.fit is not None:
        robustness = robustness_value(effect.t, compared.fit.residual_freedom)
    odds: OddsEffect | Refusal | None = None
    if outcome.share and isinstance(effect, Effect):
        estimable = [one.contrast for one in _estimable(compared)]
        found = fit_odds(rates, work.layout.blocks, _columns(compared), estimable)
        odds = found.effects[estimable.index(pair.contrast)] if isinstance(found, OddsFit) else found
    return replace(pair, robustness=robustness, odds=odds)


def _kept(names: Sequence[str], known: NDArray[np.bool_]) -> list[str]:
    return [name for name, there in zip(names, known, strict=True) if there]


def _estimable(compared: ComponentComparison) -> list[Identification]:
    return [one.identification for one in compared.contrasts if one.identification.estimable]


def _columns(compared: ComponentComparison) -> Floats:
    return estimable_values([one.identification for one in compared.contrasts], compared.component)


def robustness_value(t: float, residual_freedom: int) -> float:
    """Give the share of the residual variance of component and outcome that a confounder must explain to undo t.

    RV = ½(√(f⁴ + 4f²) − f²) with f = |t|/√(n − p) (Cinelli and Hazlett 2020).

    Args:
        t: of the effect.
        residual_freedom: sessions minus parameters, at least 1.
    """
    squared = t**2 / residual_freedom
    return (math.sqrt(squared**2 + 4 * squared) - squared) / 2


def _ranking(work: _Work, comparisons: Sequence[ComponentComparison]) -> Ranking | Refusal | None:
    entries = [
        RankEntry(_rank_name(compared.component, one.contrast), compared.fit, at)
        for compared in comparisons
        if compared.fit is not None
        for at, one in enumerate(_estimable(compared))
        if one.letter is IdentificationClass.A
    ]
    return rank_components(entries, seed=work.design.seed, draws=work.design.rank_draws) if entries else None


def _rank_name(component: CodedComponent, contrast: str) -> str:
    return component.id if component.reference is None else f"{component.id}={contrast}"


def _exploratory(work: _Work, analysed: Sequence[_Analysed]) -> MaxT | Refusal:
    """Adjust all class A tests that were not registered, whole sessions moving together."""
    outcomes = {one.outcome.id: one.measurement.rates for one in analysed}
    tested = {
        (pair.outcome, pair.component, pair.contrast)
        for one in analysed
        for pair in one.pairs
        if not pair.registered and pair.letter is IdentificationClass.A
    }
    asked = {component for _, component, _ in tested}
    components = [coded for _, coded in work.coded if coded.id in asked]
    every = {(name, one.id, contrast) for name in outcomes for one in components for contrast in one.contrasts}
    family = {name: rates for name, rates in outcomes.items() if any(name == outcome for outcome, *_ in tested)}
    return max_t(
        family,
        work.layout.blocks,
        components,
        seed=work.design.seed,
        draws=work.design.permutations,
        left_out=every - tested,
    )


def _judged(work: _Work, pairs: Sequence[Pair], exploratory: MaxT | Refusal) -> tuple[Pair, ...]:
    """Adjust the tests of both families, and say what comes of every pair."""
    tested = [
        at
        for at, pair in enumerate(pairs)
        if isinstance(pair.effect, Effect) and isinstance(pair.permutation, PermutationTest)
    ]
    primary = [at for at in tested if pairs[at].registered]
    others = [at for at in tested if not pairs[at].registered]
    holm = dict(zip(primary, adjust_family([_test(pairs[at]) for at in primary]), strict=True))
    controlled = dict(zip(others, benjamini_hochberg([_test(pairs[at]).p for at in others]), strict=True))
    largest = (
        {}
        if isinstance(exploratory, Refusal)
        else {(one.outcome, one.component, one.contrast): one.p for one in exploratory.results}
    )
    kinds = {one.id: one.type for one in work.study.components}
    found = []
    for at, pair in enumerate(pairs):
        outcome = work.outcomes.of(pair.outcome)
        contrast = told_contrast(kinds[pair.component], pair.contrast, pair.reference, pair.per)
        verdict = judge(
            Judged(pair.identification, pair.effect, holm.get(at), pair.sessions, contrast),
            smallest_difference=work.smallest_difference(pair),
            unit=SCALE_POINTS if outcome is None else outcome.unit,
        )
        found.append(
            replace(
                pair,
                verdict=verdict,
                adjusted=holm.get(at),
                exploratory_p=controlled.get(at),
                max_t_p=largest.get((pair.outcome, pair.component, pair.contrast)) if at in controlled else None,
            )
        )
    return tuple(found)


def _test(pair: Pair) -> FamilyTest:
    effect, permutation = pair.effect, pair.permutation
    if not isinstance(effect, Effect) or effect.p is None or not isinstance(permutation, PermutationTest):
        message = f"no test of {pair.component} and {pair.outcome}"
        raise ValueError(message)
    return FamilyTest(f"{pair.outcome} bij {pair.component}: {pair.contrast}", effect.p, permutation.p)


def _overlaps(layout: Layout, coded: Sequence[CodedComponent]) -> tuple[Overlap, ...]:
    if not coded:
        return ()
    names = [_rank_name(one, contrast) for one in coded for contrast in one.contrasts]
    found = overlaps(layout.blocks, np.column_stack([one.values for one in coded]), names)
    # Values of one category exclude each other; that is no overlap of components.
    return tuple(one for one in found if one.one.split("=")[0] != one.other.split("=")[0])


def _together(work: _Work, analysed: _Analysed) -> list[Together]:
    """Fit the components that the study wants in one model, of class A only."""
    asked = work.design.analysis.together
    if not asked:
        questions: list[Question] = [one for one in work.study.questions if one.outcome == analysed.outcome.id]
        group = tuple(dict.fromkeys(one.component for one in questions))
        asked = (group,) if len(group) >= _PAIR else ()
    return [Together(analysed.outcome.id, group, _joint(work, analysed, group)) for group in asked]


def _joint(work: _Work, analysed: _Analysed, group: Sequence[str]) -> tuple[Effect, ...] | Refusal:
    by_id = {one.component.id: one for one in analysed.comparisons}
    compared = [by_id[name] for name in group if name in by_id]
    letters = {one.identification.letter for each in compared for one in each.contrasts}
    if len(compared) < len(group) or letters != {IdentificationClass.A}:
        return Refusal(
            "Niet al deze kenmerken zijn van klasse A; samen in één model kan niet.",
            "Bekijk ze één voor één, of houd sessies waarin ze binnen werkplaatsen verschillen.",
        )
    columns = np.column_stack([_columns(one) for one in compared])
    names = [_rank_name(one.component, each.contrast) for one in compared for each in _estimable(one)]
    owners = [one.component.id for one in compared for _ in _estimable(one)]
    refused = refuse_together(work.layout.blocks, columns, names, owners=owners)
    if refused is not None:
        return refused
    found = fit_effects(analysed.measurement.rates, work.layout.blocks, columns, names)
    return found if isinstance(found, Refusal) else tuple(effect.without_test() for effect in found.effects)


def _not_enough(
    components: Sequence[StudyComponent], outcomes: Outcomes, pairs: Sequence[Pair]
) -> tuple[NotEnough, ...]:
    """List what the data cannot tell: outcomes, then components as such, then the two together."""
    found = [
        NotEnough("uitkomst", one.id, None, one.refusal.why, one.refusal.cure)
        for one in outcomes.outcomes
        if one.refusal is not None
    ]
    inseparable: set[tuple[str, str]] = set()
    for component in components:
        if isinstance(component.coded, Refusal):
            found.append(NotEnough("kenmerk", None, component.declared.id, component.coded.why, component.coded.cure))
            continue
        for one in component.identifications:
            if one.letter is IdentificationClass.C:
                inseparable.add((one.component, one.contrast))
                name = _rank_name(component.coded, one.contrast)
                found.append(NotEnough("kenmerk", None, name, one.sentence or "", ""))
    for pair in pairs:
        told = (pair.component, pair.contrast) in inseparable
        if not told and pair.verdict.kind in (VerdictKind.NOT_ENOUGH, VerdictKind.INSEPARABLE):
            name = pair.component if pair.reference is None else f"{pair.component}={pair.contrast}"
            cure = (
                "`raamwerk power` rekent uit hoeveel sessies en labels een volgende studie nodig heeft; in deze studie "
                "kan na het vergelijken niet meer worden bijgetrokken."
            )
            found.append(NotEnough("kenmerk en uitkomst", pair.outcome, name, " ".join(pair.verdict.sentences), cure))
    return tuple(found)


def _cautions(study: Study, layout: Layout) -> tuple[Caution, ...]:
    found = [
        Caution(
            "keuze",
            "De kenmerken zijn gekozen en niet geloot. Een verschil hangt samen met een kenmerk; het is er niet door "
            "aangetoond.",
        ),
        Caution(
            "omstandigheden",
            "De zwaarte van de casus, de deelnemers, de gespreksleider, de ronde, de volgorde van sessies (leren) en "
            "de aanwezigheid van onderzoekers kunnen een verschil verklaren.",
        ),
        Caution(
            "groepen",
            "Sessies van een vaste groep met dezelfde mensen staan niet los van elkaar; daar is hier geen rekening "
            "mee gehouden.",
        ),
        Caution(
            "toets",
            "De permutatietoets is exact als het binnen een werkplaats (en ronde) willekeurig was welke sessie het "
            "kenmerk had; dat is niet geloot.",
        ),
        Caution(
            "gewicht",
            "Elke sessie telt één keer mee. Een effect is het verschil in het gemiddelde cijfer van sessies, gemiddeld "
            "over werkplaatsen (en rondes) met gewicht n·p·(1 − p).",
        ),
        Caution(
            "robuustheid",
            "Bij elk effect van klasse A staat welk deel van de resterende spreiding van kenmerk én uitkomst een "
            "verborgen oorzaak zou moeten verklaren om het verschil weg te nemen.",
        ),
    ]
    found += [Caution(f"stand: {standing.value}", note) for standing, note in STANDING_NOTES.items()]
    if study.outcomes:
        found.append(
            Caution(
                "scores",
                "Wat mensen per sessie invulden, kan gekleurd zijn als zij wisten welk kenmerk de sessie had.",
            )
        )
    if len(study.rounds) > 1:
        how = "binnen werkplaats en ronde" if layout.by_round else "binnen werkplaats, rondes samen"
        found.append(
            Caution(
                "rondes",
                f"Sessies zijn vergeleken {how}. In een volgende ronde kan meer zijn veranderd dan dit kenmerk.",
            )
        )
    return tuple(found)


def _input_remarks(evidence: Evidence, outcomes: Outcomes, layout: Layout) -> tuple[str, ...]:
    found = []
    absent = [session.id for session in outcomes.sessions if session.id not in evidence.units]
    if absent:
        found.append(f"Nog niet verwerkt, dus zonder cijfers uit het gesprek: {', '.join(absent)}.")
    lone = [block for block, sessions in Counter(layout.blocks).items() if sessions == 1]
    if lone:
        where = "werkplaats in een ronde" if layout.by_round else "werkplaats"
        found.append(f"Met één sessie doet een {where} niet mee in vergelijkingen: {', '.join(sorted(lone))}.")
    learnt = sorted(
        session
        for session, machine in evidence.machine.items()
        if machine.learnt_from is not None and session in machine.learnt_from
    )
    if learnt:
        found.append(
            f"Het model heeft geleerd van labels van deze sessies, die daarom niet gecorrigeerd worden: "
            f"{', '.join(learnt)}."
        )
    ignored = {
        one.id.split(".")[0]: one.ignored for one in outcomes.outcomes if one.ignored and one.status is Status.CORRECTED
    }
    found += [
        f"Dimensie {dimension}: {number} labels van mensen tellen niet mee in de correctie, omdat ze niet blind of "
        "niet voor de gebruikte steekproef zijn gegeven."
        for dimension, number in ignored.items()
    ]
    return tuple(found)
