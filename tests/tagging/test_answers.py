"""What must stay true of answers that a tagger keeps for what it learnt from: networks that did not gave them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from pipeline.tagging import train as room
from pipeline.tagging.answers import read_answers, write_answers
from pipeline.tagging.calibrate import probabilities
from pipeline.tagging.heads import plan_heads
from pipeline.tagging.tagger import load_tagger
from pipeline.tagging.weights import read_tagger
from tests.tagging import world

if TYPE_CHECKING:
    from pipeline.domain.training import TrainingSession

NOWHERE = Path("/nergens")
HEADS = plan_heads(world.world(), world.codebook())
UNITS = [("s1.0001.01", "aa"), ("s1.0002.01", "bb"), ("s2.0001.01", "aa")]
KEPT = {head.dimension: np.arange(3.0 * 2 * head.scores).reshape(3, -1) for head in HEADS}


def test_a_unit_gets_its_own_answer_and_another_one_keeps_what_it_had() -> None:
    kept = read_answers(write_answers(UNITS, KEPT), HEADS)
    asked = [UNITS[2], ("s9.0001.01", "cc"), UNITS[0], ("s1.0001.01", "changed")]
    fresh = {name: np.full((4, table.shape[1]), -1.0) for name, table in KEPT.items()}
    assert kept.known(asked) == [2, None, 0, None]
    for name, table in kept.put_in(fresh, asked).items():
        assert table.tolist() == [
            KEPT[name][2].tolist(),
            fresh[name][1].tolist(),
            KEPT[name][0].tolist(),
            [-1.0] * table.shape[1],
        ]
    assert all((table == -1).all() for table in fresh.values()), "what was given in is left as it was"


def test_no_answers_are_answers_too() -> None:
    kept = read_answers(write_answers([], {}), HEADS)
    fresh = {name: table.copy() for name, table in KEPT.items()}
    assert kept.put_in(fresh, UNITS) is fresh


def test_answers_of_other_dimensions_or_of_fewer_units_are_refused() -> None:
    with pytest.raises(ValueError, match="other dimensions"):
        read_answers(write_answers(UNITS, {"anders": np.zeros((3, 2))}), HEADS)
    with pytest.raises(ValueError, match="other dimensions or units"):
        read_answers(write_answers(UNITS[:2], KEPT), HEADS)


def half_labelled() -> tuple[TrainingSession, ...]:
    """The world, with every other unit of the first session without labels."""
    first, *others = world.world()
    bare = {unit.id for unit in first.session.utterances[::2]}
    return replace(first, labels=tuple(one for one in first.labels if one.utterance_id not in bare)), *others


def test_a_session_learnt_from_is_answered_for_by_networks_that_left_it_out(tiny: Path, tmp_path: Path) -> None:
    material = room.prepare(half_labelled(), world.codebook(), world.CUES, world.params(tiny), NOWHERE)
    learnt = room.learn(material, lambda _done: None)
    assert len(material.bystanders) > 0, "or else this test sees less than it says"
    room.settle(material, learnt, tmp_path / "t")
    tagger = load_tagger(tmp_path / "t", NOWHERE)
    heads = read_tagger(tmp_path / "t").manifest.heads
    answered = dict(zip([unit for unit, _ in material.answered], range(999), strict=False))
    both = {name: np.vstack([table, learnt.beside[name]]).astype(np.float16) for name, table in learnt.logits.items()}
    expected = probabilities(heads, {name: table.astype(float) for name, table in both.items()})
    told = 0
    for one in material.sessions:
        for prediction in tagger.tag(one.session):
            chances = expected[answered[prediction.utterance_id]][prediction.dimension]
            assert [value for _, value in prediction.probabilities] == pytest.approx(chances), prediction.utterance_id
            told += 1
    assert told == 3 * (len(material.examples) + len(material.bystanders))

    # The same words in a session it never saw are answered by the tagger itself.
    text = material.examples[0].text
    strange = tagger.tag(world.session("vreemd", [text]))[0]
    own = expected[answered[material.examples[0].utterance_id]][strange.dimension]
    assert [value for _, value in strange.probabilities] != pytest.approx(own)


def test_a_tagger_goes_on_from_what_an_earlier_one_knows(tiny: Path, tmp_path: Path) -> None:
    world.train(world.world(), world.codebook(), world.params(tiny, epochs=8), NOWHERE, tmp_path / "eerst", world.quiet)
    first = read_tagger(tmp_path / "eerst")
    told = world.params(tiny, learning_rate_encoder=1e-7, learning_rate_heads=1e-7)
    fresh = room.prepare(world.world(1), world.codebook(), (), told, NOWHERE)
    learnt = room.learn(replace(fresh, start=first), lambda _done: None)
    assert learnt.weights.words == first.weights.words
    room.settle(replace(fresh, start=first), learnt, tmp_path / "dan")
    then = read_tagger(tmp_path / "dan").manifest
    assert then.went_on_from == first.version
    assert set(then.trained_on) >= set(first.manifest.trained_on)

    # With hardly any learning rate it says what the first one says; from the base it would know nothing.
    session = world.session("nieuw", [*world.LEEFWERELD, *world.ACTIVERING, *world.GEEN])
    frames = [one.labels for one in load_tagger(tmp_path / "eerst", NOWHERE).tag(session) if one.dimension == "frame"]
    on = [one.labels for one in load_tagger(tmp_path / "dan", NOWHERE).tag(session) if one.dimension == "frame"]
    room.settle(fresh, room.learn(fresh, lambda _done: None), tmp_path / "basis")
    bare = [one.labels for one in load_tagger(tmp_path / "basis", NOWHERE).tag(session) if one.dimension == "frame"]
    same = sum(a == b for a, b in zip(frames, on, strict=True))
    assert same > sum(a == b for a, b in zip(frames, bare, strict=True))


def test_other_questions_take_over_the_layers_but_not_the_heads(tiny: Path, tmp_path: Path) -> None:
    world.train(world.world()[:2], world.codebook(), world.params(tiny), NOWHERE, tmp_path / "eerst", world.quiet)
    first = read_tagger(tmp_path / "eerst")
    other = replace(
        room.prepare(world.world(), world.codebook(), (), world.params(tiny, context=1), NOWHERE), start=first
    )
    learnt = room.learn(other, lambda _done: None)
    alone = room.learn(replace(other, start=None), lambda _done: None)
    assert learnt.weights.words == alone.weights.words != first.weights.words
    assert learnt.weights.learnt != alone.weights.learnt
    assert room.manifest_of(other, learnt).went_on_from == first.version
    assert not room.manifest_of(replace(other, start=None), alone).went_on_from
