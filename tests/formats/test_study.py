"""What must stay true of a study's declaration: the sample study, every kind of value, all mistakes at once."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.domain.errors import InputError
from pipeline.domain.study import Level, ValueType
from pipeline.formats.codebook import read_codebook
from pipeline.formats.origin import Origin, read_origins
from pipeline.formats.study import check_questions, read_study

if TYPE_CHECKING:
    from pipeline.domain.study import Value

CORPORA = Path(__file__).parents[2] / "corpora"

YAML = """\
studie: proef
titel: Een proef
codeboek: casuistiek
fictief: ja
werkplaatsen:
  noord: Noord
  zuyd: Zuyd
rondes: [1, 2]
componenten:
  client_aanwezig: {naam: Cliënt aanwezig, type: ja_nee}
  n_deelnemers: {naam: Deelnemers, type: aantal}
  duur_min: {naam: Duur, type: getal}
  methode: {naam: Methode, type: categorie, waarden: [vrij, Vaste fasen]}
  opmerking: {naam: Opmerking, type: tekst}
uitkomsten:
  n_afspraken: {naam: Afspraken, type: aantal, niveau: casus}
vragen:
  - vraag: Helpt het?
    component: client_aanwezig
    uitkomst: n_afspraken
    datum: 2018-03-01
