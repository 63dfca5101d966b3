"""How fast is `Tagger.tag`, next to transformers' own text-classification pipeline on the same weights and texts?

    python benchmarks/tagging.py

Reads the first session of the sample study, as delivered and cut into units. Both sides read the very same strings
(role mark and unit; the tagger minimal units too), on the CPU, in float32; the heads are untrained, which changes
nothing in speed. transformers' pipeline has one head, so it answers one dimension; the
tagger answers all of its dimensions in the same pass, and is timed with one head and with four. Everything is timed in
turn and medians are shown, because other work on the machine makes single runs jump. A warm-up tells how many units the
machine can read in the time set (about a minute and a half in all); a slow or busy one reads only the first ones.
"""

from __future__ import annotations

import itertools
import os
import platform
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402

from pipeline.domain.codebook import DimensionKind  # noqa: E402
from pipeline.domain.pseudonym import PseudonymisedSpeaker, UnitisedSession, Utterance, utterance_id  # noqa: E402
from pipeline.formats.params import read_params  # noqa: E402
from pipeline.formats.reading import read_transcript  # noqa: E402
from pipeline.formats.roster import read_roster  # noqa: E402
from pipeline.formats.study import read_study  # noqa: E402
from pipeline.tagging.base import BUILT_BASE, ensure_base  # noqa: E402
from pipeline.tagging.encoder import load_encoder  # noqa: E402
from pipeline.tagging.heads import Head  # noqa: E402
from pipeline.tagging.inputs import inputs_of  # noqa: E402
from pipeline.tagging.learn import Example  # noqa: E402
from pipeline.tagging.network import build_network  # noqa: E402
from pipeline.tagging.tagger import load_tagger  # noqa: E402
from pipeline.tagging.weights import Manifest, pack, save_tagger  # noqa: E402
from pipeline.tagging.words import fit_words  # noqa: E402
from pipeline.unitise.cutting import cut  # noqa: E402
from pipeline.unitise.utterances import is_minimal  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipeline.domain.transcript import Turn
    from pipeline.tagging.encoder import Encoder

STUDY = ROOT / "corpora" / "voorbeeld"
ROUNDS = 3
SENTENCE = "Zij heeft die brief drie keer gelezen."
SECONDS = 60
"""For all rounds together."""
WARM_UP_UNITS = 8
LEAST_UNITS = 16
LABELS = ("leefwereld", "activering", "rechtmatigheid", "beleid", "client", "geen_frame")
ONE_HEAD = (Head("frame", DimensionKind.SINGLE, LABELS, none_label="geen_frame"),)
ALL_HEADS = (
    *ONE_HEAD,
    Head("reframing", DimensionKind.SINGLE, ("a", "b", "c", "d", "e", "geen")),
    Head("sr", DimensionKind.MULTI, ("a", "b", "c", "d"), thresholds=(0.5,) * 4),
    Head("sr_niveau", DimensionKind.ORDINAL, ("0", "1", "2", "3"), none_label="0", gate="sr"),
)


def sample_session() -> UnitisedSession:
    """Read the first session of the sample study and cut it into units.

    It is made up, so nobody's name is in it and the door (`pseudonymise`) is passed by.
    """
    study = read_study(STUDY)
    session = study.sessions[0]
    transcript = read_transcript(STUDY / session.transcript, columns=study.columns)
    known = {one.label: one for one in transcript.speakers}
    if session.roster:
        known |= {one.label: one for one in read_roster(STUDY / session.roster).speakers}
    speakers = tuple(
        PseudonymisedSpeaker(label, one.functie, one.gespreksrol, one.groep) for label, one in known.items()
    )
    utterances = tuple(unit for turn in transcript.turns for unit in units_of(session.id, turn))
    return UnitisedSession(session.id, speakers, utterances)


def units_of(session_id: str, turn: Turn) -> Iterator[Utterance]:
    """Cut a turn."""
    borders = [0, *cut(turn.text), len(turn.text)]
    for segment, (start, end) in enumerate(itertools.pairwise(borders), start=1):
        text = turn.text[start:end].strip()
        unit = utterance_id(session_id, turn.number, segment)
        yield Utterance(unit, session_id, turn.number, segment, turn.speaker, text, None, None, is_minimal(text))


