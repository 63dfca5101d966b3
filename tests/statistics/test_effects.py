"""Effects of components: against other software and brute force, what must not change them, and what is refused."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.study import Component, ValueType
from pipeline.statistics.effects import (
    BlockFit,
    CodedComponent,
    Effect,
    GroupSummary,
    HedgesG,
    OddsFit,
    code_component,
    design_freedom,
    differential_error,
    fit_effects,
    fit_odds,
    hedges_correction,
    hedges_g,
    standardised_difference,
    true_spread,
)
from pipeline.statistics.permutation import (
    PermutationTest,
    arrange,
    permutation_interval,
    permutation_test,
    smallest_attainable_p,
)
from pipeline.statistics.rates import WHOLE_CORRECTION, LabelledSample, SessionRates, corrected_rates
from pipeline.statistics.refusal import Refusal

REFERENCE = {
    check["id"]: check
    for check in json.loads((Path(__file__).parent / "data" / "effects.json").read_text(encoding="utf-8"))["checks"]
}
PRIMARY = REFERENCE["sess32_primary"]
RATES = np.array(PRIMARY["input"]["theta"])
SITES = PRIMARY["input"]["site"]
CHOSEN = np.array(PRIMARY["input"]["component"], dtype=float)
DISCIPLINES = np.array(PRIMARY["input"]["n_disciplines"], dtype=float)


def fit(rates: Any, blocks: Any, components: Any, **more: Any) -> BlockFit:
    columns = np.asarray(components, dtype=float).reshape(len(blocks), -1)
    found = fit_effects(
        np.asarray(rates, dtype=float), blocks, columns, [f"c{at}" for at in range(columns.shape[1])], **more
    )
    assert isinstance(found, BlockFit)
    return found


def effect(rates: Any, blocks: Any, components: Any, **more: Any) -> Effect:
    return fit(rates, blocks, components, **more).effects[0]


def permuted(rates: Any, blocks: Any, components: Any, seed: int = 1, draws: int = 999) -> PermutationTest:
    columns = np.asarray(components, dtype=float).reshape(len(blocks), -1)
    found = permutation_test(np.asarray(rates, dtype=float), blocks, columns, seed=seed, draws=draws)
    assert isinstance(found, PermutationTest)
    return found


def in_full(rates: Any, blocks: Any, components: Any, weights: Any = None) -> tuple[Any, Any, Any]:
    """Fit with explicit dummies, HC2 and Bell-McCaffrey written out: estimates, covariance, degrees of freedom."""
    columns = np.asarray(components, dtype=float).reshape(len(blocks), -1)
    names = sorted(set(blocks))
    design = np.column_stack([[float(block == name) for block in blocks] for name in names] + list(columns.T))
    roots = np.sqrt(np.ones(len(blocks)) if weights is None else np.asarray(weights))
    design, outcome = design * roots[:, None], np.asarray(rates) * roots
    inverse = np.linalg.inv(design.T @ design)
    hat = design @ inverse @ design.T
    estimates = inverse @ design.T @ outcome
    squares = (outcome - design @ estimates) ** 2 / (1 - np.diag(hat))
    covariance = inverse @ design.T @ np.diag(squares) @ design @ inverse
    freedom = []
    for at in range(len(names), design.shape[1]):
        pulls = design @ inverse[:, at] / np.sqrt(1 - np.diag(hat))
        spread = (np.eye(len(hat)) - hat) @ np.diag(pulls)
        values = np.linalg.eigvalsh(spread.T @ spread)
        freedom.append(values.sum() ** 2 / (values**2).sum())
    return estimates[len(names) :], covariance[len(names) :, len(names) :], np.array(freedom)


def test_the_primary_analysis_is_that_of_clubsandwich() -> None:
    # R 4.2.2, clubSandwich 0.5.8.
    found, output, tolerance = effect(RATES, SITES, CHOSEN), PRIMARY["output"], PRIMARY["abs_tol"]
    assert found.estimate == pytest.approx(output["b"], abs=tolerance)
    assert found.standard_error == pytest.approx(output["cr2"]["se"], abs=tolerance)
    assert found.t == pytest.approx(output["cr2"]["t"], abs=tolerance)
    assert found.freedom == pytest.approx(output["cr2"]["df"], abs=tolerance)
    assert found.p == pytest.approx(output["cr2"]["p"], abs=tolerance)
    assert (found.lower, found.upper) == pytest.approx((output["cr2"]["ci_lb"], output["cr2"]["ci_ub"]), abs=tolerance)


def test_leverages_give_the_other_standard_errors_of_sandwich_too() -> None:
    found, errors = fit(RATES, SITES, CHOSEN), PRIMARY["output"]["se"]
    own = found.influence[:, 0] ** 2 * (1 - found.leverages)
    assert np.sqrt(own.sum()) == pytest.approx(errors["HC0"], abs=1e-8)
    assert np.sqrt((own / (1 - found.leverages) ** 2).sum()) == pytest.approx(errors["HC3"], abs=1e-8)
    assert found.residual_freedom == PRIMARY["output"]["residual_df"]


def test_odds_are_those_of_clubsandwich() -> None:
    # R 4.2.2, glm with quasibinomial family, clubSandwich 0.5.8.
    check = REFERENCE["sess32_fractional_logit"]
    found = fit_odds(RATES, SITES, CHOSEN[:, None], ["component"])
    assert isinstance(found, OddsFit)
    one, output = found.effects[0], check["output"]
    values = (one.log_odds.estimate, one.odds_ratio, one.log_odds.standard_error, one.average_difference)
    expected = [output[name] for name in ("log_odds", "odds_ratio", "se", "ame")]
    assert values == pytest.approx(expected, abs=check["abs_tol"])
    # R stops iterating a little earlier, which moves its degrees of freedom by 7e-7.
    assert one.log_odds.freedom == pytest.approx(output["df"], abs=check["abs_tol"])
    own = found.influence[:, 0] ** 2 * (1 - found.leverages)
    assert np.sqrt(own.sum()) == pytest.approx(output["hc0_se"], abs=check["abs_tol"])


def test_the_permutation_test_is_that_of_coin() -> None:
    # R 4.2.2, coin 1.4.2 and an enumeration in base R.
    check = REFERENCE["perm_stratified_exact"]
    table = check["input"]
    found = permuted(table["y"], [str(site) for site in table["site"]], table["D"])
    assert found.p == pytest.approx(check["output"]["p_two_sided"], abs=check["abs_tol"])
    assert (found.possible, found.arrangements, found.exact) == (216, 216, True)
    assert found.smallest_p == found.p == 2 / 216


def test_hedges_g_is_that_of_metafor_and_effectsize() -> None:
    # R 4.2.2, metafor 3.8.1, effectsize 0.8.3.
    check = REFERENCE["hedges_g"]
    table, output, tolerance = check["input"], check["output"], check["abs_tol"]
    one, other = (GroupSummary(*row) for row in zip(table["m"], table["sd"], table["n"], strict=True))
    found = hedges_g(one, other)
    assert isinstance(found, HedgesG)
    expected = [output[name] for name in ("d", "J_exact", "g", "v_LS", "v_UB")]
    assert (found.d, found.correction, found.g, found.variance, found.unbiased_variance) == pytest.approx(
        expected, abs=tolerance
    )
    assert hedges_correction(10) == pytest.approx(output["J10"], abs=tolerance)
    raw = hedges_g(GroupSummary.of(np.array(table["x1"])), GroupSummary.of(np.array(table["x2"])))
    assert isinstance(raw, HedgesG)
    assert (raw.g, raw.lower, raw.upper) == pytest.approx((output["raw_g"], *output["raw_ci"]), abs=tolerance)


@st.composite
def studies(draw: st.DrawFn, columns: int = 1) -> tuple[Any, list[str], Any]:
    """Draw rates, blocks of different sizes and components that vary within several of them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    counts = draw(st.lists(st.integers(4, 9), min_size=2, max_size=5))
    blocks = [f"b{at}" for at, count in enumerate(counts) for _ in range(count)]
    components = np.column_stack(
        [
            np.concatenate([rng.permutation([0, 0, 1, 1, *rng.integers(0, 2, count - 4)]) for count in counts])
            for _ in range(columns)
        ]
    ).astype(float)
    return rng.random(len(blocks)) * rng.choice([0.1, 1, 30]), blocks, components