"""
HEADER = (
    "sessie;werkplaats;ronde;datum;transcript;deelnemers;client_aanwezig;n_deelnemers;duur_min;methode;opmerking;"
    "n_afspraken"
)
NOORD = "noord-1;noord;1;8-10-2019;t/noord-1.txt;;ja;6;45,5;vrij;;4"
ZUYD = "zuyd-1;zuyd;2;2019-11-01;t/zuyd-1.txt;d/zuyd-1.csv;nee;7;60;vaste fasen;rommelig;"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("t/noord-1.txt", "t/zuyd-1.txt", "d/zuyd-1.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    (tmp_path / "study.yaml").write_text(YAML, encoding="utf-8")
    write_sessions(tmp_path, NOORD, ZUYD)
    return tmp_path


def write_sessions(folder: Path, *rows: str, header: str = HEADER) -> None:
    (folder / "sessions.csv").write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "study.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def problems_of(folder: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_study(folder)
    return [str(problem) for problem in caught.value.problems]


def with_cell(row: str, column: str, value: str) -> str:
    cells = row.split(";")
    cells[HEADER.split(";").index(column)] = value
    return ";".join(cells)


def value_of(folder: Path, column: str, written: str) -> Value:
    write_sessions(folder, with_cell(NOORD, column, written))
    session = read_study(folder).sessions[0]
    return {**session.components, **session.outcomes}[column]


def test_a_study_is_read_whole(folder: Path) -> None:
    study = read_study(folder)
    assert (study.id, study.title, study.codebook, study.fictional, study.rounds) == (
        "proef",
        "Een proef",
        "casuistiek",
        True,
        (1, 2),
    )
    assert [(site.id, site.name) for site in study.sites] == [("noord", "Noord"), ("zuyd", "Zuyd")]
    assert [component.type for component in study.components] == list(ValueType)
    assert study.components[3].values == ("vrij", "Vaste fasen")
    assert study.outcomes[0].level is Level.CASUS
    assert study.questions[0].registered == dt.date(2018, 3, 1)
    noord, zuyd = study.sessions
    assert (noord.site, noord.round, noord.date, noord.roster) == ("noord", 1, dt.date(2019, 10, 8), None)
    assert noord.transcript == PurePosixPath("t/noord-1.txt")
    assert noord.components == {
        "client_aanwezig": True,
        "n_deelnemers": 6,
        "duur_min": 45.5,
        "methode": "vrij",
        "opmerking": None,
    }
    assert (zuyd.roster, zuyd.outcomes["n_afspraken"]) == (PurePosixPath("d/zuyd-1.csv"), None)
    assert zuyd.components["methode"] == "Vaste fasen"


def test_the_sample_study_declares_what_its_sessions_fill() -> None:
    study = read_study(CORPORA / "voorbeeld")
    assert study.fictional
    assert Counter((session.site, session.round) for session in study.sessions) == {
        (site.id, round_): 5 for site in study.sites for round_ in (1, 2)
    }
    assert all(
        value is not None
        for session in study.sessions
        for value in (*session.components.values(), *session.outcomes.values())
    )
    check_questions(study, read_codebook(CORPORA / "codebook" / study.codebook))


def test_in_the_sample_study_some_components_vary_within_sites_and_one_coincides_with_them() -> None:
    study = read_study(CORPORA / "voorbeeld")
    seen: dict[str, dict[str, set[object]]] = {}
    for session in study.sessions:
        for name, value in session.components.items():
            seen.setdefault(name, {}).setdefault(session.site, set()).add(value)
    assert all(len(values) == 2 for values in seen["alleen_vragen_fase"].values())
    assert [values for values in seen["agenda"].values() if len(values) > 1] == []
    assert {value for values in seen["agenda"].values() for value in values} == {True, False}


@pytest.mark.parametrize("name", ["voorbeeld", "oefen", "fragmenten", "beelden", "fragmenten-beelden"])
def test_every_session_of_the_made_up_corpora_has_its_files_and_its_origin(name: str) -> None:
    study = read_study(CORPORA / name)
    origins = read_origins(CORPORA / name)
    assert study.fictional
    assert set(origins) == {session.id for session in study.sessions}
    for session in study.sessions:
        assert (CORPORA / name / session.transcript).is_file()
        if session.id != "b-literatuur":  # statements, without speakers
            assert session.roster
            assert (CORPORA / name / session.roster).is_file()
        # The tagger of beelden is judged on whole transcripts, the others on whole writers.
        assert bool(origins[session.id].group) == (name != "beelden")
        assert origins[session.id].only_teaches == name.startswith("fragmenten")
        assert dict(origins[session.id].facets)["stijl"] in {"letterlijk", "opgeschoond", "herkenner"}


def test_an_origin_says_yes_or_no_to_only_teaching(tmp_path: Path) -> None:
    table = tmp_path / "herkomst.csv"
    table.write_text("sessie;schrijver;alleen_leren;stijl\na;w1;x;los\nb;w2;nee;\nc;;;\n", encoding="utf-8")
    assert read_origins(tmp_path) == {
        "a": Origin("w1", (("schrijver", "w1"), ("stijl", "los")), only_teaches=True),
        "b": Origin("w2", (("schrijver", "w2"),)),
        "c": Origin("", ()),
    }
    table.write_text("sessie;alleen_leren\na;misschien\n", encoding="utf-8")
    with pytest.raises(InputError, match="rij 2, kolom alleen_leren: 'misschien' is geen ja of nee"):
        read_origins(tmp_path)


@pytest.mark.parametrize("written", ["ja", "Ja", "JA", "x", "X", "1", "waar", "WAAR", "true", "j"])
def test_yes_is_read_in_all_its_forms(folder: Path, written: str) -> None:
    assert value_of(folder, "client_aanwezig", written) is True


@pytest.mark.parametrize("written", ["nee", "Nee", "0", "onwaar", "ONWAAR", "false", "n"])
def test_no_is_read_in_all_its_forms(folder: Path, written: str) -> None:
    assert value_of(folder, "client_aanwezig", written) is False


@pytest.mark.parametrize(
    ("column", "written", "value"),
    [
        ("duur_min", "45,5", 45.5),
        ("duur_min", "45.5", 45.5),
        ("duur_min", "-2", -2.0),
        ("n_deelnemers", "6,0", 6),
        ("n_deelnemers", "007", 7),
        ("methode", "VRIJ", "vrij"),
        ("opmerking", "0", "0"),
        ("client_aanwezig", "", None),
        ("duur_min", " ", None),
    ],
)
def test_a_value_is_read_by_its_type_and_empty_is_missing(
    folder: Path, column: str, written: str, value: Value
) -> None:
    assert value_of(folder, column, written) == value


@pytest.mark.parametrize(
    ("column", "written", "expected"),
    [
        ("client_aanwezig", "misschien", "kolom client_aanwezig: 'misschien' is geen ja of nee. Vul ja of nee in."),
        ("n_deelnemers", "zes", "kolom n_deelnemers: 'zes' is geen aantal. Vul een heel getal van 0 of meer in."),
        ("n_deelnemers", "6,5", "kolom n_deelnemers: '6,5' is geen aantal"),
        ("n_deelnemers", "-1", "kolom n_deelnemers: '-1' is geen aantal"),
        ("duur_min", "45 min", "kolom duur_min: '45 min' is geen getal"),
        ("duur_min", "1.234,5", "kolom duur_min: '1.234,5' is geen getal"),
        ("duur_min", "nan", "kolom duur_min: 'nan' is geen getal"),
        ("methode", "vrj", "kolom methode: 'vrj' is geen van de waarden uit study.yaml. Bedoel je 'vrij'?"),
        ("datum", "31-02-2019", "kolom datum: '31-02-2019' is geen bestaande datum. Schrijf een datum als 2019-10-08"),
        ("datum", "2019-10", "kolom datum: '2019-10' is geen bestaande datum"),
        ("datum", "08-10-0019", "kolom datum: '08-10-0019' is geen bestaande datum"),
        ("werkplaats", "nord", "kolom werkplaats: werkplaats 'nord' is niet bekend. Bedoel je 'noord'?"),
        ("werkplaats", "", "kolom werkplaats: de cel is leeg"),
        ("ronde", "3", "kolom ronde: ronde '3' is niet bekend. Vul 1 of 2 in, of voeg de ronde toe aan study.yaml."),
        ("ronde", "", "kolom ronde: de cel is leeg"),
        ("sessie", "Noord 1", "kolom sessie: 'Noord 1' kan geen naam van een sessie zijn. Gebruik kleine letters"),
        ("sessie", "", "kolom sessie: de cel is leeg"),
        ("transcript", "", "kolom transcript: de cel is leeg"),
        ("transcript", "../geheim.txt", "kolom transcript: dit bestand ligt buiten de map van de studie"),
        ("transcript", "/etc/passwd", "kolom transcript: dit bestand ligt buiten de map van de studie"),
        ("transcript", "C:\\map\\x.txt", "ligt buiten de map van de studie"),
        ("transcript", "t\\..\\..\\x.txt", "ligt buiten de map van de studie"),
        ("deelnemers", "../zuyd-1.csv", "kolom deelnemers: dit bestand ligt buiten de map van de studie"),
        ("deelnemers", "d", "kolom deelnemers: dit is geen naam van een tabel. Schrijf hier het pad van een .csv"),
    ],
)
def test_a_wrong_cell_is_reported_by_row_and_column_with_the_cure(
    folder: Path, column: str, written: str, expected: str
) -> None:
    write_sessions(folder, ZUYD, with_cell(NOORD, column, written))
    (found,) = problems_of(folder)
    assert found.startswith("sessions.csv, rij 3, ")
    assert expected in found


def test_a_link_that_leads_out_of_the_study_is_refused(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("elders") / "geheim.txt"
    outside.write_text("x", encoding="utf-8")
    (folder / "t" / "link.txt").symlink_to(outside)
    write_sessions(folder, with_cell(NOORD, "transcript", "t/link.txt"))
    assert "ligt buiten de map van de studie" in problems_of(folder)[0]


def test_a_missing_or_unreadable_file_of_one_session_does_not_stop_the_study(folder: Path) -> None:
    (folder / "t" / "rond.txt").symlink_to(folder / "t" / "rond.txt")
    weg = with_cell(with_cell(NOORD, "transcript", "t/weg.txt"), "deelnemers", "d/weg.csv")
    rond = with_cell(with_cell(NOORD, "transcript", "t/rond.txt"), "sessie", "noord-2")
    een_map = with_cell(with_cell(NOORD, "transcript", "t"), "sessie", "noord-3")
    write_sessions(folder, weg, rond, een_map, ZUYD)
    noord, *_, zuyd = read_study(folder).sessions
    assert (noord.transcript, noord.roster) == (PurePosixPath("t/weg.txt"), PurePosixPath("d/weg.csv"))
    assert zuyd.transcript == PurePosixPath("t/zuyd-1.txt")


def test_names_of_people_where_the_roster_file_should_be_are_not_repeated(folder: Path) -> None:
    write_sessions(folder, with_cell(NOORD, "deelnemers", "Hendrik Wiersma, A. de Wit"))
    (found,) = problems_of(folder)
    assert "hun namen horen in dat bestand" in found
    assert not any(name in found for name in ("Hendrik", "Wiersma", "Wit"))


def test_backslashes_in_a_path_are_read_as_slashes(folder: Path) -> None:
    write_sessions(folder, with_cell(NOORD, "transcript", "t\\noord-1.txt"))
    assert read_study(folder).sessions[0].transcript == PurePosixPath("t/noord-1.txt")


def test_the_same_session_or_transcript_twice_is_reported(folder: Path) -> None:
    write_sessions(folder, NOORD, ZUYD, NOORD, with_cell(ZUYD, "sessie", "zuyd-2"))
    found = problems_of(folder)
    assert [problem.split(". ")[0] for problem in found] == [
        "sessions.csv, rij 4, kolom sessie: sessie 'noord-1' staat al op rij 2",
        "sessions.csv, rij 4, kolom transcript: dit transcript hoort al bij de sessie op rij 2",
        "sessions.csv, rij 5, kolom transcript: dit transcript hoort al bij de sessie op rij 3",
    ]


def test_two_sessions_may_share_a_roster(folder: Path) -> None:
    write_sessions(folder, with_cell(NOORD, "deelnemers", "d/zuyd-1.csv"), ZUYD)
    assert {session.roster for session in read_study(folder).sessions} == {PurePosixPath("d/zuyd-1.csv")}


def test_everything_in_both_files_is_reported_at_once(folder: Path) -> None:
    edit(folder, "titel:", "titl:")
    edit(folder, "type: aantal}", "type: getallen}")
    edit(folder, "niveau: casus", "niveau: kassus")
    row = with_cell(with_cell(NOORD, "client_aanwezig", "soms"), "datum", "morgen")
    write_sessions(folder, row.replace("t/noord-1", "../t/weg"), header=HEADER.replace("duur_min", "duur"))
    found = problems_of(folder)
    for part in (
        "regel 2: hier staat de onbekende sleutel 'titl'. Bedoel je 'titel'?",
        "regel 1: 'titel' ontbreekt",
        "regel 11: 'getallen' is geen type. Bedoel je 'getal'?",
        "regel 16: 'kassus' is geen niveau van een uitkomst. Bedoel je 'casus'?",
        "rij 1, kolom I: deze kolom is onbekend. Bedoel je 'duur_min'?",
        "rij 1: de kolom 'duur_min' ontbreekt",
        "rij 2, kolom client_aanwezig: 'soms' is geen ja of nee",
        "rij 2, kolom datum: 'morgen'",
        "rij 2, kolom transcript: dit bestand ligt buiten de map",
    ):
        assert any(part in problem for problem in found), (part, found)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("studie: proef", "studie: Mijn Proef", "regel 1: 'Mijn Proef' kan geen naam van een studie zijn"),
        ("codeboek: casuistiek", "codeboek: ../ander", "regel 3: '../ander' ligt buiten de map van de studie"),
        ("codeboek: casuistiek", "codeboek: ./eigen", "regel 3: in './eigen' staat geen codebook.yaml"),
        ("fictief: ja", "fictief: soms", "regel 4: 'fictief' heeft de waarde 'soms'. Vul bij 'fictief' ja of nee in."),
        ("  noord: Noord", "  Noord: Noord", "regel 6: 'Noord' kan geen id van een werkplaats zijn"),
        ("rondes: [1, 2]", "rondes: [1, 2, twee]", "regel 8: 'twee' is geen nummer van een ronde"),
        ("rondes: [1, 2]", "rondes: [1, 2, 2]", "regel 8: ronde 2 staat er twee keer"),
        ("rondes: [1, 2]", "rondes: 2", "regel 8: 'rondes' is een tekst, maar moet een lijst zijn"),
        ("type: ja_nee}", "type: ja_nee, waarden: [ja, nee]}", "bij het type 'ja_nee' horen geen waarden"),
        ("waarden: [vrij, Vaste fasen]", "waarden: [vrij]", "een categorie heeft minstens twee waarden nodig"),
        ("waarden: [vrij, Vaste fasen]", "waarden: [vrij, vaste fasen, Vrij]", "een waarde staat er twee keer"),
        ("type: tekst}", "typ: tekst}", "'type' ontbreekt bij 'componenten > opmerking'"),
        ("component: client_aanwezig", "component: client", "regel 19: 'client' staat niet onder 'componenten'"),
        ("uitkomst: n_afspraken", "uitkomst: n_afspraak", "Bedoel je 'n_afspraken'?"),
        ("datum: 2018-03-01", "datum: maart", "regel 21: 'maart' is geen bestaande datum"),
        (
            "fictief: ja",
            "kolommen: {sprker: Wie}",
            "hier staat de onbekende sleutel 'sprker' bij 'kolommen'. Bedoel je 'spreker'?",
        ),
        ("fictief: ja", "fictief: *ja", "regel 4: hier staat een verwijzing"),
    ],
)
def test_a_wrong_declaration_is_reported_by_line(folder: Path, old: str, new: str, expected: str) -> None:
    edit(folder, old, new)
    assert any(expected in problem for problem in problems_of(folder)), problems_of(folder)


def test_a_component_cannot_be_an_outcome_or_a_fixed_column(folder: Path) -> None:
    edit(folder, "  n_afspraken: {", "  duur_min: {naam: Duur, type: getal, niveau: verloop}\n  n_afspraken: {")
    edit(folder, "  opmerking: {", "  datum: {naam: Datum, type: tekst}\n  opmerking: {")
    found = problems_of(folder)
    assert any("'duur_min' is zowel een component als een uitkomst" in problem for problem in found)
    assert any("'datum' is al een vaste kolom" in problem for problem in found)


def test_a_study_without_rounds_has_none_and_asks_for_none(folder: Path) -> None:
    edit(folder, "rondes: [1, 2]\n", "")
    write_sessions(folder, with_cell(NOORD, "ronde", ""))
    assert read_study(folder).sessions[0].round is None
    write_sessions(folder, NOORD)
    assert "study.yaml noemt geen rondes" in problems_of(folder)[0]


def test_a_codebook_of_ones_own_lies_in_the_study(folder: Path) -> None:
    (folder / "eigen").mkdir()
    (folder / "eigen" / "codebook.yaml").write_text("id: eigen", encoding="utf-8")
    edit(folder, "codeboek: casuistiek", "codeboek: ./eigen")
    assert read_study(folder).codebook == "./eigen"


def test_columns_of_transcripts_in_tables_can_be_named(folder: Path) -> None:
    edit(folder, "fictief: ja", "kolommen: {spreker: Wie, tekst: Wat er gezegd is}")
    study = read_study(folder)
    assert study.columns == {"spreker": "Wie", "tekst": "Wat er gezegd is"}
    assert not study.fictional


def test_two_tables_of_sessions_are_one_too_many(folder: Path) -> None:
    openpyxl.Workbook().save(folder / "sessions.xlsx")
    assert "er staan twee tabellen met sessies: sessions.csv en sessions.xlsx" in problems_of(folder)[0]


def test_no_table_of_sessions_and_an_empty_one_are_reported(folder: Path) -> None:
    write_sessions(folder)
    assert "de tabel heeft geen sessies" in problems_of(folder)[0]
    (folder / "sessions.csv").unlink()
    assert "er is geen tabel met sessies" in problems_of(folder)[0]


def test_a_folder_without_declaration_is_no_study(tmp_path: Path) -> None:
    assert "study.yaml: het bestand bestaat niet" in problems_of(tmp_path)[0]


def test_sessions_in_excel_read_the_same_with_excels_own_types(folder: Path) -> None:
    expected = read_study(folder)
    (folder / "sessions.csv").unlink()
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEADER.split(";"))
    noord = ["noord-1", "noord", 1, dt.datetime(2019, 10, 8), "t/noord-1.txt", None, True, 6.0, 45.5, "vrij"]  # noqa: DTZ001
    sheet.append([*noord, None, 4])
    zuyd = ["zuyd-1", "zuyd", "2", "2019-11-01", "t/zuyd-1.txt", "d/zuyd-1.csv", False, 7, "60", "vaste fasen"]
    sheet.append([*zuyd, "rommelig", None])
    book.save(folder / "sessions.xlsx")
    assert read_study(folder) == expected


def test_a_question_can_ask_for_a_share_of_labels_that_the_codebook_knows(folder: Path) -> None:
    codebook = read_codebook(CORPORA / "codebook" / "casuistiek")
    for share in ("sr.brug_burger", "frame.werk_inkomen", "sr_niveau.2"):
        edit(folder, "uitkomst: n_afspraken", f"uitkomst: {share}")
        check_questions(read_study(folder), codebook)
        edit(folder, f"uitkomst: {share}", "uitkomst: n_afspraken")
    edit(folder, "uitkomst: n_afspraken", "uitkomst: sr.brug_brger")
    with pytest.raises(InputError, match=r"vraag 1: .* staat niet in codeboek 'casuistiek'. Bedoel je 'sr"):
        check_questions(read_study(folder), codebook)


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(st.lists(CELLS, max_size=14), max_size=5))
def test_no_table_of_sessions_makes_the_reader_stumble(folder: Path, cells: list[list[str]]) -> None:
    write_sessions(folder, *(";".join(row) for row in cells))
    try:
        study = read_study(folder)
    except InputError as error:
        assert error.problems  # noqa: PT017 - either outcome is right
    else:
        assert study.sessions


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    at=st.integers(0, len(YAML)),
    removed=st.integers(0, 30),
    put=st.text("abc:-[]{}&*!|>'\"#\n\t ?,0", max_size=8),
)
def test_no_slip_of_the_pen_makes_the_reader_stumble(folder: Path, at: int, removed: int, put: str) -> None:
    (folder / "study.yaml").write_text(YAML[:at] + put + YAML[at + removed :], encoding="utf-8")
    try:
        study = read_study(folder)
    except InputError as error:
        assert error.problems  # noqa: PT017 - either outcome is right
    else:
        assert study.sessions
