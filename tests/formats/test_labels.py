"""What must stay true of tables of labels: what is written comes back, and what is wrong is said where it stands."""

from __future__ import annotations

import csv
import string
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.domain.codebook import Dimension, DimensionKind
from pipeline.domain.coding import CoderKind
from pipeline.domain.errors import InputError
from pipeline.domain.labels import LabelRow, UnitRow
from pipeline.formats.codebook import read_codebook
from pipeline.formats.export import csv_bytes
from pipeline.formats.labels import read_labels, write_labels
from pipeline.formats.units import draw_table

if TYPE_CHECKING:
    from collections.abc import Sequence

CODEBOOK = read_codebook(Path(__file__).parents[2] / "corpora" / "codebook" / "casuistiek")
HEADER = "uiting,codeur,soort_codeur,frame,reframing,sr,sr_niveau,bijdrage"


def table(tmp_path: Path, *rows: str, header: str = HEADER) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return path


def problems_of(path: Path) -> list[str]:
    return [str(problem) for problem in read_labels(path, CODEBOOK).problems]


def rows_in(path: Path) -> tuple[LabelRow, ...]:
    found = read_labels(path, CODEBOOK)
    assert found.problems == ()
    return tuple(row for _, row in found.rows)


def row(**labels: tuple[str, ...]) -> LabelRow:
    return LabelRow("noord-1.0012.01", "anna", CoderKind.MENS, labels)


def test_a_row_is_read_with_one_label_several_none_and_not_coded(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "noord-1.0012.01,anna,mens,leefwereld,geen_reframing,brug_burger+zelf,2,",
        "noord-1.0013.01,model-a,taalmodel,Client,,-,0,",
        "noord-1.0014.01,anna,mens,,,geen,,",
    )
    first, second, third = rows_in(path)
    assert first.labels == {
        "frame": ("leefwereld",),
        "reframing": ("geen_reframing",),
        "sr": ("brug_burger", "zelf"),
        "sr_niveau": ("2",),
    }
    assert (second.coder, second.coder_kind) == ("model-a", CoderKind.TAALMODEL)
    assert second.labels == {"frame": ("client",), "sr": (), "sr_niveau": ("0",)}
    assert third.labels == {"sr": ()}


DRAW_HEADER = "uiting;codeur;soort_codeur;trekking;blind;vooraf;functie;tekst;frame"


def test_a_row_for_a_draw_says_so_and_an_ordinary_row_says_nothing(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "noord-1.0012.01;anna;mens;trekking-1;ja;;;;client",
        "noord-1.0013.01;anna;mens;trekking-1;NEE;;;;client",
        "noord-1.0014.01;anna;mens;;;;;;client",
        header=DRAW_HEADER,
    )
    assert [(one.draw, one.blind) for one in rows_in(path)] == [
        ("trekking-1", True),
        ("trekking-1", False),
        (None, False),
    ]


def test_rows_of_a_draw_that_nobody_began_with_are_left_out(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "noord-1.0012.01;;mens;trekking-1;ja;sociaal_werker: En toen?;klantmanager;Toen niets.;",
        "noord-1.0013.01;anna;mens;trekking-1;ja;;;;",
        header=DRAW_HEADER,
    )
    assert [(one.utterance_id, one.labels) for one in rows_in(path)] == [("noord-1.0013.01", {})]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ("anna;mens;trekking-1;", "rij 2, kolom blind: de cel is leeg"),
        ("anna;mens;trekking-1;misschien", "rij 2, kolom blind: dit is geen ja of nee. Vul ja in als de codeur niet"),
        ("anna;mens;Trekking een;ja", "rij 2, kolom trekking: dit is geen naam van een trekking"),
        (";mens;trekking-1;ja", "rij 2, kolom codeur: de cel is leeg"),
    ],
)
def test_a_draw_without_a_word_on_blindness_or_without_a_name_is_reported(
    tmp_path: Path, cells: str, expected: str
) -> None:
    (found,) = problems_of(table(tmp_path, f"noord-1.0012.01;{cells};;;;client", header=DRAW_HEADER))
    assert expected in found


def test_a_draw_without_a_column_for_blindness_is_reported_once(tmp_path: Path) -> None:
    rows = (f"noord-1.00{number}.01;anna;mens;trekking-1;client" for number in (12, 13))
    (found,) = problems_of(table(tmp_path, *rows, header="uiting;codeur;soort_codeur;trekking;frame"))
    assert "er is wel een kolom 'trekking' en geen kolom 'blind'" in found


