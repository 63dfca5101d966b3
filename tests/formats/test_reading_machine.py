"""Subtitles and recogniser output: voices, merging, rolling captions, confidence. All texts are invented."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.domain.errors import InputError
from pipeline.formats.reading import read_transcript
from pipeline.formats.turns import MERGE_GAP

if TYPE_CHECKING:
    from pipeline.domain.transcript import Transcript

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def read(folder: Path, name: str, content: str | Any) -> Transcript:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return read_transcript(path)


def spoken(transcript: Transcript) -> list[tuple[str | None, str]]:
    return [(turn.speaker, turn.text) for turn in transcript.turns]


def test_teams_voices_are_merged_per_speaker_within_the_gap(tmp_path: Path) -> None:
    transcript = read(
        tmp_path,
        "a.vtt",
        "WEBVTT\n\nNOTE Gemaakt door Teams\n\nd3a5-1\n00:00:03.400 --> 00:00:05.900\n<v Anna de Wit>Goedemorgen "
        "&amp; welkom</v>\n\n"
        "d3a5-2\n00:00:06.000 --> 00:00:07.900\n<v Anna de Wit>allemaal. (lacht)</v>\n\n"
        "7\n0:9.4 --> 0:12.9\n<v.loud Spreker 3>Ze heeft nu een ontheffing tot eh\n\n"
        f"00:00:{12.9 + MERGE_GAP + 0.1:06.3f} --> 00:00:31.000\n<v Spreker 3>Daarna weer.\n<v Anna de Wit>Ja</v>\n",
    )
    assert transcript.format == "webvtt"
    assert spoken(transcript) == [
        ("Anna de Wit", "Goedemorgen & welkom allemaal."),
        ("Spreker 3", "Ze heeft nu een ontheffing tot eh"),
        ("Spreker 3", "Daarna weer."),
        ("Anna de Wit", "Ja"),
    ]
    assert (transcript.turns[0].start, transcript.turns[0].end) == (3.4, 7.9)
    assert transcript.turns[1].start == pytest.approx(9.4)
    assert [speaker.name for speaker in transcript.speakers] == ["Anna de Wit", None]
    assert transcript.header == ("NOTE Gemaakt door Teams",)


def test_cues_of_nobody_are_not_glued_into_one(tmp_path: Path) -> None:
    transcript = read(
        tmp_path, "a.srt", "1\n00:00:01,000 --> 00:00:02,000\neen\n\n2\n00:00:02,000 --> 00:00:03,000\ntwee\n"
    )
    assert spoken(transcript) == [(None, "een"), (None, "twee")]


def test_names_at_the_start_of_cues_are_speakers(tmp_path: Path) -> None:
    cues = ["Anna: Hallo <i>daar</i>", "hoe gaat het?", "Bas: goed", "Bas: en met jou?", "Anna: Nou kijk: prima"]
    text = "\n".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{cue}\n" for n, cue in enumerate(cues, start=1))
    assert spoken(read(tmp_path, "a.srt", text)) == [
        ("Anna", "Hallo daar"),
        (None, "hoe gaat het?"),
        ("Bas", "goed en met jou?"),
        ("Anna", "Nou kijk: prima"),
    ]


def test_names_only_at_changes_of_speaker_carry_on(tmp_path: Path) -> None:
    cues = ["Anna: Hallo", "hoe gaat het?", "Bas: goed", "Anna: Fijn", "echt", "Bas: ja"]
    text = "\n".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{cue}\n" for n, cue in enumerate(cues, start=1))
    transcript = read(tmp_path, "a.srt", text)
    assert spoken(transcript) == [
        ("Anna", "Hallo hoe gaat het?"),
        ("Bas", "goed"),
        ("Anna", "Fijn echt"),
        ("Bas", "ja"),
    ]
    assert any("wissel" in warning for warning in transcript.warnings)


def test_rolling_captions_are_read_once(tmp_path: Path) -> None:
    transcript = read(
        tmp_path,
        "a.vtt",
        "WEBVTT\nKind: captions\n\n00:00:00.000 --> 00:00:02.000 align:start\n \nik<00:00:00.500><c> ga</c>\n\n"
        "00:00:02.000 --> 00:00:02.010\nik ga\n \n\n00:00:02.010 --> 00:00:04.000\nik ga\nnaar<00:00:03.000><c> "
        "huis</c>\n\n"
        "00:00:04.000 --> 00:00:06.000\nnaar huis\nvandaag\n",
    )
    assert [turn.text for turn in transcript.turns] == ["ik ga", "naar huis", "vandaag"]


def test_a_repeated_backchannel_is_no_rolling_caption(tmp_path: Path) -> None:
    text = (
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<v A1>ja\n\n00:02.000 --> 00:03.000\n<v B2>ja\n\n00:03.000 --> "
        "00:04.000\n<v A1>ja\n"
    )
    assert spoken(read(tmp_path, "a.vtt", text)) == [("A1", "ja"), ("B2", "ja"), ("A1", "ja")]


def test_empty_voices_and_stamp_only_cues_of_noscribe_do_no_harm(tmp_path: Path) -> None:
    text = (
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<v >[00:01:00]\n\n00:02.000 --> 00:03.000\n<v S01>"
        "hoi\n\n00:03.000 --> 00:04.000\n<v >wie?\n"
    )
    assert spoken(read(tmp_path, "a.vtt", text)) == [("S01", "hoi"), (None, "wie?")]


def word(text: str, key: str = "word", **rest: object) -> dict[str, object]:
    return {key: text, **rest}


@pytest.mark.parametrize("score", ["confidence", "probability", "score"])
@pytest.mark.parametrize("key", ["word", "text"])
def test_confidence_is_read_under_every_name(tmp_path: Path, key: str, score: str) -> None:
    words = [word("Hoi", key, **{score: 0.4}), word("daar", key, **{score: 0.2})]
    transcript = read(tmp_path, "a.json", {"segments": [{"start": 0, "end": 1, "text": "Hoi daar", "words": words}]})
    assert transcript.turns[0].confidence == pytest.approx(0.3)
    assert any("Weinig zekerheid" in warning for warning in transcript.warnings)


def test_segments_without_speakers_stay_one_turn_each(tmp_path: Path) -> None:
    segments = [{"start": n, "end": n + 1, "text": f" Zin {n}."} for n in range(3)]
    assert spoken(read(tmp_path, "a.json", segments)) == [(None, "Zin 0."), (None, "Zin 1."), (None, "Zin 2.")]


def test_segments_of_one_speaker_are_merged_and_words_of_another_split_off(tmp_path: Path) -> None:
    first, second = "SPEAKER_00", "SPEAKER_01"
    segments = [
        {"start": 0, "end": 2, "text": " Hallo daar.", "speaker": first},
        {
            "start": 2.1,
            "end": 5,
            "text": " Ja hoor 3 nee toch.",
            "speaker": first,
            "words": [
                word("Ja", start=2.1, end=2.2, score=0.9, speaker=first),
                word("hoor", start=2.3, end=2.5, score=0.9, speaker=first),
                word("3"),
                word("nee", start=3, end=3.2, score=0.8, speaker=second),
                word("toch.", start=3.3, end=5, score=0.8, speaker=second),
            ],
        },
        {"text": "Zonder spreker."},
    ]
    transcript = read(tmp_path, "a.json", {"segments": segments})
    assert spoken(transcript) == [(first, "Hallo daar. Ja hoor 3"), (second, "nee toch."), (None, "Zonder spreker.")]
    assert (transcript.turns[1].start, transcript.turns[1].end) == (3, 5)
    assert transcript.turns[2].start is None


def test_words_that_are_not_the_text_never_replace_it(tmp_path: Path) -> None:
    words = [word("Hallo", speaker="A1"), word("jij", speaker="B2")]
    transcript = read(tmp_path, "a.json", [{"text": "Hallo daar jij", "speaker": "A1", "words": words}])
    assert spoken(transcript) == [("A1", "Hallo daar jij")]


def test_whisper_cpp_times_are_thousandths(tmp_path: Path) -> None:
    data = {"transcription": [{"timestamps": {}, "offsets": {"from": 500, "to": 2500}, "text": " Hoi."}]}
    turn = read(tmp_path, "a.json", data).turns[0]
    assert (turn.start, turn.end) == (0.5, 2.5)


def test_silence_phrases_and_loops_are_reported_and_never_deleted(tmp_path: Path) -> None:
    texts = [
        "Goed.",
        "Ondertiteld door de Amara.org gemeenschap",
        "en dan gaan we",
        "en dan gaan we",
        "en dan gaan we",
        "ja",
        "ja",
    ]
    transcript = read(tmp_path, "a.json", [{"text": text} for text in texts])
    assert [turn.text for turn in transcript.turns] == texts
    assert any("verzonnen" in warning and "beurt 2." in warning for warning in transcript.warnings)
    assert any("herhaalt" in warning and "beurt 3, 4, 5." in warning for warning in transcript.warnings)


def test_impossible_times_and_scores_are_left_out(tmp_path: Path) -> None:
    text = (
        '[{"start": NaN, "end": 1e999, "text": "hoi"}, {"start": -5, "end": true, "text": "dag", "words": '
        '[{"word": "dag", "score": 7}]}]'
    )
    transcript = read(tmp_path, "a.json", text)
    assert all(turn.start is None and turn.end is None and turn.confidence is None for turn in transcript.turns)


def test_lone_surrogates_from_json_do_not_reach_the_words(tmp_path: Path) -> None:
    transcript = read(tmp_path, "a.json", '[{"text": "hoi \\ud800 daar", "speaker": "A\\udfff1"}]')
    assert transcript.turns[0].text.encode() == b"hoi daar"
    assert transcript.speakers[0].label.encode() == b"A1"


@pytest.mark.parametrize(
    "content", ['{"a": 1}', "[]", "{}", '{"segments": []}', '{"segments": [1, 2]}', "[1", '{"segments": [{"text"']
)
def test_json_that_is_no_transcript_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(InputError, match="JSON"):
        read(tmp_path, "a.json", content)


@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared")
@pytest.mark.parametrize(("name", "turns"), [("small", 1), ("transcript-news", 31), ("transcript-noisy", 117)])
def test_real_recogniser_files_come_through_whole(name: str, turns: int) -> None:
    path = SHARED / "whisper" / f"whisper-{name}.json"
    transcript = read_transcript(path)
    segments = json.loads(path.read_text(encoding="utf-8"))["segments"]
    assert len(transcript.turns) == turns == len(segments)
    assert [turn.text for turn in transcript.turns] == [" ".join(segment["text"].split()) for segment in segments]
    assert transcript.speakers == ()
    for turn, segment in zip(transcript.turns, segments, strict=True):
        scores = [found["confidence"] for found in segment["words"]]
        assert turn.confidence == pytest.approx(sum(scores) / len(scores))
