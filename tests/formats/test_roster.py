"""What must stay true of rosters: who speaks, who is spoken about, and what is said about rows that tell neither."""

from __future__ import annotations

import os
import time
import zipfile
from pathlib import Path

import openpyxl
import pytest

from pipeline.domain.errors import InputError
from pipeline.domain.transcript import FUNCTIES, GESPREKSROLLEN, PERSON_KINDS, Person, Speaker
from pipeline.formats.reading import read_transcript
from pipeline.formats.roster import read_roster

SAMPLES = sorted((Path(__file__).parents[2] / "corpora" / "voorbeeld" / "deelnemers").glob("*.csv"))
HEADER = "spreker,naam,functie,gespreksrol,groep,soort,ook"


def roster(tmp_path: Path, *rows: str, header: str = HEADER) -> Path:
    path = tmp_path / "deelnemers.csv"
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return path


def problems_of(path: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_roster(path)
    return [str(problem) for problem in caught.value.problems]


def test_the_sample_study_has_eight_rosters() -> None:
    assert len(SAMPLES) == 40


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_roster_of_the_sample_study_is_read_whole(path: Path) -> None:
    found = read_roster(path)
    rows = [line for line in path.read_text(encoding="utf-8-sig").splitlines()[1:] if line.strip(",")]
    assert len(found.speakers) + len(found.persons) == len(rows)
    assert all(speaker.functie in FUNCTIES for speaker in found.speakers)
    assert all(speaker.gespreksrol in GESPREKSROLLEN for speaker in found.speakers)
    assert all(person.kind in PERSON_KINDS for person in found.persons)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_speaker_of_a_sample_transcript_stands_in_its_roster_under_the_same_label(path: Path) -> None:
    (transcript,) = (path.parents[1] / "transcripten").glob(f"{path.stem}.*")
    spoken = {speaker.label for speaker in read_transcript(transcript).speakers}
    assert spoken == {speaker.label for speaker in read_roster(path).speakers}


def test_speakers_and_persons_are_told_apart(tmp_path: Path) -> None:
    path = roster(
        tmp_path,
        "KM1,Ilse Rozema,klantmanager,deelnemer,,,mevrouw Rozema",
        ",Roelof Kuiper,,,,CLIENT,Roef|Kuiper| ",
        "SW9,,,,,,",
    )
    found = read_roster(path)
    assert found.speakers == (
        Speaker("KM1", "Ilse Rozema", "klantmanager", "deelnemer", None, ("mevrouw Rozema",)),
        Speaker("SW9"),
    )
    assert found.persons == (Person("Roelof Kuiper", "CLIENT", ("Roef", "Kuiper")),)


@pytest.mark.parametrize(
    ("written", "functie"),
    [
        ("maatschappelijk werker", "sociaal_werker"),
        ("Sociaal werker", "sociaal_werker"),
        ("wijkteammedewerker", "sociaal_werker"),
        ("buurtteamwerker", "sociaal_werker"),
        ("ambulant begeleider", "sociaal_werker"),
        ("cliëntondersteuner", "sociaal_werker"),
        ("sociaal raadsvrouw", "sociaal_werker"),
        ("inkomensconsulent", "klantmanager"),
        ("Werkregisseur", "klantmanager"),
        ("werkcoach", "klantmanager"),
        ("casemanager W&I", "klantmanager"),
        ("activeringsconsulent", "klantmanager"),
        ("jobcoach", "klantmanager"),
        ("beleidsadviseur", "beleid"),
        ("teamleider", "beleid"),
        ("kwaliteitsmedewerker", "beleid"),
        ("inwoner", "client"),
        ("bijstandsgerechtigde", "client"),
        ("ervaringswerker", "ervaringsdeskundige"),
        ("cliëntenraadslid", "ervaringsdeskundige"),
        ("voorzitter", "gespreksleider"),
        ("moderator", "gespreksleider"),
        ("docent-onderzoeker", "onderzoeker"),
        ("interviewer", "onderzoeker"),
        ("anders", "anders"),
    ],
)
def test_role_words_of_the_field_are_brought_back_to_the_normal_form(
    tmp_path: Path, written: str, functie: str
) -> None:
    assert read_roster(roster(tmp_path, f"A,,{written},,,,")).speakers[0].functie == functie


@pytest.mark.parametrize(
    ("written", "group"),
    [("klant", "klant"), ("Sociale professional", "sociale_professional"), ("klantmanagers", "klantmanager")],
)
def test_the_group_of_an_interview_study_is_read(tmp_path: Path, written: str, group: str) -> None:
    assert read_roster(roster(tmp_path, f"R1,,,,{written},,")).speakers[0].groep == group


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("A,,tovenaar,,,,", "rij 2, kolom functie: dit is geen bekende functie"),
        ("A,,,inbrengr,,,", "rij 2, kolom gespreksrol: dit is geen bekende gespreksrol. Bedoel je 'inbrenger'?"),
        ("A,,,,buren,,", "rij 2, kolom groep: dit is geen bekende groep"),
        ("A,Jan,,,,CLIENT,", "rij 2, kolom soort: deze persoon heeft een spreker én een soort"),
        (",,,,,CLIENT,", "rij 2, kolom naam: de naam ontbreekt"),
        (",Jan,,,,,", "rij 2, kolom soort: de soort ontbreekt bij iemand zonder spreker"),
        (",Jan,,,,HOND,", "rij 2, kolom soort: dit is geen soort persoon. Kies CLIENT, KIND, PARTNER"),
        (",Jan,klantmanager,,,PROF,", "rij 2, kolom functie: iemand zonder spreker heeft een functie"),
    ],
)
def test_a_mistake_is_reported_by_row_and_column_with_the_cure(tmp_path: Path, line: str, expected: str) -> None:
    (found,) = problems_of(roster(tmp_path, line))
    assert expected in found


