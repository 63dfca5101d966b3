"""A frozen set of sessions with settled labels, as a `datasets.Dataset` on disk: what a shipped tagger learns from.

One row a unit, minimal ones included, with columns for the session, and for every dimension the settled labels and
those of two coders. Only pseudonymised words are in it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pipeline.domain.coding import CoderKind
from pipeline.domain.errors import InputError
from pipeline.domain.pseudonym import PseudonymisedSpeaker, UnitisedSession, Utterance
from pipeline.domain.training import SettledLabel, TrainingSession

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

SETTLED, FIRST, SECOND = "vastgesteld", "codeur_1", "codeur_2"
_WHO = ("pseudonym", "functie", "gespreksrol", "groep")
_UNIT = ("id", "turn", "segment", "speaker", "text", "start", "end", "minimal")


def write_snapshot(folder: Path, sessions: Sequence[TrainingSession]) -> None:
    """Write a snapshot; the same sessions give the same bytes.

    Args:
        folder: made by this; must not be there.
        sessions: in any order.
    """
    from datasets import Dataset, disable_progress_bars

    disable_progress_bars()
    dimensions = sorted({label.dimension for session in sessions for label in session.labels})
    ordered = sorted(sessions, key=lambda labelled: labelled.session.session_id)
    rows = [row for labelled in ordered for row in _rows(labelled, dimensions)]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    Dataset.from_dict(columns, features=_features(dimensions)).save_to_disk(folder)


def _features(dimensions: Sequence[str]) -> Any:  # noqa: ANN401 - datasets' own type, imported only here
    from datasets import Features, List, Value

    text, labels = Value("string"), List(Value("string"))
    whole = {"turn": Value("int32"), "segment": Value("int32"), "minimal": Value("bool")}
    moment = {"start": Value("float64"), "end": Value("float64")}
    about = dict.fromkeys(("session", "group", "facets", "labelled_by", "written_by", "who"), text)
    about["only_teaches"] = Value("bool")
    unit = {name: {**whole, **moment}.get(name, text) for name in _UNIT}
    coded = {f"{dimension}.{which}": labels for dimension in dimensions for which in (SETTLED, FIRST, SECOND)}
    return Features({**about, **unit, **coded})


def _rows(labelled: TrainingSession, dimensions: Sequence[str]) -> Iterator[dict[str, object]]:
    given: dict[tuple[str, str, str], tuple[str, ...]] = {}
    for label in labelled.labels:
        given[label.utterance_id, label.dimension, SETTLED] = label.labels
    for first, second in labelled.double:
        given[first.utterance_id, first.dimension, FIRST] = first.labels
        given[second.utterance_id, second.dimension, SECOND] = second.labels
    about = {
        "session": labelled.session.session_id,
        "group": labelled.group,
        "only_teaches": labelled.only_teaches,
        "facets": json.dumps(labelled.facets, ensure_ascii=False),
        "labelled_by": labelled.labelled_by.value,
        "written_by": labelled.written_by.value if labelled.written_by else None,
    }
    for unit in labelled.session.utterances:
        speaker = labelled.session.speaker_of(unit)
        who = [getattr(speaker, name) for name in _WHO] if speaker else None
        yield {
            **about,
            "who": json.dumps(who, ensure_ascii=False),
            **{name: getattr(unit, name) for name in _UNIT},
            **{
                f"{dimension}.{which}": _listed(given.get((unit.id, dimension, which)))
                for dimension in dimensions
                for which in (SETTLED, FIRST, SECOND)
            },
        }


def _listed(labels: tuple[str, ...] | None) -> list[str] | None:
    return None if labels is None else list(labels)


def read_snapshot(folder: Path) -> tuple[TrainingSession, ...]:
    """Read a snapshot back.

    Raises:
        InputError: when there is none.
    """
    from datasets import load_from_disk

    try:
        rows: Any = load_from_disk(str(folder))
    except (FileNotFoundError, ValueError) as error:
        cure = "Maak hem met `make train`, dat alle stappen van het model doet."
        raise InputError.single(str(folder), "hier staat geen momentopname van labels", cure) from error
    dimensions = [name.removesuffix(f".{SETTLED}") for name in rows.column_names if name.endswith(f".{SETTLED}")]
    together: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        together.setdefault(row["session"], []).append(row)
    return tuple(_session(its, dimensions) for its in together.values())


def _session(rows: Sequence[dict[str, Any]], dimensions: Sequence[str]) -> TrainingSession:
    first = rows[0]
    speakers = dict.fromkeys(row["who"] for row in rows if json.loads(row["who"]) is not None)
    units = tuple(Utterance(session_id=row["session"], **{name: row[name] for name in _UNIT}) for row in rows)
    session = UnitisedSession(
        first["session"], tuple(PseudonymisedSpeaker(*json.loads(who)) for who in speakers), units
    )
    return TrainingSession(
        session=session,
        labels=tuple(_labels(rows, dimensions, SETTLED)),
        labelled_by=CoderKind(first["labelled_by"]),
        written_by=CoderKind(first["written_by"]) if first["written_by"] else None,
        group=first["group"],
        only_teaches=first["only_teaches"],
        facets=tuple((name, value) for name, value in json.loads(first["facets"])),
        double=tuple(zip(_labels(rows, dimensions, FIRST), _labels(rows, dimensions, SECOND), strict=True)),
    )


def _labels(rows: Iterable[dict[str, Any]], dimensions: Sequence[str], which: str) -> Iterator[SettledLabel]:
    for row in rows:
        for dimension in dimensions:
            labels = row[f"{dimension}.{which}"]
            if labels is not None:
                yield SettledLabel(row["id"], dimension, tuple(labels))
