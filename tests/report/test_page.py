"""The page, read as a person reads it."""

from __future__ import annotations

import itertools
import random
import re
import time
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup, Tag

from pipeline.domain.codebook import RollUp
from pipeline.domain.description import Provenance
from pipeline.domain.study import Question
from pipeline.report.page import render_report
from pipeline.statistics.describe import describe_study
from tests.statistics.builders import (
    AGREEMENTS,
    CLIENT,
    CODEBOOK,
    DURATION,
    METHOD,
    OTHER_CODEBOOK,
    make_row,
    make_session,
    make_study,
    predict,
)

if TYPE_CHECKING:
    from pipeline.domain.codebook import Codebook
    from pipeline.domain.description import StudyDescription
    from pipeline.domain.pseudonym import UnitisedSession

PROVENANCE = Provenance("0.1.0", "model-7", CODEBOOK.version_key, date(2026, 11, 21))
SAID = "kraanvogel slaapt ondersteboven"


def two_sessions(codebook: Codebook = CODEBOOK) -> StudyDescription:
    spoken = [("SW", SAID), ("KM", "ja"), ("KM", "een tweede zin"), (None, "een derde zin")]
    roles = {"SW": "sociaal_werker", "KM": "klantmanager"}
    sessions = {one: make_session(one, spoken, roles, seconds=60) for one in ("noord-1", "zuyd-1")}
    predictions = {
        one: (
            *predict(session, "frame", [("leefwereld",), ("activering",), ("geen_frame",)]),
            *predict(session, "reframing", [("geen_reframing",), ("herkaderen",), ("geen_reframing",)]),
            *predict(session, "sr", [("brug_burger",), (), ()]),
        )
        for one, session in sessions.items()
    }
    study = make_study(
        make_row("noord-1", "noord", 1, {"client_aanwezig": True, "methode": "vaste_fasen"}, {"n_afspraken": 4}),
        make_row("zuyd-1", "zuyd", 1, {"client_aanwezig": False, "duur": 62.5}),
        components=(CLIENT, METHOD, DURATION),
        outcomes=(AGREEMENTS,),
        title="Verschil & brug",
    )
    return describe_study(study, codebook, sessions, predictions)


def read(description: StudyDescription, provenance: Provenance = PROVENANCE) -> BeautifulSoup:
    return BeautifulSoup(render_report(description, provenance), "html.parser")


def text_of(found: Tag | None) -> str:
    assert found is not None
    return re.sub(r"\s+", " ", found.get_text(" ")).strip()


@pytest.fixture(scope="module")
def page() -> BeautifulSoup:
    return read(two_sessions())


def rows_of(table: Tag) -> list[list[str]]:
    return [[text_of(cell) for cell in row.find_all(["th", "td"])] for row in table.select("tbody tr")]


def table_named(page: BeautifulSoup, caption: str) -> Tag:
    return next(table for table in page.find_all("table") if table.caption and text_of(table.caption) == caption)


def test_the_page_is_dutch_and_says_what_it_is_about(page: BeautifulSoup) -> None:
    assert page.html is not None
    assert page.html["lang"] == "nl"
    assert text_of(page.h1) == "Verschil & brug"
    header = text_of(page.find("header"))
    for words in ("Noord en Zuyd", "21-11-2026", "model-7", CODEBOOK.version_key, "0.1.0"):
        assert words in header
    counts = {text_of(one.dt): text_of(one.dd) for one in page.select(".counts div")}
    assert counts == {"werkplaatsen": "2", "sessies": "2", "uitingen": "8", "woorden": "20"}


