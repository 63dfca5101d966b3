"""Corrected session rates: against other software, against every draw there could be, and what never enters them."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.draw import Draw, DrawDesign, DrawnStratum, Stratum
from pipeline.statistics.draws import draw_units, extend_draw
from pipeline.statistics.effects import BlockFit, OddsFit, fit_effects, fit_odds
from pipeline.statistics.rates import (
    LABELLED_ONLY,
    WHOLE_CORRECTION,
    Assembly,
    HumanLabel,
    LabelledSample,
    SessionRates,
    SessionScores,
    TunedMean,
    assemble,
    corrected_rates,
    power_tuned_factors,
    tuned_mean,
)
from pipeline.statistics.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

REFERENCE = {
    check["id"]: check
    for check in json.loads((Path(__file__).parent / "data" / "rates.json").read_text(encoding="utf-8"))["checks"]
}


def make_sample(parts: Sequence[tuple[int, int, Any, Any, Any]], sessions: int | None = None) -> LabelledSample:
    """Make a sample of strata: session, kind, machine values of all units, human and machine values of the drawn."""
    drawn = [len(human) for *_, human, _ in parts]
    return LabelledSample(
        sessions=tuple(f"s{at}" for at in range(sessions or 1 + max(part[0] for part in parts))),
        stratum_session=np.array([part[0] for part in parts]),
        stratum_kind=np.array([part[1] for part in parts]),
        stratum_size=np.array([len(part[2]) for part in parts]),
        stratum_machine=np.array([np.mean(part[2]) for part in parts]),
        unit_stratum=np.repeat(np.arange(len(parts)), drawn),
        human=np.concatenate([np.asarray(part[3], dtype=float) for part in parts]),
        machine=np.concatenate([np.asarray(part[4], dtype=float) for part in parts]),
    )


def rates_of(sample: LabelledSample, factors: Any = WHOLE_CORRECTION) -> SessionRates:
    found = corrected_rates(sample, factors)
    assert isinstance(found, SessionRates)
    return found


def dsl_sample(prediction: str) -> LabelledSample:
    table = REFERENCE["dsl_utterances"]["input"]
    session, machine = np.array(table["session"]), np.array(table["machine"])
    drawn = np.array(table["sampled"]) == 1
    human = np.array([np.nan if value is None else value for value in table["human"]], dtype=float)
    values = np.array(table[prediction], dtype=float)
    parts = []
    for number, kind in itertools.product(range(1, 9), (0, 1)):
        here = (session == number) & (machine == kind)
        assert np.allclose(np.array(table["pi"])[here], drawn[here].mean())
        parts.append((number - 1, kind, values[here], human[here & drawn], values[here & drawn]))
    return make_sample(parts)


@pytest.mark.parametrize("prediction", ["machine", "score"])
def test_rates_and_their_difference_are_those_of_r_package_dsl(prediction: str) -> None:
    # R package dsl 0.1.0 and its closed form in base R.
    check = REFERENCE["dsl_utterances"]
    exact = check["output"][f"{prediction}_lm"]["exact"]
    found = rates_of(dsl_sample(prediction))
    assert found.rates == pytest.approx(exact["pseudo_session_rate"], abs=check["abs_tol"])
    fit = fit_effects(found.rates, ["all"] * 8, np.tile([0.0, 1.0], 4)[:, None], ["component"])
    assert isinstance(fit, BlockFit)
    assert fit.effects[0].estimate == pytest.approx(exact["b"][1], abs=check["abs_tol"])
    assert (found.rates - fit.residuals)[0] == pytest.approx(exact["b"][0], abs=check["abs_tol"])
    # Its standard error has no factor for leverage.
    plain = np.sqrt((fit.influence[:, 0] ** 2 * (1 - fit.leverages)).sum())
    assert plain == pytest.approx(exact["se_cr0"][1], abs=check["abs_tol"])


@pytest.mark.parametrize("prediction", ["machine", "score"])
def test_odds_of_corrected_rates_are_those_of_r_package_dsl(prediction: str) -> None:
    check = REFERENCE["dsl_utterances"]
    exact = check["output"][f"{prediction}_logit"]["exact"]
    found = rates_of(dsl_sample(prediction))
    fit = fit_odds(found.rates, ["all"] * 8, np.tile([0.0, 1.0], 4)[:, None], ["component"])
    assert isinstance(fit, OddsFit)
    assert fit.effects[0].log_odds.estimate == pytest.approx(exact["b"][1], abs=check["abs_tol"])
    assert math.log(fit.fitted[0] / (1 - fit.fitted[0])) == pytest.approx(exact["b"][0], abs=check["abs_tol"])
    plain = np.sqrt((fit.influence[:, 0] ** 2 * (1 - fit.leverages)).sum())
    assert plain == pytest.approx(exact["se_cr0"][1], abs=check["abs_tol"])


def test_tuned_means_are_those_of_ppi_python() -> None:
    # ppi-python 0.2.3 sets the labelled units apart from the others. Here they are among those whose machine values are
    # averaged, so its factor times (1 + n/N) gives the same estimate: the factor that statistics.md 1.2 leaves out.
    check = REFERENCE["ppi_plus"]
    table, output = check["input"], check["output"]
    human, machine, others = (np.array(table[name], dtype=float) for name in ("y", "f", "fu"))
    sample = make_sample([(0, 0, np.concatenate([machine, others]), human, machine)])
    stretch = 1 + len(human) / len(others)
    for name, factor in (("mean_tuned", output["lambda_tuned"]), ("mean_lambda1", 1.0), ("mean_lambda0", 0.0)):
        found = rates_of(sample, factor * stretch)
        assert found.rates[0] == pytest.approx(output[name]["point"], abs=check["abs_tol"]), name


def test_a_mean_with_other_units_is_that_of_ppi_python() -> None:
    check = REFERENCE["ppi_plus"]
    table, output = check["input"], check["output"]
    human, machine, others = (np.array(table[name], dtype=float) for name in ("y", "f", "fu"))
    for name, factor in (("mean_tuned", None), ("mean_lambda1", 1.0), ("mean_lambda0", 0.0)):
        found = tuned_mean(human, machine, others, factor)
        assert isinstance(found, TunedMean)
        expected = (output[name]["point"], *output[name]["ci95"])
        assert (found.estimate, found.lower, found.upper) == pytest.approx(expected, abs=check["abs_tol"]), name
    tuned = tuned_mean(human, machine, others)
    assert isinstance(tuned, TunedMean)
    assert (tuned.factor, tuned.error) == pytest.approx(
        (output["lambda_tuned"], output["hand"]["tuned"]["se"]), abs=check["abs_tol"]
    )
    assert isinstance(tuned_mean(human[:1], machine[:1], others), Refusal)
    constant = tuned_mean(human, np.zeros(len(human)), np.zeros(9))
    assert isinstance(constant, TunedMean)
    assert constant.factor == 0


def test_the_tuned_factor_is_the_slope_within_strata_of_the_other_sessions() -> None:
    rng = np.random.default_rng(5)
    parts = []
    for at in range(3):
        whole = rng.random(60)
        drawn = whole[:20]
        parts.append((at, 0, whole, (rng.random(20) < drawn).astype(float), drawn))
    found = power_tuned_factors(make_sample(parts))
    covariances = [np.cov(human, machine) for *_, human, machine in parts]
    for left_out in range(3):
        others = [covariances[at] for at in range(3) if at != left_out]
        slope = sum(one[0, 1] for one in others) / sum(one[1, 1] for one in others)
        assert found[left_out] == pytest.approx(min(max(slope, 0), 1), abs=1e-12)


def test_the_factor_stays_between_nothing_and_all() -> None:
    machine = np.array([0.1, 0.3, 0.2, 0.4])
    steep = [(at, 0, np.tile(machine, 5), (machine > 0.25).astype(float), machine) for at in range(2)]
    against = [(at, 0, np.tile(machine, 5), 1 - machine, machine) for at in range(2)]
    flat = [(at, 0, np.full(20, 0.3), [0, 1, 0, 1], np.full(4, 0.3)) for at in range(2)]
    assert power_tuned_factors(make_sample(steep)).tolist() == [1, 1]
    assert power_tuned_factors(make_sample(against)).tolist() == [0, 0]
    assert power_tuned_factors(make_sample(flat)).tolist() == [1, 1], "nothing to learn from"
    assert power_tuned_factors(make_sample(steep[:1])).tolist() == [1], "no other session"


@pytest.mark.parametrize("factor", [LABELLED_ONLY, 0.6, WHOLE_CORRECTION])
def test_over_all_draws_there_could_be_the_rate_is_right_and_the_variance_that_of_the_formula(factor: float) -> None:
    human = {0: np.array([0, 0, 1, 0, 1.0]), 1: np.array([1, 1, 0, 1.0])}
    machine = {0: np.array([0.1, 0.4, 0.6, 0.2, 0.3]), 1: np.array([0.9, 0.6, 0.7, 0.8])}
    found = []
    for low, high in itertools.product(itertools.combinations(range(5), 3), itertools.combinations(range(4), 2)):
        picked = {0: list(low), 1: list(high)}
        parts = [(0, at, machine[at], human[at][picked[at]], machine[at][picked[at]]) for at in (0, 1)]
        found.append(rates_of(make_sample(parts), factor))
    truth = np.concatenate(list(human.values())).mean()
    points = np.array([one.rates[0] for one in found])
    assert points.mean() == pytest.approx(truth, abs=1e-14)
    assert np.mean([one.variances[0] for one in found]) == pytest.approx(points.var(), abs=1e-14)


def test_variances_are_pooled_over_sessions_by_kind_of_stratum() -> None:
    parts = [
        (0, 0, np.zeros(10), [0, 0, 0, 1], np.zeros(4)),
        (0, 1, np.ones(10), [1, 1], np.ones(2)),
        (1, 0, np.zeros(20), [0, 0], np.zeros(2)),
        (1, 1, np.ones(5), [1, 0, 0], np.ones(3)),
    ]
    found = rates_of(make_sample(parts))
    zero, one = 0.75 / (3 + 1), (2 / 3) / (1 + 2)
    assert found.variances[0] == pytest.approx(0.25 * (0.6 * zero / 4 + 0.8 * one / 2))
    assert found.variances[1] == pytest.approx(0.64 * 0.9 * zero / 2 + 0.04 * 0.4 * one / 3)
    assert found.rates.tolist() == pytest.approx([0.5 * 0.25 + 0.5, 0.2 / 3])
    assert (found.eligible.tolist(), found.labelled.tolist()) == ([20, 25], [6, 5])


def test_the_shown_interval_follows_formula_4() -> None:
    rng = np.random.default_rng(2)
    parts = [
        (at, 0, np.zeros(200), (rng.random(30) < rate).astype(float), np.zeros(30))
        for at, rate in enumerate((0.1, 0.5))
    ]
    found = rates_of(make_sample(parts), LABELLED_ONLY)
    near = np.clip(found.rates / 2 + found.rates.mean() / 2, 0.005, 0.995)
    shape = near * (1 - near) / (near * (1 - near)).mean()
    half = 1.959963984540054 * np.sqrt(found.variances * shape)
    assert found.lower == pytest.approx(np.clip(found.rates - half, 0, 1))
    assert found.upper == pytest.approx(np.clip(found.rates + half, 0, 1))


def test_a_rate_below_zero_is_kept_for_regression_and_cut_for_display() -> None:
    parts = [(at, 0, np.tile([1, 0, 0, 0], 10), [0, 0, 0, at], [1, 1, 0, 0]) for at in (0, 1)]
    found = rates_of(make_sample(parts))
    assert found.rates[0] == pytest.approx(-0.25)
    assert (found.shown[0], found.lower[0]) == (0, 0)


@st.composite
def samples(draw: st.DrawFn) -> LabelledSample:
    """Make samples of a few sessions with two strata each."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    parts = []
    for session, kind in itertools.product(range(draw(st.integers(1, 4))), (0, 1)):
        size = draw(st.integers(3, 30))
        whole = rng.random(size).round(3)
        drawn = rng.permutation(size)[: draw(st.integers(2, size))]
        parts.append((session, kind, whole, (rng.random(len(drawn)) < 0.3 + 0.4 * kind).astype(float), whole[drawn]))
    return make_sample(parts)