def test_no_message_carries_the_name_of_a_person(tmp_path: Path) -> None:
    path = roster(tmp_path, "Roelof,,,,,PROF,", ",Roelof,,,,Roelof,", "A,B,Roelof,Roelof,Roelof,,")
    assert all("Roelof" not in problem for problem in problems_of(path))


def test_the_same_label_or_person_twice_is_reported(tmp_path: Path) -> None:
    path = roster(tmp_path, "KM1,,,,,,", "km1,,,,,,", ",Mees,,,,KIND,", ",mees,,,,KIND,", ",Mees,,,,PROF,")
    first, second = problems_of(path)
    assert "rij 3, kolom spreker: dezelfde spreker staat al op rij 2" in first
    assert "rij 5, kolom naam: dezelfde naam staat al op rij 4" in second


def test_unknown_missing_and_double_columns_are_reported_together(tmp_path: Path) -> None:
    found = problems_of(roster(tmp_path, "A,B,C,D", header="sprekr,naam,functie,functie"))
    assert [problem.split(". ")[0] for problem in found] == [
        "deelnemers.csv, rij 1, kolom A: deze kolom is onbekend",
        "deelnemers.csv, rij 1: de kolom 'functie' staat er twee keer",
        "deelnemers.csv, rij 1: de kolom 'spreker' ontbreekt",
    ]
    assert "Bedoel je 'spreker'?" in found[0]


def test_a_roster_without_column_names_is_one_finding_that_lists_them(tmp_path: Path) -> None:
    (found,) = problems_of(roster(tmp_path, "KM2,Jan,beleid", header="KM1,Hendrik Wiersma,klantmanager"))
    assert found == (
        "deelnemers.csv, rij 1: de eerste rij heeft geen kolomnamen. "
        "Zet bovenaan een rij met de namen van de kolommen: spreker, naam. "
        "Ook mogelijk: functie, gespreksrol, groep, soort, ook."
    )


NAMES = ("Hendrik", "Wiersma", "Roelof")
PERSON = "Hendrik Wiersma"


