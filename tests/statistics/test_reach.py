"""Shares of speakers, highest levels and what follows the client: of people, or of a machine and said to be."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.compare import CODEBOOK, make_evidence
from pipeline.domain.codebook import Dimension, DimensionKind, RollUp
from pipeline.domain.coding import CoderKind, Judgement
from pipeline.domain.pseudonym import PseudonymisedSpeaker
from pipeline.statistics.comparison import Design, compare
from pipeline.statistics.outcomes import Status, measure_outcomes
from pipeline.statistics.reach import with_reach
from pipeline.statistics.results import result_tables
from tests.statistics.builders import labels

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.domain.evidence import Evidence
    from pipeline.domain.pseudonym import Utterance
    from pipeline.statistics.outcomes import StudyOutcome

QUICK = Design(seed=3, permutations=99, bootstraps=20, rank_draws=50)
LEVEL = Dimension("niveau", "Niveau", "Hoe ver?", DimensionKind.ORDINAL, labels("0", "1", "2"))
BOOK = replace(
    CODEBOOK,
    dimensions=(*CODEBOOK.dimensions, LEVEL),
    roll_ups=(RollUp("brug", "Minstens één brug", "sr", ("brug_burger", "brug_professional", "brug_beleid")),),
)
SPEAKERS, HIGHEST = "sr.sprekers_brug", "niveau.hoogste_niveau"


@cache
def machine_only() -> Evidence:
    """16 sessions with labels of a machine; one of the three speakers is the client."""
    evidence = make_evidence(16, 60, 1, seed=5, drawn=0)
    speakers = (PseudonymisedSpeaker("CLIENT_1", functie="client"),)
    units = {
        name: replace(
            one,
            speakers=(*speakers, *one.speakers[1:]),
            utterances=tuple(
                replace(unit, speaker="CLIENT_1" if unit.speaker == one.speakers[0].pseudonym else unit.speaker)
                for unit in one.utterances
            ),
        )
        for name, one in evidence.units.items()
    }
    return replace(evidence, codebook=BOOK, units=units)


def coded(evidence: Evidence, say: Callable[[Utterance], dict[str, tuple[str, ...]]], **more: Any) -> Evidence:
    """Let one person code every unit of every session."""
    said = {
        name: tuple(
            Judgement(
                unit.id, unit.text_sha, dimension, given, "a", CoderKind.MENS, BOOK.version_key,
                "2020-01-01T00:00:00+00:00", **more,
            )
            for unit in one.utterances
            for dimension, given in say(unit).items()
        )
        for name, one in evidence.units.items()
    }  # fmt: skip
    return replace(evidence, judgements=said)


def bridges_of_one(unit: Utterance) -> dict[str, tuple[str, ...]]:
    """One of three speakers bridges to a citizen, everybody speaks of himself; one unit comes to level 1."""
    bridge = ("brug_burger",) if unit.speaker == "PROF_KM_2" else ()
    return {"sr": ("zelf", *bridge), "niveau": ("1" if unit.turn == 7 else "0",)}


def outcome(evidence: Evidence, name: str) -> StudyOutcome:
    found = with_reach(evidence, measure_outcomes(evidence)).of(name)
    assert found is not None
    return found


def tables(evidence: Evidence) -> dict[str, list[dict[str, Any]]]:
    found = result_tables(compare(evidence, QUICK))
    return {name: [dict(zip(header, row, strict=True)) for row in rows] for name, (header, rows) in found.items()}


def test_what_people_coded_blindly_as_a_whole_is_counted_and_compared() -> None:
    evidence = coded(machine_only(), bridges_of_one, blind=True)
    speakers, highest = outcome(evidence, SPEAKERS), outcome(evidence, HIGHEST)
    assert (speakers.status, highest.status) == (Status.COUNTED, Status.COUNTED)
    assert [one.rate for one in speakers.figures] == pytest.approx([1 / 3] * 16)
    assert [one.rate for one in highest.figures] == [0.5] * 16
    assert (highest.unit.name, highest.unit.number(0.5)) == ("niveau", "1,0")
    assert {one.machine for one in speakers.figures} == {None}


@pytest.mark.parametrize("blind", [None, False])
def test_what_a_machine_or_somebody_who_saw_it_said_is_never_compared(blind: bool | None) -> None:
    evidence = machine_only() if blind is None else coded(machine_only(), bridges_of_one, blind=blind)
    found = tables(evidence)
    (row,) = [one for one in found["uitkomsten"] if one["uitkomst"] == SPEAKERS]
    assert row["status"] == "niet_gecorrigeerd"
    assert "hele sessie blind" in row["reden"]
    assert not [one for one in found["effecten"] if one["uitkomst"] in {SPEAKERS, HIGHEST}]
    for one in found["sessiecijfers"]:
        if one["uitkomst"] == SPEAKERS:
            assert one["cijfer"] is None
            assert 0 <= one["aandeel_machine_niet_gecorrigeerd"] <= 1


def test_when_speakers_are_not_known_there_is_no_share_of_them() -> None:
    evidence = coded(machine_only(), bridges_of_one, blind=True)
    session = evidence.units["noord-000"]
    bare = replace(session, utterances=tuple(replace(unit, speaker=None) for unit in session.utterances[:4]))
    bare = replace(bare, utterances=(*bare.utterances, *session.utterances[4:]))
    figures = outcome(replace(evidence, units={**evidence.units, "noord-000": bare}), SPEAKERS).figures
    first = next(one for one in figures if one.session == "noord-000")
    assert first.rate is None
    assert first.reason is not None
    assert "niet bekend wie" in first.reason.why
    assert sum(one.rate is None for one in figures) == 1


def test_questions_may_be_about_these_outcomes() -> None:
    assert list(BOOK.speaker_shares) == [SPEAKERS]
    assert list(CODEBOOK.speaker_shares) == ["sr.sprekers"]
    assert BOOK.levels == ("niveau.gemiddeld_niveau", HIGHEST)


def after_the_client(evidence: Evidence) -> Callable[[Utterance], dict[str, tuple[str, ...]]]:
    """Bridge exactly when the client spoke just before."""
    said = {
        now.id
        for one in evidence.units.values()
        for before, now in zip(one.utterances, one.utterances[1:], strict=False)
        if before.speaker == "CLIENT_1"
    }
    return lambda unit: {"sr": ("brug_burger",) if unit.id in said else (), "niveau": ("0",)}


def test_bridging_that_follows_the_client_is_seen_and_tested_on_blind_labels_alone() -> None:
    evidence = machine_only()
    blind = tables(coded(evidence, after_the_client(evidence), blind=True))["na_de_client"]
    assert [(one["wat"], one["afstand"], one["stand"], one["blind"]) for one in blind] == [
        (SPEAKERS, lag, "waargenomen", True) for lag in (1, 2, 3)
    ]
    assert blind[0]["samen"] > blind[0]["verwacht"]
    assert 0 < blind[0]["p"] < 0.05
    assert (blind[0]["sessies"], blind[0]["reden"]) == (16, None)
    seen = tables(coded(evidence, after_the_client(evidence), blind=False))["na_de_client"]
    assert [(one["samen"], one["p"]) for one in seen] == [(one["samen"], None) for one in blind]
    assert all("niet alle blind" in one["reden"] for one in seen)
    machine = tables(evidence)["na_de_client"]
    assert {(one["stand"], one["blind"], one["p"]) for one in machine} == {("beschrijvend", None, None)}
    assert all("machinaal" in one["reden"] for one in machine)


def test_without_a_client_there_is_nothing_to_follow() -> None:
    (row,) = tables(make_evidence(8, 60, 1, seed=5, drawn=0))["na_de_client"]
    assert (row["wat"], row["samen"]) == ("sr.sprekers", None)
    assert "cliënt" in row["reden"]