@settings(max_examples=40, deadline=None)
@given(sample=samples(), shift=st.floats(-0.9, 0.9))
def test_a_constant_added_to_all_scores_changes_nothing(sample: LabelledSample, shift: float) -> None:
    moved = replace(sample, machine=sample.machine + shift, stratum_machine=sample.stratum_machine + shift)
    before, after = rates_of(sample), rates_of(moved)
    assert after.rates == pytest.approx(before.rates, abs=1e-12)
    assert after.variances == pytest.approx(before.variances, abs=1e-12)
    assert power_tuned_factors(moved) == pytest.approx(power_tuned_factors(sample), abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(sample=samples())
def test_the_other_sessions_do_not_move_a_rate_with_a_fixed_factor(sample: LabelledSample) -> None:
    alone = replace(
        sample,
        sessions=sample.sessions[:1],
        **{
            name: getattr(sample, name)[:2]
            for name in ("stratum_session", "stratum_kind", "stratum_size", "stratum_machine")
        },
        **{name: getattr(sample, name)[sample.unit_stratum < 2] for name in ("unit_stratum", "human", "machine")},
    )
    assert rates_of(alone, 0.4).rates[0] == pytest.approx(rates_of(sample, 0.4).rates[0], abs=1e-14)


@settings(max_examples=40, deadline=None)
@given(sample=samples())
def test_with_a_perfect_tagger_the_rate_is_the_machine_s_and_known_exactly(sample: LabelledSample) -> None:
    found = rates_of(replace(sample, human=sample.machine))
    assert found.rates == pytest.approx(found.machine, abs=1e-12)
    assert found.variances == pytest.approx(0, abs=1e-12)


def test_with_every_unit_labelled_the_rate_is_the_human_one_without_variance() -> None:
    human = np.array([0, 1, 1, 0, 0, 0, 1.0])
    machine = np.linspace(0, 1, 7)
    for factor in (LABELLED_ONLY, 0.3, WHOLE_CORRECTION):
        found = rates_of(make_sample([(0, 0, machine, human, machine)]), factor)
        assert found.rates[0] == pytest.approx(3 / 7)
        assert (found.variances[0], found.lower[0], found.upper[0]) == (0, found.rates[0], found.rates[0])


def test_with_strata_on_the_machine_label_the_factor_does_not_matter() -> None:
    parts = [
        (at, kind, np.full(30, kind), rng_labels, np.full(6, kind))
        for at in range(3)
        for kind, rng_labels in ((0, [0, 0, 0, 0, 1, 0]), (1, [1, 1, 0, 1, 1, at % 2]))
    ]
    sample = make_sample(parts)
    labelled, tuned = rates_of(sample, LABELLED_ONLY), rates_of(sample, power_tuned_factors(sample))
    assert tuned.rates == pytest.approx(labelled.rates, abs=1e-14)
    assert tuned.variances == pytest.approx(labelled.variances, abs=1e-14)


def test_the_order_of_sessions_and_units_does_not_matter() -> None:
    rng = np.random.default_rng(8)
    parts = [(at, kind, rng.random(30), rng.integers(0, 2, 8), rng.random(8)) for at in range(4) for kind in (0, 1)]
    one = make_sample(parts)
    turned = make_sample(
        [(3 - at, kind, whole, human[::-1], machine[::-1]) for at, kind, whole, human, machine in parts[::-1]]
    )
    before, after = (rates_of(sample, power_tuned_factors(sample)) for sample in (one, turned))
    for name in ("rates", "variances", "factors", "lower", "upper"):
        assert getattr(after, name)[::-1] == pytest.approx(getattr(before, name), abs=1e-14), name


def test_with_one_drawn_unit_a_stratum_nothing_can_be_said_of_the_variance() -> None:
    sample = make_sample([(0, 0, np.zeros(10), [1], [0]), (1, 0, np.zeros(10), [0], [0])])
    found = corrected_rates(sample, WHOLE_CORRECTION)
    assert isinstance(found, Refusal)
    assert "onzekerheid" in found.why


def test_a_sample_without_labels_in_a_stratum_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="stratum"):
        make_sample([(0, 0, np.zeros(10), [1, 0], [0, 0]), (0, 1, np.ones(4), [], [])])
    with pytest.raises(ValueError, match="numbers"):
        make_sample([(0, 0, np.zeros(10), [1, np.nan], [0, 0])])


