"""Taking coders' tables in: what is refused, with all of it at once, and what is said of what came in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.domain.errors import InputError
from pipeline.steps import draw, labels, progress
from pipeline.steps.draw import Asked, sheet_path
from tests.steps.tagged import fill_in, lengthen, rows_of, tag
from tests.steps.test_steps import bring_up

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.steps.workplace import Workplace

HEAD = "uiting;codeur;soort_codeur;frame\n"
SESSIONS = ("een", "twee", "drie")


@pytest.fixture
def heard(capsys: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    progress.console.cache_clear()
    return capsys


@pytest.fixture
def drawn(place: Workplace) -> Workplace:
    """Give a study with a draw that does not take everything."""
    lengthen(place)
    tag(place, *SESSIONS)
    draw.run(place, Asked(labels=("sr.brug_burger",), seed=7))
    return place


def put(place: Workplace, name: str, *rows: str) -> Path:
    folder = place.study / "labels"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(HEAD + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return folder / name


def refused(place: Workplace) -> list[str]:
    with pytest.raises(InputError) as caught:
        labels.run(place)
    return [str(problem) for problem in caught.value.problems]


def sheet(place: Workplace, count: int) -> list[dict[str, str]]:
    rows = rows_of(sheet_path(place, "trekking-1", 1))[:count]
    return [{**row, "codeur": "anna", "frame": "client"} for row in rows]


def test_a_coder_spelt_otherwise_than_before_is_refused_once(place: Workplace) -> None:
    bring_up(place)
    put(place, "a.csv", "een.0002.01;anna;mens;client")
    labels.run(place)
    put(place, "b.csv", "een.0002.01;Anna ;mens;client", "een.0003.01;Anna;mens;client")
    (found,) = refused(place)
    assert "b.csv, rij 2, kolom codeur" in found
    assert "Bedoel je 'anna'?" in found
    put(place, "b.csv", "een.0003.01; anna ;mens;client")
    assert labels.run(place) == {"rijen": 1, "nieuwe labels": 1}


def test_coders_spelt_otherwise_in_two_tables_taken_in_together_are_refused(place: Workplace) -> None:
    bring_up(place)
    put(place, "a.csv", "een.0002.01;anna b;mens;client")
    put(place, "b.csv", "een.0002.01;AnnaB;mens;client", "een.0003.01;Vaststelling;mens;client")
    first, second = refused(place)
    assert "b.csv, rij 2, kolom codeur" in first
    assert "Bedoel je de naam op a.csv, rij 2?" in first
    assert "Bedoel je 'vaststelling'?" in second


def test_hidden_and_temporary_files_are_passed_over_and_named(
    place: Workplace, heard: pytest.CaptureFixture[str]
) -> None:
    bring_up(place)
    put(place, "a.csv", "een.0002.01;anna;mens;client")
    for name in ("~$a.xlsx", ".a.csv"):
        (place.study / "labels" / name).write_bytes(b"\x00niets")
    assert labels.run(place) == {"rijen": 1, "nieuwe labels": 1}
    told = heard.readouterr().err
    assert "labels/~$a.xlsx is overgeslagen" in told
    assert "labels/.a.csv is overgeslagen" in told


def test_everything_that_is_wrong_with_a_table_is_told_at_once(drawn: Workplace) -> None:
    table = drawn.study / "labels" / "a.csv"
    rows = sheet(drawn, 4)
    rows[0] |= {"uiting": ""}
    rows[1] |= {"uiting": "een.0999.01", "tekst_sha": ""}
    rows[2] |= {"trekking": "trekking-7", "blind": "misschien"}
    rows[3] |= {"uiting": "rommel"}
    fill_in(rows, table)
    told = "\n".join(refused(drawn))
    assert "a.csv, rij 2, kolom uiting: de cel is leeg" in told
    assert "a.csv, rij 3, uiting een.0999.01: deze uiting bestaat niet in de studie" in told
    assert "a.csv, rij 4, kolom blind: dit is geen ja of nee" in told
    assert "a.csv, rij 4, kolom trekking: deze trekking bestaat niet. Bedoel je 'trekking-1'?" in told
    assert "a.csv, rij 5, kolom uiting: dit is geen naam van een uiting" in told


def test_many_units_that_do_not_exist_are_counted(place: Workplace) -> None:
    bring_up(place)
    put(place, "a.csv", *(f"een.{number}.01;anna;mens;client" for number in range(1000, 1030)))
    with pytest.raises(InputError) as caught:
        labels.run(place)
    lines = str(caught.value).splitlines()
    assert len(lines) == 11
    assert lines[10] == "a.csv: en nog 20 rijen met zo'n probleem."


def test_swapped_units_are_told_by_row_and_by_whose_words_they_are(drawn: Workplace) -> None:
    rows = sheet(drawn, 6)
    one, other = rows[1], rows[4]
    assert one["tekst_sha"] != other["tekst_sha"]
    one["uiting"], other["uiting"] = other["uiting"], one["uiting"]
    fill_in(rows, drawn.study / "labels" / "a.csv")
    first, second = refused(drawn)
    assert first.startswith(f"a.csv, rij 3, uiting {one['uiting']}: de woorden van deze rij zijn die van een andere")
    assert f"Misschien hoort deze id bij een andere rij: de woorden op deze rij zijn van {other['uiting']}." in first
    assert second.startswith(f"a.csv, rij 6, uiting {other['uiting']}: ")


def test_that_a_unit_was_not_drawn_goes_before_what_its_words_are(drawn: Workplace) -> None:
    rows = sheet(drawn, 3)
    with drawn.open_store() as store:
        (made,) = store.draws()
    spare = next(unit for one in made.strata for unit in one.units if unit not in made.units)
    meant = rows[1]["uiting"]
    rows[1]["uiting"] = spare
    fill_in(rows, drawn.study / "labels" / "a.csv")
    (found,) = refused(drawn)
    assert f"a.csv, rij 3, uiting {spare}, kolom trekking: deze uiting is in deze trekking niet getrokken" in found
    assert f"Misschien hoort deze id bij een andere rij: de woorden op deze rij zijn van {meant}." in found


def test_words_that_changed_since_are_told_by_row(drawn: Workplace) -> None:
    rows = sheet(drawn, 2)
    rows[1]["tekst_sha"] = "sha:0123456789abcdef"
    fill_in(rows, drawn.study / "labels" / "a.csv")
    (found,) = refused(drawn)
    assert f"a.csv, rij 3, uiting {rows[1]['uiting']}: de woorden van deze uiting zijn anders" in found


def test_what_was_left_out_or_there_already_is_said(place: Workplace, heard: pytest.CaptureFixture[str]) -> None:
    bring_up(place)
    table = put(place, "a.csv", "een.0002.01;anna;mens;client", "een.0003.01;anna;mens;")
    labels.run(place)
    told = heard.readouterr().err
    assert "a.csv: 1 rij met een naam en zonder labels; de kolom reframing ontbreekt; de kolom sr ontbreekt" in told
    assert "er al" not in told
    table.write_text(table.read_text(encoding="utf-8").replace("0003.01;anna;mens;", "0003.01;anna;mens;client"))
    assert labels.run(place) == {"rijen": 2, "nieuwe labels": 1}
    assert "1 label was er al." in heard.readouterr().err
    assert labels.run(place) == {"rijen": 0, "nieuwe labels": 0}
    assert heard.readouterr().err == ""


def test_of_a_draw_it_is_said_which_sessions_are_complete(drawn: Workplace, heard: pytest.CaptureFixture[str]) -> None:
    rows = sheet(drawn, 1000)
    coded = [row if row["uiting"].startswith(("een.", "twee.")) else {**row, "codeur": "", "frame": ""} for row in rows]
    last = next(row for row in reversed(coded) if row["uiting"].startswith("twee."))
    last["frame"] = ""
    table = drawn.study / "labels" / "a.csv"
    fill_in(coded, table)
    heard.readouterr()
    labels.run(drawn)
    told = heard.readouterr().err
    assert (
        "a.csv: 40 rijen leeg gelaten; 1 rij met een naam en zonder labels; de kolom reframing is helemaal leeg" in told
    )
    assert "trekking-1, sessies die compleet blind gecodeerd zijn: 1 van 3 voor frame, 0 van 3 voor" in told
    last |= {"frame": "beleid", "blind": "nee"}
    fill_in(coded, table)
    labels.run(drawn)
    assert "1 van 3 voor frame" in heard.readouterr().err


def test_complete_is_what_a_comparison_counts_as_complete(drawn: Workplace, heard: pytest.CaptureFixture[str]) -> None:
    rows = [{**row, "sr": "geen"} for row in sheet(drawn, 1000)]  # sr_niveau stays empty: it follows from sr
    table = drawn.study / "labels" / "a.csv"
    fill_in([{**row, "soort_codeur": "taalmodel"} for row in rows], table)
    labels.run(drawn)
    assert "0 van 3 voor frame" in heard.readouterr().err
    fill_in([{**row, "codeur": "bas"} for row in rows], table)
    labels.run(drawn)
    told = heard.readouterr().err
    assert "3 van 3 voor frame, 0 van 3 voor reframing, 3 van 3 voor sr, 3 van 3 voor sr_niveau" in told


def test_answers_that_were_blind_and_are_changed_are_counted(
    drawn: Workplace, heard: pytest.CaptureFixture[str]
) -> None:
    rows = sheet(drawn, 5)
    table = drawn.study / "labels" / "a.csv"
    fill_in(rows, table)
    labels.run(drawn)
    assert "verandert" not in heard.readouterr().err
    rows[0]["frame"] = "beleid"
    rows[1] |= {"frame": "beleid", "blind": "nee"}
    fill_in(rows, table)
    labels.run(drawn)
    told = heard.readouterr().err
    assert "anna verandert in trekking-1 2 eerder blind gegeven labels, bij 2 van de 5 uitingen." in told
    assert "Het laatste antwoord voor de trekking telt" in told
    assert "Niet meer blind, dus niet meer meegeteld: 1." in told
    unit = rows[0]["uiting"]
    with drawn.open_store() as store:
        found = {one.utterance_id: one.labels for one in store.judgements_by_draw(unit.partition(".")[0])}
    assert found[unit] == ("beleid",)
