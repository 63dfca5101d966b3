"""Marks of the transcriber become events; words stay. All texts are invented."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.transcript import EventKind
from pipeline.formats.clock import parse_clock
from pipeline.formats.marks import extract
from pipeline.formats.speakers import functie_of, is_name, person_name

CASES = [
    ("Die ken ik, ja. (lacht)", "Die ken ik, ja.", [(EventKind.LACHEN, 15)]),
    ("Ja (lacht), maar", "Ja, maar", [(EventKind.LACHEN, 2)]),
    ("Ja (lacht) maar", "Ja maar", [(EventKind.LACHEN, 3)]),
    ("(onverstaanbaar) drie toch?", "drie toch?", [(EventKind.ONVERSTAANBAAR, 0)]),
    ("en [onverstaanbaar 00:12] toen", "en toen", [(EventKind.ONVERSTAANBAAR, 3)]),
    ("drie kinderen(?) toch", "drie kinderen toch", [(EventKind.ONVERSTAANBAAR, 14)]),
    ("met xxx erbij", "met erbij", [(EventKind.ONVERSTAANBAAR, 4)]),
    ("[stilte] ja", "ja", [(EventKind.STILTE, 0)]),
    ("ja (...) nee", "ja nee", [(EventKind.PAUZE, 3)]),
    ("ja (…) nee", "ja nee", [(EventKind.PAUZE, 3)]),
    ("ja (0.5) nee (3 sec)", "ja nee", [(EventKind.PAUZE, 3), (EventKind.PAUZE, 6)]),
    ("[door elkaar] wacht", "wacht", [(EventKind.DOOR_ELKAAR, 0)]),
    ("ja // want", "ja want", [(EventKind.OVERLAP, 3)]),
    ("[zucht] tja (gelach)", "tja", [(EventKind.ZUCHT, 0), (EventKind.LACHEN, 3)]),
    ("even [telefoon gaat] wachten", "even wachten", [(EventKind.GELUID, 5)]),
    ("bij [NAAM] in [PLAATS] tot [MAAND]", "bij [NAAM] in [PLAATS] tot [MAAND]", []),
    ("bij [CLIENT_1] en [naam cliënt]", "bij [CLIENT_1] en [naam cliënt]", []),
    ("ik dacht ... nou ja… laat maar", "ik dacht ... nou ja… laat maar", []),
    ("die wet (de oude dan) en (ETS)", "die wet (de oude dan) en (ETS)", []),
    ("zie http://voorbeeld.nl/a", "zie http://voorbeeld.nl/a", []),
    ("en toen [00:12:31] ging ze", "en toen ging ze", []),
    ("dat (wij lachten daar toen heel hard om) ging zo", "dat (wij lachten daar toen heel hard om) ging zo", []),
]


@pytest.mark.parametrize(("text", "words", "events"), CASES, ids=[text for text, _, _ in CASES])
def test_marks_leave_the_words_and_keep_their_place(text: str, words: str, events: list[tuple[EventKind, int]]) -> None:
    found, taken = extract(text)
    assert found == words
    assert [(event.kind, event.at) for event in taken] == events


@given(st.text(alphabet="ab é😀.,()[]/xX?… \n\tlacht:0123", max_size=200))
def test_events_rise_and_lie_in_the_words_whatever_the_text(text: str) -> None:
    words, events = extract(text)
    assert words == words.strip()
    assert "  " not in words
    places = [event.at for event in events]
    assert places == sorted(places)
    assert all(0 <= place <= len(words) for place in places)


@given(st.lists(st.sampled_from(["ja", "nee,", "één", "[lacht]", "(..)", "[NAAM]", "//", "😀."]), max_size=30))
def test_no_word_is_ever_lost(parts: list[str]) -> None:
    marks = {"[lacht]", "(..)", "//"}
    words, events = extract(" ".join(parts))
    assert words.split() == [part for part in parts if part not in marks]
    assert [event.mark for event in events] == [part for part in parts if part in marks]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("12:31", 751),
        ("12.31", 751),
        ("00:12:31", 751),
        ("00:12:31-5", 751.5),
        ("00:12:31.400", 751.4),
        ("1:00:00", 3600),
        ("75:10", 4510),
        ("12:31.40", 751.4),
        ("12:75", None),
        ("morgen", None),
    ],
)
def test_clock_times_become_seconds(text: str, seconds: float | None) -> None:
    assert parse_clock(text) == seconds


@pytest.mark.parametrize(
    ("text", "functie"),
    [
        ("werkcoach", "klantmanager"),
        ("Sociaal werker 2", "sociaal_werker"),
        ("wijkteammedewerker gemeente X", "sociaal_werker"),
        ("ambulant begeleider", "sociaal_werker"),
        ("procesbegeleider", "gespreksleider"),
        ("cliëntondersteuner", "sociaal_werker"),
        ("cliënt", "client"),
        ("KM1", "klantmanager"),
        ("teamleider W&I", "beleid"),
        ("observant", "onderzoeker"),
        ("ervaringswerker", "ervaringsdeskundige"),
        ("Lid Tweede Kamer", None),
        ("Mevrouw De Wit", None),
    ],
)
def test_role_words_have_one_normal_form(text: str, functie: str | None) -> None:
    assert functie_of(text) == functie


def test_names_and_codes_are_told_apart() -> None:
    assert is_name("Sophia in 't Veld")
    assert is_name("Anna de Wit")
    assert not is_name("Nou kijk")
    assert not is_name("Kijk")
    assert person_name("Vries, Anna de") == ("Anna de Vries", ("Vries, Anna de",))
    assert person_name("Spreker 3") == (None, ())
    assert person_name("Klantmanager Anna") == ("Anna", ())
