"""Many comparisons: adjusted p values against published and brute-force ones, and rank intervals."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.study import ValueType
from pipeline.statistics.effects import BlockFit, CodedComponent, fit_effects
from pipeline.statistics.multiplicity import (
    NO_CLEAR_FIRST,
    FamilyTest,
    MaxT,
    RankEntry,
    Ranking,
    adjust_family,
    benjamini_hochberg,
    holm,
    max_t,
    rank_components,
)
from pipeline.statistics.permutation import PermutationTest, permutation_test
from pipeline.statistics.refusal import Refusal

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)
BLOCKS = ["a"] * 4 + ["b"] * 4


def component(*values: float, name: str = "k", kind: ValueType = ValueType.JA_NEE) -> CodedComponent:
    return CodedComponent(name, kind, (name,), np.array(values, dtype=float)[:, None])


def test_holm_and_benjamini_hochberg_are_those_of_r() -> None:
    # R: p.adjust(c(.01, .02, .03, .04, .05), "holm") and "BH"; the second is an example with ties and steps.
    assert holm([0.01, 0.02, 0.03, 0.04, 0.05]) == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09])
    assert benjamini_hochberg([0.01, 0.02, 0.03, 0.04, 0.05]) == pytest.approx([0.05] * 5)
    assert holm([0.3, 0.001, 0.02, 0.02]) == pytest.approx([0.3, 0.004, 0.06, 0.06])
    assert benjamini_hochberg([0.3, 0.001, 0.02, 0.02]) == pytest.approx([0.3, 0.004, 0.08 / 3, 0.08 / 3])


@given(p_values=P_VALUES)
def test_holm_is_what_stepping_down_by_hand_gives(p_values: list[float]) -> None:
    found = holm(p_values)
    for at, raw in enumerate(p_values):
        steps = [sum(other >= smaller for other in p_values) * smaller for smaller in p_values if smaller <= raw]
        assert found[at] == pytest.approx(min(max(steps), 1), abs=1e-12)


@given(p_values=P_VALUES)
def test_adjusting_never_makes_p_smaller_or_changes_its_order(p_values: list[float]) -> None:
    for found in (holm(p_values), benjamini_hochberg(p_values)):
        assert all(
            raw <= adjusted * (1 + 1e-12) and adjusted <= 1 for raw, adjusted in zip(p_values, found, strict=True)
        )
        order = np.argsort(p_values, kind="stable")
        assert (np.diff(np.array(found)[order]) >= 0).all()
    assert all(np.array(benjamini_hochberg(p_values)) <= np.array(holm(p_values)) * (1 + 1e-12))


def test_one_test_needs_no_adjustment_and_none_gives_none() -> None:
    assert holm([0.03]) == benjamini_hochberg([0.03]) == (0.03,)
    assert holm([]) == benjamini_hochberg([]) == ()


@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan")])
def test_what_is_no_p_is_an_error(wrong: float) -> None:
    for adjust in (holm, benjamini_hochberg):
        with pytest.raises(ValueError, match="p values lie"):
            adjust([0.1, wrong])


def test_an_indication_needs_both_tests_after_holm() -> None:
    tests = [FamilyTest("een", 0.001, 0.002), FamilyTest("twee", 0.01, 0.06), FamilyTest("drie", 0.2, 0.01)]
    found = adjust_family(tests)
    assert [one.test for one in found] == tests
    assert [one.tests for one in found] == [3] * 3
    assert [one.p for one in found] == pytest.approx([0.003, 0.02, 0.2])
    assert [one.permutation_p for one in found] == pytest.approx([0.006, 0.06, 0.02])
    assert [one.indication for one in found] == [True, False, False]


def by_hand(outcomes: dict[str, np.ndarray], components: list[CodedComponent]) -> dict[tuple[str, str], float]:
    """Try every order of the sessions within two blocks of four."""
    joint = np.column_stack([one.values for one in components])
    orders = {
        tuple(map(tuple, joint[[*first, *second]].tolist()))
        for first in itertools.permutations(range(4))
        for second in itertools.permutations(range(4, 8))
    }
    reached = dict.fromkeys(itertools.product(outcomes, [one.id for one in components]), 0)

    def statistics(rows: np.ndarray) -> dict[tuple[str, str], float]:
        values = {}
        for (outcome, rates), (at, one) in itertools.product(outcomes.items(), enumerate(components)):
            fit = fit_effects(rates, BLOCKS, rows[:, [at]], ["x"])
            assert isinstance(fit, BlockFit)
            assert fit.effects[0].t is not None
            values[outcome, one.id] = abs(fit.effects[0].t)
        return values

    found = statistics(joint)
    for rows in orders:
        largest = max(statistics(np.array(rows)).values())
        for key in reached:
            reached[key] += largest >= found[key] * (1 - 1e-9)
    return {key: count / len(orders) for key, count in reached.items()}


def test_max_t_is_what_trying_every_order_by_hand_gives() -> None:
    rng = np.random.default_rng(9)
    outcomes = {"sr": rng.random(8), "herkaderen": rng.random(8)}
    components = [component(0, 0, 1, 1, 0, 1, 0, 1), component(1, 0, 1, 0, 0, 0, 1, 1, name="n")]
    found = max_t(outcomes, BLOCKS, components, seed=1)
    assert isinstance(found, MaxT)
    assert (found.exact, found.sessions, found.refused) == (True, 8, ())
    expected = by_hand(outcomes, components)
    assert {(one.outcome, one.component): one.p for one in found.results} == pytest.approx(expected)


def test_of_one_test_max_t_is_the_permutation_test() -> None:
    rates = np.random.default_rng(3).random(8)
    one = component(0, 0, 1, 1, 0, 1, 0, 1)
    alone, found = permutation_test(rates, BLOCKS, one.values, seed=1), max_t({"sr": rates}, BLOCKS, [one], seed=1)
    assert isinstance(alone, PermutationTest)
    assert isinstance(found, MaxT)
    assert (found.results[0].p, found.results[0].t) == pytest.approx((alone.p, alone.statistic))


def test_of_one_test_with_a_large_t_max_t_is_the_permutation_test_too() -> None:
    one = component(0, 1, 0, 1, 0, 1, 1, 0)
    for seed in range(20):
        rates = one.values[:, 0] * 0.1 + 0.2 + 1e-5 * np.random.default_rng(seed).normal(size=8)
        alone, found = permutation_test(rates, BLOCKS, one.values, seed=1), max_t({"sr": rates}, BLOCKS, [one], seed=1)
        assert isinstance(alone, PermutationTest)
        assert isinstance(found, MaxT)
        assert found.results[0].p == pytest.approx(alone.p)


def test_rates_that_follow_from_the_component_are_refused_as_in_the_permutation_test() -> None:
    one = component(0, 1, 0, 1, 0, 1, 1, 0)
    rates = one.values[:, 0] * 0.1 + 0.2
    assert max_t({"sr": rates}, BLOCKS, [one], seed=1) == permutation_test(rates, BLOCKS, one.values, seed=1)


def make_family(seed: int = 4) -> tuple[dict[str, np.ndarray], list[str], list[CodedComponent]]:
    rng = np.random.default_rng(seed)
    blocks = [f"b{at // 8}" for at in range(32)]
    components = [component(*rng.permutation(np.tile([0, 1], 16)), name=f"k{at}") for at in range(3)]
    outcomes = {"sr": rng.random(32) + 0.9 * components[0].values[:, 0], "herkaderen": rng.random(32)}
    return outcomes, blocks, components


def test_max_t_keeps_what_is_clear_and_is_not_below_the_raw_p() -> None:
    outcomes, blocks, components = make_family()
    found = max_t(outcomes, blocks, components, seed=1, draws=1999)
    assert isinstance(found, MaxT)
    assert (found.exact, found.arrangements, len(found.results)) == (False, 1999, 6)
    by_name = {(one.outcome, one.component): one.p for one in found.results}
    assert by_name["sr", "k0"] < 0.01
    for (outcome, name), p in by_name.items():
        one = next(component for component in components if component.id == name)
        raw = permutation_test(outcomes[outcome], blocks, one.values, seed=1, draws=1999)
        assert isinstance(raw, PermutationTest)
        assert p >= raw.p - 0.03


def test_max_t_does_not_depend_on_the_order_of_sessions_or_the_names_of_blocks() -> None:
    outcomes, blocks, components = make_family()
    order = np.random.default_rng(1).permutation(32)
    turned = max_t(
        {name: rates[order] for name, rates in outcomes.items()},
        [f"{9 - int(blocks[at][1])}" for at in order],
        [component(*one.values[order, 0], name=one.id) for one in components],
        seed=1,
        draws=499,
    )
    before = max_t(outcomes, blocks, components, seed=1, draws=499)
    assert isinstance(turned, MaxT)
    assert isinstance(before, MaxT)
    assert [one.p for one in turned.results] == [one.p for one in before.results]


def test_max_t_uses_sessions_that_are_complete_and_says_how_many() -> None:
    outcomes, blocks, components = make_family()
    outcomes["herkaderen"][[0, 9]] = np.nan
    outcomes["gelijk"] = np.full(32, 0.25)
    found = max_t(outcomes, [*blocks[:-1], "alleen"], components, seed=1, draws=199)
    assert isinstance(found, MaxT)
    assert found.sessions == 29
    assert {(outcome, name) for outcome, name, *_ in found.refused} == {("gelijk", one.id) for one in components}


def test_a_family_without_members_sessions_or_differences_is_refused() -> None:
    rates, one = np.arange(8.0), component(0, 0, 1, 1, 0, 1, 0, 1)
    cases = {
        "geen vooraf vastgelegde": [max_t({}, BLOCKS, [one], seed=1), max_t({"sr": rates}, BLOCKS, [], seed=1)],
        "geen werkplaats met twee": [max_t({"sr": np.full(8, np.nan)}, BLOCKS, [one], seed=1)],
        "hetzelfde cijfer": [max_t({"sr": np.ones(8)}, BLOCKS, [one], seed=1)],
        "verschilt niet": [max_t({"sr": rates}, BLOCKS, [component(*[1] * 8)], seed=1)],
    }
    for words, refused in cases.items():
        for found in refused:
            assert isinstance(found, Refusal), words
            assert words in found.why


def entries(*effects: float, noise: float = 0.05, numbers: bool = False) -> list[RankEntry]:
    rng = np.random.default_rng(12)
    blocks = [f"b{at // 10}" for at in range(40)]
    columns = np.column_stack([rng.permutation(np.tile([0.0, 1.0], 20)) for _ in effects])
    if numbers:
        columns[:, 0] *= 60
    rates = columns / columns.max(axis=0) @ np.array(effects) + rng.normal(0, noise, 40)
    found = []
    for at in range(len(effects)):
        fit = fit_effects(rates, blocks, columns[:, [at]], [f"k{at}"])
        assert isinstance(fit, BlockFit)
        found.append(RankEntry(f"k{at}", fit))
    return found


def ranked(listed: list[RankEntry]) -> Ranking:
    found = rank_components(listed, seed=1)
    assert isinstance(found, Ranking)
    return found


def test_what_clearly_yields_most_is_named() -> None:
    found = ranked(entries(0.0, 0.5, -0.5, noise=0.02))
    assert [(one.best, one.worst) for one in found.entries] == [(2, 2), (1, 1), (3, 3)]
    assert [one.first for one in found.entries] == pytest.approx([0, 1, 0], abs=0.01)
    assert (found.sentence, found.per_spread) == (None, False)


def test_where_nothing_is_clear_nobody_is_named() -> None:
    found = ranked(entries(0.0, 0.0, 0.0, 0.0, noise=0.2))
    assert found.sentence == NO_CLEAR_FIRST
    assert sum(one.first for one in found.entries) == pytest.approx(1)
    assert all(1 <= one.best <= one.worst <= 4 for one in found.entries)
    assert max(one.worst - one.best for one in found.entries) >= 2


def test_components_that_are_one_and_the_same_share_their_ranks() -> None:
    # Their errors are the same, so neither draw nor rank can tell them apart; the first one listed comes first.
    (one,) = entries(0.3)
    other = entries(0.3, 0.0)[1]
    found = ranked([one, RankEntry("opnieuw", one.fit), RankEntry("los", other.fit)])
    assert found.entries[0].estimate == found.entries[1].estimate
    assert found.entries[1].first <= found.entries[0].first


def test_components_on_different_scales_are_compared_per_spread() -> None:
    listed = entries(0.3, 0.1, numbers=True)
    found = ranked(listed)
    assert found.per_spread
    assert found.entries[0].estimate == pytest.approx(listed[0].fit.effects[0].estimate * listed[0].fit.spread[0])
    assert found.entries[0].best == 1
    rescaled = ranked(entries(0.3, 0.1))
    assert rescaled.entries[0].first == pytest.approx(found.entries[0].first, abs=0.05)


def test_fits_over_different_sessions_are_stacked_by_session() -> None:
    listed = entries(0.2, 0.1)
    partial = listed[1].fit.used.copy()
    partial[:10] = False
    rates = np.random.default_rng(1).random(40)
    columns = np.tile([0.0, 1.0], 20)
    fit = fit_effects(np.where(partial, rates, np.nan), [f"b{at // 10}" for at in range(40)], columns[:, None], ["p"])
    assert isinstance(fit, BlockFit)
    assert len(ranked([listed[0], RankEntry("p", fit)]).entries) == 2


def test_the_same_seed_gives_the_same_ranks_and_one_component_none() -> None:
    listed = entries(0.1, 0.12)
    assert ranked(listed) == ranked(listed)
    assert isinstance(rank_components(listed[:1], seed=1), Refusal)
