"""What must stay true of tables to learn from: every row counts, and what is wrong is said where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.domain.coding import CoderKind
from pipeline.domain.errors import InputError
from pipeline.formats.codebook import read_codebook
from pipeline.formats.examples import ExampleRow, by_session, read_examples
from pipeline.formats.origin import read_origins

CODEBOOK = read_codebook(Path(__file__).parents[2] / "corpora" / "codebook" / "casuistiek")
ROW = "Neem de naam over uit sessions.csv, of haal de rij weg."
FILE = "Geef elke sessie van sessions.csv een rij, of haal het bestand weg."


def rows_of(tmp_path: Path, header: str, *rows: str) -> tuple[ExampleRow, ...]:
    path = tmp_path / "tabel.csv"
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return read_examples(path, CODEBOOK)


def problems_of(tmp_path: Path, header: str, *rows: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        rows_of(tmp_path, header, *rows)
    return [str(problem) for problem in caught.value.problems]


def test_a_row_is_read_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    header = "sessie,spreker,functie,schrijver,soort_codeur,tekst,frame,sr"
    (row,) = rows_of(tmp_path, header, "a,Ilse,Werkcoach,w1,taalmodel,Hij kan werken.,activering,geen")
    labels = {"frame": ("activering",), "sr": ()}
    assert row == ExampleRow("a", "Ilse", "klantmanager", "w1", "Hij kan werken.", labels, CoderKind.TAALMODEL)


def test_english_headers_are_read_and_what_is_not_told_is_unknown(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, "text,frame", "Hij kan werken.,")
    assert row == ExampleRow("", None, None, "", "Hij kan werken.", {}, None)


def test_a_function_told_on_one_row_holds_on_all_rows_of_that_speaker_in_that_session(tmp_path: Path) -> None:
    rows = rows_of(
        tmp_path,
        "sessie,spreker,functie,tekst,frame",
        "a,Ilse,,Een.,activering",
        "a,Ilse,werkcoach,Twee.,activering",
        "a,KM1,sociaal werker,Drie.,activering",
        "a,KM1,,Vier.,activering",
        "a,,overig,Vijf.,activering",
        "b,Ilse,beleid,Zes.,activering",
        "b,SW2,,Zeven.,activering",
    )
    assert [row.functie for row in rows] == [
        "klantmanager", "klantmanager", "sociaal_werker", "sociaal_werker", "anders", "beleid", "sociaal_werker",
    ]  # fmt: skip
    assert rows[4].speaker == "overig"


def test_two_functions_of_one_speaker_are_reported_with_both_rows(tmp_path: Path) -> None:
    found = problems_of(
        tmp_path,
        "sessie,spreker,functie,tekst,frame",
        "a,Ilse,werkcoach,Een.,activering",
        "a,Ilse,consulent,Twee.,activering",
        "a,Ilse,sociaal werker,Drie.,activering",
    )
    assert len(found) == 1
    assert found[0].startswith("tabel.csv, rij 4, kolom functie: deze spreker heeft op rij 2 een andere functie. Maak")


def test_an_unknown_function_is_reported_with_the_words_that_may_stand_there(tmp_path: Path) -> None:
    (found,) = problems_of(tmp_path, "spreker,functie,tekst,frame", "Ilse,klantmanger,Een.,activering")
    assert found.startswith("tabel.csv, rij 2, kolom functie: dit is geen bekende functie. Bedoel je 'klantmanager'?")
    assert "sociaal_werker" in found
    assert "anders" in found
    assert "Of laat de cel leeg." in found


def test_a_session_on_some_rows_only_is_reported_on_every_row_without(tmp_path: Path) -> None:
    found = problems_of(tmp_path, "sessie,tekst,frame", "a,Een.,activering", ",Twee.,activering", ",Drie.,activering")
    assert [problem.partition(":")[0] for problem in found] == [
        "tabel.csv, rij 3, kolom sessie",
        "tabel.csv, rij 4, kolom sessie",
    ]


@pytest.mark.parametrize("header", ["tekst,frame", "tekst,frame,sessie"])
def test_without_sessions_the_table_is_one(tmp_path: Path, header: str) -> None:
    rows = rows_of(tmp_path, header, "Een.,activering", "Twee.,activering")
    assert {name: len(its) for name, its in by_session(rows).items()} == {"tabel-0001": 2}


def test_a_writer_told_on_one_row_holds_for_the_session(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, "sessie,schrijver,tekst,frame", "a,,Een.,activering", "a,w1,Twee.,", "b,,Drie.,activering")
    assert [row.group for row in rows] == ["w1", "w1", ""]


def test_two_writers_in_one_session_are_reported_with_both_rows(tmp_path: Path) -> None:
    (found,) = problems_of(
        tmp_path, "sessie,schrijver,tekst,frame", "a,w1,Een.,activering", "b,w2,Twee.,", "a,w2,Drie.,activering"
    )
    assert found.startswith("tabel.csv, rij 4, kolom schrijver: deze sessie heeft op rij 2 een andere schrijver.")


def test_who_judged_must_be_a_known_kind_and_told_for_every_row_with_labels(tmp_path: Path) -> None:
    header = "soort_codeur,tekst,frame"
    assert [
        row.coder_kind for row in rows_of(tmp_path, header, "Mens,Een.,activering", "taalmodel,Twee.,", ",Drie.,")
    ] == [CoderKind.MENS, CoderKind.TAALMODEL, None]
    assert problems_of(tmp_path, header, "student,Een.,activering", ",Twee.,activering") == [
        "tabel.csv, rij 2, kolom soort_codeur: dit is geen soort codeur. Vul mens of taalmodel in.",
        "tabel.csv, rij 3, kolom soort_codeur: de cel is leeg. Vul mens of taalmodel in.",
    ]


def test_a_table_without_rows_labels_or_words_is_refused(tmp_path: Path) -> None:
    assert [found.split(". ")[0] for found in problems_of(tmp_path, "tekst")] == [
        "tabel.csv: de tabel heeft geen rijen",
        "tabel.csv: er is geen kolom met labels",
    ]
    (found,) = problems_of(tmp_path, "tekst,frame", ",activering")
    assert found.startswith("tabel.csv, rij 2, kolom tekst: de cel is leeg")


def test_origins_name_every_session_of_the_study_and_no_other(tmp_path: Path) -> None:
    table = tmp_path / "herkomst.csv"
    table.write_text("sessie;schrijver\nnoord-1;w1\nnoord-l;w1\n;w2\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_origins(tmp_path, ["noord-1", "noord-2", "zuid-1"])
    assert [str(problem) for problem in caught.value.problems] == [
        f"herkomst.csv, rij 3, kolom sessie: 'noord-l' is geen sessie van deze studie. {ROW}",
        f"herkomst.csv, rij 4, kolom sessie: de cel is leeg. {ROW}",
        f"herkomst.csv: zonder rij in deze tabel: noord-2, zuid-1. {FILE}",
    ]
    table.write_text("sessie;schrijver\nnoord-1;w1\nnoord-2;w1\n", encoding="utf-8")
    assert set(read_origins(tmp_path, ["noord-1", "noord-2"])) == {"noord-1", "noord-2"}
