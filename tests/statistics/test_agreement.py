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
from pipeline.domain.coding import Prediction
from pipeline.statistics.agreement import (
    FEWEST_SESSIONS,
    RESAMPLES,
    Coefficient,
    Estimate,
    Interval,
    IntervalMethod,
    MachineComparison,
    MeasuredAgreement,
    Resampling,
    ResamplingDesign,
    cohen_kappa,
    cohen_standard_error,
    compare_machine,
    describe_agreement,
    fleiss_kappa,
    gwet_ac1,
    interval_distances,
    krippendorff_alpha,
    linear_distances,
    machine_codings,
    masi_distances,
    measure_agreement,
    nominal_distances,
    observed_agreement,
    ordinal_distances,
    pabak,
    positive_agreement,
    ratio_distances,
)
from pipeline.statistics.refusal import Refusal

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


# kappas


def counted(table: list[list[Any]], values: int) -> np.ndarray:
    """Count how many coders gave each of the values 1, 2, … to each unit."""
    given = np.array([[value or 0 for value in row] for row in table])
    return np.stack([(given == value).sum(axis=0) for value in range(1, values + 1)], axis=1)


@pytest.mark.parametrize(("distances", "name"), [(interval_distances, "interval"), (ratio_distances, "ratio")])
def test_alpha_of_numbers_is_that_of_the_reference_software(distances: Any, name: str) -> None:
    check = REFERENCE["kripp_4x12"]
    counts = counted(check["input"]["coders_by_units"], 5)
    found = krippendorff_alpha(counts, distances([1, 2, 3, 4, 5]))
    assert found == pytest.approx(check["output"][name], abs=check["abs_tol"])


@pytest.mark.parametrize(
    ("coefficient", "name"), [(fleiss_kappa, "fleiss_kappa"), (pabak, "brennan_prediger"), (gwet_ac1, "gwet_ac1")]
)
def test_kappas_with_missing_values_are_those_of_the_reference_software(coefficient: Any, name: str) -> None:
    check = REFERENCE["gwet_ac1_4x12"]
    counts = counted([list(row) for row in zip(*check["input"]["units_by_raters"], strict=True)], 5)
    expected = check["output"][name]
    exact = (expected["pa"] - expected["pe"]) / (1 - expected["pe"])
    assert coefficient(counts) == pytest.approx(expected["coeff.val"], abs=check["abs_tol"])
    assert coefficient(counts) == pytest.approx(exact, abs=1e-12)


def test_coefficients_of_plain_counts_are_those_of_a_study() -> None:
    table = REFERENCE["kripp_4x12"]["input"]["coders_by_units"]
    counts = counted(table, 5)
    found = whole(table, DimensionKind.ORDINAL, "1 2 3 4 5")
    assert krippendorff_alpha(counts, ordinal_distances(counts)) == pytest.approx(found.alpha)
    assert observed_agreement(counts) == found.observed
    table = [[1, 1, 2, 2], [1, 2, 1, 2]]
    of_two = describe_agreement(codings(table), [dimension(DimensionKind.SINGLE, "1 2")])[2]
    assert positive_agreement(counted(table, 2)) == of_two.positive == 0.5


def test_cohen_s_kappa_and_its_standard_error_are_those_of_the_reference_software() -> None:
    check = REFERENCE["cohen_2x2"]
    table = np.array(check["input"]["table"])
    output = check["output"]
    assert cohen_kappa(table) == pytest.approx(output["kappa"], abs=check["abs_tol"])
    error = cohen_standard_error(table)
    assert error == pytest.approx(output["ase"], abs=check["abs_tol"])
    assert error is not None
    assert error**2 == pytest.approx(output["psych_var"], abs=check["abs_tol"])


def test_a_kappa_of_one_value_has_no_standard_error() -> None:
    one_value = np.array([[7, 0], [0, 0]])
    assert cohen_kappa(one_value) is None
    assert cohen_standard_error(one_value) is None


def test_fleiss_kappa_of_fourteen_coders_is_the_textbook_one() -> None:
    # Ten subjects, fourteen raters, five categories: the worked example of Fleiss' kappa (kappa .210).
    rows = "0 0 0 0 14|0 2 6 4 2|0 0 3 5 6|0 3 9 2 0|2 2 8 1 1|7 7 0 0 0|3 2 6 3 0|2 5 3 2 2|6 5 2 1 0|0 2 2 3 7"
    counts = np.array([[int(count) for count in row.split()] for row in rows.split("|")])
    assert fleiss_kappa(counts) == pytest.approx(0.210, abs=5e-4)


