from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.tagging.base import ensure_base
from pipeline.tagging.encoder import Encoder, load_encoder
from tests.tagging import world

NOWHERE = Path("/nergens")
REPOSITORY = Path(__file__).parents[2]


def tiny_encoder(folder: Path, family: str, positions: int = 96) -> Path:
    """Save a random encoder of two layers with a word-level tokenizer that knows the words of the world."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import AutoModel, BertConfig, PreTrainedTokenizerFast, RobertaConfig

    bert = family == "bert"
    begin, end, padding, unknown = ("[CLS]", "[SEP]", "[PAD]", "[UNK]") if bert else ("<s>", "</s>", "<pad>", "<unk>")
    specials = [padding, unknown, begin, end] if bert else [begin, padding, end, unknown]
    texts = " ".join([*world.LEEFWERELD, *world.ACTIVERING, *world.GEEN, *world.BRUG, "klantmanager , inbrenger : ja"])
    words = sorted(set(re.findall(r"\w+|[^\w\s]", texts.lower())) - set(specials))
    vocabulary = {word: number for number, word in enumerate([*specials, *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=unknown))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    pair = f"{begin} $A {end} $B {end}" if bert else f"{begin} $A {end} {end} $B {end}"
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A {end}",
        pair=pair,
        special_tokens=[(begin, vocabulary[begin]), (end, vocabulary[end])],
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, cls_token=begin, sep_token=end, pad_token=padding, unk_token=unknown
    ).save_pretrained(folder)
    kind = BertConfig if bert else RobertaConfig
    config = kind(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=positions if bert else positions + 2,
        type_vocab_size=2 if bert else 1,
        pad_token_id=vocabulary[padding],
    )
    with torch.random.fork_rng():
        torch.manual_seed(1)
        AutoModel.from_config(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session", params=["bert", "roberta"])
def any_encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    folder = tiny_encoder(tmp_path_factory.mktemp(request.param), request.param)
    return load_encoder(str(folder), NOWHERE)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder(tmp_path_factory.mktemp("bert"), "bert")


@pytest.fixture(scope="session")
def encoder(tiny: Path) -> Encoder:
    return load_encoder(str(tiny), NOWHERE)


@pytest.fixture(scope="session")
def two_taggers(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Folders of two taggers that differ; copy one before changing it."""
    folder = tmp_path_factory.mktemp("taggers")
    for seed in (1, 2):
        params = world.params(tiny, epochs=1, seed=seed)
        world.train(world.world(1), world.codebook(), params, NOWHERE, folder / str(seed), world.quiet)
    return folder / "1", folder / "2"


@pytest.fixture(scope="session")
def real_base() -> Path:
    """The real Dutch base, built in its own place (about ten seconds the first time)."""
    folder = REPOSITORY / "models" / "base"
    ensure_base(folder, folder / "kept_pieces.txt", world.quiet)
    return folder
