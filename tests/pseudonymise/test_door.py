from __future__ import annotations

import logging
import re
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.pseudonym import PseudonymKey
from pipeline.domain.transcript import Event, EventKind, Person, Roster, Speaker, Transcript, Turn
from pipeline.pseudonymise.door import Outcome, Request
from tests.pseudonymise.world import KEY, REPOSITORY, ROSTER, pseudonymiser, run, transcript

PLACEHOLDER = re.compile(r"\[([A-Z]+(?:_[A-Z]+)?_\d+)\]")

PIECES = st.sampled_from(
    [
        "Hanneke",
        "de Boer",
        "meneer Klein",
        "klein",
        "Jan Visser",
        "Fatma",
        "in Deventer",
        "06-12345678",
        "nou",
        "dan ",
        "Öztürk",
        "O\u0308zturk",
        "ik wil dat",
        "[NAAM]",
        "[KIND_2]",
        "12 maart 1984",
        "Wil",
        ".",
        ",",
        "\n",
        "-",
        " ",
        "'s",
        "van 't Wout",
        "ßtraat",
        "İstanbul",
        "jan@example.nl",
        "«",
        "é",
        "\u200b",
        "straat 3",
        "roos",
        "[",
        "]",
        "_",
    ]
)
TEXTS = st.lists(PIECES, max_size=12).map(" ".join) | st.text(max_size=60)


def test_words_outside_the_spans_are_untouched() -> None:
    text = "Nou Hanneke, ik sprak mevrouw Yılmaz uit Deventer op 06-12345678, goed?"
    outcome = run(text)
    assert [span.kind for span in outcome.spans[0]] == ["PROF_SW", "PERSOON", "PLAATS", "TELEFOON"]
    assert PLACEHOLDER.sub("#", outcome.transcript.turns[0].text) == "Nou #, ik sprak mevrouw # uit # op #, goed?"


@given(text=TEXTS)
@settings(max_examples=150, deadline=None)
def test_masking_changes_nothing_outside_its_spans(text: str) -> None:
    outcome = run(text)
    old, rebuilt, last = text, "", 0
    for span in outcome.spans[0]:
        assert last <= span.start < span.end <= len(old)
        rebuilt += old[last : span.start] + f"[{span.pseudonym}]"
        last = span.end
    assert outcome.transcript.turns[0].text == rebuilt + old[last:]


@given(text=TEXTS)
@settings(max_examples=100, deadline=None)
def test_placeholders_are_never_looked_into_again(text: str) -> None:
    masked = run(text).transcript.turns[0].text
    again = run(masked)
    kept = [match.span() for match in PLACEHOLDER.finditer(masked)]
    for span in again.spans[0]:
        assert not any(span.start < end and start < span.end for start, end in kept)


@given(text=TEXTS)
@settings(max_examples=50, deadline=None)
def test_the_same_input_and_key_give_the_same_output(text: str) -> None:
    assert run(text) == run(text)


@given(text=TEXTS, data=st.data())
@settings(max_examples=100, deadline=None)
def test_cuts_and_events_keep_their_place_or_move_behind_the_placeholder(text: str, data: st.DataObject) -> None:
    inner = st.integers(min_value=1, max_value=max(1, len(text) - 1))
    cuts = tuple(sorted(data.draw(st.sets(inner, max_size=4)))) if len(text) > 1 else ()
    at = data.draw(st.integers(min_value=0, max_value=len(text)))
    turn = Turn(1, "SW1", text, events=(Event(EventKind.LACHEN, at, "[lacht]"),))
    spoken = Transcript("test", (turn,), (Speaker("SW1"),))
    outcome = pseudonymiser().pseudonymise(Request("s", spoken, (cuts,), ROSTER), KEY)
    new = outcome.transcript.turns[0]
    assert [event.mark for event in new.events] == [""]
    assert new.events[0].at == _moved(outcome, at)
    assert set(new.cuts) == {_moved(outcome, cut) for cut in cuts} - {0, len(new.text)}


def _moved(outcome: Outcome, old: int) -> int:
    """Count along the spans, independent of the bookkeeping in the door."""
    shift = 0
    for span in outcome.spans[0]:
        placeholder = len(span.pseudonym) + 2
        if old <= span.start:
            break
        if old < span.end:
            return span.start + shift + placeholder
        shift += placeholder - (span.end - span.start)
    return old + shift


def test_a_name_broken_by_an_event_is_found_and_the_event_moves_behind_it() -> None:
    turn = Turn(1, "SW1", "Dat zei Yasmina gisteren.", events=(Event(EventKind.LACHEN, 11, "[lacht]"),))
    spoken = Transcript("test", (turn,), (Speaker("SW1"),))
    new = pseudonymiser().pseudonymise(Request("s", spoken, ((),), ROSTER), KEY).transcript.turns[0]
    assert re.fullmatch(r"Dat zei \[GESPREKSLEIDER_\d+\] gisteren\.", new.text)
    assert new.text[new.events[0].at :] == " gisteren."


