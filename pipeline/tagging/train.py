"""Train a tagger: judge it on left-out groups, let it learn from everything, and keep it with its papers.

The parts are the stages of `dvc.yaml`: `learn` (networks), `settle` (what is learnt from out-of-fold answers),
`assess` (figures), `write_papers`. `train` does them all, for a study's own tagger.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pipeline.domain.errors import InputError
from pipeline.tagging.baselines import SIMPLER, answer_simply
from pipeline.tagging.calibrate import calibrate
from pipeline.tagging.card import write_card
from pipeline.tagging.encoder import load_encoder
from pipeline.tagging.evaluate import folds_of, judge, score
from pipeline.tagging.heads import plan_heads
from pipeline.tagging.jobs import Bench, Job, run_jobs
from pipeline.tagging.learn import examples_of
from pipeline.tagging.papers import CurvePoint, metrics_of
from pipeline.tagging.weights import CARD, METRICS, Manifest, save_tagger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pipeline.domain.codebook import Codebook
    from pipeline.domain.cues import Cue
    from pipeline.domain.params import TaggerParams
    from pipeline.domain.training import TrainingSession
    from pipeline.tagging.evaluate import Evaluation
    from pipeline.tagging.heads import Head
    from pipeline.tagging.learn import Example
    from pipeline.tagging.network import Logits
    from pipeline.tagging.weights import Weights

CURVE = (100, 300, 1000, 3000)
"""Numbers of labelled units at which the learning curve is measured, on the first fold, as far as there are so many."""


@dataclass(frozen=True, slots=True)
class Material:
    """What is learnt from, prepared.

    Attributes:
        sessions: with settled labels, in order of their ids.
        codebook: whose dimensions and labels count.
        cues: rules of the codebook folder, for the simplest baseline but one.
        params: from params.yaml.
        base: folder of the built base.
        base_sha: of the encoder.
        heads: as planned.
        examples: labelled units.
        folds: the fold of every example; only zeros when there are not two groups.
    """

    sessions: tuple[TrainingSession, ...]
    codebook: Codebook
    cues: tuple[Cue, ...]
    params: TaggerParams
    base: Path
    base_sha: str
    heads: tuple[Head, ...]
    examples: tuple[Example, ...]
    folds: np.ndarray

    @property
    def can_judge(self) -> bool:
        """Tell whether there is more than one group, so that one can be left out."""
        return len(np.unique(self.folds)) > 1

    @property
    def bench(self) -> Bench:
        """What the jobs need."""
        return Bench(self.examples, self.heads, self.params, self.base)


@dataclass(frozen=True, slots=True)
class Learnt:
    """The networks' share of a tagger.

    Attributes:
        weights: of the network that learnt from everything.
        logits: answers for every example by networks that did not learn from its fold; empty when none could.
        curve: by number of units learnt from: answers for the first fold.
    """

    weights: Weights
    logits: Logits
    curve: tuple[tuple[int, Logits], ...]


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of training.

    Attributes:
        version: of the new tagger.
        units: number of units it learnt from.
        evaluation: out-of-fold figures; `None` when there was nothing to leave out.
    """

    version: str
    units: int
    evaluation: Evaluation | None


def prepare(
    sessions: Sequence[TrainingSession],
    codebook: Codebook,
    cues: Sequence[Cue],
    params: TaggerParams,
    base: Path,
    folds: dict[str, int] | None = None,
) -> Material:
    """Make examples and folds.

    Args:
        sessions: with settled labels, in any order.
        codebook: whose dimensions and labels count; dimensions without labels get no head unless they are core.
        cues: of the codebook, may be empty.
        params: from params.yaml.
        base: folder of the built base.
        folds: the fold of every group, as an earlier stage fixed it; `None` to share them out here.

    Raises:
        InputError: when nothing is labelled, labels and codebook do not fit, or the encoder cannot be loaded.
    """
    ordered = tuple(sorted(sessions, key=lambda labelled: labelled.session.session_id))
    heads = plan_heads(ordered, codebook)
    encoder = load_encoder(params.base, base)
    examples = examples_of(ordered, heads, encoder, params)
    if not examples:
        place = "labels"
        raise InputError.single(place, "er is geen enkele uiting gecodeerd", "Codeer eerst uitingen van een sessie.")
    if folds is None:
        placed = folds_of(examples, params.folds, params.seed)
    else:
        placed = np.array([folds[example.group] for example in examples])
    return Material(ordered, codebook, tuple(cues), params, base, encoder.sha, heads, examples, placed)


