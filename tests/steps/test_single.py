"""The verbs for one file without a study: convert, mask, label, agreement."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.codebook import Dimension, DimensionKind, Label
from pipeline.domain.coding import Prediction
from pipeline.domain.errors import InputError
from pipeline.domain.pseudonym import Utterance
from pipeline.domain.transcript import Speaker, Transcript, Turn
from pipeline.formats.codebook import read_codebook
from pipeline.steps.label import delivered_places, labels_of
from pipeline.steps.single import Door, Shelf, check_out, deliver
from pipeline.tagging.heads import Head
from pipeline.unitise.utterances import unitise
from tests.world import NAMES, ROSTER, TALKS, typed

REPOSITORY = Path(__file__).parents[2]
SHELF = Shelf.of(REPOSITORY)
DOCUMENT = (REPOSITORY / "docs" / "velden.md").read_text(encoding="utf-8")
TABLE = (
    "tijd,spreker,functie,tekst\n"
    '00:00:05,Ilse,klantmanager,"Goed, wie brengt er in? [lacht]"\n'
    "62,SW1,Sociaal werker,Tjitske Wiersma woont sinds mei in Stadskanaal.\n"
    ",Ilse,klantmanager,Hm.\n"
)


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAAMWERK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("RAAMWERK_ROOT", raising=False)
    Path("gesprek.csv").write_text(TABLE, encoding="utf-8")


def rows(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def documented(verb: str, row: object) -> None:
    """Every field of an object, at any depth, stands in the section of its verb in docs/velden.md."""
    section = DOCUMENT.split(f"## `raamwerk {verb}`")[1].split("\n## ")[0]
    assert isinstance(row, dict)
    for field, value in row.items():
        assert f"`{field}`" in section, (verb, field)
        if isinstance(value, list) and value and isinstance(value[0], dict):
            documented(verb, value[0])


# convert


def test_a_table_of_time_speaker_function_and_text_becomes_lines_of_turns() -> None:
    shown = typed("convert", "gesprek.csv")
    assert shown.exit_code == 0
    found = rows(shown.stdout)
    documented("convert", found[0])
    assert found == [
        {
            "turn": 1,
            "speaker": "Ilse",
            "role": "klantmanager",
            "start": 5.0,
            "end": None,
            "text": "Goed, wie brengt er in?",
            "events": [{"kind": "lachen", "at": 23, "mark": "[lacht]"}],
        },
        {
            "turn": 2,
            "speaker": "SW1",
            "role": "sociaal_werker",
            "start": 62.0,
            "end": None,
            "text": "Tjitske Wiersma woont sinds mei in Stadskanaal.",
            "events": [],
        },
        {
            "turn": 3,
            "speaker": "Ilse",
            "role": "klantmanager",
            "start": None,
            "end": None,
            "text": "Hm.",
            "events": [],
        },
    ]


def test_a_file_holds_the_same_lines_as_the_screen_and_nothing_else_is_left_behind() -> None:
    before = set(Path().iterdir())
    shown = typed("convert", "gesprek.csv", "--out", "nieuw/beurten.jsonl")
    assert shown.exit_code == 0
    assert shown.stdout == ""
    assert Path("nieuw/beurten.jsonl").read_text(encoding="utf-8") == typed("convert", "gesprek.csv").stdout
    assert set(Path().iterdir()) - before == {Path("nieuw")}
    assert list(Path("nieuw").iterdir()) == [Path("nieuw/beurten.jsonl")]


def test_a_file_with_names_is_for_its_owner_alone() -> None:
    typed("convert", "gesprek.csv", "--out", "beurten.jsonl")
    if os.name == "posix":
        assert Path("beurten.jsonl").stat().st_mode & 0o077 == 0


def test_a_transcript_is_never_written_over() -> None:
    shown = typed("convert", "gesprek.csv", "--out", "./gesprek.csv")
    assert shown.exit_code == 2
    assert "overschreven" in shown.stderr
    assert Path("gesprek.csv").read_text(encoding="utf-8") == TABLE


def test_what_cannot_be_read_is_told_and_leaves_no_file() -> None:
    Path("leeg.txt").write_bytes(b"")
    shown = typed("convert", "leeg.txt", "--out", "uit.jsonl")
    assert shown.exit_code == 2
    assert "leeg.txt: het bestand is leeg" in shown.stderr
    assert not Path("uit.jsonl").exists()


def test_a_place_that_cannot_be_written_is_told() -> None:
    Path("bestand").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="kan niet worden geschreven"):
        deliver([{"turn": 1}], Path("bestand/uit.jsonl"))
    with pytest.raises(InputError, match="dit is een map"):
        check_out(Path(), [])


def test_half_a_surrogate_pair_does_not_stop_the_writing() -> None:
    deliver([{"text": "a\ud800b é"}], Path("uit.jsonl"))
    assert rows(Path("uit.jsonl").read_text(encoding="utf-8")) == [{"text": "a?b é"}]


@pytest.mark.skipif(os.name != "posix", reason="a pipe that closes early is told differently elsewhere")
def test_a_reader_that_stops_early_is_no_error() -> None:
    lines = "".join(f"{second},A,,{'woord ' * 50}\n" for second in range(3000))
    Path("lang.csv").write_text("tijd,spreker,functie,tekst\n" + lines, encoding="utf-8")
    command = f"'{sys.executable}' -m pipeline convert lang.csv | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    first, status = done.stdout.splitlines()
    assert json.loads(first)["turn"] == 1
    assert status == "0"
    assert done.stderr.splitlines() == ["lang.csv: beurten 3000"]


# mask


def test_the_places_of_names_hold_in_the_text_that_convert_gives() -> None:
    Path("een.txt").write_text(TALKS["een"], encoding="utf-8")
    Path("deelnemers.csv").write_text(ROSTER, encoding="utf-8")
    shown = typed("mask", "een.txt", "--roster", "deelnemers.csv")
    assert shown.exit_code == 0
    assert not [name for name in NAMES if name in shown.output]
    turns = rows(typed("convert", "een.txt").stdout)
    found = rows(shown.stdout)
    assert [row["turn"] for row in found] == [row["turn"] for row in turns] == list(range(1, 8))
    documented("mask", found[1])
    hidden = []
    for row, turn in zip(found, turns, strict=True):
        for span in row["spans"]:  # type: ignore[attr-defined]
            assert span["pseudonym"].startswith(f"{span['kind']}_")
            hidden.append((turn["text"][span["start"] : span["end"]], span["kind"]))  # type: ignore[index]
    assert ("Kowalczyk", "CLIENT") in hidden
    assert ("Tjitske Wiersma", "PROF_SW") in hidden
    assert found[0]["spans"] == []


def test_a_plain_list_of_names_finds_a_name_that_is_an_ordinary_word_too() -> None:
    Path("gek.csv").write_text("spreker,tekst\nA,ik sprak gister nog met winkel over die brief\n", encoding="utf-8")
    Path("namen.txt").write_text("Piet Winkel\n", encoding="utf-8")
    assert rows(typed("mask", "gek.csv").stdout)[0]["spans"] == []
    ((span,),) = [row["spans"] for row in rows(typed("mask", "gek.csv", "--roster", "namen.txt").stdout)]  # type: ignore[misc]
    assert (span["start"], span["end"], span["kind"]) == (24, 30, "PERSOON")


def test_a_listed_name_of_a_speaker_keeps_the_pseudonym_of_the_speaker() -> None:
    Path("namen.txt").write_text("Ilse\n", encoding="utf-8")
    Path("g.csv").write_text("spreker,functie,tekst\nIlse,klantmanager,Ja\nB,,En Ilse dan?\n", encoding="utf-8")
    found = rows(typed("mask", "g.csv", "--roster", "namen.txt").stdout)
    assert [span["kind"] for span in found[1]["spans"]] == ["PROF_KM"]  # type: ignore[attr-defined]


def test_numbers_of_placeholders_tell_nothing_so_another_run_has_others() -> None:
    runs = {typed("mask", "gesprek.csv").stdout for _ in range(3)}
    assert len(runs) == 3


# label

LONG = " ".join(["dit is een zin van precies acht woorden hoor."] * 7 + ["Daarna belt Tjitske Wiersma weer op."])


def test_the_delivered_words_of_a_unit_are_found_back_though_a_cut_falls_in_a_name() -> None:
    text = f"{LONG}  Slot. "
    inside = text.index("Wiersma") + 3
    transcript = Transcript("csv", (Turn(1, "A", text), Turn(2, None, "")), (Speaker("A"),))
    cuts = ((64, inside, text.index("Slot")), ())
    outcome = Door(SHELF.lists).pseudonymise(transcript, cuts)
    units = unitise(outcome.transcript).utterances
    places = list(delivered_places(transcript, cuts, outcome))
    assert len(places) == len(units) == 5
    for unit, (start, end) in zip(units, places, strict=True):
        words = transcript.turns[unit.turn - 1].text[start:end]
        for span in reversed(outcome.spans[unit.turn - 1]):
            if start <= span.start and span.end <= end:
                words = words[: span.start - start] + f"[{span.pseudonym}]" + words[span.end - start :]
        assert words == unit.text
    assert "Wiersma" in text[slice(*places[1])]


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="ab .\n", max_size=30), st.sets(st.integers(1, 29)))
def test_the_delivered_words_of_all_units_are_the_words_of_the_turn(text: str, wished: set[int]) -> None:
    cuts = (tuple(sorted(at for at in wished if at < len(text))),)
    transcript = Transcript("csv", (Turn(1, None, text),), ())
    outcome = _OPEN_DOOR.pseudonymise(transcript, cuts)
    places = list(delivered_places(transcript, cuts, outcome))
    assert len(places) == len(unitise(outcome.transcript).utterances)
    assert "".join("".join(text[slice(*place)] for place in places).split()) == "".join(text.split())


_OPEN_DOOR = Door(SHELF.lists)


def _dimension(name: str, kind: DimensionKind, labels: str, **more: object) -> Dimension:
    return Dimension(name, name, "?", kind, tuple(Label(one, one, "") for one in labels.split()), **more)  # type: ignore[arg-type]


def test_a_unit_has_what_the_model_says_and_a_minimal_one_what_the_rule_says() -> None:
    dimensions = [
        _dimension("frame", DimensionKind.SINGLE, "beleid geen_frame", none_label="geen_frame"),
        _dimension("sr", DimensionKind.MULTI, "brug zelf"),
        _dimension("niveau", DimensionKind.ORDINAL, "0 1", none_label="0"),
        _dimension("bijdrage", DimensionKind.SINGLE, "duiding minimaal", automatic=("minimaal",)),
        _dimension("kleur", DimensionKind.SINGLE, "rood blauw"),
    ]
    units = [
        Utterance("s.0001.01", "s", 1, 1, None, "Dat is beleid.", None, None, minimal=False),
        Utterance("s.0002.01", "s", 2, 1, None, "Hm.", None, None, minimal=True),
    ]
    said = {
        "frame": (("beleid",), (("beleid", 0.81234567), ("geen_frame", 0.18765433))),
        "sr": (("brug", "zelf"), (("brug", 0.9), ("zelf", 0.6))),
        "niveau": (("1",), (("0", 0.25), ("1", 0.75))),
        "bijdrage": (("duiding",), (("duiding", 1.0),)),
        "kleur": (("rood",), (("rood", 0.5), ("blauw", 0.5))),
    }
    predictions = [
        Prediction("s.0001.01", "x", name, labels, chances, "m", "c") for name, (labels, chances) in said.items()
    ]
    doubt = {"niveau": 0.8, "sr": 0.6}
    asked = [(one, Head(one.id, one.kind, one.choices, sure_from=doubt.get(one.id, 0.0))) for one in dimensions]
    by_model, by_rule = labels_of(units, predictions, asked)
    unsure = {name: (one.pop("unsure"), by_rule[name].pop("unsure")) for name, one in by_model.items()}  # type: ignore[attr-defined]
    assert unsure == {**dict.fromkeys(said, (False, False)), "niveau": (True, False)}
    assert by_model == {
        "frame": {"label": "beleid", "probabilities": {"beleid": 0.812346, "geen_frame": 0.187654}},
        "sr": {"label": ["brug", "zelf"], "probabilities": {"brug": 0.9, "zelf": 0.6}},
        "niveau": {"label": "1", "probabilities": {"0": 0.25, "1": 0.75}},
        "bijdrage": {"label": "duiding", "probabilities": {"duiding": 1.0}},
        "kleur": {"label": "rood", "probabilities": {"rood": 0.5, "blauw": 0.5}},
    }
    assert by_rule == {
        "frame": {"label": "geen_frame", "probabilities": {"beleid": 0.0, "geen_frame": 1.0}},
        "sr": {"label": [], "probabilities": {"brug": 0.0, "zelf": 0.0}},
        "niveau": {"label": "0", "probabilities": {"0": 1.0, "1": 0.0}},
        "bijdrage": {"label": "minimaal", "probabilities": {"duiding": 0.0, "minimaal": 1.0}},
        "kleur": {"label": None, "probabilities": {"rood": 0.0, "blauw": 0.0}},
    }


def test_without_a_model_for_the_codebook_the_cure_is_told() -> None:
    own = Path(shutil.copytree(REPOSITORY / "corpora" / "codebook" / "beelden", "codeboek"))
    told = (own / "codebook.yaml").read_text(encoding="utf-8")
    (own / "codebook.yaml").write_text(told.replace("id: beelden", "id: eigen"), encoding="utf-8")
    shown = typed("label", "gesprek.csv", "--codebook", "codeboek", "--out", "uit.jsonl")
    assert shown.exit_code == 2
    assert "voor codeboek 'eigen' is geen model meegeleverd" in shown.stderr
    assert not Path("uit.jsonl").exists()


def test_a_codebook_or_model_that_is_not_there_is_told() -> None:
    assert "dit codeboek is er niet" in typed("label", "gesprek.csv", "--codebook", "casuistik").stderr
    assert "dit codeboek is er niet" in typed("label", "gesprek.csv", "--codebook", "elders/casuistiek").stderr
    assert "hier staat geen tagger" in typed("label", "gesprek.csv", "--model", "nergens").stderr


def test_when_no_file_can_be_read_nothing_is_written() -> None:
    shown = typed("label", "nergens.csv", "ook-niet.csv", "--out", "uit.jsonl")
    assert shown.exit_code == 2
    assert shown.stderr.count("het bestand bestaat niet") == 2
    assert not Path("uit.jsonl").exists()


@pytest.mark.slow
def test_the_shipped_model_codes_every_unit_of_several_files_and_a_bad_one_does_not_stop_it() -> None:
    Path("lang.csv").write_text(f'spreker,functie,tekst\nSW1,sociaal werker,"{LONG} {LONG}"\n', encoding="utf-8")
    Path("map").mkdir()
    Path("map/gesprek.csv").write_text(TABLE, encoding="utf-8")
    Path("kort.csv").write_text("spreker,tekst\nA,toen kwam kwispel ook nog eens langs met de hond\n", encoding="utf-8")
    Path("namen.txt").write_text("Kwispel Zomerdorst\n", encoding="utf-8")
    files = ("gesprek.csv", "nergens.csv", "lang.csv", "kort.csv", "map/gesprek.csv")
    shown = typed("label", *files, "--roster", "namen.txt", "--out", "uit.jsonl")
    assert shown.exit_code == 1, shown.output
    assert "kwispel" not in Path("uit.jsonl").read_text(encoding="utf-8")
    assert not [name for name in NAMES if name in shown.output]
    found = rows(Path("uit.jsonl").read_text(encoding="utf-8"))
    assert [(row["file"], row["turn"], row["segment"]) for row in found[:4]] == [
        ("gesprek.csv", 1, 1),
        ("gesprek.csv", 2, 1),
        ("gesprek.csv", 3, 1),
        ("lang.csv", 1, 1),
    ]
    assert found[-1]["file"] == "map/gesprek.csv"
    assert len([row for row in found if row["file"] == "lang.csv"]) > 1
    assert [row["minimal"] for row in found[:3]] == [False, False, True]
    assert [row["role"] for row in found[:3]] == ["klantmanager", "sociaal_werker", "klantmanager"]
    assert [row["start"] for row in found[:3]] == [5.0, 62.0, None]
    assert "Tjitske" not in Path("uit.jsonl").read_text(encoding="utf-8")
    assert found[1]["text"] == found[-2]["text"], "one name has one pseudonym in all files of a run"
    codebook = read_codebook(REPOSITORY / "corpora" / "codebook" / "casuistiek")
    for row in found:
        documented("label", row)
        given = row["labels"]
        assert isinstance(given, dict)
        assert set(given) >= {"frame", "reframing", "sr", "sr_niveau"}
        for name, answer in given.items():
            choices = codebook.dimension(name).choices
            assert set(answer) == {"label", "probabilities", "unsure"}
            assert tuple(answer["probabilities"]) == choices
            assert all(0 <= chance <= 1 for chance in answer["probabilities"].values())
            several = codebook.dimension(name).kind is DimensionKind.MULTI
            assert set(answer["label"] if several else [answer["label"]]) <= set(choices)


# agreement

CODED = "unit,coder,frame,sr\ne.1.1,A,beleid,x+y\ne.1.1,B,beleid,x\ne.2.1,A,client,geen\ne.2.1,B,beleid,geen\n"


def test_agreement_is_printed_in_dutch_and_written_as_lines() -> None:
    Path("labels.csv").write_text(CODED, encoding="utf-8")
    shown = typed("agreement", "labels.csv", "--out", "uit.jsonl")
    assert shown.exit_code == 0
    assert "frame (nominaal); uitingen met twee of meer codeurs: 2, sessies: 1" in shown.stdout
    assert "sr (masi)" in shown.stdout
    assert "niet te bepalen" not in shown.stdout
    found = rows(Path("uit.jsonl").read_text(encoding="utf-8"))
    documented("agreement", found[0])
    asked = {(row["dimension"], row["label"], row["session"]): row for row in found}
    assert list(asked) == [
        ("frame", None, None),
        ("frame", "beleid", None),
        ("frame", "client", None),
        ("frame", None, "e"),
        ("sr", None, None),
        ("sr", "x", None),
        ("sr", "y", None),
        ("sr", None, "e"),
    ]
    # beleid beleid | client beleid: 1 - (1/2) / (2 * 3 * 1 / (4 * 3))
    assert asked["frame", None, None]["alpha"] == pytest.approx(0)
    assert asked["frame", "beleid", None]["positives"] == {"A": 1, "B": 2}
    # {x,y} {x} | {} {}: found (2/3) / 2, expected (2 * (2/3 + 2 + 2)) / 12 with distance 2/3 and 1
    assert asked["sr", None, None]["alpha"] == pytest.approx(1 - (1 / 3) / (2 * (2 / 3 + 4) / 12))


def test_a_codebook_says_what_is_ordinal_and_which_labels_there_are() -> None:
    Path("labels.csv").write_text("unit,coder,sr_niveau\n1,A,0\n1,B,2\n2,A,1\n2,B,1\n", encoding="utf-8")
    shown = typed("agreement", "labels.csv", "--codebook", "casuistiek")
    assert shown.exit_code == 0
    assert "sr_niveau (ordinaal)" in shown.stdout
    assert "niet te bepalen" in shown.stdout, "nobody gave level 3"
    assert "essie" not in shown.stdout


def test_a_table_of_one_coder_is_refused() -> None:
    Path("labels.csv").write_text("unit,coder,frame\n1,A,x\n", encoding="utf-8")
    shown = typed("agreement", "labels.csv")
    assert shown.exit_code == 2
    assert "er zijn geen twee codeurs" in shown.stderr