def test_headings_go_down_one_level_at_a_time(page: BeautifulSoup) -> None:
    levels = [int(heading.name[1]) for heading in page.find_all(re.compile("^h[1-6]$"))]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_every_section_is_there_and_every_link_leads_somewhere(page: BeautifulSoup) -> None:
    assert [text_of(heading) for heading in page.find_all("h2")] == [
        "In het kort",
        "Sessies en componenten",
        "Labels over de sessies",
        "Sessie voor sessie",
        "Verantwoording",
        "Hoe nu verder",
    ]
    ids = [one["id"] for one in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    assert {str(link["href"]) for link in page.find_all("a")} <= {f"#{one}" for one in ids}
    first_link = page.find("a")
    assert isinstance(first_link, Tag)
    assert text_of(first_link) == "Ga naar de inhoud"


def test_the_page_needs_nothing_from_outside_and_no_script(page: BeautifulSoup) -> None:
    html = render_report(two_sessions(), PROVENANCE)
    assert not page.find_all(["script", "link", "img", "iframe", "object", "embed"])
    assert not re.search(r"https?:|//[a-z]|@import|url\((?!#)", html)


def test_it_begins_with_a_doctype() -> None:
    assert render_report(two_sessions(), PROVENANCE).lstrip().startswith("<!DOCTYPE html>")


def test_it_quotes_nobody(page: BeautifulSoup) -> None:
    assert not set(SAID.split()) & set(re.findall(r"\w+", page.get_text()))


def test_it_shows_no_p_value_no_interval_and_no_effect(page: BeautifulSoup) -> None:
    words = page.get_text().lower()
    for forbidden in ("p =", "p <", "p-waarde", "interval", "significant", "effect", "gemiddeld"):
        assert forbidden not in words


def test_every_machine_figure_and_its_tables_say_that_they_are_not_corrected(page: BeautifulSoup) -> None:
    machine = page.select("figure.machine")
    assert [text_of(one.find(re.compile("h[35]"))) for one in machine] == [
        "Frame per sessie niet gecorrigeerd",
        "Reframing per sessie niet gecorrigeerd",
        "Sociale reflexiviteit per sessie niet gecorrigeerd",
        *["Verloop van het gesprek niet gecorrigeerd", "Frame per functie niet gecorrigeerd"] * 2,
    ]
    for caption in page.select("figure.machine caption"):
        assert "niet gecorrigeerd" in text_of(caption)
    for title in page.select("figure.machine svg[role=img] > title"):
        assert "niet gecorrigeerd" in text_of(title)
    assert all("niet gecorrigeerd" not in text_of(one) for one in page.select("figure:not(.machine)"))
    assert "Een verschil tussen twee sessies kan dus een verschil in vergissingen zijn." in text_of(
        page.select_one(".notice")
    )


def test_every_picture_has_a_title_and_a_description_with_decimal_commas(page: BeautifulSoup) -> None:
    pictures = page.select("svg[role=img]")
    assert pictures
    for picture in pictures:
        assert text_of(picture.find("title"))
        assert text_of(picture.find("desc"))
        assert not re.search(r"\d\.\d+%", picture.get_text())
    bar = page.select_one("figure.bars svg[role=img]")
    assert bar is not None
    assert text_of(bar.desc) == "Leefwereld 33,3%, Activering 33,3%, Geen frame 33,3%"


def test_every_drawn_figure_has_a_table_of_the_same_numbers(page: BeautifulSoup) -> None:
    for figure in page.select("figure"):
        assert figure.find("table") is not None
    assert rows_of(table_named(page, "Frame: machineaandelen per sessie, niet gecorrigeerd")) == [
        ["noord-1", "3", "33,3%", "33,3%", "0,0%", "33,3%", "33,3%"],
        ["zuyd-1", "3", "33,3%", "33,3%", "0,0%", "33,3%", "33,3%"],
    ]
    assert rows_of(table_named(page, "noord-1: in welke beurt, machinelabels, niet gecorrigeerd")) == [
        ["Herkaderen", "Reframing", "3", "1"],
        ["Brug burger", "Sociale reflexiviteit", "1", "1"],
        ["Brug beleid", "Sociale reflexiviteit", "–", "0"],
    ]


def test_colour_is_never_alone(page: BeautifulSoup) -> None:
    """Every series in a chart that is not plain has a pattern, and its legend names it."""
    assert [text_of(one) for one in page.select("figure.bars .legend li")] == [
        "Leefwereld",
        "Activering",
        "Rechtmatigheid",
        "Geen frame",
    ]
    patterned = {f"s{number}" for number in range(1, 8)}
    style = text_of(page.style)
    assert all(f".{series} {{ fill: url(#p{series[1]})" in style for series in patterned)
    assert {one["id"] for one in page.find_all("pattern")} == {f"p{series[1]}" for series in patterned}


def test_sessions_and_components_stand_in_tables(page: BeautifulSoup) -> None:
    assert rows_of(table_named(page, "Sessies"))[0] == ["noord-1", "Noord", "1", "–", "4", "4", "1", "2", "10", "4"]
    assert rows_of(table_named(page, "Componenten per sessie")) == [
        ["noord-1", "ja", "vaste fasen", "onbekend"],
        ["zuyd-1", "nee", "onbekend", "62,5"],
    ]
    assert rows_of(table_named(page, "Uitkomsten per sessie, door mensen ingevuld"))[1] == ["zuyd-1", "onbekend"]


def test_a_component_that_coincides_with_the_site_is_called_so(page: BeautifulSoup) -> None:
    spread = rows_of(table_named(page, "Aantal sessies per waarde en werkplaats"))
    assert spread[:2] == [
        ["Cliënt aanwezig valt samen met werkplaats", "ja", "1", "·", "1"],
        ["nee", "·", "1", "1"],
    ]
    assert "Met werkplaats of ronde valt er één samen; die is daar niet van te scheiden." in text_of(
        page.select_one("#kort")
    )


def test_the_brief_counts_what_was_marked_without_comparing(page: BeautifulSoup) -> None:
    brief = text_of(page.select_one("#kort .lead"))
    assert "‘Reframing’ in 2 uitingen (in 2 sessies) en ‘Sociale reflexiviteit’ in 2 uitingen (in 2 sessies)" in brief
    assert "Samen zijn dat 8 uitingen en 8 minuten gesprek. Daarvan zijn er 2 (25,0%) heel kort" in brief
    assert "gaf het model een inhoudelijk label aan 66,7% van de uitingen (niet gecorrigeerd)" in brief


def test_talk_is_counted_and_not_marked_as_machine_work(page: BeautifulSoup) -> None:
    figure = page.select_one("figure.talk")
    assert figure is not None
    assert rows_of(figure.table) == [
        ["Klantmanager", "1", "3", "33,3%", "1", "33,3%"],
        ["Sociaal werker", "1", "3", "33,3%", "1", "33,3%"],
        ["Functie onbekend", "0", "3", "33,3%", "1", "33,3%"],
    ]


def test_only_a_fictional_study_carries_the_banner(page: BeautifulSoup) -> None:
    assert page.select_one(".fictional") is None
    made_up = two_sessions()
    made_up = replace(made_up, study=replace(made_up.study, fictional=True))
    assert "Fictieve voorbeeldstudie" in text_of(read(made_up).select_one(".fictional"))


def test_a_model_that_learnt_from_these_sessions_is_warned_about(page: BeautifulSoup) -> None:
    assert page.select_one(".warning") is None
    warned = read(two_sessions(), replace(PROVENANCE, learnt_from={"noord-1": 1200, "zuyd-1": 0}))
    box = text_of(warned.select_one(".warning"))
    assert "1.200 uitingen uit 1 sessie" in box
    assert "noord-1" in box
    assert "zuyd-1" not in box


def test_sessions_that_failed_or_are_absent_are_listed_with_the_reason() -> None:
    description = replace(two_sessions(), absent=("oost-1", "oost-2"))
    found = read(description, replace(PROVENANCE, failed={"oost-1": ("oost-1.docx: leeg. Vul het bestand.",)}))
    items = [text_of(item) for item in found.select("#niet-verwerkt .failures > li")]
    assert items == ["oost-1 oost-1.docx: leeg. Vul het bestand.", "oost-2 Deze sessie is nog niet verwerkt."]
    assert "Er staan 2 sessies niet in dit rapport" in text_of(found.select_one("#kort"))


def test_what_was_replaced_is_counted_per_kind() -> None:
    replaced = {"noord-1": (("PROF_KM", 12), ("PLAATS", 2)), "zuyd-1": (("PROF_KM", 1), ("RAAR", 1))}
    found = read(two_sessions(), replace(PROVENANCE, replaced=replaced))
    assert rows_of(table_named(found, "Vervangen door een code")) == [
        ["Klantmanagers", "[PROF_KM_…]", "13"],
        ["Plaatsen", "[PLAATS_…]", "2"],
        ["RAAR", "[RAAR_…]", "1"],
    ]
    assert rows_of(table_named(found, "Vervangen per sessie"))[1] == ["zuyd-1", "1", "0", "1"]


def test_remarks_of_the_reader_stand_with_the_session_and_in_the_account() -> None:
    found = read(two_sessions(), replace(PROVENANCE, warnings={"zuyd-1": ("Regel 3: geen spreker.",)}))
    assert "Regel 3: geen spreker." in text_of(found.select_one("#sessie-zuyd-1"))
    assert "Regel 3: geen spreker." in text_of(found.select_one("#verantwoording"))
    assert "Regel 3" not in text_of(found.select_one("#sessie-noord-1"))


def test_registered_questions_are_shown_with_their_date() -> None:
    description = two_sessions()
    question = Question("Helpt het?", "client_aanwezig", "n_afspraken", date(2019, 1, 4))
    found = read(replace(description, study=replace(description.study, questions=(question,))))
    assert text_of(found.select_one(".questions")) == "Helpt het? Cliënt aanwezig → Afspraken · vastgelegd op 4-1-2019"


@pytest.mark.parametrize(
    ("outcome", "about"),
    [
        ("sr.brug_beleid", "Cliënt aanwezig → Sociale reflexiviteit: Brug beleid"),
        ("frame.werk_inkomen", "Cliënt aanwezig → Frame: Werk en inkomen"),
    ],
)
def test_a_question_about_a_share_of_labels_names_the_label(outcome: str, about: str) -> None:
    description = two_sessions()
    question = Question("Helpt het?", "client_aanwezig", outcome, date(2019, 1, 4))
    found = text_of(
        read(replace(description, study=replace(description.study, questions=(question,)))).select_one(".questions")
    )
    assert about in found
    assert outcome not in found


def test_a_label_keeps_its_name_beside_a_roll_up_of_another_dimension_with_the_same_id() -> None:
    description = two_sessions()
    namesake = RollUp("brug_beleid", "Iets anders", "frame", ("leefwereld", "activering"))
    codebook = replace(CODEBOOK, roll_ups=(*CODEBOOK.roll_ups, namesake))
    question = Question("Helpt het?", "client_aanwezig", "sr.brug_beleid", date(2019, 1, 4))
    study = replace(description.study, questions=(question,))
    found = read(replace(description, study=study, codebook=codebook))
    assert "Sociale reflexiviteit: Brug beleid" in text_of(found.select_one(".questions"))


def test_labels_read_in_are_counted_per_session_only_where_there_are_any(page: BeautifulSoup) -> None:
    assert "Ingelezen labels" not in text_of(page)
    judged = {"noord-1": (1200, 0, 1), "zuyd-1": (0, 3, 2), "oost-1": (0, 0, 0)}
    found = read(two_sessions(), replace(PROVENANCE, judged=judged))
    assert rows_of(table_named(found, "Ingelezen labels per sessie")) == [
        ["noord-1", "1.200", "0", "1"],
        ["zuyd-1", "0", "3", "2"],
    ]
    assert "Er zijn 3 labels opzij gezet: de woorden" in text_of(found.select_one("#verantwoording"))


@pytest.mark.parametrize(("set_aside", "said"), [(0, ""), (1, "Er is 1 label opzij gezet: de woorden")])
def test_labels_set_aside_are_explained_when_there_are_any(set_aside: int, said: str) -> None:
    found = text_of(read(two_sessions(), replace(PROVENANCE, judged={"noord-1": (5, 0, set_aside)})))
    assert said in found
    assert ("opzij gezet:" in found) is bool(said)


def test_labels_given_with_another_codebook_are_warned_about(page: BeautifulSoup) -> None:
    same = read(two_sessions(), replace(PROVENANCE, labelled_with=CODEBOOK.version_key))
    assert page.select_one("#labels .warning") is None
    assert same.select_one("#labels .warning") is None
    found = read(two_sessions(), replace(PROVENANCE, labelled_with="klein 0.9 (ffff)"))
    assert (
        "De labels zijn gegeven met codeboek klein 0.9 (ffff); het codeboek van de studie is sindsdien veranderd."
        in text_of(found.select_one("#labels .warning"))
    )


def test_the_way_on_goes_by_the_verbs_of_the_program(page: BeautifulSoup) -> None:
    verbs = [text_of(one) for one in page.select("#verder code") if text_of(one).startswith("raamwerk")]
    assert verbs == [
        "raamwerk units STUDIE CODEUR",
        "raamwerk labels STUDIE",
        "raamwerk run STUDIE",
        "raamwerk draw STUDIE",
        "raamwerk labels STUDIE",
        "raamwerk compare STUDIE",
        "raamwerk run STUDIE",
    ]


def test_whatever_people_type_is_shown_and_never_run() -> None:
    nasty = '"><script>alert(1)</script><svg onload=x>{{ 7*7 }}&lt;'
    description = two_sessions()
    study = replace(
        description.study,
        title=nasty,
        sites=tuple(replace(site, name=nasty) for site in description.study.sites),
        components=tuple(replace(one, name=nasty) for one in description.study.components),
    )
    components = tuple(replace(one, component=replace(one.component, name=nasty)) for one in description.components)
    codebook = replace(
        CODEBOOK,
        title=nasty,
        dimensions=tuple(
            replace(
                one,
                name=nasty,
                question=nasty,
                labels=tuple(replace(label, name=nasty, definition=nasty) for label in one.labels),
            )
            for one in CODEBOOK.dimensions
        ),
    )
    provenance = replace(
        PROVENANCE,
        model_version=nasty,
        learnt_from={nasty: 3},
        failed={nasty: (nasty,)},
        warnings={"noord-1": (nasty,)},
        replaced={nasty: ((nasty, 1),)},
        judged={nasty: (1, 2, 3)},
        labelled_with=nasty,
    )
    found = read(replace(description, study=study, components=components, codebook=codebook), provenance)
    assert not found.find_all("script")
    assert not [one for one in found.find_all(True) if any(name.startswith("on") for name in one.attrs)]
    assert text_of(found.h1) == nasty
    assert nasty in found.get_text()


def test_any_codebook_will_do() -> None:
    session = make_session("s-1", [("A", "een zin"), ("B", "nog een zin")])
    predictions = (
        *predict(session, "toon", [("koel",), ("warm",)], OTHER_CODEBOOK),
        *predict(session, "werkzaam", [("tijd",), ()], OTHER_CODEBOOK),
        *predict(session, "kleur", [("kleur_10",), ("kleur_0",)], OTHER_CODEBOOK),
    )
    description = describe_study(make_study(make_row("s-1")), OTHER_CODEBOOK, {"s-1": session}, {"s-1": predictions})
    found = read(description)
    assert [text_of(one.h3) for one in found.select("#labels > figure")] == [
        "Toon per sessie niet gecorrigeerd",
        "Werkzaam per sessie niet gecorrigeerd",
        "Kleur per sessie niet gecorrigeerd",
    ]


@pytest.mark.parametrize(
    "sessions", [{}, {"s-1": make_session("s-1", ())}, {"s-1": make_session("s-1", [("A", "zin")])}]
)
def test_a_study_without_machine_labels_still_has_a_page(sessions: dict[str, UnitisedSession]) -> None:
    study = make_study(make_row("s-1"), components=(CLIENT,))
    found = read(describe_study(study, CODEBOOK, sessions, {}), replace(PROVENANCE, model_version=None))
    assert "Er zijn nog geen labels van een model." in text_of(found.select_one("#labels"))
    assert not found.select("figure.machine")


def test_forty_long_sessions_make_a_page_that_opens() -> None:
    draw = random.Random(3)
    frames = CODEBOOK.dimension("frame").choices
    rows, sessions, predictions = [], {}, {}
    for number in range(40):
        name = f"{('noord', 'zuyd', 'brabant', 'amsterdam')[number % 4]}-{number}"
        spoken = [(f"PROF_{draw.randrange(9)}", f"een zin met nummer {n}") for n in range(800)]
        session = make_session(name, spoken, {f"PROF_{n}": ("klantmanager", "beleid")[n % 2] for n in range(9)})
        rows.append(make_row(name, name.split("-", maxsplit=1)[0], 1, {"client_aanwezig": draw.random() < 0.5}))
        sessions[name] = session
        predictions[name] = (
            *predict(session, "frame", [(draw.choice(frames),) for _ in range(800)]),
            *predict(
                session, "reframing", [(draw.choice(["herkaderen", *["geen_reframing"] * 7]),) for _ in range(800)]
            ),
            *predict(session, "sr", [("brug_burger",) if draw.random() < 0.1 else () for _ in range(800)]),
            *predict(session, "sr_niveau", [(draw.choice("01"),) for _ in range(800)]),
        )
    study = make_study(*rows, components=(CLIENT,))
    start = time.perf_counter()
    html = render_report(describe_study(study, CODEBOOK, sessions, predictions), PROVENANCE)
    assert time.perf_counter() - start < 5
    assert len(html.encode()) < 3_000_000
