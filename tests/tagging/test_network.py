from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.codebook import DimensionKind
from pipeline.domain.errors import InputError
from pipeline.tagging.encoder import load_encoder
from pipeline.tagging.heads import Head
from pipeline.tagging.inputs import Input, inputs_of
from pipeline.tagging.network import batches, build_network, head_weights, learnt_weights, put_weights
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


def shaken(encoder: Encoder, layers: int = 1) -> Network:
    """A network whose learnt layer, look back and heads all do something."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = build_network(HEADS, encoder, layers, 2)
        for parameter in (*network.trainable()[1], *network.trainable()[0]):
            torch.nn.init.normal_(parameter, std=0.3)
    network.evaluate()
    return network


@pytest.fixture(scope="module")
def inputs(any_encoder: Encoder) -> tuple[Input, ...]:
    session = world.session("s", [*world.LEEFWERELD, *world.GEEN, *world.BRUG])
    return inputs_of(session, any_encoder, context=2)


def test_there_is_a_score_for_every_label_or_border(any_encoder: Encoder, inputs: tuple[Input, ...]) -> None:
    logits = shaken(any_encoder).logits(inputs, 4096)
    assert {name: table.shape for name, table in logits.items()} == {
        "frame": (len(inputs), 3), "sr": (len(inputs), 2), "niveau": (len(inputs), 3),
    }  # fmt: skip
    assert (np.diff(logits["niveau"], axis=1) <= 0).all()


def test_answers_do_not_depend_on_batch_mates(any_encoder: Encoder, inputs: tuple[Input, ...]) -> None:
    network = shaken(any_encoder)
    together = network.logits(inputs, 4096)
    for row, one in enumerate(inputs):
        for dimension, alone in network.logits([one], 4096).items():
            assert alone[0] == pytest.approx(together[dimension][row], abs=1e-3)


def test_answers_are_those_of_the_encoder_and_heads_worked_out_by_hand(
    any_encoder: Encoder, inputs: tuple[Input, ...]
) -> None:
    import torch

    network = shaken(any_encoder)
    one = inputs[-1]

    def mean(ids: tuple[int, ...]) -> np.ndarray:
        with torch.inference_mode():
            vectors: np.ndarray = network.encoder(input_ids=torch.tensor([ids])).last_hidden_state[0].numpy()
        return vectors.mean(0)

    weights = {name: weight.numpy() for name, weight in head_weights(network).items()}
    unit = mean(one.ids) + sum(weights[f"looks_back.{n}.weight"] @ mean(one.before[n]) for n in (0, 1))
    found = network.logits([one], 4096)
    assert found["frame"][0] == pytest.approx(weights["layers.d0.weight"] @ unit + weights["layers.d0.bias"], abs=1e-3)
    cuts = weights["cuts.d2"]
    borders = np.cumsum([cuts[0], *np.log1p(np.exp(cuts[1:]))])
    assert found["niveau"][0] == pytest.approx(weights["layers.d2.weight"] @ unit - borders, abs=1e-3)


def test_a_fresh_network_does_not_look_back_yet_and_the_base_stays_as_it_was(
    any_encoder: Encoder, inputs: tuple[Input, ...]
) -> None:
    import torch

    before = {name: weight.clone() for name, weight in any_encoder.model.state_dict().items()}
    fresh = build_network(HEADS, any_encoder, 1, 2)
    fresh.evaluate()
    one = inputs[-1]
    alone = Input(one.unit, one.ids)
    assert fresh.logits([alone], 4096)["frame"] == pytest.approx(fresh.logits([one], 4096)["frame"], abs=1e-5)
    shaken(any_encoder)
    assert all(torch.equal(weight, before[name]) for name, weight in any_encoder.model.state_dict().items())


def test_only_the_upper_layers_learn(any_encoder: Encoder) -> None:
    for layers in (0, 1, 2, 9):
        learning = {
            name.split("layer.")[1].split(".")[0]
            for name, weight in build_network(HEADS, any_encoder, layers, 2).encoder.named_parameters()
            if weight.requires_grad
        }
        assert learning == {str(number) for number in range(2)[max(0, 2 - layers) :]}


def test_kept_weights_give_nearly_the_same_answers_and_the_same_ones_every_time(
    any_encoder: Encoder, inputs: tuple[Input, ...]
) -> None:
    network, fresh = shaken(any_encoder), build_network(HEADS, any_encoder, 1, 2)
    put_weights(fresh, learnt_weights(network), head_weights(network))
    fresh.evaluate()
    kept, full = fresh.logits(inputs, 4096), network.logits(inputs, 4096)
    for name, table in full.items():
        assert np.corrcoef(kept[name].ravel(), table.ravel())[0, 1] > 0.999
    again = build_network(HEADS, any_encoder, 1, 2)
    put_weights(again, learnt_weights(fresh), head_weights(fresh))
    again.evaluate()
    for name, table in kept.items():
        assert again.logits(inputs, 4096)[name] == pytest.approx(table, abs=1e-4)


def test_weights_of_another_shape_are_refused(any_encoder: Encoder) -> None:
    network = shaken(any_encoder)
    with pytest.raises(ValueError, match="other names or shapes"):
        put_weights(build_network(HEADS, any_encoder, 2, 2), learnt_weights(network), head_weights(network))


def test_a_text_of_the_greatest_length_is_read(any_encoder: Encoder) -> None:
    longest = Input(0, (any_encoder.begin, *[7] * (any_encoder.longest - 2), any_encoder.end))
    assert len(shaken(any_encoder).logits([longest], 4096)["frame"]) == 1
    assert any_encoder.longest == 96


@given(lengths=st.lists(st.integers(1, 80), min_size=1, max_size=200), tokens=st.integers(1, 600))
def test_every_text_is_in_one_batch_and_batches_stay_within_the_limit(lengths: list[int], tokens: int) -> None:
    made = list(batches(lengths, tokens))
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
