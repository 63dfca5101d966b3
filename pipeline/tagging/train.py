"""Train a tagger: judge it on left-out sessions, then let it learn from all of them, and keep it with its papers."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pipeline.domain.errors import InputError
from pipeline.tagging.card import write_card
from pipeline.tagging.encoder import load_encoder
from pipeline.tagging.evaluate import evaluate_examples
from pipeline.tagging.heads import plan_heads
from pipeline.tagging.learn import examples_of, fit
from pipeline.tagging.weights import CARD, METRICS, Manifest, save_tagger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pipeline.domain.codebook import Codebook
    from pipeline.domain.params import TaggerParams
    from pipeline.domain.training import TrainingSession
    from pipeline.tagging.evaluate import Evaluation


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of training.

    Attributes:
        version: of the new tagger.
        units: number of units it learnt from.
        evaluation: out-of-fold figures; `None` when fewer than two sessions carried labels.
    """

    version: str
    units: int
    evaluation: Evaluation | None


def train(
    sessions: Sequence[TrainingSession],
    codebook: Codebook,
    params: TaggerParams,
    base: Path,
    out: Path,
    report: Callable[[str, float], None],
) -> Trained:
    """Train a tagger and write it: weights, `tagger.json`, `metrics.json`, `card.md`.

    The same sessions, codebook, parameters, base and machine give the same bytes.

    Args:
        sessions: with settled labels, in any order.
        codebook: whose dimensions and labels count; dimensions without labels get no head unless they are core.
        params: from params.yaml.
        base: folder of the built base.
        out: folder of the tagger, such as models/tagger/casuistiek; replaced at the very end.
        report: told what happens (Dutch) and how far the whole is, in [0, 1].

    Raises:
        InputError: when nothing is labelled, labels and codebook do not fit, or the encoder cannot be loaded.
    """
    ordered = sorted(sessions, key=lambda labelled: labelled.session.session_id)
    heads = plan_heads(ordered, codebook)
    encoder = load_encoder(params.base, base)
    examples = examples_of(ordered, heads, encoder, params)
    if not examples:
        place = "labels"
        raise InputError.single(place, "er is geen enkele uiting gecodeerd", "Codeer eerst uitingen van een sessie.")
    rounds = min(params.folds, len({example.session for example in examples}))
    share = rounds / (rounds + 1) if rounds > 1 else 0.0
    evaluation = evaluate_examples(examples, heads, encoder, params, lambda what, done: report(what, share * done))
    final = evaluation.heads if evaluation else heads
    network = fit(examples, final, encoder, params, lambda done: report("Trainen op alles", share + (1 - share) * done))
    manifest = Manifest(
        codebook=codebook.id,
        codebook_version=codebook.version_key,
        base=params.base,
        base_sha=encoder.sha,
        params=params,
        heads=final,
        trained_on=tuple(sorted({example.text_sha for example in examples})),
        files={},
    )
    papers = {
        METRICS: json.dumps(_metrics(evaluation), indent=1) + "\n",
        CARD: write_card(ordered, codebook, manifest, evaluation),
    }
    return Trained(save_tagger(out, network, manifest, papers), len(examples), evaluation)


def _metrics(evaluation: Evaluation | None) -> dict[str, object]:
    """Give the figures as DVC reads them: nested by dimension and label, rounded to four decimals."""
    if evaluation is None:
        return {"sessions": 1, "folds": 0, "dimensions": {}}
    dimensions = {}
    for score in evaluation.dimensions:
        labels = {label.label: _rounded(asdict(label), "label") for label in score.labels}
        dimensions[score.dimension] = {**_rounded(asdict(score), "dimension", "labels"), "labels": labels}
    counts = {"sessions": evaluation.sessions, "units": evaluation.units, "folds": evaluation.folds}
    return {**counts, "dimensions": dimensions}


def _rounded(values: dict[str, Any], *left_out: str) -> dict[str, Any]:
    return {
        key: round(value, 4) if isinstance(value, float) else value
        for key, value in values.items()
        if key not in left_out
    }