NAMES = tuple(f"{session}.{at:02d}" for session in "ab" for at in range(60))


def make_draw() -> Draw:
    sessions = [(session, [name for name in NAMES if name[0] == session]) for session in "ab"]
    positive = {name for name in NAMES if int(name[2:]) < 15}
    found = draw_units(sessions, positive, DrawDesign(frozenset({("sr", "brug")}), 25), draw_id="t1", seed=1)
    assert isinstance(found, Draw)
    return found


def truth(unit: str) -> float:
    return float(int(unit[2:]) % 5 == 0)


def labels_for(draw: Draw, coder: str = "k1") -> list[HumanLabel]:
    return [HumanLabel(unit, coder, truth(unit), "t1", blind=True) for part in draw.strata for unit in part.drawn]


def make_scores(**values: float) -> list[SessionScores]:
    said = {name: float(int(name[2:]) < 15) for name in NAMES} | values
    return [
        SessionScores(session, {name: value for name, value in said.items() if name[0] == session}, frozenset({"z"}))
        for session in "ab"
    ]


def rates_from(assembly: Assembly) -> SessionRates:
    assert assembly.sample is not None
    return rates_of(assembly.sample)


def test_a_draw_with_its_labels_and_scores_gives_rates() -> None:
    draw = make_draw()
    assembly = assemble(draw, labels_for(draw), make_scores())
    assert (assembly.refused, assembly.ignored) == ((), 0)
    found = rates_from(assembly)
    expected = [
        sum(truth(unit) / part.probability for part in draw.of(session) for unit in part.drawn) / 60 for session in "ab"
    ]
    assert found.rates == pytest.approx(expected, abs=1e-12)
    assert (found.sessions, found.eligible.tolist(), found.labelled.tolist()) == (("a", "b"), [60, 60], [25, 25])
    assert found.machine.tolist() == [0.25, 0.25]