def test_the_sheet_of_a_draw_is_read_back_once_it_is_filled_in(tmp_path: Path) -> None:
    units = [
        UnitRow("noord-1.0012.01", "0" * 16, "=toen niets", None, ("klantmanager: Nou?", "onbekend: Ja; nee.")),
        UnitRow("noord-1.0013.01", "1" * 16, "ook goed", "klantmanager"),
    ]
    path = tmp_path / "blad.csv"
    path.write_bytes(draw_table(units, "trekking-1", CODEBOOK))
    assert rows_in(path) == ()
    header, first, second = cells_of(path)
    assert first[header.index("vooraf")] == "klantmanager: Nou?\nonbekend: Ja; nee."
    assert first[header.index("tekst")] == "'=toen niets"
    for cells, label in ((first, "client"), (second, "beleid")):
        cells[header.index("codeur")] = "anna"
        cells[header.index("frame")] = label
    path.write_bytes(csv_bytes([header, first, second]))
    assert rows_in(path) == tuple(
        LabelRow(unit.utterance_id, "anna", CoderKind.MENS, {"frame": (label,)}, unit.text_sha, "trekking-1", True)
        for unit, label in zip(units, ("client", "beleid"), strict=True)
    )


def test_one_column_with_labels_is_enough(tmp_path: Path) -> None:
    path = table(tmp_path, "noord-1.0012.01;anna;mens;3", header="uiting;codeur;soort_codeur;sr_niveau")
    assert rows_in(path)[0].labels == {"sr_niveau": ("3",)}


def test_labels_of_a_multi_dimension_come_in_codebook_order(tmp_path: Path) -> None:
    path = table(tmp_path, "noord-1.0012.01,anna,mens,,, zelf + brug_beleid ,2,")
    assert rows_in(path)[0].labels["sr"] == ("brug_beleid", "zelf")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ("leefwreld,,,,", "rij 2, kolom frame: dit is geen label van 'frame': 'leefwreld'. Bedoel je 'leefwereld'?"),
        ("Leef wereld,,,,", "rij 2, kolom frame: dit is geen label van 'frame': 'Leef wereld'. Bedoel je"),
        (",,anders,,", "rij 2, kolom sr: dit is geen label van 'sr'. Kies uit"),
        ("fatima,,,,", "rij 2, kolom frame: dit is geen label van 'frame'. "),
        (",,'brug_burger, Zelf',,".replace("'", '"'), "rij 2, kolom sr: er staan komma's tussen de labels. Zet er '+'"),
        ("leefwereld+client,,,,", "rij 2, kolom frame: er staan 2 labels, en hier past er één"),
        (",,zelf+zelf,,", "rij 2, kolom sr: hetzelfde label staat er twee keer"),
        (",,zelf+,,", "rij 2, kolom sr: label 2 is geen label van 'sr'"),
        (",,geen,2,", "kolom sr_niveau: hier staat een label terwijl 'sr' geen label heeft. Vul '0' in"),
        (",,zelf,0,", "kolom sr_niveau: hier staat '0' terwijl 'sr' wel een label heeft. Kies 1, 2 of 3"),
        (",,,,minimaal", "kolom bijdrage: het label 'minimaal' wordt door een regel gegeven"),
        (",,,4,", "kolom sr_niveau: dit is geen label van 'sr_niveau'"),
    ],
)
def test_a_wrong_label_is_reported_by_row_and_column(tmp_path: Path, cells: str, expected: str) -> None:
    (found,) = problems_of(table(tmp_path, f"noord-1.0012.01,anna,mens,{cells}"))
    assert expected in found


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("noord-1,anna,mens", "kolom uiting: dit is geen naam van een uiting"),
        (",anna,mens", "kolom uiting: de cel is leeg"),
        ("noord-1.0012.01,,mens", "kolom codeur: de cel is leeg"),
        ("noord-1.0012.01,anna,", "kolom soort_codeur: de cel is leeg"),
        ("noord-1.0012.01,anna,robot", "kolom soort_codeur: dit is geen soort codeur. Vul mens of taalmodel in."),
    ],
)
def test_a_wrong_unit_or_coder_is_reported(tmp_path: Path, start: str, expected: str) -> None:
    (found,) = problems_of(table(tmp_path, f"{start},client,,,,"))
    assert expected in found


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    path = table(tmp_path, "x,anna,mens,leefwreld,,,,", "noord-1.0012.01,anna,robot,,,geen,3,")
    assert len(problems_of(path)) == 4


def test_the_same_unit_and_coder_twice_is_reported(tmp_path: Path) -> None:
    line = "noord-1.0012.01,anna,mens,client,,,,"
    (found,) = problems_of(table(tmp_path, line, line.replace("anna", "bert"), line))
    assert "rij 4, kolom uiting: deze uiting heeft van deze codeur al labels op rij 2" in found


