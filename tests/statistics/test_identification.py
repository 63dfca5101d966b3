"""Classes A, B and C: what they rest on, and that what a class forbids does not exist."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from pipeline.domain.study import Component, Value, ValueType
from pipeline.statistics.effects import CodedComponent, Effect, code_component, fit_effects
from pipeline.statistics.identification import (
    ComponentComparison,
    Identification,
    IdentificationClass,
    blocks_of,
    compare_component,
    identify,
    limit_when_rare,
    overlaps,
    refuse_together,
)
from pipeline.statistics.permutation import PermutationTest, permutation_test
from pipeline.statistics.rates import SessionRates
from pipeline.statistics.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

A, B, C = IdentificationClass
EIGHT = [site for site in ("noord", "oost", "west", "zuid") for _ in range(8)]
TREATED = np.array([[1] * number + [0] * (8 - number) for number in (3, 4, 4, 5)]).ravel()
CHECK = next(
    check
    for check in json.loads((Path(__file__).parent / "data" / "effects.json").read_text(encoding="utf-8"))["checks"]
    if check["id"] == "sess32_primary"
)
RATES = np.array(CHECK["input"]["theta"])


def coded(
    values: Sequence[Value], kind: ValueType = ValueType.JA_NEE, declared: tuple[str, ...] = ()
) -> CodedComponent:
    found = code_component(Component("kenmerk", "Kenmerk", kind, declared), values)
    assert isinstance(found, CodedComponent)
    return found


def yes_no(values: Sequence[int] | np.ndarray) -> CodedComponent:
    return coded([bool(value) for value in values])


def classed(component: CodedComponent, sites: Sequence[str], blocks: Sequence[str] | None = None) -> Identification:
    (found,) = identify(component, sites, blocks or sites)
    return found


def compared(component: CodedComponent, rates: np.ndarray, sites: Sequence[str]) -> ComponentComparison:
    found = identify(component.where(np.isfinite(rates)), sites, sites)
    return compare_component(found, component, rates, sites, seed=1, draws=499)


def make_rates(mean: float, labelled: int, eligible: int = 400) -> SessionRates:
    rates, count = np.full(4, mean), np.full(4, eligible)
    return SessionRates(tuple("abcd"), rates, rates, rates, rates, count, np.full(4, labelled), rates, rates)


def test_a_component_that_varies_within_several_sites_is_of_class_a() -> None:
    found = classed(yes_no(TREATED), EIGHT)
    assert (found.letter, found.sites) == (A, ("noord", "oost", "west", "zuid"))
    assert (found.low, found.high, found.sentence, found.warning) == (16, 16, None, None)
    assert found.freedom == pytest.approx(CHECK["output"]["cr2"]["df"], abs=0.5)


@pytest.mark.parametrize(
    ("treated", "letter", "words"),
    [
        ((1, 0, 7, 2), A, None),
        ((3, 0, 0, 0), B, "verschilt alleen binnen werkplaats noord"),
        ((1, 2, 0, 8), B, "3 sessies met dit kenmerk en 13 zonder"),
        ((8, 0, 0, 8), C, "Het effect is niet te scheiden van de werkplaats"),
        ((8, 8, 8, 8), C, "in alle sessies hetzelfde"),
    ],
)
def test_the_class_follows_the_table_of_sites(treated: tuple[int, ...], letter: str, words: str | None) -> None:
    values = np.array([[1] * number + [0] * (8 - number) for number in treated]).ravel()
    found = classed(yes_no(values), EIGHT)
    assert found.letter == letter
    assert (found.sentence is None) == (words is None)
    assert words is None or words in (found.sentence or "")


def test_too_few_degrees_of_freedom_make_class_b() -> None:
    # Four against four within two sites, but nearly all of the information is in two sessions of each.
    sites, values = ["a"] * 4 + ["b"] * 4, [-40, -1, 1, 40] * 2
    found = classed(coded(values, ValueType.GETAL), sites)
    assert found.freedom is not None
    assert found.freedom < 4
    assert found.letter is B
    assert "vrijheidsgraden" in (found.sentence or "")


def test_a_component_that_came_in_with_round_two_coincides_with_the_round() -> None:
    rounds = [1 + (at % 8) // 4 for at in range(32)]
    found = classed(yes_no([number == 2 for number in rounds]), EIGHT, blocks_of(EIGHT, rounds))
    assert found.letter is C
    assert "niet te scheiden van de ronde" in (found.sentence or "")
    assert classed(yes_no([number == 2 for number in rounds]), EIGHT).letter is A


def test_a_value_to_compare_with_that_stands_alone_is_named_as_the_cause() -> None:
    # In one site only 'vrij', the first value; in the others 'vast' and 'anders' by turns.
    values = ["vrij"] * 4 + ["vast", "anders"] * 6
    sites = [site for site in "abcd" for _ in range(4)]
    for one in identify(coded(values, ValueType.CATEGORIE, ("vrij", "vast", "anders")), sites, sites):
        assert one.letter is C
        assert "verschilt niet binnen werkplaatsen" not in (one.sentence or "")
        assert f"De waarde '{one.contrast}' en de waarde waarmee vergeleken wordt, 'vrij'," in (one.sentence or "")
    # With another value in front, as the sentence advises, there is something to compare.
    turned = identify(coded(values, ValueType.CATEGORIE, ("vast", "vrij", "anders")), sites, sites)
    assert {one.contrast: one.letter for one in turned} == {"vrij": C, "anders": A}


def test_blocks_are_named_after_site_and_round() -> None:
    assert blocks_of(["a", "b"], [1, None]) == ("a, ronde 1", "b")


def test_the_sentence_of_class_c_is_that_of_the_specification() -> None:
    found = classed(yes_no([1] * 16 + [0] * 16), EIGHT)
    assert (found.sentence or "").startswith(
        "Dit kenmerk verschilt niet binnen werkplaatsen. Het effect is niet te scheiden van de werkplaats. "
        "Er is geen toets uitgevoerd."
    )


def test_for_a_number_sessions_above_and_below_their_block_count() -> None:
    values = list(np.tile([1, 2, 3, 4, 5, 6, 7, 20], 4))
    found = classed(coded(values, ValueType.AANTAL), EIGHT)
    assert (found.letter, found.low, found.high) == (A, 20, 8), "six is the mean"
    few = classed(coded([1, 2, 3, 9] + [4] * 28, ValueType.AANTAL), EIGHT)
    assert few.letter is B
    assert "boven het gemiddelde" in (few.sentence or "")


def test_a_site_with_one_session_tells_nothing() -> None:
    assert classed(yes_no([0, 1, 0, 1]), ["a", "b", "c", "d"]).letter is C


def test_missing_values_do_not_count_for_the_class() -> None:
    values: list[Value] = [bool(value) for value in TREATED]
    values[8:32] = [None] * 24
    found = classed(coded(values), EIGHT)
    assert (found.letter, found.sites, found.high) == (B, ("noord",), 3)


def test_a_test_that_cannot_succeed_is_announced() -> None:
    found = classed(yes_no([0, 1, 0, 1]), ["a", "a", "b", "b"])
    assert found.smallest_p == 0.5
    assert found.warning == "De kleinste p die met deze sessies mogelijk is, is 0,500; geen enkele toets kan slagen."


def test_every_value_of_a_category_is_classed_against_the_reference() -> None:
    # "vast" varies with "vrij" in all sites, "los" in one only, and "apart" is all there is in a fifth.
    values = (["vrij"] * 4 + ["vast"] * 4) * 4
    values[0:2] = ["los"] * 2
    component = coded([*values, *["apart"] * 3], ValueType.CATEGORIE, ("vrij", "vast", "los", "apart"))
    sites = [*EIGHT, *["midden"] * 3]
    found = {one.contrast: one.letter for one in identify(component, sites, sites)}
    assert found == {"vast": A, "los": B, "apart": C}


@pytest.mark.parametrize(
    ("mean", "labelled", "stratified", "letter"),
    [
        (0.08, 25, False, A),
        (0.03, 50, True, A),
        (0.03, 49, True, B),
        (0.03, 50, False, B),
    ],
)
def test_a_rare_outcome_needs_a_larger_draw(mean: float, labelled: int, stratified: bool, letter: str) -> None:
    (found,) = limit_when_rare([classed(yes_no(TREATED), EIGHT)], make_rates(mean, labelled), stratified=stratified)
    assert found.letter == letter
    assert found.letter is A or "minder dan 5 %" in (found.sentence or "")


def test_sessions_that_were_labelled_in_full_are_enough_for_a_rare_outcome() -> None:
    one = classed(yes_no(TREATED), EIGHT)
    assert limit_when_rare([one], make_rates(0.01, 30, 30), stratified=False) == (one,)


def test_rarity_never_lifts_a_class() -> None:
    worse = classed(yes_no([1] * 16 + [0] * 16), EIGHT)
    assert limit_when_rare([worse], make_rates(0.01, 25), stratified=True) == (worse,)


def test_class_a_gets_effect_and_both_tests() -> None:
    component = yes_no(CHECK["input"]["component"])
    found = compared(component, RATES, CHECK["input"]["site"])
    (one,) = found.contrasts
    assert isinstance(one.effect, Effect)
    assert one.effect.estimate == pytest.approx(CHECK["output"]["b"], abs=1e-8)
    assert one.effect.p == pytest.approx(CHECK["output"]["cr2"]["p"], abs=1e-8)
    assert one.permutation == permutation_test(RATES, CHECK["input"]["site"], component.values, seed=1, draws=499)
    assert (one.interval, found.omnibus) == (None, None)
    assert found.fit is not None


def test_with_few_degrees_of_freedom_the_permutation_interval_is_printed_too() -> None:
    values = np.array([[1] * number + [0] * (8 - number) for number in (1, 0, 7, 2)]).ravel()
    one = compared(yes_no(values), RATES, EIGHT).contrasts[0]
    assert isinstance(one.effect, Effect)
    assert one.effect.freedom < 8
    assert isinstance(one.interval, tuple)
    assert one.interval[0] < one.effect.estimate < one.interval[1]


def test_class_b_gets_no_p_anywhere() -> None:
    values = np.array([[1] * number + [0] * (8 - number) for number in (3, 0, 0, 0)]).ravel()
    found = compared(yes_no(values), RATES, EIGHT)
    (one,) = found.contrasts
    assert isinstance(one.effect, Effect)
    assert (one.effect.t, one.effect.p, one.permutation, one.interval, found.omnibus) == (None,) * 5
    assert found.fit is not None
    assert [effect.p for effect in found.fit.effects] == [None]


@pytest.mark.parametrize("treated", [(8, 0, 0, 8), (0, 0, 0, 0)])
def test_class_c_gets_no_number_at_all(treated: tuple[int, ...]) -> None:
    values = np.array([[1] * number + [0] * (8 - number) for number in treated]).ravel()
    found = compared(yes_no(values), RATES, EIGHT)
    (one,) = found.contrasts
    assert (one.effect, one.permutation, one.interval, found.omnibus, found.fit) == (None,) * 5
    assert (one.identification.freedom, one.identification.smallest_p) == (None, None)


def test_a_category_gets_contrasts_by_class_and_one_test_of_the_whole() -> None:
    values = ["vrij", "vast", "los", "vrij", "vast", "los", "vrij", "vast"] * 4
    component = coded(values, ValueType.CATEGORIE, ("vrij", "vast", "los"))
    found = compared(component, RATES, EIGHT)
    assert [one.identification.letter for one in found.contrasts] == [A, A]
    assert isinstance(found.omnibus, PermutationTest)
    fit = fit_effects(RATES, EIGHT, component.values, ["vast", "los"])
    assert not isinstance(fit, Refusal)
    assert [one.effect for one in found.contrasts] == list(fit.effects)


def test_a_value_of_class_c_does_not_disturb_the_others() -> None:
    values = (["vrij"] * 4 + ["vast"] * 4) * 4
    plain = compared(coded(values, ValueType.CATEGORIE, ("vrij", "vast")), RATES, EIGHT)
    component = coded([*values, *["apart"] * 3], ValueType.CATEGORIE, ("vrij", "vast", "apart"))
    found = compared(component, np.append(RATES, [0.1, 0.5, 0.9]), [*EIGHT, *["midden"] * 3])
    assert [one.identification.letter for one in found.contrasts] == [A, C]
    assert found.contrasts[0].effect == plain.contrasts[0].effect
    assert found.contrasts[0].permutation == plain.contrasts[0].permutation
    assert found.contrasts[1].effect is None
    assert found.omnibus is None


def test_a_value_of_one_session_does_not_disturb_the_others() -> None:
    values = (["vrij"] * 4 + ["vast"] * 4) * 4
    component = coded(["los", *values[1:]], ValueType.CATEGORIE, ("vrij", "vast", "los"))
    found = compared(component, RATES, EIGHT)
    assert [one.identification.letter for one in found.contrasts] == [A, B]
    assert isinstance(found.contrasts[0].effect, Effect)
    assert isinstance(found.contrasts[1].effect, Refusal)
    assert "één enkele sessie" in found.contrasts[1].effect.why
    assert compared(yes_no([1] + [0] * 31), RATES, EIGHT).contrasts[0].effect == found.contrasts[1].effect


def test_sessions_without_a_rate_count_neither_for_class_nor_effect() -> None:
    rates = RATES.copy()
    rates[8:] = np.nan
    (one,) = compared(yes_no(TREATED), rates, EIGHT).contrasts
    assert one.identification.letter is B
    assert "alleen binnen werkplaats noord" in (one.identification.sentence or "")


def test_rates_that_cannot_be_compared_give_the_reason() -> None:
    (one,) = compared(yes_no(TREATED), np.full(32, 0.2), EIGHT).contrasts
    assert isinstance(one.effect, Refusal)
    assert "hetzelfde cijfer" in one.effect.why
    assert one.permutation is None


def test_names_of_sites_and_which_value_is_yes_do_not_matter() -> None:
    one, other = classed(yes_no(TREATED), EIGHT), classed(yes_no(1 - TREATED), [site[::-1] for site in EIGHT])
    assert (other.letter, other.low, other.high) == (one.letter, one.high, one.low)
    assert other.freedom == pytest.approx(one.freedom)
    assert other.smallest_p == one.smallest_p


def test_overlap_is_the_correlation_within_blocks() -> None:
    rng = np.random.default_rng(2)
    first, second = TREATED.astype(float), rng.random(32) + 5 * (np.array(EIGHT) == "west")
    constant = (np.array(EIGHT) == "west").astype(float)
    components = np.column_stack([first, second, constant])
    components[3, 1] = np.nan
    found = overlaps(EIGHT, components, ["een", "twee", "drie"])
    known = np.arange(32) != 3
    centred = []
    for column in (first[known], second[known]):
        means = {site: column[np.array(EIGHT)[known] == site].mean() for site in set(EIGHT)}
        centred.append(column - [means[site] for site in np.array(EIGHT)[known]])
    assert found[0].correlation == pytest.approx(np.corrcoef(*centred)[0, 1])
    assert [(one.one, one.other, one.sessions) for one in found] == [
        ("een", "twee", 31),
        ("een", "drie", 32),
        ("twee", "drie", 31),
    ]
    assert [one.correlation for one in found[1:]] == [None, None]


def test_components_that_go_together_or_are_many_do_not_enter_one_model() -> None:
    rng = np.random.default_rng(6)
    free = rng.integers(0, 2, (32, 4)).astype(float)
    near = np.column_stack([free[:, 0], free[:, 0]])
    near[0, 1] = 1 - near[0, 1]
    third = np.column_stack([free[:, :2], free[:, 0] + free[:, 1] + 0.2 * rng.random(32)])
    assert refuse_together(EIGHT, free[:, :3], ["a", "b", "c"]) is None
    cases = {
        "a en b treden samen op": refuse_together(EIGHT, near, ["a", "b"]),
        "treden samen op": refuse_together(EIGHT, third, ["a", "b", "c"]),
        "passen er 3 kenmerken": refuse_together(EIGHT, free, ["a", "b", "c", "d"]),
        "verschilt niet binnen": refuse_together(EIGHT, np.ones((32, 1)), ["a"]),
    }
    for words, found in cases.items():
        assert isinstance(found, Refusal), words
        assert words in found.why


def test_a_class_is_data_and_can_be_exported() -> None:
    found = classed(yes_no(TREATED), EIGHT)
    assert replace(found, letter=B).letter == "B"


def test_contrasts_of_one_category_may_go_together() -> None:
    # The reference is in 1 of 16 sessions, so that having one of the other two values is nearly not having the other.
    values = np.array([0, *([1, 2] * 7), 1, 0, *([1, 2] * 7), 2])
    columns = np.column_stack([values == 1, values == 2]).astype(float)
    blocks = ["a"] * 16 + ["b"] * 16
    free = np.random.default_rng(2).integers(0, 2, 32).astype(float)
    together = np.column_stack([columns, free])
    owners = ["methode", "methode", "agenda"]
    found = refuse_together(blocks, together, ["x", "y", "agenda"])
    assert isinstance(found, Refusal)
    assert "x en y treden samen op" in found.why
    assert refuse_together(blocks, together, ["x", "y", "agenda"], owners=owners) is None
    twin = np.column_stack([columns, 1 - columns[:, 0]])
    twin[1, 2] = 1 - twin[1, 2]
    assert "x en agenda" in str(refuse_together(blocks, twin, ["x", "y", "agenda"], owners=owners))


def test_a_component_that_is_nowhere_known_is_not_called_the_same_everywhere() -> None:
    unknown = CodedComponent("k", ValueType.JA_NEE, ("k",), np.full((8, 1), np.nan))
    (found,) = identify(unknown, ["a"] * 8, ["a"] * 8)
    assert found.letter is IdentificationClass.C
    assert "geen enkele sessie" in str(found.sentence)
