"""The trainable thing: encoder, mean of the unit's token vectors, one linear head a dimension."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.domain.codebook import DimensionKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import Tensor, nn

    from pipeline.tagging.encoder import Encoder
    from pipeline.tagging.heads import Head, Probabilities
    from pipeline.tagging.inputs import Input

ADAPTED = ("query", "key", "value", "dense")
"""Matrices that get an adapter: all of attention and feed-forward, in both families."""
MOST_ROWS = 64
STRETCH = 1.15
"""A batch ends before an input longer than this times its shortest one: little is spent on padding."""


@dataclass(frozen=True, slots=True)
class Network:
    """An encoder (with or without adapter) and its heads.

    Attributes:
        heads: what each head answers.
        encoder: gives a vector a token.
        layers: "d0", "d1" … in the order of `heads`; an ordinal head has one score without bias.
        cuts: for ordinal heads the borders on the line of that score: the first one, then the logarithm-like steps up.
        padding: id of the token that fills up.
    """

    heads: tuple[Head, ...]
    encoder: nn.Module
    layers: nn.ModuleDict
    cuts: nn.ParameterDict
    padding: int

    def scores(self, inputs: Sequence[Input]) -> list[Tensor]:
        """Read a batch.

        The vectors of a unit's own tokens are averaged (its role mark and the end token included); context has its
        say only through attention, since the evidence for a label must lie in the unit.

        Args:
            inputs: at least one.

        Returns:
            For every head a tensor of logits, *Shape* (inputs, `Head.scores`). Those of an ordinal head belong to
            "higher than the first label", "higher than the second" …, and fall from left to right.
        """
        import torch

        device = next(self.layers.parameters()).device
        width = max(len(one.ids) for one in inputs)
        ids = torch.full((len(inputs), width), self.padding, dtype=torch.long)
        real = torch.zeros((len(inputs), width), dtype=torch.long)
        unit = torch.zeros((len(inputs), width, 1))
        for row, one in enumerate(inputs):
            ids[row, : len(one.ids)] = torch.tensor(one.ids)
            real[row, : len(one.ids)] = 1
            unit[row, one.start : len(one.ids)] = 1.0
        unit = unit.to(device)
        vectors = self.encoder(input_ids=ids.to(device), attention_mask=real.to(device)).last_hidden_state.float()
        mean = (vectors * unit).sum(1) / unit.sum(1)
        return [self._logits(number, head, mean) for number, head in enumerate(self.heads)]

    def _logits(self, number: int, head: Head, mean: Tensor) -> Tensor:
        import torch
        from torch.nn import functional

        scores: Tensor = self.layers[f"d{number}"](mean)
        if head.kind is not DimensionKind.ORDINAL:
            return scores
        cuts = self.cuts[f"d{number}"]
        borders = torch.cumsum(torch.cat([cuts[:1], functional.softplus(cuts[1:])]), 0)
        return scores - borders

    def probabilities(self, inputs: Sequence[Input]) -> list[Probabilities]:
        """Give the probabilities of every input, in the order of each head's labels."""
        import torch

        with torch.inference_mode():
            tables = [
                _probabilities(head, logits).double().cpu().tolist()
                for head, logits in zip(self.heads, self.scores(inputs), strict=True)
            ]
        return [
            {head.dimension: tuple(table[row]) for head, table in zip(self.heads, tables, strict=True)}
            for row in range(len(inputs))
        ]

    def trainable(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        """Give the parameters that learn: those of the adapter, those of the heads."""
        adapter = [parameter for parameter in self.encoder.parameters() if parameter.requires_grad]
        return adapter, [*self.layers.parameters(), *self.cuts.parameters()]

    def train(self) -> None:
        """Switch drop-out on."""
        self.encoder.train()

    def evaluate(self) -> None:
        """Switch drop-out off."""
        self.encoder.eval()

    def to(self, device: str) -> None:
        """Move all numbers to a device ("cpu" or "cuda")."""
        for part in (self.encoder, self.layers, self.cuts):
            part.to(device)


def _probabilities(head: Head, logits: Tensor) -> Tensor:
    import torch

    if head.kind is DimensionKind.SINGLE:
        return logits.double().softmax(1)
    above = logits.double().sigmoid()
    if head.kind is DimensionKind.MULTI:
        return above
    ones, zeros = torch.ones_like(above[:, :1]), torch.zeros_like(above[:, :1])
    return torch.cat([ones, above], 1) - torch.cat([above, zeros], 1)


def build_network(heads: Sequence[Head], encoder: Encoder, rank: int) -> Network:
    """Put a fresh adapter on a copy of an encoder, and fresh heads beside it.

    Weights that are drawn are drawn from torch's global generator: seed it first.

    Args:
        heads: what to answer; at least one.
        encoder: stays as it is.
        rank: of the adapter.
    """
    import copy

    import torch
    from torch import nn

    adapted = _with_adapter(copy.deepcopy(encoder.model), rank)
    layers, cuts = nn.ModuleDict(), nn.ParameterDict()
    for number, head in enumerate(heads):
        if head.kind is DimensionKind.ORDINAL:
            layers[f"d{number}"] = nn.Linear(encoder.width, 1, bias=False)
            cuts[f"d{number}"] = nn.Parameter(torch.zeros(head.scores))
        else:
            layers[f"d{number}"] = nn.Linear(encoder.width, head.scores)
    return Network(tuple(heads), adapted, layers, cuts, encoder.padding)


def _with_adapter(model: Any, rank: int) -> nn.Module:  # noqa: ANN401 - peft and transformers disagree on the type
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=rank, lora_alpha=2 * rank, lora_dropout=0.1, target_modules=list(ADAPTED), bias="none")
    adapted: nn.Module = get_peft_model(model, config)
    return adapted


