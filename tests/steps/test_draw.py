"""Drawing units for people to code: what is drawn, what stands on the sheet, what is refused, what comes back."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from pipeline.domain.draw import DrawDesign, Stratum
from pipeline.domain.errors import InputError
from pipeline.steps import compare, draw, labels, progress, unitise
from pipeline.steps.draw import Asked, sheet_path
from tests.steps.tagged import fill_in, lengthen, rows_of, tag
from tests.steps.test_steps import bring_up
from tests.world import TALKS

if TYPE_CHECKING:
    from pipeline.domain.draw import Draw
    from pipeline.steps.workplace import Workplace

BRIDGE = ("sr.brug_burger",)
SESSIONS = ("een", "twee", "drie")
ASKED = Asked(labels=BRIDGE, seed=7)
MORE = Asked(extend="trekking-1", more=10, effects_seen=False)


@pytest.fixture
def tagged(place: Workplace) -> Workplace:
    lengthen(place)
    tag(place, *SESSIONS)
    return place


@pytest.fixture
def heard(capsys: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    progress.console.cache_clear()
    return capsys


def draws_of(place: Workplace) -> tuple[Draw, ...]:
    with place.open_store() as store:
        return store.draws()


def test_the_draw_is_kept_and_every_drawn_unit_stands_on_the_sheet_once(tagged: Workplace) -> None:
    assert draw.run(tagged, ASKED) == {"sessies": 3, "uitingen": 120}
    (made,) = draws_of(tagged)
    assert made.id == "trekking-1"
    assert made.design == DrawDesign(frozenset({("sr", "brug_burger")}))
    assert made.seeds == (7,)
    assert {(one.session, one.stratum) for one in made.strata} == set(
        itertools.product(SESSIONS, (Stratum.POSITIEF, Stratum.OVERIG))
    )
    rows = rows_of(tagged.study / "codeerbladen" / "trekking-1.csv")
    assert len(rows) == 120
    assert {row["uiting"] for row in rows} == made.units


def test_the_sheet_tells_what_a_coder_needs_and_nothing_of_the_machine(tagged: Workplace) -> None:
    draw.run(tagged, ASKED)
    sheet = sheet_path(tagged, "trekking-1", 1)
    rows = rows_of(sheet)
    dimensions = [dimension.id for dimension in tagged.read_codebook(tagged.read_study()).unit_dimensions]
    fixed = ["uiting", "codeur", "soort_codeur", "trekking", "blind", "tekst_sha", "vooraf", "functie", "tekst"]
    assert list(rows[0]) == [*fixed, *dimensions]
    assert {tuple(row[name] for name in ("codeur", "soort_codeur", "trekking", "blind")) for row in rows} == {
        ("", "mens", "trekking-1", "ja")
    }
    assert not any(row[dimension] for row in rows for dimension in dimensions)
    text = sheet.read_text(encoding="utf-8-sig")
    assert not [word for word in ("positief", "overig", "brug_burger", "0.8125", "0,8125", "Kowalczyk") if word in text]


def test_sessions_stand_together_and_units_in_the_order_in_which_they_were_said(tagged: Workplace) -> None:
    draw.run(tagged, ASKED)
    units = [row["uiting"] for row in rows_of(sheet_path(tagged, "trekking-1", 1))]
    blocks = [list(block) for _, block in itertools.groupby(units, key=lambda unit: unit.partition(".")[0])]
    assert len(blocks) == 3
    assert all(block == sorted(block) for block in blocks)


def test_what_was_said_before_a_unit_stands_beside_it_with_the_function_of_who_said_it(place: Workplace) -> None:
    tag(place, *SESSIONS)
    draw.run(place, ASKED)  # so few units that all are drawn
    rows = {row["uiting"]: row for row in rows_of(sheet_path(place, "trekking-1", 1))}
    assert rows["een.0001.01"]["vooraf"] == ""
    assert rows["een.0002.01"]["vooraf"] == "gespreksleider: Goed, wie brengt er in vandaag?"
    before = rows["een.0006.01"]["vooraf"].split("\n")
    assert len(before) == draw.PRECEDING
    assert before[-1] == "gespreksleider: Hm."
    assert "een.0005.01" not in rows  # minimal: context, never drawn


def test_the_same_draw_again_does_nothing_and_a_lost_sheet_is_written_just_so(
    tagged: Workplace, heard: pytest.CaptureFixture[str]
) -> None:
    draw.run(tagged, ASKED)
    sheet = sheet_path(tagged, "trekking-1", 1)
    written = sheet.read_bytes()
    sheet.write_bytes(b"ingevuld")
    assert draw.run(tagged, ASKED) == {}
    assert draw.run(tagged, Asked(labels=BRIDGE)) == {}  # no seed: whichever it was
    assert sheet.read_bytes() == b"ingevuld"
    sheet.unlink()
    assert draw.run(tagged, ASKED) == {"sessies": 3, "uitingen": 120}
    assert sheet.read_bytes() == written
    assert "er is niets bijgetrokken" in heard.readouterr().err
    assert len(draws_of(tagged)) == 1


@pytest.mark.parametrize(
    "other", [Asked(labels=BRIDGE, seed=8), Asked(labels=("sr.zelf",), seed=7), Asked(strata=False, seed=7)]
)
def test_another_draw_needs_another_name(tagged: Workplace, other: Asked) -> None:
    draw.run(tagged, ASKED)
    with pytest.raises(InputError, match="trekking trekking-1: deze trekking bestaat al en is anders gemaakt"):
        draw.run(tagged, other)
    assert len(draws_of(tagged)) == 1


def test_without_strata_every_unit_of_a_session_has_the_same_probability(tagged: Workplace) -> None:
    draw.run(tagged, Asked(strata=False, per_session=25, name="proef"))
    (made,) = draws_of(tagged)
    assert [one.stratum for one in made.strata] == [Stratum.GEHEEL] * 3
    assert [len(one.drawn) for one in made.strata] == [25] * 3
    assert (tagged.study / "codeerbladen" / "proef.csv").is_file()


def test_sessions_that_are_not_tagged_are_left_out_and_named(
    place: Workplace, heard: pytest.CaptureFixture[str]
) -> None:
    lengthen(place)
    tag(place, "een", "drie")
    draw.run(place, ASKED)
    assert draws_of(place)[0].sessions == ("drie", "een")
    assert "Niet in de trekking, want niet gecodeerd of niet bijgewerkt: twee." in heard.readouterr().err


def test_a_study_that_is_not_tagged_cannot_be_drawn_from(place: Workplace) -> None:
    bring_up(place)
    with pytest.raises(InputError, match="Doe eerst `raamwerk run`"):
        draw.run(place, ASKED)
    assert draws_of(place) == ()


def test_a_file_that_happens_to_stand_there_is_not_written_over(tagged: Workplace) -> None:
    sheet = sheet_path(tagged, "trekking-1", 1)
    sheet.parent.mkdir()
    sheet.write_text("van mij", encoding="utf-8")
    with pytest.raises(InputError, match=r"trekking-1\.csv: dit bestand bestaat al"):
        draw.run(tagged, ASKED)
    assert draws_of(tagged) == ()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Asked(labels=("sr.brug_burgr",)), "Bedoel je 'sr.brug_burger'?"),
        (Asked(), "er is niet gezegd welke labels vergeleken worden"),
        (Asked(labels=BRIDGE, strata=False), "zonder strata doen --labels niet mee"),
        (Asked(labels=BRIDGE, per_session=5), "--per-session: met 5 uitingen per sessie zijn de cijfers te onzeker"),
        (Asked(labels=BRIDGE, name="Mijn trekking"), "--name: dit kan geen naam van een trekking zijn"),
        (Asked(labels=BRIDGE, more=5), "horen bij een aanvulling"),
        (Asked(labels=BRIDGE, effects_seen=False), "horen bij een aanvulling"),
        (Asked(extend="trekking-1", more=5), "er is niet gezegd of er al uitkomsten zijn bekeken"),
        (Asked(extend="trekking-1", effects_seen=False), "hoeveel erbij moet, is niet gezegd"),
        (Asked(labels=BRIDGE, extend="trekking-1", more=5, effects_seen=False), "de opzet van een trekking ligt vast"),
        (Asked(extend="trekking-9", more=5, effects_seen=False), "trekking trekking-9: deze trekking bestaat niet"),
    ],
)
def test_what_cannot_be_asked_is_explained(place: Workplace, asked: Asked, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        draw.run(place, asked)
    assert expected in str(caught.value)


def test_the_registered_questions_say_what_is_compared_and_a_roll_up_stands_for_its_labels(place: Workplace) -> None:
    declared = place.study / "study.yaml"
    asked = "vraag: Komt het daarvan, component: client_aanwezig, uitkomst: frame.werk_inkomen, datum: 2019-01-01"
    with declared.open("a", encoding="utf-8") as stream:
        stream.write(f"vragen:\n  - {{{asked}}}\n")
    study = place.read_study()
    codebook = place.read_codebook(study)
    assert draw.compared_shares(study, codebook, None) == ("frame.werk_inkomen",)
    tag(place, *SESSIONS)
    draw.run(place, Asked(seed=7))
    united = frozenset({("frame", "activering"), ("frame", "rechtmatigheid")})
    assert draws_of(place)[0].design.targets == united
    draw.run(place, Asked(labels=("sr.zelf", "frame.werk_inkomen"), name="anders", seed=7))
    (other,) = [one for one in draws_of(place) if one.id == "anders"]
    assert other.design.targets == united | {("sr", "zelf")}


def test_a_second_wave_brings_only_new_units_on_a_sheet_of_its_own(tagged: Workplace) -> None:
    draw.run(tagged, ASKED)
    (first,) = draws_of(tagged)
    assert draw.run(tagged, MORE) == {"sessies": 3, "uitingen": 30}
    (extended,) = draws_of(tagged)
    assert extended.until(1) == first
    assert extended.seeds == (7, 7)
    rows = rows_of(tagged.study / "codeerbladen" / "trekking-1.aanvulling-1.csv")
    assert {row["uiting"] for row in rows} == extended.units - first.units
    assert {row["trekking"] for row in rows} == {"trekking-1"}
    assert draw.run(tagged, MORE) == {"sessies": 3, "uitingen": 30}
    assert sheet_path(tagged, "trekking-1", 3).is_file()


def test_who_has_seen_effects_cannot_draw_on_nor_take_that_back(tagged: Workplace) -> None:
    draw.run(tagged, ASKED)
    with pytest.raises(InputError, match="de uitkomsten van deze steekproef zijn al bekeken"):
        draw.run(tagged, Asked(extend="trekking-1", more=10, effects_seen=True))
    with pytest.raises(InputError, match="er zijn al uitkomsten uitgerekend of bekeken die rusten op trekking-1"):
        draw.run(tagged, MORE)
    assert len(draws_of(tagged)[0].seeds) == 1


def code_blindly(place: Workplace) -> None:
    rows = [{**row, "codeur": "anna", "sr": "geen"} for row in rows_of(sheet_path(place, "trekking-1", 1))]
    fill_in(rows, place.study / "labels" / "anna.csv")
    labels.run(place)


def test_a_comparison_that_rests_on_a_draw_ends_its_growth_whatever_is_said(tagged: Workplace) -> None:
    draw.run(tagged, ASKED)
    compare.run(tagged)
    draw.run(tagged, MORE)  # nothing was coded, so nothing could be seen
    code_blindly(tagged)
    compare.run(tagged)
    with pytest.raises(InputError, match="zijn al uitkomsten uitgerekend of bekeken"):
        draw.run(tagged, MORE)
    assert len(draws_of(tagged)[0].seeds) == 2


def test_who_has_seen_effects_cannot_begin_anew_either_nor_draw_on_elsewhere(
    tagged: Workplace, heard: pytest.CaptureFixture[str]
) -> None:
    draw.run(tagged, ASKED)
    other = Asked(labels=BRIDGE, name="andere", seed=8)
    draw.run(tagged, other)
    code_blindly(tagged)
    compare.run(tagged)
    assert "De cijfers rusten op trekking-1" in heard.readouterr().err
    refused = "er zijn al uitkomsten uitgerekend of bekeken die rusten op trekking-1"
    for asked in (
        Asked(labels=BRIDGE, name="trekking-2", seed=8),
        Asked(extend="andere", more=10, effects_seen=False),
        Asked(extend="trekking-1", more=10, effects_seen=False),
    ):
        with pytest.raises(InputError, match=refused):
            draw.run(tagged, asked)
    assert draw.run(tagged, ASKED) == draw.run(tagged, other) == {}, "what is there can be had again"
    # A line more in a transcript is no way around it.
    with (tagged.study / "transcripten" / "twee.txt").open("a", encoding="utf-8") as stream:
        stream.write("SW1: Dit is er later nog eens bij gekomen, want er was meer opgenomen.\n")
    tag(tagged, "twee")
    with pytest.raises(InputError, match=refused):
        draw.run(tagged, Asked(labels=BRIDGE, name="trekking-2", seed=8))


@pytest.mark.parametrize(
    ("asked", "drawn", "told"),
    [
        (Asked(labels=("sr.brug_beleid",), seed=7), 50, "zoveel worden er getrokken"),
        (Asked(labels=("sr.brug_beleid",), seed=7, per_session=40), 40, "Let op. Zeldzaam volgens het model"),
        (Asked(labels=("sr.brug_beleid",), seed=7, per_session=60), 60, ""),
        (Asked(strata=False, seed=7), 40, ""),
        (Asked(labels=("bijdrage.informatievraag",), seed=7), 40, ""),
        (ASKED, 40, ""),
    ],
)
def test_for_a_rare_label_more_is_drawn_or_it_is_said_to_be_too_little(
    tagged: Workplace, heard: pytest.CaptureFixture[str], asked: Asked, drawn: int, told: str
) -> None:
    draw.run(tagged, asked)
    (made,) = draws_of(tagged)
    assert made.design.per_session == drawn
    said = heard.readouterr().err
    assert (told in said) if told else ("Zeldzaam" not in said)
    assert draw.run(tagged, asked) == {}, "the same again is the same draw"


def test_without_strata_a_rare_label_of_a_question_will_have_no_verdict(
    tagged: Workplace, heard: pytest.CaptureFixture[str]
) -> None:
    asked = "vraag: Komt het daarvan, component: client_aanwezig, uitkomst: sr.brug_beleid, datum: 2019-01-01"
    with (tagged.study / "study.yaml").open("a", encoding="utf-8") as stream:
        stream.write(f"vragen:\n  - {{{asked}}}\n")
    draw.run(tagged, Asked(strata=False, seed=7))
    said = heard.readouterr().err
    assert "Zeldzaam volgens het model: sr.brug_beleid" in said
    assert "Zonder strata komt daar geen uitspraak over." in said


def test_a_draw_from_a_session_that_grew_since_is_not_extended(tagged: Workplace) -> None:
    draw.run(tagged, ASKED)
    with (tagged.study / "transcripten" / "twee.txt").open("a", encoding="utf-8") as stream:
        stream.write("SW1: Dit is er later nog eens bij gekomen, want er was meer opgenomen.\n")
    tag(tagged, "twee")
    with pytest.raises(InputError, match="na de trekking zijn er uitingen bijgekomen in: twee"):
        draw.run(tagged, MORE)


def test_what_was_once_not_blind_does_not_become_so(tagged: Workplace) -> None:
    draw.run(tagged, ASKED)
    row = {**rows_of(sheet_path(tagged, "trekking-1", 1))[0], "codeur": "anna", "frame": "leefwereld", "blind": "nee"}
    table = tagged.study / "labels" / "anna.csv"
    fill_in([row], table)
    labels.run(tagged)
    fill_in([{**row, "blind": "ja", "frame": "beleid"}], table)
    with pytest.raises(InputError, match=r"kolom blind: deze codeur zag eerder wat het model van deze uiting zei"):
        labels.run(tagged)
    # Another coder may, and who was blind may say that he was not.
    fill_in([row, {**row, "codeur": "bert", "blind": "ja"}], table)
    labels.run(tagged)
    fill_in([{**row, "codeur": "bert"}], table)
    assert labels.run(tagged) == {"rijen": 1, "nieuwe labels": 1}


def test_two_tables_that_differ_on_blindness_contradict_each_other(tagged: Workplace) -> None:
    draw.run(tagged, ASKED)
    row = {**rows_of(sheet_path(tagged, "trekking-1", 1))[0], "codeur": "anna", "frame": "leefwereld"}
    fill_in([row], tagged.study / "labels" / "een.csv")
    fill_in([{**row, "blind": "nee"}], tagged.study / "labels" / "twee.csv")
    with pytest.raises(InputError, match=r"iets anders over blind coderen dan in een\.csv, rij 2"):
        labels.run(tagged)


def test_a_second_wave_whose_sheet_was_never_written_is_not_followed_by_a_third(
    tagged: Workplace, heard: pytest.CaptureFixture[str]
) -> None:
    draw.run(tagged, ASKED)
    sheets = tagged.study / "codeerbladen"
    sheets.rename(tagged.study / "elders")
    sheets.touch()  # a file in the way of the folder
    with pytest.raises(OSError, match="codeerbladen"):
        draw.run(tagged, MORE)
    sheets.unlink()
    assert len(draws_of(tagged)[0].seeds) == 2
    assert draw.run(tagged, MORE) == {"sessies": 3, "uitingen": 30}
    assert "het codeerblad nog niet geschreven" in heard.readouterr().err
    assert len(draws_of(tagged)[0].seeds) == 2
    assert sheet_path(tagged, "trekking-1", 2).is_file()


def test_a_draw_from_units_that_vanished_is_not_extended(tagged: Workplace) -> None:
    draw.run(tagged, ASKED)
    (tagged.study / "transcripten" / "twee.txt").write_text(TALKS["twee"], encoding="utf-8")
    tag(tagged, "twee")
    assert unitise.run(tagged, "twee") == {}
    with pytest.raises(InputError, match="na de trekking zijn er uitingen verdwenen uit: twee"):
        draw.run(tagged, MORE)


def test_a_sheet_that_is_filled_in_partly_comes_back_with_its_draw(tagged: Workplace) -> None:
    draw.run(tagged, ASKED)
    rows = rows_of(sheet_path(tagged, "trekking-1", 1))
    rows[0] |= {"codeur": "anna", "frame": "leefwereld"}
    rows[1] |= {"codeur": "anna", "frame": "beleid", "blind": "Nee"}
    table = tagged.study / "labels" / "anna.csv"
    fill_in(rows, table)
    assert labels.run(tagged) == {"rijen": 2, "nieuwe labels": 2}
    assert labels.run(tagged) == {"rijen": 0, "nieuwe labels": 0}
    rows[2] |= {"codeur": "anna", "frame": "client"}
    fill_in(rows, table)
    assert labels.run(tagged) == {"rijen": 3, "nieuwe labels": 1}
    session = rows[0]["uiting"].partition(".")[0]
    with tagged.open_store() as store:
        found = {one.utterance_id: (one.draw, one.blind) for one in store.judgements_by_draw(session)}
    assert found == {
        rows[0]["uiting"]: ("trekking-1", True),
        rows[1]["uiting"]: ("trekking-1", False),
        rows[2]["uiting"]: ("trekking-1", True),
    }


def test_a_row_for_a_draw_that_is_not_there_or_did_not_draw_the_unit_is_refused(tagged: Workplace) -> None:
    head = "uiting;codeur;soort_codeur;trekking;blind;frame\n"
    table = tagged.study / "labels.csv"
    table.write_text(head + "een.0002.01;Anna;mens;trekking-1;ja;client\n", encoding="utf-8")
    with pytest.raises(InputError, match="in deze studie is nog niets getrokken"):
        labels.run(tagged, table)
    draw.run(tagged, ASKED)
    (made,) = draws_of(tagged)
    spare = next(unit for one in made.strata for unit in one.units if unit not in made.units)
    table.write_text(
        head + f"{spare};Anna;mens;trekking-1;ja;client\n{spare};Bert;mens;treking-1;ja;client\n", encoding="utf-8"
    )
    with pytest.raises(InputError) as caught:
        labels.run(tagged, table)
    told = [str(problem) for problem in caught.value.problems]
    assert (
        f"labels.csv, rij 2, uiting {spare}, kolom trekking: deze uiting is in deze trekking niet getrokken" in told[0]
    )
    assert "deze trekking bestaat niet. Bedoel je 'trekking-1'?" in told[1]
    with tagged.open_store() as store:
        assert not any(store.judgements(session) for session in SESSIONS)


def test_a_coder_may_say_otherwise_blindly_than_he_did_of_his_own_accord(tagged: Workplace) -> None:
    draw.run(tagged, ASKED)
    rows = rows_of(sheet_path(tagged, "trekking-1", 1))[:1]
    unit = rows[0]["uiting"]
    rows[0] |= {"codeur": "Anna", "frame": "leefwereld"}
    fill_in(rows, tagged.study / "labels" / "blind.csv")
    own = f"uiting;codeur;soort_codeur;frame\n{unit};Anna;mens;client\n"
    (tagged.study / "labels" / "eigen.csv").write_text(own, encoding="utf-8")
    assert labels.run(tagged) == {"rijen": 2, "nieuwe labels": 2}
    session = unit.partition(".")[0]
    with tagged.open_store() as store:
        assert [one.labels for one in store.judgements(session)] == [("leefwereld",)]
        assert {one.draw: one.labels for one in store.judgements_by_draw(session)} == {
            None: ("client",),
            "trekking-1": ("leefwereld",),
        }
