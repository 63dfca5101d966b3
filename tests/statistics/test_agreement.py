"""Coefficients of agreement: against reference software, against their definitions, and where they are undefined."""

from __future__ import annotations

import itertools
import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.agreement import Agreement, Coding
from pipeline.domain.codebook import Dimension, DimensionKind, Label
from pipeline.statistics.agreement import describe_agreement, masi_distances

REFERENCE = {
    check["id"]: check
    for check in json.loads((Path(__file__).parent / "data" / "agreement.json").read_text(encoding="utf-8"))["checks"]
}


def dimension(kind: DimensionKind, labels: str, automatic: tuple[str, ...] = ()) -> Dimension:
    listed = tuple(Label(label, label, "") for label in labels.split())
    return Dimension("d", "D", "?", kind, listed, automatic=automatic)


def codings(table: list[list[Any]], sessions: list[str] | None = None) -> list[Coding]:
    """Make codings of coders by units; `None` is missing, a tuple several labels."""
    return [
        Coding(
            f"u{unit}",
            f"c{coder}",
            sessions[unit] if sessions else None,
            {"d": tuple(map(str, value)) if isinstance(value, tuple) else (str(value),)},
        )
        for coder, row in enumerate(table)
        for unit, value in enumerate(row)
        if value is not None
    ]


def whole(table: list[list[Any]], kind: DimensionKind, labels: str) -> Agreement:
    return describe_agreement(codings(table), [dimension(kind, labels)])[0]


@pytest.mark.parametrize(("kind", "name"), [(DimensionKind.SINGLE, "nominal"), (DimensionKind.ORDINAL, "ordinal")])
def test_alpha_is_that_of_the_reference_software(kind: DimensionKind, name: str) -> None:
    check = REFERENCE["kripp_4x12"]
    found = whole(check["input"]["coders_by_units"], kind, "1 2 3 4 5")
    assert found.alpha == pytest.approx(check["output"][name], abs=check["abs_tol"])
    assert (found.units, found.sessions, found.coders) == (11, None, ("c0", "c1", "c2", "c3"))


def test_nominal_alpha_of_krippendorff_s_example_is_exact() -> None:
    found = whole(REFERENCE["kripp_4x12"]["input"]["coders_by_units"], DimensionKind.SINGLE, "1 2 3 4 5")
    assert found.alpha == pytest.approx(float(Fraction(113, 152)), abs=1e-15)


def test_alpha_of_yes_and_no_is_that_of_the_reference_software() -> None:
    check = REFERENCE["kripp_binary_2x10"]
    table = check["input"]["coders_by_units"]
    expected = pytest.approx(check["output"]["nominal"], abs=check["abs_tol"])
    assert whole(table, DimensionKind.SINGLE, "0 1").alpha == expected
    found, of_no, of_yes = describe_agreement(codings(table), [dimension(DimensionKind.SINGLE, "0 1")])
    assert found.alpha == of_no.alpha == of_yes.alpha == expected
    assert of_yes.positives == (2, 4)


def test_ac1_and_plain_agreement_are_those_of_the_reference_software() -> None:
    check = REFERENCE["gwet_ac1_4x12"]
    table = [list(row) for row in zip(*check["input"]["units_by_raters"], strict=True)]
    found = whole(table, DimensionKind.SINGLE, "1 2 3 4 5")
    output = check["output"]
    assert found.ac1 == pytest.approx(output["gwet_ac1"]["coeff.val"], abs=check["abs_tol"])
    assert found.alpha == pytest.approx(output["krippendorff_alpha"]["coeff.val"], abs=check["abs_tol"])
    assert found.observed == pytest.approx(output["percent"]["coeff.val"], abs=1e-12)


def test_a_rare_label_shows_why_alpha_and_ac1_are_read_together() -> None:
    # statistics.md 3.1: agreement .944 and AC1 .941 beside a coefficient below zero.
    table = [[0] * 34 + [1, 0], [0] * 34 + [0, 1]]
    of_yes = describe_agreement(codings(table), [dimension(DimensionKind.SINGLE, "0 1")])[2]
    assert of_yes.observed == pytest.approx(0.944, abs=5e-4)
    assert of_yes.ac1 == pytest.approx(0.941, abs=5e-4)
    assert of_yes.alpha is not None
    assert of_yes.alpha < 0
    assert (of_yes.positive, of_yes.positives) == (0.0, (1, 1))


def test_positive_agreement_of_two_coders_is_twice_both_over_all_positives() -> None:
    table = [[1, 1, 1, 0, 0, 0, None], [1, 1, 0, 1, 1, 0, 1]]
    of_yes = describe_agreement(codings(table), [dimension(DimensionKind.SINGLE, "0 1")])[2]
    assert of_yes.positive == pytest.approx(2 * 2 / (2 * 2 + 1 + 2))
    assert of_yes.units == 6
    assert of_yes.positives == (3, 4), "the last unit has one coder and does not count"


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        ("", "", 0),
        ("a", "", 1),
        ("a", "b", 1),
        ("a b", "a b", 0),
        ("a", "a b", 1 - Fraction(1, 2) * Fraction(2, 3)),
        ("a b", "b c", 1 - Fraction(1, 3) * Fraction(1, 3)),
    ],
)
def test_masi_distances_follow_passonneau(one: str, other: str, distance: Fraction) -> None:
    sets = [frozenset(one.split()), frozenset(other.split())]
    assert masi_distances(sets)[0, 1] == pytest.approx(float(distance), abs=1e-15)
    assert masi_distances(sets)[1, 0] == pytest.approx(float(distance), abs=1e-15)