@settings(max_examples=60, deadline=None)
@given(pairs=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=30))
@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
def test_cohen_s_kappa_is_that_of_scikit_learn(weights: str | None, pairs: list[tuple[int, int]]) -> None:
    from sklearn.metrics import cohen_kappa_score, confusion_matrix

    one, other = zip(*pairs, strict=True)
    table = confusion_matrix(one, other, labels=range(4))
    distances = {None: None, "linear": linear_distances(4), "quadratic": interval_distances(range(4))}[weights]
    found = cohen_kappa(table, distances)
    if len(set(one) | set(other)) == 1:
        assert found is None
    else:
        assert found == pytest.approx(cohen_kappa_score(one, other, labels=range(4), weights=weights), abs=1e-12)


@given(pairs=st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=20))
def test_pabak_of_yes_and_no_is_twice_the_agreement_less_one(pairs: list[tuple[bool, bool]]) -> None:
    counts = np.array([[2 - sum(pair), sum(pair)] for pair in pairs])
    agreement = sum(one == other for one, other in pairs) / len(pairs)
    expected = None if len({value for pair in pairs for value in pair}) == 1 else pytest.approx(2 * agreement - 1)
    assert pabak(counts) == expected


# figures with intervals


def study(sessions: int, units: int, coders: int = 2, seed: int = 1, values: int = 2) -> tuple[list[Coding], list[str]]:
    """Make codings in which coders mostly follow a hidden value, with gaps."""
    draw = np.random.default_rng(seed)
    hidden = draw.integers(0, values, sessions * units)
    heard = np.where(draw.random((coders, hidden.size)) < 0.8, hidden, draw.integers(0, values, (coders, hidden.size)))
    table = [[None if draw.random() < 0.1 else int(value) for value in row] for row in heard]
    names = [f"s{at // units:02}" for at in range(hidden.size)]
    return codings(table, names), names


def measured(
    listed: list[Coding],
    asked: Dimension,
    design: ResamplingDesign | None = None,
    inclusion: dict[str, float] | None = None,
) -> dict[tuple[str | None, str | None, tuple[str, ...]], MeasuredAgreement]:
    found = measure_agreement(listed, [asked], design or ResamplingDesign(seed=3), inclusion)
    assert not isinstance(found, Refusal)
    return {(one.label, one.session, one.coders): one for one in found}


def interval_of(found: Estimate | Refusal) -> Interval:
    assert isinstance(found, Estimate)
    assert isinstance(found.interval, Interval)
    return found.interval


YES_NO = dimension(DimensionKind.SINGLE, "0 1")
FIGURES = {Coefficient.OBSERVED, Coefficient.ALPHA, Coefficient.AC1, Coefficient.FLEISS, Coefficient.PABAK}


def test_measured_figures_are_the_described_ones_with_intervals_around_them() -> None:
    listed, _ = study(10, 12)
    found = measure_agreement(listed, [YES_NO], ResamplingDesign(seed=3))
    assert not isinstance(found, Refusal)
    for one, plain in zip(found, describe_agreement(listed, [YES_NO]), strict=True):
        assert (one.label, one.session, one.units, one.coders) == (
            plain.label,
            plain.session,
            plain.units,
            plain.coders,
        )
        assert (one.sessions, one.positives) == (plain.sessions, plain.positives)
        for which, value in [(Coefficient.ALPHA, plain.alpha), (Coefficient.AC1, plain.ac1)]:
            figure = one.figures[which]
            assert (figure.value if isinstance(figure, Estimate) else None) == pytest.approx(value)
    whole_study = found[0].figures
    assert set(whole_study) == FIGURES | {Coefficient.COHEN}
    for figure in whole_study.values():
        interval = interval_of(figure)
        assert isinstance(figure, Estimate)
        assert interval.low < figure.value < interval.high
        assert (interval.method, interval.sessions) == (IntervalMethod.BOOTSTRAP, 10)
        assert interval.warning is None


