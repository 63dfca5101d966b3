"""Load an encoder of the BERT or RoBERTa family with its tokenizer, from the built base, a folder or the hub."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.domain.errors import InputError
from pipeline.tagging.base import BUILT_BASE, MARK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from transformers import PreTrainedModel, PreTrainedTokenizerBase

BERT_TYPES = frozenset({"bert"})
ROBERTA_TYPES = frozenset({"roberta", "xlm-roberta", "camembert"})
"""Families whose positions are counted from the padding id on: two fewer tokens fit than the table has rows."""
LONGEST_EVER = 512


@dataclass(frozen=True, slots=True)
class Encoder:
    """An encoder and what the tagger must know of it.

    Token types are never given: both families then read everything as the first type, which is also what the
    encoders at hand were trained on.

    Attributes:
        base: the name it was asked for by.
        sha: SHA-256 of weights and vocabulary, in hex: the same numbers have the same one wherever they lie.
        model: gives a vector a token; in evaluation mode, float32, without gradients, on the CPU when loaded.
        tokenizer: cuts text into pieces.
        longest: most tokens in one input.
        separators: number of end tokens between two segments.
        begin: id of the token before the first segment.
        end: id of the token after a segment.
        padding: id of the token that fills up.
    """

    base: str
    sha: str
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    longest: int
    separators: int
    begin: int
    end: int
    padding: int

    @property
    def width(self) -> int:
        """Numbers in the vector of a token."""
        return int(self.model.config.hidden_size)

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Cut texts into token ids, without special tokens; a whole text at a time, however long."""
        if not texts:
            return []
        cut: Any = self.tokenizer(list(texts), add_special_tokens=False, verbose=False)
        return [list(ids) for ids in cut["input_ids"]]


def load_encoder(base: str, built: Path) -> Encoder:
    """Load an encoder.

    Args:
        base: "raamwerk/e5-small-nl", a folder with a transformers encoder, or a hub name. `HF_HUB_OFFLINE` is
            honoured: only what is in the local cache is then found.
        built: folder with the base that `ensure_base` makes.

    Raises:
        InputError: when it is not there, is of another family, or lacks what a tagger needs.
    """
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    source = _source(base, built)
    with _quiet():
        try:
            family = str(AutoConfig.from_pretrained(source).model_type)
            _check_family(base, family)
            tokenizer = AutoTokenizer.from_pretrained(source)
            # Drop-out of attention would cost memory and time in training, and brings nothing here.
            model = AutoModel.from_pretrained(
                source,
                add_pooling_layer=False,
                dtype="float32",
                use_safetensors=True,
                attn_implementation="sdpa",
                attention_probs_dropout_prob=0.0,
            )
        except (OSError, ValueError, KeyError) as error:
            place = f"params.yaml, base: {base}"
            raise InputError.single(
                place,
                "dit model is niet gevonden of niet te lezen als encoder met safetensors-gewichten",
                "Vul een map of een naam op de Hugging Face-hub in die bestaat. Staat HF_HUB_OFFLINE op 1, haal het "
                "model dan eerst op of zet de variabele tijdelijk uit.",
            ) from error
    model.eval().requires_grad_(requires_grad=False)
    return _described(base, family, model, tokenizer)


def _source(base: str, built: Path) -> str:
    if base != BUILT_BASE:
        return base
    if not (built / MARK).is_file():
        raise InputError.single(
            str(built), "het basismodel is nog niet gebouwd", "Start Raamwerk met 'raamwerk run'; dat bouwt het zelf."
        )
    return str(built)


def _check_family(base: str, family: str) -> None:
    if family not in BERT_TYPES | ROBERTA_TYPES:
        place = f"params.yaml, base: {base}"
        raise InputError.single(
            place,
            f"dit is een model van het type {family}",
            f"Kies een encoder van een van deze typen: {', '.join(sorted(BERT_TYPES | ROBERTA_TYPES))}.",
        )


def _described(base: str, family: str, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> Encoder:
    special: list[Any] = [tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.pad_token_id]
    if None in special:
        place = f"params.yaml, base: {base}"
        raise InputError.single(
            place,
            "het begin-, scheidings- of opvulteken ontbreekt in de tokenizer",
            "Kies een encoder met een volledige tokenizer.",
        )
    rows = int(model.config.max_position_embeddings)
    if family in ROBERTA_TYPES:
        rows -= int(model.config.pad_token_id) + 1
    begin, end, padding = (int(token) for token in special)
    return Encoder(
        base=base,
        sha=_fingerprint(model, tokenizer),
        model=model,
        tokenizer=tokenizer,
        longest=min(rows, LONGEST_EVER),
        separators=max(1, tokenizer.num_special_tokens_to_add(pair=True) - 2),
        begin=begin,
        end=end,
        padding=padding,
    )


def _fingerprint(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> str:
    digest = hashlib.sha256(json.dumps(sorted(tokenizer.get_vocab().items())).encode())
    for name, weight in sorted(model.state_dict().items()):
        digest.update(f"{name} {tuple(weight.shape)}".encode())
        digest.update(weight.contiguous().numpy().data)
    return digest.hexdigest()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers' bars and loading reports off the screen; what matters is raised."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
