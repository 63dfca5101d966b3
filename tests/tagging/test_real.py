"""The real base, really trained: slow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.tagging.tagger import Tagger, load_tagger
from tests.tagging import world

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(real_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("echt") / "proef"
    params = world.params(
        "raamwerk/e5-small-nl",
        learnt_layers=6,
        learning_rate_encoder=0.0002,
        learning_rate_heads=0.001,
        epochs=12,
        batch=4,
    )
    world.train(world.world(1), world.codebook(), params, real_base, out, world.quiet)
    world.train(world.world(1), world.codebook(), params, real_base, out.parent / "nog-eens", world.quiet)
    return out


def answers(tagger: Tagger) -> dict[tuple[str, str], tuple[str, ...]]:
    return {(one.utterance_id, one.dimension): one.labels for one in tagger.tag(world.world(1)[0].session)}


def test_it_learns_the_sentences_it_was_given(folder: Path, real_base: Path) -> None:
    found = answers(load_tagger(folder, real_base, codebook=world.codebook()))
    truth = {(one.utterance_id, one.dimension): one.labels for one in world.world(1)[0].labels}
    frames = [key for key in truth if key[1] == "frame"]
    right = sum(found[key] == truth[key] for key in frames)
    assert right / len(frames) >= 0.8, "the most frequent frame alone would give 0.43"
    assert sum(found[key] == truth[key] for key in truth) / len(truth) >= 0.85


def test_training_again_gives_the_same_tagger(folder: Path) -> None:
    for path in folder.iterdir():
        assert path.read_bytes() == (folder.parent / "nog-eens" / path.name).read_bytes(), path.name


def test_labels_are_the_same_for_all_sizes_of_batches(folder: Path, real_base: Path) -> None:
    one_by_one, many = (load_tagger(folder, real_base, batch_tokens=tokens) for tokens in (1, 8192))
    assert answers(one_by_one) == answers(many)


def test_labels_are_the_same_on_cpu_and_gpu(folder: Path, real_base: Path) -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("this machine has no CUDA device")
    cpu, gpu = (load_tagger(folder, real_base, device=device) for device in ("cpu", "cuda"))
    assert (cpu.device, gpu.device) == ("cpu", "cuda")
    assert answers(cpu) == answers(gpu)
