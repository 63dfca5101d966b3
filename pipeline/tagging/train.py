"""Train a tagger: judge it on left-out groups, let it learn from everything, and keep it with its papers.

The parts are the stages of `dvc.yaml`: `learn` (networks), `settle` (what is learnt from out-of-fold answers),
`assess` (figures, from the answers that a tagger keeps: anyone can compute them again). `train` does them all and
writes the card, for a study's own tagger.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pipeline.domain.errors import InputError
from pipeline.tagging.answers import read_answers, write_answers
from pipeline.tagging.baselines import SIMPLER, answer_simply
from pipeline.tagging.calibrate import calibrate
from pipeline.tagging.card import write_card
from pipeline.tagging.encoder import load_encoder
from pipeline.tagging.evaluate import NEVER, folds_of, judge, score
from pipeline.tagging.heads import by_reader, plan_heads
from pipeline.tagging.jobs import Bench, Job, run_jobs
from pipeline.tagging.learn import bystanders_of, examples_of, shown_of
from pipeline.tagging.papers import CurvePoint, metrics_of
from pipeline.tagging.weights import CARD, METRICS, Manifest, can_go_on, save_tagger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pipeline.domain.codebook import Codebook
    from pipeline.domain.cues import Cue
    from pipeline.domain.params import TaggerParams
    from pipeline.domain.training import TrainingSession
    from pipeline.tagging.encoder import Encoder
    from pipeline.tagging.evaluate import Evaluation
    from pipeline.tagging.heads import Head
    from pipeline.tagging.learn import Example
    from pipeline.tagging.network import Logits
    from pipeline.tagging.weights import StoredTagger, Weights

LEARNING = 0.8
"""Share of the time that the networks take."""
CURVE = (100, 300, 1000, 3000)
"""Numbers of labelled units at which the learning curve is measured, on the first fold, as far as there are so many."""
FEWEST_ON_CURVE = 300
"""With fewer units in the first fold there is no curve: its thresholds are chosen on half of them."""


@dataclass(frozen=True, slots=True)
class Material:
    """What is learnt from, prepared.

    Attributes:
        sessions: with settled labels, in order of their ids.
        codebook: whose dimensions and labels count.
        cues: rules of the codebook folder, for the simplest baseline but one.
        params: from params.yaml.
        base: folder of the built base.
        heads: as planned.
        examples: labelled units.
        folds: the fold of every example, `NEVER` for those that only teach; one fold when there are not two groups.
        bystanders: units of the same sessions without a label; those of a session in a fold are answered for with it.
        start: tagger to go on from, `None` to begin at the base.
    """

    sessions: tuple[TrainingSession, ...]
    codebook: Codebook
    cues: tuple[Cue, ...]
    params: TaggerParams
    base: Path
    heads: tuple[Head, ...]
    examples: tuple[Example, ...]
    folds: np.ndarray
    bystanders: tuple[Example, ...] = ()
    start: StoredTagger | None = None

    @property
    def can_judge(self) -> bool:
        """Tell whether there is more than one group, so that one can be left out."""
        return len(self.left_out) > 1

    @property
    def left_out(self) -> tuple[int, ...]:
        """The folds that are left out in turn, in order."""
        return tuple(sorted(set(self.folds.tolist()) - {NEVER}))

    @property
    def judged(self) -> list[Example]:
        """The examples that are in a fold."""
        return [one for one, fold in zip(self.examples, self.folds, strict=True) if fold != NEVER]

    @property
    def answered(self) -> list[tuple[str, str]]:
        """The units that left-out networks answer for, (id, `Utterance.text_sha`): the judged ones, the bystanders."""
        return [(one.utterance_id, one.text_sha) for one in (*self.judged, *self.bystanders)]

    def bench(self, encoder: Encoder) -> Bench:
        """Lay ready what the jobs need."""
        units = (*self.examples, *self.bystanders)
        shown = shown_of(self.sessions, units, encoder, self.params.context)
        return Bench(units, shown, self.heads, self.params, self.base, self.start_on(encoder.sha))

    def start_on(self, base_sha: str) -> StoredTagger | None:
        """Give the tagger to go on from, unless it does not fit this encoder and these parameters."""
        return self.start if self.start and can_go_on(self.start, base_sha, self.params) else None

    def without(self, fold: int) -> Job:
        """Leave out a fold, and ask for all units of its sessions."""
        fold_of = dict(zip((one.session for one in self.examples), self.folds.tolist(), strict=True))
        return Job.without(self.folds, fold, np.array([fold_of[one.session] for one in self.bystanders], int))


@dataclass(frozen=True, slots=True)
class Learnt:
    """The networks' share of a tagger.

    Attributes:
        base_sha: of the encoder that was learnt on.
        weights: of the network that learnt from everything.
        logits: answers for every judged example by networks that did not learn from its fold; empty when none could.
        beside: likewise for the bystanders.
        curve: by number of units learnt from: answers for the first fold.
    """

    base_sha: str
    weights: Weights
    logits: Logits
    beside: Logits
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
        InputError: when nothing is labelled, or labels and codebook do not fit.
    """
    ordered = tuple(sorted(sessions, key=lambda labelled: labelled.session.session_id))
    heads = plan_heads(ordered, codebook)
    examples = examples_of(ordered, heads)
    if len({one.group for one in examples if not one.only_teaches}) == 1:  # one writer: leave out sessions instead
        examples = tuple(replace(one, group=one.session) for one in examples)
    if not examples:
        place = "labels"
        raise InputError.single(place, "er is geen enkele uiting gecodeerd", "Codeer eerst uitingen van een sessie.")
    if folds is None:
        placed = folds_of(examples, params.folds, params.seed)
    else:
        placed = np.array([folds[example.group] for example in examples])
    bystanders = bystanders_of(ordered, examples)
    return Material(ordered, codebook, tuple(cues), params, base, heads, examples, placed, bystanders)


