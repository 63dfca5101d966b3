"""Compare groups of speakers and kinds of knowledge by how often they use a label (study B, `domain.md` 6.10).

The transcript is the unit of inference: first a rate per transcript (and group, where several groups talk together),
then the mean over transcripts, in which every transcript counts once. A statement from literature is not part of a
talk and counts as a transcript of one unit.

**Interval of a group.** Rates are low and transcripts few, so neither a normal interval nor the spread of three or four
transcripts will do. The variance of the rate of a transcript with N units is taken as p(1 - p)(r + (1 - r)/N), where r,
the likeness of units of one transcript, is estimated from the spread within all groups together. The mean of n
transcripts is then worth n²/Σ(r + (1 - r)/N) units, and gets Wilson's score interval at that size with t instead of z.
A label that nobody used shows no spread and borrows the likeness of all labels together. In simulations (three to
twelve transcripts a group, rates of 1 to 35 %, likeness .01 to .1, with and without literature) the intervals cover 95
to 96 % overall and 92 to 98 % in single cells, those of a difference 93 to 100 %; a test repeats one of them.

**Presence.** A kind of knowledge holds a label when its whole interval lies above the smallest share that counts, does
not hold it when its whole interval lies below, and is uncertain otherwise. Presence alone decides nothing.

**Direction** (`richting`). The share of "bevorderend" among the units with the label that are "bevorderend" or
"belemmerend" gets an interval in the same way; when it excludes one half, the direction is decided.

**Mark.** "strijdig" when two kinds that hold a label have decided and opposite directions; else "gedeeld" when all hold
it, "deels" when several do, "eigen" when one does, "afwezig" when none does. When the uncertain kinds could still make
another mark of it, the mark is "onbeslist", and the marks that remain possible are told.

Sources, general knowledge: Wilson (1927); Newcombe (1998, method 10); Korn & Graubard (1998, effective size with t);
Donner & Klar (2000, likeness of units within clusters by moments). The rule of presence, the marks beyond the four of
`domain.md` and the defaults are our own.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.statistics.intervals import LEVEL, Interval, difference_interval, score_interval
from pipeline.statistics.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

KNOWLEDGE_TYPES: Final[Mapping[str, str]] = {
    "klant": "klantenkennis",
    "sociale_professional": "praktijkkennis",
    "klantmanager": "praktijkkennis",
    "literatuur": "wetenschappelijke kennis",
}
"""Kind of knowledge of a group of speakers or a source (`domain.md` 6.10)."""
FEWEST_TRANSCRIPTS: Final = 3
"""With fewer transcripts nothing is said of a group."""
SMALLEST_SHARE: Final = 0.02
"""A label on fewer than one unit in fifty is no part of what a group says, unless the study declares another share."""
_HALF: Final = 0.5
_FEWEST_TYPES: Final = 2


class Direction(StrEnum):
    """Whether a working element is said to help or to stand in the way."""

    BEVORDEREND = "bevorderend"
    BELEMMEREND = "belemmerend"


class Presence(StrEnum):
    """Whether a kind of knowledge holds a label, by its interval."""

    WEL = "wel"
    NIET = "niet"
    ONZEKER = "onzeker"


class Mark(StrEnum):
    """What the kinds of knowledge have in common on a label."""

    GEDEELD = "gedeeld"
    """All hold it."""
    DEELS = "deels"
    """Several hold it, not all."""
    EIGEN = "eigen"
    """One holds it."""
    STRIJDIG = "strijdig"
    """Two hold it in opposite directions."""
    AFWEZIG = "afwezig"
    """None holds it."""
    ONBESLIST = "onbeslist"
    """The intervals leave several of the others open."""


@dataclass(frozen=True, slots=True)
class CodedUnit:
    """A unit as a person coded it.

    Attributes:
        transcript: id of the transcript; for a statement from literature its own id.
        group: group of the speaker, or kind of knowledge; what rates are compared between.
        labels: labels of the dimension looked at; none when nothing fits.
        direction: of all its labels; `None` when it has none or is a wish.
    """

    transcript: str
    group: str
    labels: tuple[str, ...]
    direction: Direction | None = None


@dataclass(frozen=True, slots=True)
class TranscriptRate:
    """How often a group uses a label in one transcript.

    Attributes:
        transcript: id of the transcript.
        group: group of speakers or kind of knowledge.
        label: id of the label.
        rate: share of the group's units in the transcript; a corrected rate may lie outside [0, 1].
        units: number of units that the rate rests on, at least 1; for a corrected rate those labelled by hand.
    """

    transcript: str
    group: str
    label: str
    rate: float
    units: int


@dataclass(frozen=True, slots=True)
class GroupRate:
    """How often a group uses a label, over transcripts.

    Attributes:
        group: group of speakers or kind of knowledge.
        label: id of the label.
        transcripts: number of transcripts, at least `FEWEST_TRANSCRIPTS`.
        units: units of all of them.
        rate: mean of the rates of transcripts, not clipped.
        interval: of the mean, in [0, 1].
        likeness: of units of one transcript, r of the module, in [0, 1].
        effective_units: how many independent units the mean is worth.
        degrees_of_freedom: of t in the interval.
    """

    group: str
    label: str
    transcripts: int
    units: int
    rate: float
    interval: Interval
    likeness: float
    effective_units: float
    degrees_of_freedom: int

    @property
    def shown(self) -> float:
        """The rate cut to [0, 1], for display."""
        return min(max(self.rate, 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class GroupDifference:
    """How much more often one group uses a label than another; exploratory, without a test.

    Attributes:
        label: id of the label.
        group: the one.
        other: the other.
        difference: rate of `group` minus rate of `other`, both cut to [0, 1].
        interval: of the difference, in [-1, 1]; too wide rather than too narrow when both talk in one transcript.
    """

    label: str
    group: str
    other: str
    difference: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Cell:
    """One kind of knowledge and one label.

    Attributes:
        group: the kind of knowledge.
        rate: how often it uses the label, or why that cannot be said.
        presence: whether it holds the label; uncertain where `rate` is refused.
        promoting: share of "bevorderend" among its units with the label and a direction, or why it cannot be said;
            `None` when directions were not coded.
        direction: `None` when not decided.
    """

    group: str
    rate: GroupRate | Refusal
    presence: Presence
    promoting: GroupRate | Refusal | None
    direction: Direction | None


@dataclass(frozen=True, slots=True)
class TriangulationRow:
    """One label in the triangulation matrix.

    Attributes:
        label: id of the label.
        cells: one a kind of knowledge, in order.
        mark: what they have in common.
        possible: the marks that the intervals leave open; `mark` alone when it is decided.
    """

    label: str
    cells: tuple[Cell, ...]
    mark: Mark
    possible: tuple[Mark, ...]

    @property
    def sentence(self) -> str:
        """Say how certain the mark is, in Dutch."""
        if self.mark is not Mark.ONBESLIST:
            return f"{self.mark.value.capitalize()}: de intervallen laten geen andere uitkomst toe."
        *most, last = (mark.value for mark in self.possible)
        return f"Onbeslist: met deze transcripten kan het {', '.join(most)} of {last} zijn."


def label_shares(units: Iterable[CodedUnit], labels: Sequence[str]) -> tuple[TranscriptRate, ...]:
    """Give the share of each label among the units of every group in every transcript.

    Args:
        units: of any number of transcripts; those without a label count in the denominator.
        labels: those to look at.

    Returns:
        By order of appearance of transcript and group, then by `labels`; shares in [0, 1].
    """
    found = defaultdict(list)
    for unit in units:
        found[unit.transcript, unit.group].append(frozenset(unit.labels))
    return tuple(
        TranscriptRate(transcript, group, label, sum(label in one for one in coded) / len(coded), len(coded))
        for (transcript, group), coded in found.items()
        for label in labels
    )


def promoting_shares(units: Iterable[CodedUnit], labels: Sequence[str]) -> tuple[TranscriptRate, ...]:
    """Give the share of "bevorderend" among the units with a label and a direction, per transcript and group.

    Args:
        units: of any number of transcripts.
        labels: those to look at.

    Returns:
        For every transcript, group and label with at least one such unit, in order of appearance.
    """
    found: defaultdict[tuple[str, str, str], list[bool]] = defaultdict(list)
    for unit in units:
        for label in labels:
            if unit.direction is not None and label in unit.labels:
                found[unit.transcript, unit.group, label].append(unit.direction is Direction.BEVORDEREND)
    return tuple(
        TranscriptRate(transcript, group, label, sum(promoting) / len(promoting), len(promoting))
        for (transcript, group, label), promoting in found.items()
    )


def group_rates(
    rates: Sequence[TranscriptRate], groups: Sequence[str], labels: Sequence[str], *, level: float = LEVEL
) -> Mapping[tuple[str, str], GroupRate | Refusal]:
    """Give how often each group uses each label, over transcripts, with an interval.

    Args:
        rates: at most one a transcript, group and label; those of other groups and labels are left out.
        groups: to compare; the spread within all of them together tells how alike units of a transcript are.
        labels: of one dimension, so that they may borrow that likeness from each other.
        level: of the intervals, in (0, 1).

    Returns:
        (label, group) to the rate, or to a refusal: for every cell when a rate is missing or given twice, for one
        cell when the group has fewer than `FEWEST_TRANSCRIPTS` transcripts, or when none of the labels occurs, so
        that nothing is known of the likeness.

    Raises:
        ValueError: when `level` is not in (0, 1).
    """
    if not 0 < level < 1:
        message = f"the level of an interval lies in (0, 1), was: {level}"
        raise ValueError(message)
    kept = [one for one in rates if one.group in groups and one.label in labels]
    unusable = _unusable(kept)
    if unusable is not None:
        return {(label, group): unusable for label in labels for group in groups}
    sorted_out = defaultdict(list)
    for one in kept:
        sorted_out[one.label, one.group].append(one)
    samples = {(label, group): _Sample.of(sorted_out[label, group]) for label in labels for group in groups}
    overall = _likeness(samples.values())
    found: dict[tuple[str, str], GroupRate | Refusal] = {}
    for label in labels:
        own = [samples[label, group] for group in groups]
        likeness = _likeness(own)
        likeness = overall if likeness is None else likeness
        for group, sample in zip(groups, own, strict=True):
            degrees = _degrees(own) if sample.clustered else sample.transcripts - 1
            found[label, group] = _group_rate((label, group), sample, likeness, degrees, level)
    return found


def compare_groups(
    rates: Sequence[TranscriptRate], groups: Sequence[str], labels: Sequence[str], *, level: float = LEVEL
) -> tuple[GroupDifference | Refusal, ...]:
    """Compare every two groups on every label.

    The interval of a difference follows from those of the two rates (Newcombe 1998, method 10). It takes the two as
    independent; groups that talk in one transcript tend to rise and fall together, which makes it too wide.

    Args:
        rates: as for `group_rates`.
        groups: at least two; the first of a pair is the one that comes first here.
        labels: of one dimension.
        level: of the intervals, in (0, 1); not adjusted for the number of comparisons.

    Returns:
        By label and pair; a refusal where one of the two rates is refused.
    """
    found = group_rates(rates, groups, labels, level=level)
    return tuple(
        _difference(found[label, one], found[label, other])
        for label in labels
        for one, other in itertools.combinations(groups, 2)
    )


def triangulate(
    rates: Sequence[TranscriptRate],
    directions: Sequence[TranscriptRate] | None,
    types: Sequence[str],
    labels: Sequence[str],
    *,
    smallest_share: float = SMALLEST_SHARE,
    level: float = LEVEL,
) -> tuple[TriangulationRow, ...] | Refusal:
    """Make the triangulation matrix: kinds of knowledge by labels, with a mark for each label.

    Args:
        rates: of labels, per transcript and kind of knowledge (`label_shares`, or corrected rates).
        directions: share of "bevorderend" (`promoting_shares`); `None` for a dimension without direction.
        types: the kinds of knowledge, those without any transcript too.
        labels: of one dimension.
        smallest_share: from which a label is part of what a kind of knowledge says, in (0, 1); declared beforehand.
        level: of the intervals, in (0, 1).

    Returns:
        A row a label, or a refusal when there are fewer than two kinds of knowledge.

    Raises:
        ValueError: when `smallest_share` or `level` is not in (0, 1).
    """
    if not 0 < smallest_share < 1:
        message = f"the smallest share that counts lies in (0, 1), was: {smallest_share}"
        raise ValueError(message)
    if len(types) < _FEWEST_TYPES:
        return Refusal(
            "Er zijn minstens twee kennistypen nodig om te zien wat ze delen.",
            "Voeg interviews, focusgroepen of gecodeerde literatuur toe.",
        )
    found = group_rates(rates, types, labels, level=level)
    promoting = None if directions is None else group_rates(directions, types, labels, level=level)
    return tuple(
        _row(
            label,
            tuple(
                _cell(one, found[label, one], None if promoting is None else promoting[label, one], smallest_share)
                for one in types
            ),
        )
        for label in labels
    )


@dataclass(frozen=True, slots=True)
class _Sample:
    """The rates of one group and label.

    Attributes:
        transcripts: number of transcripts, 0 possible.
        units: of all of them.
        rate: mean; 0 without transcripts.
        squares: sum of squared distances of the rates from it.
        inverses: sum of 1/N over transcripts.
    """

    transcripts: int
    units: int
    rate: float
    squares: float
    inverses: float

    @classmethod
    def of(cls, rates: Sequence[TranscriptRate]) -> _Sample:
        found = np.array([one.rate for one in rates], dtype=np.float64)
        rate = float(found.mean()) if found.size else 0.0
        return cls(
            transcripts=len(rates),
            units=sum(one.units for one in rates),
            rate=rate,
            squares=float(((found - rate) ** 2).sum()),
            inverses=sum(1 / one.units for one in rates),
        )

    @property
    def shown(self) -> float:
        return min(max(self.rate, 0.0), 1.0)

    @property
    def clustered(self) -> bool:
        """Whether any transcript has several units, so that their likeness matters."""
        return self.units > self.transcripts

    def effective(self, likeness: float) -> float:
        """Give how many independent units the mean is worth."""
        return self.transcripts**2 / (likeness * self.transcripts + (1 - likeness) * self.inverses)


def _unusable(rates: Sequence[TranscriptRate]) -> Refusal | None:
    if any(not math.isfinite(one.rate) or one.units < 1 for one in rates):
        return Refusal(
            "Van minstens één transcript ontbreekt een aandeel, of het rust op geen enkele uiting.",
            "Laat zulke transcripten weg en meld hoeveel het er zijn.",
        )
    seen = Counter((one.transcript, one.group, one.label) for one in rates)
    if any(times > 1 for times in seen.values()):
        return Refusal("Een transcript telt twee keer mee voor dezelfde groep.", "Haal de dubbele weg.")
    return None


def _likeness(samples: Iterable[_Sample]) -> float | None:
    """Estimate r by moments, in [0, 1]; `None` when no label occurs or no transcript has several units.

    Within a group the sum of squares is expected to be p(1 - p)(1 - 1/n)(r(n - Σ1/N) + Σ1/N).
    """
    surplus = reach = 0.0
    for sample in samples:
        # Single statements say nothing of likeness, and only add the bias of their p(1 - p).
        if sample.transcripts > 1 and sample.clustered:
            scale = sample.shown * (1 - sample.shown) * (1 - 1 / sample.transcripts)
            surplus += sample.squares - scale * sample.inverses
            reach += scale * (sample.transcripts - sample.inverses)
    return min(max(surplus / reach, 0.0), 1.0) if reach > 0 else None


def _degrees(samples: Iterable[_Sample]) -> int:
    """Count what tells how far transcripts vary; single statements tell nothing of it."""
    return sum(sample.transcripts - 1 for sample in samples if sample.transcripts and sample.clustered)


def _group_rate(
    cell: tuple[str, str], sample: _Sample, likeness: float | None, degrees: int, level: float
) -> GroupRate | Refusal:
    from scipy import stats

    label, group = cell
    if sample.transcripts < FEWEST_TRANSCRIPTS:
        return Refusal(
            f"Van {group} zijn er {sample.transcripts} transcripten om {label} in te tellen; "
            f"er zijn er minstens {FEWEST_TRANSCRIPTS} nodig.",
            "Voeg transcripten toe.",
        )
    if sample.clustered and likeness is None:
        return Refusal(
            "Geen van de labels komt voor; hoezeer transcripten verschillen is niet te schatten.",
            "Voeg transcripten toe, of kies een dimensie die wel voorkomt.",
        )
    size = sample.effective(likeness or 0.0)
    return GroupRate(
        group=group,
        label=label,
        transcripts=sample.transcripts,
        units=sample.units,
        rate=sample.rate,
        interval=score_interval(sample.shown, size, float(stats.t.ppf((1 + level) / 2, degrees))),
        likeness=likeness or 0.0,
        effective_units=size,
        degrees_of_freedom=degrees,
    )


def _difference(one: GroupRate | Refusal, other: GroupRate | Refusal) -> GroupDifference | Refusal:
    if isinstance(one, Refusal):
        return one
    if isinstance(other, Refusal):
        return other
    return GroupDifference(
        label=one.label,
        group=one.group,
        other=other.group,
        difference=one.shown - other.shown,
        interval=difference_interval((one.shown, one.interval), (other.shown, other.interval)),
    )


def _cell(group: str, rate: GroupRate | Refusal, promoting: GroupRate | Refusal | None, smallest_share: float) -> Cell:
    direction = None
    if isinstance(promoting, GroupRate) and promoting.interval.low > _HALF:
        direction = Direction.BEVORDEREND
    elif isinstance(promoting, GroupRate) and promoting.interval.high < _HALF:
        direction = Direction.BELEMMEREND
    return Cell(group, rate, _presence(rate, smallest_share), promoting, direction)


def _presence(rate: GroupRate | Refusal, smallest_share: float) -> Presence:
    if isinstance(rate, GroupRate) and rate.interval.low > smallest_share:
        return Presence.WEL
    if isinstance(rate, GroupRate) and rate.interval.high < smallest_share:
        return Presence.NIET
    return Presence.ONZEKER


def _row(label: str, cells: tuple[Cell, ...]) -> TriangulationRow:
    certain = [cell for cell in cells if cell.presence is Presence.WEL]
    uncertain = [cell for cell in cells if cell.presence is Presence.ONZEKER]
    outcomes = {
        _mark([*certain, *joining], len(cells))
        for number in range(len(uncertain) + 1)
        for joining in itertools.combinations(uncertain, number)
    }
    possible = tuple(mark for mark in Mark if mark in outcomes)
    return TriangulationRow(label, cells, possible[0] if len(possible) == 1 else Mark.ONBESLIST, possible)


def _mark(holding: Collection[Cell], types: int) -> Mark:
    directions = {cell.direction for cell in holding} - {None}
    if len(directions) == len(Direction):
        return Mark.STRIJDIG
    if len(holding) == types:
        return Mark.GEDEELD
    return (Mark.AFWEZIG, Mark.EIGEN)[len(holding)] if len(holding) <= 1 else Mark.DEELS