@settings(max_examples=40, deadline=None)
@given(study=studies())
def test_a_fit_is_what_explicit_dummies_give(study: tuple[Any, list[str], Any]) -> None:
    rates, blocks, components = study
    found, (estimates, covariance, freedom) = effect(rates, blocks, components), in_full(rates, blocks, components)
    assert found.estimate == pytest.approx(estimates[0], rel=1e-9, abs=1e-12)
    assert found.standard_error == pytest.approx(np.sqrt(covariance[0, 0]), rel=1e-9)
    assert found.freedom == pytest.approx(freedom[0], rel=1e-9)
    assert design_freedom(blocks, components) == pytest.approx(freedom, rel=1e-9)


def test_several_components_and_weights_are_what_explicit_dummies_give() -> None:
    both, weights = np.column_stack([CHOSEN, DISCIPLINES]), np.array(PRIMARY["input"]["n_utt"], dtype=float)
    for given_weights in (None, weights):
        found, (estimates, covariance, freedom) = (
            fit(RATES, SITES, both, weights=given_weights),
            in_full(RATES, SITES, both, given_weights),
        )
        assert [one.estimate for one in found.effects] == pytest.approx(estimates, rel=1e-9)
        assert found.covariance == pytest.approx(covariance, rel=1e-9)
        assert [one.freedom for one in found.effects] == pytest.approx(freedom, rel=1e-9)
    assert found.binary.tolist() == [True, False]