def learn(material: Material, report: Callable[[float], None]) -> Learnt:
    """Train the final network, one for every fold left out, and those of the learning curve.

    The same material and machine give the same numbers.

    Args:
        material: what is learnt from.
        report: told how far it is, in [0, 1].
    """
    everything = tuple(range(len(material.examples)))
    if not material.can_judge:
        return Learnt(run_jobs(material.bench, [Job(everything)], report)[0].weights, {}, ())
    folds = np.unique(material.folds)
    jobs = [Job(everything)]
    jobs += [Job(_rows(material.folds != fold), _rows(material.folds == fold)) for fold in folds]
    known, asked = jobs[1].known, jobs[1].asked
    drawn = np.random.default_rng(material.params.seed).permutation(known)
    asked_sessions = {material.examples[row].session for row in asked}
    sizes = [size for size in CURVE if size < len(known)] if len(asked_sessions) > 1 else []
    jobs += [Job(tuple(sorted(drawn[:size].tolist())), asked) for size in sizes]
    done = run_jobs(material.bench, jobs, report)
    parts = done[1 : len(folds) + 1]
    logits = {name: np.zeros((len(everything), table.shape[1])) for name, table in parts[0].logits.items()}
    for job, part in zip(jobs[1:], parts, strict=False):
        for name, table in part.logits.items():
            logits[name][list(job.asked)] = table
    if len(asked_sessions) == 1:  # its thresholds could be chosen on itself only
        return Learnt(done[0].weights, logits, ())
    curve = [(size, one.logits) for size, one in zip(sizes, done[len(folds) + 1 :], strict=True)]
    return Learnt(done[0].weights, logits, (*curve, (len(known), parts[0].logits)))


def _rows(chosen: np.ndarray) -> tuple[int, ...]:
    return tuple(np.flatnonzero(chosen).tolist())


def settle(material: Material, learnt: Learnt, out: Path) -> str:
    """Learn from the out-of-fold answers how to read scores, and keep the tagger.

    Args:
        material: what was learnt from.
        learnt: its networks.
        out: folder of the tagger; replaced as a whole.

    Returns:
        The version of the tagger.
    """
    return save_tagger(out, learnt.weights, manifest_of(material, learnt), {})


def manifest_of(material: Material, learnt: Learnt) -> Manifest:
    """Say what the tagger is, calibrated on all out-of-fold answers."""
    heads = material.heads
    if learnt.logits:
        heads = calibrate(heads, material.examples, learnt.logits, material.params.unsure)
    return Manifest(
        codebook=material.codebook.id,
        codebook_version=material.codebook.version_key,
        base=material.params.base,
        base_sha=material.base_sha,
        params=material.params,
        heads=heads,
        trained_on=tuple(sorted({example.text_sha for example in material.examples})),
        files={},
    )


def assess(
    material: Material, learnt: Learnt, report: Callable[[float], None]
) -> tuple[Evaluation | None, tuple[CurvePoint, ...]]:
    """Compute the figures of tagger and simpler ways, and the learning curve.

    Args:
        material: what was learnt from.
        learnt: its networks.
        report: told how far it is, in [0, 1].

    Returns:
        The figures, `None` when there was nothing to leave out; and points of the learning curve.
    """
    if not learnt.logits:
        return None, ()
    params, heads, examples, folds = material.params, material.heads, material.examples, material.folds
    answers, chances = judge(heads, examples, folds, learnt.logits, params.unsure)
    others = {}
    for number, way in enumerate(SIMPLER):
        others[way] = answer_simply(way, material.bench, material.cues, folds)
        report((number + 1) / (len(SIMPLER) + 1))
    evaluation = score(
        heads, examples, answers, chances, others, _double(material.sessions), len(np.unique(folds)), params.seed
    )
    curve = tuple(_point(material, size, logits) for size, logits in learnt.curve)
    report(1.0)
    return evaluation, curve


def _double(sessions: Sequence[TrainingSession]) -> dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]]:
    pairs: dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]] = {}
    for session in sessions:
        for first, second in session.double:
            pairs.setdefault(first.dimension, []).append((first.labels, second.labels))
    return pairs


def _point(material: Material, size: int, logits: Logits) -> CurvePoint:
    """Judge one network of the learning curve; its thresholds come from its own fold, split by session."""
    asked = [material.examples[row] for row in _rows(material.folds == np.unique(material.folds)[0])]
    halves = folds_of([replace(example, group=example.session) for example in asked], 2, material.params.seed)
    answers, chances = judge(material.heads, asked, halves, logits, material.params.unsure)
    scores = score(material.heads, asked, answers, chances, {}, {}, 1, material.params.seed).dimensions
    return CurvePoint(size, {one.dimension: one.tagger.macro_f1 for one in scores})


def train(material: Material, out: Path, report: Callable[[str, float], None]) -> Trained:
    """Train a tagger and write it: weights, `tagger.json`, `metrics.json`, `card.md`.

    The same sessions, codebook, parameters, base and machine give the same bytes.

    Args:
        material: from `prepare`.
        out: folder of the tagger, such as models/tagger/casuistiek; replaced at the very end.
        report: told what happens (Dutch) and how far the whole is, in [0, 1].
    """
    learnt = learn(material, lambda done: report("Trainen", LEARNING * done))
    evaluation, curve = assess(material, learnt, lambda done: report("Toetsen", LEARNING + (1 - LEARNING) * done))
    manifest = manifest_of(material, learnt)
    papers = {
        METRICS: metrics_of(evaluation, curve),
        CARD: write_card(material.sessions, material.codebook, manifest, evaluation, curve),
    }
    return Trained(save_tagger(out, learnt.weights, manifest, papers), len(material.examples), evaluation)


LEARNING = 0.8
"""Share of the time that the networks take."""
