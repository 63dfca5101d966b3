"""Random-intercept models: against lme4 and its companions, by their laws, and where they are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.statistics.effects import fit_effects
from pipeline.statistics.mixed import RandomIntercept, RandomLogit, fit_random_intercept, fit_random_logit
from pipeline.statistics.refusal import Refusal

REFERENCE = {
    check["id"]: check
    for check in json.loads((Path(__file__).parent / "data" / "sensitivity.json").read_text(encoding="utf-8"))["checks"]
}
SESSIONS = REFERENCE["sess32_primary"]["input"]
RATES, CHOSEN = np.array(SESSIONS["theta"]), np.array(SESSIONS["component"], dtype=float)[:, None]


def linear(outcome: Any, groups: Any, columns: Any) -> RandomIntercept:
    names = [f"c{at}" for at in range(columns.shape[1])]
    found = fit_random_intercept(np.asarray(outcome), groups, columns, names)
    assert isinstance(found, RandomIntercept), str(found)
    return found


def herds() -> tuple[Any, Any, list[str], Any]:
    table = REFERENCE["cbpp_glmer"]["input"]
    periods = np.array(table["period"])
    design = np.column_stack([np.ones(len(periods)), *((periods == number).astype(float) for number in (2, 3, 4))])
    return (
        np.array(table["incidence"], float),
        np.array(table["size"], float),
        [str(one) for one in table["herd"]],
        design,
    )


def logit(hits: Any, totals: Any, groups: Any, design: Any) -> RandomLogit:
    found = fit_random_logit(hits, totals, groups, design)
    assert isinstance(found, RandomLogit), str(found)
    return found


def test_the_linear_model_is_that_of_lmer_with_pbkrtest() -> None:
    # R 4.2.2, lmerTest 3.1.3, pbkrtest 0.5.2; the tolerance is that of the check, what is found agrees to 1e-6.
    check = REFERENCE["sess32_lmer"]
    found, output = linear(RATES, SESSIONS["site"], CHOSEN), check["output"]
    (effect,) = found.effects
    values = (effect.estimate, effect.standard_error, effect.freedom, effect.p, *found.plain_errors)
    expected = [output[name] for name in ("b", "se_kr", "df_kr", "p_kr", "se")]
    assert values == pytest.approx(expected, abs=check["abs_tol"])
    assert values == pytest.approx(expected, abs=2e-6)
    deviations = (found.group_deviation, found.residual_deviation)
    assert deviations == pytest.approx((output["sd_site"], output["sd_resid"]), abs=check["abs_tol"])


def test_the_logistic_model_is_that_of_glmer() -> None:
    # R 4.2.2, lme4 1.1.31, adaptive quadrature with 9 points; ours has 15.
    check = REFERENCE["cbpp_glmer"]
    found, output = logit(*herds()), check["output"]["aghq9"]
    assert found.coefficients == pytest.approx(list(output["fixef"].values()), abs=check["abs_tol"])
    assert found.errors == pytest.approx(list(output["se"].values()), abs=check["abs_tol"])
    assert found.group_deviation == pytest.approx(output["sd_herd"], abs=check["abs_tol"])
    assert found.freedom == 15 - 4 - 1


def test_in_a_balanced_study_the_linear_model_gives_what_blocks_give() -> None:
    # With half of every site, the random intercept adds nothing to the comparison within sites.
    rng = np.random.default_rng(3)
    component = np.tile([0.0, 1.0], 16)[:, None]
    sites = [f"s{at // 8}" for at in range(32)]
    rates = rng.normal(0, 0.1, 4)[np.arange(32) // 8] + 0.05 * component[:, 0] + rng.normal(0, 0.05, 32)
    within = fit_effects(rates, sites, component, ["c"])
    assert not isinstance(within, Refusal)
    (effect,) = linear(rates, sites, component).effects
    assert effect.estimate == pytest.approx(within.effects[0].estimate, abs=1e-9)
    assert effect.freedom == pytest.approx(27, abs=1e-3)


def test_sites_that_do_not_differ_leave_plain_regression() -> None:
    rng = np.random.default_rng(5)
    component = rng.permutation(np.tile([0.0, 1.0], 16))[:, None]
    rates = rng.normal(0, 0.05, 32)
    rates -= np.repeat(rates.reshape(4, 8).mean(axis=1), 8)
    found = linear(rates, [f"s{at // 8}" for at in range(32)], component)
    ones = fit_effects(rates, ["all"] * 32, component, ["c"])
    assert not isinstance(ones, Refusal)
    assert found.group_deviation == 0
    assert found.effects[0].estimate == pytest.approx(ones.effects[0].estimate, abs=1e-12)


@pytest.mark.parametrize("order_seed", [1, 2])
def test_order_and_names_do_not_matter(order_seed: int) -> None:
    order = np.random.default_rng(order_seed).permutation(32)
    renamed = [f"x{SESSIONS['site'][at]}" for at in order]
    found, plain = linear(RATES[order], renamed, CHOSEN[order]), linear(RATES, SESSIONS["site"], CHOSEN)
    assert found.effects[0].estimate == pytest.approx(plain.effects[0].estimate, abs=1e-8)
    hits, totals, groups, design = herds()
    order = np.random.default_rng(order_seed).permutation(len(hits))
    other = logit(hits[order], totals[order], [f"x{groups[at]}" for at in order], design[order])
    assert other.coefficients == pytest.approx(logit(hits, totals, groups, design).coefficients, abs=1e-4)


def test_the_opposite_label_turns_signs_round() -> None:
    hits, totals, groups, design = herds()
    found, opposite = logit(hits, totals, groups, design), logit(totals - hits, totals, groups, design)
    assert opposite.coefficients == pytest.approx([-one for one in found.coefficients], abs=1e-4)
    assert opposite.errors == pytest.approx(found.errors, abs=1e-4)


@pytest.mark.parametrize(
    ("outcome", "groups", "columns"),
    [
        (RATES, ["een"] * 32, CHOSEN),
        (RATES, [str(at) for at in range(32)], CHOSEN),
        (RATES, SESSIONS["site"], np.ones((32, 1))),
        (RATES, SESSIONS["site"], np.column_stack([CHOSEN, CHOSEN])),
        (RATES[:2], ["a", "b"], np.array([[0.0], [1.0]])),
        (np.full(32, 0.2), SESSIONS["site"], CHOSEN),
        (np.array([]), [], np.zeros((0, 1))),
    ],
    ids=["one site", "a site a session", "constant", "twice the same", "too few", "all equal", "nothing"],
)
def test_what_a_linear_model_cannot_tell_is_refused(outcome: Any, groups: Any, columns: Any) -> None:
    names = [f"c{at}" for at in range(columns.shape[1])]
    assert isinstance(fit_random_intercept(outcome, groups, columns, names), Refusal)


def test_what_a_logistic_model_cannot_tell_is_refused() -> None:
    totals, sessions = np.full(12, 300.0), [str(at) for at in range(12)]
    with_it = np.repeat([0.0, 1.0], 6)
    design = np.column_stack([np.ones(12), with_it])
    some = np.random.default_rng(1).integers(20, 60, 12).astype(float)
    for hits, columns in (
        (np.zeros(12), design),
        (totals, design),
        (totals * with_it, design),
        (some, np.column_stack([design, with_it])),
    ):
        assert isinstance(fit_random_logit(hits, totals, sessions, columns), Refusal)
    assert isinstance(fit_random_logit(some[:3], totals[:3], sessions[:3], design[4:7]), Refusal)
    assert isinstance(fit_random_logit(some, totals, sessions, design), RandomLogit)


def test_rates_that_follow_from_site_and_component_have_no_uncertainty_to_estimate() -> None:
    exact = CHOSEN[:, 0] * 0.1 + np.array([{"A": 0.1, "B": 0.2, "C": 0.3, "D": 0.5}[one] for one in SESSIONS["site"]])
    found = fit_random_intercept(exact, SESSIONS["site"], CHOSEN, ["k"])
    assert isinstance(found, Refusal)
    assert "binnen werkplaatsen" in found.why


def test_a_missing_number_is_refused() -> None:
    gap = np.where(np.arange(32) == 3, np.nan, RATES)
    hits, totals, groups, design = herds()
    for found in (
        fit_random_intercept(gap, SESSIONS["site"], CHOSEN, ["k"]),
        fit_random_logit(np.where(np.arange(len(hits)) == 1, np.nan, hits), totals, groups, design),
    ):
        assert isinstance(found, Refusal)
        assert "ontbreekt" in found.why


def test_the_unit_of_a_number_does_not_change_what_the_logit_says_of_it() -> None:
    rng = np.random.default_rng(1)
    sites, number = np.repeat(np.arange(4), 5), rng.normal(size=20)
    totals = rng.integers(300, 900, 20).astype(float)
    hits = rng.binomial(totals.astype(int), 1 / (1 + np.exp(1.5 - 0.3 * number + 0.35 * rng.normal(size=20)))).astype(
        float
    )
    dummies = (sites[:, None] == np.arange(4)).astype(float)
    groups = [f"s{at}" for at in range(20)]
    near = logit(hits, totals, groups, np.column_stack([dummies, number]))
    far = logit(hits, totals, groups, np.column_stack([dummies, number * 1e4 + 3e4]))
    assert far.coefficients[-1] * 1e4 == pytest.approx(near.coefficients[-1], rel=1e-4)
    assert far.errors[-1] * 1e4 == pytest.approx(near.errors[-1], rel=1e-4)
