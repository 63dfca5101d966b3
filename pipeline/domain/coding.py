"""Labels: what a model predicted and what a person judged, as append-only events."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

SETTLER: Final = "vaststelling"
"""Name under which labels are settled after coders differed."""


class CoderKind(StrEnum):
    """Who judged; a language model is never passed off as a person."""

    MENS = "mens"
    TAALMODEL = "taalmodel"


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says of one unit in one dimension.

    Attributes:
        utterance_id: id of the unit.
        text_sha: `Utterance.text_sha` of the words it was said of.
        dimension: id of the dimension.
        labels: the labels chosen: one for single and ordinal dimensions, any number for multi ones.
        probabilities: (label, probability in [0, 1]) for every choice of the dimension, in codebook order; sum to 1
            for single and ordinal dimensions.
        model_version: which model.
        codebook_version: `Codebook.version_key` of the codebook it was trained on.
    """

    utterance_id: str
    text_sha: str
    dimension: str
    labels: tuple[str, ...]
    probabilities: tuple[tuple[str, float], ...]
    model_version: str
    codebook_version: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a coder says of one unit in one dimension.

    Attributes:
        utterance_id: id of the unit.
        text_sha: `Utterance.text_sha` of the words that were judged.
        dimension: id of the dimension.
        labels: one label for single and ordinal dimensions, any number for multi ones.
        coder: pseudonymous name of the coder.
        coder_kind: person or language model.
        codebook_version: `Codebook.version_key` at the time.
        at: moment in UTC, ISO 8601.
        draw: id of the draw for which it was asked, `None` when somebody judged of his own accord.
        blind: the coder did not see what a machine said of the unit.
    """

    utterance_id: str
    text_sha: str
    dimension: str
    labels: tuple[str, ...]
    coder: str
    coder_kind: CoderKind
    codebook_version: str
    at: str
    draw: str | None = None
    blind: bool = False


def decisive(judgements: Iterable[Judgement]) -> tuple[Judgement, ...]:
    """Leave out what coders said where it has been settled: the settler goes before all of them.

    Args:
        judgements: of any number of units, dimensions and coders.

    Returns:
        Those given, in order, without the coders of every unit and dimension of which the settler says something.
    """
    listed = tuple(judgements)
    settled = {(one.utterance_id, one.dimension) for one in listed if one.coder == SETTLER}
    return tuple(one for one in listed if one.coder == SETTLER or (one.utterance_id, one.dimension) not in settled)