def test_the_estimate_is_the_mean_difference_weighted_as_the_report_says() -> None:
    weighted, weight = 0.0, 0.0
    for site in "ABCD":
        here = np.array([one == site for one in SITES])
        share = CHOSEN[here].mean()
        difference = RATES[here & (CHOSEN == 1)].mean() - RATES[here & (CHOSEN == 0)].mean()
        weighted += here.sum() * share * (1 - share) * difference
        weight += here.sum() * share * (1 - share)
    assert effect(RATES, SITES, CHOSEN).estimate == pytest.approx(weighted / weight, abs=1e-14)


def test_balanced_blocks_have_the_degrees_of_freedom_of_pooled_variances() -> None:
    # With 4 blocks of 4 + 4 all leverages are equal, and (6) becomes sessions minus blocks minus 1.
    assert design_freedom(["a", "b", "c", "d"] * 8, np.repeat([0.0, 1.0], 16)[:, None]) == pytest.approx([27])


@settings(max_examples=40, deadline=None)
@given(study=studies(), seed=st.integers(0, 1000), scale=st.floats(0.1, 50), shift=st.floats(-5, 5))
def test_names_order_level_and_unit_do_not_matter(
    study: tuple[Any, list[str], Any], seed: int, scale: float, shift: float
) -> None:
    rates, blocks, components = study
    before = effect(rates, blocks, components)
    order = np.random.default_rng(seed).permutation(len(blocks))
    renamed = [f"{9 - int(blocks[at][1])}" for at in order]
    after = effect(rates[order] * scale + shift, renamed, components[order])
    assert after.estimate == pytest.approx(before.estimate * scale, rel=1e-8, abs=1e-9)
    assert (after.standard_error, after.freedom) == pytest.approx(
        (before.standard_error * scale, before.freedom), rel=1e-7
    )
    turned = effect(rates, blocks, 1 - components)
    assert turned.estimate == pytest.approx(-before.estimate, abs=1e-12)
    assert turned.p == pytest.approx(before.p, rel=1e-9)


@settings(max_examples=25, deadline=None)
@given(study=studies(), seed=st.integers(0, 1000))
def test_drawn_permutations_too_do_not_depend_on_order_names_or_which_value_is_one(
    study: tuple[Any, list[str], Any], seed: int
) -> None:
    rates, blocks, components = study
    rates = np.round(rates, 1)  # ties, as self-reported scores have
    rates[0] += 1e-3
    before = permuted(rates, blocks, components)
    order = np.random.default_rng(seed).permutation(len(blocks))
    renamed = [f"{9 - int(blocks[at][1])}" for at in order]
    assert permuted(rates[order], renamed, components[order]).p == before.p
    if fit(rates, blocks, components).effects[0].estimate != 0:
        assert permuted(rates, blocks, 1 - components).p == before.p


def test_an_effect_that_is_subtracted_is_gone() -> None:
    found = effect(RATES, SITES, CHOSEN)
    left = effect(RATES - found.estimate * CHOSEN, SITES, CHOSEN)
    assert left.estimate == pytest.approx(0, abs=1e-15)
    assert left.standard_error == pytest.approx(found.standard_error)
    assert left.p == pytest.approx(1)


def test_blocks_of_one_session_and_missing_values_are_left_out_and_counted() -> None:
    rates = np.append(RATES, [0.9, np.nan, 0.4])
    components = np.append(CHOSEN, [1.0, 1.0, np.nan])
    found = fit(rates, [*SITES, "E", "A", "B"], components)
    assert (found.missing, found.lone_blocks, found.blocks) == (2, ("E",), 4)
    assert found.used.tolist() == [True] * 32 + [False] * 3
    assert found.effects[0].estimate == pytest.approx(PRIMARY["output"]["b"], abs=1e-8)


