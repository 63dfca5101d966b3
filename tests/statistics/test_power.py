"""What can be seen with so many data: formulas, verdicts in words, and the planner against formula and table."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from pipeline.domain.study import ValueType
from pipeline.statistics.effects import Effect
from pipeline.statistics.identification import Identification, IdentificationClass
from pipeline.statistics.multiplicity import AdjustedTest, FamilyTest
from pipeline.statistics.power import (
    SCALE_POINTS,
    Judged,
    Plan,
    PlannedPower,
    StudyFigures,
    Verdict,
    VerdictKind,
    judge,
    minimal_detectable_effect,
    planned_standard_error,
    simulate_power,
    smallest_plan,
    told_contrast,
    uncorrected,
)
from pipeline.statistics.rates import LabelledSample
from pipeline.statistics.refusal import Refusal

LENGTHS = tuple(range(300, 901, 20))
COMMON = StudyFigures(rate=0.19, spread=0.06, sensitivity=0.775, specificity=0.895, lengths=LENGTHS)
A, B, C = IdentificationClass


def classed(letter: IdentificationClass, sentence: str | None = None) -> Identification:
    return Identification("k", "k", letter, ("A",), 4, 4, 20.0, 0.01, sentence)


def adjusted(p: float) -> AdjustedTest:
    return AdjustedTest(FamilyTest("k", p, p), 3, p, p, p < 0.05)


def verdict(estimate: float, error: float, test: AdjustedTest | None = None, **more: Any) -> Verdict:
    effect = Effect.of("k", estimate, error, 24.0)
    return judge(Judged(classed(A), effect, test or adjusted(0.5), 32), **more)


def test_the_detectable_effect_is_found_with_that_power() -> None:
    # With the standard error known, the chance that |t| passes its bound; the other tail is negligible.
    for freedom in (4.0, 11.3, 27.0, 400.0):
        detectable = minimal_detectable_effect(0.03, freedom)
        bound = stats.t.ppf(0.975, freedom)
        assert stats.t.sf(bound - detectable / 0.03, freedom) == pytest.approx(0.80, abs=1e-9)
    assert minimal_detectable_effect(1.0, 1e9) == pytest.approx(1.959964 + 0.841621, abs=1e-5)
    assert minimal_detectable_effect(0.03, 24.0, power=0.9) > minimal_detectable_effect(0.03, 24.0)


def test_the_planned_standard_error_is_that_of_two_means() -> None:
    assert planned_standard_error(0.06, 0.0, 32) == pytest.approx(0.06 * math.sqrt(1 / 16 + 1 / 16))
    assert planned_standard_error(0.06, 0.05**2, 40, 0.25) == pytest.approx(math.hypot(0.06, 0.05) / math.sqrt(7.5))


def test_few_data_are_called_that_with_what_they_can_show() -> None:
    found = verdict(0.03, 0.03)
    assert found.kind is VerdictKind.NOT_ENOUGH
    assert found.detectable == pytest.approx(minimal_detectable_effect(0.03, 24.0))
    (sentence,) = found.sentences
    assert sentence.startswith("Niet genoeg gegevens: met deze 32 sessies is pas een verschil van 8,8 procentpunt")
    assert sentence.endswith("of meer met redelijke zekerheid te zien.")


@pytest.mark.parametrize("test", [adjusted(0.5), None])
@pytest.mark.parametrize("error", [0.005, 0.02, 0.2])
@pytest.mark.parametrize("estimate", [0.0, 0.03, 0.045, -0.45, 2.0])
def test_there_is_one_verdict_and_it_does_not_contradict_itself(
    estimate: float, error: float, test: AdjustedTest | None
) -> None:
    found = judge(Judged(classed(A), Effect.of("k", estimate, error, 24.0), test, 32))
    (sentence,) = found.sentences
    assert found.detectable is not None
    openings = ("Niet genoeg gegevens", "Vrijwel gelijk", "Geen aanwijzing", "Aanwijzing", "Het interval")
    assert sum(sentence.count(opening) for opening in openings) == 1
    # Data are never too few for a difference that they show.
    assert found.kind is not VerdictKind.NOT_ENOUGH or abs(estimate) < found.detectable
    wide = found.detectable > 0.05
    assert (found.kind is VerdictKind.NOT_ENOUGH) == (wide and abs(estimate) < found.detectable)


def test_no_end_of_an_interval_is_rounded_to_nothing() -> None:
    assert [SCALE_POINTS.number(one) for one in (0.04, -0.01, 0.0012, 1.96)] == ["0,04", "-0,01", "0,001", "2,0"]
    assert (SCALE_POINTS.number(4e-5), SCALE_POINTS.number(-4e-5)) == ("iets meer dan 0", "iets minder dan 0")
    assert SCALE_POINTS.number(-1e-17) == "0,0"
    excluding = verdict(0.9, (0.9 - 0.01) / stats.t.ppf(0.975, 24), smallest_difference=None, unit=SCALE_POINTS)
    assert excluding.kind is VerdictKind.UNSETTLED
    assert "van 0,01 tot 1,8 punt sluit 0 uit" in excluding.sentences[0]


@pytest.mark.parametrize(
    ("kind", "reference", "per", "told"),
    [
        (ValueType.JA_NEE, None, 1.0, ""),
        (ValueType.GETAL, None, 15.0, " per stap van 15"),
        (ValueType.AANTAL, None, 0.5, " per stap van 0,5"),
        (ValueType.CATEGORIE, "vrij", 1.0, " bij 'vast' tegenover 'vrij'"),
    ],
)
def test_every_difference_says_what_it_is_between_or_per(
    kind: ValueType, reference: str | None, per: float, told: str
) -> None:
    contrast = told_contrast(kind, "vast", reference, per)
    assert contrast == told
    cases = [(0.12, 0.015, 0.01), (0.12, 0.015, 0.5), (0.0, 0.01, 0.5), (0.03, 0.015, 0.5), (0.0, 0.2, 0.5)]
    kinds = set()
    for estimate, error, p in cases:
        found = judge(Judged(classed(A), Effect.of("k", estimate, error, 24.0), adjusted(p), 32, contrast))
        kinds.add(found.kind)
        assert told in found.sentences[0]
    assert len(kinds) == len(cases)


def test_an_interval_around_nothing_is_no_proof_of_nothing() -> None:
    found = verdict(0.03, 0.015)
    assert found.kind is VerdictKind.NO_INDICATION
    assert "geen effect" not in " ".join(found.sentences).lower()


def test_alike_needs_the_ninety_percent_interval_within_the_smallest_difference() -> None:
    half = float(stats.t.ppf(0.95, 24)) * 0.01
    assert verdict(0.05 - half - 1e-6, 0.01).kind is VerdictKind.ALIKE
    assert verdict(0.05 - half + 1e-6, 0.01).kind is not VerdictKind.ALIKE
    assert verdict(-0.05 + half + 1e-6, 0.01).kind is VerdictKind.ALIKE
    assert verdict(0.0, 0.01, smallest_difference=0.015).kind is VerdictKind.NOT_ENOUGH
    assert verdict(0.0, 0.01, smallest_difference=None).kind is VerdictKind.NO_INDICATION


def test_an_indication_needs_the_adjusted_tests_and_says_goes_with() -> None:
    found = verdict(-0.12, 0.03, adjusted(0.01))
    assert found.kind is VerdictKind.INDICATION
    assert "hangt samen met 12,0 procentpunt minder" in found.sentences[0]
    assert not {"leidt tot", "bevordert"} & set(found.sentences)
    assert verdict(0.12, 0.015, adjusted(0.08)).kind is VerdictKind.UNSETTLED
    effect = Effect.of("k", 0.12, 0.015, 24.0)
    exploratory = judge(Judged(classed(A), effect, None, 32))
    assert exploratory.kind is VerdictKind.UNSETTLED
    assert "geen vooraf vastgelegde vraag" in exploratory.sentences[0]


def test_class_c_says_nothing_but_why() -> None:
    sentence = "Dit kenmerk verschilt niet binnen werkplaatsen."
    found = judge(Judged(classed(C, sentence), None, None, 32))
    assert found == Verdict(VerdictKind.INSEPARABLE, (sentence,), None)
    strayed = judge(Judged(classed(C, sentence), Effect.of("k", 0.5, 0.01, 24.0), adjusted(0.001), 32))
    assert strayed == found


def test_only_class_c_may_come_without_an_effect() -> None:
    with pytest.raises(ValueError, match="only class C"):
        Judged(classed(A), None, None, 32)


def test_class_b_never_has_enough() -> None:
    found = judge(Judged(classed(B, "Te weinig sessies."), Effect.of("k", 0.3, 0.001, 24.0), adjusted(0.001), 12))
    assert found.kind is VerdictKind.NOT_ENOUGH
    assert found.sentences[0].startswith("Niet getoetst: het geschatte verschil is 30,0 procentpunt (95 %-interval van")
    assert found.sentences[1:] == ("Te weinig sessies.",), (
        "a difference that is seen is not called too small to be seen"
    )
    unseen = judge(Judged(classed(B, "Te weinig sessies."), Effect.of("k", 0.01, 0.05, 24.0), adjusted(0.8), 12))
    assert "met deze 12 sessies is pas een verschil van" in unseen.sentences[2]
    refused = judge(Judged(classed(B, "x"), Refusal("Waarom.", "Wat helpt."), None, 12))
    assert refused == Verdict(VerdictKind.NOT_ENOUGH, ("Waarom. Wat helpt.",), None)


def test_scores_are_told_in_points_of_their_scale() -> None:
    found = verdict(0.5, 0.3, smallest_difference=1.0, unit=SCALE_POINTS)
    assert "alles van -0,1 tot 1,1 punt." in found.sentences[0]


def test_machine_shares_alone_are_not_compared() -> None:
    assert uncorrected(40).endswith("Vergelijken kan pas na een steekproef van 40 uitingen per sessie.")


def planned(
    plan: Plan, difference: float = 0.10, figures: StudyFigures = COMMON, replications: int = 150
) -> PlannedPower:
    found = simulate_power(figures, plan, difference, seed=4, replications=replications)
    assert isinstance(found, PlannedPower), str(found)
    return found


@pytest.mark.parametrize(
    ("figures", "per_site", "labels", "low", "high"),
    [
        (COMMON, 8, 25, 0.0298, 0.0331),
        (COMMON, 8, 50, 0.0259, 0.0292),
        (COMMON, 10, 50, 0.0229, 0.0260),
        (replace(COMMON, rate=0.08, spread=0.03), 8, 25, 0.0183, 0.0224),
        (replace(COMMON, rate=0.08, spread=0.03), 8, 50, 0.0152, 0.0190),
    ],
)
def test_planned_standard_errors_are_those_of_the_specification(
    figures: StudyFigures, per_site: int, labels: int, low: float, high: float
) -> None:
    # The table of statistics.md 2.9; its ranges are over effects from .3 to .9 log-odds.
    found = planned(Plan(4, per_site, labels), figures.rate / 2, figures, replications=100)
    assert 0.95 * low < found.standard_error < 1.05 * high
    assert found.detectable == pytest.approx(minimal_detectable_effect(found.standard_error, found.freedom))
    assert found.freedom == pytest.approx(4 * per_site - 5)


def test_power_is_that_of_t_at_the_standard_error_found() -> None:
    found = planned(Plan(4, 8, 40), replications=300)
    expected = stats.nct.sf(stats.t.ppf(0.975, found.freedom), found.freedom, 0.10 / found.standard_error)
    assert found.power == pytest.approx(float(expected), abs=2 * found.margin)
    assert planned(Plan(4, 8, 40), difference=0.0, replications=300).power < 0.10


def test_a_draw_of_everything_leaves_the_spread_of_sessions() -> None:
    figures = replace(COMMON, lengths=(40,))
    for stratified in (True, False):
        found = planned(Plan(4, 8, 40, stratified=stratified), 0.0, figures)
        # Rates of 40 units come in steps of 1/40, which adds a little.
        assert found.standard_error == pytest.approx(planned_standard_error(math.hypot(0.06, 0.01), 0, 32), rel=0.04)


def test_the_same_seed_gives_the_same_plan() -> None:
    plan = Plan(4, 8, 40)
    assert planned(plan, replications=20) == planned(plan, replications=20)
    other = simulate_power(COMMON, plan, 0.10, seed=5, replications=20)
    assert other != planned(plan, replications=20)


def test_more_sessions_and_labels_see_smaller_differences() -> None:
    detectable = {
        (per_site, labels): planned(Plan(4, per_site, labels)).detectable
        for per_site, labels in itertools.product((8, 16), (25, 60))
    }
    assert detectable[16, 25] < detectable[8, 25]
    assert detectable[8, 60] < detectable[8, 25]


def test_the_smallest_plan_that_suffices_is_named() -> None:
    found = [planned(Plan(4, per_site, labels), 0.08) for per_site in (6, 10, 14) for labels in (25, 50)]
    best = smallest_plan([Refusal("x", "y"), *found])
    assert isinstance(best, PlannedPower)
    assert best.lower >= 0.80
    assert all(one.lower < 0.80 for one in found if one.plan.sessions < best.plan.sessions)
    assert isinstance(smallest_plan(found, power=0.9999), Refusal)
    none = smallest_plan([Refusal("x", "y")])
    assert isinstance(none, Refusal)
    assert "door te rekenen" in none.why, "a plan that could not be worked out has not missed the difference"


def test_the_smallest_plan_is_chosen_on_the_lower_end_of_its_margin() -> None:
    large = replace(planned(Plan(4, 10, 40), replications=10), power=0.86, lower=0.82, upper=0.89)
    small = replace(planned(Plan(4, 8, 40), replications=10), power=0.83, lower=0.79, upper=0.86)
    assert small.margin == pytest.approx(0.04)
    assert smallest_plan([small, large]) is large, "that of 32 sessions may as well have a power of .79"
    assert smallest_plan([replace(small, lower=0.81), large]).plan.sessions == 32  # type: ignore[union-attr]
    unsure = smallest_plan([small])
    assert isinstance(unsure, Refusal)
    assert "niet zeker" in unsure.why
    assert "nabootsingen" in unsure.cure


def test_a_chance_of_all_simulations_is_not_certain() -> None:
    sure = planned(Plan(4, 30, 100), 0.4, replications=10)
    assert sure.power == 1.0
    assert sure.lower == pytest.approx(10 / (10 + 1.959964**2))
    assert sure.margin > 0.2


@pytest.mark.parametrize(
    ("figures", "plan", "difference", "why"),
    [
        (COMMON, Plan(4, 8, 100_000), 0.1, "hoogstens 900 uitingen"),
        (replace(COMMON, lengths=(30, 50)), Plan(4, 8, 51), 0.1, "hoogstens 50 uitingen"),
        (COMMON, Plan(4, 8, 10), 0.1, "te onzeker"),
        (COMMON, Plan(1, 30, 40), 0.1, "geen uitspraak"),
        (COMMON, Plan(2, 2, 40), 0.1, "geen uitspraak"),
        (COMMON, Plan(4, 8, 40), 0.9, "past niet"),
        (COMMON, Plan(4, 8, 40), -0.19, "past niet"),
        (replace(COMMON, rate=0.03, spread=0.01), Plan(4, 8, 40), 0.01, "minder dan 5 %"),
        (replace(COMMON, rate=0.03, spread=0.01), Plan(4, 8, 60, stratified=False), 0.01, "minder dan 5 %"),
    ],
)
def test_plans_that_lead_nowhere_are_refused(figures: StudyFigures, plan: Plan, difference: float, why: str) -> None:
    found = simulate_power(figures, plan, difference, seed=1, replications=2)
    assert isinstance(found, Refusal)
    assert why in str(found)


def test_a_rare_outcome_may_be_planned_with_enough_labels() -> None:
    found = planned(Plan(4, 8, 60), 0.02, replace(COMMON, rate=0.03, spread=0.01), replications=20)
    assert found.standard_error > 0


@pytest.mark.parametrize(
    "wrong",
    [{"rate": 0.0}, {"rate": 1.0}, {"spread": 0.4}, {"spread": math.nan}, {"sensitivity": 1.2}, {"lengths": ()}],
)
def test_figures_that_cannot_be_are_an_error(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"was: StudyFigures"):
        replace(COMMON, **wrong)


@pytest.mark.parametrize("wrong", [{"sites": 0}, {"sessions_per_site": 1}, {"labels": 0}, {"share": 1.0}])
def test_plans_that_cannot_be_are_an_error(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"was: Plan"):
        replace(Plan(4, 8, 40), **wrong)


def study(rates: Any, sensitivity: float = 0.8, specificity: float = 0.9, units: int = 200) -> LabelledSample:
    """Make sessions of which every unit is drawn, half of them in two strata by the machine's label."""
    rng = np.random.default_rng(7)
    human = [np.arange(units) < round(rate * units) for rate in rates]
    machine = [rng.random(units) < np.where(one, sensitivity, 1 - specificity) for one in human]
    flagged = [int(one.sum()) for one in machine]
    sizes = np.array([size for one in flagged for size in (one, units - one)])
    return LabelledSample(
        sessions=tuple(f"s{at}" for at in range(len(human))),
        stratum_session=np.repeat(np.arange(len(human)), 2),
        stratum_kind=np.tile([0, 1], len(human)),
        stratum_size=sizes,
        stratum_machine=np.tile([1.0, 0.0], len(human)),
        unit_stratum=np.concatenate([2 * at + 1 - one.astype(int) for at, one in enumerate(machine)]),
        human=np.concatenate(human).astype(float),
        machine=np.concatenate(machine).astype(float),
    )