def test_an_unknown_column_is_reported_with_the_nearest(tmp_path: Path) -> None:
    path = table(tmp_path, "noord-1.0012.01,anna,mens,1", header="uiting,codeur,soort_codeur,sr_nivo")
    first, second = problems_of(path)
    assert "rij 1, kolom D: deze kolom is onbekend: 'sr_nivo'. Bedoel je 'sr_niveau'?" in first
    assert "haal hem dan weg" in first
    assert "er is geen kolom met labels" in second


def test_columns_with_remarks_are_left_alone_and_named(tmp_path: Path) -> None:
    header = "uiting;codeur;soort_codeur;frame;Opmerkingen;notitie"
    path = table(tmp_path, "noord-1.0012.01;anna;mens;client;twijfel;vraag Hendrik", header=header)
    assert rows_in(path)[0].labels == {"frame": ("client",)}
    assert read_labels(path, CODEBOOK).ignored == ("opmerkingen", "notitie")


def test_without_a_kind_of_coder_it_is_said_what_to_fill_in(tmp_path: Path) -> None:
    (found,) = problems_of(table(tmp_path, "noord-1.0012.01;anna;client", header="uiting;codeur;frame"))
    assert "de kolom 'soort_codeur' ontbreekt. Voeg een kolom 'soort_codeur' toe. Vul mens of taalmodel in." in found


def test_a_row_that_is_blind_for_no_draw_is_reported(tmp_path: Path) -> None:
    rows = (
        "noord-1.0012.01;anna;mens;trekking-1;ja;;;;client",
        "noord-1.0013.01;anna;mens;;ja;;;;client",
        "noord-1.0014.01;anna;mens;;nee;;;;client",
        "noord-1.0015.01;;mens;;ja;;;;",
    )
    found = problems_of(table(tmp_path, *rows, header=DRAW_HEADER))
    assert [one.partition(":")[0] for one in found] == [f"labels.csv, rij {at}, kolom trekking" for at in (3, 4)]
    assert "de cel is leeg, en 'blind' is ingevuld" in found[0]


def test_blindness_without_a_column_for_the_draw_is_reported_once(tmp_path: Path) -> None:
    rows = (f"noord-1.00{number}.01;anna;mens;ja;client" for number in (12, 13))
    (found,) = problems_of(table(tmp_path, *rows, header="uiting;codeur;soort_codeur;blind;frame"))
    assert "er is wel een kolom 'blind' en geen kolom 'trekking'" in found


@pytest.mark.parametrize(
    ("start", "column"),
    [
        (";mens;trekking-1;ja", "codeur"),
        ("anna;;trekking-1;ja", "soort_codeur"),
        ("anna;mens;trekking-1;", "blind"),
        ("anna;mens;;ja", "trekking"),
    ],
)
def test_a_column_that_is_wholly_empty_is_reported_once(tmp_path: Path, start: str, column: str) -> None:
    rows = (f"noord-1.0{number}.01;{start};;;;client" for number in range(100, 140))
    (found,) = problems_of(table(tmp_path, *rows, header=DRAW_HEADER))
    assert f"labels.csv, kolom {column}: de hele kolom is leeg (40 rijen)" in found


def test_many_errors_of_a_kind_are_shown_in_part_and_counted_in_full(tmp_path: Path) -> None:
    rows = [f"noord-1.0{number}.01,anna,mens,onzin{number},,,," for number in range(100, 150)]
    problems = read_labels(table(tmp_path, *rows, "noord-1.0012.01,anna,robot,,,zelf,,"), CODEBOOK).problems
    lines = str(InputError(problems)).splitlines()
    assert len(problems) == 51
    assert len(lines) == 12
    assert "rij 11, kolom frame" in lines[9]
    assert lines[10] == "labels.csv, kolom frame: en nog 40 rijen met zo'n probleem."
    assert "rij 52, kolom soort_codeur" in lines[11]


def test_ten_errors_of_a_kind_are_all_shown(tmp_path: Path) -> None:
    rows = [f"noord-1.0{number}.01,anna,mens,onzin,,,," for number in range(100, 110)]
    problems = read_labels(table(tmp_path, *rows), CODEBOOK).problems
    assert str(InputError(problems)).splitlines() == [str(problem) for problem in problems]


