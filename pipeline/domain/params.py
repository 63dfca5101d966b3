"""What a training run is told; together with data and base it fixes the tagger that comes out."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class TaggerParams:
    """Parameters of a tagger (`params.yaml`).

    Attributes:
        base: "raamwerk/e5-small-nl" (the base that is built here), a folder with a transformers encoder, or a hub name.
        context: preceding units given as context, in [0, 10].
        learnt_layers: layers of the encoder, from the top, that learn, in [0, 100]; all when it has fewer.
        learning_rate_encoder: highest learning rate of those layers, in (0, 0.1].
        learning_rate_heads: highest learning rate of the heads, in (0, 0.1].
        epochs: passes over the labelled units, in [1, 100].
        least_steps: steps of training, in [1, 10000]: a small set gets more passes until it has so many (`for_units`).
        batch: units in one step, in [1, 512].
        as_recognised: share of the batches shown in lower case without punctuation, in [0, 1].
        without_roles: share of the batches shown without roles of the speakers, in [0, 1].
        seed: of everything random, in [0, 2**31).
        folds: groups of whole sessions (of whole writers, where they are known) for out-of-fold figures, in [2, 100].
        unsure: share of the units, the least certain ones, that a person had better look at, in [0, 1].
    """

    base: str
    context: int
    learnt_layers: int
    learning_rate_encoder: float
    learning_rate_heads: float
    epochs: int
    least_steps: int
    batch: int
    as_recognised: float
    without_roles: float
    seed: int
    folds: int
    unsure: float

    def for_units(self, units: int) -> TaggerParams:
        """Give a small set more passes, so that training takes `least_steps` at least.

        Args:
            units: labelled units to learn from, at least one.
        """
        passes = math.ceil(self.least_steps / math.ceil(units / self.batch))
        return replace(self, epochs=max(self.epochs, passes))
