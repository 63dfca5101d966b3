"""How fast is `Tagger.tag`, next to transformers' own text-classification pipeline on the same weights and texts?

    python benchmarks/tagging.py [NUMBER OF UNITS]

Both read the very same strings (role mark, context, unit), on the CPU, in float32, from the same merged weights.
transformers' pipeline has one head, so it answers one dimension; the tagger answers all of its dimensions in the same
pass, and is timed with one head and with all of them. The order of the runs alternates and medians are shown, because
other work on the machine makes single runs jump.
"""

from __future__ import annotations

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
from pipeline.tagging.base import BUILT_BASE, ensure_base  # noqa: E402
from pipeline.tagging.encoder import load_encoder  # noqa: E402
from pipeline.tagging.heads import Head  # noqa: E402
from pipeline.tagging.inputs import inputs_of  # noqa: E402
from pipeline.tagging.network import build_network  # noqa: E402
from pipeline.tagging.tagger import load_tagger  # noqa: E402
from pipeline.tagging.weights import Manifest, save_tagger  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.tagging.encoder import Encoder

ROUNDS = 3
SPOKEN = (
    "ik denk dat we eerst moeten kijken wat er thuis speelt want ze slaapt slecht en hij komt zijn afspraken niet na "
    "terwijl de gemeente een brief heeft gestuurd en niemand weet wie er nu belt of wat hij zelf eigenlijk wil"
)
LABELS = ("leefwereld", "activering", "rechtmatigheid", "beleid", "client", "geen_frame")
ONE_HEAD = (Head("frame", DimensionKind.SINGLE, LABELS, none_label="geen_frame"),)
ALL_HEADS = (
    *ONE_HEAD,
    Head("reframing", DimensionKind.SINGLE, ("a", "b", "c", "d", "e", "geen")),
    Head("sr", DimensionKind.MULTI, ("a", "b", "c", "d"), thresholds=(0.5,) * 4),
    Head("sr_niveau", DimensionKind.ORDINAL, ("0", "1", "2", "3"), none_label="0", gate="sr"),
)


def made_up_session(units: int) -> UnitisedSession:
    """Make a session whose units are as long as spoken ones: half under ten words, a tail up to fifty."""
    draw = torch.Generator().manual_seed(1)
    speakers = (PseudonymisedSpeaker("PROF_1", "klantmanager"), PseudonymisedSpeaker("PROF_2", "sociaal_werker"))
    words, utterances = SPOKEN.split(), []
    for turn in range(1, units + 1):
        length = min(50, 4 + int(torch.empty(1).exponential_(1 / 9, generator=draw)))
        start = int(torch.randint(len(words), (1,), generator=draw))
        text = " ".join(words[(start + n) % len(words)] for n in range(length))
        who = speakers[turn % 2].pseudonym
        utterances.append(Utterance(utterance_id("b", turn, 1), "b", turn, 1, who, text, None, None, minimal=False))
    return UnitisedSession("b", speakers, tuple(utterances))


def save(folder: Path, heads: tuple[Head, ...], encoder: Encoder) -> Path:
    """Save an untrained tagger: what its weights are does not change how fast it is."""
    params = replace(read_params(ROOT / "params.yaml"), base=BUILT_BASE)
    torch.manual_seed(1)
    network = build_network(heads, encoder, params.lora_rank)
    save_tagger(folder, network, Manifest("b", "b 1 (0)", BUILT_BASE, encoder.sha, params, heads, (), {}), {})
    return folder


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


def main() -> None:
    """Time everything in turn and print units per second and ratios."""
    units = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    base = ROOT / "models" / "base"
    ensure_base(base, base / "kept_pieces.txt", lambda what, done: print(f"{what} {done:.0%}"))
    encoder = load_encoder(BUILT_BASE, base)
    session = made_up_session(units)
    params = read_params(ROOT / "params.yaml")
    inputs = inputs_of(session, encoder, params.context, params.max_tokens)
    texts = [encoder.tokenizer.decode(one.ids, skip_special_tokens=True) for one in inputs]
    lengths = sorted(len(one.ids) for one in inputs)
    print(
        f"{units} units, tokens: median {lengths[units // 2]}, longest {lengths[-1]}; {torch.get_num_threads()} threads"
    )
    with tempfile.TemporaryDirectory() as work:
        one = load_tagger(save(Path(work) / "one", ONE_HEAD, encoder), base, device="cpu")
        every = load_tagger(save(Path(work) / "all", ALL_HEADS, encoder), base, device="cpu")
        default, batched = (theirs(encoder, batch) for batch in (1, 16))
        runs: dict[str, Callable[[], object]] = {
            "transformers pipeline, as it comes (batch 1), one head": lambda: default(texts),
            "transformers pipeline, batch_size=16, one head": lambda: batched(texts),
            "Tagger.tag, one head": lambda: one.tag(session),
            "Tagger.tag, four heads": lambda: every.tag(session),
        }
        seconds: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(ROUNDS):
            for name, run in runs.items():
                start = time.perf_counter()
                run()
                seconds[name].append(time.perf_counter() - start)
    middle = {name: statistics.median(times) for name, times in seconds.items()}
    slowest = next(iter(middle.values()))
    for name, wall in middle.items():
        print(f"{name:<58} {units / wall:7.1f} units/s   ratio {slowest / wall:5.2f}")


if __name__ == "__main__":
    main()
