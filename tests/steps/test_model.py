"""The stages that make a tagger, one after another, on a small study with a tiny base."""

from __future__ import annotations

import csv
import itertools
import json
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
import yaml

from pipeline import settings
from pipeline.domain.errors import InputError
from pipeline.steps import model
from pipeline.steps.single import Shelf
from pipeline.tagging.evaluate import NEVER
from pipeline.tagging.snapshot import read_snapshot, write_snapshot
from pipeline.tagging.tagger import load_tagger
from tests.tagging import world
from tests.tagging.conftest import NOWHERE, tiny_encoder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.steps.workplace import Workplace

WRITERS = {"s1": "w1", "s2": "w1", "s3": "w2", "s4": "w2", "s5": "w3", "s6": "w3", "s7": "w4"}
CUTTING = "s7"
SPEAKERS = ("Gespreksleider", "KM1", "SW1")
HEADER = ("uiting", "codeur", "soort_codeur", "frame", "reframing", "sr", "sr_niveau")
STUDY = """\
studie: stappen
titel: Verzonnen gesprekken
codeboek: casuistiek
fictief: ja
werkplaatsen:
  noord: Noord
rondes: [1]
"""
QUICK = {
    "context": 1,
    "learnt_layers": 1,
    "learning_rate_encoder": 0.003,
    "learning_rate_heads": 0.01,
    "epochs": 1,
    "least_steps": 1,
    "batch": 16,
    "folds": 3,
}
WEIGHTS = {"answers.safetensors", "encoder.safetensors", "heads.safetensors", "words.safetensors"}
PLOTS = {
    *(f"plots/confusion_{name}.csv" for name in ("frame", "reframing", "sr_niveau")),
    "plots/reliability.csv",
    "plots/curve.csv",
}


@dataclass(frozen=True)
class Made:
    """Where the stages ran, and what each said."""

    place: Workplace
    shelf: Shelf
    params: Path
    work: Path
    out: Path
    said: dict[str, object]


def talk(session: str) -> list[tuple[str, dict[str, str]]]:
    """What is said in a session, with its labels; every session begins at another sentence."""
    nothing = {"frame": "geen_frame", "reframing": "geen_reframing", "sr": "geen", "sr_niveau": "0"}
    bridge = {**nothing, "reframing": "ander_frame_verkennen", "sr": "brug_professional", "sr_niveau": "2"}
    given = [
        *((text.replace("[CLIENT_5]", "Hij"), {**nothing, "frame": "leefwereld"}) for text in world.LEEFWERELD),
        *((text, {**nothing, "frame": "activering"}) for text in world.ACTIVERING),
        *((text, nothing) for text in world.GEEN),
        *((text, bridge) for text in (*world.BRUG, *world.BRUG)),
        ("Ja.", {}),
    ]
    at = 5 * int(session[1:])
    return given[at:] + given[:at]


