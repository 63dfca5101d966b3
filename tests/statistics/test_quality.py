"""Quality of a tagger: against reference software, against plain loops, and where nothing can be said."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.codebook import Dimension, DimensionKind, Label
from pipeline.statistics.agreement import Estimate, Interval, IntervalMethod, Resampling, ResamplingDesign
from pipeline.statistics.quality import (
    BINS,
    Calibration,
    Figure,
    LabelFigure,
    Quality,
    RiskCoverage,
    SampledUnit,
    average_precision,
    calibration_error,
    equal_mass_bins,
    equal_width_bins,
    majority_answers,
    measure_quality,
    quality_by_level,
)
from pipeline.statistics.refusal import Refusal

REFERENCE = {
    check["id"]: check
    for check in json.loads((Path(__file__).parent / "data" / "quality.json").read_text(encoding="utf-8"))["checks"]
}
DESIGN = ResamplingDesign(seed=3)


def dimension(kind: DimensionKind, labels: str = "0 1 2", none_label: str | None = None) -> Dimension:
    listed = tuple(Label(label, label, "") for label in labels.split())
    return Dimension("d", "Dimensie", "?", kind, listed, none_label=none_label)


SINGLE = dimension(DimensionKind.SINGLE, none_label="0")
MULTI = dimension(DimensionKind.MULTI)


def unit(session: str, truth: str, given_: str, inclusion: float = 1.0, **more: Any) -> SampledUnit:
    return SampledUnit(
        session, tuple(truth.split()), tuple(given_.split()), inclusion, blind=True, out_of_fold=True, **more
    )


def sample(sessions: int = 10, units: int = 20, seed: int = 1, *, strata: bool = False) -> list[SampledUnit]:
    """Make drawn units of one label each, with probabilities that mean what they say."""
    draw = np.random.default_rng(seed)
    made = []
    for at in range(sessions * units):
        chances = draw.dirichlet([1.5, 0.7, 0.7])
        truth, answer = str(draw.choice(3, p=chances)), str(chances.argmax())
        made.append(
            unit(
                f"s{at // units:02}",
                truth,
                answer,
                (0.5 if answer == "0" else 1.0) if strata else 1.0,
                probabilities={str(label): float(chance) for label, chance in enumerate(chances)},
                certainty=float(chances.max()),
            )
        )
    return made


def quality(
    units: list[SampledUnit],
    asked: Dimension = SINGLE,
    design: ResamplingDesign = DESIGN,
    target_risk: float | None = None,
) -> Quality:
    found = measure_quality(units, asked, design, target_risk)
    assert isinstance(found, Quality)
    return found


def value(found: Estimate | Refusal) -> float:
    assert isinstance(found, Estimate)
    return found.value


def interval(found: Estimate | Refusal) -> Interval:
    assert isinstance(found, Estimate)
    assert isinstance(found.interval, Interval)
    return found.interval


def calibrated(found: Calibration | Refusal) -> Calibration:
    assert isinstance(found, Calibration)
    return found


def risk(found: Quality) -> RiskCoverage:
    assert isinstance(found.risk_coverage, RiskCoverage)
    return found.risk_coverage


def test_figures_and_jackknife_are_those_of_the_reference_software() -> None:
    check = REFERENCE["macro_f1"]
    put, output, tolerance = check["input"], check["output"], check["abs_tol"]
    rows = zip(put["session"], put["y_true"], put["y_pred"], strict=True)
    found = quality([unit(str(session), str(truth), str(answer)) for session, truth, answer in rows])
    assert value(found.figures[Figure.MACRO_F1]) == pytest.approx(output["macro_f1"], abs=tolerance)
    assert value(found.figures[Figure.MICRO_F1]) == pytest.approx(output["micro_f1"], abs=tolerance)
    assert value(found.figures[Figure.KAPPA]) == pytest.approx(output["kappa"], abs=tolerance)
    assert value(found.figures[Figure.MCC]) == pytest.approx(output["mcc"], abs=tolerance)
    f1 = [value(label.figures[LabelFigure.F1]) for label in found.labels]
    assert f1 == pytest.approx(output["per_class_f1"], abs=tolerance)
    macro, kappa = interval(found.figures[Figure.MACRO_F1]), interval(found.figures[Figure.KAPPA])
    assert macro.method is IntervalMethod.JACKKNIFE
    assert macro.standard_error == pytest.approx(output["jackknife_se_macro_f1"], abs=tolerance)
    assert kappa.standard_error == pytest.approx(output["jackknife_se_kappa"], abs=tolerance)
    rest = [
        [
            unit("s", str(t), str(g))
            for s, t, g in zip(put["session"], put["y_true"], put["y_pred"], strict=True)
            if s != out
        ]
        for out in (1, 2, 3, 4)
    ]
    left_out = [value(quality(units).figures[Figure.MACRO_F1]) for units in rest]
    assert left_out == pytest.approx(output["jackknife_macro_f1"], abs=tolerance)


def test_calibration_is_that_of_the_reference_software() -> None:
    check = REFERENCE["calibration"]
    chances, outcomes = np.array(check["input"]["p"]), np.array(check["input"]["y"], dtype=float)
    output, tolerance = check["output"], check["abs_tol"]
    bins = equal_width_bins(chances, check["input"]["bins"])
    assert calibration_error(chances, outcomes, bins) == pytest.approx(output["ece"], abs=tolerance)
    units = [
        unit("a", "1" if outcome else "", "", probabilities={"1": float(chance)})
        for chance, outcome in zip(chances, outcomes, strict=True)
    ]
    of_label = calibrated(quality(units, dimension(DimensionKind.MULTI, "1")).labels[0].calibration)
    assert value(of_label.brier) == pytest.approx(output["brier"], abs=tolerance)
    assert value(of_label.log_loss) == pytest.approx(output["logloss"], abs=tolerance)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), strata=st.booleans())
def test_figures_are_those_of_scikit_learn_with_weights(seed: int, strata: bool) -> None:
    from sklearn import metrics

    units = sample(3, 12, seed, strata=strata)
    found = quality(units)
    weights = [1 / one.inclusion for one in units]
    truth, answers = [one.truth[0] for one in units], [one.given[0] for one in units]
    seen = sorted(set(truth))
    assert [label.label for label in found.labels] == seen
    assert set(found.unseen) == set("012") - set(seen)
    macro = metrics.f1_score(truth, answers, labels=seen, average="macro", sample_weight=weights, zero_division=0)
    assert value(found.figures[Figure.MACRO_F1]) == pytest.approx(macro)
    mcc = metrics.matthews_corrcoef(truth, answers, sample_weight=weights)
    if mcc:
        assert value(found.figures[Figure.MCC]) == pytest.approx(mcc)
    hits, answered = [one != "0" for one in truth], [one != "0" for one in answers]
    if any(hits):
        any_f1 = metrics.f1_score(hits, answered, sample_weight=weights)
        assert value(found.figures[Figure.ANY_F1]) == pytest.approx(any_f1)
    for label in found.labels:
        carried = [one == label.label for one in truth]
        chances = [one.probabilities[label.label] for one in units]
        expected = metrics.average_precision_score(carried, chances, sample_weight=weights)
        assert value(label.figures[LabelFigure.PR_AUC]) == pytest.approx(expected)
        assert label.units == sum(carried)
        assert value(label.figures[LabelFigure.RECALL]) == pytest.approx(
            metrics.recall_score(carried, [one == label.label for one in answers], sample_weight=weights)
        )
        brier = metrics.brier_score_loss(carried, chances, sample_weight=weights)
        assert value(calibrated(label.calibration).brier) == pytest.approx(brier)


def test_equal_scores_are_one_threshold() -> None:
    from sklearn.metrics import average_precision_score

    scores = np.array([0.5, 0.5, 0.5, 0.2, 0.2, 0.9])
    truth = np.array([True, False, True, True, False, False])
    statistic = average_precision(scores, truth, np.ones(6), np.zeros(6, dtype=np.int64))
    assert statistic(np.ones((1, 1)))[0] == pytest.approx(average_precision_score(truth, scores))


@pytest.mark.parametrize("figure", [LabelFigure.PR_AUC, LabelFigure.F1])
def test_the_bootstrap_is_drawing_sessions_anew(figure: LabelFigure) -> None:
    units = sample(9, 10, strata=True)
    names = sorted({one.session for one in units})
    sites = {name: "noord" if name < "s04" else "zuid" for name in names}
    drawn = Resampling.of([sites[name] for name in names], 7, 30)
    values = []
    for times in drawn.weights:
        again = [one for one in units for _ in range(int(times[names.index(one.session)]))]
        values.append(value(quality(again).labels[1].figures[figure]))
    found = quality(units, design=ResamplingDesign(sites, 7, 30)).labels[1].figures[figure]
    low, high = np.quantile(values, [0.025, 0.975])
    assert (interval(found).low, interval(found).high) == pytest.approx((low, high))
    assert interval(found).method is IntervalMethod.BOOTSTRAP


def test_units_stand_for_the_units_that_were_not_drawn() -> None:
    units = sample(10, 20, strata=True)
    doubled = [replace(one, inclusion=1.0) for one in units for _ in range(round(1 / one.inclusion))]
    weighted, plain = quality(units), quality(doubled)
    for name, figure in weighted.figures.items():
        assert value(figure) == pytest.approx(value(plain.figures[name]))
        assert interval(figure).low == pytest.approx(interval(plain.figures[name]).low)
    assert weighted.confusion["1"] == pytest.approx(plain.confusion["1"])
    assert sum(sum(row.values()) for row in weighted.confusion.values()) == pytest.approx(1)
    one, other = calibrated(weighted.calibration), calibrated(plain.calibration)
    assert value(one.ece) == pytest.approx(value(other.ece))
    assert value(risk(weighted).area) == pytest.approx(value(risk(plain).area))


def test_figures_do_not_depend_on_the_order_of_the_units() -> None:
    units = sample(strata=True)
    turned = [units[at] for at in np.random.default_rng(2).permutation(len(units))]
    one, other = quality(units), quality(turned)
    for name, figure in one.figures.items():
        assert value(figure) == pytest.approx(value(other.figures[name]))
        assert interval(figure).high == pytest.approx(interval(other.figures[name]).high)
    assert value(calibrated(one.calibration).ece) == pytest.approx(value(calibrated(other.calibration).ece))
    assert quality(units) == one, "the same seed gives the same figures"


def test_an_ordinal_dimension_has_a_quadratic_kappa_and_a_multi_one_neither() -> None:
    from sklearn.metrics import cohen_kappa_score

    units = sample()
    found = quality(units, dimension(DimensionKind.ORDINAL))
    kappa = cohen_kappa_score([one.truth[0] for one in units], [one.given[0] for one in units], weights="quadratic")
    assert value(found.figures[Figure.KAPPA_QUADRATIC]) == pytest.approx(kappa)
    assert Figure.KAPPA_QUADRATIC not in quality(units).figures
    sets = quality([unit("a", "0 1", "1"), unit("a", "", "2"), unit("b", "1", "1"), unit("b", "", "")], MULTI)
    assert set(sets.figures) == {Figure.MACRO_F1, Figure.MICRO_F1, Figure.ANY_F1}
    assert value(sets.figures[Figure.MACRO_F1]) == pytest.approx((0 + 1 + 0) / 3), "only the machine gave label 2"
    assert value(sets.figures[Figure.MICRO_F1]) == pytest.approx(2 * 2 / (3 + 3))
    assert value(sets.figures[Figure.ANY_F1]) == pytest.approx(2 * 2 / (2 + 3))
    assert (sets.unseen, sets.confusion) == (("2",), {})


# calibration


@given(
    st.lists(st.tuples(st.sampled_from([0, 0.1, 0.25, 0.3, 0.7, 0.99, 1]), st.floats(1, 5)), min_size=1, max_size=60)
)
def test_bins_of_equal_mass_rise_and_never_part_equal_probabilities(rows: list[tuple[float, float]]) -> None:
    chances, weights = map(np.array, zip(*rows, strict=True))
    bins = equal_mass_bins(chances, weights)
    assert set(bins.tolist()) == set(range(bins.max() + 1))
    assert bins.max() < BINS
    order = np.argsort(chances, kind="stable")
    assert (np.diff(bins[order]) >= 0).all()
    assert all(len(set(bins[chances == chance])) == 1 for chance in set(chances))


def test_bins_of_equal_mass_are_of_equal_mass() -> None:
    chances = np.random.default_rng(1).random(1000)
    assert set(np.bincount(equal_mass_bins(chances, np.ones(1000)))) == {100}
    assert equal_width_bins(np.array([0.0, 0.19, 0.2, 1.0]), 5).tolist() == [0, 0, 1, 4]


def test_true_probabilities_are_calibrated_and_overconfident_ones_are_not() -> None:
    units = sample(40, 50)
    honest = calibrated(quality(units).calibration)
    assert len(honest.bins) == BINS
    assert sum(one.units for one in honest.bins) == len(units)
    assert value(honest.ece) < 0.03
    inside = [interval(one.found).low <= one.said <= interval(one.found).high for one in honest.bins]
    assert sum(inside) >= 8
    boasting = [replace(one, probabilities={one.given[0]: 0.99}) for one in units]
    assert value(calibrated(quality(boasting).calibration).ece) > 0.2


def test_calibration_of_a_multi_dimension_is_over_all_labels() -> None:
    units = [
        unit("a", "0", "0", probabilities={"0": 0.9, "1": 0.2, "2": 0.0}),
        unit("b", "", "1", probabilities={"0": 0.1, "1": 0.6, "2": 0.0}),
    ]
    found = calibrated(quality(units, MULTI).calibration)
    assert value(found.brier) == pytest.approx((0.01 + 0.04 + 0 + 0.01 + 0.36 + 0) / 6)
    assert calibration_error(np.empty(0), np.empty(0), np.empty(0, dtype=np.int64)) is None


# selective prediction


def test_risk_at_each_coverage_is_the_share_wrong_among_the_surest() -> None:
    units = sample(10, 30, strata=True)
    found = risk(quality(units))
    assert [one.coverage for one in found.points] == sorted(one.coverage for one in found.points)
    assert found.points[-1].coverage == pytest.approx(1)
    for point in found.points:
        kept = [one for one in units if (one.certainty or 0) >= point.threshold]
        weight = sum(1 / one.inclusion for one in kept)
        wrong = sum(1 / one.inclusion for one in kept if one.truth != one.given)
        assert value(point.risk) == pytest.approx(wrong / weight)
        assert point.coverage == pytest.approx(weight / sum(1 / one.inclusion for one in units))
        assert isinstance(point.upper, float)
        assert point.upper > value(point.risk)


def test_the_area_is_the_mean_risk_over_all_coverages() -> None:
    units = [unit("ab"[at % 2], "1", "1" if at < 5 else "0", certainty=1 - at / 10) for at in range(8)]
    expected = sum(max(kept - 5, 0) / kept for kept in range(1, 9)) / 8
    assert value(risk(quality(units)).area) == pytest.approx(expected)


def test_the_threshold_keeps_as_much_as_stays_below_the_target() -> None:
    units = sample(20, 60)
    found = risk(quality(units, target_risk=0.25))
    chosen = found.chosen
    assert not isinstance(chosen, Refusal)
    at = found.points.index(chosen)
    assert all(isinstance(one.upper, float) and one.upper < 0.25 for one in found.points[: at + 1])
    after = found.points[at + 1].upper
    assert isinstance(after, float)
    assert after >= 0.25
    assert "geen grens" in str(risk(quality(units)).chosen)
    assert "1 %" in str(risk(quality(units, target_risk=0.01)).chosen)


def test_no_mistake_seen_is_not_no_mistake() -> None:
    units = [unit(f"s{at % 10}", "1", "1" if at < 50 else "0", certainty=1 - at / 100) for at in range(100)]
    surest = risk(quality(units)).points[0]
    assert value(surest.risk) == 0
    assert surest.upper == pytest.approx(1 - 0.05 ** (1 / 10)), "ten units without a mistake"


def test_a_share_that_few_units_cannot_show_does_not_keep_more_units_from_showing_it() -> None:
    # 7 of 400 wrong, far apart. The surest 40 could not show less than 5 % wrong even without a mistake.
    wrong = range(93, 400, 47)
    units = [unit(f"s{at % 20}", "1", "0" if at in wrong else "1", certainty=1 - at / 1000) for at in range(400)]
    found = risk(quality(units, target_risk=0.05))
    assert found.points[0].upper >= 0.05
    assert not isinstance(found.chosen, Refusal)
    assert found.chosen.coverage == 1
    assert isinstance(risk(quality(units[:40], target_risk=0.05)).chosen, Refusal)


def test_a_label_that_only_the_machine_gave_counts_in_macro_f1() -> None:
    # scikit-learn: f1_score([0, 0, 1, 1], [0, 1, 2, 1], average="macro") is (2/3 + 1/2 + 0) / 3.
    units = [unit(f"s{at}", truth, given_) for at, (truth, given_) in enumerate(zip("0011", "0121", strict=True))]
    found = quality(units)
    assert value(found.figures[Figure.MACRO_F1]) == pytest.approx((2 / 3 + 1 / 2) / 3)
    assert found.unseen == ("2",)


def test_what_is_no_probability_has_no_bin() -> None:
    with pytest.raises(ValueError, match="probabilities"):
        equal_width_bins(np.array([0.2, math.nan]))


# per level, baselines


def test_every_level_of_a_component_has_its_own_figures() -> None:
    units = sample(10, 20)
    levels = {f"s{at:02}": "ja" if at < 4 else "nee" for at in range(9)}
    found = quality_by_level(units, SINGLE, levels, DESIGN)
    assert list(found) == ["ja", "nee"]
    with_it = found["ja"]
    assert isinstance(with_it, Quality)
    assert (with_it.sessions, with_it.units) == (4, 80)
    assert with_it == quality([one for one in units if one.session < "s04"])


def test_the_majority_is_that_of_the_other_sessions() -> None:
    units = [unit("a", "1", ""), unit("a", "1", ""), unit("b", "0", ""), unit("b", "1", "", 0.1), unit("c", "0", "")]
    assert majority_answers(units) == (("1",), ("1",), ("1",), ("1",), ("1",))
    assert majority_answers(units[:3]) == (("0",), ("0",), ("1",))
    assert majority_answers(units[:2]) == (("1",), ("1",))
    assert majority_answers([]) == ()


def test_a_way_of_answering_without_probabilities_has_the_figures_that_need_none() -> None:
    units = [replace(one, probabilities={}, certainty=None) for one in sample()]
    found = quality(units)
    assert value(found.figures[Figure.MACRO_F1]) > 0
    assert "kans" in str(found.calibration)
    assert "kans" in str(found.labels[0].calibration)
    assert "kans" in str(found.labels[0].figures[LabelFigure.PR_AUC])
    assert "zeker" in str(found.risk_coverage)


# refusals


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"inclusion": 0.0}, "is de trekkingskans"),
        ({"inclusion": math.nan}, "is de trekkingskans"),
        ({"blind": False}, "zag de codeur het machinelabel"),
        ({"out_of_fold": False}, "heeft het model labels van dezelfde sessie"),
        ({"truth": ("9",)}, "passen de labels of kansen niet bij Dimensie"),
        ({"truth": ()}, "passen de labels of kansen niet bij Dimensie"),
        ({"given": ("0", "1")}, "passen de labels of kansen niet bij Dimensie"),
        ({"probabilities": {"0": math.nan}}, "passen de labels of kansen niet bij Dimensie"),
        ({"certainty": math.inf}, "passen de labels of kansen niet bij Dimensie"),
    ],
)
def test_units_that_are_not_fit_are_refused(change: dict[str, Any], said: str) -> None:
    units = sample()
    found = measure_quality([replace(units[0], **change), *units[1:]], SINGLE, DESIGN)
    assert isinstance(found, Refusal)
    assert f"Van 1 uitingen in de steekproef {said}" in found.why
    assert found.cure


def test_an_empty_sample_and_a_session_of_no_site_are_refused() -> None:
    assert isinstance(measure_quality([], SINGLE, DESIGN), Refusal)
    found = measure_quality(sample(2), SINGLE, ResamplingDesign({"s00": "noord"}))
    assert isinstance(found, Refusal)
    assert "s01" in found.why


def test_where_only_one_label_occurs_nothing_is_made_up() -> None:
    found = quality([unit(f"s{at}", "0", "0") for at in range(10)])
    assert "welke sessies ook meedoen" in str(getattr(found.figures[Figure.MACRO_F1], "interval", ""))
    assert all(isinstance(found.figures[name], Refusal) for name in (Figure.KAPPA, Figure.MCC, Figure.ANY_F1))
    silent = quality([unit(f"s{at}", "0", "1") for at in range(10)])
    assert "nooit geantwoord" in str(silent.labels[0].figures[LabelFigure.PRECISION])
    nobody = quality([unit(f"s{at}", "", "") for at in range(10)], MULTI)
    assert all(isinstance(figure, Refusal) for figure in nobody.figures.values())
    assert (nobody.labels, nobody.unseen) == ((), ("0", "1", "2"))


def test_one_session_gives_figures_without_intervals() -> None:
    found = quality(sample(1, 30), target_risk=0.9)
    macro = found.figures[Figure.MACRO_F1]
    assert isinstance(macro, Estimate)
    assert "twee sessies" in str(macro.interval)
    assert isinstance(risk(found).chosen, Refusal)