def test_a_resample_is_what_describing_the_sessions_drawn_gives() -> None:
    listed, names = study(9, 8, coders=3)
    sites = {name: "noord" if name < "s04" else "zuid" for name in names}
    design = ResamplingDesign(sites=sites, seed=5, resamples=40)
    sessions = sorted(set(names))
    drawn = Resampling.of([sites[name] for name in sessions], 5, 40)
    assert (drawn.weights[:, :4].sum(axis=1) == 4).all(), "sessions are drawn within their site"
    alphas = []
    for times in drawn.weights:
        again = [
            Coding(f"{coding.unit}-{copy}", coding.coder, coding.session, coding.labels)
            for coding in listed
            for copy in range(int(times[sessions.index(coding.session or "")]))
        ]
        alphas.append(describe_agreement(again, [YES_NO])[0].alpha)
    interval = interval_of(measured(listed, YES_NO, design)[None, None, ("c0", "c1", "c2")].figures[Coefficient.ALPHA])
    low, high = np.quantile(np.array(alphas, dtype=float), [0.025, 0.975])
    assert (interval.low, interval.high) == pytest.approx((low, high))


@pytest.mark.parametrize("kind", DimensionKind)
def test_few_sessions_give_the_jackknife_and_a_warning(kind: DimensionKind) -> None:
    listed, names = study(FEWEST_SESSIONS - 1, 9, values=3)
    asked = dimension(kind, "0 1 2")
    interval = interval_of(measured(listed, asked)[None, None, ("c0", "c1")].figures[Coefficient.ALPHA])
    kept = [
        describe_agreement([one for one in listed if one.session != name], [asked])[0].alpha
        for name in sorted(set(names))
    ]
    left_out = np.array(kept, dtype=float)
    error = math.sqrt(6 / 7 * np.square(left_out - left_out.mean()).sum())
    alpha = describe_agreement(listed, [asked])[0].alpha
    assert alpha is not None
    assert interval.standard_error == pytest.approx(error)
    # 2.4469: the .975 quantile of t with 6 degrees of freedom, from tables.
    assert (interval.low, interval.high) == pytest.approx(
        (alpha - 2.446912 * error, alpha + 2.446912 * error), abs=1e-6
    )
    assert interval.method is IntervalMethod.JACKKNIFE
    assert interval.warning is not None
    assert "7 sessies" in interval.warning


def test_only_double_coded_sessions_are_drawn() -> None:
    double, _ = study(7, 9)
    single = [Coding(f"x{at}", "c0", f"t{at}", {"d": ("1",)}) for at in range(20)]
    figures = measured(double + single, YES_NO)[None, None, ("c0", "c1")]
    assert figures.sessions == 7
    for which in (Coefficient.ALPHA, Coefficient.AC1):
        interval = interval_of(figures.figures[which])
        assert (interval.method, interval.sessions) == (IntervalMethod.JACKKNIFE, 7)


def test_sites_with_one_session_are_drawn_together() -> None:
    alone = Resampling.of([f"site {at}" for at in range(8)], 1, 100)
    assert (alone.weights.sum(axis=1) == 8).all()
    assert alone.weights.std() > 0
    one = Resampling.of(["a"] * 7 + ["b"], 1, 100)
    assert one.weights[:, 7].std() > 0


def test_ordinal_pairs_have_weighted_kappas_and_every_pair_its_own_figures() -> None:
    listed, _ = study(8, 10, coders=3, values=3)
    asked = dimension(DimensionKind.ORDINAL, "0 1 2")
    found = measured(listed, asked)
    assert Coefficient.COHEN not in found[None, None, ("c0", "c1", "c2")].figures
    for pair in itertools.combinations(("c0", "c1", "c2"), 2):
        two = [one for one in listed if one.coder in pair]
        figures = found[None, None, pair].figures
        assert set(figures) == FIGURES | {
            Coefficient.COHEN,
            Coefficient.COHEN_LINEAR,
            Coefficient.COHEN_QUADRATIC,
        }
        alone = measured(two, asked)[None, None, pair].figures
        assert figures == alone
        units = {coding.unit for coding in two}
        said = {(coding.unit, coding.coder): int(coding.labels["d"][0]) for coding in two}
        both = [tuple(said[unit, coder] for coder in pair) for unit in units if all((unit, c) in said for c in pair)]
        table = np.zeros((3, 3), dtype=np.int64)
        np.add.at(table, tuple(np.array(both).T), 1)
        quadratic = figures[Coefficient.COHEN_QUADRATIC]
        assert isinstance(quadratic, Estimate)
        assert quadratic.value == pytest.approx(cohen_kappa(table, interval_distances(range(3))))
        of_label = found["2", None, pair]
        assert Coefficient.POSITIVE in of_label.figures
        assert of_label.positives == (table[2].sum(), table[:, 2].sum())


