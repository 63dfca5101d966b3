"""The trainable thing: an encoder whose upper layers learn, a look back at preceding units, a head a dimension."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.domain.codebook import DimensionKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import Tensor, nn

    from pipeline.tagging.encoder import Encoder
    from pipeline.tagging.heads import Head
    from pipeline.tagging.inputs import Input

Text = tuple[int, ...]
"""Token ids of one unit, special tokens included."""
Logits = dict[str, np.ndarray]
"""Dimension id to scores before calibration, *Shape* (inputs, `Head.scores`) for one reader; those of a further reader
stand to the right of them."""

MOST_ROWS = 64
STRETCH = 1.15
"""A batch ends before a text longer than this times its shortest one: little is spent on padding."""
TRAINING_STRETCH = 1.6
TRAINING_TOKENS = 2048
DROP_OUT = 0.1
"""Share of a unit's numbers that is hidden from the heads while they learn."""
TINY = 1e-12
"""Least scale of a row of 8-bit numbers, so that a row of zeros can be kept too."""


@dataclass(frozen=True, slots=True)
class Network:
    """An encoder and its heads.

    Attributes:
        heads: what each head answers.
        encoder: gives a vector a token.
        learnt: its upper layers, which learn; those below, and the embeddings, stay those of the base.
        looks_back: one square matrix a preceding unit, the nearest first: what the vector of that unit adds.
        layers: "d0", "d1" … in the order of `heads`; an ordinal head has one score without bias.
        cuts: for ordinal heads the borders on the line of that score: the first one, then the logarithm-like steps up.
        padding: id of the token that fills up.
    """

    heads: tuple[Head, ...]
    encoder: nn.Module
    learnt: nn.ModuleList
    looks_back: nn.ModuleList
    layers: nn.ModuleDict
    cuts: nn.ParameterDict
    padding: int

    @property
    def device(self) -> str:
        """Where it works, "cpu" or "cuda"."""
        return next(self.layers.parameters()).device.type

    def vectors(self, texts: Sequence[Text]) -> Tensor:
        """Read texts of about equal length.

        The vectors of all tokens are averaged, role mark and special tokens included.

        Args:
            texts: at least one.

        Returns:
            *Shape* (texts, width of the encoder), float32.
        """
        import torch

        device = self.device
        width = max(len(text) for text in texts)
        ids = torch.full((len(texts), width), self.padding, dtype=torch.long)
        real = torch.zeros((len(texts), width), dtype=torch.long)
        for row, text in enumerate(texts):
            ids[row, : len(text)] = torch.tensor(text)
            real[row, : len(text)] = 1
        real = real.to(device)
        found = self.encoder(input_ids=ids.to(device), attention_mask=real).last_hidden_state.float()
        counted = real.unsqueeze(2).float()
        mean: Tensor = (found * counted).sum(1) / counted.sum(1)
        return mean

    def read(
        self, texts: Sequence[Text], tokens: int, stretch: float, progress: Callable[[float], None] | None = None
    ) -> tuple[dict[Text, int], Tensor]:
        """Read texts, each different one once, in batches of about equal length.

        Args:
            texts: in any order, at least one.
            tokens: most tokens in a batch, padding included.
            stretch: see `STRETCH`.
            progress: told after each batch how far it is, in [0, 1].

        Returns:
            The row of every text, and the vectors, *Shape* (different texts, width).
        """
        import torch

        different = list(dict.fromkeys(texts))
        rows: dict[Text, int] = {}
        parts = []
        for batch in batches([len(text) for text in different], tokens, stretch):
            chosen = [different[at] for at in batch]
            rows |= {text: len(rows) + at for at, text in enumerate(chosen)}
            parts.append(self.vectors(chosen))
            if progress is not None:
                progress(len(rows) / len(different))
        return rows, torch.cat(parts)

    def scores(self, inputs: Sequence[Input], rows: dict[Text, int], vectors: Tensor) -> list[Tensor]:
        """Answer for inputs whose texts are read.

        The evidence for a label must lie in the unit, so what precedes it only adds to the unit's own vector, through
        matrices that are nothing at the start.

        Args:
            inputs: at least one.
            rows: of `vectors`, by text.
            vectors: as `read` gives them.

        Returns:
            For every head a tensor of logits, *Shape* (inputs, `Head.scores`). Those of an ordinal head belong to
            "higher than the first label", "higher than the second" …, and fall from left to right.
        """
        import torch
        from torch.nn import functional

        nothing = torch.zeros_like(vectors[:1])
        padded = torch.cat([vectors, nothing])
        unit = padded[[rows[one.ids] for one in inputs]]
        for back, matrix in enumerate(self.looks_back):
            places = [rows[one.before[back]] if back < len(one.before) else len(vectors) for one in inputs]
            unit = unit + matrix(padded[places])
        unit = functional.dropout(unit, DROP_OUT, self.layers.training)
        return [self._logits(number, head, unit) for number, head in enumerate(self.heads)]

    def _logits(self, number: int, head: Head, unit: Tensor) -> Tensor:
        import torch
        from torch.nn import functional

        scores: Tensor = self.layers[f"d{number}"](unit)
        if head.kind is not DimensionKind.ORDINAL:
            return scores
        cuts = self.cuts[f"d{number}"]
        borders = torch.cumsum(torch.cat([cuts[:1], functional.softplus(cuts[1:])]), 0)
        return scores - borders

    def logits(
        self,
        inputs: Sequence[Input],
        tokens: int,
        progress: Callable[[float], None] | None = None,
        *,
        bfloat16: bool = False,
    ) -> Logits:
        """Answer for inputs, in their order.

        Args:
            inputs: at least one; drop-out must be off.
            tokens: most tokens in a batch, padding included.
            progress: told after each batch how far it is, in [0, 1].
            bfloat16: read in 16 bits: about twice as fast where `bfloat16_pays`, and scores that differ in the third
                digit.
        """
        import torch

        with torch.inference_mode():
            with torch.autocast(self.device, torch.bfloat16, enabled=bfloat16):
                rows, vectors = self.read(texts_of(inputs), tokens, STRETCH, progress)
            scores = self.scores(inputs, rows, vectors)
        return {head.dimension: one.double().cpu().numpy() for head, one in zip(self.heads, scores, strict=True)}

    def trainable(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        """Give the parameters that learn: those of the encoder, those of the heads."""
        parts = (self.looks_back, self.layers, self.cuts)
        return list(self.learnt.parameters()), [parameter for part in parts for parameter in part.parameters()]

    def train(self) -> None:
        """Switch drop-out on, in what learns."""
        for part in (self.learnt, self.layers):
            part.train()

    def evaluate(self) -> None:
        """Switch drop-out off."""
        for part in (self.learnt, self.layers):
            part.eval()

    def to(self, device: str) -> None:
        """Move all numbers to a device ("cpu" or "cuda")."""
        for part in (self.encoder, self.looks_back, self.layers, self.cuts):
            part.to(device)


def texts_of(inputs: Sequence[Input]) -> list[Text]:
    """Give all texts that must be read to answer for inputs, with repeats."""
    return [text for one in inputs for text in (one.ids, *one.before)]


def build_network(heads: Sequence[Head], encoder: Encoder, learnt_layers: int, context: int) -> Network:
    """Let the upper layers of a copy of an encoder learn, and put fresh heads beside it.

    Weights that are drawn are drawn from torch's global generator: seed it first.

    Args:
        heads: what to answer; at least one.
        encoder: stays as it is; what does not learn is shared with it.
        learnt_layers: number of layers, from the top, that learn; all when it has fewer.
        context: number of preceding units to look back at.
    """
    import copy

    import torch
    from torch import nn

    own = list(encoder.model.get_submodule("encoder.layer").children())[-learnt_layers:] if learnt_layers else []
    copied = {id(weight) for layer in own for weight in layer.parameters()}
    shared = {id(weight): weight for weight in encoder.model.parameters() if id(weight) not in copied}
    model: Any = copy.deepcopy(encoder.model, shared)
    learnt = nn.ModuleList(list(model.encoder.layer)[-learnt_layers:] if learnt_layers else [])
    learnt.requires_grad_(requires_grad=True)
    looks_back = nn.ModuleList(nn.Linear(encoder.width, encoder.width, bias=False) for _ in range(context))
    for matrix in looks_back:
        nn.init.zeros_(matrix.get_parameter("weight"))
    layers, cuts = nn.ModuleDict(), nn.ParameterDict()
    for number, head in enumerate(heads):
        if head.kind is DimensionKind.ORDINAL:
            layers[f"d{number}"] = nn.Linear(encoder.width, 1, bias=False)
            cuts[f"d{number}"] = nn.Parameter(torch.zeros(head.scores))
        else:
            layers[f"d{number}"] = nn.Linear(encoder.width, head.scores)
    return Network(tuple(heads), model, learnt, looks_back, layers, cuts, encoder.padding)


def learnt_weights(network: Network) -> dict[str, Tensor]:
    """Give the weights of the learnt layers in 8 bits: "0.….weight" and, for matrices, "0.….weight.scale".

    Every row of a matrix is kept as whole numbers in [-127, 127] times one float32; the rest is kept as it is.
    """
    kept: dict[str, Tensor] = {}
    for name, weight in network.learnt.state_dict().items():
        values = weight.detach().cpu().float()
        if values.dim() == 2:  # noqa: PLR2004 - a matrix
            scale = values.abs().amax(1).clamp_min(TINY) / 127
            kept[name] = (values / scale[:, None]).round().char()
            kept[f"{name}.scale"] = scale
        else:
            kept[name] = values.contiguous()
    return kept


def head_weights(network: Network) -> dict[str, Tensor]:
    """Give the weights of heads and look back by name, on the CPU."""
    parts = {"looks_back": network.looks_back, "layers": network.layers, "cuts": network.cuts}
    return {
        f"{part}.{name}": weight.detach().cpu().contiguous()
        for part, module in parts.items()
        for name, weight in module.state_dict().items()
    }


def put_weights(network: Network, learnt: dict[str, Tensor], heads: dict[str, Tensor]) -> None:
    """Fill a network with saved weights.

    Raises:
        ValueError: when names or shapes are not exactly those of the network.
    """
    own = learnt_weights(network), head_weights(network)
    for mine, given in zip(own, (learnt, heads), strict=True):
        if {name: weight.shape for name, weight in mine.items()} != {name: w.shape for name, w in given.items()}:
            message = "saved weights have other names or shapes"
            raise ValueError(message)
    full = {
        name: weight.float() * learnt[f"{name}.scale"][:, None] if f"{name}.scale" in learnt else weight
        for name, weight in learnt.items()
        if not name.endswith(".scale")
    }
    network.learnt.load_state_dict(full)
    for part, module in (("looks_back", network.looks_back), ("layers", network.layers), ("cuts", network.cuts)):
        module.load_state_dict(_under(heads, f"{part}."))


def _under(weights: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): weight for name, weight in weights.items() if name.startswith(prefix)}


def batches(lengths: Sequence[int], tokens: int, stretch: float = STRETCH) -> Iterator[tuple[int, ...]]:
    """Group texts of about equal length, the longest first.

    Args:
        lengths: tokens in each text.
        tokens: most tokens in a batch, padding included; a longer text makes a batch of its own.
        stretch: see `STRETCH`.

    Yields:
        Positions in `lengths`, each in exactly one batch.
    """
    order = sorted(range(len(lengths)), key=lambda at: (-lengths[at], at))
    batch: list[int] = []
    for at in order:
        if batch and _is_full(lengths[batch[0]], lengths[at], len(batch), tokens, stretch):
            yield tuple(batch)
            batch = []
        batch.append(at)
    if batch:
        yield tuple(batch)


def _is_full(longest: int, following: int, rows: int, tokens: int, stretch: float) -> bool:
    return rows >= MOST_ROWS or longest * (rows + 1) > tokens or longest > stretch * following