def make_study(folder: Path) -> Path:
    """Write a study in which two coders differ on one unit a session, and a third settles it."""
    (folder / "transcripten").mkdir(parents=True)
    (folder / "labels").mkdir()
    (folder / "study.yaml").write_text(STUDY, encoding="utf-8")
    rows = ["sessie,werkplaats,ronde,datum,transcript"]
    origins = ["sessie,schrijver,alleen_leren"]
    coded: dict[str, list[tuple[str, ...]]] = {"anna": [], "bert": [], "vaststelling": []}
    for session, writer in WRITERS.items():
        said = talk(session)
        turns = zip(itertools.cycle(SPEAKERS), said, strict=False)
        text = "".join(f"{who}: {words}\n" for who, (words, _) in turns)
        (folder / "transcripten" / f"{session}.txt").write_text(text, encoding="utf-8")
        rows.append(f"{session},noord,1,2019-03-01,transcripten/{session}.txt")
        origins.append(f"{session},{writer},{'ja' if session == CUTTING else 'nee'}")
        units = [(f"{session}.{turn:04d}.01", labels) for turn, (_, labels) in enumerate(said, start=1) if labels]
        for number, (unit, labels) in enumerate(units):
            other = {**labels, "frame": "beleid"} if number == 0 else labels
            for coder, its in (("anna", labels), ("bert", other)):
                coded[coder].append((unit, coder, "taalmodel", *its.values()))
        coded["vaststelling"].append((units[0][0], "vaststelling", "taalmodel", *units[0][1].values()))
    (folder / "sessions.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "herkomst.csv").write_text("\n".join(origins) + "\n", encoding="utf-8")
    for coder, its in coded.items():
        with (folder / "labels" / f"{coder}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([HEADER, *its])
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """Run all stages once, in the order of dvc.yaml."""
    folder = tmp_path_factory.mktemp("stappen")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAAMWERK_HOME", str(folder / "home"))
        patch.setattr("pipeline.tagging.train.FEWEST_ON_CURVE", 1)
        for name in ("RAAMWERK_DATABASE", "RAAMWERK_KEYS", "RAAMWERK_ROOT"):
            patch.delenv(name, raising=False)
        place = replace(settings.workplace(make_study(folder / "studie")), models=folder / "models")
        params = folder / "params.yaml"
        told = yaml.safe_load(place.params.read_text(encoding="utf-8"))["tagger"]
        told |= {**QUICK, "base": str(tiny_encoder(folder / "klein", "bert"))}
        params.write_text(yaml.safe_dump({"tagger": told}), encoding="utf-8")
        shelf = Shelf(place.codebooks, place.lists, folder / "models")
        work, out = folder / "werk" / "casuistiek", folder / "tagger"
        said = {
            "snapshot": model.snapshot([place], work),
            "split": model.split(shelf, params, work),
            "train": model.train(shelf, params, work),
            "calibrate": model.calibrate(shelf, params, work, out),
            "evaluate": model.evaluate(shelf, params, work, out),
            "card": model.card(shelf, params, work, out),
        }
        yield Made(place, shelf, params, work, out, said)


def test_every_stage_leaves_its_files(made: Made) -> None:
    assert {path.name for path in made.work.iterdir()} == {"momentopname", "verdeling.json", "geleerd", "cijfers.json"}
    files = {path.relative_to(made.out).as_posix() for path in made.out.rglob("*") if path.is_file()}
    assert files - {".slot"} == {*WEIGHTS, "tagger.json", "metrics.json", "card.md", *PLOTS}
    assert made.said["snapshot"] == {"sessies": 7, "uitingen": 7 * 32}
    assert made.said["split"] == {"groepen": 4, "rondes": 3}
    assert made.said["train"] == {"uitingen": 7 * 32}


def test_writers_are_left_out_in_turn_and_a_cutting_never(made: Made) -> None:
    folds = json.loads((made.work / "verdeling.json").read_text(encoding="utf-8"))
    assert set(folds) == {"w1", "w2", "w3", "w4"}
    assert folds.pop("w4") == NEVER
    assert sorted(folds.values()) == [0, 1, 2]
    metrics = json.loads((made.out / "metrics.json").read_text(encoding="utf-8"))
    assert {name: metrics[name] for name in ("sessions", "groups", "units", "folds")} == {
        "sessions": 6,
        "groups": 3,
        "units": 6 * 32,
        "folds": 3,
    }
    assert set(metrics["dimensions"]) == {"frame", "reframing", "sr", "sr_niveau"}
    assert metrics["dimensions"]["frame"]["labels"]["leefwereld"]["count"] == 6 * 8
    assert set(metrics["curve"]) == {"100", str(5 * 32)}


def test_the_card_says_what_the_figures_are_made_of(made: Made) -> None:
    card = (made.out / "card.md").read_text(encoding="utf-8")
    assert "| leefwereld | 48 |" in card
    assert "geschreven door een taalmodel" in card
    assert not any(text in card for text in (*world.ACTIVERING, *world.GEEN))


def test_the_tagger_that_comes_out_can_be_loaded_and_tags(made: Made) -> None:
    codebook = made.shelf.codebook(None)
    tagger = load_tagger(made.out, NOWHERE, codebook=codebook)
    session = world.session("nieuw", ["Wie maakt het verslag?", "Ja.", "Zijn moeder is ernstig ziek."])
    found = tagger.tag(session)
    assert [(one.utterance_id, one.dimension) for one in found] == [
        (f"nieuw.{turn}.01", dimension)
        for turn in ("0001", "0003")
        for dimension in ("frame", "reframing", "sr", "sr_niveau")
    ]
    assert {label for one in found for label in one.labels} <= {
        label for dimension in codebook.unit_dimensions for label in dimension.label_ids
    }


def test_calibrating_again_gives_the_same_tagger(made: Made, tmp_path: Path) -> None:
    model.calibrate(made.shelf, made.params, made.work, tmp_path / "nog")
    for name in (*WEIGHTS, "tagger.json"):
        assert (tmp_path / "nog" / name).read_bytes() == (made.out / name).read_bytes(), name
    first, again = (load_tagger(folder, NOWHERE).version for folder in (made.out, tmp_path / "nog"))
    assert first == again


def test_a_snapshot_of_too_few_labels_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"casuistiek: .* Codeer er minstens 200 in 2 sessies"):
        model.snapshot([], tmp_path / "casuistiek")
    assert list(tmp_path.iterdir()) == []


def test_the_figures_can_be_computed_again_from_what_the_tagger_keeps(made: Made, tmp_path: Path) -> None:
    work, out = tmp_path / "casuistiek", tmp_path / "tagger"
    shutil.copytree(made.work, work, ignore=shutil.ignore_patterns("geleerd"))
    shutil.copytree(made.out, out)
    (out / "metrics.json").unlink()
    model.evaluate(made.shelf, made.params, work, out)
    assert (out / "metrics.json").read_bytes() == (made.out / "metrics.json").read_bytes()


def test_a_tagger_that_learnt_from_other_words_has_no_figures(made: Made, tmp_path: Path) -> None:
    work = tmp_path / "casuistiek"
    shutil.copytree(made.work, work)
    sessions = read_snapshot(work / "momentopname")
    units = sessions[0].session.utterances
    other = replace(sessions[0].session, utterances=(replace(units[0], text="Iets heel anders dan eerst."), *units[1:]))
    shutil.rmtree(work / "momentopname")
    write_snapshot(work / "momentopname", (replace(sessions[0], session=other), *sessions[1:]))
    with pytest.raises(InputError, match="bij 1 van 192 uitingen"):
        model.evaluate(made.shelf, made.params, work, made.out)
