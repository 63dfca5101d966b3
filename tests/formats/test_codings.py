"""The table of which agreement is measured, with and without a codebook."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from pipeline.domain.codebook import DimensionKind
from pipeline.domain.errors import InputError
from pipeline.formats.codebook import read_codebook
from pipeline.formats.codings import read_codings

CASUISTIEK = read_codebook(Path(__file__).parents[2] / "corpora" / "codebook" / "casuistiek")


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path, **asked: object) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_codings(path, **asked)  # type: ignore[arg-type]
    return [str(problem) for problem in caught.value.problems]


def test_english_headers_and_any_name_of_a_unit_will_do(tmp_path: Path) -> None:
    found = read_codings(table(tmp_path, "unit,coder,Colour\n7,Anna,Red\n7,Bas,blue\n8,Anna,\n"))
    assert [(one.unit, one.coder, one.session, dict(one.labels)) for one in found.codings] == [
        ("7", "Anna", None, {"colour": ("red",)}),
        ("7", "Bas", None, {"colour": ("blue",)}),
        ("8", "Anna", None, {}),
    ]
    (dimension,) = found.dimensions
    assert (dimension.id, dimension.kind, dimension.label_ids) == ("colour", DimensionKind.SINGLE, ("blue", "red"))


def test_a_plus_makes_a_column_one_of_sets_and_geen_the_empty_set(tmp_path: Path) -> None:
    found = read_codings(table(tmp_path, "uiting;codeur;sr\n1;a;x + y\n1;b;geen\n2;a;-\n2;b;y\n"))
    assert [one.labels["sr"] for one in found.codings] == [("x", "y"), (), (), ("y",)]
    assert found.dimensions[0].kind is DimensionKind.MULTI
    assert found.dimensions[0].label_ids == ("x", "y")


def test_a_lone_plus_is_a_label_like_another(tmp_path: Path) -> None:
    found = read_codings(table(tmp_path, "uiting;codeur;houding\n1;a;+\n1;b;-\n"))
    assert found.dimensions[0].kind is DimensionKind.SINGLE
    assert [one.labels["houding"] for one in found.codings] == [("+",), ("-",)]


def test_the_session_is_taken_from_a_column_or_from_the_unit(tmp_path: Path) -> None:
    named = read_codings(table(tmp_path, "unit,coder,session,d\n1,a,zuid,x\n1,b,zuid,x\n2,a,,x\n"))
    assert [one.session for one in named.codings] == ["zuid", "zuid", None]
    told = read_codings(table(tmp_path, "unit,coder,d\nnoord-1.0012.01,a,x\ngesprek.csv.3.1,b,x\n"))
    assert [one.session for one in told.codings] == ["noord-1", "gesprek.csv"]


def test_a_coder_s_table_of_a_study_is_read_as_it_is(tmp_path: Path) -> None:
    text = (
        "uiting;codeur;soort_codeur;tekst_sha;functie;tekst;frame;sr;sr_niveau\n"
        "een.0001.01;A;mens;sha:0123456789abcdef;beleid;Zo is dat;beleid;geen;0\n"
        "een.0001.01;B;mens;sha:0123456789abcdef;beleid;Zo is dat;client;zelf+brug_burger;2\n"
    )
    without = read_codings(table(tmp_path, text))
    assert [dimension.id for dimension in without.dimensions] == ["frame", "sr", "sr_niveau"]
    found = read_codings(table(tmp_path, text), CASUISTIEK)
    kinds = {dimension.id: dimension.kind for dimension in found.dimensions}
    assert kinds == {
        "frame": DimensionKind.SINGLE,
        "sr": DimensionKind.MULTI,
        "sr_niveau": DimensionKind.ORDINAL,
    }
    assert found.codings[1].labels["sr"] == ("brug_burger", "zelf")
    assert found.dimensions[2].label_ids == ("0", "1", "2", "3")


def test_a_workbook_is_read_too(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["unit", "coder", "niveau"], [1, "a", 2], [1, "b", 3]):
        sheet.append(row)
    path = tmp_path / "labels.xlsx"
    book.save(path)
    assert [one.labels["niveau"] for one in read_codings(path).codings] == [("2",), ("3",)]


def test_everything_wrong_is_told_at_once_by_row_and_column(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "uiting;codeur;frame;sr\n1;A;beleidd;geen\n;A;beleid;zelf+\n1;A;beleid;geen\n",
    )
    found = problems(path, codebook=CASUISTIEK)
    assert len(found) == 5
    assert "rij 2, kolom frame: dit is geen label van 'frame': 'beleidd'. Bedoel je 'beleid'?" in found[0]
    assert "rij 3, kolom uiting: de cel is leeg" in found[1]
    assert "rij 3, kolom sr: naast een '+' ontbreekt een label" in found[2]
    assert "rij 4, kolom uiting: deze uiting heeft van deze codeur al labels op rij 2" in found[3]
    assert "er zijn geen twee codeurs" in found[4]


def test_a_column_that_the_codebook_does_not_know_is_refused(tmp_path: Path) -> None:
    (found,) = problems(table(tmp_path, "unit,coder,frame,kleur\n1,a,beleid,x\n1,b,beleid,y\n"), codebook=CASUISTIEK)
    assert "kolom D: deze kolom is onbekend. " in found, "what stands in a header that is lost may be a name"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("frame,sr\nx,y\n", "de eerste rij heeft geen kolomnamen"),
        ("unit,frame\n1,x\n", "de kolom 'codeur' ontbreekt"),
        ("unit,coder\n1,a\n1,b\n", "er is geen kolom met labels"),
        ("unit,coder,session,d\n1,a,zuid,x\n1,b,noord,x\n", "deze uiting heeft op rij 2 een andere sessie"),
    ],
)
def test_a_table_that_cannot_be_used_says_why(tmp_path: Path, text: str, told: str) -> None:
    assert any(told in problem for problem in problems(table(tmp_path, text)))


def test_the_sheet_of_a_draw_has_no_further_dimensions(tmp_path: Path) -> None:
    head = "uiting;codeur;soort_codeur;trekking;blind;tekst_sha;vooraf;functie;tekst;frame\n"
    rows = "".join(f"s.0001.01;{coder};mens;trekking-1;ja;;wat;beleid;zo;client\n" for coder in ("a", "b"))
    assert [one.id for one in read_codings(table(tmp_path, head + rows)).dimensions] == ["frame"]


def test_one_coder_under_two_spellings_is_not_two_coders(tmp_path: Path) -> None:
    rows = "".join(f"{unit};{coder};beleid\n" for unit in (1, 2) for coder in ("anna", "Anna ", "Bas"))
    (found,) = problems(table(tmp_path, "uiting;codeur;frame\n" + rows))
    assert "labels.csv, rij 3, kolom codeur" in found
    assert "Bedoel je de naam op labels.csv, rij 2?" in found


def test_a_comma_between_labels_should_be_a_plus(tmp_path: Path) -> None:
    text = "uiting;codeur;sr\n1;a;brug_burger, zelf\n1;b;zelf\n"
    (found,) = problems(table(tmp_path, text), codebook=CASUISTIEK)
    assert "rij 2, kolom sr: er staan komma's tussen de labels. Zet er '+' tussen" in found