def learn(material: Material, report: Callable[[float], None]) -> Learnt:
    """Train the final network, one for every fold left out, and those of the learning curve.

    The same material and machine give the same numbers.

    Args:
        material: what is learnt from.
        report: told how far it is, in [0, 1].

    Raises:
        InputError: when the encoder cannot be loaded.
    """
    base_sha, bench = _ready(material)
    everything = Job(tuple(range(len(material.examples))))
    if not material.can_judge:
        return Learnt(base_sha, run_jobs(bench, [everything], report)[0].weights, {}, {}, ())
    left_out = [material.without(fold) for fold in material.left_out]
    first = left_out[0]
    judged = Job.without(material.folds, material.left_out[0]).asked
    # Where one session is asked, its thresholds could be chosen on itself only.
    draws_curve = len(judged) >= FEWEST_ON_CURVE and len({material.examples[row].session for row in judged}) > 1
    drawn = np.random.default_rng(material.params.seed).permutation(first.known)
    sizes = [size for size in CURVE if draws_curve and size < len(first.known)]
    smaller = [Job(tuple(sorted(drawn[:size].tolist())), judged) for size in sizes]
    done = run_jobs(bench, [everything, *left_out, *smaller], report)
    parts, points = done[1 : len(left_out) + 1], done[len(left_out) + 1 :]
    # Judged examples and bystanders, in this order; what only teaches has no place.
    asked = np.append(material.folds != NEVER, np.ones(len(material.bystanders), bool))
    place, ends = np.cumsum(asked) - 1, len(material.judged)
    logits = {name: np.zeros((asked.sum(), table.shape[1])) for name, table in parts[0].logits.items()}
    for job, part in zip(left_out, parts, strict=True):
        for name, table in part.logits.items():
            logits[name][place[list(job.asked)]] = table
    curve = [(size, one.logits) for size, one in zip(sizes, points, strict=True)]
    curve += [(len(first.known), {name: part[: len(judged)] for name, part in parts[0].logits.items()})] * draws_curve
    own, beside = ({name: table[part] for name, table in logits.items()} for part in (slice(ends), slice(ends, None)))
    return Learnt(base_sha, done[0].weights, own, beside, tuple(curve))


def _ready(material: Material) -> tuple[str, Bench]:
    """Load the encoder only for as long as it cuts texts: the processes that train each have their own."""
    encoder = load_encoder(material.params.base, material.base)
    return encoder.sha, material.bench(encoder)


def settle(material: Material, learnt: Learnt, out: Path) -> str:
    """Learn from the out-of-fold answers how to read scores, and keep the tagger.

    Args:
        material: what was learnt from.
        learnt: its networks.
        out: folder of the tagger; replaced as a whole.

    Returns:
        The version of the tagger.
    """
    return save_tagger(out, weights_of(material, learnt), manifest_of(material, learnt), {})


