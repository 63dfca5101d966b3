"""Fit a network to labelled units: losses that mind rare labels, and a run that is the same every time."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.domain.codebook import DimensionKind
from pipeline.tagging.inputs import Guise, Input, inputs_of, role_mark
from pipeline.tagging.network import TRAINING_STRETCH, TRAINING_TOKENS, build_network, texts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import Tensor
    from torch.optim import Optimizer

    from pipeline.domain.params import TaggerParams
    from pipeline.domain.training import TrainingSession
    from pipeline.tagging.encoder import Encoder
    from pipeline.tagging.heads import Head
    from pipeline.tagging.network import Network

HEAVIEST = 5.0
"""Most that a rare label counts for against an average one."""
WARM_UP = 0.1
"""Share of the steps in which the learning rate rises; then it falls to 0."""
STRETCH_OF_TALK = 8
"""Successive units that stay together in a batch."""
GUISES = (Guise.AS_IS, Guise.RECOGNISED, Guise.NO_ROLES)
GRADIENT_NORM = 1.0
SMALLEST_STEP = 0.05
"""Least distance at the start between two borders of an ordinal head, on the scale of logits."""
WEIGHT_DECAY = 0.01


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled unit.

    Attributes:
        session: id of its session.
        group: whoever must not be on both sides of a split: the writer of a fictional session, else the session.
        utterance_id: id of the unit.
        text_sha: of its words.
        text: its words, pseudonymised.
        role: what its speaker is (`role_mark`).
        facets: what else is known of its session, such as ("stijl", "letterlijk"); figures are given by each.
        only_teaches: it is learnt from, but nothing is measured on it.
        answers: dimension id to labels, for the dimensions in which it is labelled.
    """

    session: str
    group: str
    utterance_id: str
    text_sha: str
    text: str
    role: str
    facets: tuple[tuple[str, str], ...]
    only_teaches: bool
    answers: dict[str, tuple[str, ...]]


Shown = dict[Guise, Input]
"""A unit as the encoder reads it, in each guise."""


def examples_of(sessions: Sequence[TrainingSession], heads: Sequence[Head]) -> tuple[Example, ...]:
    """Make the examples: every unit that is not minimal and has a label that a head can give.

    Labels that are set by rule are no choice of the tagger, so they are left out.
    """
    examples = []
    for labelled in sessions:
        settled = {head.dimension: labelled.settled(head.dimension) for head in heads}
        session = labelled.session
        for unit in session.utterances:
            answers = {
                head.dimension: settled[head.dimension][unit.id]
                for head in heads
                if unit.id in settled[head.dimension] and set(settled[head.dimension][unit.id]) <= set(head.labels)
            }
            if answers and not unit.minimal:
                example = Example(
                    session=session.session_id,
                    group=labelled.group or session.session_id,
                    utterance_id=unit.id,
                    text_sha=unit.text_sha,
                    text=unit.text,
                    role=role_mark(session.speaker_of(unit)),
                    facets=labelled.facets,
                    only_teaches=labelled.only_teaches,
                    answers=answers,
                )
                examples.append(example)
    return tuple(examples)


def bystanders_of(sessions: Sequence[TrainingSession], examples: Sequence[Example]) -> tuple[Example, ...]:
    """Make examples without answers of the other units of sessions that are judged: they are to be answered for too.

    Args:
        sessions: what the examples were made of.
        examples: labelled units.
    """
    judged = {one.session: one for one in examples if not one.only_teaches}
    known = {one.utterance_id for one in examples}
    return tuple(
        replace(
            judged[labelled.session.session_id],
            utterance_id=unit.id,
            text_sha=unit.text_sha,
            text=unit.text,
            role=role_mark(labelled.session.speaker_of(unit)),
            answers={},
        )
        for labelled in sessions
        if labelled.session.session_id in judged
        for unit in labelled.session.utterances
        if not unit.minimal and unit.id not in known
    )


def shown_of(
    sessions: Sequence[TrainingSession], examples: Sequence[Example], encoder: Encoder, context: int
) -> tuple[Shown, ...]:
    """Write the examples as the encoder reads them.

    Args:
        sessions: what the examples were made of.
        examples: labelled units.
        encoder: whose tokenizer and limits count.
        context: number of preceding units to look back at.
    """
    found: dict[str, Shown] = {}
    for labelled in sessions:
        units = labelled.session.utterances
        for guise in Guise:
            for one in inputs_of(labelled.session, encoder, context, guise):
                found.setdefault(units[one.unit].id, {})[guise] = one
    return tuple(found[example.utterance_id] for example in examples)