VALUES = {
    DimensionKind.SINGLE: [0, 1, 2, 3],
    DimensionKind.ORDINAL: [0, 1, 2, 3],
    DimensionKind.MULTI: [(), (0,), (1,), (0, 1), (0, 1, 2), (1, 3)],
}


def by_pairs(table: list[list[Any]], kind: DimensionKind) -> float | None:
    """Compute alpha from its definition, pair by pair, with exact fractions."""
    units = [[row[unit] for row in table if row[unit] is not None] for unit in range(len(table[0]))]
    units = [values for values in units if len(values) > 1]
    everything = [value for values in units for value in values]

    def distance(one: Any, other: Any) -> Fraction:
        if one == other:
            return Fraction(0)
        if kind is DimensionKind.SINGLE:
            return Fraction(1)
        if kind is DimensionKind.ORDINAL:
            low, high = sorted((one, other))
            between = sum(low <= value <= high for value in everything)
            return (between - Fraction(everything.count(low) + everything.count(high), 2)) ** 2
        left, right = set(one), set(other)
        if not left & right:
            return Fraction(1)
        monotone = Fraction(2, 3) if left <= right or right <= left else Fraction(1, 3)
        return 1 - Fraction(len(left & right), len(left | right)) * monotone

    total = len(everything)
    if len(set(everything)) < 2:
        return None
    found = sum(
        Fraction(1, len(values) - 1) * sum(distance(a, b) for a, b in itertools.permutations(values, 2))
        for values in units
    )
    expected = sum(distance(a, b) for a, b in itertools.permutations(everything, 2))
    return float(1 - (found / total) / (expected / Fraction(total * (total - 1))))


@pytest.mark.parametrize("kind", DimensionKind)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_alpha_is_what_its_definition_says_for_any_coders_and_gaps(kind: DimensionKind, data: st.DataObject) -> None:
    units = data.draw(st.integers(1, 7))
    value = st.one_of(st.none(), st.sampled_from(VALUES[kind]))
    table = data.draw(st.lists(st.lists(value, min_size=units, max_size=units), min_size=1, max_size=4))
    expected = by_pairs(table, kind)
    found = whole(table, kind, "0 1 2 3").alpha
    assert (found is None) == (expected is None)
    if expected is not None:
        assert found == pytest.approx(expected, abs=1e-9)


def test_where_only_one_value_occurs_nothing_can_be_determined() -> None:
    found, *labels = describe_agreement(codings([[0, 0, 0], [0, 0, 0]]), [dimension(DimensionKind.SINGLE, "0 1")])
    assert (found.observed, found.alpha, found.ac1) == (1.0, None, None)
    assert [(label.alpha, label.ac1) for label in labels] == [(None, None)] * 2
    assert labels[1].positive is None
    assert labels[1].positives == (0, 0)


def test_without_a_unit_of_two_coders_nothing_can_be_determined() -> None:
    found = whole([[0, None], [None, 1]], DimensionKind.SINGLE, "0 1")
    assert (found.units, found.coders, found.observed, found.alpha, found.ac1) == (0, (), None, None, None)


def test_a_dimension_that_nobody_coded_gives_no_figures() -> None:
    other = [Coding("u", "c", None, {})]
    for kind in DimensionKind:
        found = describe_agreement(other, [dimension(kind, "0 1")])
        assert all((one.units, one.alpha, one.ac1, one.observed) == (0, None, None, None) for one in found)


def test_sets_of_labels_have_a_coefficient_a_label_and_one_as_a_whole() -> None:
    table = [[(0, 1), (), (1,), (2,)], [(0,), (), (1,), (1, 2)]]
    found = describe_agreement(codings(table), [dimension(DimensionKind.MULTI, "0 1 2 3")])
    assert [one.label for one in found] == [None, "0", "1", "2", "3"]
    assert found[0].alpha == pytest.approx(by_pairs(table, DimensionKind.MULTI))
    assert found[0].observed == 0.5, "only a whole set is the same"
    assert found[1].alpha == 1
    assert found[2].positives == (2, 2)
    assert found[4].alpha is None


def test_every_session_has_its_own_figures_in_order_of_appearance() -> None:
    table = [[0, 1, 0, 1, 1], [0, 1, 1, 0, None]]
    found = describe_agreement(
        codings(table, ["zuid", "zuid", "noord", "noord", "west"]), [dimension(DimensionKind.SINGLE, "0 1")]
    )
    assert found[0].sessions == 2
    by_session = {one.session: one for one in found if one.session}
    assert list(by_session) == ["zuid", "noord", "west"]
    assert by_session["zuid"].alpha == 1
    assert by_session["noord"].observed == 0
    assert (by_session["west"].units, by_session["west"].sessions, by_session["west"].alpha) == (0, 0, None)


def test_a_label_that_only_a_rule_gives_is_shown_where_it_was_given() -> None:
    ruled = dimension(DimensionKind.SINGLE, "0 1", automatic=("1",))
    assert [one.label for one in describe_agreement(codings([[0, 0], [0, 0]]), [ruled])] == [None, "0"]
    assert [one.label for one in describe_agreement(codings([[0, 1], [0, 0]]), [ruled])] == [None, "0", "1"]


def test_figures_do_not_depend_on_the_order_of_the_rows() -> None:
    rows = codings([[0, 1, 2, 1, 0], [0, 1, 1, 1, 2], [0, None, 2, 1, 1]])
    turned = list(np.random.default_rng(1).permutation(np.array(rows, dtype=object)))
    asked = [dimension(DimensionKind.ORDINAL, "0 1 2")]
    one, other = describe_agreement(rows, asked)[0], describe_agreement(turned, asked)[0]
    assert one.alpha is not None
    assert other.alpha is not None
    assert math.isclose(one.alpha, other.alpha)
    assert one.observed == other.observed
