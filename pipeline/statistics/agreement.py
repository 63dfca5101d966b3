"""How far coders agree: Krippendorff's alpha, Gwet's AC1 and plain agreement (`statistics.md` 3.1).

All of them follow from one table: how many coders gave each value to each unit. Missing values are coders who are not
counted. Units of which fewer than two coders said something have no part in agreement and alpha.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.agreement import Agreement
from pipeline.domain.codebook import DimensionKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from pipeline.domain.agreement import Coding
    from pipeline.domain.codebook import Dimension

Counts: TypeAlias = NDArray[np.int64]
"""Units by values: how many coders gave the value to the unit."""
Distances: TypeAlias = NDArray[np.float64]
"""Values by values: how far apart two of them are; 0 on the diagonal."""

_PAIR = 2
_SUBSET, _OVERLAP = 2 / 3, 1 / 3
_NOT_CODED = -1


def krippendorff_alpha(counts: Counts, distances: Distances) -> float | None:
    """Give alpha, `None` when fewer than two different values were given to units with several coders.

    Args:
        counts: how many coders gave each value to each unit.
        distances: between the values.
    """
    paired = _paired(counts).astype(np.float64)
    given = paired.sum(axis=0)
    total = given.sum()
    if np.count_nonzero(given) < _PAIR:
        return None
    within = np.einsum("uc,ck,uk->u", paired, distances, paired) / (paired.sum(axis=1) - 1)
    found = within.sum() / total
    expected = given @ distances @ given / (total * (total - 1))
    return float(1 - found / expected)


def gwet_ac1(counts: Counts) -> float | None:
    """Give AC1, `None` when no unit has two coders or fewer than two different values were given at all.

    Args:
        counts: how many coders gave each value to each unit; the values that anybody gave are the categories.
    """
    coded = counts[counts.sum(axis=1) > 0]
    categories = np.count_nonzero(coded.sum(axis=0))
    found = observed_agreement(counts)
    if found is None or categories < _PAIR:
        return None
    shares = (coded / coded.sum(axis=1, keepdims=True)).mean(axis=0)
    chance = float((shares * (1 - shares)).sum()) / (categories - 1)
    return (found - chance) / (1 - chance)


def observed_agreement(counts: Counts) -> float | None:
    """Give the part of the pairs of coders that agree, averaged over units; `None` when no unit has two coders."""
    paired = _paired(counts)
    if not len(paired):
        return None
    coders = paired.sum(axis=1)
    same = (paired * (paired - 1)).sum(axis=1) / (coders * (coders - 1))
    return float(same.mean())


def positive_agreement(counts: Counts) -> float | None:
    """Give the agreement on "yes" alone, `None` when nobody said yes to a unit with several coders.

    Args:
        counts: of two values, no and yes.
    """
    paired = _paired(counts)
    yes = paired[:, 1]
    if not yes.any():
        return None
    return float((yes * (yes - 1) / (paired.sum(axis=1) - 1)).sum() / yes.sum())


def nominal_distances(values: int) -> Distances:
    """Give the distances between a number of values of which all that differ, differ alike."""
    return 1 - np.eye(values)


def ordinal_distances(counts: Counts) -> Distances:
    """Give Krippendorff's ordinal distances: how many values lie between two, as often as they were given.

    Args:
        counts: how many coders gave each value to each unit; values in rising order.
    """
    given = _paired(counts).sum(axis=0).astype(np.float64)
    middle = given.cumsum() - given / 2
    return np.asarray(np.square(middle[:, None] - middle[None, :]), dtype=np.float64)


def masi_distances(sets: Sequence[AbstractSet[str]]) -> Distances:
    """Give Passonneau's distances between sets of labels; two empty ones are equal."""
    return np.array([[_masi(one, other) for other in sets] for one in sets], dtype=np.float64).reshape(
        len(sets), len(sets)
    )


def _masi(one: AbstractSet[str], other: AbstractSet[str]) -> float:
    if one == other:
        return 0.0
    common = one & other
    monotone = _SUBSET if common in (one, other) else _OVERLAP
    return 1 - len(common) / len(one | other) * monotone


def _paired(counts: Counts) -> Counts:
    return np.asarray(counts[counts.sum(axis=1) >= _PAIR], dtype=np.int64)


