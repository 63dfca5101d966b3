from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from pipeline.domain.codebook import DimensionKind
from pipeline.tagging.heads import Head, plan_heads
from pipeline.tagging.inputs import Guise
from pipeline.tagging.learn import examples_of, fit, label_weights, shown_of, targets
from pipeline.tagging.weights import pack
from tests.tagging import world

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.domain.params import TaggerParams
    from pipeline.domain.training import TrainingSession
    from pipeline.tagging.encoder import Encoder
    from pipeline.tagging.heads import Head as HeadType
    from pipeline.tagging.learn import Example
    from pipeline.tagging.weights import Weights


def made(sessions: tuple[TrainingSession, ...]) -> tuple[tuple[Example, ...], tuple[HeadType, ...]]:
    heads = plan_heads(sessions, world.codebook())
    return examples_of(sessions, heads), heads


def fitted(
    encoder: Encoder,
    sessions: tuple[TrainingSession, ...],
    params: TaggerParams,
    report: Callable[[float], None] = lambda _: None,
) -> Weights:
    examples, heads = made(sessions)
    shown = shown_of(sessions, examples, encoder, params.context)
    return pack(fit(examples, shown, heads, encoder, params, report), b"")


def test_every_labelled_unit_but_minimal_ones_is_an_example() -> None:
    sessions = world.world()
    examples, _ = made(sessions)
    assert len(examples) == sum(not unit.minimal for one in sessions for unit in one.session.utterances)
    assert len({example.utterance_id for example in examples}) == len(examples)


def test_units_without_a_label_are_only_context(encoder: Encoder) -> None:
    whole = world.world(1)[0]
    some = replace(whole, labels=whole.labels[-3:])
    examples, _ = made((some,))
    assert [example.utterance_id for example in examples] == [whole.session.utterances[-1].id]
    everything, _ = made((whole,))
    read = shown_of((some,), examples, encoder, 2)
    assert read[0][Guise.AS_IS] == shown_of((whole,), everything, encoder, 2)[-1][Guise.AS_IS]


def test_answers_become_one_column_a_score() -> None:
    examples, heads = made(world.world(1))
    by_id = {head.dimension: head for head in heads}
    last = examples[-1]
    assert last.answers == {"frame": ("geen_frame",), "sr": ("brug",), "niveau": ("2",)}
    assert targets(by_id["frame"], [last])[0].tolist() == [[0, 0, 1]]
    assert targets(by_id["sr"], [last])[0].tolist() == [[1, 0]]
    assert targets(by_id["niveau"], [last])[0].tolist() == [[1, 1]]
    table, answered = targets(by_id["sr"], [replace(last, answers={"frame": ("leefwereld",)})])
    assert (table.tolist(), answered.tolist()) == ([[0, 0]], [False])


def test_rare_labels_weigh_more_but_not_without_bound() -> None:
    single = Head("d", DimensionKind.SINGLE, ("a", "b", "c"))
    table = np.zeros((100, 3), np.float32)
    table[:90, 0] = table[90:, 1] = 1
    weights = label_weights(single, table)
    assert weights.tolist() == pytest.approx([(100 / 90 / 3) ** 0.5, (100 / 10 / 3) ** 0.5, 5.0])
    multi = Head("d", DimensionKind.MULTI, ("a", "b", "c"))
    assert label_weights(multi, table).tolist() == pytest.approx([(10 / 90) ** 0.5, 3.0, 5.0])


def test_fitting_twice_gives_the_same_weights_and_leaves_torch_as_it_was(encoder: Encoder) -> None:
    import torch

    sessions, params = world.world(2), world.params("x", epochs=1)
    before = torch.get_rng_state(), torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    first = fitted(encoder, sessions, params)
    torch.rand(3)
    assert fitted(encoder, sessions, params) == first
    assert fitted(encoder, sessions, replace(params, seed=8)) != first
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == before[1:]


def test_batches_hold_every_unit_once_a_pass_and_stretches_of_one_session() -> None:
    from pipeline.tagging.learn import _order

    sessions = ["a"] * 21 + ["b"] * 3 + ["c"] * 30
    params = world.params("x", epochs=2, batch=16)
    batches = [rows for rows, _ in _order(sessions, params)]
    assert sorted(row for rows in batches for row in rows) == sorted(list(range(54)) * 2)
    assert max(map(len, batches)) <= 16
    assert any(b == a + 1 for rows in batches for a, b in pairwise(rows))


def test_progress_rises_to_one(encoder: Encoder) -> None:
    told: list[float] = []
    fitted(encoder, world.world(2), world.params("x", epochs=1), told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_a_dimension_with_answers_for_some_units_only_is_learnt_from_those(encoder: Encoder) -> None:
    whole = world.world(1)[0]
    partly = replace(whole, labels=tuple(one for one in whole.labels if one.dimension != "sr") + whole.labels[1:2])
    assert sum("sr" in example.answers for example in made((partly,))[0]) == 1
    fitted(encoder, (partly,), world.params("x", epochs=1))