def test_labels_that_are_not_blind_or_not_drawn_never_change_a_rate() -> None:
    draw = make_draw()
    drawn = draw.strata[0].drawn[0]
    undrawn = next(name for name in NAMES if all(name not in part.drawn for part in draw.strata))
    others = [
        HumanLabel(drawn, "k2", 1 - truth(drawn), "t1", blind=False),
        HumanLabel(drawn, "k1", 1 - truth(drawn), None, blind=True),
        HumanLabel(drawn, "k3", 1 - truth(drawn), "t0", blind=True),
        HumanLabel(undrawn, "k1", 1 - truth(undrawn), None, blind=False),
        HumanLabel(undrawn, "k1", 1 - truth(undrawn), "t1", blind=True),
    ]
    plain = assemble(draw, labels_for(draw), make_scores())
    disturbed = assemble(draw, [*others, *labels_for(draw), *others], make_scores())
    assert rates_from(disturbed).rates.tolist() == rates_from(plain).rates.tolist()
    assert disturbed.ignored == 10


def test_of_several_coders_the_mean_counts_and_of_one_coder_the_last() -> None:
    draw = make_draw()
    unit = draw.strata[0].drawn[0]
    second = [HumanLabel(unit, "k2", 1 - truth(unit), "t1", blind=True)]
    again = [HumanLabel(unit, "k1", 0.0, "t1", blind=True), HumanLabel(unit, "k1", truth(unit), "t1", blind=True)]
    sample = assemble(draw, [*labels_for(draw), *second], make_scores()).sample
    assert sample is not None
    assert sample.human[0] == 0.5
    assert (
        rates_from(assemble(draw, [*labels_for(draw), *again], make_scores())).rates.tolist()
        == rates_from(assemble(draw, labels_for(draw), make_scores())).rates.tolist()
    )