def describe_agreement(codings: Iterable[Coding], dimensions: Sequence[Dimension]) -> tuple[Agreement, ...]:
    """Say how far coders agree, per dimension as a whole, per label of it, and per dimension and session.

    Args:
        codings: at most one a unit and coder.
        dimensions: those to look at; only labels that belong to them occur.

    Returns:
        For every dimension, in order: the whole, each label (automatic ones only where somebody gave them), and the
        whole in each session that is known, in order of appearance.
    """
    listed = tuple(codings)
    found: list[Agreement] = []
    for dimension in dimensions:
        ratings = _ratings(listed, dimension)
        found.append(_of_dimension(ratings, dimension, None))
        shown = (label for label in dimension.label_ids if label not in dimension.automatic or ratings.knows(label))
        found.extend(_of_label(ratings, dimension, label) for label in shown)
        sessions = dict.fromkeys(session for session in ratings.sessions if session is not None)
        found.extend(_of_dimension(ratings.within(session), dimension, session) for session in sessions)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Ratings:
    """The codings of one dimension.

    Attributes:
        values: the values that can occur: sets of labels; those of an ordinal dimension in rising order.
        coders: in order of appearance.
        sessions: session of each unit.
        matrix: units by coders: position in `values`, `_NOT_CODED` where the coder said nothing.
    """

    values: tuple[frozenset[str], ...]
    coders: tuple[str, ...]
    sessions: tuple[str | None, ...]
    matrix: NDArray[np.int64]

    @property
    def paired(self) -> NDArray[np.bool_]:
        """Which units have at least two coders."""
        return np.asarray((self.matrix != _NOT_CODED).sum(axis=1) >= _PAIR)

    @property
    def present(self) -> NDArray[np.bool_]:
        """Which coders coded at least one of those."""
        return np.asarray((self.matrix[self.paired] != _NOT_CODED).any(axis=0))

    def within(self, session: str) -> _Ratings:
        """Keep the units of one session."""
        rows = [row for row, other in enumerate(self.sessions) if other == session]
        return _Ratings(self.values, self.coders, (session,) * len(rows), self.matrix[rows])

    def having(self, label: str) -> NDArray[np.int64]:
        """Give the matrix of "the label was given" (1) or not (0)."""
        yes = np.array([label in value for value in self.values], dtype=np.int64)
        return np.where(self.matrix == _NOT_CODED, _NOT_CODED, yes[self.matrix])

    def knows(self, label: str) -> bool:
        """Tell whether anybody gave a label."""
        return bool((self.having(label) == 1).any())


def _ratings(codings: Sequence[Coding], dimension: Dimension) -> _Ratings:
    coded = [(coding, frozenset(coding.labels[dimension.id])) for coding in codings if dimension.id in coding.labels]
    if dimension.kind is DimensionKind.MULTI:
        values = tuple(dict.fromkeys(value for _, value in coded)) or (frozenset(),)
    else:
        values = tuple(frozenset([label]) for label in dimension.label_ids)
    place = {value: at for at, value in enumerate(values)}
    coders = {coder: at for at, coder in enumerate(dict.fromkeys(coding.coder for coding, _ in coded))}
    sessions = {coding.unit: coding.session for coding, _ in coded}
    units = {unit: at for at, unit in enumerate(sessions)}
    matrix = np.full((len(units), len(coders)), _NOT_CODED, dtype=np.int64)
    for coding, value in coded:
        matrix[units[coding.unit], coders[coding.coder]] = place[value]
    return _Ratings(values, tuple(coders), tuple(sessions.values()), matrix)


def _counts(matrix: NDArray[np.int64], values: int) -> Counts:
    return np.stack([(matrix == value).sum(axis=1) for value in range(values)], axis=1).astype(np.int64)


def _of_dimension(ratings: _Ratings, dimension: Dimension, session: str | None) -> Agreement:
    counts = _counts(ratings.matrix, len(ratings.values))
    return Agreement(
        dimension=dimension.id,
        label=None,
        session=session,
        kind=dimension.kind,
        units=int(ratings.paired.sum()),
        sessions=_sessions(ratings),
        coders=_coders(ratings),
        observed=observed_agreement(counts),
        positive=None,
        alpha=krippendorff_alpha(counts, _distances(ratings, counts, dimension.kind)),
        ac1=gwet_ac1(counts),
    )


def _distances(ratings: _Ratings, counts: Counts, kind: DimensionKind) -> Distances:
    if kind is DimensionKind.ORDINAL:
        return ordinal_distances(counts)
    return masi_distances(ratings.values) if kind is DimensionKind.MULTI else nominal_distances(len(ratings.values))


def _of_label(ratings: _Ratings, dimension: Dimension, label: str) -> Agreement:
    yes_no = ratings.having(label)
    counts = _counts(yes_no, 2)
    positives = (yes_no[ratings.paired] == 1).sum(axis=0)[ratings.present]
    return Agreement(
        dimension=dimension.id,
        label=label,
        session=None,
        kind=DimensionKind.SINGLE,
        units=int(ratings.paired.sum()),
        sessions=_sessions(ratings),
        coders=_coders(ratings),
        observed=observed_agreement(counts),
        positive=positive_agreement(counts),
        alpha=krippendorff_alpha(counts, nominal_distances(2)),
        ac1=gwet_ac1(counts),
        positives=tuple(int(count) for count in positives),
    )


def _sessions(ratings: _Ratings) -> int | None:
    found = {session for session, paired in zip(ratings.sessions, ratings.paired, strict=True) if paired}
    return None if None in found else len(found)


def _coders(ratings: _Ratings) -> tuple[str, ...]:
    return tuple(coder for coder, present in zip(ratings.coders, ratings.present, strict=True) if present)
