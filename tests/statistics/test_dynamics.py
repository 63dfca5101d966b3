"""What follows what: against reference software, against plain loops, over all draws, and where nothing can be said."""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.draw import Draw, DrawDesign, DrawnStratum, Stratum
from pipeline.statistics.agreement import Estimate, ResamplingDesign
from pipeline.statistics.dynamics import (
    DECILES,
    STANDING_NOTES,
    Comparison,
    CorrectedCourse,
    CorrectedPairs,
    Coupling,
    CouplingQuestion,
    FirstEvent,
    LabelCourse,
    Merge,
    Moment,
    PairTable,
    PairWindow,
    SessionCourse,
    SessionTest,
    Source,
    Standing,
    Transitions,
    adjusted_residuals,
    compare_first_events,
    compare_transitions,
    corrected_course,
    corrected_pair_rates,
    first_events,
    homogeneity_g2,
    log_rank_scores,
    measure_coupling,
    measure_following,
    measure_transitions,
    measure_turn_taking,
    measured_switches,
    off_diagonal_residuals,
    pair_tables,
    pair_windows,
    session_mean,
    talk_measures,
    time_course,
    turns_of,
)
from pipeline.statistics.rates import HumanLabel, SessionScores
from pipeline.statistics.refusal import Refusal

REFERENCE = {
    check["id"]: check
    for check in json.loads((Path(__file__).parent / "data" / "dynamics.json").read_text(encoding="utf-8"))["checks"]
}
DESIGN = ResamplingDesign(seed=3, resamples=200)


def course(said: str, session: str = "s") -> SessionCourse:
    """Make a session of "role:label" or "role.speaker:label+label"; "|" before a moment is a gap."""
    moments = []
    for at, word in enumerate(said.split()):
        who, _, labels = word.lstrip("|").partition(":")
        role, _, speaker = who.partition(".")
        known = role != "?"
        moments.append(
            Moment(
                f"{session}.{at:03}",
                tuple(one for one in labels.split("+") if one),
                (speaker or role) if known else None,
                role if known else None,
                at + 1,
                not word.startswith("|"),
            )
        )
    return SessionCourse(session, tuple(moments))


def labelled(labels: str, session: str = "s") -> SessionCourse:
    return course(" ".join(f"|x:{one[1:]}" if one[0] == "|" else f"x:{one}" for one in labels.split()), session)


def value(found: Estimate | Refusal) -> float:
    assert isinstance(found, Estimate)
    return found.value


def transitions(courses: list[SessionCourse], labels: str = "a b", source: Source = Source.PEOPLE) -> Transitions:
    found = measure_transitions(courses, labels.split(), source, DESIGN)
    assert isinstance(found, Transitions)
    return found


# transitions


def test_residuals_and_homogeneity_are_those_of_the_reference_software() -> None:
    check = REFERENCE["transitions"]
    with_it, without = (np.array(check["input"][name], dtype=float) for name in ("with_component", "without"))
    output, tolerance = check["output"], check["abs_tol"]
    assert adjusted_residuals(with_it) == pytest.approx(np.array(output["adjusted_residuals"]), abs=tolerance)
    g2 = homogeneity_g2(np.stack([with_it, without]))
    assert float(g2) == pytest.approx(output["G2_homogeneity"], abs=tolerance)
    assert float(g2) == pytest.approx(output["loglm_G2"], abs=tolerance)
    # Independence within one table: its rows are the groups.
    assert float(homogeneity_g2(with_it[:, None, :])) == pytest.approx(output["G2_independence"], abs=tolerance)


def test_switches_of_a_tagger_are_inflated_as_the_reference_says() -> None:
    check = REFERENCE["switch_inflation"]
    put = check["input"]
    found = measured_switches(put["accuracy"], put["frames"], put["true_switch"])
    assert found == pytest.approx(check["output"]["measured"], abs=check["abs_tol"])
    assert measured_switches(1, 5, 0.2) == pytest.approx(0.2)
    with pytest.raises(ValueError, match="two labels"):
        measured_switches(0.9, 1, 0.2)


def test_transitions_are_counted_session_by_session_and_never_across_a_gap() -> None:
    found = transitions([labelled("a b |b a a", "q"), labelled("a a", "p"), labelled("b", "r")])
    assert found.sessions == ("p", "q"), "one moment has no transition"
    assert found.counts.tolist() == [[[1, 0], [0, 0]], [[1, 1], [1, 0]]]
    assert value(found.shares[0][0]) == pytest.approx((1 + 1 / 2) / 2), "sessions count once, not transitions"
    assert value(found.changes) == pytest.approx((0 + 2 / 3) / 2)
    assert value(found.shares[1][0]) == 1, "only one session has a transition from b"
    assert found.standing is Standing.OBSERVED