@pytest.mark.parametrize(
    ("rates", "blocks", "component", "why"),
    [
        ([], [], [], "geen werkplaats"),
        ([0.1, 0.2, 0.3], ["a", "b", "c"], [0, 1, 0], "geen werkplaats"),
        ([np.nan] * 4, ["a"] * 4, [0, 1, 0, 1], "geen werkplaats"),
        ([0.1, 0.2, 0.3, 0.4], ["a", "a", "b", "b"], [0, 0, 1, 1], "verschilt niet binnen"),
        ([0.1, 0.2, 0.3, 0.4], ["a"] * 4, [0.3] * 4, "verschilt niet binnen"),
        ([0.1] * 4, ["a"] * 4, [0, 1, 0, 1], "hetzelfde cijfer"),
        ([0.0] * 4, ["a"] * 4, [0, 1, 0, 1], "hetzelfde cijfer"),
        ([0.1 + 0.2, 0.3, 0.3, 0.3], ["a"] * 4, [0, 1, 0, 1], "hetzelfde cijfer"),
        ([0.1, 0.4, 0.1, 0.4], ["a"] * 4, [0, 1, 0, 1], "geen enkele spreiding"),
        ([0.1, 0.4, 0.2, 0.3], ["a"] * 4, [0, 1, 0, 0], "één enkele sessie"),
    ],
)
def test_what_cannot_be_fitted_is_refused_with_a_reason(
    rates: list[float], blocks: list[str], component: list[float], why: str
) -> None:
    columns = np.array(component, dtype=float).reshape(-1, 1)
    values = np.array(rates, dtype=float)
    for found in (
        fit_effects(values, blocks, columns, ["c"]),
        permutation_test(values, blocks, columns, seed=1),
        permutation_interval(values, blocks, columns[:, 0], seed=1),
    ):
        assert isinstance(found, Refusal)
        assert why in found.why
        assert found.cure.endswith(".")


def test_components_that_follow_from_each_other_are_refused_together() -> None:
    found = fit_effects(RATES, SITES, np.column_stack([CHOSEN, 3 - 2 * CHOSEN]), ["een", "ander"])
    assert isinstance(found, Refusal)
    assert "treden samen op" in found.why


def test_a_number_has_its_effect_per_unit_that_was_asked_for() -> None:
    minutes = Component("duur", "Duur", ValueType.GETAL)
    values = [*(int(number) * 10 for number in DISCIPLINES[:-1]), None]
    one, quarter = code_component(minutes, values), code_component(minutes, values, per=15)
    assert isinstance(one, CodedComponent)
    assert isinstance(quarter, CodedComponent)
    assert math.isnan(one.values[-1, 0])
    assert quarter.per == 15
    assert effect(RATES, SITES, quarter.values).estimate == pytest.approx(
        15 * effect(RATES, SITES, one.values).estimate
    )


def test_a_category_is_set_against_its_first_declared_value_that_occurs() -> None:
    way = Component("werkwijze", "Werkwijze", ValueType.CATEGORIE, ("vrij", "vast", "los", "anders"))
    found = code_component(way, ["los", "anders", None, "vast", "nieuw"])
    assert isinstance(found, CodedComponent)
    assert (found.reference, found.contrasts) == ("vast", ("los", "anders", "nieuw"))
    assert found.values[[0, 1, 3, 4]].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]]
    assert np.isnan(found.values[2]).all()
    one = code_component(way, ["los", "los"])
    assert isinstance(one, CodedComponent)
    assert (one.reference, one.contrasts, one.values.tolist()) == (None, ("los",), [[1], [1]])


@pytest.mark.parametrize(
    ("kind", "values", "why"),
    [
        (ValueType.TEKST, ["iets"], "vrije tekst"),
        (ValueType.JA_NEE, [None, None], "geen enkele sessie"),
        (ValueType.GETAL, [1.0, math.nan], "geen getal"),
        (ValueType.GETAL, [1.0, math.inf], "geen getal"),
    ],
)
def test_values_that_cannot_be_compared_are_refused(kind: ValueType, values: list[Any], why: str) -> None:
    found = code_component(Component("k", "K", kind), values)
    assert isinstance(found, Refusal)
    assert why in found.why