@pytest.mark.parametrize(("learnt", "why"), [(frozenset({"a", "z"}), "verdampt"), (None, "niet vastgelegd")])
def test_scores_of_a_model_that_saw_labels_of_the_session_are_refused(learnt: frozenset[str] | None, why: str) -> None:
    draw = make_draw()
    scores = [replace(one, learnt_from=learnt) if one.session == "a" else one for one in make_scores()]
    assembly = assemble(draw, labels_for(draw), scores)
    assert [(session, why in refusal.why) for session, refusal in assembly.refused] == [("a", True)]
    assert rates_from(assembly).sessions == ("b",)


def test_a_unit_on_which_the_machine_abstains_counts_as_not_having_the_label() -> None:
    draw = make_draw()
    open_ones = [
        replace(one, values={unit: value for unit, value in one.values.items() if unit != "a.00"})
        for one in make_scores()
    ]
    found = rates_from(assemble(draw, labels_for(draw), open_ones))
    assert found.eligible.tolist() == [60, 60]
    assert found.machine[0] == pytest.approx(14 / 60)


def test_a_draw_that_is_not_labelled_in_full_gives_no_rate() -> None:
    draw = make_draw()
    assembly = assemble(draw, labels_for(draw)[3:], make_scores())
    assert [session for session, _ in assembly.refused] == ["a"]
    assert "Van de 25 getrokken uitingen zijn er 3 nog niet" in assembly.refused[0][1].why