def save(folder: Path, heads: tuple[Head, ...], encoder: Encoder) -> Path:
    """Save an untrained tagger: what its weights are does not change how fast it is."""
    params = replace(read_params(ROOT / "params.yaml"), base=BUILT_BASE)
    torch.manual_seed(1)
    words = fit_words([spoken(head.dimension, head.labels[0]) for head in heads], heads, 1)
    weights = pack(build_network(heads, encoder, params.learnt_layers, params.context), words)
    save_tagger(folder, weights, Manifest("b", "b 1 (0)", BUILT_BASE, encoder.sha, params, heads, (), {}), {})
    return folder


def spoken(dimension: str, label: str) -> Example:
    """Make a labelled unit, so that words have something to be weighed by."""
    return Example("s", "s", dimension, dimension, SENTENCE, "", (), only_teaches=False, answers={dimension: (label,)})


def theirs(encoder: Encoder, batch: int) -> Callable[[list[str]], object]:
    """Make transformers' pipeline on the same encoder, with a classifier of the same number of labels."""
    from transformers import BertConfig, BertForSequenceClassification, pipeline

    config = BertConfig.from_dict({**encoder.model.config.to_dict(), "id2label": dict(enumerate(LABELS))})
    model = BertForSequenceClassification(config)
    model.bert.load_state_dict(encoder.model.state_dict(), strict=False)
    model.eval()
    ready = pipeline("text-classification", model=model, tokenizer=encoder.tokenizer, device="cpu", batch_size=batch)
    ready.tokenizer.model_max_length = encoder.longest
    return lambda texts: ready(texts, truncation=True)


def seconds_of(run: Callable[[], object]) -> float:
    """Time one run."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main() -> None:
    """Time everything in turn and print units per second and ratios."""
    base = ROOT / "models" / "base"
    ensure_base(base, base / "kept_pieces.txt", lambda what, done: print(f"{what} {done:.0%}"))
    encoder = load_encoder(BUILT_BASE, base)
    params = read_params(ROOT / "params.yaml")
    session = sample_session()
    inputs = inputs_of(session, encoder, params.context)
    texts = [encoder.tokenizer.decode(one.ids, skip_special_tokens=True) for one in inputs]

    def first(units: int) -> UnitisedSession:
        return replace(session, utterances=session.utterances[: inputs[units - 1].unit + 1])

    with tempfile.TemporaryDirectory() as work:
        one = load_tagger(save(Path(work) / "one", ONE_HEAD, encoder), base, device="cpu")
        every = load_tagger(save(Path(work) / "all", ALL_HEADS, encoder), base, device="cpu")
    default, batched = (theirs(encoder, batch) for batch in (1, 16))
    runs: dict[str, Callable[[int], object]] = {
        "transformers pipeline, as it comes (batch 1), one head": lambda units: default(texts[:units]),
        "transformers pipeline, batch_size=16, one head": lambda units: batched(texts[:units]),
        "Tagger.tag, one head": lambda units: one.tag(first(units)),
        "Tagger.tag, four heads": lambda units: every.tag(first(units)),
    }
    warm_up = sum(seconds_of(lambda run=run: run(WARM_UP_UNITS)) for run in runs.values())
    affordable = int(SECONDS / ROUNDS / warm_up * WARM_UP_UNITS)
    units = min(len(inputs), max(LEAST_UNITS, affordable))
    lengths = sorted(len(one.ids) for one in inputs[:units])
    print(
        f"{units} units, tokens: median {lengths[units // 2]}, longest {lengths[-1]}; {platform.machine()}, "
        f"{os.cpu_count()} cores, torch {torch.__version__} with {torch.get_num_threads()} threads, "
        f"load before the runs {os.getloadavg()[0]:.1f}"
    )
    rounds = [{name: seconds_of(lambda run=run: run(units)) for name, run in runs.items()} for _ in range(ROUNDS)]
    middle = {name: statistics.median(seconds[name] for seconds in rounds) for name in runs}
    slowest = next(iter(middle.values()))
    for name, wall in middle.items():
        print(f"{name:<58} {units / wall:7.1f} units/s   ratio {slowest / wall:5.2f}")


if __name__ == "__main__":
    main()
