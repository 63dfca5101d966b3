"""Which sessions people coded as a whole, and whether they did so blindly; or else what a machine says of them.

Blind labels go before others: only where these do not cover a session are all labels of people used, of which some may
have been given with a model's proposal in view. What rests on them says so (`WholeSession.blind`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.statistics.instrument import truths
from pipeline.statistics.outcomes import human_judgements, with_gates

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pipeline.domain.codebook import Dimension
    from pipeline.domain.evidence import Evidence


@dataclass(frozen=True, slots=True)
class WholeSession:
    """What people said of all units of a session that count.

    Attributes:
        labels: dimension to unit to labels; of the dimension that was asked for, every unit that counts.
        blind: all of it was given without sight of what a machine said.
    """

    labels: Mapping[str, Mapping[str, tuple[str, ...]]]
    blind: bool


def coded_whole(evidence: Evidence, session: str, dimension: Dimension, units: Collection[str]) -> WholeSession | None:
    """Give the labels of a session that people coded as a whole; `None` for another, or one without such units.

    Args:
        evidence: all that is known.
        session: id.
        dimension: in which every unit must be coded.
        units: those that count.
    """
    said = with_gates(human_judgements(evidence, session), evidence.codebook)
    for blind in (True, False):
        kept = [one for one in said if one.blind or not blind]
        labels = truths(one for one in kept if one.dimension == dimension.id)
        if units and labels.keys() >= set(units):
            others = {one.dimension for one in kept} - {dimension.id}
            behind = {name: truths(one for one in kept if one.dimension == name) for name in others}
            return WholeSession({**behind, dimension.id: labels}, blind)
    return None


def machine_labels(evidence: Evidence, session: str, dimension: Dimension) -> dict[str, tuple[str, ...]]:
    """Give what the machine says of the units of a session in a dimension; nothing where there is no machine."""
    machine = evidence.machine.get(session)
    return {
        one.utterance_id: one.labels
        for one in (machine.predictions if machine else ())
        if one.dimension == dimension.id
    }
