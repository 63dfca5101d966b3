"""Typed transcripts: labels, time stamps, title blocks, marks. All texts are invented."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.domain.transcript import EventKind, Transcript
from pipeline.formats.reading import read_transcript

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def read(folder: Path, text: str, *, name: str = "gesprek.txt", encoding: str = "utf-8") -> Transcript:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return read_transcript(path)


def spoken(transcript: Transcript) -> list[tuple[str | None, str]]:
    return [(turn.speaker, turn.text) for turn in transcript.turns]


def test_labels_before_a_colon_become_speakers_with_their_function(tmp_path: Path) -> None:
    transcript = read(
        tmp_path,
        "Gespreksleider:  Goed, eh, welkom allemaal. Wie brengt er in?\n"
        "KM1:             Ik. Het gaat om iemand van eh ... begin veertig, denk ik. [bladert]\n"
        "SW2:             Die ken ik, ja. (lacht)\n",
    )
    assert spoken(transcript) == [
        ("Gespreksleider", "Goed, eh, welkom allemaal. Wie brengt er in?"),
        ("KM1", "Ik. Het gaat om iemand van eh ... begin veertig, denk ik."),
        ("SW2", "Die ken ik, ja."),
    ]
    assert [speaker.functie for speaker in transcript.speakers] == ["gespreksleider", "klantmanager", "sociaal_werker"]
    assert transcript.speakers[0].gespreksrol == "gespreksleider"
    assert [event.kind for turn in transcript.turns for event in turn.events] == [EventKind.GELUID, EventKind.LACHEN]
    assert transcript.warnings == ()


def test_a_role_in_brackets_belongs_to_the_speaker_and_not_to_the_label(tmp_path: Path) -> None:
    transcript = read(
        tmp_path,
        "[00:03:12] R1 (klantmanager): Ze heeft nu eh- een ontheffing tot [MAAND].\n"
        "[00:03:19] R4 (wijkteam): Ja maar weet ze dat zelf ook? // want ik\n"
        "[00:03:21] R1: // dat heb ik haar verteld, ja\n"
        "[00:03:24] R2: (onverstaanbaar) ... drie kinderen toch?\n"
        "[00:03:30] Nou dat weet ik niet.\n",
    )
    assert [speaker.label for speaker in transcript.speakers] == ["R1", "R4", "R2"]
    assert [speaker.functie for speaker in transcript.speakers] == ["klantmanager", "sociaal_werker", None]
    assert [turn.start for turn in transcript.turns] == [192, 199, 201, 204, 210]
    assert transcript.turns[0].text.endswith("[MAAND].")
    assert transcript.turns[1].events[0].kind is EventKind.OVERLAP
    assert transcript.turns[3].text == "... drie kinderen toch?"
    assert transcript.turns[4].speaker is None
    assert any("beurt 5" in warning for warning in transcript.warnings)


def test_two_of_one_name_with_different_functions_stay_two(tmp_path: Path) -> None:
    transcript = read(tmp_path, "Anna (SW): Hoi.\nAnna (KM): Dag.\nAnna (SW): Ja.\nAnna (KM): Nee.\n")
    assert [turn.speaker for turn in transcript.turns] == ["Anna", "Anna (KM)", "Anna", "Anna (KM)"]
    assert [speaker.functie for speaker in transcript.speakers] == ["sociaal_werker", "klantmanager"]


def test_speech_with_a_colon_does_not_become_a_speaker(tmp_path: Path) -> None:
    transcript = read(
        tmp_path,
        "Ger: Hoi.\nFatima: Goedemorgen.\nKijk: zo zit dat.\nNou kijk: het kan niet.\nGer: Dus: we gaan door.\n"
        "En dan nog dit: nee.\nKijk: echt.\nFatima: Nee.\n",
    )
    assert [speaker.label for speaker in transcript.speakers] == ["Ger", "Fatima"]
    assert transcript.turns[1].text == "Goedemorgen. Kijk: zo zit dat. Nou kijk: het kan niet."
    assert [speaker.name for speaker in transcript.speakers] == ["Ger", "Fatima"]


def test_initials_that_are_also_an_interjection_are_a_speaker_when_they_come_back(tmp_path: Path) -> None:
    lines = [
        "GL: Zitten we allemaal?",
        "MM: Ik kan niet te laat weg.",
        "GL: Goed.",
        "MM: Om vijf uur.",
        "GL: Hm.",
        "MM: Echt.",
    ]
    transcript = read(tmp_path, "\n".join(lines))
    assert [turn.speaker for turn in transcript.turns] == ["GL", "MM", "GL", "MM", "GL", "MM"]


def test_a_name_that_occurs_once_is_a_speaker_only_among_labelled_lines(tmp_path: Path) -> None:
    dense = read(tmp_path, "Ger: Hoi.\nFatima: Dag.\nGer: Ja.\nFatima: Nee.\nBas: Ook hoi.\n")
    assert dense.turns[-1].speaker == "Bas"
    sparse = read(
        tmp_path,
        "Ger: Hoi.\n\nDit is een lange alinea.\n\nEn nog een.\n\nFatima: Dag.\n\nWeer een alinea.\n\nOpvallend: "
        "dit.\n\n"
        "Ger: Ja.\n\nFatima: Nee.\n",
    )
    assert "Opvallend" not in {speaker.label for speaker in sparse.speakers}
    assert any("begint als een spreker" in warning for warning in sparse.warnings)


def test_the_title_block_goes_to_the_header_and_gives_names(tmp_path: Path) -> None:
    transcript = read(
        tmp_path,
        "Casuïstiekbespreking 3\nDatum: 12 maart 2019\nPlaats: Helmond\n"
        "Aanwezig: Anna de Wit (klantmanager), Bas Smit en mevr. Jansen\nInterviewer: Piet Bakker\n\n"
        "[i] Kunt u vertellen\nhoe dat ging?\n\n[r1] Nou kijk: dat zit zo.\nKortom: het liep mis.\n\n[r2] "
        "Ja.\n\nEinde opname\n",
    )
    assert spoken(transcript) == [
        ("i", "Kunt u vertellen hoe dat ging?"),
        ("r1", "Nou kijk: dat zit zo. Kortom: het liep mis."),
        ("r2", "Ja."),
    ]
    assert transcript.header[:2] == ("Casuïstiekbespreking 3", "Datum: 12 maart 2019")
    assert transcript.header[-1] == "Einde opname"
    assert transcript.known_names == ("Anna de Wit", "Bas Smit", "Jansen", "Piet Bakker")
    assert transcript.speakers[0].functie == "onderzoeker"


def test_a_legend_in_the_title_block_names_the_speakers(tmp_path: Path) -> None:
    transcript = read(
        tmp_path, "KM1 = Anna de Wit, klantmanager\nR2 = Bas Smit (wijkteam)\n\nKM1: Hoi\nR2: Dag\nKM1: Ja\n"
    )
    assert [(speaker.name, speaker.functie) for speaker in transcript.speakers] == [
        ("Anna de Wit", "klantmanager"),
        ("Bas Smit", "sociaal_werker"),
    ]
    assert transcript.known_names == ()


STAMPED = {
    "brackets": "[00:12:31] KM1: hoi\n[00:12:40] SW1: dag\n",
    "bare": "00:12:31 KM1: hoi\n00:12:40 SW1: dag\n",
    "round, minutes and seconds with a dot": "(12.31) KM1: hoi\n(12.40) SW1: dag\n",
    "hashes with tenths": "#00:12:31-0# KM1: hoi\n#00:12:40-0# SW1: dag\n",
    "after the label": "KM1 [00:12:31]: hoi\nSW1 [00:12:40]: dag\n",
    "on its own line": "00:12:31\nKM1: hoi\n00:12:40\nSW1: dag\n",
    "with the label on a line above": "KM1 12:31\nhoi\nSW1 12:40\ndag\n",
    "before the label on a line above": "00:12:31 Spreker 1\nhoi\n00:12:40 Spreker 2\ndag\n",
    "spans": "[00:12:31 - 00:12:33] KM1: hoi\n[00:12:40 - 00:12:41] SW1: dag\n",
    "minutes and seconds in brackets": "[12:31] KM1: hoi\n[12:40] SW1: dag\n",
    "dots": "[00.12.31] KM1: hoi\n[00.12.40] SW1: dag\n",
}


@pytest.mark.parametrize("text", STAMPED.values(), ids=STAMPED)
def test_every_shape_of_time_stamp_is_read(tmp_path: Path, text: str) -> None:
    transcript = read(tmp_path, text)
    assert [turn.start for turn in transcript.turns] == [751, 760]
    assert [turn.text for turn in transcript.turns] == ["hoi", "dag"]
    assert all(turn.speaker for turn in transcript.turns)


def test_stamps_at_the_end_of_turns_are_ends(tmp_path: Path) -> None:
    transcript = read(
        tmp_path, "I: Hoe gaat het? #00:00:12-5#\n\nB: Goed hoor. #00:00:15-1#\n\nI: Fijn. #00:00:20-0#\n"
    )
    assert [(turn.start, turn.end) for turn in transcript.turns] == [(None, 12.5), (12.5, 15.1), (15.1, 20.0)]
    assert [turn.text for turn in transcript.turns] == ["Hoe gaat het?", "Goed hoor.", "Fijn."]


def test_a_time_of_day_that_is_said_stays_in_the_words(tmp_path: Path) -> None:
    transcript = read(tmp_path, "(12.31) KM1: Hallo\n(12.40) SW1: Dag\n12:50 uur was het toen.\n(13.02) KM1: Ja\n")
    assert transcript.turns[1].text == "Dag 12:50 uur was het toen."


LABELLED = {
    "tab": "SP1:\tGoed.\nSP2:\tJa.\n\tNou kijk: ik denk.\nSP1:\tOké.\n",
    "own line": "KM1:\nGoed.\n\nSW1:\nJa.\nNou kijk: ik denk.\n\nKM1:\nOké.\n",
    "brackets": "[i] Goed.\n[r] Ja.\nNou kijk: ik denk.\n[i] Oké.\n",
    "dash": "KM1 – Goed.\nSW1 – Ja.\nNou kijk: ik denk.\nKM1 – Oké.\n",
    "windows line ends and hard spaces": "KM1:\u00a0 Goed.\r\nSW1:\u00a0Ja.\r\nNou kijk: ik denk.\r\nKM1: Oké.\r\n",
    "printed line numbers": "1  KM1: Goed.\n2  SW1: Ja.\n3  Nou kijk: ik\n4  denk.\n5  KM1: Oké.\n",
    "role words": "Klantmanager: Goed.\nSociaal werker 1: Ja.\nNou kijk: ik denk.\nKlantmanager: Oké.\n",
    "names with prefixes": "Anna de Wit: Goed.\nDe heer Van 't Hof: Ja.\nNou kijk: ik denk.\nAnna de Wit: "
    "Oké.\nDe heer Van 't Hof:\n",
}


@pytest.mark.parametrize("text", LABELLED.values(), ids=LABELLED)
def test_every_shape_of_label_is_read(tmp_path: Path, text: str) -> None:
    transcript = read(tmp_path, text)
    assert [turn.text for turn in transcript.turns] == ["Goed.", "Ja. Nou kijk: ik denk.", "Oké."]
    assert len(transcript.speakers) == 2
    assert transcript.turns[0].speaker == transcript.turns[2].speaker


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "utf-32"])
def test_every_usual_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    transcript = read(tmp_path, "KM1: Café, “één” coördinator\nSW1: ja\n", encoding=encoding)
    assert transcript.turns[0].text == "Café, “één” coördinator"


def test_two_encodings_in_one_file_are_both_read_and_reported(tmp_path: Path) -> None:
    path = tmp_path / "g.txt"
    path.write_bytes("KM1: café\n".encode() + "SW1: één\n".encode("cp1252"))
    transcript = read_transcript(path)
    assert [turn.text for turn in transcript.turns] == ["café", "één"]
    assert "tekencoderingen" in transcript.warnings[0]


def test_page_numbers_and_running_heads_go_to_the_header(tmp_path: Path) -> None:
    transcript = read(
        tmp_path,
        "KM1: Hallo.\n\nPagina 1 van 2\nVertrouwelijk\n\nSW1: Dag\nallemaal.\n\nPagina 2 van "
        "2\nVertrouwelijk\n\nKM1: Ja.\n",
    )
    assert [turn.text for turn in transcript.turns] == ["Hallo.", "Dag allemaal.", "Ja."]
    assert transcript.header == ("Pagina 1 van 2", "Vertrouwelijk", "Pagina 2 van 2", "Vertrouwelijk")


def test_atrain_text_keeps_unknown_speakers_unknown(tmp_path: Path) -> None:
    transcript = read(
        tmp_path,
        "Transcription for opname.mp3\n\nSPEAKER_00\n[00:00:00] - Goedemorgen allemaal.\n[00:00:04] - We beginnen.\n\n"
        "SPEAKER_01\n[00:00:09] - Ja hoor.\n\nSpeaker undefined\n[00:00:12] - Wie zei dat?\n",
    )
    assert spoken(transcript) == [
        ("SPEAKER_00", "Goedemorgen allemaal. We beginnen."),
        ("SPEAKER_01", "Ja hoor."),
        (None, "Wie zei dat?"),
    ]
    assert [turn.start for turn in transcript.turns] == [0, 9, 12]


def test_noscribe_pauses_and_overlaps_become_events_and_turns(tmp_path: Path) -> None:
    transcript = read(
        tmp_path,
        "S00: Dus wat denk jij (..) daarvan? //S01: ja // Want ik twijfel. [00:01:00] Echt.\n"
        "S01: Ik ook (12 seconds pause) eigenlijk.\nS00: Goed.\n",
    )
    assert spoken(transcript) == [
        ("S00", "Dus wat denk jij daarvan?"),
        ("S01", "ja"),
        ("S00", "Want ik twijfel. Echt."),
        ("S01", "Ik ook eigenlijk."),
        ("S00", "Goed."),
    ]
    assert transcript.turns[0].events[0].kind is EventKind.PAUZE


def test_a_backchannel_and_a_turn_of_only_laughter_stay_turns(tmp_path: Path) -> None:
    transcript = read(tmp_path, "KM1: Dus dat is zo.\nSW1: hm\nAllen: (gelach)\nKM1: Goed.\n")
    assert spoken(transcript) == [("KM1", "Dus dat is zo."), ("SW1", "hm"), ("Allen", ""), ("KM1", "Goed.")]
    assert transcript.turns[2].events[0].kind is EventKind.LACHEN


def test_a_text_without_labels_gives_turns_of_nobody(tmp_path: Path) -> None:
    transcript = read(tmp_path, "Dit is gewoon tekst.\nNog een regel.\n")
    assert spoken(transcript) == [(None, "Dit is gewoon tekst."), (None, "Nog een regel.")]
    assert "geen enkele spreker" in transcript.warnings[0]


def test_a_paragraph_without_label_is_joined_and_reported(tmp_path: Path) -> None:
    transcript = read(tmp_path, "KM1: Een.\n\nTwee zonder label.\n\nSW1: Drie.\n\nKM1: Vier.\n")
    assert transcript.turns[0].text == "Een. Twee zonder label."
    assert any("regel 3" in warning for warning in transcript.warnings)


def test_a_plenary_debate_gives_names_and_keeps_headings(tmp_path: Path) -> None:
    transcript = read(
        tmp_path,
        " #TEXT\n\n  Anna de Wit, namens de X-Fractie. – (DE) Voorzitter, dit is een punt – zeg ik.\n\nNog een "
        "alinea.\n\n #TEXT\n\n"
        "  Bas Smit (Y). − (FR) Ik ook.\n\n #TEXT\n\n  Anna de Wit, rapporteur. - (DE) Dank.\n",
    )
    assert transcript.format == "europarl"
    assert spoken(transcript) == [
        ("Anna de Wit", "Voorzitter, dit is een punt – zeg ik. Nog een alinea."),
        ("Bas Smit", "Ik ook."),
        ("Anna de Wit", "Dank."),
    ]


@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared")
def test_the_debate_on_coal_has_36_contributions_of_34_members() -> None:
    transcript = read_transcript(SHARED / "europarl" / "steenkool-debat-nl.txt")
    # counted by hand in the file: 36 headings; Rapkay and Almunia have two each
    assert (transcript.format, len(transcript.turns), len(transcript.speakers)) == ("europarl", 36, 34)
    assert all(turn.speaker for turn in transcript.turns)
    assert not any(turn.text.startswith("(") or "#TEXT" in turn.text for turn in transcript.turns)
