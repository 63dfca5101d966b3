"""The verb `train`: a tagger from a table or a study, and nobody's files lost to it."""

from __future__ import annotations

import csv
import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from pipeline.steps.train import FEWEST_UNITS, check_folder
from tests.tagging.conftest import tiny_encoder
from tests.tagging.world import ACTIVERING, BRUG, GEEN, LEEFWERELD
from tests.world import make_study, typed

if TYPE_CHECKING:
    from collections.abc import Iterator


REPOSITORY = Path(__file__).parents[2]
SMALL = {"learnt_layers": 2, "epochs": 1, "least_steps": 4, "batch": 64, "folds": 2}
SENTENCES = (
    *((text, ("leefwereld", "geen_reframing", "geen", "0")) for text in LEEFWERELD),
    *((text, ("activering", "herkaderen", "geen", "0")) for text in ACTIVERING),
    *((text, ("geen_frame", "geen_reframing", "geen", "0")) for text in GEEN),
    *((text, ("geen_frame", "geen_reframing", "brug_professional+zelf", "2")) for text in BRUG),
)
DIMENSIONS = ("frame", "reframing", "sr", "sr_niveau")
TAGGER = {
    "answers.safetensors",
    "tagger.json",
    "card.md",
    "metrics.json",
    "heads.safetensors",
    "encoder.safetensors",
    "words.safetensors",
}


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder(tmp_path_factory.mktemp("basis"), "bert")


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base: Path) -> Path:
    """A folder with the repository's codebooks and lists, and parameters that ask for the tiny base."""
    folder = tmp_path / "wortel"
    (folder / "models").mkdir(parents=True)
    (folder / "corpora").symlink_to(REPOSITORY / "corpora")
    told = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))["tagger"]
    small = {"tagger": {**told, **SMALL, "base": str(base)}}
    (folder / "params.yaml").write_text(yaml.safe_dump(small), encoding="utf-8")
    monkeypatch.setenv("RAAMWERK_ROOT", str(folder))
    monkeypatch.setenv("RAAMWERK_HOME", str(tmp_path / "home"))
    for name in ("RAAMWERK_DATABASE", "RAAMWERK_KEYS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return folder


def spoken(units: int) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """Rows of speaker, function, words and labels."""
    who = itertools.cycle((("Tjitske Wiersma", "klantmanager"), ("SW1", ""), ("Tjitske Wiersma", "")))
    what = itertools.cycle(SENTENCES)
    for (speaker, functie), (text, labels), _ in zip(who, what, range(units), strict=False):
        yield speaker, functie, text, labels


def write_table(path: Path, *, sessions: int, units: int, coder: str = "") -> Path:
    """Write a table; with one session it has no column for it, with a coder it has one for their kind."""
    known = {"sessie": sessions > 1, "soort_codeur": bool(coder)}
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        columns = [name for name, there in known.items() if there]
        writer.writerow([*columns, "spreker", "functie", "tekst", *DIMENSIONS])
        for session, size in enumerate([units // sessions] * sessions):
            about = {"sessie": f"s{session}", "soort_codeur": coder}
            for speaker, functie, text, labels in spoken(size):
                writer.writerow([*(about[name] for name in columns), speaker, functie, text, *labels])
    return path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")}


def test_a_table_becomes_a_tagger_beside_it_and_what_stands_beside_it_stays(tmp_path: Path) -> None:
    write_table(tmp_path / "tabel.csv", sessions=4, units=240, coder="taalmodel")
    study = make_study(tmp_path / "tabel")
    before = sorted(study.rglob("*"))
    shown = typed("train", "tabel.csv")
    assert shown.exit_code == 0, shown.output
    assert "sessies 4, uitingen 240" in shown.output
    assert names(tmp_path / "tabel-model") == TAGGER
    assert sorted(study.rglob("*")) == before
    card = (tmp_path / "tabel-model" / "card.md").read_text(encoding="utf-8")
    assert "door een taalmodel" in card
    assert json.loads((tmp_path / "tabel-model" / "metrics.json").read_text(encoding="utf-8"))["sessions"] == 4

    (tmp_path / "los.csv").write_text("spreker,tekst\nSW1,Het is thuis een puinhoop.\n", encoding="utf-8")
    labelled = typed("label", "los.csv", "--model", "tabel-model")
    assert labelled.exit_code == 0, labelled.output
    assert "puinhoop" in labelled.stdout


def test_a_table_of_one_session_becomes_a_tagger_without_figures_and_that_is_said(tmp_path: Path) -> None:
    write_table(tmp_path / "tabel.csv", sessions=1, units=FEWEST_UNITS)
    shown = typed("train", "tabel.csv", "--out", "model")
    assert shown.exit_code == 0, shown.output
    assert names(tmp_path / "model") == TAGGER
    assert "komt zonder cijfers" in shown.stderr
    assert "geen kolom soort_codeur" in shown.stderr


def test_too_few_labels_are_told_of_the_table_and_not_of_coders(tmp_path: Path) -> None:
    write_table(tmp_path / "tabel.csv", sessions=2, units=40)
    shown = typed("train", "tabel.csv", "--out", "uitvoer")
    assert shown.exit_code == 2
    assert "tabel.csv: het aantal uitingen met een label is 40. Geef er minstens 200 een label" in shown.stderr
    assert "codeur" not in shown.stderr
    assert not (tmp_path / "uitvoer").exists()


def test_a_study_becomes_a_tagger_of_its_own(tmp_path: Path) -> None:
    study = labelled_study(tmp_path / "wereld")
    (study / "herkomst.csv").write_text("sessie;schrijver\neen;w1\ntwee;w2\ndrie;w3\n", encoding="utf-8")
    shown = typed("train", str(study))
    assert shown.exit_code == 0, shown.output
    assert "sessies 3, uitingen 210" in shown.output
    assert names(study / ".raamwerk" / "model" / "casuistiek") == TAGGER
    again = typed("train", str(study))  # an earlier tagger may be replaced
    assert again.exit_code == 0, again.output


def labelled_study(folder: Path) -> Path:
    """Make a study of three sessions of seventy units, with a table of labels by one coder."""
    study = make_study(folder)
    for session in ("een", "twee", "drie"):
        lines = [f"{('KM1', 'SW1')[turn % 2]}: {text}" for turn, (_, _, text, _) in enumerate(spoken(70))]
        (study / "transcripten" / f"{session}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for verb in ("ingest", "pseudonymise", "unitise"):
        assert typed(verb, str(study)).exit_code == 0
    assert typed("units", str(study), "anna", "--out", str(folder / "leeg.csv")).exit_code == 0
    with (folder / "leeg.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    given = itertools.cycle(labels for _, _, _, labels in spoken(70))
    (study / "labels").mkdir()
    with (study / "labels" / "anna.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0], delimiter=";")
        writer.writeheader()
        writer.writerows({**row, **dict(zip(DIMENSIONS, next(given), strict=True))} for row in rows)
    return study


def test_a_study_with_too_few_settled_labels_is_told_so_by_its_own_name(tmp_path: Path) -> None:
    study = make_study(tmp_path / "wereld")
    shown = typed("train", str(study), "--out", "uitvoer")
    assert shown.exit_code == 2
    assert "wereld: er zijn 0 uitingen in 0 sessies waarover de codeurs het eens zijn" in shown.stderr


def test_a_codebook_beside_a_study_is_refused_with_a_cure(tmp_path: Path) -> None:
    shown = typed("train", str(make_study(tmp_path / "wereld")), "--codebook", "beelden")
    assert shown.exit_code == 2
    assert "--codebook: een studie heeft haar eigen codeboek. Laat --codebook weg" in shown.stderr


def test_an_origin_of_no_session_is_refused_before_any_work(tmp_path: Path) -> None:
    study = make_study(tmp_path / "wereld")
    (study / "herkomst.csv").write_text("sessie;schrijver\nene;w1\ntwee;w2\ndrie;w3\n", encoding="utf-8")
    shown = typed("train", str(study))
    assert shown.exit_code == 2
    assert "herkomst.csv, rij 2, kolom sessie: 'ene' is geen sessie van deze studie" in shown.stderr
    assert "herkomst.csv: zonder rij in deze tabel: een" in shown.stderr
    assert not (study / ".raamwerk" / "raamwerk.db").exists()


@pytest.mark.parametrize("source", ["tabel.csv", "wereld"])
def test_a_folder_with_something_else_in_it_is_refused_before_any_work(tmp_path: Path, source: str) -> None:
    (tmp_path / "tabel.csv").write_text("dit is geen tabel om van te leren", encoding="utf-8")
    study = make_study(tmp_path / "wereld")
    before = sorted(study.rglob("*"))
    shown = typed("train", source, "--out", "wereld")
    assert shown.exit_code == 2
    assert "wereld: in deze map staat iets anders dan een model, en dat zou verdwijnen. Geef met --out" in shown.stderr
    assert "kolom" not in shown.stderr
    assert [path for path in sorted(study.rglob("*")) if ".raamwerk" not in path.parts] == before


def test_a_file_is_no_folder_for_a_tagger(tmp_path: Path) -> None:
    write_table(tmp_path / "tabel.csv", sessions=2, units=4)
    shown = typed("train", "tabel.csv", "--out", "tabel.csv")
    assert shown.exit_code == 2
    assert "tabel.csv: dit is geen map. Geef met --out" in shown.stderr


@pytest.mark.parametrize("held", [(), (".slot",), (".bouw-x/nieuw/card.md",), ("tagger.json", "card.md")])
def test_a_folder_that_is_new_empty_or_of_a_tagger_will_do(tmp_path: Path, held: tuple[str, ...]) -> None:
    folder = tmp_path / "model"
    check_folder(folder)
    folder.mkdir()
    for name in held:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("", encoding="utf-8")
    check_folder(folder)


def test_a_tagger_whose_first_writing_was_interrupted_is_a_tagger(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / ".klaar-x").mkdir(parents=True)
    (folder / ".klaar-x" / "tagger.json").write_text("{}", encoding="utf-8")
    (folder / "card.md").write_text("", encoding="utf-8")
    check_folder(folder)