@pytest.mark.parametrize(
    "lines",
    [
        ["KM1,Hendrik Wiersma,klantmanager", "KM2,Roelof,beleid"],
        ["Hendrik Wiersma", "Roelof"],
        ["spreker,Hendrik Wiersma,naam", "KM1,x,Roelof"],
        ["spreker,Hendrik Wiersma,Hendrik Wiersma", "KM1,x,Roelof"],
        ["Hendrik Wiersma;spreker;naam;", "x;KM1;Roelof;Hendrik Wiersma", "x;KM1;Roelof;;;Hendrik Wiersma"],
        [HEADER, *(",".join(PERSON if at == wrong else "" for at in range(7)) for wrong in range(7))],
        [HEADER, ",".join([PERSON] * 7), ",".join([PERSON] * 7), ",".join(["", *[PERSON] * 6])],
        [HEADER, ',"Hendrik Wiersma,,,', "Roelof,"],
    ],
    ids=["kop-weg", "lijst", "in-de-kop", "dubbel-in-de-kop", "naast-de-kop", "elke-kolom", "alle-kolommen", "open"],
)
def test_names_in_wrong_places_are_never_repeated(tmp_path: Path, lines: list[str]) -> None:
    found = problems_of(roster(tmp_path, *lines[1:], header=lines[0]))
    assert not [problem for problem in found if any(name in problem for name in NAMES)]