def test_transitions_of_a_model_are_descriptive_and_not_tested() -> None:
    found = transitions([labelled("a b a b", "p"), labelled("a a b", "q")], source=Source.MACHINE)
    assert found.standing is Standing.DESCRIPTIVE
    assert "niet gecorrigeerd" in STANDING_NOTES[found.standing]
    tested = compare_transitions(found, Comparison({"p": True, "q": False}, {"p": "n", "q": "n"}))
    assert isinstance(tested, Refusal)
    assert "machinaal" in tested.why


def test_a_label_that_never_occurs_gives_refusals_and_no_number() -> None:
    found = transitions([labelled("a b a", "p"), labelled("b a", "q")], "a b c")
    assert isinstance(found.shares[2][0], Refusal)
    assert found.residuals[2] == (None, None, None)
    assert all(row[2] is None for row in found.residuals)
    same = transitions([labelled("a a a", "p")], "a b")
    assert same.residuals == ((None, None), (None, None))


@pytest.mark.parametrize("said", ["a x:", "a c", "a a+b"])
def test_moments_without_exactly_one_label_are_refused(said: str) -> None:
    words = [word if ":" in word else f"x:{word}" for word in said.split()]
    found = measure_transitions([course(" ".join(words))], ["a", "b"], Source.PEOPLE, DESIGN)
    assert isinstance(found, Refusal)
    assert "1 uitingen" in found.why


def test_no_sessions_and_sessions_of_no_site_are_refused() -> None:
    lost = ResamplingDesign({"elders": "noord"})
    courses = [course("x.1:a y.2:b")]
    assert isinstance(measure_transitions([], ["a"], Source.PEOPLE, DESIGN), Refusal)
    assert isinstance(measure_transitions(courses, ["a", "b"], Source.PEOPLE, lost), Refusal)
    assert isinstance(time_course([], ["a"], Source.PEOPLE, DESIGN), Refusal)
    assert isinstance(time_course(courses, ["a"], Source.PEOPLE, lost), Refusal)
    assert isinstance(measure_following([], ["a"], Source.PEOPLE, Merge.ROLE, DESIGN), Refusal)
    assert isinstance(measure_following(courses, ["a"], Source.PEOPLE, Merge.ROLE, lost), Refusal)


def test_residuals_off_the_diagonal_vanish_under_quasi_independence() -> None:
    rows, columns = np.array([1.0, 2, 3]), np.array([4.0, 1, 2])
    table = np.outer(rows, columns) * (1 - np.eye(3))
    found = off_diagonal_residuals(table)
    assert np.isnan(np.diag(found)).all()
    assert np.abs(found[~np.eye(3, dtype=bool)]).max() < 1e-6
    table[0, 1] += 50
    more = off_diagonal_residuals(table)
    assert more[0, 1] > 0 > more[0, 2], "and less of the rest of its row"


# comparing levels of a component


def study() -> tuple[list[SessionCourse], Comparison]:
    draw = np.random.default_rng(5)
    levels, blocks, courses = {}, {}, []
    for at in range(12):
        session, with_it = f"s{at:02}", at % 2 == 0
        stay = 0.9 if with_it else 0.4
        said = ["a"]
        for _ in range(40):
            said.append(said[-1] if draw.random() < stay else "ab"[said[-1] == "a"])
        courses.append(labelled(" ".join(said), session))
        levels[session], blocks[session] = with_it, f"site {at // 4}"
    return courses, Comparison(levels, blocks, seed=1)


def test_levels_are_dealt_out_within_blocks_and_all_ways_are_tried() -> None:
    courses, comparison = study()
    found = compare_transitions(transitions(courses), comparison)
    assert isinstance(found, SessionTest)
    assert (found.possible, found.exact, found.sessions, found.groups) == (6**3, True, 12, {"False": 6, "True": 6})
    assert found.p == pytest.approx(2 / 6**3), "the difference is plain, and its mirror image as plain"
    counts = transitions(courses).counts
    with_it = np.array([at % 2 == 0 for at in range(12)])
    both = np.stack([counts[with_it].sum(axis=0), counts[~with_it].sum(axis=0)])
    assert found.statistic == pytest.approx(float(homogeneity_g2(both)))


def test_the_test_does_not_depend_on_order_or_names() -> None:
    courses, comparison = study()
    one = compare_transitions(transitions(courses), comparison)
    turned = Comparison(
        {name: not level for name, level in comparison.levels.items()},
        {name: block[::-1] for name, block in comparison.blocks.items()},
    )
    other = compare_transitions(transitions(courses[::-1]), turned)
    assert isinstance(one, SessionTest)
    assert isinstance(other, SessionTest)
    assert (one.statistic, one.p) == pytest.approx((other.statistic, other.p))


