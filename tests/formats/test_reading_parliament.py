"""VLOS and TEI: speakers, names, times. The VLOS example is invented; the real day is read where ../shared is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.domain.transcript import EventKind
from pipeline.formats.reading import read_transcript

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
VLOS = SHARED / "tweede-kamer" / "vlos-2014-10-15.xml"


def person(number: int, first: str, last: str, shown: str, role: str = "Lid Tweede Kamer") -> str:
    return (
        f'<spreker soort="x" objectid="p{number}"><aanhef>Mevrouw</aanhef><verslagnaam>{shown}</verslagnaam>'
        f"<weergavenaam>{shown}</weergavenaam>"
        f"<voornaam>{first}</voornaam><achternaam>{last}</achternaam><functie>{role}</functie></spreker>"
    )


def turn(kind: str, who: str, text: str, *, chair: str = "false", at: str = "10:16:21", inner: str = "") -> str:
    return (
        f"<{kind}>{who}<markeertijdbegin>2020-01-01T{at}</markeertijdbegin><markeertijdeind>"
        f"2020-01-01T10:20:00</markeertijdeind>"
        f"<isvoorzitter>{chair}</isvoorzitter><tekst><alinea>{text}</alinea></tekst>{inner}</{kind}>"
    )


def test_holders_of_the_floor_and_those_who_break_in_are_turns(tmp_path: Path) -> None:
    anna, bas, eva = (
        person(1, "Anna", "Wit de", "De Wit"),
        person(2, "Bas", "Smit", "Smit"),
        person(3, "Eva", "Berg van den", "Van den Berg"),
    )
    label = '<alineaitem>De <nadruk type="Vet">voorzitter</nadruk>:</alineaitem>'
    script = (
        "<draadboekfragment><tekst><alinea><alineaitem>De vergadering wordt geschorst.</alineaitem>"
        "</alinea></tekst></draadboekfragment>"
    )
    chair = turn(
        "interrumpant", anna, f"{label}<alineaitem>Het woord is aan Bas.</alineaitem>", chair="true", at="10:17:00"
    )
    speech = (
        '<alineaitem>De heer <nadruk type="Vet">Smit</nadruk> (X):</alineaitem><alineaitem>Ik zeg: ja.</alineaitem>'
    )
    body = turn("woordvoerder", bas, speech, inner=script + chair)
    path = tmp_path / "v.xml"
    path.write_text(
        '<?xml version="1.0"?><vlosCoreDocument xmlns="urn:x"><vergadering><titel>Eerste vergadering</titel>'
        f"<aanvangstijd>2020-01-01T10:15:00</aanvangstijd><activiteit><sprekers>{anna}{eva}</sprekers>"
        f"{body}</activiteit></vergadering></vlosCoreDocument>",
        encoding="utf-8",
    )
    transcript = read_transcript(path)
    assert [(turn.speaker, turn.text, turn.start) for turn in transcript.turns] == [
        ("Smit", "Ik zeg: ja.", 81),
        ("De Wit", "Het woord is aan Bas.", 120),
    ]
    assert transcript.speakers[1].name == "Anna de Wit"
    assert transcript.speakers[1].gespreksrol == "gespreksleider"
    assert [speaker.functie for speaker in transcript.speakers] == [None, None]
    assert transcript.known_names[:2] == ("Eva van den Berg", "van den Berg")
    assert transcript.header == ("Eerste vergadering", "De vergadering wordt geschorst.")


@pytest.mark.skipif(not VLOS.exists(), reason="needs ../shared")
def test_the_day_of_15_october_2014_has_604_turns_of_36_speakers() -> None:
    transcript = read_transcript(VLOS)
    assert (transcript.format, len(transcript.turns), len(transcript.speakers)) == ("vlos", 604, 36)
    assert all(turn.speaker for turn in transcript.turns)
    assert transcript.turns[0].start == 81  # 10:16:21, the meeting began at 10:15:00
    assert transcript.turns[0].end == 104
    starts = [turn.start for turn in transcript.turns]
    assert starts == sorted(starts, key=lambda start: start or 0)
    label = re.compile(
        r"^(?:De heer|Mevrouw) [^.:]{1,60} \([^()]+\):|^(?:Minister|Staatssecretaris) \w+:|De voorzitter:"
    )
    assert not [turn.number for turn in transcript.turns if label.search(turn.text)]
    by_label = {speaker.label: speaker for speaker in transcript.speakers}
    assert by_label["Jasper van Dijk"].name == "Jasper van Dijk"
    assert "van Dijk" in by_label["Jasper van Dijk"].also
    assert by_label["Van Haersma Buma"].name == "Sybrand van Haersma Buma"
    assert all(speaker.name for speaker in transcript.speakers)
    assert {"Geert Wilders", "Wilders", "Agnes Mulder"} <= set(transcript.known_names)
    assert sum(speaker.gespreksrol == "gespreksleider" for speaker in transcript.speakers) == 4


def test_tei_utterances_are_turns_with_names_and_events(tmp_path: Path) -> None:
    path = tmp_path / "p.xml"
    path.write_text(
        '<?xml version="1.0"?><TEI xmlns="http://www.tei-c.org/ns/1.0"><teiHeader><titleStmt><title>'
        "Zitting</title></titleStmt><listPerson>"
        '<person xml:id="P1"><persName><surname>Wit</surname><nameLink>de</nameLink><forename>Anna</forename>'
        "</persName></person>"
        '<person xml:id="P2"><persName><forename>Bas</forename><surname>Smit</surname></persName></person>'
        "</listPerson></teiHeader>"
        '<text><body><note type="speaker">Anna de Wit:</note><u who="#P1" ana="#chair"><seg>Goed. <vocal><desc>'
        "gelach</desc></vocal> Ja.</seg>"
        "<seg>Twee.</seg></u><u><seg>Wie?</seg></u></body></text></TEI>",
        encoding="utf-8",
    )
    transcript = read_transcript(path)
    assert [(turn.speaker, turn.text) for turn in transcript.turns] == [("P1", "Goed. Ja. Twee."), (None, "Wie?")]
    assert transcript.speakers[0].name == "Anna de Wit"
    assert transcript.known_names == ("Bas Smit", "Smit")
    assert transcript.turns[0].events[0].kind is EventKind.LACHEN
    assert transcript.header == ("Zitting", "Anna de Wit:")