def merged(network: Network) -> Network:
    """Add the adapter to the weights of the encoder: the same answers with fewer sums."""
    from typing import cast

    encoder = cast("Any", network.encoder).merge_and_unload()
    encoder.eval()
    return Network(network.heads, encoder, network.layers, network.cuts, network.padding)


def adapter_weights(network: Network) -> dict[str, Tensor]:
    """Give the weights of the adapter by name, on the CPU."""
    from peft import get_peft_model_state_dict

    return {
        name: weight.detach().cpu().contiguous() for name, weight in get_peft_model_state_dict(network.encoder).items()
    }


def head_weights(network: Network) -> dict[str, Tensor]:
    """Give the weights of the heads by name, on the CPU."""
    state = {
        **{f"layers.{name}": weight for name, weight in network.layers.state_dict().items()},
        **{f"cuts.{name}": weight for name, weight in network.cuts.state_dict().items()},
    }
    return {name: weight.detach().cpu().contiguous() for name, weight in state.items()}


def put_weights(network: Network, adapter: dict[str, Tensor], heads: dict[str, Tensor]) -> None:
    """Fill a network with saved weights.

    Raises:
        ValueError: when names or shapes are not exactly those of the network.
    """
    from peft import set_peft_model_state_dict

    own = adapter_weights(network), head_weights(network)
    for mine, given in zip(own, (adapter, heads), strict=True):
        if {name: weight.shape for name, weight in mine.items()} != {name: w.shape for name, w in given.items()}:
            message = "saved weights have other names or shapes"
            raise ValueError(message)
    set_peft_model_state_dict(network.encoder, adapter)
    network.layers.load_state_dict(_under(heads, "layers."))
    network.cuts.load_state_dict(_under(heads, "cuts."))


def _under(weights: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): weight for name, weight in weights.items() if name.startswith(prefix)}


def batches(inputs: Sequence[Input], tokens: int) -> Iterator[tuple[int, ...]]:
    """Group inputs of about equal length, the longest first.

    Args:
        inputs: in any order.
        tokens: most tokens in a batch, padding included; a longer input makes a batch of its own.

    Yields:
        Positions in `inputs`, each in exactly one batch.
    """
    order = sorted(range(len(inputs)), key=lambda at: (-len(inputs[at].ids), at))
    batch: list[int] = []
    for at in order:
        if batch and _is_full(len(inputs[batch[0]].ids), len(inputs[at].ids), len(batch), tokens):
            yield tuple(batch)
            batch = []
        batch.append(at)
    if batch:
        yield tuple(batch)


def _is_full(longest: int, following: int, rows: int, tokens: int) -> bool:
    return rows >= MOST_ROWS or longest * (rows + 1) > tokens or longest > STRETCH * following
