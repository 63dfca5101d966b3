"""From evidence to outcomes: gates, levels, what counts as a label of a person."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.domain.coding import CoderKind, Judgement
from pipeline.domain.draw import Draw, DrawDesign, DrawnStratum, Stratum
from pipeline.domain.evidence import Evidence, MachineLabels
from pipeline.domain.study import Outcome, ValueType
from pipeline.statistics.outcomes import OutcomeKind, Status, human_judgements, measure_outcomes, with_gates
from tests.statistics.builders import CODEBOOK, make_row, make_session, make_study, predict

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
    # The model said nothing of the bridges of any unit: it abstained, and people alone count.
    bridge = found["sr.brug_burger"]
    assert [figure.rate for figure in bridge.figures] == [0.5, 0.25]
    assert [figure.machine for figure in bridge.figures] == [0, 0]


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
