"""What must stay true of comparing what follows what: a difference is found, and never where errors could make it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.compare import make_evidence
from pipeline.domain.study import Component, ValueType
from pipeline.statistics.agreement import ResamplingDesign
from pipeline.statistics.comparison import Design, compare
from pipeline.statistics.dynamics import Moment, SessionCourse, SessionTest, Source, Transitions, measure_transitions
from pipeline.statistics.effects import CodedComponent, code_component
from pipeline.statistics.refusal import Refusal
from pipeline.statistics.results import result_tables
from pipeline.statistics.sensitivity import Layout
from pipeline.statistics.sequences import DimensionSequences, Sequences
from pipeline.statistics.transition_tests import TURNS, TransitionTest, compare_courses
from tests.statistics.builders import make_row

if TYPE_CHECKING:
    from collections.abc import Sequence

QUICK = Design(seed=3, permutations=99, bootstraps=20, rank_draws=50)
SITES = ("noord",) * 10 + ("zuid",) * 10
IDS = tuple(f"s{at:02}" for at in range(20))
HALF = [at % 2 == 0 for at in range(20)]
NOTHING = Refusal("niets", "niets")


def transitions(alternating: Sequence[bool], source: Source) -> Transitions:
    """Let some sessions go a, b, a, b … and the others a, a, a … b, b, b."""
    said = {True: "ab" * 20, False: "a" * 20 + "b" * 20}
    courses = [
        SessionCourse(name, tuple(Moment(f"{name}-{at}", (label,), None, None) for at, label in enumerate(said[one])))
        for name, one in zip(IDS, alternating, strict=True)
    ]
    found = measure_transitions(courses, ("a", "b"), source, ResamplingDesign(None, 1, 50))
    assert isinstance(found, Transitions)
    return found


def sequences(alternating: Sequence[bool], *, blind: bool | None) -> Sequences:
    source = Source.MACHINE if blind is None else Source.PEOPLE
    one = DimensionSequences("frame", source, 20, blind, transitions(alternating, source), NOTHING, NOTHING, {})
    return Sequences(NOTHING, (one,))


def run(
    alternating: Sequence[bool], values: Sequence[bool], *, blind: bool | None = True
) -> tuple[TransitionTest, ...]:
    declared = Component("voorzitter", "Voorzitter", ValueType.JA_NEE)
    coded = code_component(declared, values)
    assert isinstance(coded, CodedComponent)
    sessions = [
        make_row(name, site, 1, {"voorzitter": value}) for name, site, value in zip(IDS, SITES, values, strict=True)
    ]
    layout = Layout(IDS, SITES, (1,) * 20, by_round=False)
    return compare_courses(sequences(alternating, blind=blind), [coded], sessions, layout, (1, 999))


def test_a_difference_in_what_follows_what_is_found() -> None:
    (found,) = run(HALF, HALF)
    assert isinstance(found.test, SessionTest)
    assert found.test.groups == {"False": 10, "True": 10}
    assert found.adjusted == found.test.p < 0.01


def test_where_there_is_none_it_is_not_found() -> None:
    unrelated = [at % 4 < 2 for at in range(20)]
    (found,) = run(HALF, unrelated)
    assert isinstance(found.test, SessionTest)
    assert found.test.p > 0.3


def test_a_component_that_coincides_with_its_site_gets_no_p() -> None:
    (found,) = run(HALF, [site == "noord" for site in SITES])
    assert isinstance(found.test, Refusal)
    assert found.adjusted is None


def test_labels_that_were_not_blind_get_no_p_and_those_of_a_machine_no_row() -> None:
    (seen,) = run(HALF, HALF, blind=False)
    assert isinstance(seen.test, Refusal)
    assert "niet alle blind" in seen.test.why
    assert run(HALF, HALF, blind=None) == ()


def test_p_is_adjusted_for_all_components_together() -> None:
    declared = [Component(name, name, ValueType.JA_NEE) for name in ("een", "twee")]
    values = {"een": HALF, "twee": [at % 4 < 2 for at in range(20)]}
    coded = [code_component(one, values[one.id]) for one in declared]
    sessions = [
        make_row(name, site, 1, {one: given[at] for one, given in values.items()})
        for at, (name, site) in enumerate(zip(IDS, SITES, strict=True))
    ]
    layout = Layout(IDS, SITES, (1,) * 20, by_round=False)
    fit = [one for one in coded if isinstance(one, CodedComponent)]
    first, second = compare_courses(sequences(HALF, blind=True), fit, sessions, layout, (1, 999))
    assert isinstance(first.test, SessionTest)
    assert first.adjusted == pytest.approx(2 * first.test.p)
    assert isinstance(second.test, SessionTest)
    assert second.adjusted == pytest.approx(second.test.p)


def test_a_study_tests_who_speaks_after_whom_and_describes_who_answers_with_which_label() -> None:
    evidence = make_evidence(16, 60, 2, seed=5, drawn=0)
    laid_out = result_tables(compare(evidence, QUICK))
    found = {name: [dict(zip(head, row, strict=True)) for row in rows] for name, (head, rows) in laid_out.items()}
    tests = found["overgangen_per_kenmerk"]
    assert {one["wat"] for one in tests} == {TURNS}, "nobody coded whole sessions"
    assert {one["kenmerk"] for one in tests} <= {one.id for one in evidence.study.components}
    assert any(one["p"] for one in tests)
    for one in tests:
        assert (one["p"] is None) == (one["reden"] is not None)
        assert one["p"] is None or 0 < one["p"] <= one["p_benjamini_hochberg"] <= 1
    answers = found["wie_na_wie"]
    assert {one["stand"] for one in answers} == {"beschrijvend"}
    taken = {(one["van"], one["naar"]): one["beurten"] for one in answers if one["label"] == "brug_burger"}
    assert taken
    turns = {(one["van"], one["naar"]): one["aantal"] for one in found["overgangen"] if one["wat"] == TURNS}
    assert taken == {pair: count for pair, count in turns.items() if count}