def test_units_count_as_often_as_they_stand_for_others() -> None:
    listed, _ = study(9, 8)
    inclusion = {coding.unit: 0.5 if int(coding.unit[1:]) % 3 else 1.0 for coding in listed}
    doubled = listed + [
        Coding(f"{coding.unit}b", coding.coder, coding.session, coding.labels)
        for coding in listed
        if inclusion[coding.unit] < 1
    ]
    weighted = measured(listed, YES_NO, inclusion=inclusion)
    plain = measured(doubled, YES_NO)
    for key in ((None, None, ("c0", "c1")), ("1", None, ("c0", "c1"))):
        for which, figure in weighted[key].figures.items():
            other = plain[key].figures[which]
            assert isinstance(figure, Estimate)
            assert isinstance(other, Estimate)
            assert figure.value == pytest.approx(other.value)
            assert interval_of(figure).low == pytest.approx(interval_of(other).low)
    assert weighted[None, None, ("c0", "c1")].units < plain[None, None, ("c0", "c1")].units


@pytest.mark.parametrize("chance", [0.0, -0.2, 1.2, math.nan, None])
def test_units_of_unknown_chance_are_refused(chance: float | None) -> None:
    listed, _ = study(9, 4)
    inclusion = {coding.unit: 0.5 for coding in listed}
    if chance is None:
        del inclusion["u0"]
    else:
        inclusion["u0"] = chance
    design = ResamplingDesign()
    for found in (
        measure_agreement(listed, [YES_NO], design, inclusion),
        compare_machine(listed, [YES_NO], "c1", design, inclusion),
    ):
        assert isinstance(found, Refusal)
        assert "1 gecodeerde uitingen" in str(found)


def refused(found: Estimate | Refusal) -> str:
    if isinstance(found, Refusal):
        return str(found)
    assert isinstance(found.interval, Refusal)
    return str(found.interval)


def test_what_cannot_be_determined_is_refused_with_a_sentence() -> None:
    listed, names = study(9, 6)
    unknown = [Coding(one.unit, one.coder, None, one.labels) for one in listed]
    alpha, both = Coefficient.ALPHA, (None, None, ("c0", "c1"))
    assert "sessie niet bekend" in refused(measured(unknown, YES_NO)[both].figures[alpha])
    homeless = ResamplingDesign(sites=dict.fromkeys(names[6:], "noord"))
    assert "werkplaats van sessie s00" in refused(measured(listed, YES_NO, homeless)[both].figures[alpha])
    one_session = measured(listed, YES_NO)[None, "s00", ("c0", "c1")].figures[alpha]
    assert "minstens twee sessies" in refused(one_session)
    same = measured(codings([[0] * 9, [0] * 9], names[:9]), YES_NO)
    assert "maar één waarde" in refused(same[both].figures[alpha])
    assert "niemand gaf dit label" in refused(same["1", None, ("c0", "c1")].figures[Coefficient.POSITIVE])
    agreed = codings([[0, 1] * 9, [0, 1] * 9], [f"s{at // 2}" for at in range(18)])
    assert "welke sessies ook meedoen" in refused(measured(agreed, YES_NO)[both].figures[alpha])
    once = [[0] * 18, [1] + [0] * 17]
    rare = measured(codings(once, [f"s{at // 2}" for at in range(18)]), YES_NO)[both].figures[alpha]
    assert interval_of(rare).undefined > RESAMPLES / 4, "the session of the one unit is often not drawn"
    few = measured(codings(once, [f"s{at // 3}" for at in range(18)]), YES_NO)[both].figures[alpha]
    assert "zonder een van de sessies" in refused(few)
    nothing = measured([], YES_NO)
    assert all("niet te bepalen" in str(one).lower() for one in nothing[None, None, ()].figures.values())


def test_a_figure_that_hangs_on_one_of_a_few_drawn_sessions_has_no_interval() -> None:
    def only_with_the_first_twice(weights: np.ndarray) -> np.ndarray:
        return np.where(weights[:, 0] >= 1, weights[:, 1], np.nan) + np.where(weights[:, 2] >= 1, 0, np.nan)

    found = Resampling.of([""] * 8, 1).estimate(only_with_the_first_twice, Refusal("", ""))
    assert "herhalingen" in refused(found)