def test_a_component_of_whole_sites_is_not_tested() -> None:
    courses, comparison = study()
    found = compare_transitions(transitions(courses), Comparison(comparison.blocks, comparison.blocks))
    assert isinstance(found, Refusal)
    assert found.why.startswith("Dit kenmerk verschilt niet binnen werkplaatsen.")
    assert isinstance(compare_transitions(transitions(courses), Comparison({}, comparison.blocks)), Refusal)


def test_sessions_without_the_component_are_left_out() -> None:
    courses, comparison = study()
    levels = {**comparison.levels, "s00": None}
    found = compare_transitions(transitions(courses), Comparison(levels, comparison.blocks))
    assert isinstance(found, SessionTest)
    assert (found.sessions, found.possible) == (11, 3 * 6 * 6)


# pairs


def other_role(before: Moment, now: Moment) -> bool:
    return before.role != now.role


def carries_b(_: Moment, now: Moment) -> bool:
    return "b" in now.labels


def test_pairs_are_counted_in_each_session() -> None:
    courses = [course("k:a p:b p:a k:a |p:b k:b", "p"), course("k:a k:b", "q")]
    found = pair_tables(courses, other_role, carries_b, Source.PEOPLE)
    assert found == (
        PairTable("p", 2, 1, 0, 1, Standing.OBSERVED),
        PairTable("q", 0, 0, 1, 0, Standing.OBSERVED),
    )
    assert found[0].share == pytest.approx(2 / 3)
    assert found[0].yules_q == 1
    assert found[0].log_odds_ratio == pytest.approx(math.log(2.5 * 1.5 / (1.5 * 0.5)))
    assert (found[1].share, found[1].yules_q) == (None, None)
    assert math.isfinite(found[1].log_odds_ratio)
    machine = pair_tables(courses, other_role, carries_b, Source.MACHINE)
    assert {table.standing for table in machine} == {Standing.DESCRIPTIVE}


def test_windows_hold_every_pair_that_counts_once() -> None:
    said = course("k:a " * 5 + "p:a k:a " * 6 + "|" + "p:a k:a " * 3)
    windows = pair_windows(said, other_role, 4)
    inside = [pair for window in windows for pair in window.pairs]
    counting = [now.unit for before, now in itertools.pairwise(said.moments) if now.follows and other_role(before, now)]
    assert inside == counting
    assert len({window.id for window in windows}) == len(windows)
    assert all(0 < len(window.pairs) <= 3 for window in windows)
    assert windows[0].id == "s.003–s.006", "the first stretch of three pairs has none that counts"


def long_course(session: str, length: int = 31) -> SessionCourse:
    draw = np.random.default_rng(len(session) + ord(session[-1]))
    return course(" ".join(f"{'kp'[draw.integers(2)]}:{'ab'[draw.integers(2)]}" for _ in range(length)), session)


def judged(said: SessionCourse, draw: str | None = "d") -> list[HumanLabel]:
    return [
        HumanLabel(now.unit, "coder", float(carries_b(before, now)), draw, blind=True)
        for before, now in itertools.pairwise(said.moments)
    ]


def drawn(strata: dict[str, tuple[tuple[str, ...], tuple[str, ...]]]) -> Draw:
    return Draw(
        "d",
        DrawDesign(),
        (1,),
        tuple(
            DrawnStratum(session, Stratum.GEHEEL, tuple(sorted(units)), taken, (len(taken),))
            for session, (units, taken) in sorted(strata.items())
        ),
    )


def frame(windows: tuple[PairWindow, ...]) -> tuple[str, ...]:
    return tuple(window.id for window in windows)


def noisy(said: SessionCourse, seed: int = 1) -> SessionScores:
    draw = np.random.default_rng(seed)
    return SessionScores(said.session, {moment.unit: float(draw.random()) for moment in said.moments}, frozenset())


def true_share(said: SessionCourse) -> float:
    share = pair_tables([said], other_role, carries_b, Source.PEOPLE)[0].share
    assert share is not None
    return share


def test_corrected_pairs_of_all_draws_of_windows_are_right_on_average() -> None:
    said = long_course("s")
    windows = pair_windows(said, other_role, 6)
    assert len(windows) == 6
    rates = []
    for taken in itertools.combinations(frame(windows), 3):
        found = corrected_pair_rates(drawn({"s": (frame(windows), taken)}), windows, judged(said), [noisy(said)])
        assert isinstance(found, CorrectedPairs)
        rates.append(float(found.rates.rates[0]))
    assert len(set(rates)) > 1
    assert np.mean(rates) == pytest.approx(true_share(said), abs=1e-12)