def test_yes_and_no_become_one_and_nought_and_unknown_sessions_drop_out() -> None:
    found = code_component(Component("k", "K", ValueType.JA_NEE), [True, False, None])
    assert isinstance(found, CodedComponent)
    assert found.values[:2].tolist() == [[1], [0]]
    assert np.isnan(found.where(np.array([False, True, True])).values[[0, 2]]).all()


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), values=st.sampled_from([[0, 0, 1, 1], [0, 0, 0, 1], [1, 2, 2, 4]]))
def test_all_arrangements_are_tried_as_a_plain_count_over_them_does(seed: int, values: list[int]) -> None:
    rng = np.random.default_rng(seed)
    rates, blocks = rng.random(8), ["a"] * 4 + ["b"] * 4
    component = np.concatenate([rng.permutation(values), [0, 0, 1, 1]]).astype(float)
    statistic = {}
    for one, other in itertools.product(
        set(itertools.permutations(component[:4])), set(itertools.permutations(component[4:]))
    ):
        estimates, covariance, _ = in_full(rates, blocks, [*one, *other])
        statistic[one + other] = abs(estimates[0]) / np.sqrt(covariance[0, 0])
    reached = sum(value >= statistic[tuple(component)] * (1 - 1e-9) for value in statistic.values())
    found = permuted(rates, blocks, component)
    assert found.statistic == pytest.approx(statistic[tuple(component)], rel=1e-9)
    assert (found.possible, found.exact) == (len(statistic), True)
    assert found.p == pytest.approx(reached / len(statistic))
    assert found.p >= found.smallest_p


def test_all_arrangements_are_different_and_stay_in_their_block() -> None:
    blocks = ["a", "b", "a", "b", "a", "c", "b", "a", "c"]
    rows = np.array([0, 1, 1, 1, 2, 0, 0, 2, 0], dtype=float)[:, None]
    found = arrange(blocks, rows, seed=1)
    assert (found.exact, found.possible) == (True, 12 * 3)
    dealt = rows[found.order, 0]
    assert len({tuple(row) for row in dealt.tolist()}) == 36
    for block in "abc":
        here = [at for at, name in enumerate(blocks) if name == block]
        assert (np.sort(dealt[:, here]) == np.sort(rows[here, 0])).all()


def test_random_arrangements_stay_in_their_block_and_are_fair() -> None:
    blocks = ["b", "a"] * 10
    found = arrange(blocks, np.arange(20.0)[:, None], seed=3, draws=4000)
    assert (found.exact, found.order.shape) == (False, (4000, 20))
    for place in (0, 7):
        came = np.bincount(found.order[:, place], minlength=20)
        assert set(np.flatnonzero(came).tolist()) == set(range(place % 2, 20, 2))
        assert abs(came[came > 0] - 400).max() < 4 * 19


def test_where_there_are_many_arrangements_random_ones_give_about_the_same_p() -> None:
    rng = np.random.default_rng(3)
    rates, blocks, component = rng.random(16), ["a"] * 8 + ["b"] * 8, np.tile([0.0, 1.0], 8)
    exact = permuted(rates, blocks, component)
    assert (exact.exact, exact.possible) == (True, 4900)
    more = permuted(
        np.append(rates, [0.4, 0.5] * 3), [*blocks, *"ccddee"], np.append(component, [0, 1] * 3), draws=9999
    )
    again = permuted(np.append(rates, [0.4, 0.5] * 3), [*blocks, *"ccddee"], np.append(component, [0, 1] * 3), 2, 9999)
    assert (more.exact, more.arrangements) == (False, 9999)
    assert more.p != again.p
    assert more.p == pytest.approx(again.p, abs=5 * np.sqrt(more.p * (1 - more.p) / 9999) * np.sqrt(2))


def test_p_is_never_nought_and_the_same_seed_gives_the_same() -> None:
    rates = RATES + 10 * CHOSEN
    found = permuted(rates, SITES, CHOSEN)
    assert found.p >= found.smallest_p == 1 / 1000
    assert permuted(rates, SITES, CHOSEN) == found


def test_under_no_effect_p_is_uniform_over_the_arrangements() -> None:
    # Exactness by construction: averaged over all arrangements, p <= alpha in at most alpha of them.
    rng = np.random.default_rng(11)
    rates, blocks = rng.gamma(1, size=8), ["a"] * 4 + ["b"] * 4
    halves = [halve for halve in itertools.product((0.0, 1.0), repeat=4) if sum(halve) == 2]
    found = [permuted(rates, blocks, [*one, *other]).p for one, other in itertools.product(halves, halves)]
    for level in (0.1, 0.25, 0.5):
        assert np.mean(np.array(found) <= level + 1e-12) <= level + 1e-12


