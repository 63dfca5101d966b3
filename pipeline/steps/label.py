"""Let a tagger code transcripts that belong to no study, and give what it says as JSON lines."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from pipeline.domain.codebook import DimensionKind
from pipeline.domain.errors import InternalError, RaamwerkError
from pipeline.formats.names import read_names
from pipeline.steps.base import prepare_base
from pipeline.steps.outcome import NOTHING_DONE, OK, SOME_FAILED
from pipeline.steps.progress import bar, say
from pipeline.steps.single import Door, check_out, deliver, read, without_speakers
from pipeline.tagging.heads import is_unsure
from pipeline.tagging.weights import read_manifest
from pipeline.unitise.cutting import cut
from pipeline.unitise.utterances import unitise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pipeline.domain.codebook import Dimension
    from pipeline.domain.coding import Prediction
    from pipeline.domain.pseudonym import Utterance
    from pipeline.domain.transcript import Transcript
    from pipeline.pseudonymise.door import Outcome, Span
    from pipeline.steps.single import Shelf
    from pipeline.tagging.heads import Head
    from pipeline.tagging.tagger import Tagger

_DECIMALS = 6


def run(
    shelf: Shelf,
    paths: Sequence[Path],
    out: Path | None = None,
    codebook: Path | None = None,
    model: Path | None = None,
    roster: Path | None = None,
) -> int:
    """Write one line a unit, minimal ones included; a file that cannot be read does not stop the others.

    Args:
        shelf: codebooks, name lists and models that ship.
        paths: the transcripts.
        out: file to write; `None` for standard output.
        codebook: folder of a codebook, or id of one that ships; `None` for that of the model, or else the usual one.
        model: folder of a tagger; `None` for the one that ships for the codebook.
        roster: table of participants, or a text with one name a line, for all files.

    Returns:
        Exit status: whether all files went well, some, or none; with none, nothing is written.

    Raises:
        InputError: when the codebook, the tagger or the roster cannot be used.
    """
    check_out(out, [*paths, roster])
    coder = _Coder(shelf, codebook, model, roster)
    rows: list[dict[str, object]] = []
    failed = 0
    names = _names(paths)
    for path, name in names.items():
        try:
            rows.extend(coder.rows(path, name))
        except RaamwerkError as error:
            failed += 1
            say(f"Niet gecodeerd: {name}\n  {error}")
        except Exception as error:  # noqa: BLE001 - told by place: its message might repeat what somebody said
            failed += 1
            say(f"Niet gecodeerd: {name}\n  {InternalError.of(error)}")
    if failed == len(names):
        return NOTHING_DONE
    deliver(rows, out)
    say(f"bestanden {len(names) - failed}, uitingen {len(rows)}, minimaal {sum(bool(row['minimal']) for row in rows)}")
    return SOME_FAILED if failed else OK


def _names(paths: Iterable[Path]) -> dict[Path, str]:
    """Name each file once: without its folder, unless another one is called the same."""
    different = tuple(dict.fromkeys(paths))
    count = Counter(path.name for path in different)
    return {path: path.name if count[path.name] == 1 else str(path) for path in different}


class _Coder:
    """Codes one file after another; loads the tagger for the first that can be read."""

    def __init__(self, shelf: Shelf, codebook: Path | None, model: Path | None, roster: Path | None) -> None:
        """Find codebook and model, and read the roster.

        Raises:
            InputError: when one of them cannot be used.
        """
        self._shelf = shelf
        self._roster = read_names(roster) if roster else None
        learnt_from = shelf.codebooks / read_manifest(model).codebook if model and codebook is None else codebook
        self._codebook = shelf.codebook(learnt_from)
        self._model = model or shelf.tagger(self._codebook)
        self._manifest = read_manifest(self._model)
        heads = {head.dimension: head for head in self._manifest.heads}
        self._asked = [(one, heads[one.id]) for one in self._codebook.unit_dimensions if one.id in heads]

    @cached_property
    def _door(self) -> Door:
        return Door(self._shelf.lists)

    @cached_property
    def _tagger(self) -> Tagger:
        from pipeline.tagging.tagger import load_tagger

        prepare_base(self._manifest.base, self._shelf.base)
        return load_tagger(self._model, self._shelf.base, codebook=self._codebook)

    def rows(self, path: Path, name: str) -> list[dict[str, object]]:
        """Give one object a unit of a file."""
        transcript = read(path)
        cuts = []
        with bar(f"{name}: uitingen afbakenen", len(transcript.turns)) as advance:
            for turn in transcript.turns:
                cuts.append(cut(turn.text))
                advance(turn.number)
        outcome = self._door.pseudonymise(transcript, tuple(cuts), without_speakers(self._roster, transcript))
        session = unitise(outcome.transcript)
        with bar(f"{name}: coderen door het model", sum(not unit.minimal for unit in session.utterances)) as advance:
            predictions = self._tagger.tag(session, report=lambda done, _total: advance(done))
        places = delivered_places(transcript, cuts, outcome)
        labels = labels_of(session.utterances, predictions, self._asked)
        rows = []
        for unit, (start, end), given in zip(session.utterances, places, labels, strict=True):
            speaker = session.speaker_of(unit)
            rows.append(
                {
                    "file": name,
                    "turn": unit.turn,
                    "segment": unit.segment,
                    "speaker": unit.speaker,
                    "role": speaker.functie if speaker else None,
                    "start": unit.start,
                    "end": unit.end,
                    "text": unit.text,
                    "text_start": start,
                    "text_end": end,
                    "minimal": unit.minimal,
                    "labels": given,
                }
            )
        return rows


def labels_of(
    units: Iterable[Utterance], predictions: Iterable[Prediction], asked: Sequence[tuple[Dimension, Head]]
) -> Iterator[dict[str, object]]:
    """Give label, probabilities and doubt per dimension, a unit at a time; a minimal one has those of the rule."""
    said: defaultdict[str, dict[str, Prediction]] = defaultdict(dict)
    for prediction in predictions:
        said[prediction.utterance_id][prediction.dimension] = prediction
    for unit in units:
        yield {
            one.id: _by_rule(one) if unit.minimal else _by_model(one, head, said[unit.id][one.id])
            for one, head in asked
        }


def _by_model(dimension: Dimension, head: Head, prediction: Prediction) -> dict[str, object]:
    chances = dict(prediction.probabilities)
    unsure = is_unsure(head, tuple(chances.values()), prediction.labels)
    return _given(dimension, prediction.labels, chances, unsure=unsure)


def _by_rule(dimension: Dimension) -> dict[str, object]:
    """Give what a minimal unit has: the label that a rule gives, or else the one that stands for nothing."""
    labels = (*dimension.automatic[:1], *([dimension.none_label] if dimension.none_label else []))[:1]
    chances = {label: float(label in labels) for label in (*dimension.choices, *labels)}
    return _given(dimension, labels, chances, unsure=False)


def _given(
    dimension: Dimension, labels: Sequence[str], probabilities: Mapping[str, float], *, unsure: bool
) -> dict[str, object]:
    rounded = {label: round(probability, _DECIMALS) for label, probability in probabilities.items()}
    several = dimension.kind is DimensionKind.MULTI
    label = list(labels) if several else next(iter(labels), None)
    return {"label": label, "probabilities": rounded, "unsure": unsure}


def delivered_places(
    transcript: Transcript, cuts: Sequence[Sequence[int]], outcome: Outcome
) -> Iterator[tuple[int, int]]:
    """Give for every unit, in order, where its words stand in the delivered text of its turn.

    Args:
        transcript: as delivered.
        cuts: per turn, where a new segment begins.
        outcome: of pseudonymising it; a cut inside a replaced span has moved to its end.
    """
    for turn, turn_cuts, spans in zip(transcript.turns, cuts, outcome.spans, strict=True):
        moved = {_behind(at, spans) for at in turn_cuts}
        borders = [0, *sorted(at for at in moved if 0 < at < len(turn.text)), len(turn.text)]
        for start, end in pairwise(borders):
            piece = turn.text[start:end]
            words = piece.strip()
            begin = start + piece.index(words)
            yield begin, begin + len(words)


def _behind(at: int, spans: Iterable[Span]) -> int:
    return next((span.end for span in spans if span.start < at < span.end), at)
