"""Rates per transcript, rates per group with intervals, and marks that intervals decide."""

from __future__ import annotations

from itertools import pairwise, product
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pipeline.statistics.intervals import score_interval
from pipeline.statistics.refusal import Refusal
from pipeline.statistics.triangulation import (
    KNOWLEDGE_TYPES,
    CodedUnit,
    Direction,
    GroupDifference,
    GroupRate,
    Mark,
    Presence,
    TranscriptRate,
    TriangulationRow,
    compare_groups,
    group_rates,
    label_shares,
    promoting_shares,
    triangulate,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TYPES = ("klantenkennis", "praktijkkennis", "wetenschappelijke kennis")
Z = float(stats.norm.ppf(0.975))


def rates(group: str, shares: Sequence[float], units: int = 100, label: str = "l") -> list[TranscriptRate]:
    return [TranscriptRate(f"{group}{at}", group, label, share, units) for at, share in enumerate(shares)]


def rate_of(found: GroupRate | Refusal) -> GroupRate:
    assert isinstance(found, GroupRate), str(found)
    return found


def row_of(
    shares: Mapping[str, Sequence[float]], promoting: Mapping[str, Sequence[float]] | None = None, units: int = 200
) -> TriangulationRow:
    found = triangulate(
        [one for group, given_ in shares.items() for one in rates(group, given_, units)],
        None if promoting is None else [one for group, one_ in promoting.items() for one in rates(group, one_, 20)],
        TYPES,
        ["l"],
    )
    assert not isinstance(found, Refusal)
    return found[0]


def test_rates_are_made_per_transcript_and_group_first() -> None:
    units = [
        CodedUnit("t1", "klant", ("maatwerk",)),
        CodedUnit("t1", "klant", ()),
        CodedUnit("t1", "klantmanager", ("maatwerk", "begrensd")),
        CodedUnit("t2", "klant", ()),
        CodedUnit("t2", "klant", ()),
        CodedUnit("t2", "klant", ("begrensd",)),
        CodedUnit("t2", "klant", ("maatwerk",)),
    ]
    assert label_shares(units, ["maatwerk", "begrensd"]) == (
        TranscriptRate("t1", "klant", "maatwerk", 0.5, 2),
        TranscriptRate("t1", "klant", "begrensd", 0.0, 2),
        TranscriptRate("t1", "klantmanager", "maatwerk", 1.0, 1),
        TranscriptRate("t1", "klantmanager", "begrensd", 1.0, 1),
        TranscriptRate("t2", "klant", "maatwerk", 0.25, 4),
        TranscriptRate("t2", "klant", "begrensd", 0.25, 4),
    )


def test_the_direction_counts_only_units_with_the_label_and_a_direction() -> None:
    units = [
        CodedUnit("t1", "klant", ("a", "b"), Direction.BEVORDEREND),
        CodedUnit("t1", "klant", ("a",), Direction.BELEMMEREND),
        CodedUnit("t1", "klant", ("a",), None),
        CodedUnit("t2", "klant", (), None),
    ]
    assert promoting_shares(units, ["a", "b"]) == (
        TranscriptRate("t1", "klant", "a", 0.5, 2),
        TranscriptRate("t1", "klant", "b", 1.0, 1),
    )


def test_every_transcript_counts_once_however_long() -> None:
    given_ = [TranscriptRate("t1", "g", "l", 0.1, 1000), *rates("g", [0.4, 0.4], 10)]
    assert rate_of(group_rates(given_, ["g"], ["l"])["l", "g"]).rate == pytest.approx(0.3)


def test_the_likeness_of_units_is_that_of_the_analysis_of_variance() -> None:
    # Equal sizes and one group: r = (F - 1)/(F - 1 + N) of the ANOVA, but for the plug-in p(1 - p).
    hits, size = np.array([2, 9, 4, 12, 3, 8]), 50
    shares = hits / size
    mean = shares.mean()
    plug_in = mean * (1 - mean) * (len(hits) - 1) / len(hits)
    expected = (((shares - mean) ** 2).sum() / (len(hits) * plug_in) - 1 / size) / (1 - 1 / size)
    found = rate_of(group_rates(rates("g", list(shares), size), ["g"], ["l"])["l", "g"])
    assert found.likeness == pytest.approx(expected)
    assert found.effective_units == pytest.approx(len(hits) / (expected + (1 - expected) / size))
    assert found.degrees_of_freedom == 5


def test_transcripts_that_do_not_differ_are_worth_all_their_units_and_no_more() -> None:
    found = rate_of(group_rates(rates("g", [0.2] * 5, 40), ["g"], ["l"])["l", "g"])
    assert found.likeness == 0
    assert found.effective_units == pytest.approx(200)
    assert found.interval == score_interval(found.shown, found.effective_units, float(stats.t.ppf(0.975, 4)))


def test_statements_from_literature_are_plain_shares_and_tell_nothing_of_talks() -> None:
    talks = rates("klant", [0.02, 0.10, 0.05, 0.20], 80)
    statements = rates("literatuur", [1.0] * 6 + [0.0] * 54, 1)
    alone = rate_of(group_rates(talks, ["klant"], ["l"])["l", "klant"])
    found = group_rates([*talks, *statements], ["klant", "literatuur"], ["l"])
    assert rate_of(found["l", "klant"]) == alone
    literature = rate_of(found["l", "literatuur"])
    assert literature.effective_units == pytest.approx(60)
    plain = score_interval(0.1, 60, float(stats.t.ppf(0.975, 59)))
    assert (literature.interval.low, literature.interval.high) == pytest.approx((plain.low, plain.high))


def test_a_label_that_nobody_used_borrows_the_likeness_of_the_others() -> None:
    given_ = [*rates("g", [0.02, 0.2, 0.1, 0.3], 80), *rates("g", [0.0] * 4, 80, "niets")]
    found = group_rates(given_, ["g"], ["l", "niets"])
    used, unused = rate_of(found["l", "g"]), rate_of(found["niets", "g"])
    assert unused.likeness == used.likeness > 0
    assert unused.interval.low == 0
    assert unused.interval.high > 0.1, "four talks without the label say little of the fifth"


def test_a_corrected_rate_below_zero_is_kept_and_only_shown_as_zero() -> None:
    given_ = [*rates("g", [-0.02, -0.01, 0.01]), *rates("h", [0.1, 0.2, 0.15])]
    below = rate_of(group_rates(given_, ["g", "h"], ["l"])["l", "g"])
    assert below.rate == pytest.approx(-0.02 / 3)
    assert below.shown == 0
    assert below.interval.low == 0


@given(st.permutations(range(12)))
@settings(deadline=None, max_examples=20)
def test_the_order_of_transcripts_does_not_matter(order: list[int]) -> None:
    given_ = [*rates("a", [0.1, 0.3, 0.2, 0.15]), *rates("b", [0.0, 0.1, 0.05, 0.2]), *rates("c", [0.4, 0.2, 0.3, 0.5])]
    one = group_rates(given_, "abc", ["l"])
    other = group_rates([given_[at] for at in order], "abc", ["l"])
    for cell, expected in one.items():
        found = rate_of(other[cell])
        assert (found.interval.low, found.interval.high) == pytest.approx(
            (rate_of(expected).interval.low, rate_of(expected).interval.high)
        )


def test_groups_are_compared_two_by_two_and_the_other_way_round_is_the_mirror_image() -> None:
    given_ = [*rates("a", [0.1, 0.3, 0.2]), *rates("b", [0.0, 0.1, 0.05]), *rates("c", [0.4, 0.2, 0.3])]
    found = compare_groups(given_, "abc", ["l"])
    mirrored = compare_groups(given_, "cba", ["l"])
    assert [(one.group, one.other) for one in found if isinstance(one, GroupDifference)] == [
        ("a", "b"),
        ("a", "c"),
        ("b", "c"),
    ]
    one, other = found[0], mirrored[2]
    assert isinstance(one, GroupDifference)
    assert isinstance(other, GroupDifference)
    assert one.difference == pytest.approx(0.15)
    assert (one.interval.low, one.interval.high) == pytest.approx((-other.interval.high, -other.interval.low))


def test_one_talk_full_of_a_label_does_not_make_a_group_hold_it() -> None:
    # Forty hits in 320 units would be 12.5 % with a lower bound of 9 %, were the units independent.
    given_ = [*rates("klant", [0.5, 0.0, 0.0, 0.0], 80)]
    found = rate_of(group_rates(given_, ["klant"], ["l"])["l", "klant"])
    assert found.shown == 0.125
    assert found.interval.low < 0.02
    assert row_of({"klantenkennis": [0.5, 0.0, 0.0, 0.0]}, units=80).cells[0].presence is Presence.ONZEKER


OFTEN, NEVER, SOMETIMES = [0.1, 0.12, 0.11, 0.09], [0.0, 0.0, 0.0, 0.001], [0.02, 0.03, 0.01, 0.02]


@pytest.mark.parametrize(
    ("shares", "mark", "possible"),
    [
        ([OFTEN, OFTEN, OFTEN], Mark.GEDEELD, {Mark.GEDEELD}),
        ([OFTEN, OFTEN, NEVER], Mark.DEELS, {Mark.DEELS}),
        ([NEVER, OFTEN, NEVER], Mark.EIGEN, {Mark.EIGEN}),
        ([NEVER, NEVER, NEVER], Mark.AFWEZIG, {Mark.AFWEZIG}),
        ([OFTEN, OFTEN, SOMETIMES], Mark.ONBESLIST, {Mark.GEDEELD, Mark.DEELS}),
        ([OFTEN, NEVER, SOMETIMES], Mark.ONBESLIST, {Mark.EIGEN, Mark.DEELS}),
        ([NEVER, NEVER, SOMETIMES], Mark.ONBESLIST, {Mark.AFWEZIG, Mark.EIGEN}),
        ([SOMETIMES] * 3, Mark.ONBESLIST, {Mark.GEDEELD, Mark.DEELS, Mark.EIGEN, Mark.AFWEZIG}),
    ],
)
def test_the_mark_follows_from_the_intervals(shares: list[list[float]], mark: Mark, possible: set[Mark]) -> None:
    row = row_of(dict(zip(TYPES, shares, strict=True)), units=400)
    assert (row.mark, set(row.possible)) == (mark, possible)
    assert len(row.possible) == len(possible)
    assert row.sentence.startswith(mark.value.capitalize())
    assert all(one.value in row.sentence.lower() for one in possible)


FOR, AGAINST, MIXED = [0.9, 0.95, 0.85, 0.9], [0.1, 0.05, 0.15, 0.1], [0.5, 0.6, 0.4, 0.5]


@pytest.mark.parametrize(
    ("shares", "promoting", "mark", "possible"),
    [
        ([OFTEN] * 3, [FOR, AGAINST, FOR], Mark.STRIJDIG, {Mark.STRIJDIG}),
        ([OFTEN] * 3, [FOR, FOR, FOR], Mark.GEDEELD, {Mark.GEDEELD}),
        ([OFTEN] * 3, [FOR, MIXED, MIXED], Mark.GEDEELD, {Mark.GEDEELD}),
        ([OFTEN, OFTEN, NEVER], [FOR, FOR, AGAINST], Mark.DEELS, {Mark.DEELS}),
        ([OFTEN, OFTEN, SOMETIMES], [FOR, FOR, AGAINST], Mark.ONBESLIST, {Mark.STRIJDIG, Mark.DEELS}),
        ([OFTEN, OFTEN, SOMETIMES], [FOR, AGAINST, FOR], Mark.STRIJDIG, {Mark.STRIJDIG}),
    ],
)
def test_opposite_directions_by_their_intervals_are_a_contradiction(
    shares: list[list[float]], promoting: list[list[float]], mark: Mark, possible: set[Mark]
) -> None:
    row = row_of(dict(zip(TYPES, shares, strict=True)), dict(zip(TYPES, promoting, strict=True)), units=400)
    assert (row.mark, set(row.possible)) == (mark, possible)


def test_the_direction_of_two_talks_is_not_decided() -> None:
    row = row_of(dict.fromkeys(TYPES, OFTEN), {TYPES[0]: [1.0, 1.0], TYPES[1]: AGAINST, TYPES[2]: AGAINST}, units=400)
    assert isinstance(row.cells[0].promoting, Refusal)
    assert row.cells[0].direction is None
    assert row.cells[1].direction is Direction.BELEMMEREND
    assert row.mark is Mark.GEDEELD


def test_a_kind_of_knowledge_with_too_few_transcripts_leaves_the_mark_open() -> None:
    row = row_of({TYPES[0]: OFTEN, TYPES[1]: OFTEN, TYPES[2]: [0.1, 0.1]}, units=400)
    refused = row.cells[2]
    assert isinstance(refused.rate, Refusal)
    assert "2 transcripten" in refused.rate.why
    assert refused.presence is Presence.ONZEKER
    assert (row.mark, set(row.possible)) == (Mark.ONBESLIST, {Mark.GEDEELD, Mark.DEELS})
    absent = row_of({TYPES[0]: OFTEN, TYPES[1]: OFTEN}, units=400)
    assert absent.mark is Mark.ONBESLIST


def test_the_share_that_counts_is_the_study_s_own() -> None:
    given_ = [one for kind in TYPES for one in rates(kind, OFTEN, 400)]
    marks = []
    for smallest in (0.02, 0.1, 0.3):
        found = triangulate(given_, None, TYPES, ["l"], smallest_share=smallest)
        assert not isinstance(found, Refusal)
        marks.append(found[0].mark)
    assert marks == [Mark.GEDEELD, Mark.ONBESLIST, Mark.AFWEZIG]


def test_one_kind_of_knowledge_has_nothing_to_share() -> None:
    assert isinstance(triangulate(rates("klantenkennis", OFTEN), None, ["klantenkennis"], ["l"]), Refusal)


@pytest.mark.parametrize(
    "spoilt",
    [
        [TranscriptRate("t", "g", "l", float("nan"), 10)],
        [TranscriptRate("t", "g", "l", 0.1, 0)],
        [TranscriptRate("g0", "g", "l", 0.1, 10)],
    ],
)
def test_missing_empty_and_double_transcripts_are_refused(spoilt: list[TranscriptRate]) -> None:
    given_ = [*rates("g", OFTEN), *rates("h", OFTEN), *spoilt]
    found = group_rates(given_, "gh", ["l"])
    assert all(isinstance(cell, Refusal) for cell in found.values())
    assert all(isinstance(one, Refusal) for one in compare_groups(given_, "gh", ["l"]))


def test_without_any_label_nothing_is_known_of_the_spread() -> None:
    found = group_rates(rates("g", [0.0] * 4), "g", ["l"])["l", "g"]
    assert isinstance(found, Refusal)
    assert "Geen van de labels komt voor" in found.why


def test_nothing_at_all_is_refused_cell_by_cell() -> None:
    assert all(isinstance(cell, Refusal) for cell in group_rates([], "gh", ["l", "m"]).values())
    assert len(compare_groups([], "gh", ["l"])) == 1


def test_other_groups_and_labels_are_left_out() -> None:
    given_ = [*rates("g", OFTEN), *rates("gespreksleider", [float("nan")]), *rates("g", OFTEN, label="ander")]
    assert set(group_rates(given_, "g", ["l"])) == {("l", "g")}
    assert isinstance(group_rates(given_, "g", ["l"])["l", "g"], GroupRate)


@pytest.mark.parametrize("wrong", [0, 1, 5, float("nan")])
def test_levels_and_shares_outside_their_range_are_a_mistake_of_the_caller(wrong: float) -> None:
    with pytest.raises(ValueError, match="lies in"):
        group_rates(rates("g", OFTEN), "g", ["l"], level=wrong)
    with pytest.raises(ValueError, match="lies in"):
        triangulate(rates("g", OFTEN), None, TYPES, ["l"], smallest_share=wrong)


def test_the_groups_of_the_field_have_a_kind_of_knowledge() -> None:
    assert KNOWLEDGE_TYPES["sociale_professional"] == KNOWLEDGE_TYPES["klantmanager"] == TYPES[1]
    assert set(KNOWLEDGE_TYPES.values()) == set(TYPES)


def test_more_units_or_more_transcripts_narrow_the_interval() -> None:
    widths = []
    for times, units in ((1, 40), (1, 400), (3, 400)):
        interval = rate_of(group_rates(rates("g", OFTEN * times, units), "g", ["l"])["l", "g"]).interval
        widths.append(interval.high - interval.low)
    assert all(wide > narrow for wide, narrow in pairwise(widths))


def test_the_intervals_cover_what_they_promise() -> None:
    # Beta-binomial talks of 40 to 150 units with a likeness of .05, five, four and three a group; 300 replications.
    rng, groups, labels, likeness = np.random.default_rng(8), "abc", ("0.02", "0.08", "0.25"), 0.05
    hits, differences, naive = 0, 0, 0
    for _ in range(300):
        given_ = []
        for label, (group, talks) in product(labels, zip(groups, (5, 4, 3), strict=True)):
            chance, spread = float(label), (1 - likeness) / likeness
            for talk in range(talks):
                units = int(rng.integers(40, 151))
                found = rng.binomial(units, rng.beta(chance * spread, (1 - chance) * spread))
                given_.append(TranscriptRate(f"{group}{talk}", group, label, found / units, units))
        for (label, _group), cell in group_rates(given_, groups, labels).items():
            one = rate_of(cell)
            hits += float(label) in one.interval
            naive += float(label) in score_interval(one.shown, one.units, Z)
        differences += sum(
            0 in one.interval for one in compare_groups(given_, groups, labels) if isinstance(one, GroupDifference)
        )
    assert 0.93 <= hits / (300 * 9) <= 0.98
    assert differences / (300 * 9) >= 0.93
    assert naive / (300 * 9) <= 0.8, "units taken as independent must be seen to fail"
