"""What a training run is told; together with data and base it fixes the tagger that comes out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TaggerParams:
    """Parameters of a tagger (`params.yaml`).

    Attributes:
        base: "raamwerk/e5-small-nl" (the base that is built here), a folder with a transformers encoder, or a hub name.
        max_tokens: tokens in one input, context included, in [16, 512].
        context: preceding units given as context, in [0, 10].
        lora_rank: rank of the adapter, in [1, 256].
        learning_rate_adapter: highest learning rate of the adapter, in (0, 0.1].
        learning_rate_heads: highest learning rate of the heads, in (0, 0.1].
        epochs: passes over the labelled units, in [1, 100].
        batch: units in one step, in [1, 512].
        seed: of everything random, in [0, 2**31).
        folds: groups of whole sessions for out-of-fold figures, in [2, 100]; at most one a session is made.
    """

    base: str
    max_tokens: int
    context: int
    lora_rank: int
    learning_rate_adapter: float
    learning_rate_heads: float
    epochs: int
    batch: int
    seed: int
    folds: int