def test_names_in_an_excel_roster_and_on_its_tabs_are_never_repeated(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Hendrik Wiersma"
    sheet.append(["spreker", "naam"])
    second = book.create_sheet("Roelof")
    second.append(["spreker", "naam"])
    book.save(tmp_path / "deelnemers.xlsx")
    (found,) = problems_of(tmp_path / "deelnemers.xlsx")
    assert "meer dan één blad heeft deze kolommen (blad 1 en 2)" in found
    for header in (["spreker", "naam", "Roelof"], ["Roelof", "Wiersma"]):
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.title = "Hendrik Wiersma"
        sheet.append(header)
        sheet.append(["KM1", "Hendrik", "Wiersma"])
        sheet["B2"].data_type = "e"
        book.save(tmp_path / "deelnemers.xlsx")
        found = " ".join(problems_of(tmp_path / "deelnemers.xlsx"))
        assert not any(name in found for name in NAMES)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_roster_that_may_not_be_read_is_refused_with_a_cure(tmp_path: Path) -> None:
    path = roster(tmp_path, "KM1,Ilse,,,,,")
    path.chmod(0)
    assert problems_of(path)[0].startswith("deelnemers.csv: het bestand kan niet worden gelezen. Sluit het")


def test_a_roster_that_is_not_there_or_is_a_folder_is_refused_with_a_cure(tmp_path: Path) -> None:
    (tmp_path / "map.csv").mkdir()
    (tmp_path / "bestand").write_text("x", encoding="utf-8")
    for name, found in {
        "weg.csv": "het bestand bestaat niet. Controleer de map en de naam",
        "bestand/weg.csv": "het bestand bestaat niet. Controleer de map en de naam",
        "map.csv": "dit is een map, geen bestand. Wijs het bestand zelf aan.",
    }.items():
        assert problems_of(tmp_path / name)[0].startswith(f"{Path(name).name}: {found}")


def test_an_excel_roster_reads_the_same(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.create_sheet("notities").append(["losse", "aantekening"])
    sheet = book.active
    assert sheet is not None
    for cells in (["Spreker", "Naam", "Functie"], [None, None, None], ["KM1", "Ilse Rozema", "Consulent"]):
        sheet.append(cells)
    book.save(tmp_path / "deelnemers.xlsx")
    assert read_roster(tmp_path / "deelnemers.xlsx").speakers == (Speaker("KM1", "Ilse Rozema", "klantmanager"),)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfspreker;naam;ook\r\nKM1;Andr\xc3\xa9;Dr\xc3\xa9\r\n",
        "spreker;naam;ook\nKM1;André;Dré\n".encode("cp1252"),
        "spreker\tnaam\took\nKM1\tAndré\tDré\n".encode("utf-16"),
        "sep=;\r\nspreker;naam;ook\r\nKM1;André;Dré\r\n".encode(),
        'ook,naam,spreker\n"Dré",André,KM1\n'.encode(),
        "spreker;naam;ook\rKM1;André;Dré\r".encode(),
    ],
    ids=["bom-crlf", "windows-1252", "utf-16-tabs", "sep-line", "quoted-other-order", "old-mac"],
)
def test_csv_is_read_in_every_habit_of_excel(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "deelnemers.csv"
    path.write_bytes(content)
    assert read_roster(path).speakers == (Speaker("KM1", "André", also=("Dré",)),)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "het bestand is leeg"),
        (b"spreker,naam\n", "de tabel heeft geen rijen"),
        (b'spreker,naam\n"KM1,Ilse\n', "rij 2: de aanhalingstekens kloppen niet"),
        (b"spreker,naam\nKM1,Ilse,Rozema\n", "rij 2: deze rij heeft 3 cellen, de rij met kolomnamen 2"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "dit is een oud of beveiligd Excel-bestand"),
        (b"PK\x03\x04 en dan niets", "het bestand is beschadigd"),
        (
            b"spreker,naam\n" + b"," * 200_000,
            "rij 2: de aanhalingstekens kloppen niet, of er staat veel te veel op de rij",
        ),
        (b" " * 110_000 + b"\nx;naam\n1;2", "rij 2, kolom A: deze kolom is onbekend"),
        (b"%PDF-1.7\n" + bytes(range(256)) * 20, "dit is geen tekst"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "deelnemers.csv"
    path.write_bytes(content)
    assert expected in problems_of(path)[0]


def test_a_row_number_is_the_one_that_excel_shows(tmp_path: Path) -> None:
    path = roster(tmp_path, "", 'A,"Anna\nvan Dam",,,,,', ",,,,,,", "B,,tovenaar,,,,")
    assert "rij 5, kolom functie" in problems_of(path)[0]


def test_formulas_without_outcome_and_errors_of_excel_are_no_empty_cells(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for cells in (["spreker", "naam"], ["KM1", '=A2&"x"'], ["KM2", "#N/A"]):
        sheet.append(cells)
    sheet["B3"].data_type = "e"
    book.save(tmp_path / "deelnemers.xlsx")
    found = problems_of(tmp_path / "deelnemers.xlsx")
    assert any("rij 2, kolom B: de cel heeft een formule zonder uitkomst" in problem for problem in found)
    assert any("rij 3, kolom B: de cel toont een fout van Excel" in problem for problem in found)


def test_a_bomb_in_an_excel_file_is_refused_before_it_goes_off(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.save(tmp_path / "gewoon.xlsx")
    with zipfile.ZipFile(tmp_path / "gewoon.xlsx") as source:
        parts = {name: source.read(name) for name in source.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    bombs = {
        "entiteit": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet>&a;</worksheet>',
        "nullen": b"<worksheet>" + bytes(300_000_000) + b"</worksheet>",
        "breed": parts[sheet].replace(
            b"<sheetData></sheetData>",
            b'<sheetData><row r="1"><c r="XFD1"><v>1</v></c></row></sheetData>',
        ).replace(b"<sheetData/>", b'<sheetData><row r="1"><c r="XFD1"><v>1</v></c></row></sheetData>'),
        "laag": parts[sheet].replace(b"<sheetData></sheetData>", b"<sheetData/>").replace(
            b"<sheetData/>", b'<sheetData><row r="1048576"><c r="A1048576"><v>1</v></c></row></sheetData>'
        ),
    }  # fmt: skip
    for name, bomb in bombs.items():
        path = tmp_path / f"{name}.xlsx"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
            for part, content in parts.items():
                target.writestr(part, bomb if part == sheet else content)
        started = time.monotonic()
        assert problems_of(path)
        assert time.monotonic() - started < 10, name
