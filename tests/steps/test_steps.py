"""The verbs, one session at a time: what they write, what they skip, what they refuse."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pipeline.domain.coding import CoderKind, Judgement
from pipeline.domain.errors import InputError, InternalError, RaamwerkError
from pipeline.steps import compare, ingest, labels, outcome, plan, progress, pseudonymise, report, tag, train, unitise
from pipeline.steps.lock import exclusive
from pipeline.steps.problems import failed_sessions, noted
from pipeline.steps.train import settle
from pipeline.steps.untold import MendableError, StepError, untold
from tests.world import NAMES, TALKS, make_study

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.steps.workplace import Workplace

UNTAGGED = (ingest, pseudonymise, unitise)


def bring_up(place: Workplace) -> None:
    for session in ("een", "twee", "drie"):
        for step in UNTAGGED:
            step.run(place, session)


def test_a_step_is_done_once_and_again_only_for_a_changed_file(place: Workplace) -> None:
    assert ingest.run(place, "een") == {"beurten": 7, "sprekers": 3, "waarschuwingen": 0}
    assert ingest.run(place, "een") == {}
    transcript = place.study / "transcripten" / "een.txt"
    transcript.touch()
    assert ingest.run(place, "een") == {}
    transcript.write_text(TALKS["een"] + "SW1: Nog iets.\n", encoding="utf-8")
    assert ingest.run(place, "een")["beurten"] == 8


def test_a_step_refuses_what_the_step_before_has_not_seen(place: Workplace) -> None:
    with pytest.raises(InputError, match="ingest"):
        pseudonymise.run(place, "een")
    ingest.run(place, "een")
    pseudonymise.run(place, "een")
    (place.study / "transcripten" / "een.txt").write_text(TALKS["twee"], encoding="utf-8")
    with pytest.raises(InputError, match="pseudonymise"):
        unitise.run(place, "een")


def test_no_name_comes_through_the_door(place: Workplace) -> None:
    bring_up(place)
    with place.open_store() as store:
        for session in store.sessions():
            units = store.unitised(session)
            assert units is not None
            text = " ".join(unit.text for unit in units.utterances)
            assert not [name for name in NAMES if name in text]
            assert {speaker.functie for speaker in units.speakers} == {
                "gespreksleider",
                "klantmanager",
                "sociaal_werker",
            }


def test_the_same_person_has_the_same_pseudonym_in_every_session(place: Workplace) -> None:
    bring_up(place)
    with place.open_store() as store:
        seen = [
            {speaker.functie: speaker.pseudonym for speaker in units.speakers}
            for session in store.sessions()
            if (units := store.unitised(session))
        ]
    assert seen[0] == seen[1] == seen[2]


def test_the_plan_names_only_the_sessions_that_need_work(place: Workplace) -> None:
    bring_up(place)
    assert plan.run(place) == ("een", "twee", "drie")  # nobody has tagged them
    with pytest.raises(InputError, match="nog geen model getraind"):
        tag.run(place, "een")
    assert "nog geen model getraind" in failed_sessions(place)["een"][0]


def test_a_lost_key_is_said_before_a_new_one_is_made(place: Workplace) -> None:
    bring_up(place)
    shutil.rmtree(place.key_chain)
    with pytest.raises(RaamwerkError, match="sleutel"):
        plan.run(place)
    assert list(place.key_chain.rglob("*.age")) == []


def test_two_studies_with_the_same_name_have_keys_of_their_own_and_a_moved_one_keeps_its_key(
    place: Workplace, tmp_path: Path
) -> None:
    other = replace(place, study=make_study(tmp_path / "elders" / "wereld"), work=tmp_path / "elders" / ".raamwerk")
    assert place.open_keys().folder != other.open_keys().folder
    moved = replace(place, study=tmp_path / "verhuisd", work=tmp_path / "verhuisd" / ".raamwerk")
    before = place.open_keys().folder
    place.study.rename(moved.study)
    assert moved.open_keys().folder == before


def test_a_step_that_fails_tells_prefect_nothing_of_what_it_read() -> None:
    with pytest.raises(MendableError) as caught, untold("ingest", "een"):
        raise InputError.single(*["Kowalczyk"] * 3)
    assert str(caught.value) == "ingest een"
    names: dict[str, str] = {}
    with pytest.raises(StepError) as unexpected, untold("tag", "een"):
        names["Kowalczyk"]
    assert str(unexpected.value) == "tag een: KeyError"


def test_what_the_ledger_does_not_hold_is_not_called_done(place: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    bring_up(place)
    progress.console.cache_clear()
    assert outcome.run(place, ("een", "twee", "drie")) == outcome.SOME_FAILED
    shown = capsys.readouterr().err
    assert "0 sessies verwerkt" in shown
    assert shown.count("Niet verwerkt:") == 3
    progress.console.cache_clear()


def test_an_ingest_that_died_before_the_ledger_knew_is_done_again(place: Workplace) -> None:
    ingest.run(place, "een")
    transcript = place.study / "transcripten" / "een.txt"
    transcript.write_text(TALKS["twee"], encoding="utf-8")
    with place.open_store() as store:  # as if the run died right after it filled the vault
        store.finish("een", "ingest", "", {})
    transcript.write_text(TALKS["een"], encoding="utf-8")
    assert ingest.run(place, "een") != {}


def test_tables_and_report_are_written_for_what_is_ready_and_name_what_is_not(place: Workplace) -> None:
    bring_up(place)
    with pytest.raises(InputError):
        tag.run(place, "een")
    assert compare.run(place)["sessies"] == 0
    report.run(place)
    page = (place.output / "index.html").read_text(encoding="utf-8")
    assert "nog geen model getraind" in page
    assert compare.run(place) == {}
    assert report.run(place) == {}
    (place.output / "index.html").unlink()
    assert report.run(place) != {}


def test_labels_come_in_once_and_point_at_words(place: Workplace) -> None:
    bring_up(place)
    table = place.study / "labels.csv"
    table.write_text(
        "uiting;codeur;soort_codeur;frame;sr\neen.0004.01;Anna;mens;rechtmatigheid;geen\n", encoding="utf-8"
    )
    assert labels.run(place, table) == {"rijen": 1, "nieuwe labels": 2}
    assert labels.run(place, table) == {"rijen": 0, "nieuwe labels": 0}
    with place.open_store() as store:
        assert {judgement.dimension: judgement.labels for judgement in store.judgements("een")} == {
            "frame": ("rechtmatigheid",),
            "sr": (),
        }
    (place.study / "transcripten" / "een.txt").write_text(
        TALKS["een"].replace("tweehonderd", "driehonderd"), encoding="utf-8"
    )
    for step in UNTAGGED:
        step.run(place, "een")
    with place.open_store() as store:
        assert store.judgements("een") == ()
        assert store.set_aside("een") == 2


def test_labels_for_units_that_do_not_exist_are_all_refused_at_once(place: Workplace) -> None:
    bring_up(place)
    table = place.study / "labels.csv"
    rows = "een.0099.01;A;mens;geen_frame\neen.0004.01;A;mens;geen_frame\ntwee.0098.01;A;mens;geen_frame\n"
    table.write_text("uiting;codeur;soort_codeur;frame\n" + rows, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        labels.run(place, table)
    assert len(caught.value.problems) == 2
    with place.open_store() as store:
        assert store.judgements("een") == ()


def test_two_runs_do_not_work_on_one_study_at_once(place: Workplace) -> None:
    with exclusive(place), pytest.raises(InputError, match="al een verwerking"), exclusive(place):
        pass


def test_an_unexpected_error_is_told_by_place_and_not_by_what_it_says(place: Workplace) -> None:
    place.work.mkdir()
    names: dict[str, str] = {}
    with pytest.raises(InternalError) as caught, noted(place, "een"):
        names["Kowalczyk"]
    assert "Kowalczyk" not in str(caught.value)
    assert "KeyError" in str(caught.value)
    assert "Kowalczyk" not in str(failed_sessions(place))


def judgement(coder: str, *labels_given: str) -> Judgement:
    return Judgement("s.0001.01", "0" * 16, "sr", labels_given, coder, CoderKind.MENS, "c", "2026-01-01T00:00:00+00:00")


def test_coders_who_agree_settle_a_label_whatever_the_order() -> None:
    (settled,) = settle([judgement("A", "zelf", "brug_beleid"), judgement("B", "brug_beleid", "zelf")])
    assert settled.labels == ("brug_beleid", "zelf")


def test_where_coders_differ_only_the_settlement_counts() -> None:
    differing = [judgement("A", "zelf"), judgement("B")]
    assert list(settle(differing)) == []
    (settled,) = settle([*differing, judgement("vaststelling")])
    assert settled.labels == ()


def test_a_handful_of_labels_does_not_make_a_model(place: Workplace) -> None:
    bring_up(place)
    table = place.study / "labels.csv"
    table.write_text("uiting;codeur;soort_codeur;frame\neen.0004.01;Anna;mens;rechtmatigheid\n", encoding="utf-8")
    labels.run(place, table)
    with pytest.raises(InputError, match="er zijn 1 uitingen in 1 sessies"):
        train.run(place)
    assert not place.own_tagger(place.read_codebook(place.read_study())).exists()