def test_what_a_table_holds_besides_labels_is_counted(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "noord-1.0012.01;anna;mens;trekking-1;ja;client;;",
        "noord-1.0013.01;;mens;trekking-1;ja;;;",
        header="uiting;codeur;soort_codeur;trekking;blind;frame;sr;bijdrage",
    )
    found = read_labels(path, CODEBOOK)
    assert (found.untouched, len(found.rows)) == (1, 1)
    core = {dimension.id for dimension in CODEBOOK.unit_dimensions if dimension.core}
    assert set(found.missing) == core - {"frame", "sr", "bijdrage"}
    assert set(found.empty) == core & {"sr", "bijdrage"}
    assert found.empty


def test_phases_are_no_column_because_they_are_not_coded_per_unit(tmp_path: Path) -> None:
    path = table(tmp_path, "noord-1.0012.01,anna,mens,client,inbreng", header="uiting,codeur,soort_codeur,frame,fase")
    assert "rij 1, kolom E: deze kolom is onbekend" in problems_of(path)[0]


PERSON = "Hendrik Wiersma"


@pytest.mark.parametrize(
    "lines",
    [
        ["noord-1.0012.01,Hendrik Wiersma,mens,client,,,,", "noord-1.0013.01,Hendrik Wiersma,mens,client,,,,"],
        ["uiting,codeur,soort_codeur,Hendrik Wiersma,frame", "noord-1.0012.01,A,mens,x,client"],
        [HEADER, *(",".join(PERSON if at == wrong else "" for at in range(8)) for wrong in range(8))],
        [HEADER, ",".join([PERSON] * 8), ",".join([PERSON] * 8), ",".join(["", *[PERSON + "+" + PERSON] * 9])],
        ["uiting,codeur,soort_codeur,tekst_sha,frame", "noord-1.0012.01,A,mens,Hendrik Wiersma,Hendrik Wiersma"],
    ],
    ids=["kop-weg", "in-de-kop", "elke-kolom", "alle-kolommen", "controlegetal"],
)
def test_names_in_wrong_places_are_never_repeated(tmp_path: Path, lines: list[str]) -> None:
    found = problems_of(table(tmp_path, *lines[1:], header=lines[0]))
    assert not [problem for problem in found if any(name in problem.casefold() for name in ("hendrik", "wiersma"))]


@pytest.mark.parametrize("name", ["labels.csv", "labels.xlsx"])
def test_level_zero_survives_as_a_label(tmp_path: Path, name: str) -> None:
    rows = (row(sr=(), sr_niveau=("0",)),)
    write_labels(tmp_path / name, rows, CODEBOOK)
    assert rows_in(tmp_path / name) == rows


def test_numbers_that_excel_made_of_levels_are_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["uiting", "codeur", "soort_codeur", "sr", "sr_niveau"])
    sheet.append(["noord-1.0012.01", "anna", "mens", "zelf", 2])
    sheet.append(["noord-1.0013.01", "anna", "mens", "-", 0.0])
    book.save(tmp_path / "labels.xlsx")
    assert [found.labels["sr_niveau"] for found in rows_in(tmp_path / "labels.xlsx")] == [("2",), ("0",)]


def test_dutch_excel_opens_the_csv_directly(tmp_path: Path) -> None:
    write_labels(tmp_path / "labels.csv", [row(sr=())], CODEBOOK)
    content = (tmp_path / "labels.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfuiting;codeur;soort_codeur;frame;")
    assert content.endswith(b"noord-1.0012.01;anna;mens;;;geen;;\r\n")


@pytest.mark.parametrize("coder", ["=1+1", "+31", "-anna", "@SUM(A1)", "'anna", "''", "'", "_x0041_"])
@pytest.mark.parametrize("name", ["labels.csv", "labels.xlsx"])
def test_a_name_that_a_spreadsheet_would_calculate_is_guarded_and_comes_back(
    tmp_path: Path, name: str, coder: str
) -> None:
    rows = (LabelRow("noord-1.0012.01", coder, CoderKind.MENS, {"frame": ("client",)}),)
    write_labels(tmp_path / name, rows, CODEBOOK)
    assert all(cell[:1] not in set("=+-@") for cells in cells_of(tmp_path / name) for cell in cells)
    assert rows_in(tmp_path / name) == rows


def cells_of(path: Path) -> list[list[str]]:
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return list(csv.reader(stream, delimiter=";"))
    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    return [[str(value or "") for value in cells] for cells in sheet.iter_rows(values_only=True)]


def test_a_checksum_of_digits_alone_is_marked_so_that_excel_leaves_it_alone(tmp_path: Path) -> None:
    rows = (LabelRow("noord-1.0012.01", "anna", CoderKind.MENS, {}, "1234567890123456"),)
    write_labels(tmp_path / "labels.csv", rows, CODEBOOK)
    assert "sha:1234567890123456" in (tmp_path / "labels.csv").read_text(encoding="utf-8")
    assert rows_in(tmp_path / "labels.csv") == rows