def test_while_a_second_draw_is_being_labelled_the_first_one_holds() -> None:
    draw = make_draw()
    extended = extend_draw(draw, 10, seed=2, effects_seen=False)
    assert isinstance(extended, Draw)
    found = rates_from(assemble(extended, labels_for(draw), make_scores()))
    assert found.rates.tolist() == rates_from(assemble(draw, labels_for(draw), make_scores())).rates.tolist()
    assert rates_from(assemble(extended, labels_for(extended), make_scores())).labelled.tolist() == [35, 35]


@pytest.mark.parametrize(
    ("scores", "why"),
    [
        ([], "geen machinelabels"),
        ([*make_scores(), make_scores()[0]], "dubbel"),
        (make_scores(**{"a.03": math.nan}), "geen getal"),
        (make_scores(**{"a.03": 1.5}), "geen getal"),
    ],
)
def test_scores_that_cannot_be_used_are_refused_with_a_reason(scores: list[SessionScores], why: str) -> None:
    draw = make_draw()
    refused = dict(assemble(draw, labels_for(draw), scores).refused)
    assert why in refused["a"].why


def test_labels_that_are_no_numbers_are_refused() -> None:
    draw = make_draw()
    labels = [replace(one, value=math.nan) if one.unit[0] == "b" else one for one in labels_for(draw)]
    assembly = assemble(draw, labels, make_scores())
    assert [session for session, _ in assembly.refused] == ["b"]


def test_sessions_that_were_not_drawn_or_have_no_units_are_named() -> None:
    draw = replace(make_draw(), without_units=("leeg",))
    scores = [*make_scores(), SessionScores("c", {}, frozenset())]
    refused = dict(assemble(draw, labels_for(draw), scores).refused)
    assert "geen uitingen" in refused["leeg"].why
    assert "geen steekproef" in refused["c"].why


def test_a_stratum_from_which_nothing_was_drawn_makes_the_session_unfit() -> None:
    strata = (
        DrawnStratum("a", Stratum.POSITIEF, ("a.00", "a.01"), (), (0,)),
        DrawnStratum("a", Stratum.OVERIG, ("a.02", "a.03"), ("a.02",), (1,)),
    )
    draw = Draw("t1", DrawDesign(), (1,), strata)
    assembly = assemble(draw, labels_for(draw), make_scores()[:1])
    assert assembly.sample is None
    assert "niets getrokken" in assembly.refused[0][1].why


def test_nothing_to_assemble_gives_nothing() -> None:
    assert assemble(Draw("t", DrawDesign(), (1,), ()), [], []) == Assembly(None, (), 0)


def test_a_factor_that_is_no_number_is_an_error() -> None:
    with pytest.raises(ValueError, match="factors"):
        corrected_rates(dsl_sample("machine"), math.nan)
