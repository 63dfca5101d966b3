"""A codebook as data: dimensions, labels, examples, precedence, roll-ups (`domain.md` 6)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MEAN_LEVEL: Final = "gemiddeld_niveau"
"""What follows the dimension in the id of the outcome that is the mean level of an ordinal dimension."""

HIGHEST_LEVEL: Final = "hoogste_niveau"
"""The same for the highest level that a session comes to."""
SPEAKERS: Final = "sprekers"
"""What follows the dimension in the id of an outcome that is a share of speakers ("sr.sprekers_brug")."""


class DimensionKind(StrEnum):
    """How many labels of a dimension one unit can carry."""

    SINGLE = "enkel"
    """Exactly one label (softmax)."""
    MULTI = "meervoudig"
    """Any number of labels, none included (one sigmoid a label)."""
    ORDINAL = "ordinaal"
    """Exactly one of labels that rise in order (cumulative)."""


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence written for the codebook.

    Attributes:
        text: the words.
        labels: what it is coded as in the dimension; empty for a multi dimension without a hit.
        near_miss: it looks like the label under which it stands and is not it.
        note: why, or empty.
    """

    text: str
    labels: tuple[str, ...]
    near_miss: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """A value of a dimension.

    Attributes:
        id: Dutch identifier, such as "leefwereld".
        name: as shown to people.
        definition: what it is.
        include: what belongs to it, or empty.
        exclude: what does not, or empty.
        borderline: rules against its neighbours.
        examples: sentences, near-misses among them.
    """

    id: str
    name: str
    definition: str
    include: str = ""
    exclude: str = ""
    borderline: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class Dimension:
    """One question that every unit is asked.

    Attributes:
        id: identifier, such as "frame".
        name: as shown to people.
        question: what a coder asks of the unit.
        kind: how many labels a unit can carry.
        core: part of the main analysis; otherwise optional.
        labels: at least two (one for a multi dimension); for ordinal ones in rising order.
        none_label: the label that stands for "nothing here" (geen_frame), or `None` for a multi dimension.
        precedence: ids from strongest to weakest, for a unit that several labels fit; or empty.
        gate: id of the dimension that must have a hit before this one can leave `none_label`, or `None`.
        per_session: codes boundary marks of a session, not units; has no head in the tagger.
        automatic: labels set by rule, which coders and tagger do not choose ("minimaal").
    """

    id: str
    name: str
    question: str
    kind: DimensionKind
    labels: tuple[Label, ...]
    core: bool = True
    none_label: str | None = None
    precedence: tuple[str, ...] = ()
    gate: str | None = None
    per_session: bool = False
    automatic: tuple[str, ...] = ()

    @property
    def label_ids(self) -> tuple[str, ...]:
        """All labels, in the order of the codebook."""
        return tuple(label.id for label in self.labels)

    @property
    def choices(self) -> tuple[str, ...]:
        """The labels that a coder or the tagger chooses among."""
        return tuple(label for label in self.label_ids if label not in self.automatic)


@dataclass(frozen=True, slots=True)
class RollUp:
    """Labels reported together, such as werk_inkomen = activering + rechtmatigheid."""

    id: str
    name: str
    dimension: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Codebook:
    """A whole codebook.

    Attributes:
        id: such as "casuistiek".
        title: as shown to people.
        version: declared by its makers, such as "1.0".
        sha: first 12 hex digits of the SHA-256 of its files.
        unit: what is coded, in words.
        dimensions: in the order in which they are coded.
        roll_ups: labels reported together.
        rules: general rules and clarifications, in order, as shown to coders.
    """

    id: str
    title: str
    version: str
    sha: str
    unit: str
    dimensions: tuple[Dimension, ...]
    roll_ups: tuple[RollUp, ...] = ()
    rules: tuple[str, ...] = ()

    @property
    def version_key(self) -> str:
        """What a label points at: "casuistiek 1.0 (1f3a…)"; changes with any change of the files."""
        return f"{self.id} {self.version} ({self.sha})"

    def dimension(self, dimension_id: str) -> Dimension:
        """Give a dimension by id.

        Raises:
            KeyError: when the codebook has no such dimension.
        """
        for dimension in self.dimensions:
            if dimension.id == dimension_id:
                return dimension
        raise KeyError(dimension_id)

    @property
    def shares(self) -> dict[str, frozenset[tuple[str, str]]]:
        """Shares of units that can be counted, such as "sr.brug_burger", to (dimension, label) of what counts.

        Labels and roll-ups of the dimensions that are coded per unit, in codebook order.
        """
        united = {
            f"{one.dimension}.{one.id}": {(one.dimension, label) for label in one.labels} for one in self.roll_ups
        }
        return {
            name: frozenset(united.get(name, {(dimension.id, part)}))
            for dimension in self.unit_dimensions
            for part in (*dimension.label_ids, *(one.id for one in self.roll_ups if one.dimension == dimension.id))
            for name in (f"{dimension.id}.{part}",)
        }

    @property
    def speaker_shares(self) -> dict[str, RollUp]:
        """Shares of speakers that can be counted, such as "sr.sprekers_brug", to the labels of which they use one.

        Of the dimensions in which a unit may carry several labels: the roll-ups, or else all labels together.
        """
        found = {}
        for dimension in self.unit_dimensions:
            if dimension.kind is DimensionKind.MULTI:
                united = [one for one in self.roll_ups if one.dimension == dimension.id]
                found.update({f"{dimension.id}.{SPEAKERS}_{one.id}": one for one in united})
                if not united:
                    every = RollUp(dimension.id, "minstens één label", dimension.id, dimension.choices)
                    found[f"{dimension.id}.{SPEAKERS}"] = every
        return found

    @property
    def levels(self) -> tuple[str, ...]:
        """Mean and highest level of the ordinal dimensions, as ids of outcomes."""
        return tuple(
            f"{dimension.id}.{part}"
            for dimension in self.unit_dimensions
            if dimension.kind is DimensionKind.ORDINAL
            for part in (MEAN_LEVEL, HIGHEST_LEVEL)
        )

    @property
    def unit_dimensions(self) -> tuple[Dimension, ...]:
        """The dimensions that are coded per unit."""
        return tuple(dimension for dimension in self.dimensions if not dimension.per_session)
