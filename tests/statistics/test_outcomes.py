"""From evidence to outcomes: gates, levels, what counts as a label of a person."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest

from benchmarks.compare import make_evidence as make_study_of
from pipeline.domain.coding import SETTLER, CoderKind, Judgement
from pipeline.domain.draw import Draw, DrawDesign, DrawnStratum, Stratum
from pipeline.domain.evidence import Evidence, MachineLabels
from pipeline.domain.study import Outcome, ValueType
from pipeline.statistics.draws import extend_draw
from pipeline.statistics.outcomes import (
    OutcomeKind,
    Outcomes,
    SessionFigure,
    Status,
    StudyOutcome,
    human_judgements,
    labelled_only_variances,
    measure_outcomes,
    with_gates,
)
from tests.statistics.builders import CODEBOOK, make_row, make_session, make_study, predict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SESSIONS = ("een", "twee")
SPOKEN = [("A", "eerste zin hier"), ("B", "ja"), ("A", "tweede zin"), ("B", "derde zin"), ("A", "vierde zin")]


def judgement(unit: str, dimension: str, *labels: str, coder: str = "a") -> Judgement:
    return Judgement(
        unit, "x", dimension, labels, coder, CoderKind.MENS, CODEBOOK.version_key, "2020", "trekking", blind=True
    )


def make_evidence(levels: dict[str, tuple[str, ...]]) -> Evidence:
    """Two sessions of four units that count, all drawn; `levels` gives what is said of sr_niveau in each."""
    units = {name: make_session(name, SPOKEN, {"A": "klantmanager", "B": "sociaal_werker"}) for name in SESSIONS}
    full = {name: [unit.id for unit in one.utterances if not unit.minimal] for name, one in units.items()}
    machine = {
        name: MachineLabels(predict(one, "sr_niveau", [("1",), ("0",), ("1",), ("0",)]), frozenset())
        for name, one in units.items()
    }
    strata = tuple(
        DrawnStratum(name, Stratum.GEHEEL, tuple(sorted(ids)), tuple(sorted(ids)), (4,)) for name, ids in full.items()
    )
    draw = Draw("trekking", DrawDesign(), (1,), strata)
    judgements = {}
    for name, ids in full.items():
        said = []
        for unit, level in zip(ids, levels[name], strict=True):
            bridges = ("brug_burger",) if level == "1" else ()
            said.append(judgement(unit, "sr", *bridges))
            said += [judgement(unit, "sr_niveau", level)] * len(bridges)
        judgements[name] = tuple(said)
    rows = [make_row("een", "noord", outcomes={"cijfer": 7, "soort": "b"}), make_row("twee", "zuid", outcomes={})]
    study = make_study(
        *rows,
        outcomes=(
            Outcome("cijfer", "Cijfer", ValueType.AANTAL),
            Outcome("soort", "Soort", ValueType.CATEGORIE, ("a", "b")),
        ),
    )
    return Evidence(study, CODEBOOK, "model-1", units, machine, (draw,), judgements)


LEVELS = {"een": ("1", "1", "0", "0"), "twee": ("0", "0", "0", "1")}


def test_a_gate_that_is_shut_says_nothing_behind_it() -> None:
    evidence = make_evidence(LEVELS)
    said = with_gates(human_judgements(evidence, "een"), CODEBOOK)
    behind = {one.utterance_id: one.labels for one in said if one.dimension == "sr_niveau"}
    assert sorted(behind.values()) == [("0",), ("0",), ("1",), ("1",)]
    # What a coder did say is not overruled.
    shut = replace(judgement("een.0001.01", "sr"), coder="b")
    own = replace(judgement("een.0001.01", "sr_niveau", "1"), coder="b")
    kept = [one.labels for one in with_gates((shut, own), CODEBOOK) if one.dimension == "sr_niveau"]
    assert kept == [("1",)]


def test_levels_and_labels_are_corrected_and_the_empty_label_is_no_outcome() -> None:
    outcomes = measure_outcomes(make_evidence(LEVELS))
    found = {one.id: one for one in outcomes.outcomes}
    assert "sr_niveau.0" not in found
    assert not [name for name in found if name.startswith(("frame.geen_frame", "fase."))]
    mean = found["sr_niveau.gemiddeld_niveau"]
    assert (mean.kind, mean.status, mean.unit.name) == (OutcomeKind.LEVEL, Status.CORRECTED, "niveau")
    assert [figure.rate for figure in mean.figures] == pytest.approx([0.5, 0.25])
    assert [figure.variance for figure in mean.figures] == [0, 0]
    assert [(figure.labelled, figure.eligible) for figure in mean.figures] == [(4, 4), (4, 4)]
    # The model says nothing of the bridges of any unit: it does not know that dimension, and people alone count.
    bridge = found["sr.brug_burger"]
    assert [figure.rate for figure in bridge.figures] == [0.5, 0.25]
    assert [(one.machine, one.factor, one.fully_corrected) for one in bridge.figures] == [(None, None, None)] * 2


def test_what_people_filled_in_is_taken_as_it_is() -> None:
    found = {one.id: one for one in measure_outcomes(make_evidence(LEVELS)).outcomes}
    assert [one.rate for one in found["cijfer"].figures] == [7, None]
    assert [one.rate for one in found["soort=b"].figures] == [1, None]
    assert [one.rate for one in found["soort=a"].figures] == [0, None]
    assert found["cijfer"].figures[1].reason is not None
    words = [one.rate for one in found["gesprek.woorden_klantmanager"].figures]
    assert words == pytest.approx([7 / 9, 7 / 9])


def test_a_session_without_predictions_of_the_model_is_refused() -> None:
    evidence = make_evidence(LEVELS)
    evidence = replace(evidence, machine={"een": evidence.machine["een"]})
    mean = measure_outcomes(evidence).of("sr_niveau.gemiddeld_niveau")
    assert mean is not None
    rate, reason = mean.figures[1].rate, mean.figures[1].reason
    assert rate is None
    assert reason is not None
    assert "geen machinelabels" in reason.why


def test_labels_of_another_codebook_are_passed_over() -> None:
    evidence = make_evidence(LEVELS)
    strange = (judgement("een.0001.01", "sr", "brug_naar_nergens"), judgement("een.0001.01", "toon", "warm"))
    more = replace(evidence, judgements={**evidence.judgements, "een": (*evidence.judgements["een"], *strange)})
    assert human_judgements(more, "een") == human_judgements(evidence, "een")


# A whole study: 8 sessions of 60 units, 40 of them drawn and blindly coded

OUTCOME, SESSION = "sr.brug_burger", "noord-000"


@cache
def whole() -> Evidence:
    return make_study_of(8, 60, 1, seed=5, drawn=40)


def of(outcomes: Outcomes, outcome: str = OUTCOME) -> StudyOutcome:
    found = outcomes.of(outcome)
    assert found is not None
    return found


def figure(outcomes: Outcomes, outcome: str = OUTCOME, session: str = SESSION) -> SessionFigure:
    return next(one for one in of(outcomes, outcome).figures if one.session == session)


def why(one: SessionFigure) -> str:
    assert one.reason is not None
    return str(one.reason)


def said_by(evidence: Evidence, change: Callable[[Judgement], Judgement]) -> Evidence:
    judgements = {name: tuple(map(change, said)) for name, said in evidence.judgements.items()}
    return replace(evidence, judgements=judgements)


def more_said(evidence: Evidence, said: Mapping[str, tuple[Judgement, ...]]) -> Evidence:
    judgements = {name: (*given, *said.get(name, ())) for name, given in evidence.judgements.items()}
    return replace(evidence, judgements=judgements)


def without_dimension(evidence: Evidence, dimension: str) -> Evidence:
    machine = {
        name: replace(one, predictions=tuple(each for each in one.predictions if each.dimension != dimension))
        for name, one in evidence.machine.items()
    }
    return replace(evidence, machine=machine)


@pytest.mark.parametrize("kind", ["no model", "a model without the dimension"])
def test_what_no_model_answers_is_of_people_alone_and_nothing_is_said_of_a_machine(kind: str) -> None:
    none = kind == "no model"
    evidence = replace(whole(), machine={}, model_version=None) if none else without_dimension(whole(), "sr")
    outcomes = measure_outcomes(evidence)
    for one in of(outcomes).figures:
        assert one.rate == pytest.approx(one.labelled_only)
        assert (one.machine, one.factor, one.fully_corrected) == (None, None, None)
        assert one.lower is not None
        assert "geen model voor deze dimensie" in (one.remark or "")
    assert labelled_only_variances(of(outcomes)) is None
    frame = figure(outcomes, "frame.leefwereld")
    assert (frame.machine is None, frame.remark is None) == (none, not none)
    told = [one for one in outcomes.remarks if "Zonder model" in one]
    assert told == [f"Zonder model voor de dimensie, dus van mensen alleen: {'frame, sr' if none else 'sr'}."]
    # The rates are those that the labels of people give with a model too, when it does not count.
    assert [one.rate for one in of(outcomes).figures] == pytest.approx(
        [one.labelled_only for one in of(measure_outcomes(whole())).figures]
    )


def test_a_model_that_has_not_coded_a_session_yet_is_not_taken_for_none() -> None:
    machine = {name: one for name, one in whole().machine.items() if name != SESSION}
    one = figure(measure_outcomes(replace(whole(), machine=machine)))
    assert one.rate is None
    assert "geen machinelabels" in why(one)
    assert of(measure_outcomes(replace(whole(), machine={}))).status is Status.UNCORRECTED


def talk(*spoken: tuple[str | None, str], roles: dict[str, str | None]) -> Outcomes:
    units = {"een": make_session("een", spoken, roles), "twee": make_session("twee", SPOKEN, {"A": "a", "B": "b"})}
    study = make_study(make_row("een"), make_row("twee"))
    return measure_outcomes(Evidence(study, CODEBOOK, None, units, {}, (), {}))


def test_who_speaks_has_no_figure_where_functions_are_not_known() -> None:
    found = talk(("A", "een twee drie"), ("B", "vier vijf zes"), roles={"A": "a", "B": None})
    for part in ("woorden_a", "woorden_b", "beurten_a", "beurten_b"):
        one = figure(found, f"gesprek.{part}", "een")
        assert one.rate is None, part
        assert "functie" in why(one)
        assert figure(found, f"gesprek.{part}", "twee").rate is not None
    assert figure(found, "gesprek.gelijkmatigheid", "een").rate == pytest.approx(1), (
        "that needs speakers, not functions"
    )
    assert "Zonder aandelen per functie, want van te veel sprekers is die niet bekend: een." in found.remarks
    assert found.of("gesprek.woorden_?") is None


def test_a_little_talk_of_unknown_function_stays_in_what_shares_are_taken_of() -> None:
    turns = [("A", "een twee drie")] * 13 + [("C", "een")]
    found = talk(*turns, roles={"A": "a", "C": None})
    assert figure(found, "gesprek.woorden_a", "een").rate == pytest.approx(39 / 40)
    # One who may have been that unknown speaker has no share of 0.
    assert figure(found, "gesprek.woorden_b", "een").rate is None
    assert not [one for one in found.remarks if "functie" in one]
    heard = talk(("A", "een twee"), ("A", "drie"), roles={"A": "a"})
    assert figure(heard, "gesprek.woorden_b", "een").rate == 0


def test_talk_of_unknown_speakers_is_not_spread_over_the_known_ones() -> None:
    found = talk(("A", "een twee"), ("B", "drie vier"), (None, "vijf zes"), roles={"A": "a", "B": "b"})
    for part in ("gelijkmatigheid", "wederkerigheid", "woorden_a"):
        assert figure(found, f"gesprek.{part}", "een").rate is None, part
    assert "wie er spreekt" in why(figure(found, "gesprek.gelijkmatigheid", "een"))


def grown(evidence: Evidence, session: str) -> Evidence:
    units = evidence.units[session]
    last = units.utterances[-1]
    more = (*units.utterances, replace(last, id=f"{session}.0999.01", turn=999))
    return replace(evidence, units={**evidence.units, session: replace(units, utterances=more)})


def shrunk(evidence: Evidence, session: str) -> Evidence:
    """Take a unit away that nobody drew."""
    drawn = {unit for draw in evidence.draws for unit in draw.units}
    units = evidence.units[session]
    gone = next(unit.id for unit in units.utterances if unit.id not in drawn)
    kept = tuple(unit for unit in units.utterances if unit.id != gone)
    return replace(evidence, units={**evidence.units, session: replace(units, utterances=kept)})


@pytest.mark.parametrize(
    ("change", "sentence"), [(grown, "uitingen bijgekomen"), (shrunk, "sinds de trekking veranderd")]
)
def test_a_session_that_changed_since_the_draw_is_left_out_and_says_why(
    change: Callable[[Evidence, str], Evidence], sentence: str
) -> None:
    found = measure_outcomes(change(whole(), SESSION))
    for outcome in (OUTCOME, "frame.leefwereld"):
        one = figure(found, outcome)
        assert (one.rate, one.lower, one.variance) == (None, None, None)
        assert sentence in why(one)
        assert sum(other.rate is not None for other in of(found, outcome).figures) == 7


def test_a_unit_that_no_longer_counts_changes_a_session_too() -> None:
    units = whole().units[SESSION]
    minimal = (replace(units.utterances[0], minimal=True), *units.utterances[1:])
    changed = {**whole().units, SESSION: replace(units, utterances=minimal)}
    assert figure(measure_outcomes(replace(whole(), units=changed))).rate is None


def test_of_two_draws_the_one_whose_sessions_are_still_as_they_were_is_used() -> None:
    evidence = whole()
    (old,) = evidence.draws
    for session in evidence.units:
        evidence = shrunk(evidence, session)
    present = {unit.id for one in evidence.units.values() for unit in one.utterances}
    strata = tuple(replace(one, units=tuple(unit for unit in one.units if unit in present)) for one in old.strata)
    new = replace(old, id="trekking-2", strata=strata)
    again = {name: tuple(replace(one, draw=new.id) for one in said) for name, said in evidence.judgements.items()}
    outcome = of(measure_outcomes(more_said(replace(evidence, draws=(old, new)), again)))
    assert (outcome.draw, outcome.status) == ("trekking-2", Status.CORRECTED)
    assert all(one.rate is not None for one in outcome.figures)


def settled(evidence: Evidence, *labels: str, blind: bool = True) -> dict[str, tuple[Judgement, ...]]:
    return {
        name: tuple(
            replace(one, coder=SETTLER, labels=labels, blind=blind)
            for one in said
            if (one.dimension, one.coder) == ("sr", "a")
        )
        for name, said in evidence.judgements.items()
    }


def test_what_was_settled_goes_before_the_coders_when_it_was_settled_blindly() -> None:
    found = of(measure_outcomes(more_said(whole(), settled(whole(), "brug_burger"))))
    assert [one.labelled_only for one in found.figures] == pytest.approx([1] * 8)
    seen = of(measure_outcomes(more_said(whole(), settled(whole(), "brug_burger", blind=False))))
    assert [one.rate for one in seen.figures] == [one.rate for one in of(measure_outcomes(whole())).figures]


def test_labels_of_another_version_of_the_codebook_correct_nothing_and_are_counted() -> None:
    old = said_by(whole(), lambda one: replace(one, codebook_version="OLD 0.1") if one.dimension == "sr" else one)
    found = measure_outcomes(old)
    assert of(found).status is Status.UNCORRECTED
    assert all(one.rate is None for one in of(found).figures)
    number = sum(one.dimension == "sr" for said in old.judgements.values() for one in said)
    assert (
        f"Labels die niet zijn gebruikt, want met een andere versie van het codeboek gegeven: {number} bij sr."
        in found.remarks
    )
    assert "40 met een andere versie van het codeboek gegeven" in why(figure(found))
    assert of(found, "frame.leefwereld").status is Status.CORRECTED


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda one: replace(one, coder_kind=CoderKind.TAALMODEL), "van een taalmodel"),
        (lambda one: replace(one, blind=False), "niet blind gegeven"),
        (lambda one: replace(one, labels=("brug_naar_nergens",)), "onbekend in dit codeboek"),
    ],
)
def test_labels_that_cannot_count_are_counted_and_said(change: Callable[[Judgement], Judgement], words: str) -> None:
    evidence = said_by(whole(), lambda one: change(one) if one.dimension == "sr" else one)
    found = measure_outcomes(evidence)
    number = sum(one.dimension == "sr" for said in evidence.judgements.values() for one in said)
    assert f"Labels die niet zijn gebruikt, want {words}: {number} bij sr." in found.remarks
    assert of(found).status is Status.UNCORRECTED
    assert f"Wel gecodeerd, maar zo dat het niet telt: 40 {words}." in why(figure(found))
    assert not [one for one in measure_outcomes(whole()).remarks if "niet zijn gebruikt" in one]


@pytest.mark.parametrize("labels", [(), ("brug_burger",)])
def test_without_any_spread_in_what_was_drawn_there_is_no_interval_and_a_sentence(labels: tuple[str, ...]) -> None:
    evidence = said_by(whole(), lambda one: replace(one, labels=labels) if one.dimension == "sr" else one)
    for one in of(measure_outcomes(evidence)).figures:
        assert one.rate == pytest.approx(float(bool(labels)))
        assert (one.lower, one.upper) == (None, None)
        assert "interval is er niet" in (one.remark or "")
    # Where people coded everything there is nothing left to be uncertain of.
    small = measure_outcomes(make_evidence({"een": ("0",) * 4, "twee": ("0",) * 4}))
    assert [(one.rate, one.lower, one.upper) for one in of(small).figures] == [(0, 0, 0)] * 2


def test_a_wave_that_is_not_coded_yet_is_named_and_moves_nothing() -> None:
    evidence = whole()
    (draw,) = evidence.draws
    extended = extend_draw(draw, 10, seed=8, effects_seen=False)
    assert isinstance(extended, Draw)
    template = evidence.judgements[SESSION][0]
    begun = {
        name: tuple(
            replace(template, utterance_id=unit, dimension="sr", labels=("brug_burger",), coder="a")
            for stratum in extended.of(name)
            for unit in stratum.in_wave(2)[:2]
        )
        for name in evidence.units
    }
    found = measure_outcomes(more_said(replace(evidence, draws=(extended,)), begun))
    assert of(found).figures == of(measure_outcomes(evidence)).figures
    assert {unit for one in of(found).used for unit in one.drawn} == draw.units
    (remark,) = [one for one in found.remarks if "aanvulling" in one]
    assert "trekking-1" in remark
    assert "frame, sr" in remark
    assert all(name in remark for name in evidence.units)