def test_windows_that_are_all_drawn_give_the_human_share_and_no_variance() -> None:
    courses = [long_course(name) for name in ("p", "qq")]
    windows = tuple(window for said in courses for window in pair_windows(said, other_role))
    strata = {
        said.session: (frame(pair_windows(said, other_role)), frame(pair_windows(said, other_role))) for said in courses
    }
    labels = [label for said in courses for label in judged(said)]
    found = corrected_pair_rates(drawn(strata), windows, labels, [noisy(said) for said in courses])
    assert isinstance(found, CorrectedPairs)
    assert found.standing is Standing.CORRECTED
    assert found.rates.rates == pytest.approx([true_share(said) for said in courses])
    assert found.rates.variances == pytest.approx([0, 0])
    assert found.rates.lower == pytest.approx(found.rates.rates)
    counting = [sum(other_role(*pair) for pair in itertools.pairwise(said.moments)) for said in courses]
    assert found.rates.eligible.tolist() == counting
    perfect = [
        SessionScores(said.session, {label.unit: label.value for label in judged(said)}, frozenset())
        for said in courses
    ]
    few = drawn({name: (units, units[:3]) for name, (units, _) in strata.items()})
    machine = corrected_pair_rates(few, windows, labels, perfect)
    assert isinstance(machine, CorrectedPairs)
    assert machine.rates.machine == pytest.approx([true_share(said) for said in courses])


def test_the_variance_of_pairs_is_that_between_windows() -> None:
    said = long_course("s")
    windows = pair_windows(said, other_role, 6)
    taken = frame(windows)[:4]
    found = corrected_pair_rates(drawn({"s": (frame(windows), taken)}), windows, judged(said), [noisy(said)])
    assert isinstance(found, CorrectedPairs)
    human = {label.unit: label.value for label in judged(said)}
    scores = noisy(said).values
    gaps = [sum(human[pair] - scores[pair] for pair in window.pairs) for window in windows[:4]]
    pairs = sum(len(window.pairs) for window in windows)
    expected = 6**2 * (1 - 4 / 6) * np.var(gaps, ddof=1) / 4 / pairs**2
    assert found.rates.variances[0] == pytest.approx(expected)
    half = 1.96 * math.sqrt(expected)
    low, high = np.clip([found.rates.rates[0] - half, found.rates.rates[0] + half], 0, 1)
    assert (found.rates.lower[0], found.rates.upper[0]) == pytest.approx((low, high), abs=1e-4)


def test_windows_that_are_not_wholly_and_blindly_coded_correct_nothing() -> None:
    said = long_course("s")
    windows = pair_windows(said, other_role)
    draw = drawn({"s": (frame(windows), frame(windows)[:3])})
    judgements = judged(said)
    for labels in (
        [label for label in judgements if label.unit != windows[0].pairs[0]],
        [replace(label, blind=False) for label in judgements],
        [replace(label, draw=None) for label in judgements],
        [replace(judgements[0], draw=None), *judgements[1:]]
        if judgements[0].unit in windows[0].pairs
        else [replace(label, draw=None if label.unit == windows[0].pairs[0] else "d") for label in judgements],
    ):
        found = corrected_pair_rates(draw, windows, labels, [noisy(said)])
        assert isinstance(found, Refusal)
        assert "nog niet blind gecodeerd" in found.why
    learnt = SessionScores("s", noisy(said).values, frozenset(["s"]))
    assert isinstance(corrected_pair_rates(draw, windows, judgements, [learnt]), Refusal)
    assert isinstance(corrected_pair_rates(drawn({}), (), [], []), Refusal)
    single = corrected_pair_rates(
        drawn({"s": (frame(windows), frame(windows)[:1])}), windows, judgements, [noisy(said)]
    )
    assert isinstance(single, Refusal)


def test_labels_that_are_not_blind_never_change_corrected_pairs() -> None:
    said = long_course("s")
    windows = pair_windows(said, other_role, 6)
    draw = drawn({"s": (frame(windows), frame(windows)[:3])})
    blind = judged(said)
    found = corrected_pair_rates(draw, windows, blind, [noisy(said)])
    assert isinstance(found, CorrectedPairs)
    for change in ({"blind": False}, {"draw": None}):
        seen = [replace(label, value=1 - label.value, **change) for label in blind[:8]]
        for labels in ([*blind, *seen], [*seen, *blind]):
            again = corrected_pair_rates(draw, windows, labels, [noisy(said)])
            assert isinstance(again, CorrectedPairs)
            assert again.rates.rates == pytest.approx(found.rates.rates, abs=0)