def test_one_person_has_one_pseudonym_under_every_form_of_the_name() -> None:
    outcome = run("Jan Visser dus.", "Ja, Jantje. Meneer J. Visser heet hij, Jan.", "jan?")
    named = {span.pseudonym for group in outcome.spans for span in group if span.kind == "CLIENT"}
    assert len(named) == 1


def test_speakers_have_the_pseudonym_of_their_mentions_without_brackets() -> None:
    outcome = run("Wat vind jij, Peter?", "Niks, Hanneke.")
    turns = outcome.transcript.turns
    assert turns[0].speaker == "PROF_KM_" + turns[0].speaker.rpartition("_")[2]  # type: ignore[union-attr]
    assert f"[{turns[0].speaker}]" in turns[0].text or f"[{turns[1].speaker}]" in turns[0].text
    assert {speaker.pseudonym for speaker in outcome.transcript.speakers} == {turns[0].speaker, turns[1].speaker}
    assert [speaker.functie for speaker in outcome.transcript.speakers] == ["klantmanager", "sociaal_werker"]


def test_speakers_without_roster_and_name_are_numbered_per_session() -> None:
    first = run("Ja.", roster=None, session="noord-1").transcript.turns[0].speaker
    second = run("Ja.", roster=None, session="noord-2").transcript.turns[0].speaker
    assert first is not None
    assert first.startswith("SPREKER_")
    assert first != second


def test_a_label_that_is_a_name_is_replaced_in_the_text() -> None:
    spoken = transcript("Zeg Xantha, wat nu?", labels=("Xantha Quispel",))
    outcome = pseudonymiser().pseudonymise(Request("s", spoken, ((),), None), KEY)
    turn = outcome.transcript.turns[0]
    assert turn.text == f"Zeg [{turn.speaker}], wat nu?"


def test_known_names_of_the_file_are_replaced() -> None:
    spoken = replace(
        transcript("Toen sprak Quirrel, en later Bakker van de afdeling."), known_names=("Quirrel", "Bakker")
    )
    outcome = pseudonymiser().pseudonymise(Request("s", spoken, ((),), None), KEY)
    assert "Quirrel" not in outcome.transcript.turns[0].text
    assert "Bakker" not in outcome.transcript.turns[0].text


def test_a_full_name_is_one_person_in_the_whole_study_also_when_first_spoken_about() -> None:
    talked = Roster(persons=(Person("Fenna Kuiper", "CLIENT"),))
    first = run("Fenna komt niet.", roster=talked, session="a")
    speaking = Roster(speakers=(Speaker("SW1", "Fenna Kuiper", "client"), Speaker("KM1", "Bo Stam", "klantmanager")))
    second = run("Ja.", "Ik ben er.", roster=speaking, session="b", key=first.key)
    assert first.spans[0][0].pseudonym in {turn.speaker for turn in second.transcript.turns}


def test_two_people_with_one_first_name_in_two_sessions_are_two() -> None:
    first = run("Toen belde Petra.", roster=None, session="a")
    second = run("Toen belde Petra.", roster=None, session="b", key=first.key)
    assert first.spans[0][0].pseudonym != second.spans[0][0].pseudonym


def test_a_first_name_is_the_one_person_of_the_session_with_that_name() -> None:
    outcome = run("Toen belde Petra Haverkamp.", "En Petra zei niks.", roster=None)
    assert outcome.spans[0][0].pseudonym == outcome.spans[1][0].pseudonym


def test_a_place_has_one_pseudonym_in_the_whole_study() -> None:
    first = run("Hij woont in Deventer.", session="a")
    second = run("zij komt ook uit deventer", session="b", key=first.key)
    assert first.spans[0][0].pseudonym == second.spans[0][0].pseudonym


def test_running_a_session_again_with_its_grown_key_changes_nothing() -> None:
    first = run("Hanneke belde met Fatma in Zwolle.", "Ja.")
    second = run("Hanneke belde met Fatma in Zwolle.", "Ja.", key=first.key)
    assert second == first


def test_another_secret_gives_other_numbers() -> None:
    text = "Hanneke, Peter, Jan Visser, Fatma, Mohamed en Karin waren er."
    other = run(text, key=PseudonymKey(b"f" * 16))
    assert [s.pseudonym for s in run(text).spans[0]] != [s.pseudonym for s in other.spans[0]]


def test_a_placeholder_of_the_transcriber_is_not_handed_out_to_somebody_else() -> None:
    taken = run("Toen belde Fatma.").spans[0][0].pseudonym
    outcome = run(f"Dat zei [{taken}].", "Toen belde Fatma.")
    assert outcome.spans[0] == ()
    assert outcome.spans[1][0].pseudonym != taken