def test_intervals_do_not_depend_on_the_order_of_the_rows_and_are_the_same_for_a_seed() -> None:
    listed, _ = study(9, 8, coders=3, values=3)
    asked = dimension(DimensionKind.ORDINAL, "0 1 2")
    turned = list(np.random.default_rng(1).permutation(np.array(listed, dtype=object)))
    coders = ("c0", "c1", "c2")
    one = measured(listed, asked)[None, None, coders].figures[Coefficient.ALPHA]
    again = measured(listed, asked)[None, None, coders].figures[Coefficient.ALPHA]
    assert one == again
    other = {tuple(sorted(key[2])): value for key, value in measured(turned, asked).items() if key[:2] == (None, None)}
    first, second = interval_of(one), interval_of(other[coders].figures[Coefficient.ALPHA])
    assert (first.low, first.high) == pytest.approx((second.low, second.high))


# the model as a further coder


def compared(listed: list[Coding], asked: Dimension, machine: str = "m") -> MachineComparison:
    found = compare_machine(listed, [asked], machine, ResamplingDesign(seed=3))
    assert not isinstance(found, Refusal)
    return found[0]


@pytest.mark.parametrize("kind", DimensionKind)
def test_with_one_person_a_unit_alpha_of_the_model_is_alpha_of_two_coders(kind: DimensionKind) -> None:
    # Both people always say the same, so the pairs with the model are those of one person and the model.
    listed, _ = study(9, 8, values=3)
    asked = dimension(kind, "0 1 2")
    people = [Coding(one.unit, coder, one.session, one.labels) for one in listed if one.coder == "c0" for coder in "ab"]
    model = [Coding(one.unit, "m", one.session, one.labels) for one in listed if one.coder == "c1"]
    found = compared(people + model, asked)
    two = [one for one in listed if one.coder in ("c0", "c1")]
    assert isinstance(found.with_machine, Estimate)
    assert found.with_machine.value == pytest.approx(describe_agreement(two, [asked])[0].alpha)
    assert isinstance(found.among_people, Estimate)
    assert found.among_people.value == 1
    assert found.people == ("a", "b")


def test_the_difference_between_people_and_model_has_an_interval_of_its_own() -> None:
    listed, _ = study(10, 20, coders=3)
    people = [one for one in listed if one.coder != "c2"]
    guesses = np.random.default_rng(4).integers(0, 2, 200)
    model = [
        Coding(unit, "m", session, {"d": (str(guess),)})
        for (unit, session), guess in zip(
            dict.fromkeys((one.unit, one.session) for one in listed), guesses, strict=False
        )
    ]
    found = compared(people + model, YES_NO)
    assert isinstance(found.difference, Estimate)
    assert isinstance(found.among_people, Estimate)
    assert isinstance(found.with_machine, Estimate)
    assert found.difference.value == pytest.approx(found.among_people.value - found.with_machine.value)
    assert interval_of(found.difference).low > 0, "a model that guesses is worse than a coder"
    as_good = compared(
        [*people, *(Coding(o.unit, "m", o.session, o.labels) for o in listed if o.coder == "c2")], YES_NO
    )
    interval = interval_of(as_good.difference)
    assert interval.low < 0 < interval.high


def test_units_that_model_or_people_lack_are_not_compared() -> None:
    table = [[0, 1, 0, 1, 1], [0, 1, 1, None, 0], [0, 1, 1, 0, None]]
    listed = codings(table, ["p", "q", "p", "q", "p"])
    found = compared(listed, YES_NO, "c2")
    assert found.units == 3
    assert isinstance(found.among_people, Estimate)
    assert found.among_people.value == pytest.approx(by_pairs([[0, 1, 0], [0, 1, 1]], DimensionKind.SINGLE))
    without = compared(listed, YES_NO, "nobody")
    assert without.units == 0
    assert isinstance(without.difference, Refusal)


def test_a_model_becomes_a_coder_by_its_predictions() -> None:
    said = [
        Prediction("noord.1.1", "sha", "d", ("1",), (), "model-1", "k"),
        Prediction("noord.1.1", "sha", "e", (), (), "model-1", "k"),
        Prediction("zuid.1.1", "sha", "d", ("0",), (), "model-1", "k"),
    ]
    assert machine_codings(said, {"noord.1.1": "noord"}, "m") == (
        Coding("noord.1.1", "m", "noord", {"d": ("1",), "e": ()}),
        Coding("zuid.1.1", "m", None, {"d": ("0",)}),
    )


def test_two_noughts_have_no_ratio_distance() -> None:
    assert ratio_distances([0, 1]).tolist() == [[0, 1], [1, 0]]
    counts = np.array([[2, 0], [1, 1], [0, 2]])
    assert krippendorff_alpha(counts, ratio_distances([0, 1])) == krippendorff_alpha(counts, nominal_distances(2))