def test_a_checksum_that_excel_has_spoilt_is_reported(tmp_path: Path) -> None:
    header = "uiting;codeur;soort_codeur;tekst_sha;frame"
    found = problems_of(table(tmp_path, "noord-1.0012.01;anna;mens;1,23457E+15;client", header=header))
    assert "rij 2, kolom tekst_sha: dit is geen controlegetal" in found[0]


@pytest.mark.parametrize(
    "wrong",
    [
        row(frame=("onzin",)),
        row(frame=()),
        row(frame=("client", "beleid")),
        row(sr=("zelf", "brug_burger")),
        row(fase=("inbreng",)),
        row(bijdrage=("minimaal",)),
        row(sr=(), sr_niveau=("2",)),
        LabelRow("noord-1", "anna", CoderKind.MENS),
        LabelRow("noord-1.0012.01", " anna", CoderKind.MENS),
        LabelRow("noord-1.0012.01", "an\nna", CoderKind.MENS),
        LabelRow("noord-1.0012.01", "anna", CoderKind.MENS, {}, "xyz"),
        LabelRow("noord-1.0012.01", "anna", CoderKind.MENS, {}, None, "Trekking 1"),
        LabelRow("noord-1.0012.01", "anna", CoderKind.MENS, {}, None, None, blind=True),
    ],
)
def test_a_row_that_could_not_be_read_back_is_not_written(tmp_path: Path, wrong: LabelRow) -> None:
    with pytest.raises(ValueError, match="cannot be written"):
        write_labels(tmp_path / "labels.csv", [wrong], CODEBOOK)
    assert list(tmp_path.iterdir()) == []


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Kies een naam op"):
        write_labels(tmp_path / "labels.txt", [], CODEBOOK)


def test_writing_leaves_nothing_but_the_table(tmp_path: Path) -> None:
    write_labels(tmp_path / "labels.csv", [row(frame=("client",))], CODEBOOK)
    write_labels(tmp_path / "labels.csv", [row(frame=("beleid",))], CODEBOOK)
    assert [path.name for path in tmp_path.iterdir()] == ["labels.csv"]
    assert rows_in(tmp_path / "labels.csv")[0].labels == {"frame": ("beleid",)}


def choice_of(dimension: Dimension) -> st.SearchStrategy[tuple[str, ...]]:
    choices: Sequence[str] = dimension.choices
    if dimension.kind is DimensionKind.MULTI:
        return st.sets(st.sampled_from(choices)).map(lambda chosen: tuple(one for one in choices if one in chosen))
    return st.sampled_from(choices).map(lambda chosen: (chosen,))


def consistent(labels: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Let the level follow its gate where both are there."""
    if "sr" in labels and "sr_niveau" in labels:
        labels["sr_niveau"] = labels["sr_niveau"] if labels["sr"] else ("0",)
        if labels["sr"] and labels["sr_niveau"] == ("0",):
            labels["sr_niveau"] = ("1",)
    return labels


LABELS = st.fixed_dictionaries(
    {}, optional={dimension.id: choice_of(dimension) for dimension in CODEBOOK.unit_dimensions}
).map(consistent)
CODERS = st.text(
    st.one_of(st.sampled_from("=+-@'\";,| _x0041"), st.characters(codec="utf-8", exclude_categories=("C", "Z"))),
    min_size=1,
    max_size=20,
).filter(lambda name: name.isprintable() and " ".join(name.split()) == name)
ROWS = st.lists(
    st.builds(
        LabelRow,
        st.tuples(
            st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8),
            st.integers(1, 12345),
            st.integers(1, 120),
        ).map(lambda parts: f"{parts[0]}.{parts[1]:04d}.{parts[2]:02d}"),
        CODERS,
        st.sampled_from(CoderKind),
        LABELS,
        st.one_of(st.none(), st.text("0123456789abcdef", min_size=16, max_size=16)),
        st.one_of(st.none(), st.sampled_from(("trekking-1", "nog_een", "2"))),
        st.booleans(),
    ).map(lambda one: one if one.draw else replace(one, blind=False)),
    max_size=8,
    unique_by=lambda one: (one.utterance_id, one.coder),
)


@pytest.mark.parametrize("name", ["labels.csv", "labels.xlsx"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_what_is_written_comes_back(tmp_path: Path, name: str, rows: list[LabelRow]) -> None:
    write_labels(tmp_path / name, rows, CODEBOOK)
    assert rows_in(tmp_path / name) == tuple(rows)