def test_the_interval_of_corrected_pairs_follows_formula_4() -> None:
    courses = [long_course(name, 61) for name in ("p", "qq", "r")]
    windows = tuple(window for said in courses for window in pair_windows(said, other_role))
    strata = {
        said.session: (frame(pair_windows(said, other_role)), frame(pair_windows(said, other_role))[:4])
        for said in courses
    }
    labels = [label for said in courses for label in judged(said)]
    found = corrected_pair_rates(drawn(strata), windows, labels, [noisy(said) for said in courses])
    assert isinstance(found, CorrectedPairs)
    near = np.clip(found.rates.rates / 2 + found.rates.rates.mean() / 2, 0.005, 0.995)
    scale = near * (1 - near) / (near * (1 - near)).mean()
    half = 1.959963984540054 * np.sqrt(found.rates.variances * scale)
    assert found.rates.lower == pytest.approx(np.clip(found.rates.rates - half, 0, 1))
    assert found.rates.upper == pytest.approx(np.clip(found.rates.rates + half, 0, 1))


# turn-taking


def test_successive_moments_of_one_speaker_are_one_turn() -> None:
    said = course("k.1:a k.1:b p.2:b p.3:a |p.3:a ?:a k.1:a")
    turns = turns_of(said, Merge.SPEAKER)
    assert [(turn.speaker, turn.labels, turn.words, turn.follows) for turn in turns] == [
        ("1", ("a",), 3, False),
        ("2", ("b",), 3, True),
        ("3", ("a",), 4, True),
        ("3", ("a",), 5, False),
        ("1", ("a",), 7, False),
    ]
    assert [(turn.role, turn.words) for turn in turns_of(said, Merge.ROLE)] == [("k", 3), ("p", 7), ("p", 5), ("k", 7)]


def test_who_follows_whom_is_counted_per_session() -> None:
    said = [course("k.1:a p.2:a p.3:a k.1:a p.2:a", "p"), course("k.1:a p.2:a k.1:a", "q")]
    by_speaker = measure_turn_taking(said, Merge.SPEAKER, DESIGN)
    assert isinstance(by_speaker, Transitions)
    assert by_speaker.values == ("k", "p")
    assert by_speaker.counts.tolist() == [[[0, 2], [1, 1]], [[0, 1], [1, 0]]]
    assert value(by_speaker.shares[1][1]) == pytest.approx((1 / 2 + 0) / 2)
    by_role = measure_turn_taking(said, Merge.ROLE, DESIGN)
    assert isinstance(by_role, Transitions)
    assert by_role.counts.tolist() == [[[0, 2], [1, 0]], [[0, 1], [1, 0]]]
    assert by_role.residuals[0][0] is None, "nobody can follow his own role"
    assert by_role.standing is Standing.OBSERVED
    assert isinstance(measure_turn_taking([course("?:a ?:b")], Merge.ROLE, DESIGN), Refusal)


def test_who_answers_whom_with_which_label() -> None:
    said = [course("k:a p:b k:a p:a", "p"), course("k:b p:b k:b", "q"), course("p:a", "r")]
    found = measure_following(said, ["a", "b"], Source.MACHINE, Merge.ROLE, DESIGN)
    assert isinstance(found, tuple)
    asked = {(one.before, one.now, one.label): one for one in found}
    assert list(asked) == [("k", "p", "a"), ("k", "p", "b"), ("p", "k", "a"), ("p", "k", "b")]
    bridged = asked["k", "p", "b"]
    assert (bridged.take_overs, bridged.shares) == (3, {"p": 0.5, "q": 1.0})
    assert value(bridged.mean) == 0.75
    assert bridged.standing is Standing.DESCRIPTIVE


def test_talk_is_measured_per_session() -> None:
    found = talk_measures(course("k.1:a p.2:a k.1:a p.3:a"))
    assert found.turn_shares == {"k": 0.5, "p": 0.5}
    assert found.word_shares == {"k": 0.4, "p": 0.6}
    shares = [0.4, 0.2, 0.4]
    assert found.entropy == pytest.approx(-sum(share * math.log(share) for share in shares) / math.log(3))
    assert found.reciprocity == pytest.approx(2 / 3), "1 to 2 is answered, 1 to 3 is not"
    alone = talk_measures(course("k.1:a k.1:a"))
    assert (alone.turns, alone.entropy, alone.reciprocity) == (1, None, None)
    nobody = talk_measures(course("?:a"))
    assert (nobody.turns, nobody.turn_shares, nobody.word_shares) == (0, {}, {})


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=30))
def test_evenness_and_reciprocity_are_shares(speakers: list[str]) -> None:
    found = talk_measures(course(" ".join(f"k.{one}:a" for one in speakers)))
    assert found.entropy is None or 0 <= found.entropy <= 1 + 1e-12
    assert found.reciprocity is None or 0 <= found.reciprocity <= 1


