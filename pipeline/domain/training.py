"""What a tagger learns from: sessions whose units carry settled labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.domain.coding import CoderKind
    from pipeline.domain.pseudonym import UnitisedSession


@dataclass(frozen=True, slots=True)
class SettledLabel:
    """The label on which a unit ended up in one dimension, after adjudication where coders differed.

    Attributes:
        utterance_id: id of the unit.
        dimension: id of the dimension.
        labels: one label for single and ordinal dimensions, any number for multi ones (none is a judgement too).
    """

    utterance_id: str
    dimension: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrainingSession:
    """A session with its settled labels.

    Attributes:
        session: all its units; those without a label are only context.
        labels: at most one a unit and dimension; a dimension may lack for some units.
        labelled_by: who judged; said on the card of every tagger that learns from it.
        written_by: who made up the words of a fictional session; `None` for a session that took place.
        group: sessions of the same group stay on one side of every split, such as those of one writer; empty for a
            group of its own.
        facets: what else is known of the session, as pairs such as ("stijl", "letterlijk"); figures are given by each.
        double: what two coders gave before adjudication, pairs for the same unit and dimension.
        only_teaches: a tagger learns from it but is never measured or calibrated on it: its labels are not as frequent
            as in a whole conversation.
    """

    session: UnitisedSession
    labels: tuple[SettledLabel, ...]
    labelled_by: CoderKind
    written_by: CoderKind | None
    group: str = ""
    facets: tuple[tuple[str, str], ...] = ()
    double: tuple[tuple[SettledLabel, SettledLabel], ...] = ()
    only_teaches: bool = False

    def __post_init__(self) -> None:
        known = {utterance.id for utterance in self.session.utterances}
        keys = [(label.utterance_id, label.dimension) for label in self.labels]
        if any(utterance_id not in known for utterance_id, _ in keys):
            message = f"a label of {self.session.session_id} points at a unit that it does not have"
            raise ValueError(message)
        if len(keys) != len(set(keys)):
            message = f"a unit of {self.session.session_id} has two settled labels in one dimension"
            raise ValueError(message)

    def settled(self, dimension: str) -> dict[str, tuple[str, ...]]:
        """Give the labels of a dimension by id of the unit."""
        return {label.utterance_id: label.labels for label in self.labels if label.dimension == dimension}
