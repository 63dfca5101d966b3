"""How far labels reach in a session: the share of speakers that use them, and the highest level (`domain.md` 6.9).

Both hang on single units, so that one label missed or made up by a model changes them, and no draw corrects that. They
are compared for sessions alone that people coded blindly as a whole; for others the machine's figure is given,
uncorrected. Who leads the talk or observes it counts as a speaker like all others; the first advice is no outcome here,
since a model sees it too early and nobody confirms it yet.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.domain.codebook import HIGHEST_LEVEL, DimensionKind
from pipeline.statistics.outcomes import MOST_UNKNOWN, NOT_PROCESSED, OutcomeKind, SessionFigure, Status, StudyOutcome
from pipeline.statistics.power import PERCENTAGE_POINTS, OutcomeUnit
from pipeline.statistics.refusal import Refusal
from pipeline.statistics.sensitivity import Measurement
from pipeline.statistics.whole import coded_whole, machine_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from pipeline.domain.codebook import Dimension
    from pipeline.domain.evidence import Evidence
    from pipeline.domain.pseudonym import Utterance
    from pipeline.statistics.outcomes import Outcomes

    Labels: TypeAlias = Mapping[str, tuple[str, ...]]
    Figure: TypeAlias = Callable[[Sequence[Utterance], Labels], float | Refusal]

_UNKNOWN_SPEAKERS: Final = Refusal(
    f"Van meer dan {100 * MOST_UNKNOWN:.0f} % van de uitingen is niet bekend wie ze deed.",
    "Vul de sprekers in het transcript aan.",
)
_NOT_WHOLE: Final = Refusal(
    "Dit cijfer telt alleen mee als mensen de hele sessie blind hebben gecodeerd: één gemist of verzonnen label "
    "verandert het al, en een steekproef corrigeert dat niet.",
    "Laat de sessies in hun geheel blind coderen.",
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """An outcome: its id, its name as shown, the dimension it looks at, how it is counted and in what it is told."""

    id: str
    name: str
    dimension: Dimension
    figure: Figure
    unit: OutcomeUnit


def with_reach(evidence: Evidence, outcomes: Outcomes) -> Outcomes:
    """Put these outcomes after the others.

    Args:
        evidence: all that is known.
        outcomes: of the same study; gives its sessions.
    """
    book = evidence.codebook
    asked = []
    for name, one in book.speaker_shares.items():
        dimension = book.dimension(one.dimension)
        told = f"Aandeel van de sprekers, {dimension.name}: {one.name}"
        asked.append(_Asked(name, told, dimension, _speakers_with(frozenset(one.labels)), PERCENTAGE_POINTS))
    for dimension in book.unit_dimensions:
        if dimension.kind is DimensionKind.ORDINAL:
            # On [0, 1] and told in levels, like the mean level.
            unit = OutcomeUnit("niveau", float(len(dimension.choices) - 1))
            name, told = f"{dimension.id}.{HIGHEST_LEVEL}", f"{dimension.name}: hoogste"
            asked.append(_Asked(name, told, dimension, _highest(dimension), unit))
    sessions = [session.id for session in outcomes.sessions]
    found = (_outcome(one, [_figure(evidence, session, one) for session in sessions]) for one in asked)
    return replace(outcomes, outcomes=(*outcomes.outcomes, *found))


def _speakers_with(wanted: frozenset[str]) -> Figure:
    def share(units: Sequence[Utterance], labels: Labels) -> float | Refusal:
        reached: defaultdict[str, bool] = defaultdict(bool)
        for unit in units:
            if unit.speaker is not None:
                reached[unit.speaker] |= not wanted.isdisjoint(labels.get(unit.id, ()))
        unknown = sum(unit.speaker is None for unit in units)
        if not reached or unknown > MOST_UNKNOWN * len(units):
            return _UNKNOWN_SPEAKERS
        return sum(reached.values()) / len(reached)

    return share


def _highest(dimension: Dimension) -> Figure:
    place = {label: at for at, label in enumerate(dimension.choices)}

    def level(units: Sequence[Utterance], labels: Labels) -> float | Refusal:
        reached = [place[label] for unit in units for label in labels.get(unit.id, ()) if label in place]
        return max(reached, default=0) / (len(place) - 1)

    return level


def _outcome(asked: _Asked, figures: Sequence[SessionFigure]) -> StudyOutcome:
    rates = np.array([math.nan if one.rate is None else one.rate for one in figures])
    known = bool(np.isfinite(rates).any())
    return StudyOutcome(
        id=asked.id,
        name=asked.name,
        kind=OutcomeKind.TALK,
        status=Status.COUNTED if known else Status.UNCORRECTED,
        unit=asked.unit,
        share=asked.unit is PERCENTAGE_POINTS,
        figures=tuple(figures),
        measurement=Measurement(rates) if known else None,
        refusal=None if known else _NOT_WHOLE,
    )


def _figure(evidence: Evidence, session: str, asked: _Asked) -> SessionFigure:
    if session not in evidence.units:
        return SessionFigure(session, reason=NOT_PROCESSED)
    units = [unit for unit in evidence.units[session].utterances if not unit.minimal]
    whole = coded_whole(evidence, session, asked.dimension, {unit.id for unit in units})
    if whole is not None and whole.blind:
        found = asked.figure(units, whole.labels[asked.dimension.id])
        return SessionFigure(session, reason=found) if isinstance(found, Refusal) else SessionFigure(session, found)
    labels = machine_labels(evidence, session, asked.dimension)
    machine = asked.figure(units, labels) if labels else _NOT_WHOLE
    if isinstance(machine, Refusal):
        return SessionFigure(session, eligible=len(units), reason=machine)
    return SessionFigure(session, machine=machine, eligible=len(units), reason=_NOT_WHOLE)