def weights_of(material: Material, learnt: Learnt) -> Weights:
    """Give the numbers of the tagger, with the answers of left-out networks beside them."""
    both = {name: np.vstack([table, learnt.beside[name]]) for name, table in learnt.logits.items()}
    return replace(learnt.weights, answers=write_answers(material.answered if both else (), both))


def manifest_of(material: Material, learnt: Learnt) -> Manifest:
    """Say what the tagger is, calibrated on all out-of-fold answers."""
    heads = material.heads
    start = material.start_on(learnt.base_sha)
    if learnt.logits:
        heads = calibrate(heads, material.judged, learnt.logits, material.params.unsure)
    return Manifest(
        codebook=material.codebook.id,
        codebook_version=material.codebook.version_key,
        base=material.params.base,
        base_sha=learnt.base_sha,
        params=material.params.for_units(len(material.examples)),
        heads=heads,
        trained_on=tuple(sorted({example.text_sha for example in material.examples}.union(_known_by(start)))),
        went_on_from=start.version if start else "",
        files={},
    )


def _known_by(start: StoredTagger | None) -> tuple[str, ...]:
    return start.manifest.trained_on if start else ()


def kept_logits(material: Material, stored: StoredTagger) -> Logits:
    """Read back what left-out networks said of every judged example, as the tagger keeps it (in 16 bits).

    Args:
        material: what was learnt from.
        stored: the tagger that learnt from it.

    Returns:
        As `Learnt.logits`.

    Raises:
        InputError: when the tagger does not keep an answer for every one of them.
    """
    if not material.can_judge:
        return {}
    kept = read_answers(stored.weights.answers, material.heads)
    units = [(one.utterance_id, one.text_sha) for one in material.judged]
    rows = [row for row in kept.known(units) if row is not None]
    if len(rows) < len(units):
        place, lacking = f"tagger {stored.version}", len(units) - len(rows)
        found = f"bij {lacking} van {len(units)} uitingen is niet bewaard wat netwerken zeiden die ze niet kenden"
        raise InputError.single(place, found, "Train de tagger opnieuw van deze momentopname.")
    return {name: table[rows] for name, table in kept.logits.items()}


def assess(material: Material, logits: Logits, report: Callable[[float], None]) -> Evaluation | None:
    """Compute the figures of tagger and simpler ways.

    Args:
        material: what was learnt from.
        logits: as `Learnt.logits`.
        report: told how far it is, in [0, 1].

    Returns:
        The figures, `None` when there was nothing to leave out.
    """
    if not logits:
        return None
    params, heads, examples = material.params, material.heads, material.judged
    folds = material.folds[material.folds != NEVER]
    answers, chances = judge(heads, examples, folds, logits, params.unsure)
    _, bench = _ready(material)
    others = {}
    words = {head.dimension: by_reader(head, logits[head.dimension])[:, 1] for head in heads}
    for number, way in enumerate(SIMPLER):
        others[way] = answer_simply(way, bench, material.cues, material.folds, words)
        report((number + 1) / (len(SIMPLER) + 1))
    evaluation = score(
        heads, examples, answers, chances, others, _double(material.sessions), len(material.left_out), params.seed
    )
    report(1.0)
    return evaluation


def curve_of(material: Material, learnt: Learnt) -> tuple[CurvePoint, ...]:
    """Compute the points of the learning curve, the smallest first."""
    return tuple(_point(material, size, logits) for size, logits in learnt.curve)


def _double(sessions: Sequence[TrainingSession]) -> dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]]:
    pairs: dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]] = {}
    for session in sessions:
        for first, second in session.double if not session.only_teaches else ():
            pairs.setdefault(first.dimension, []).append((first.labels, second.labels))
    return pairs


def _point(material: Material, size: int, logits: Logits) -> CurvePoint:
    """Judge one network of the learning curve; its thresholds come from its own fold, split by session."""
    asked = [material.examples[row] for row in Job.without(material.folds, material.left_out[0]).asked]
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
    evaluation = assess(material, learnt.logits, lambda done: report("Toetsen", LEARNING + (1 - LEARNING) * done))
    curve = curve_of(material, learnt)
    manifest = manifest_of(material, learnt)
    papers = {
        METRICS: metrics_of(evaluation, curve),
        CARD: write_card(material.sessions, material.codebook, manifest, evaluation, curve),
    }
    version = save_tagger(out, weights_of(material, learnt), manifest, papers)
    return Trained(version, len(material.examples), evaluation)
