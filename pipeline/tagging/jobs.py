"""Train several networks at once, one processor core each: left-out groups, the final one, the learning curve."""

from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.tagging.encoder import load_encoder
from pipeline.tagging.inputs import Guise
from pipeline.tagging.learn import best_device, bfloat16_pays, fit
from pipeline.tagging.weights import Weights, go_on, pack, same_questions, unpack
from pipeline.tagging.words import fit_words, read_words, side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pipeline.domain.params import TaggerParams
    from pipeline.tagging.encoder import Encoder
    from pipeline.tagging.heads import Head
    from pipeline.tagging.learn import Example, Shown
    from pipeline.tagging.network import Logits
    from pipeline.tagging.weights import StoredTagger

MOST_WORKERS = 2
"""Each grows to 1.7 GB, beside 0.6 GB of the process that waits."""
FEWEST_EXAMPLES = 300
"""With fewer it takes longer to start other processes than to train."""
BATCH_TOKENS = 4096
LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Job:
    """A network to train, and words to weigh.

    Attributes:
        known: rows of the examples that it learns from.
        asked: rows of the examples that it answers for afterwards; may be empty.
    """

    known: tuple[int, ...]
    asked: tuple[int, ...] = ()

    @classmethod
    def without(cls, folds: np.ndarray, fold: int, bystanders: np.ndarray | None = None) -> Job:
        """Learn from all examples but those of a fold, and answer for these.

        Args:
            folds: of every example, *Shape* (examples,).
            fold: the one to leave out.
            bystanders: folds of the units that come after the examples and have no label: they are answered for too.
        """
        rest, left_out = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        beside = len(folds) + np.flatnonzero(bystanders == fold) if bystanders is not None else left_out[:0]
        return cls(tuple(rest.tolist()), (*left_out.tolist(), *beside.tolist()))


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a job.

    Attributes:
        weights: of the tagger.
        logits: answers of network and words for `Job.asked`, in that order; empty when nothing was asked.
    """

    weights: Weights
    logits: Logits


@dataclass(frozen=True, slots=True)
class Bench:
    """What all jobs have in common.

    Attributes:
        examples: labelled units, and after them any others that are to be answered for.
        shown: the same, as the encoder reads them.
        heads: what to learn.
        params: rates, passes, seed.
        base: folder of the built base.
        start: tagger to go on from, `None` to begin at the base.
    """

    examples: Sequence[Example]
    shown: Sequence[Shown]
    heads: Sequence[Head]
    params: TaggerParams
    base: Path
    start: StoredTagger | None = None


def run_jobs(bench: Bench, jobs: Sequence[Job], report: Callable[[float], None]) -> list[Done]:
    """Do all jobs; the outcome does not depend on how many are done at a time.

    Args:
        bench: what they share.
        jobs: in any order; the longest are started first.
        report: told how far they all are, in [0, 1].

    Returns:
        One outcome a job, in the order given.
    """
    sizes = [len(job.known) for job in jobs]
    together = min(MOST_WORKERS, len(jobs), os.cpu_count() or 1)
    if together < 2 or best_device() != "cpu" or len(bench.examples) < FEWEST_EXAMPLES:  # noqa: PLR2004 - one by one
        encoder = load_encoder(bench.params.base, bench.base)
        return [
            _do(bench, encoder, job, _share_of(report, sum(sizes[:number]) / sum(sizes), sizes[number] / sum(sizes)))
            for number, job in enumerate(jobs)
        ]
    return _run_apart(bench, jobs, together, report)


def _share_of(report: Callable[[float], None], before: float, size: float) -> Callable[[float], None]:
    return lambda done: report(before + done * size)


def _run_apart(bench: Bench, jobs: Sequence[Job], together: int, report: Callable[[float], None]) -> list[Done]:
    context = multiprocessing.get_context("spawn")
    shares: Any = context.Array("d", len(jobs))
    sizes = [len(job.known) for job in jobs]
    with ProcessPoolExecutor(together, context, initializer=_settle_in, initargs=(bench, shares)) as pool:
        order = sorted(range(len(jobs)), key=lambda number: -sizes[number])
        futures = {number: pool.submit(_do_apart, number, jobs[number]) for number in order}
        while wait(futures.values(), timeout=LOOK_SECONDS).not_done:
            report(sum(share * size for share, size in zip(shares, sizes, strict=True)) / sum(sizes))
        return [futures[number].result() for number in range(len(jobs))]


_here: dict[str, Any] = {}
"""What a process that works on jobs was given when it started."""


def _settle_in(bench: Bench, shares: Any) -> None:  # noqa: ANN401 - an array of multiprocessing has no public type
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _here["bench"], _here["shares"] = bench, shares
    _here["encoder"] = load_encoder(bench.params.base, bench.base)


def _end_with_parent() -> None:
    """Stop when whoever started this process is gone, even when it was killed: nobody waits for the outcome."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do_apart(number: int, job: Job) -> Done:
    def note(share: float) -> None:
        _here["shares"][number] = share

    return _do(_here["bench"], _here["encoder"], job, note)


def _do(bench: Bench, encoder: Encoder, job: Job, report: Callable[[float], None]) -> Done:
    known, shown = [bench.examples[row] for row in job.known], [bench.shown[row] for row in job.known]
    start = bench.start
    same = start is not None and same_questions(start, bench.heads, bench.params)
    # What an earlier tagger knows of words rests on far more of them than a study has.
    words = start.weights.words if start is not None and same else fit_words(known, bench.heads, bench.params.seed)
    params = bench.params.for_units(len(known))
    begin = None if start is None else partial(go_on, stored=start, heads_too=same)
    weights = pack(fit(known, shown, bench.heads, encoder, params, report, begin), words)
    if not job.asked:
        return Done(weights, {})
    # What is measured is measured on what is kept.
    network = unpack(weights, bench.heads, encoder, bench.params)
    network.to(best_device())
    asked = [bench.shown[row][Guise.AS_IS] for row in job.asked]
    read = network.logits(asked, BATCH_TOKENS, bfloat16=bfloat16_pays(network.device))
    counted = read_words(words, bench.heads).logits([bench.examples[row].text for row in job.asked])
    return Done(weights, side_by_side(read, counted))
