"""Keep what a stage of training made for the next stage: weights, out-of-fold answers, figures. Never shipped."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.tagging.evaluate import DimensionScore, Evaluation, Figures
from pipeline.tagging.papers import CurvePoint
from pipeline.tagging.train import Learnt
from pipeline.tagging.weights import ENCODER, HEADS, WORDS, Weights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ANSWERS, FIGURES = "antwoorden.npz", "cijfers.json"
FILES = (ENCODER, HEADS, WORDS)
_ALL, _BESIDE, _BASE = "alles", "ernaast", "basis"


def write_learnt(folder: Path, learnt: Learnt) -> None:
    """Write the networks' share of a tagger to a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (folder / name).write_bytes(learnt.weights.files[name])
    tables = {f"{_ALL}/{name}": table for name, table in learnt.logits.items()}
    tables |= {f"{_BESIDE}/{name}": table for name, table in learnt.beside.items()}
    tables |= {f"{size}/{name}": table for size, logits in learnt.curve for name, table in logits.items()}
    tables[_BASE] = np.array(learnt.base_sha)
    np.savez(folder / ANSWERS, allow_pickle=False, **tables)


def read_learnt(folder: Path) -> Learnt:
    """Read it back."""
    weights = Weights.of({name: (folder / name).read_bytes() for name in FILES})
    found: dict[str, dict[str, np.ndarray]] = {}
    with np.load(folder / ANSWERS) as tables:
        base_sha = str(tables[_BASE])
        for key in set(tables.files) - {_BASE}:
            size, _, name = key.partition("/")
            found.setdefault(size, {})[name] = tables[key]
    logits, beside = found.pop(_ALL, {}), found.pop(_BESIDE, {})
    return Learnt(base_sha, weights, logits, beside, tuple((int(size), found[size]) for size in sorted(found, key=int)))


def write_assessment(folder: Path, evaluation: Evaluation | None, curve: Sequence[CurvePoint]) -> None:
    """Write all figures, unrounded, for the card."""
    content: dict[str, Any] = {"curve": [asdict(point) for point in curve], "evaluation": None}
    if evaluation is not None:
        content["evaluation"] = asdict(evaluation)
        for score in content["evaluation"]["dimensions"]:
            score["facets"] = [[list(key), list(value)] for key, value in score["facets"].items()]
    (folder / FIGURES).write_text(json.dumps(content, indent=1), encoding="utf-8")


def read_assessment(folder: Path) -> tuple[Evaluation | None, tuple[CurvePoint, ...]]:
    """Read them back."""
    content = json.loads((folder / FIGURES).read_text("utf-8"))
    curve = tuple(CurvePoint(**point) for point in content["curve"])
    if content["evaluation"] is None:
        return None, curve
    dimensions = tuple(_score(score) for score in content["evaluation"]["dimensions"])
    return Evaluation(**{**content["evaluation"], "dimensions": dimensions}), curve


def _score(content: dict[str, Any]) -> DimensionScore:
    fields = dict(content)
    fields["tagger"] = _figures(content["tagger"])
    fields["others"] = {way: _figures(figures) for way, figures in content["others"].items()}
    fields["coders"] = _figures(content["coders"]) if content["coders"] else None
    fields["intervals"] = {name: tuple(ends) for name, ends in content["intervals"].items()}
    fields["reliability"] = tuple(tuple(pair) for pair in content["reliability"])
    fields["risk"] = tuple(tuple(pair) for pair in content["risk"])
    fields["facets"] = {tuple(key): tuple(value) for key, value in content["facets"]}
    return DimensionScore(**fields)


def _figures(content: dict[str, Any]) -> Figures:
    labels = {label: tuple(values) for label, values in content["labels"].items()}
    return Figures(**{**content, "labels": labels})
