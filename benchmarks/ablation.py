"""What does a choice in params.yaml bring? Trains with other choices on left-out writers and prints a row for each.

    dvc repro split
    python benchmarks/ablation.py learnt_layers=12 epochs=5 --folds 2
    python benchmarks/ablation.py seed=1 --folds 1
    python benchmarks/ablation.py --by session

Reads the snapshot that `dvc repro split` makes. Without a choice it measures params.yaml as it is. `--folds N` trains
for the first N folds only; `--by session` leaves out whole sessions instead of whole writers. The rows of
docs/tagger.md were made with it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pipeline.domain.params import TaggerParams  # noqa: E402
from pipeline.formats.codebook import read_codebook  # noqa: E402
from pipeline.formats.params import read_params  # noqa: E402
from pipeline.tagging.encoder import load_encoder  # noqa: E402
from pipeline.tagging.evaluate import folds_of, judge, score  # noqa: E402
from pipeline.tagging.jobs import Job, run_jobs  # noqa: E402
from pipeline.tagging.snapshot import read_snapshot  # noqa: E402
from pipeline.tagging.train import prepare  # noqa: E402

FEWEST_FOLDS = 2


def chosen(pairs: list[str]) -> TaggerParams:
    """Give the parameters with some of them replaced."""
    params = read_params(ROOT / "params.yaml")
    types = {field.name: type(getattr(params, field.name)) for field in fields(TaggerParams)}
    changes = {name: types[name](value) for name, _, value in (pair.partition("=") for pair in pairs)}
    return replace(params, **changes)


def main() -> None:
    """Train, judge and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("choices", nargs="*", metavar="NAME=VALUE")
    parser.add_argument("--folds", type=int, default=0, help="only the first so many folds")
    parser.add_argument("--by", choices=("writer", "session"), default="writer")
    parser.add_argument("--codebook", default="casuistiek")
    told = parser.parse_args()
    work = ROOT / "models" / "work" / told.codebook
    folds = json.loads((work / "verdeling.json").read_text("utf-8")) if told.by == "writer" else None
    sessions = read_snapshot(work / "momentopname")
    if told.by == "session":
        sessions = tuple(replace(session, group="") for session in sessions)
    params = chosen(told.choices)
    codebook = read_codebook(ROOT / "corpora" / "codebook" / told.codebook)
    material = prepare(sessions, codebook, (), params, ROOT / "models" / "base", folds)
    numbers = material.left_out[: told.folds or None]
    jobs = [Job.without(material.folds, fold) for fold in numbers]
    began = time.monotonic()
    done = run_jobs(material.bench(load_encoder(params.base, material.base)), jobs, lambda _share: None)
    minutes = (time.monotonic() - began) / 60
    rows = np.concatenate([np.array(job.asked) for job in jobs])
    examples = [material.examples[row] for row in rows.tolist()]
    logits = {head.dimension: np.concatenate([one.logits[head.dimension] for one in done]) for head in material.heads}
    # What is chosen from answers needs another part to be chosen on: other folds, or else other sessions.
    parts = material.folds[rows]
    if len(numbers) < FEWEST_FOLDS:
        parts = folds_of([replace(example, group=example.session) for example in examples], FEWEST_FOLDS, params.seed)
    answers, chances = judge(material.heads, examples, parts, logits, params.unsure)
    figures = score(material.heads, examples, answers, chances, {}, {}, len(numbers), params.seed)
    cells = [
        f"{one.dimension} "
        + " ".join(
            f"{name} {value:.3f}"
            for name, value in (("macro", one.tagger.macro_f1), ("any", one.tagger.any_f1), ("kappa", one.tagger.kappa))
            if value is not None
        )
        for one in figures.dimensions
    ]
    sys.stdout.write(
        f"{' '.join(told.choices) or 'params.yaml'} | by {told.by}, folds {list(numbers)}, {len(examples)} units, "
        f"{minutes:.1f} min | {' | '.join(cells)}\n"
    )


if __name__ == "__main__":
    main()