# time course


def followed(courses: list[SessionCourse], labels: str = "b", parts: int = 3) -> LabelCourse:
    found = time_course(courses, labels.split(), Source.PEOPLE, DESIGN, parts)
    assert isinstance(found, tuple)
    return found[0]


def test_thirds_are_shares_per_session_and_their_mean() -> None:
    found = followed([labelled("a b b b b b", "q"), labelled("a a b", "p"), SessionCourse("leeg", ())])
    assert found.shares == {"p": (0, 0, 1), "q": (0.5, 1, 1)}
    assert [value(one) for one in found.mean] == pytest.approx([0.25, 0.5, 1])
    assert found.trends == {"p": 1, "q": 0.5}
    assert value(found.trend) == 0.75
    assert found.standing is Standing.OBSERVED


def test_deciles_are_a_picture_and_short_sessions_have_empty_ones() -> None:
    found = followed([labelled("a b a", "p")], parts=DECILES)
    assert found.standing is Standing.DESCRIPTIVE
    assert found.shares["p"].count(None) == 7
    assert isinstance(found.mean[1], Refusal)
    assert found.trends == {}
    assert isinstance(found.trend, Refusal)


def test_a_mean_over_sessions_counts_each_session_once() -> None:
    mean = session_mean(np.array([0.0, np.nan, 1.0]))
    assert mean(np.array([[1.0, 1, 1], [2, 0, 1], [0, 1, 0]])) == pytest.approx([0.5, 1 / 3, np.nan], nan_ok=True)


def by_unit(said: SessionCourse) -> list[HumanLabel]:
    return [HumanLabel(one.unit, "coder", float("b" in one.labels), "d", blind=True) for one in said.moments]


def units_of(said: SessionCourse) -> tuple[str, ...]:
    return tuple(one.unit for one in said.moments)


def test_corrected_thirds_of_all_draws_are_right_on_average() -> None:
    said = long_course("s", 8)
    truth = followed([said]).shares["s"]
    rates, trends = [], []
    for taken in itertools.combinations(units_of(said), 4):
        found = corrected_course(
            drawn({"s": (units_of(said), taken)}), by_unit(said), [noisy(said)], {"s": units_of(said)}
        )
        assert isinstance(found, CorrectedCourse)
        rates.append([float(part.rates[0]) for part in found.parts])
        trends.append(found.trends["s"])
        assert found.trends["s"] == pytest.approx(rates[-1][2] - rates[-1][0])
        assert [int(part.eligible[0]) for part in found.parts] == [3, 3, 2]
    assert np.mean(rates, axis=0) == pytest.approx(np.array(truth, dtype=float), abs=1e-12)
    assert np.mean(trends) == pytest.approx((truth[2] or 0) - (truth[0] or 0), abs=1e-12)


def test_corrected_thirds_of_a_wholly_coded_session_are_the_human_ones() -> None:
    said = long_course("s", 30)
    draw = drawn({"s": (units_of(said), units_of(said))})
    order = {"s": ("s.minimal", *units_of(said))}
    found = corrected_course(draw, by_unit(said), [noisy(said)], order)
    assert isinstance(found, CorrectedCourse)
    assert [float(part.rates[0]) for part in found.parts] == pytest.approx(list(followed([said]).shares["s"]))
    assert all(part.variances[0] == pytest.approx(0) for part in found.parts)
    assert found.standing is Standing.CORRECTED


def test_sessions_that_cannot_be_corrected_are_named_with_a_reason() -> None:
    courses = [long_course(name, 20) for name in ("p", "qq", "rrr")]
    strata = {said.session: (units_of(said), units_of(said)[:6]) for said in courses}
    labels = [label for said in courses for label in by_unit(said)]
    scores = [noisy(courses[0]), noisy(courses[1]), SessionScores("rrr", {}, frozenset(["rrr"]))]
    order = {"p": units_of(courses[0]), "qq": units_of(courses[1])[1:], "rrr": units_of(courses[2])}
    found = corrected_course(drawn(strata), labels, scores, order)
    assert isinstance(found, CorrectedCourse)
    assert list(found.trends) == ["p"]
    assert {session: reason.why[:20] for session, reason in found.refused} == {
        "qq": "De plaats van de uit",
        "rrr": "Het model heeft gele",
    }
    assert isinstance(corrected_course(drawn(strata), labels, scores, {}), Refusal)
    assert isinstance(corrected_course(drawn(strata), labels, [], order), Refusal)
    non_blind = [replace(label, blind=False) for label in labels]
    assert isinstance(corrected_course(drawn(strata), non_blind, scores, order), Refusal)


# coupling


def speaks(moment: Moment) -> bool:
    return moment.role == "k"