def test_a_name_found_once_is_found_where_nothing_gives_it_away() -> None:
    outcome = run("Toen kwam Quirpelaar binnen.", "Quirpelaar zei niks.")
    assert "Quirpelaar" not in " ".join(turn.text for turn in outcome.transcript.turns)


def test_an_age_is_its_band_of_ten_years_and_stands_in_no_key() -> None:
    outcome = run("Fatma is 34 jaar oud, haar zoon is vier en haar oma is negenentachtig.")
    bands = [span.pseudonym for span in outcome.spans[0] if span.kind == "LEEFTIJD"]
    assert bands == ["LEEFTIJD_30", "LEEFTIJD_0", "LEEFTIJD_80"]
    assert not any(entry.kind == "LEEFTIJD" for entry in outcome.key.entries)


def test_a_number_that_answers_how_old_is_an_age_and_elsewhere_is_none() -> None:
    asked = run("Hoe oud is hij nu?", "58, dacht ik.")
    assert [span.pseudonym for span in asked.spans[1]] == ["LEEFTIJD_50"]
    assert run("Hoeveel zijn het er?", "58, dacht ik.").spans[1] == ()


def test_a_surname_with_tussenvoegsels_is_found_again_without_its_first_name() -> None:
    outcome = run("toen belde fatma in 't veld", "ja in 't veld die wist dat", roster=None)
    assert [span.pseudonym for span in outcome.spans[1]] == [outcome.spans[0][0].pseudonym]


def test_a_surname_has_one_number_with_and_without_the_capital_of_its_tussenvoegsel() -> None:
    outcome = run("Ik belde mevrouw ter Steege.", "Mevrouw Ter Steege was er niet.", roster=None)
    assert outcome.spans[0][0].pseudonym == outcome.spans[1][0].pseudonym


def test_a_short_name_is_found_again_where_it_opens_a_sentence() -> None:
    outcome = run("Toen kwam Ed binnen.", "Ed.", roster=None)
    assert [span.kind for span in outcome.spans[1]] == ["PERSOON"]


STRAY = (
    "Ik heb Een Vraag en die Moet Ik nu stellen.",
    "Dat Hebben we vorige Week al Gedaan met de Gemeente en de bakker.",
    "De Slager om de hoek is Kort gezegd Ook Dicht.",
)


def test_where_capitals_stray_one_on_an_ordinary_word_is_no_name() -> None:
    outcome = run(*STRAY, "Toen kwam Fatma Bakker met meneer Slager en Qwirina.", roster=None)
    assert outcome.spans[:3] == ((), (), ())
    assert [span.kind for span in outcome.spans[3]] == ["PERSOON", "PERSOON", "PERSOON"]


def test_known_persons_side_by_side_stay_two() -> None:
    outcome = run("Peter Hanneke, komen jullie?", "Peter. Hanneke.")
    assert [span.kind for span in outcome.spans[0]] == ["PROF_KM", "PROF_SW"]
    assert [span.kind for span in outcome.spans[1]] == ["PROF_KM", "PROF_SW"]


def test_the_layers_that_found_a_span_are_recorded() -> None:
    assert run("Hanneke belde.").spans[0][0].voters == ("deduce", "deelnemerslijst", "namenlijst")


def test_kinds_are_counted() -> None:
    assert run("Hanneke en Peter, Hanneke!").transcript.replaced == (("PROF_KM", 1), ("PROF_SW", 2))


def test_a_request_needs_cuts_for_every_turn() -> None:
    with pytest.raises(ValueError, match="2 turns"):
        Request("s", transcript("a", "b"), ((),), None)


def test_no_name_reaches_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        run("Hanneke de Boer belde met Fatma uit Deventer, 06-12345678.")
    assert not any(name in caplog.text for name in ("Hanneke", "Boer", "Fatma", "Deventer", "12345678"))


def test_the_door_starts_light_and_leaves_logging_and_warnings_alone() -> None:
    script = (
        "import sys, logging, warnings\n"
        "import pipeline.pseudonymise.door\n"
        "from pipeline.pseudonymise.deduced import engine\n"
        "assert 'deduce' not in sys.modules and 'docdeid' not in sys.modules\n"
        "filters = list(warnings.filters)\n"
        "engine()\n"
        "assert logging.getLogger().handlers == [] and logging.getLogger().level == logging.WARNING\n"
        "assert warnings.filters == filters\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""


def test_an_endless_turn_without_spaces_is_no_trouble() -> None:
    assert run("a" * 200_000).spans[0] == ()
    assert len(run("1" * 20_000 + " " + "1 " * 5_000).transcript.turns) == 1


def test_an_entry_of_the_roster_that_is_all_tussenvoegsels_does_not_keep_the_door_waiting() -> None:
    roster = Roster(persons=(Person("Roos Vierhout", "CLIENT", ("mevrouw V", "de", "van der")),))
    outcome = run("Roos Vierhout belde, en mevrouw V ook.", roster=roster)
    assert "Vierhout" not in outcome.transcript.turns[0].text
