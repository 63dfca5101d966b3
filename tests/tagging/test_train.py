from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from pipeline.domain.errors import InputError
from pipeline.tagging.tagger import Tagger, load_tagger
from tests.tagging import world
from tests.tagging.conftest import NOWHERE, tiny_encoder

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "answers.safetensors",
    "encoder.safetensors",
    "heads.safetensors",
    "words.safetensors",
    "tagger.json",
    "metrics.json",
    "card.md",
}
LOCK = ".slot"


@pytest.fixture(scope="module")
def folder(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tagger") / "proef"
    world.train(world.world(), world.codebook(), world.params(tiny), NOWHERE, out, world.quiet)
    return out


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(folder, tmp_path / "kopie")


def tagged(tagger: Tagger) -> list[tuple[str, str, tuple[str, ...]]]:
    session = world.world(1)[0].session
    return [(one.utterance_id, one.dimension, one.labels) for one in tagger.tag(session)]


def test_a_tagger_is_seven_files_without_a_pickle_among_them(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {*FILES, LOCK}
    assert [path.name for path in folder.parent.iterdir()] == ["proef"]


def test_the_same_training_gives_the_same_bytes_in_whatever_order_the_sessions_come(
    folder: Path, tiny: Path, tmp_path: Path
) -> None:
    again = world.train(
        world.world()[::-1], world.codebook(), world.params(tiny), NOWHERE, tmp_path / "nog", world.quiet
    )
    for name in FILES:
        assert (tmp_path / "nog" / name).read_bytes() == (folder / name).read_bytes(), name
    assert again.version == load_tagger(folder, NOWHERE).version
    assert again.units == 28


def test_every_unit_but_minimal_ones_gets_a_prediction_in_every_dimension(folder: Path) -> None:
    session = world.session("nieuw", ["Wie maakt het verslag?", "Ja.", "[KIND_3] slaapt slecht."])
    tagger = load_tagger(folder, NOWHERE, codebook=world.codebook())
    predictions = tagger.tag(session)
    assert [(one.utterance_id, one.dimension) for one in predictions] == [
        (f"nieuw.{turn}.01", dimension) for turn in ("0001", "0003") for dimension in ("frame", "sr", "niveau")
    ]
    first = predictions[0]
    assert first.text_sha == session.utterances[0].text_sha
    assert (first.model_version, first.codebook_version) == (tagger.version, "proef 1.0 (0123456789ab)")
    assert [label for label, _ in first.probabilities] == ["leefwereld", "activering", "geen_frame"]
    assert sum(probability for _, probability in first.probabilities) == pytest.approx(1)


def test_a_session_without_units_or_with_minimal_ones_only_gets_no_predictions(folder: Path) -> None:
    tagger = load_tagger(folder, NOWHERE)
    assert tagger.tag(world.session("leeg", [])) == ()
    assert tagger.tag(world.session("kort", ["Ja.", "Ja."])) == ()


def test_progress_counts_units(folder: Path) -> None:
    told: list[tuple[int, int]] = []
    session = world.world(1)[0].session
    load_tagger(folder, NOWHERE, batch_tokens=200).tag(session, lambda done, total: told.append((done, total)))
    assert told[-1] == (28, 28)
    assert len(told) > 2
    assert told == sorted(told)


def test_labels_do_not_depend_on_the_size_of_batches(folder: Path) -> None:
    assert tagged(load_tagger(folder, NOWHERE, batch_tokens=1)) == tagged(load_tagger(folder, NOWHERE))


def test_the_tagger_tells_which_units_it_learnt_from(folder: Path) -> None:
    known = {unit.text_sha for one in world.world() for unit in one.session.utterances if not unit.minimal}
    assert set(load_tagger(folder, NOWHERE).trained_on) == known


def test_a_roberta_type_encoder_can_be_trained_and_loaded_too(tmp_path: Path) -> None:
    base = tiny_encoder(tmp_path / "roberta", "roberta")
    world.train(world.world(1), world.codebook(), world.params(base, epochs=1), NOWHERE, tmp_path / "t", world.quiet)
    assert len(tagged(load_tagger(tmp_path / "t", NOWHERE))) == 3 * 28


def test_another_codebook_is_refused_and_the_labels_that_differ_are_named(folder: Path) -> None:
    other = world.codebook(labels=("leefwereld", "rechtmatigheid", "geen_frame"))
    with pytest.raises(InputError, match=r"alleen in de tagger: activering.*alleen in het codeboek: rechtmatigheid"):
        load_tagger(folder, NOWHERE, codebook=other)


def test_another_base_under_the_same_name_is_refused(tmp_path: Path) -> None:
    base = tiny_encoder(tmp_path / "base", "bert")
    world.train(world.world(1), world.codebook(), world.params(base, epochs=1), NOWHERE, tmp_path / "t", world.quiet)
    shutil.rmtree(base)
    tiny_encoder(base, "bert", positions=80)
    with pytest.raises(InputError, match="ander basismodel"):
        load_tagger(tmp_path / "t", NOWHERE)


@pytest.mark.parametrize("name", ["encoder.safetensors", "heads.safetensors", "words.safetensors"])
def test_weights_of_another_training_are_refused(copy: Path, name: str) -> None:
    data = bytearray((copy / name).read_bytes())
    data[-1] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(InputError, match=f"{name}: dit bestand ontbreekt of hoort niet bij"):
        load_tagger(copy, NOWHERE)
    (copy / name).unlink()
    with pytest.raises(InputError, match=f"{name}: dit bestand ontbreekt"):
        load_tagger(copy, NOWHERE)


@pytest.mark.parametrize("text", ["", "[]", "{}", "{", '{"format": "1"}', '{"format": 99}'])
def test_a_damaged_tagger_json_is_refused(copy: Path, text: str) -> None:
    (copy / "tagger.json").write_text(text)
    with pytest.raises(InputError, match=r"tagger\.json"):
        load_tagger(copy, NOWHERE)


def test_a_tagger_of_before_is_told_as_such(copy: Path) -> None:
    (copy / "tagger.json").write_text('{"format": 2, "files": {}}')
    with pytest.raises(InputError, match="eerdere versie van Raamwerk"):
        load_tagger(copy, NOWHERE)


def test_a_folder_without_a_tagger_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="hier staat geen tagger"):
        load_tagger(tmp_path, NOWHERE)


def test_a_training_that_fails_leaves_the_old_tagger_alone(copy: Path, tiny: Path) -> None:
    before = {path.name: path.read_bytes() for path in copy.iterdir()}

    def stop(_what: str, done: float) -> None:
        if done > 0.9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.train(world.world(), world.codebook(), world.params(tiny, seed=9), NOWHERE, copy, stop)
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == before
    assert [path.name for path in copy.parent.iterdir()] == ["kopie"]


def test_a_new_training_replaces_the_old_tagger_whole(copy: Path, tiny: Path) -> None:
    (copy / "oud.txt").write_text("van vroeger")
    new = world.train(world.world(1), world.codebook(), world.params(tiny, seed=9), NOWHERE, copy, world.quiet)
    assert {path.name for path in copy.iterdir()} == {*FILES, LOCK}
    assert load_tagger(copy, NOWHERE).version == new.version


def test_nothing_labelled_is_a_clear_error(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="er is geen enkele uiting gecodeerd"):
        world.train((), world.codebook(), world.params(tiny), NOWHERE, tmp_path / "t", world.quiet)


def test_the_card_says_in_dutch_what_the_data_are_and_what_the_tagger_is_not_for(folder: Path) -> None:
    card = (folder / "card.md").read_text(encoding="utf-8")
    assert "**Alle sessies zijn verzonnen**, geschreven door een taalmodel" in card
    assert "De labels zijn gegeven door een taalmodel" in card
    assert "Geen besluit over een cliënt" in card
    assert "| leefwereld | 8 |" in card
    assert not any(text in card for text in (*world.LEEFWERELD, *world.GEEN))


def test_the_metrics_hold_what_the_training_returned(tiny: Path, tmp_path: Path) -> None:
    done = world.train(
        world.world(2), world.codebook(), world.params(tiny, epochs=1), NOWHERE, tmp_path / "t", world.quiet
    )
    metrics = json.loads((tmp_path / "t" / "metrics.json").read_text())
    assert done.evaluation is not None
    assert metrics["folds"] == 2
    for score in done.evaluation.dimensions:
        assert metrics["dimensions"][score.dimension]["macro_f1"] == pytest.approx(score.tagger.macro_f1, abs=1e-4)
    lonely = world.train(
        world.world(1), world.codebook(), world.params(tiny, epochs=1), NOWHERE, tmp_path / "t", world.quiet
    )
    assert lonely.evaluation is None
    assert "geen tweede sessie" in (tmp_path / "t" / "card.md").read_text(encoding="utf-8")
