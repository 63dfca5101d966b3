"""How do units and labels become rows and nouns again, and when do two labels say the same?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.domain.coding import CoderKind, Judgement, Prediction
from pipeline.domain.pseudonym import Utterance

if TYPE_CHECKING:
    from sqlalchemy import Row

SAME_PROBABILITY = 1e-4
"""Probabilities closer than this say the same: batches of another shape round differently."""


def utterance_of(row: Row[Any]) -> Utterance:
    """Give the unit of a row."""
    return Utterance(
        row.id, row.session_id, row.turn, row.segment, row.speaker, row.text, row.start, row.end, row.minimal
    )


def utterance_row(position: int, each: Utterance) -> dict[str, object]:
    """Give the row of a unit at its place in the session."""
    return {
        "id": each.id,
        "session_id": each.session_id,
        "position": position,
        "turn": each.turn,
        "segment": each.segment,
        "speaker": each.speaker,
        "text": each.text,
        "text_sha": each.text_sha,
        "start": each.start,
        "end": each.end,
        "minimal": each.minimal,
        "active": True,
    }


def prediction_row(each: Prediction) -> dict[str, object]:
    """Give the row of a prediction, without the moment of saving."""
    return {
        "utterance_id": each.utterance_id,
        "text_sha": each.text_sha,
        "dimension": each.dimension,
        "labels": list(each.labels),
        "probabilities": [list(pair) for pair in each.probabilities],
        "model_version": each.model_version,
        "codebook_version": each.codebook_version,
    }


def prediction_of(row: Row[Any]) -> Prediction:
    """Give the prediction of a row."""
    return Prediction(
        row.utterance_id,
        row.text_sha,
        row.dimension,
        tuple(row.labels),
        tuple((label, probability) for label, probability in row.probabilities),
        row.model_version,
        row.codebook_version,
    )


def about(each: Prediction) -> tuple[str, ...]:
    """Give what a prediction is about; of two about the same the later one is current."""
    return each.utterance_id, each.text_sha, each.dimension, each.model_version


def says_the_same(old: Prediction | None, new: Prediction) -> bool:
    """Tell whether a prediction adds nothing to the current one about the same."""
    if old is None or old.labels != new.labels or old.codebook_version != new.codebook_version:
        return False
    before, now = dict(old.probabilities), dict(new.probabilities)
    return before.keys() == now.keys() and all(abs(before[label] - now[label]) < SAME_PROBABILITY for label in now)


def judgement_row(each: Judgement) -> dict[str, object]:
    """Give the row of a judgement."""
    return {
        "utterance_id": each.utterance_id,
        "text_sha": each.text_sha,
        "dimension": each.dimension,
        "labels": list(each.labels),
        "coder": each.coder,
        "coder_kind": str(each.coder_kind),
        "codebook_version": each.codebook_version,
        "judged_at": each.at,
        "draw": each.draw,
        "blind": each.blind,
    }


def judgement_of(row: Row[Any]) -> Judgement:
    """Give the judgement of a row."""
    return Judgement(
        row.utterance_id,
        row.text_sha,
        row.dimension,
        tuple(row.labels),
        row.coder,
        CoderKind(row.coder_kind),
        row.codebook_version,
        row.judged_at,
        row.draw,
        row.blind,
    )


def judged(each: Judgement) -> tuple[str, ...]:
    """Give what a judgement is about, and whose it is; of two the later one is current."""
    return each.utterance_id, each.dimension, each.coder, each.text_sha


def asked(each: Judgement) -> tuple[str, ...]:
    """Give the same, with draws kept apart: what somebody says of his own accord does not replace what a draw asked."""
    return judged(each) if each.draw is None else (*judged(each), each.draw)


def judges_the_same(old: Judgement | None, new: Judgement) -> bool:
    """Tell whether a judgement adds nothing to the current one about the same; the order of labels does not matter.

    Args:
        old: the one saved last: of the draw that the new one was asked for, or of all when it was asked for none.
        new: what may be added.
    """
    if old is None or set(old.labels) != set(new.labels):
        return False
    if new.draw is not None and old.blind != new.blind:
        return False
    return (old.codebook_version, old.coder_kind) == (new.codebook_version, new.coder_kind)