def bridges(moment: Moment) -> bool:
    return "b" in moment.labels


def question(source: Source = Source.PEOPLE, lags: tuple[int, ...] = (1, 2), draws: int = 999) -> CouplingQuestion:
    return CouplingQuestion(speaks, bridges, lags, source, seed=2, draws=draws)


def coupled(courses: list[SessionCourse], asked: CouplingQuestion) -> Coupling:
    found = measure_coupling(courses, asked)
    assert isinstance(found, Coupling)
    return found


def series(session: str, length: int, strength: float, seed: int) -> SessionCourse:
    """Make talk in runs, in which a bridge follows the client more often the stronger the coupling."""
    draw = np.random.default_rng(seed)
    role, bridge, said = "k", False, []
    for _ in range(length):
        follows = draw.random() < strength and role == "k"
        role = role if draw.random() < 0.8 else "kp"[role == "k"]
        bridge = follows or (bridge if draw.random() < 0.7 else bool(draw.random() < 0.3))
        said.append(f"{role}:{'b' if bridge else 'a'}")
    return course(" ".join(said), session)


def test_all_shifts_of_one_session_are_tried() -> None:
    said = series("s", 29, 0.5, 3)
    found = coupled([said], question(lags=(1,)))
    leading = [speaks(moment) for moment in said.moments]
    following = [bridges(moment) for moment in said.moments]

    def together(shift: int) -> int:
        turned = following[-shift:] + following[:-shift] if shift else following
        return sum(leading[at] and turned[at + 1] for at in range(28))

    middle = np.mean([together(shift) for shift in range(29)])
    apart = np.array([together(shift) for shift in range(10, 20)]) - middle
    lag = found.lags[0]
    assert (found.shifts, found.exact, lag.together) == (10, True, together(0))
    assert lag.expected == pytest.approx(middle)
    assert lag.z == pytest.approx((together(0) - middle) / np.sqrt(np.square(apart).mean()))
    reached = np.abs(apart) >= abs(together(0) - middle) - 1e-9
    assert lag.p == pytest.approx((1 + reached.sum()) / 11)


def test_a_coupling_is_found_at_its_own_lag() -> None:
    strong = coupled([series(f"s{at}", 80, 0.6, at) for at in range(8)], question())
    assert strong.lags[0].p == pytest.approx(1 / 1000)
    assert strong.lags[0].z is not None
    assert strong.lags[0].z > 3
    assert not strong.exact


def test_independent_series_that_hang_together_in_themselves_are_seldom_called_coupled() -> None:
    rejected = 0
    for run in range(1, 121):
        lags = coupled([series(f"s{at}", 60, 0, 100 * run + at) for at in range(4)], question(draws=199)).lags
        rejected += any(isinstance(lag.p, float) and lag.p <= 0.05 for lag in lags)
    # 120 runs at 5 %: more than 12 with probability .006; with a mean over far shifts alone it is 13 %.
    assert rejected <= 12


def test_no_coupling_is_counted_across_a_gap() -> None:
    said = series("s", 60, 0.5, 1)
    broken = replace(said, moments=tuple(replace(moment, follows=at != 30) for at, moment in enumerate(said.moments)))
    whole, parts = coupled([said], question()), coupled([broken], question())
    across = [speaks(said.moments[29]) and bridges(said.moments[30])]
    assert whole.lags[0].together - parts.lags[0].together == sum(across)
    two = [(28, 30), (29, 31)]
    over = sum(speaks(said.moments[one]) and bridges(said.moments[other]) for one, other in two)
    assert whole.lags[1].together - parts.lags[1].together == over


def test_a_model_s_series_are_described_and_not_tested() -> None:
    found = coupled([series("s", 60, 0.5, 1)], question(Source.MACHINE))
    assert found.standing is Standing.DESCRIPTIVE
    assert all(isinstance(lag.p, Refusal) and lag.z is not None for lag in found.lags)


def test_what_cannot_be_shifted_is_refused() -> None:
    short, long = series("kort", 19, 0.5, 1), series("lang", 40, 0.5, 2)
    assert coupled([short, long], question()).too_short == ("kort",)
    assert isinstance(measure_coupling([short], question()), Refusal)
    for lags in ((), (0,), (6,)):
        assert isinstance(measure_coupling([long], question(lags=lags)), Refusal)
    silent = course("p:a " * 40)
    lag = coupled([silent], question()).lags[0]
    assert (lag.together, lag.z) == (0, None)
    assert isinstance(lag.p, Refusal)


def test_coupling_is_the_same_for_a_seed_and_for_any_order() -> None:
    courses = [series(f"s{at}", 60, 0.1, at) for at in range(5)]
    assert coupled(courses, question()) == coupled(courses[::-1], question())