def test_a_category_is_tested_as_a_whole_and_its_reference_does_not_matter() -> None:
    rng = np.random.default_rng(4)
    values, blocks = np.array([0, 1, 2, 0, 1, 2] * 2), ["a"] * 6 + ["b"] * 6
    rates = rng.random(12)
    columns = {level: (values == level).astype(float) for level in range(3)}
    one = permuted(rates, blocks, np.column_stack([columns[1], columns[2]]))
    other = permuted(rates, blocks, np.column_stack([columns[0], columns[1]]))
    assert (one.possible, one.exact) == (90 * 90, True)
    assert one.p == other.p
    assert one.statistic == pytest.approx(other.statistic)
    estimates, covariance, _ = in_full(rates, blocks, np.column_stack([columns[1], columns[2]]))
    assert one.statistic == pytest.approx(estimates @ np.linalg.solve(covariance, estimates))


def test_the_smallest_p_follows_from_the_design() -> None:
    halves, uneven = [0, 0, 1, 1] * 2, [0, 0, 0, 1, 0, 1, 1, 1]
    blocks = ["a"] * 4 + ["b"] * 4
    assert smallest_attainable_p(blocks, np.array(halves, dtype=float)[:, None]) == 2 / 36
    assert smallest_attainable_p(blocks, np.array(uneven, dtype=float)[:, None]) == 1 / 16
    assert smallest_attainable_p(blocks, np.array([0, 0, 1, 1, 1, 1, 1, 1], dtype=float)[:, None]) == 2 / 6
    assert smallest_attainable_p(blocks, np.array([1, 2, 3, 4, 5, 5, 5, 5], dtype=float)[:, None]) == 2 / 24
    assert isinstance(smallest_attainable_p(blocks, np.zeros((8, 1))), Refusal)


@pytest.mark.parametrize("seed", range(4))
def test_the_ends_of_the_interval_are_where_the_test_turns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    blocks, component = ["a"] * 4 + ["b"] * 4 + ["c"] * 4, np.array([0, 0, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1.0])
    rates = rng.random(12) + 0.5 * component
    found = permutation_interval(rates, blocks, component, seed=1)
    assert isinstance(found, tuple)
    for end, outward in zip(found, (-1, 1), strict=True):
        inside = permuted(rates - (end - outward * 1e-9) * component, blocks, component)
        outside = permuted(rates - (end + outward * 1e-6) * component, blocks, component)
        assert inside.p > 0.05 >= outside.p
    assert found[0] < effect(rates, blocks, component).estimate < found[1]


def test_the_interval_of_many_sessions_is_close_to_that_of_t() -> None:
    found, of_t = permutation_interval(RATES, SITES, CHOSEN, seed=5), effect(RATES, SITES, CHOSEN)
    assert isinstance(found, tuple)
    assert found == pytest.approx((of_t.lower, of_t.upper), abs=0.004)


def test_with_few_arrangements_the_interval_has_no_ends() -> None:
    found = permutation_interval(np.array([0.1, 0.3, 0.2, 0.5]), ["a"] * 4, np.array([0, 1, 0, 1.0]), seed=1)
    assert isinstance(found, Refusal)
    assert "6 verdelingen" in found.why


def test_odds_of_a_number_are_per_unit_and_average_over_sessions() -> None:
    found = fit_odds(RATES, SITES, np.column_stack([CHOSEN, DISCIPLINES]), ["component", "disciplines"])
    assert isinstance(found, OddsFit)
    one = found.effects[1]
    assert one.odds_ratio == pytest.approx(math.exp(one.log_odds.estimate))
    moved = 1 / (1 + np.exp(-(np.log(found.fitted / (1 - found.fitted)) + one.log_odds.estimate)))
    assert one.average_difference == pytest.approx((moved - found.fitted).mean())


def test_odds_solve_their_equations_with_rates_outside_the_scale() -> None:
    rates = RATES.copy()
    rates[:2] = (-0.02, 0.3)
    found = fit_odds(rates, SITES, CHOSEN[:, None], ["component"])
    assert isinstance(found, OddsFit)
    errors = rates - found.fitted
    assert errors @ CHOSEN == pytest.approx(0, abs=1e-10)
    assert [errors[[site == one for site in SITES]].sum() for one in "ABCD"] == pytest.approx([0] * 4, abs=1e-10)


