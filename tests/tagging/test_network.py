from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.codebook import DimensionKind
from pipeline.domain.errors import InputError
from pipeline.tagging.encoder import load_encoder
from pipeline.tagging.heads import Head
from pipeline.tagging.inputs import Input, inputs_of
from pipeline.tagging.network import adapter_weights, batches, build_network, head_weights, merged, put_weights
from tests.tagging import world
from tests.tagging.conftest import NOWHERE, tiny_encoder

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.tagging.encoder import Encoder
    from pipeline.tagging.network import Network

HEADS = (
    Head("frame", DimensionKind.SINGLE, ("a", "b", "c")),
    Head("sr", DimensionKind.MULTI, ("brug", "zelf"), thresholds=(0.5, 0.5)),
    Head("niveau", DimensionKind.ORDINAL, ("0", "1", "2", "3")),
)


def shaken(encoder: Encoder) -> Network:
    """A network whose adapter and heads all do something."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = build_network(HEADS, encoder, 4)
        for part in network.trainable():
            for parameter in part:
                torch.nn.init.normal_(parameter, std=0.3)
    network.evaluate()
    return network


@pytest.fixture(scope="module")
def inputs(any_encoder: Encoder) -> tuple[Input, ...]:
    session = world.session("s", [*world.LEEFWERELD, *world.GEEN, *world.BRUG])
    return inputs_of(session, any_encoder, context=2, max_tokens=64)


def test_probabilities_are_proper_for_every_kind_of_head(any_encoder: Encoder, inputs: tuple[Input, ...]) -> None:
    for answer in shaken(any_encoder).probabilities(inputs):
        assert all(0 <= probability <= 1 for row in answer.values() for probability in row)
        assert sum(answer["frame"]) == pytest.approx(1)
        assert sum(answer["niveau"]) == pytest.approx(1)
        assert [len(row) for row in answer.values()] == [3, 2, 4]


def test_answers_do_not_depend_on_batch_mates(any_encoder: Encoder, inputs: tuple[Input, ...]) -> None:
    network = shaken(any_encoder)
    together = network.probabilities(inputs)
    for one, answer in zip(inputs, together, strict=True):
        alone = network.probabilities([one])[0]
        for dimension, row in answer.items():
            assert alone[dimension] == pytest.approx(row, abs=1e-5)


def test_answers_are_those_of_the_encoder_and_heads_worked_out_by_hand(
    any_encoder: Encoder, inputs: tuple[Input, ...]
) -> None:
    import numpy as np
    import torch

    network = merged(shaken(any_encoder))
    one = inputs[-1]
    with torch.inference_mode():
        vectors = network.encoder(input_ids=torch.tensor([one.ids])).last_hidden_state[0].numpy()
    mean = vectors[one.start :].mean(0)
    weights = {name: weight.numpy() for name, weight in head_weights(network).items()}
    scores = weights["layers.d0.weight"] @ mean + weights["layers.d0.bias"]
    answer = network.probabilities([one])[0]
    assert answer["frame"] == pytest.approx(np.exp(scores) / np.exp(scores).sum(), abs=1e-5)
    cuts = weights["cuts.d2"]
    borders = np.cumsum([cuts[0], *np.log1p(np.exp(cuts[1:]))])
    above = [1, *(1 / (1 + np.exp(borders - (weights["layers.d2.weight"] @ mean)))), 0]
    assert answer["niveau"] == pytest.approx([above[n] - above[n + 1] for n in range(4)], abs=1e-5)


def test_merging_the_adapter_changes_no_answer(any_encoder: Encoder, inputs: tuple[Input, ...]) -> None:
    network = shaken(any_encoder)
    before = network.probabilities(inputs)
    after = merged(network).probabilities(inputs)
    for one, other in zip(before, after, strict=True):
        for dimension, row in one.items():
            assert other[dimension] == pytest.approx(row, abs=1e-5)


def test_the_adapter_does_something_and_the_encoder_itself_stays_as_it_was(
    any_encoder: Encoder, inputs: tuple[Input, ...]
) -> None:
    import torch

    before = {name: weight.clone() for name, weight in any_encoder.model.state_dict().items()}
    first, second = build_network(HEADS, any_encoder, 4), shaken(any_encoder)
    put_weights(first, adapter_weights(first), head_weights(second))
    first.evaluate()
    assert first.probabilities(inputs)[0]["frame"] != pytest.approx(second.probabilities(inputs)[0]["frame"], abs=1e-3)
    merged(second)
    assert all(torch.equal(weight, before[name]) for name, weight in any_encoder.model.state_dict().items())


def test_saved_weights_give_the_same_answers_and_others_are_refused(
    any_encoder: Encoder, inputs: tuple[Input, ...]
) -> None:
    network, fresh = shaken(any_encoder), build_network(HEADS, any_encoder, 4)
    put_weights(fresh, adapter_weights(network), head_weights(network))
    fresh.evaluate()
    assert fresh.probabilities(inputs) == network.probabilities(inputs)
    with pytest.raises(ValueError, match="other names or shapes"):
        put_weights(build_network(HEADS, any_encoder, 8), adapter_weights(network), head_weights(network))


def test_an_input_of_the_greatest_length_is_read(any_encoder: Encoder) -> None:
    longest = Input(0, (any_encoder.begin, *[7] * (any_encoder.longest - 2), any_encoder.end), 1)
    assert len(shaken(any_encoder).probabilities([longest])) == 1
    assert any_encoder.longest == 96


@given(lengths=st.lists(st.integers(1, 80), min_size=1, max_size=200), tokens=st.integers(1, 600))
def test_every_input_is_in_one_batch_and_batches_stay_within_the_limit(lengths: list[int], tokens: int) -> None:
    inputs = [Input(at, (5,) * length, 0) for at, length in enumerate(lengths)]
    made = list(batches(inputs, tokens))
    assert sorted(at for batch in made for at in batch) == list(range(len(lengths)))
    for batch in made:
        widths = [lengths[at] for at in batch]
        assert len(batch) == 1 or max(widths) * len(batch) <= tokens
        assert max(widths) <= 1.15 * min(widths)


def test_the_same_weights_have_the_same_fingerprint_wherever_they_lie(tmp_path: Path, encoder: Encoder) -> None:
    twin = load_encoder(str(tiny_encoder(tmp_path / "ergens", "bert")), NOWHERE)
    assert twin.sha == encoder.sha
    other = load_encoder(str(tiny_encoder(tmp_path / "anders", "bert", positions=64)), NOWHERE)
    assert other.sha != encoder.sha


def test_loading_keeps_quiet(tiny: Path, capfd: pytest.CaptureFixture[str]) -> None:
    load_encoder(str(tiny), NOWHERE)
    assert capfd.readouterr() == ("", "")


def test_a_base_that_is_not_built_or_not_there_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="nog niet gebouwd"):
        load_encoder("raamwerk/e5-small-nl", tmp_path)
    with pytest.raises(InputError, match="niet gevonden"):
        load_encoder(str(tmp_path), tmp_path)
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match=r"iemand/bestaat-niet.*HF_HUB_OFFLINE"):
        load_encoder("iemand/bestaat-niet", tmp_path)


def test_an_encoder_of_another_family_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "t5"}')
    with pytest.raises(InputError, match="van het type t5"):
        load_encoder(str(tmp_path), tmp_path)