def targets(head: Head, examples: Sequence[Example]) -> tuple[np.ndarray, np.ndarray]:
    """Write the answers of a dimension as numbers, one column for each score of its head.

    Returns:
        Targets, *Shape* (examples, `Head.scores`) of 0 and 1: whether the label is given, or for an ordinal dimension
        whether the answer is higher than the first label, than the second …; and whether there is an answer at all,
        *Shape* (examples,).
    """
    table = np.zeros((len(examples), head.scores), np.float32)
    answered = np.zeros(len(examples), bool)
    for row, example in enumerate(examples):
        labels = example.answers.get(head.dimension)
        if labels is None:
            continue
        answered[row] = True
        if head.kind is DimensionKind.ORDINAL:
            table[row, : head.labels.index(labels[0])] = 1
        else:
            table[row, [head.labels.index(label) for label in labels]] = 1
    return table, answered


def label_weights(head: Head, table: np.ndarray) -> np.ndarray:
    """Give what each score counts for, so that rare labels are learnt too.

    The weight is the square root of how much rarer the label is than it would be if all were equally frequent, in
    [1 / `HEAVIEST`, `HEAVIEST`]: enough to be heard, not so much that probabilities lose all touch with frequencies.
    For a single dimension it is the weight of the label; for the others, of a "yes" against a "no".

    Args:
        head: whose scores they are.
        table: targets of the answered examples, *Shape* (examples, scores).
    """
    yes = table.sum(0)
    if head.kind is DimensionKind.SINGLE:
        ratio = len(table) / np.maximum(yes, 1) / head.scores
    else:
        ratio = (len(table) - yes) / np.maximum(yes, 1)
    weights: np.ndarray = np.clip(np.sqrt(ratio), 1 / HEAVIEST, HEAVIEST)
    return weights.astype(np.float32)


def fit(  # noqa: PLR0913, PLR0917 - what training needs
    examples: Sequence[Example],
    shown: Sequence[Shown],
    heads: Sequence[Head],
    encoder: Encoder,
    params: TaggerParams,
    progress: Callable[[float], None],
    start: Callable[[Network], None] | None = None,
) -> Network:
    """Train the upper layers of the encoder, the look back and the heads.

    The same examples, encoder, parameters and machine give the same weights; torch's global generators are left as they
    were. Runs on a GPU where there is one; its sums are then not always the same in the last digits.

    Args:
        examples: at least one.
        shown: the same, as the encoder reads them.
        heads: what to learn.
        encoder: stays as it is.
        params: rates, passes, seed.
        progress: told how far it is, in [0, 1].
        start: fills the network with what is known already; `None` to begin with the encoder as it is.

    Returns:
        The network, on the CPU.
    """
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel

    device = best_device()
    with _repeatable(params.seed, device):
        network = build_network(heads, encoder, params.learnt_layers, params.context)
        table = [targets(head, examples) for head in heads]
        weights = [label_weights(head, values[answered]) for head, (values, answered) in zip(heads, table, strict=True)]
        _start_at_frequencies(network, table, weights)
        if start is not None:
            start(network)
        network.to(device)
        network.train()
        order = list(_order([example.session for example in examples], params))
        optimiser, schedule = _optimiser(network, params, len(order))
        answers = [(torch.tensor(values), torch.tensor(answered)) for values, answered in table]
        scale = [torch.tensor(weight, device=device) for weight in weights]
        for step, (rows, guise) in enumerate(order):
            inputs = [shown[row][guise] for row in rows]
            with (
                torch.autocast(device, torch.bfloat16, enabled=bfloat16_pays(device)),
                sdpa_kernel(SDPBackend.MATH),  # the other kernel takes a quarter more time, all of it on the way back
            ):
                where, vectors = network.read(texts_of(inputs), TRAINING_TOKENS, TRAINING_STRETCH)
            scores = network.scores(inputs, where, vectors)
            chosen = [(values[rows].to(device), answered[rows].to(device)) for values, answered in answers]
            _step(network, _loss(heads, scores, chosen, scale), optimiser)
            schedule(step + 1)
            progress((step + 1) / len(order))
        network.to("cpu")
        network.evaluate()
    return network