@pytest.mark.parametrize(
    ("rates", "component", "why"),
    [
        ([0.0, 0.0, 0.2, 0.3], [0, 0, 1, 1], "kansverhouding"),
        ([-0.1, -0.1, -0.2, 0.1], [0, 0, 1, 1], "kansverhouding"),
        ([0.1, 0.2, 0.3, 0.4], [1, 1, 1, 1], "verschilt niet"),
        ([0.1, 0.1, 0.3, 0.3], [0, 0, 1, 1], "geen enkele spreiding"),
        ([0.1, 0.2, 0.3, 0.3], [0, 0, 0, 1], "één enkele sessie"),
    ],
)
def test_odds_that_cannot_be_had_are_refused(rates: list[float], component: list[int], why: str) -> None:
    found = fit_odds(np.array(rates), ["a"] * 4, np.array(component, dtype=float)[:, None], ["c"])
    assert isinstance(found, Refusal)
    assert why in found.why


def test_the_test_for_differential_error_gives_the_bias_of_the_naive_comparison() -> None:
    machine = RATES + 0.05 * CHOSEN + np.random.default_rng(1).normal(0, 0.01, 32)
    found = differential_error(RATES, machine, SITES, CHOSEN[:, None], ["component"])
    assert isinstance(found, tuple)
    naive, corrected = effect(machine, SITES, CHOSEN), effect(RATES, SITES, CHOSEN)
    assert found[0].naive_bias == pytest.approx(naive.estimate - corrected.estimate)
    assert found[0].effect.p is not None
    assert found[0].effect.p < 0.001


def test_without_any_correction_there_is_no_differential_error_to_test() -> None:
    assert isinstance(differential_error(RATES, RATES, SITES, CHOSEN[:, None], ["component"]), Refusal)


def test_the_standardised_difference_takes_the_noise_of_the_draw_off() -> None:
    within = np.concatenate(
        [RATES[[site == one for site in SITES]] - RATES[[site == one for site in SITES]].mean() for one in "ABCD"]
    )
    variance = (within**2).sum() / 28
    found = standardised_difference(0.1, RATES, np.full(32, 0.002), SITES)
    assert found == pytest.approx(0.1 / np.sqrt(variance - 0.002))


@pytest.mark.parametrize(("variance", "blocks"), [(1.0, SITES), (0.0, [str(at) for at in range(32)])])
def test_where_sessions_do_not_differ_there_is_no_standardised_difference(variance: float, blocks: list[str]) -> None:
    assert isinstance(standardised_difference(0.1, RATES, np.full(32, variance), blocks), Refusal)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (GroupSummary(1, 0, 5), GroupSummary(2, 0, 5)),
        (GroupSummary(1, 1, 1), GroupSummary(1, 1, 9)),
        (GroupSummary(1, 1, 2),) * 2,
    ],
)
def test_scores_that_do_not_vary_or_are_few_have_no_standardised_difference(
    one: GroupSummary, other: GroupSummary
) -> None:
    assert isinstance(hedges_g(one, other), Refusal)


def test_an_effect_can_be_shown_without_its_test() -> None:
    found = effect(RATES, SITES, CHOSEN).without_test()
    assert (found.t, found.p) == (None, None)
    assert found.lower < found.estimate < found.upper


def test_an_estimate_on_sessions_that_are_all_alike_is_refused_although_others_vary() -> None:
    blocks = ["a"] * 4 + ["b"] * 4
    rates = np.array([0.0, 0.0, 0.0, 0.0, 0.1, 0.3, 0.2, 0.5])
    component = np.array([1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0])[:, None]
    for found in (fit_effects(rates, blocks, component, ("k",)), fit_odds(rates + 0.1, blocks, component, ("k",))):
        assert isinstance(found, Refusal)
        assert "geen enkele spreiding" in found.why


def test_a_category_of_which_a_contrast_fits_perfectly_is_refused_and_when_dealt_as_extreme_as_can_be() -> None:
    # Sessions with values 1 and 2 all have rate 3 in site b and 1 or 2 in site a: their difference has no spread.
    rates = np.array([1.0, 1, 2, 3, 1, 3, 2, 2, 3, 3])
    values = np.array([0, 1, 2, 0, 1, 0, 1, 1, 2, 2])
    found = permutation_test(
        rates, list("aaaaabbbbb"), np.column_stack([values == 1, values == 2]).astype(float), seed=1
    )
    assert isinstance(found, Refusal)
    assert "geen enkele spreiding" in found.why

    rng = np.random.default_rng(33)
    rates = rng.integers(1, 4, 12).astype(float)
    values = np.concatenate([rng.permutation([0, 0, 1, 1, 2, 2]) for _ in range(2)])
    for reference in range(3):
        columns = np.column_stack([values == one for one in range(3) if one != reference]).astype(float)
        assert permuted(rates, list("aaaaaabbbbbb"), columns).p == pytest.approx(1458 / 8100)


