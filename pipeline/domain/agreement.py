"""How far coders agree on the same units (`statistics.md` 3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.domain.codebook import Dimension, DimensionKind


@dataclass(frozen=True, slots=True)
class Coding:
    """What one coder said of one unit; a model can be a coder too.

    Attributes:
        unit: name of the unit, the same for all coders.
        coder: who coded.
        session: session of the unit, or `None` when it is not known.
        labels: dimension id to the labels given: one for single and ordinal dimensions, any number for multi ones,
            where () says that nothing fits. A dimension that is not there was not coded.
    """

    unit: str
    coder: str
    session: str | None
    labels: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class CodingTable:
    """The codings of several coders.

    Attributes:
        dimensions: what was coded, with the labels that can occur; ordinal ones in rising order.
        codings: at most one a unit and coder.
    """

    dimensions: tuple[Dimension, ...]
    codings: tuple[Coding, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far coders agree on one dimension, or on one label of it, in all sessions together or in one.

    A coefficient is `None` where it cannot be determined: no unit has two coders, or only one value occurs.

    Attributes:
        dimension: id of the dimension.
        label: id of the label, given or not; `None` for the dimension as a whole.
        session: id of the session, `None` for all together.
        kind: which distance alpha uses: for a dimension nominal, ordinal or MASI; for a label always nominal.
        units: units that at least two coders coded; all figures but `ac1` are about these alone.
        sessions: number of sessions they come from, `None` when a session is not known.
        coders: those who coded at least one of them, in order of the table.
        observed: part of the pairs of coders that gave the same value, averaged over units; a set of labels is the
            same when it is wholly the same.
        positive: for a label, part of the pairs that agree among those where at least one gave it, two given counting
            double: 2a/(2a + b + c) for two coders; `None` for a dimension or where nobody gave it.
        alpha: Krippendorff's alpha.
        ac1: Gwet's AC1, of whole values; units with one coder count towards chance, as Gwet does.
        positives: for a label, how many of the units each of `coders` gave it to; empty for a dimension.
    """

    dimension: str
    label: str | None
    session: str | None
    kind: DimensionKind
    units: int
    sessions: int | None
    coders: tuple[str, ...]
    observed: float | None
    positive: float | None
    alpha: float | None
    ac1: float | None
    positives: tuple[int, ...] = ()