# first events


def test_first_events_are_found_and_those_of_a_model_not_confirmed() -> None:
    courses = [labelled("a a b b", "p"), labelled("a a", "q")]
    assert first_events(courses, bridges, Source.PEOPLE) == (FirstEvent("p", 0.5, True), FirstEvent("q", None, True))
    machine = first_events(courses, bridges, Source.MACHINE)
    assert not any(event.confirmed for event in machine)
    found = compare_first_events(machine, Comparison({"p": 1, "q": 0}, {"p": "n", "q": "n"}))
    assert isinstance(found, Refusal)
    assert "2 sessies" in found.why


@settings(max_examples=50)
@given(st.lists(st.one_of(st.none(), st.sampled_from([0.0, 0.2, 0.4, 0.7])), min_size=2, max_size=12), st.data())
def test_scores_add_up_to_events_less_expected_events(times: list[float | None], data: st.DataObject) -> None:
    group = data.draw(st.lists(st.booleans(), min_size=len(times), max_size=len(times)))
    found = log_rank_scores(times)[np.array(group)].sum()
    expected = 0.0
    for moment in sorted({time for time in times if time is not None}):
        at_risk = [inside for inside, time in zip(group, times, strict=True) if time is None or time >= moment]
        expected += times.count(moment) * sum(at_risk) / len(at_risk)
    events = sum(inside for inside, time in zip(group, times, strict=True) if time is not None)
    assert found == pytest.approx(events - expected)
    assert log_rank_scores(times).sum() == pytest.approx(0)


def test_earlier_events_with_a_component_are_found() -> None:
    events = [FirstEvent(f"s{at:02}", (0.1 + at / 100) if at % 2 else 0.8 + at / 100, True) for at in range(12)]
    levels = {event.session: event.session[-1] in "13579" for event in events}
    blocks = {event.session: f"site {at // 4}" for at, event in enumerate(events)}
    found = compare_first_events(events, Comparison(levels, blocks))
    assert isinstance(found, SessionTest)
    assert found.possible == 6**3
    assert found.p == pytest.approx(2 / 6**3)
    never = [replace(event, at=None) for event in events]
    assert isinstance(compare_first_events(never, Comparison(levels, blocks)), Refusal)


def test_a_component_with_three_values_is_one_test() -> None:
    draw = np.random.default_rng(2)
    events = [FirstEvent(f"s{at:02}", float(draw.random()), True) for at in range(18)]
    levels = {event.session: "xyz"[at % 3] for at, event in enumerate(events)}
    blocks = {event.session: "ab"[at // 9] for at, event in enumerate(events)}
    found = compare_first_events(events, Comparison(levels, blocks, seed=1, draws=499))
    assert isinstance(found, SessionTest)
    assert found.groups == Counter("xyz" * 6)
    assert not found.exact
    assert 1 / 500 <= found.p <= 1


def test_a_site_in_which_all_comes_late_does_not_hide_what_differs_within_it() -> None:
    # Treated sessions are the later ones of both sites; most of them are in the site in which everything comes early.
    treated = {"a": (2, 3, 4, 5, 6), "b": (5, 6)}
    start = {"a": 0.0, "b": 0.5}
    events = [FirstEvent(f"{site}{at}", start[site] + at / 20, True) for site in "ab" for at in range(7)]
    levels = {event.session: int(event.session[1]) in treated[event.session[0]] for event in events}
    found = compare_first_events(events, Comparison(levels, {event.session: event.session[0] for event in events}))
    assert isinstance(found, SessionTest)
    assert found.possible == 21 * 21
    assert found.p == pytest.approx(2 / 441), "and the other way round"
    elsewhere = [*events, FirstEvent("elders", 0.01, True)]
    blocks = {event.session: event.session[0] for event in events}
    assert compare_first_events(elsewhere, Comparison(levels, blocks)) == found


@pytest.mark.parametrize("at", [math.nan, math.inf, -0.1, 1.0])
def test_a_first_event_at_no_moment_of_the_session_is_refused(at: float) -> None:
    events = [FirstEvent(f"s{number}", at if number == 0 else number / 10, True) for number in range(8)]
    levels = {event.session: int(event.session[1]) % 2 for event in events}
    found = compare_first_events(events, Comparison(levels, dict.fromkeys(levels, "n")))
    assert isinstance(found, Refusal)
    assert "eerste moment" in found.why
    assert isinstance(compare_first_events([], Comparison({}, {})), Refusal)


def test_scores_of_no_times_are_none_and_those_of_no_number_an_error() -> None:
    assert not len(log_rank_scores([]))
    with pytest.raises(ValueError, match="numbers"):
        log_rank_scores([0.1, math.nan])