def test_figures_of_a_study_are_its_own() -> None:
    rates = [0.10, 0.20, 0.30, 0.15, 0.25, 0.35]
    found = StudyFigures.of(study(rates), ["A"] * 3 + ["B"] * 3)
    assert isinstance(found, StudyFigures)
    assert found.rate == pytest.approx(np.mean(rates))
    assert found.spread == pytest.approx(0.10)
    assert found.sensitivity == pytest.approx(0.8, abs=0.05)
    assert found.specificity == pytest.approx(0.9, abs=0.03)
    assert found.lengths == (200,) * 6


@pytest.mark.parametrize(
    ("rates", "blocks"),
    [([0.0] * 4, "AABB"), ([1.0] * 4, "AABB"), ([0.2] * 4, "AABB"), ([0.1, 0.2], "AB"), ([0.0, 1.0], "AA")],
)
def test_a_study_without_figures_is_refused(rates: list[float], blocks: str) -> None:
    assert isinstance(StudyFigures.of(study(rates), list(blocks)), Refusal)


def test_a_stratified_draw_does_not_distort_the_figures_of_the_tagger() -> None:
    whole = study([0.1, 0.2, 0.3, 0.4] * 3, units=400)
    # From every flagged stratum all units, from the others one in four: weights undo that.
    rank = np.zeros(len(whole.human), dtype=int)
    for stratum in range(len(whole.stratum_size)):
        inside = np.flatnonzero(whole.unit_stratum == stratum)
        rank[inside] = np.random.default_rng(stratum).permutation(len(inside))
    kept = (whole.machine == 1) | (rank < whole.stratum_size[whole.unit_stratum] / 4)
    part = replace(whole, unit_stratum=whole.unit_stratum[kept], human=whole.human[kept], machine=whole.machine[kept])
    blocks = ["A"] * 4 + ["B"] * 4 + ["C"] * 4
    found, expected = StudyFigures.of(part, blocks), StudyFigures.of(whole, blocks)
    assert isinstance(found, StudyFigures)
    assert isinstance(expected, StudyFigures)
    assert found.sensitivity == pytest.approx(expected.sensitivity, abs=0.05)
    assert found.specificity == pytest.approx(expected.specificity, abs=0.02)
    assert found.sensitivity < 0.9 < (part.machine[part.human == 1]).mean()


def test_what_is_too_uncertain_is_not_called_alike_as_well() -> None:
    found = judge(Judged(classed(A), Effect.of("k", 0.0, 0.02, 20.0), None, 32))
    assert found.kind is VerdictKind.NOT_ENOUGH
    (sentence,) = found.sentences
    assert sentence.startswith("Niet genoeg gegevens")


@pytest.mark.parametrize(("error", "freedom"), [(0.0, 20.0), (0.02, 0.0), (0.02, math.nan)])
def test_without_error_or_freedom_nothing_can_be_detected(error: float, freedom: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        minimal_detectable_effect(error, freedom)
