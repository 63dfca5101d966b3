"""How good the measurement is: on the very units that rates rest on, and nothing of what may not be told."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest

from benchmarks.compare import make_evidence
from pipeline.domain.coding import SETTLER, CoderKind, Judgement
from pipeline.domain.draw import Draw
from pipeline.domain.study import Component, Question, ValueType
from pipeline.statistics.agreement import Estimate, ResamplingDesign
from pipeline.statistics.comparison import layout_of
from pipeline.statistics.draws import extend_draw
from pipeline.statistics.effects import CodedComponent, code_component
from pipeline.statistics.instrument import DimensionInstrument, measure_instrument, truths
from pipeline.statistics.outcomes import measure_outcomes
from pipeline.statistics.quality import LabelFigure, Quality

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.domain.evidence import Evidence
    from pipeline.domain.study import Session, Value

COMPONENT, LABEL = "kenmerk_0", "brug_burger"
AT_SITE = {"noord": True, "amsterdam": False, "noord_brabant": True, "zuyd": False}


@cache
def world() -> Evidence:
    """16 sessions of 60 units in four sites; `kenmerk_0` alternates, so that it is of class A."""
    return make_evidence(16, 60, 1, seed=5, drawn=40)


def with_component(evidence: Evidence, value: Callable[[int, Session], Value], *kind: str) -> Evidence:
    """Give every session another value of the component, perhaps as a category with the values in `kind`."""
    declared = Component(COMPONENT, "Kenmerk", ValueType.CATEGORIE if kind else ValueType.JA_NEE, kind)
    rows = tuple(replace(one, components={COMPONENT: value(at, one)}) for at, one in enumerate(evidence.study.sessions))
    return replace(evidence, study=replace(evidence.study, sessions=rows, components=(declared,)))


def instrument(evidence: Evidence, dimension: str = "sr") -> DimensionInstrument:
    outcomes = measure_outcomes(evidence)
    layout = layout_of(evidence.study, outcomes.sessions, None)
    components = [
        code_component(one, [session.components.get(one.id) for session in outcomes.sessions])
        for one in evidence.study.components
    ]
    coded = [one for one in components if isinstance(one, CodedComponent)]
    design = ResamplingDesign({one.id: one.site for one in outcomes.sessions}, 3, 20)
    found = measure_instrument(evidence, outcomes, design, layout, coded)
    return next(one for one in found.dimensions if one.dimension == dimension)


def figure(found: DimensionInstrument, name: LabelFigure, label: str = LABEL) -> float:
    assert isinstance(found.tagger, Quality)
    estimate = next(one for one in found.tagger.labels if one.label == label).figures[name]
    assert isinstance(estimate, Estimate)
    return estimate.value


def levels(found: DimensionInstrument) -> list[str]:
    return [one.level for one in found.levels]


def test_of_class_c_the_tagger_is_not_told_per_value() -> None:
    assert levels(instrument(with_component(world(), lambda _, one: AT_SITE[one.site]))) == []
    assert levels(instrument(with_component(world(), lambda *_: True))) == []


def test_of_a_category_only_values_that_can_be_set_against_each_other_are_told() -> None:
    evidence = with_component(world(), lambda at, one: "z" if one.site == "zuyd" else ("x", "y")[at % 2], "x", "y", "z")
    assert levels(instrument(evidence)) == ["x", "y"]


def test_class_is_that_among_the_sessions_that_were_measured() -> None:
    """The component alternates, but of half of the sessions nothing was coded; the others of a site are alike."""
    evidence = with_component(world(), lambda at, _: at % 2 == 0)
    kept = {one.id for one in evidence.study.sessions if one.components[COMPONENT] is (AT_SITE[one.site])}
    judgements = {name: said if name in kept else () for name, said in evidence.judgements.items()}
    assert levels(instrument(evidence)) == ["ja", "nee"]
    assert levels(instrument(replace(evidence, judgements=judgements))) == []


def test_per_value_it_is_never_told_how_often_people_gave_a_label() -> None:
    found = instrument(world())
    assert levels(found) == ["ja", "nee"]
    for one in found.levels:
        assert isinstance(one.quality, Quality)
        for label in one.quality.labels:
            assert LabelFigure.PREVALENCE not in label.figures
            assert LabelFigure.RECALL in label.figures
    assert figure(found, LabelFigure.PREVALENCE) > 0


def test_only_components_of_registered_questions_are_told_per_value() -> None:
    study = world().study
    questions = tuple(replace(one, component="iets_anders") for one in study.questions)
    assert all(isinstance(one, Question) for one in questions)
    assert levels(instrument(replace(world(), study=replace(study, questions=questions)))) == []


def test_a_wave_that_is_partly_coded_moves_neither_the_tagger_nor_the_agreement() -> None:
    evidence = world()
    (draw,) = evidence.draws
    extended = extend_draw(draw, 15, seed=8, effects_seen=False)
    assert isinstance(extended, Draw)
    template = next(iter(evidence.judgements.values()))[0]
    judgements = {
        name: (
            *said,
            *(
                replace(template, utterance_id=unit, dimension="sr", labels=(LABEL,), coder=coder)
                for stratum in extended.of(name)
                for unit in stratum.in_wave(2)[:3]
                for coder in "ab"
            ),
        )
        for name, said in evidence.judgements.items()
    }
    before = instrument(evidence)
    after = instrument(replace(evidence, draws=(extended,), judgements=judgements))
    assert after.tagger == before.tagger
    assert after.coders == before.coders
    assert after.levels == before.levels


def test_sessions_without_a_rate_are_no_measure_of_the_tagger() -> None:
    evidence = world()
    name = evidence.study.sessions[0].id
    begun = {**evidence.judgements, name: evidence.judgements[name][2:]}
    found = instrument(replace(evidence, judgements=begun))
    assert isinstance(found.tagger, Quality)
    assert (found.tagger.sessions, found.tagger.units) == (15, 600)


def answer(label: str, coder: str) -> Judgement:
    return Judgement("s.0001.01", "x", "frame", (label,), coder, CoderKind.MENS, "v", "t")


@pytest.mark.parametrize("settled", ["beleid", "activering", "leefwereld"])
def test_what_was_settled_is_the_truth_whatever_coders_say(settled: str) -> None:
    said = [answer("beleid", "anna"), answer("activering", "bart"), answer(settled, SETTLER)]
    assert truths(said) == {"s.0001.01": (settled,)}
    assert truths(said[:2]) == {"s.0001.01": ("beleid",)}


def test_the_tagger_is_measured_against_what_was_settled_and_agreement_is_that_before_it() -> None:
    evidence = world()
    settled = {
        name: (
            *said,
            *(replace(one, coder=SETTLER, labels=()) for one in said if (one.coder, one.dimension) == ("a", "sr")),
        )
        for name, said in evidence.judgements.items()
    }
    before, after = instrument(evidence), instrument(replace(evidence, judgements=settled))
    assert before.coders == after.coders
    assert isinstance(after.tagger, Quality)
    assert [one.label for one in after.tagger.labels] == []