def best_device() -> str:
    """Name the device to work on: "cuda" when there is a GPU, else "cpu"."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def bfloat16_pays(device: str) -> bool:
    """Tell whether a device multiplies bfloat16 in hardware; where it does not, it is slower than float32."""
    import torch

    if device != "cpu":
        return bool(torch.cuda.is_bf16_supported())
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


@contextmanager
def _repeatable(seed: int, device: str) -> Iterator[None]:
    """Seed torch for the time being, and on the CPU allow only sums that repeat exactly.

    One thread: sums are then taken in the same order whatever the number of cores, and two processes with one thread
    each do more than one with two (`base-model.md` 5), which crawls when others use the machine.
    """
    import torch

    before, threads = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    filling: Any = torch.utils.deterministic
    filled = filling.fill_uninitialized_memory
    devices = list(range(torch.cuda.device_count())) if device != "cpu" else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        torch.use_deterministic_algorithms(device == "cpu" or before)
        filling.fill_uninitialized_memory = False  # nothing here reads it; filling takes time
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            filling.fill_uninitialized_memory = filled
            torch.use_deterministic_algorithms(before)


def _order(sessions: Sequence[str], params: TaggerParams) -> Iterator[tuple[list[int], Guise]]:
    """Draw the batches of all passes: stretches of successive units from different places, and the guise of each.

    Units that follow each other share their context, which then is read once.
    """
    draw = np.random.default_rng(params.seed)
    rows = np.arange(len(sessions))
    borders = [at for at in range(1, len(sessions)) if sessions[at] != sessions[at - 1]]
    chances = [1 - params.as_recognised - params.without_roles, params.as_recognised, params.without_roles]
    shares = np.maximum(chances, 0) / np.maximum(chances, 0).sum()
    stretch = min(STRETCH_OF_TALK, params.batch)
    for _ in range(params.epochs):
        first = int(draw.integers(stretch))
        cuts = sorted({*borders, *range(first, len(rows), stretch)} - {0})
        stretches = [part.tolist() for part in np.split(rows, cuts)]
        drawn = [stretches[at] for at in draw.permutation(len(stretches))]
        for batch in _filled(drawn, params.batch):
            yield batch, GUISES[int(draw.choice(len(GUISES), p=shares))]


def _filled(stretches: Sequence[list[int]], size: int) -> Iterator[list[int]]:
    batch: list[int] = []
    for stretch in stretches:
        if batch and len(batch) + len(stretch) > size:
            yield batch
            batch = []
        batch = [*batch, *stretch]
    yield batch


def _start_at_frequencies(
    network: Network, table: Sequence[tuple[np.ndarray, np.ndarray]], weights: Sequence[np.ndarray]
) -> None:
    """Set biases and borders so that the first answers are the (weighted) frequencies of the labels."""
    import torch

    for number, (head, (values, answered), weight) in enumerate(zip(network.heads, table, weights, strict=True)):
        yes = values[answered].sum(0) * weight + 1
        no = answered.sum() - values[answered].sum(0) + 1
        name = f"d{number}"
        with torch.no_grad():
            if head.kind is DimensionKind.ORDINAL:
                borders = np.log(no / yes)
                steps = np.maximum(np.diff(borders), SMALLEST_STEP)
                network.cuts[name].copy_(torch.tensor(np.concatenate([borders[:1], np.log(np.expm1(steps))])))
            else:
                start = yes / yes.sum() if head.kind is DimensionKind.SINGLE else yes / no
                network.layers[name].get_parameter("bias").copy_(torch.tensor(np.log(start)))


def _optimiser(network: Network, params: TaggerParams, steps: int) -> tuple[Optimizer, Callable[[int], None]]:
    import torch

    rates = (params.learning_rate_encoder, params.learning_rate_heads)
    groups = [{"params": part, "lr": rate} for part, rate in zip(network.trainable(), rates, strict=True)]
    optimiser = torch.optim.AdamW(groups, weight_decay=WEIGHT_DECAY, fused=True)
    rising = max(1, round(WARM_UP * steps))

    def schedule(step: int) -> None:
        share = (step + 1) / rising if step < rising else (steps - step) / max(1, steps - rising)
        for group, rate in zip(optimiser.param_groups, rates, strict=True):
            group["lr"] = rate * min(1.0, max(0.0, share))

    schedule(0)
    return optimiser, schedule


def _step(network: Network, loss: Tensor, optimiser: Optimizer) -> None:
    from torch.nn.utils import clip_grad_norm_

    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    clip_grad_norm_([parameter for part in network.trainable() for parameter in part], GRADIENT_NORM)
    optimiser.step()


def _loss(
    heads: Sequence[Head],
    scores: Sequence[Tensor],
    answers: Sequence[tuple[Tensor, Tensor]],
    weights: Sequence[Tensor],
) -> Tensor:
    """Give the mean over the dimensions of the mean loss over the units that have an answer in them."""
    import torch

    losses = []
    for head, logits, (values, answered), weight in zip(heads, scores, answers, weights, strict=True):
        if answered.any():
            losses.append(_head_loss(head, logits[answered].float(), values[answered], weight))
    return torch.stack(losses).mean()


def _head_loss(head: Head, logits: Tensor, values: Tensor, weight: Tensor) -> Tensor:
    from torch.nn import functional

    if head.kind is DimensionKind.SINGLE:
        return functional.cross_entropy(logits, values.argmax(1), weight=weight)
    return functional.binary_cross_entropy_with_logits(logits, values, pos_weight=weight)
