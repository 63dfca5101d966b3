"""The specification curve: its rows against other software, its laws, and that a class forbids what it must."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from pipeline.domain.study import Component, ValueType
from pipeline.statistics.effects import BlockFit, CodedComponent, DifferentialError, Effect, code_component, fit_effects
from pipeline.statistics.identification import IdentificationClass, identify
from pipeline.statistics.intervals import Interval
from pipeline.statistics.rates import LabelledSample
from pipeline.statistics.refusal import Refusal
from pipeline.statistics.sensitivity import (
    Layout,
    MachineMeasurement,
    Measurement,
    Scale,
    Specification,
    SpecificationCurve,
    SpecificationRow,
    specification_curves,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

REFERENCE = {
    check["id"]: check
    for check in json.loads((Path(__file__).parent / "data" / "sensitivity.json").read_text(encoding="utf-8"))["checks"]
}
INPUT = REFERENCE["sess32_primary"]["input"]
RATES = np.array(INPUT["theta"])
SITES = tuple(INPUT["site"])
NAMES = tuple(f"s{at}" for at in range(32))
NO_ROUNDS = Layout(NAMES, SITES, (None,) * 32, by_round=False)
TWO_ROUNDS = tuple(1 + at % 2 for at in range(32))


def coded(name: str, values: Sequence[Any], kind: ValueType = ValueType.JA_NEE) -> CodedComponent:
    found = code_component(Component(name, name, kind), values)
    assert isinstance(found, CodedComponent)
    return found


CHOSEN = coded("gespreksleider", [bool(one) for one in INPUT["component"]])
DISCIPLINES = coded("disciplines", INPUT["n_disciplines"], ValueType.AANTAL)
MACHINE = MachineMeasurement(
    variances=np.array(INPUT["v"]),
    labelled_only=RATES + 0.01 * np.sin(np.arange(32)),
    fully_corrected=RATES,
    machine=RATES + 0.05 + 0.04 * CHOSEN.values[:, 0] + 0.01 * np.cos(np.arange(32)),
    eligible=np.array(INPUT["n_utt"], dtype=float),
    hits=np.full(32, math.nan),
    # Of 100 with the label the machine finds 80, of 300 without it is wrong about 30.
    answers=np.tile([[270.0, 30.0], [20.0, 80.0]], (32, 1, 1)),
)
MEASURED = Measurement(RATES, MACHINE)


def curves(
    component: CodedComponent = CHOSEN,
    measurement: Measurement = MEASURED,
    layout: Layout = NO_ROUNDS,
    others: Sequence[CodedComponent] = (),
) -> tuple[SpecificationCurve | Refusal, ...]:
    classed = identify(component.where(np.isfinite(measurement.rates)), layout.sites, layout.blocks)
    return specification_curves(classed, component, measurement, layout, others)


def curve(*args: Any, **more: Any) -> SpecificationCurve:
    (found,) = curves(*args, **more)
    assert isinstance(found, SpecificationCurve), str(found)
    return found


def rows(found: SpecificationCurve, which: Specification) -> list[SpecificationRow]:
    return [row for row in found.rows if row.specification is which]


def effect(found: SpecificationCurve, which: Specification) -> Effect:
    (row,) = rows(found, which)
    assert isinstance(row.effect, Effect), str(row.effect)
    return row.effect


def refusal(found: SpecificationCurve, which: Specification) -> str:
    (row,) = rows(found, which)
    assert isinstance(row.effect, Refusal)
    return str(row.effect)


def test_rows_are_what_other_software_gives() -> None:
    # R 4.2.2: clubSandwich 0.5.8, metafor 3.8.1, pbkrtest 0.5.2.
    found, tolerance = curve(), 1e-6
    cr2 = REFERENCE["sess32_primary"]["output"]["cr2"]
    primary = effect(found, Specification.PRIMARY)
    assert (primary.standard_error, primary.freedom) == pytest.approx((cr2["se"], cr2["df"]), abs=1e-8)
    output = REFERENCE["sess32_metareg"]["output"]
    one = effect(found, Specification.META_REGRESSION)
    values = (one.estimate, one.standard_error, one.freedom, one.lower, one.upper)
    assert values == pytest.approx([output[name] for name in ("b", "se", "df", "ci_lb", "ci_ub")], abs=tolerance)
    output = REFERENCE["sess32_lmer"]["output"]
    one = effect(found, Specification.MIXED_MODEL)
    assert (one.estimate, one.standard_error) == pytest.approx((output["b"], output["se_kr"]), abs=1e-4)
    output = REFERENCE["sess32_fractional_logit"]["output"]
    assert effect(found, Specification.ODDS).estimate == pytest.approx(output["log_odds"], abs=tolerance)


def test_all_of_the_set_is_there_once_and_in_order() -> None:
    found = [row.specification for row in curve().rows]
    assert list(dict.fromkeys(found)) == list(Specification)
    assert found.count(Specification.WITHOUT_SITE) == 4
    assert all(found.count(one) == 1 for one in Specification if one is not Specification.WITHOUT_SITE)


def test_there_is_no_p_value_anywhere_in_a_curve() -> None:
    for row in curve(layout=Layout(NAMES, SITES, TWO_ROUNDS, by_round=False), others=(DISCIPLINES,)).rows:
        assert isinstance(row.effect, Refusal) or (row.effect.p is None and row.effect.t is None)


def test_machine_rows_use_what_they_are_called_after() -> None:
    found = curve()
    for which, values, weights in (
        (Specification.LABELLED_ONLY, MACHINE.labelled_only, None),
        (Specification.NAIVE, MACHINE.machine, None),
        (Specification.BY_LENGTH, RATES, MACHINE.eligible),
    ):
        expected = fit_effects(values, SITES, CHOSEN.values, ["c"], weights=weights)
        assert not isinstance(expected, Refusal)
        assert effect(found, which).estimate == expected.effects[0].estimate
    naive, primary = effect(found, Specification.NAIVE).estimate, effect(found, Specification.PRIMARY).estimate
    assert isinstance(found.differential_error, DifferentialError)
    assert found.differential_error.naive_bias == pytest.approx(naive - primary, abs=1e-12)
    assert found.differential_error.effect.p is not None


def test_leaving_out_is_what_a_study_without_them_gives() -> None:
    found = curve()
    for row in rows(found, Specification.WITHOUT_SITE):
        kept = [at for at in range(32) if SITES[at] != row.detail]
        smaller = fit_effects(RATES[kept], [SITES[at] for at in kept], CHOSEN.values[kept], ["c"])
        assert not isinstance(smaller, Refusal)
        assert row.effect == replace(smaller.effects[0], name="gespreksleider", t=None, p=None)
    estimates = []
    for left_out in range(32):
        kept = [at for at in range(32) if at != left_out]
        smaller = fit_effects(RATES[kept], [SITES[at] for at in kept], CHOSEN.values[kept], ["c"])
        assert not isinstance(smaller, Refusal)
        estimates.append(smaller.effects[0].estimate)
    changes = np.abs(np.array(estimates) - effect(found, Specification.PRIMARY).estimate)
    (row,) = rows(found, Specification.WITHOUT_SESSION)
    assert row.detail == f"s{changes.argmax()}"
    assert effect(found, Specification.WITHOUT_SESSION).estimate == pytest.approx(
        estimates[changes.argmax()], abs=1e-12
    )


def test_the_other_blocks_are_the_other_choice() -> None:
    by_site = curve(layout=Layout(NAMES, SITES, TWO_ROUNDS, by_round=False))
    by_round = curve(layout=Layout(NAMES, SITES, TWO_ROUNDS, by_round=True))
    assert effect(by_site, Specification.OTHER_BLOCKS) == effect(by_round, Specification.PRIMARY)
    assert effect(by_round, Specification.OTHER_BLOCKS) == effect(by_site, Specification.PRIMARY)
    assert [rows(one, Specification.OTHER_BLOCKS)[0].detail for one in (by_site, by_round)] == [
        "werkplaats en ronde",
        "werkplaats",
    ]
    assert "geen rondes" in refusal(curve(), Specification.OTHER_BLOCKS)


def test_adjusting_takes_the_others_along_and_passes_over_the_component_itself() -> None:
    found = curve(others=(CHOSEN, DISCIPLINES))
    expected = fit_effects(RATES, SITES, np.column_stack([CHOSEN.values, DISCIPLINES.values]), ["c", "d"])
    assert not isinstance(expected, Refusal)
    assert effect(found, Specification.ADJUSTED).estimate == expected.effects[0].estimate
    assert rows(found, Specification.ADJUSTED)[0].detail == "disciplines"
    assert "vooraf geen ander kenmerk" in refusal(curve(others=(CHOSEN,)), Specification.ADJUSTED)


def test_no_more_components_are_adjusted_for_than_the_sessions_bear() -> None:
    rng = np.random.default_rng(8)
    others = [
        coded(f"k{at}", np.concatenate([rng.permutation([0, 0, 0, 0, 1, 1, 1, 1]) for _ in range(4)]).tolist(),
              ValueType.AANTAL)
        for at in range(4)
    ]  # fmt: skip
    # (32 − 4) / 8 leaves three.
    assert isinstance(rows(curve(others=others[:3]), Specification.ADJUSTED)[0].effect, Effect)
    assert "passen er 3 andere kenmerken" in refusal(curve(others=others), Specification.ADJUSTED)
    twin = replace(CHOSEN, id="tweeling", contrasts=("tweeling",))
    assert "treden samen op" in refusal(curve(others=(twin,)), Specification.ADJUSTED)


def test_sessions_coded_as_a_whole_are_compared_by_a_logistic_model() -> None:
    rng = np.random.default_rng(11)
    hits = rng.binomial(MACHINE.eligible.astype(int), np.clip(RATES, 0.02, 0.9)).astype(float)
    found = curve(measurement=Measurement(RATES, replace(MACHINE, hits=hits)))
    (row,) = rows(found, Specification.WHOLE_SESSIONS)
    assert row.scale is Scale.LOG_ODDS
    whole, odds = effect(found, Specification.WHOLE_SESSIONS), effect(found, Specification.ODDS)
    assert abs(whole.estimate - odds.estimate) < odds.standard_error
    assert whole.freedom == 32 - 5 - 1
    assert "helemaal blind coderen" in refusal(curve(), Specification.WHOLE_SESSIONS)
    few = np.where(np.arange(32) < 3, hits, math.nan)
    assert refusal(curve(measurement=Measurement(RATES, replace(MACHINE, hits=few))), Specification.WHOLE_SESSIONS)


def test_an_outcome_without_machine_has_no_machine_rows() -> None:
    found = curve(measurement=Measurement(RATES))
    for which in (
        Specification.LABELLED_ONLY,
        Specification.NAIVE,
        Specification.BY_LENGTH,
        Specification.META_REGRESSION,
        Specification.WHOLE_SESSIONS,
        Specification.ROGAN_GLADEN,
    ):
        assert "door mensen gegeven" in refusal(found, which)
    assert found.differential_error is None
    assert effect(found, Specification.MIXED_MODEL) == effect(curve(), Specification.MIXED_MODEL)


def test_a_curve_is_summed_up_by_signs_and_range() -> None:
    found = curve(others=(DISCIPLINES,))
    estimates = [row.effect.estimate for row in found.rows if isinstance(row.effect, Effect)]
    assert (found.compared, found.same_sign) == (len(estimates) - 1, sum(one > 0 for one in estimates) - 1)
    assert f"Van de {found.compared} andere analyses wijzen er {found.same_sign} dezelfde kant op" in found.sentence
    assert isinstance(found.range, Interval)
    assert effect(found, Specification.PRIMARY).estimate in found.range
    assert effect(found, Specification.NAIVE).estimate not in found.range
    assert effect(found, Specification.ROGAN_GLADEN).estimate not in found.range
    assert found.range.high < effect(found, Specification.ODDS).estimate


def test_with_the_component_turned_round_all_signs_turn() -> None:
    turned = coded("gespreksleider", [not one for one in INPUT["component"]])
    for row, opposite in zip(curve().rows, curve(turned).rows, strict=True):
        assert row.detail == opposite.detail
        if isinstance(row.effect, Effect):
            assert isinstance(opposite.effect, Effect)
            assert opposite.effect.estimate == pytest.approx(-row.effect.estimate, abs=1e-7)
            assert opposite.effect.lower == pytest.approx(-row.effect.upper, abs=1e-6)


def test_a_component_that_coincides_with_the_site_has_no_curve() -> None:
    (found,) = curves(coded("aanpak", [site in "AB" for site in SITES]))
    assert isinstance(found, Refusal)
    assert "niet te scheiden" in found.why


def test_a_component_that_coincides_with_the_round_has_no_curve_either() -> None:
    (found,) = curves(
        coded("aanpak", [one == 2 for one in TWO_ROUNDS]), layout=Layout(NAMES, SITES, TWO_ROUNDS, by_round=True)
    )
    assert isinstance(found, Refusal)


def test_class_b_has_a_curve_without_any_test() -> None:
    only = coded("kenmerk", [one == "A" and at % 2 == 0 for at, one in enumerate(SITES)])
    (classed,) = identify(only, SITES, SITES)
    assert classed.letter is IdentificationClass.B
    found = curve(only)
    assert isinstance(found.differential_error, DifferentialError)
    assert found.differential_error.effect.p is None
    without = {row.detail: row.effect for row in rows(found, Specification.WITHOUT_SITE)}
    assert isinstance(without["A"], Refusal)
    assert isinstance(without["B"], Effect)


def test_a_component_of_one_session_is_refused() -> None:
    (found,) = curves(coded("kenmerk", [at == 0 for at in range(32)]))
    assert isinstance(found, Refusal)
    assert "één enkele sessie" in found.why


def test_a_category_has_a_curve_for_every_contrast_of_one_model() -> None:
    levels = np.concatenate([["vrij", "vast", "half", "half", "vast", "vrij", "vrij", "vast"]] * 4)
    values = levels.tolist()
    component = code_component(Component("methode", "Methode", ValueType.CATEGORIE, ("vrij", "vast", "half")), values)
    assert isinstance(component, CodedComponent)
    found = curves(component)
    joint = fit_effects(RATES, SITES, component.values, component.contrasts)
    assert not isinstance(joint, Refusal)
    for one, expected in zip(found, joint.effects, strict=True):
        assert isinstance(one, SpecificationCurve)
        assert effect(one, Specification.PRIMARY) == expected.without_test()


def test_gaps_leave_sessions_out_and_nothing_else() -> None:
    rates = RATES.copy()
    rates[[0, 9]] = math.nan
    kept = [at for at in range(32) if at not in (0, 9)]
    smaller = Layout(tuple(NAMES[at] for at in kept), tuple(SITES[at] for at in kept), (None,) * 30, by_round=False)
    part = MachineMeasurement(**{name: getattr(MACHINE, name)[kept] for name in MachineMeasurement.__slots__})
    found = curve(
        measurement=Measurement(
            rates, replace(MACHINE, labelled_only=np.where(np.isnan(rates), rates, MACHINE.labelled_only))
        )
    )
    expected = curve(replace(CHOSEN, values=CHOSEN.values[kept]), Measurement(rates[kept], part), smaller)
    for which in (
        Specification.PRIMARY,
        Specification.META_REGRESSION,
        Specification.BY_LENGTH,
        Specification.MIXED_MODEL,
    ):
        assert effect(found, which).estimate == pytest.approx(effect(expected, which).estimate, abs=1e-9)


def test_rates_that_are_all_equal_give_reasons_instead_of_numbers() -> None:
    found = curve(measurement=Measurement(np.full(32, 0.2)))
    assert all(isinstance(row.effect, Refusal) for row in found.rows)
    assert (found.compared, found.same_sign, found.range) == (0, 0, None)


def labelled(whole: bool) -> LabelledSample:
    """Make three sessions of forty units; the first is coded as a whole when asked."""
    taken = np.array([40 if whole else 10, 10, 10])
    rng = np.random.default_rng(2)
    return LabelledSample(
        sessions=("c", "a", "b"),
        stratum_session=np.arange(3),
        stratum_kind=np.zeros(3, dtype=np.int64),
        stratum_size=np.full(3, 40),
        stratum_machine=np.array([0.3, 0.4, 0.2]),
        unit_stratum=np.repeat(np.arange(3), taken),
        human=rng.integers(0, 2, taken.sum()).astype(float),
        machine=rng.integers(0, 2, taken.sum()).astype(float),
    )


def test_measurements_stand_beside_the_session_that_they_are_of() -> None:
    sample = labelled(whole=True)
    found = Measurement.of(sample, ("a", "b", "niet gelabeld", "c"))
    assert isinstance(found, Measurement)
    assert found.machine is not None
    assert found.machine.machine[[0, 1, 3]].tolist() == pytest.approx([0.4, 0.2, 0.3])
    assert np.isnan(found.rates).tolist() == [False, False, True, False]
    assert found.machine.hits[3] == pytest.approx(sample.human[:40].sum())
    assert np.isnan(found.machine.hits[:3]).all()


def test_a_sample_without_variance_is_refused() -> None:
    sample = labelled(whole=False)
    one_each = replace(sample, unit_stratum=np.arange(3), human=sample.human[:3], machine=sample.machine[:3])
    assert isinstance(Measurement.of(one_each, ("a", "b", "c")), Refusal)


def test_machine_rates_are_turned_back_per_level_as_a_check_alone() -> None:
    # Without the component .8 and .9, with it .7 and .9.
    answers = np.where(CHOSEN.values[:, :, None] == 1, [[270.0, 30.0], [30.0, 70.0]], MACHINE.answers)
    found = curve(measurement=Measurement(RATES, replace(MACHINE, answers=answers)))
    skill = np.where(CHOSEN.values[:, 0] == 1, 0.6, 0.7)
    expected = fit_effects((MACHINE.machine - 0.1) / skill, SITES, CHOSEN.values, ["k"])
    assert isinstance(expected, BlockFit)
    assert effect(found, Specification.ROGAN_GLADEN).estimate == pytest.approx(expected.effects[0].estimate)
    assert "alleen ter controle" in Specification.ROGAN_GLADEN
    assert "getal" in refusal(curve(DISCIPLINES), Specification.ROGAN_GLADEN)
    silent = replace(MACHINE, answers=np.full((32, 2, 2), 10.0))
    assert "vrijwel niets" in refusal(curve(measurement=Measurement(RATES, silent)), Specification.ROGAN_GLADEN)