def perfect_tagger(seed: int) -> SessionRates:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(30, 60, 8)
    said = [(rng.random(size) < 0.15).astype(float) for size in sizes]
    drawn = [values[rng.choice(len(values), 10, replace=False)] for values in said]
    found = corrected_rates(
        LabelledSample(
            sessions=tuple("abcdefgh"),
            stratum_session=np.arange(8),
            stratum_kind=np.zeros(8, dtype=np.int64),
            stratum_size=sizes,
            stratum_machine=np.array([values.mean() for values in said]),
            unit_stratum=np.repeat(np.arange(8), 10),
            human=np.concatenate(drawn),
            machine=np.concatenate(drawn),
        ),
        WHOLE_CORRECTION,
    )
    assert isinstance(found, SessionRates)
    return found


def test_rounding_errors_of_a_perfect_tagger_are_no_differential_error() -> None:
    for seed in range(40):
        rates = perfect_tagger(seed)
        component = np.array([0.0, 1, 0, 1, 0, 1, 1, 0])[:, None]
        found = differential_error(rates.rates, rates.machine, list("aaaabbbb"), component, ["k"])
        assert isinstance(found, Refusal)
        assert "even groot" in found.why


def test_the_spread_of_true_rates_leaves_sessions_alone_in_their_block_out() -> None:
    rates, variances = np.array([0.1, 0.3, 0.2, 0.4]), np.full(4, 0.001)
    without = true_spread(rates, variances, list("aabb"))
    assert true_spread(np.append(rates, 0.9), np.append(variances, 0.2), list("aabbc")) == without


def test_odds_of_numbers_far_from_nought_are_those_of_the_same_numbers_around_it() -> None:
    rng = np.random.default_rng(1)
    rates, years = np.clip(rng.normal(0.2, 0.05, 20), 0, 1), rng.normal(size=20)
    near = fit_odds(rates, list("abcd") * 5, years[:, None], ["jaar"])
    far = fit_odds(rates, list("abcd") * 5, (years + 20_000)[:, None], ["jaar"])
    assert isinstance(near, OddsFit)
    assert isinstance(far, OddsFit)
    one, other = near.effects[0], far.effects[0]
    assert other.log_odds.estimate == pytest.approx(one.log_odds.estimate, rel=1e-8)
    assert other.log_odds.standard_error == pytest.approx(one.log_odds.standard_error, rel=1e-8)


def test_hedges_g_says_what_is_missing_and_has_an_interval_however_large_it_is() -> None:
    for wrong in (GroupSummary(math.nan, 1, 5), GroupSummary(1, math.nan, 5)):
        found = hedges_g(wrong, GroupSummary(2, 1, 5))
        assert isinstance(found, Refusal)
        assert "ontbreekt" in found.why
    few = hedges_g(GroupSummary(1, 1, 2), GroupSummary(2, 1, 2))
    assert isinstance(few, Refusal)
    assert "vijf in totaal" in few.why
    for sign in (1, -1):
        # Far out the interval grows with the difference itself.
        near, far = (hedges_g(GroupSummary(sign * size, 1, 20), GroupSummary(0, 1, 20)) for size in (100.0, 1e6))
        assert isinstance(near, HedgesG)
        assert isinstance(far, HedgesG)
        assert far.lower / far.g == pytest.approx(near.lower / near.g, rel=1e-3)
        assert far.upper / far.g == pytest.approx(near.upper / near.g, rel=1e-3)


def test_numbers_too_small_to_square_are_equal_and_weights_that_are_none_an_error() -> None:
    assert isinstance(fit_effects(RATES * 1e-200, SITES, CHOSEN[:, None], ["k"]), Refusal)
    for wrong in (math.nan, 0.0, -1.0):
        with pytest.raises(ValueError, match="weights"):
            fit_effects(RATES, SITES, CHOSEN[:, None], ["k"], weights=np.full(32, wrong))
    with pytest.raises(ValueError, match="component"):
        fit_effects(RATES, SITES, np.zeros((32, 0)), [])
