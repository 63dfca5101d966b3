"""Draws: probabilities known and above 0, frozen strata, a second draw that extends the first, and what is refused."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.draw import Draw, DrawDesign, DrawnStratum, Eligibility, Stratum
from pipeline.statistics.draws import coding_order, draw_units, eligible_units, extend_draw, predicted_positive
from pipeline.statistics.refusal import Refusal
from tests.statistics.builders import make_session, predict

TARGETS = frozenset({("sr", "brug_burger"), ("sr", "brug_beleid")})
STRATIFIED = DrawDesign(targets=TARGETS)


def units(session: str, number: int) -> tuple[str, ...]:
    return tuple(f"{session}.{at:04d}" for at in range(number))


def make_draw(sizes: dict[str, int], positives: int = 30, design: DrawDesign = STRATIFIED, seed: int = 7) -> Draw:
    """Draw from sessions of so many units, of which the first ones are positive."""
    sessions = [(name, units(name, number)) for name, number in sizes.items()]
    positive = {unit for _, listed in sessions for unit in listed[:positives]}
    found = draw_units(sessions, positive, design, draw_id="trekking-1", seed=seed)
    assert isinstance(found, Draw)
    return found


def sizes(draw: Draw) -> dict[Stratum, int]:
    return {stratum.stratum: len(stratum.drawn) for stratum in draw.strata}


def test_minimal_units_do_not_count_and_those_the_machine_leaves_open_do() -> None:
    session = make_session("noord-1", [("A", "goedemorgen allemaal"), ("B", "ja"), ("A", "wie begint er")])
    assert eligible_units(session, Eligibility.NIET_MINIMAAL) == ("noord-1.0001.01", "noord-1.0003.01")
    assert len(eligible_units(session, Eligibility.ALLE)) == 3


def test_a_unit_is_positive_when_it_has_any_target_label() -> None:
    session = make_session("noord-1", [("A", "een"), ("A", "twee"), ("A", "drie")])
    said = predict(session, "sr", [("brug_burger",), (), ("brug_burger", "brug_beleid")])
    other = predict(session, "frame", [("leefwereld",)] * 3)
    assert predicted_positive([*said, *other], TARGETS) == {"noord-1.0001.01", "noord-1.0003.01"}


def test_the_default_draw_takes_forty_units_of_which_sixteen_positive() -> None:
    assert sizes(make_draw({"a": 400})) == {Stratum.POSITIEF: 16, Stratum.OVERIG: 24}


@pytest.mark.parametrize(
    ("size", "positives", "expected"),
    [
        (400, 3, {Stratum.POSITIEF: 3, Stratum.OVERIG: 37}),
        (400, 398, {Stratum.POSITIEF: 38, Stratum.OVERIG: 2}),
        (400, 0, {Stratum.OVERIG: 40}),
        (400, 400, {Stratum.POSITIEF: 40}),
        (30, 10, {Stratum.POSITIEF: 10, Stratum.OVERIG: 20}),
    ],
)
def test_what_one_stratum_cannot_give_the_other_does(size: int, positives: int, expected: dict[Stratum, int]) -> None:
    assert sizes(make_draw({"a": size}, positives)) == expected


def test_every_stratum_gets_its_least() -> None:
    design = DrawDesign(targets=TARGETS, per_session=25, positive_share=0.05)
    assert sizes(make_draw({"a": 400}, design=design))[Stratum.POSITIEF] == 5
    assert sizes(make_draw({"a": 400}, 300, DrawDesign(TARGETS, 25, 0.95)))[Stratum.OVERIG] == 5


def test_without_targets_the_session_is_one_stratum() -> None:
    draw = make_draw({"a": 400}, design=DrawDesign())
    assert sizes(draw) == {Stratum.GEHEEL: 40}
    assert draw.probability("a.0007") == 0.1


def test_probabilities_are_those_of_the_stratum_and_add_up_to_what_was_drawn() -> None:
    draw = make_draw({"a": 400})
    assert draw.probability("a.0000") == 16 / 30
    assert draw.probability("a.0399") == 24 / 370
    assert draw.probability("b.0000") is None
    assert sum(draw.probability(unit) or 0 for unit in units("a", 400)) == pytest.approx(40)


@settings(max_examples=60, deadline=None)
@given(
    size=st.integers(1, 300),
    positives=st.integers(0, 300),
    per_session=st.integers(25, 80),
    share=st.floats(0.05, 0.95),
)
def test_every_eligible_unit_can_be_drawn_and_the_number_is_as_planned(
    size: int, positives: int, per_session: int, share: float
) -> None:
    draw = make_draw({"a": size}, positives, DrawDesign(TARGETS, per_session, share))
    assert sum(len(stratum.drawn) for stratum in draw.strata) == min(size, per_session)
    assert all(0 < (draw.probability(unit) or 0) <= 1 for unit in units("a", size))


def test_units_of_a_stratum_are_drawn_equally_often() -> None:
    counts: Counter[str] = Counter()
    for seed in range(600):
        drawn = make_draw({"a": 50}, design=DrawDesign(per_session=25), seed=seed)
        counts.update(drawn.strata[0].drawn)
    # 300 expected each, standard deviation 12.2; 50 units.
    assert max(abs(counts[unit] - 300) for unit in units("a", 50)) < 4 * 12.3


def test_the_same_seed_gives_the_same_draw_in_any_order() -> None:
    sessions = [(name, units(name, 200)) for name in "abc"]
    positive = {unit for _, listed in sessions for unit in listed[::7]}
    one = draw_units(sessions, positive, STRATIFIED, draw_id="t", seed=3)
    turned = [(name, listed[::-1]) for name, listed in sessions[::-1]]
    assert draw_units(turned, positive, STRATIFIED, draw_id="t", seed=3) == one
    assert draw_units(sessions, positive, STRATIFIED, draw_id="t", seed=4) != one


def test_the_draw_is_the_same_on_any_machine() -> None:
    draw = make_draw({"a": 60}, design=DrawDesign(per_session=25), seed=1)
    assert draw.strata[0].drawn[:5] == ("a.0048", "a.0044", "a.0045", "a.0028", "a.0040")


def test_what_is_drawn_in_a_session_does_not_depend_on_the_others() -> None:
    alone, together = make_draw({"b": 200}), make_draw({"a": 90, "b": 200, "c": 10})
    assert together.of("b") == alone.of("b")


def test_a_session_without_eligible_units_is_named() -> None:
    draw = make_draw({"a": 100, "leeg": 0})
    assert draw.sessions == ("a",)
    assert draw.without_units == ("leeg",)


def test_a_second_draw_extends_the_first_in_the_same_strata() -> None:
    first = make_draw({"a": 400, "b": 45})
    second = extend_draw(first, 20, seed=8, effects_seen=False)
    assert isinstance(second, Draw)
    assert (second.seeds, second.id) == ((7, 8), first.id)
    for before, after in zip(first.strata, second.strata, strict=True):
        assert after.units == before.units
        assert after.drawn[: len(before.drawn)] == before.drawn
        assert after.until(1) == before
        assert after.probability == len(after.drawn) / len(before.units)
    assert sizes(second.__class__("x", STRATIFIED, (1,), second.of("a"))) == {Stratum.POSITIEF: 24, Stratum.OVERIG: 36}
    assert sum(len(stratum.drawn) for stratum in second.of("b")) == 45, "all there are"


def test_a_second_draw_makes_every_unit_left_equally_likely() -> None:
    first = make_draw({"a": 50}, design=DrawDesign(per_session=25))
    counts: Counter[str] = Counter()
    for seed in range(600):
        second = extend_draw(first, 10, seed=seed, effects_seen=False)
        assert isinstance(second, Draw)
        counts.update(second.strata[0].drawn[25:])
    assert set(counts) == set(units("a", 50)) - set(first.strata[0].drawn)
    assert max(abs(count - 240) for count in counts.values()) < 4 * 12.1


def test_a_third_draw_extends_the_second() -> None:
    draw = make_draw({"a": 400})
    for seed in (1, 2):
        extended = extend_draw(draw, 5, seed=seed, effects_seen=False)
        assert isinstance(extended, Draw)
        draw = extended
    assert [sum(part.waves[wave] for part in draw.strata) for wave in range(3)] == [40, 5, 5]


@pytest.mark.parametrize(
    ("more", "seen", "why"),
    [(20, True, "al bekeken"), (0, False, "geen aanvulling"), (-3, False, "geen aanvulling")],
)
def test_a_draw_is_not_extended_after_looking_or_by_nothing(more: int, seen: bool, why: str) -> None:
    found = extend_draw(make_draw({"a": 100}), more, seed=1, effects_seen=seen)
    assert isinstance(found, Refusal)
    assert why in found.why
    assert found.cure in str(found)


def test_a_draw_of_everything_cannot_be_extended() -> None:
    assert isinstance(extend_draw(make_draw({"a": 30}), 5, seed=1, effects_seen=False), Refusal)


@pytest.mark.parametrize(
    ("sessions", "design", "why"),
    [
        ([], DrawDesign(), "geen sessie"),
        ([("a", ())], DrawDesign(), "geen sessie"),
        ([("a", units("a", 30)), ("a", units("b", 30))], DrawDesign(), "meermaals voor: a"),
        ([("a", units("a", 30)), ("b", units("a", 2))], DrawDesign(), "zoals a.0000"),
        ([("a", units("a", 30))], DrawDesign(per_session=24), "24 uitingen per sessie"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_a_reason(
    sessions: list[tuple[str, tuple[str, ...]]], design: DrawDesign, why: str
) -> None:
    found = draw_units(sessions, frozenset(), design, draw_id="t", seed=1)
    assert isinstance(found, Refusal)
    assert why in found.why


@pytest.mark.parametrize(
    "wrong",
    [{"per_session": 0}, {"positive_share": 1.0}, {"least_per_stratum": 0}, {"targets": TARGETS, "per_session": 9}],
)
def test_a_design_that_makes_no_sense_is_an_error(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"draw takes|cannot hold"):
        DrawDesign(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("listed", "drawn", "waves"),
    [
        ((), (), ()),
        (("a", "a"), (), ()),
        (("a",), ("b",), (1,)),
        (("a", "b"), ("a", "a"), (2,)),
        (("a",), ("a",), (2,)),
    ],
)
def test_a_stratum_that_cannot_be_is_an_error(
    listed: tuple[str, ...], drawn: tuple[str, ...], waves: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match="stratum"):
        DrawnStratum("s", Stratum.GEHEEL, listed, drawn, waves)


def test_every_pair_of_units_is_drawn_together_as_often_as_any_other() -> None:
    together: Counter[tuple[str, ...]] = Counter()
    for seed in range(800):
        drawn = make_draw({"a": 27}, design=DrawDesign(per_session=25), seed=seed).strata[0].drawn
        left = sorted(set(units("a", 27)) - set(drawn))
        together.update(itertools.combinations(left, 2))
    expected = 800 / (27 * 26 / 2)
    spread = np.sqrt(expected)
    assert max(together.values()) < expected + 6 * spread
    assert len(together) > 0.8 * 27 * 26 / 2


def test_sessions_are_coded_in_an_order_that_follows_from_the_seed_alone() -> None:
    sizes_of = {f"s{number}": 60 for number in range(12)}
    orders = {coding_order(make_draw(sizes_of, seed=seed), 1) for seed in range(5)}
    assert len(orders) == 5
    assert all(sorted(order) == sorted(sizes_of) for order in orders)
    assert coding_order(make_draw(sizes_of), 1) == coding_order(make_draw(sizes_of, positives=3), 1)


def test_a_wave_has_its_own_units_and_only_the_sessions_that_have_any_left() -> None:
    first = make_draw({"a": 40, "b": 90})
    extended = extend_draw(first, 10, seed=7, effects_seen=False)
    assert isinstance(extended, Draw)
    assert extended.until(1) == first
    assert extended.in_wave(1) == first.units
    assert extended.in_wave(2) == extended.units - first.units
    assert coding_order(extended, 2) == ("b",)
