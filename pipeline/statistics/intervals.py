"""An interval as a value, and the score intervals of shares of independent cases.

Intervals of corrected session rates are made in `rates`, those of effects in `effects`: neither may be had by putting a
share of machine labels in here, since that covers 5 to 44 % (`statistics.md` 1.3).

Sources: Wilson (1927); Newcombe (1998, method 10).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

from pipeline.statistics.refusal import Refusal

LEVEL: Final = 0.95
"""Level of every interval unless another is asked for."""
NORMAL_QUANTILE: Final = NormalDist().inv_cdf((1 + LEVEL) / 2)
"""Standard errors from the middle to an end of a normal interval of that level."""


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` up to and including `high`."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


def score_interval(share: float, size: float, quantile: float) -> Interval:
    """Give Wilson's interval of a share.

    Args:
        share: found, in [0, 1].
        size: number of independent units that it is worth, above 0; need not be whole.
        quantile: of the normal or t distribution, above 0.

    Returns:
        The interval, within [0, 1] and around `share`.
    """
    squared = quantile**2
    middle = (share + squared / (2 * size)) / (1 + squared / size)
    reach = quantile / (1 + squared / size) * math.sqrt(share * (1 - share) / size + squared / (4 * size**2))
    # At shares of 0 and 1 the bound is the share itself; rounding must not put it beside that.
    return Interval(min(max(middle - reach, 0.0), share), max(min(middle + reach, 1.0), share))


def difference_interval(one: tuple[float, Interval], other: tuple[float, Interval]) -> Interval:
    """Give the interval of a difference of two independent shares from their own (Newcombe 1998, method 10).

    Args:
        one: a share and its interval, in [0, 1].
        other: the share that is taken from it, and its interval.
    """
    (share, interval), (less, taken) = one, other
    difference = share - less
    return Interval(
        difference - math.hypot(share - interval.low, taken.high - less),
        difference + math.hypot(interval.high - share, less - taken.low),
    )


def wilson_interval(hits: int, total: int) -> Interval | Refusal:
    """Give Wilson's 95 % interval of a share of *independent* cases, such as sessions in which a decision was taken.

    Args:
        hits: number of cases that have it, at most `total`.
        total: number of cases.
    """
    if not total >= 1:
        return Refusal("Er zijn geen gevallen om een aandeel van te geven.", "Vul de ontbrekende waarden aan.")
    if not 0 <= hits <= total:
        return Refusal("Het aantal gevallen is geen getal van 0 tot en met het totaal.", "Controleer de telling.")
    return score_interval(hits / total, total, NORMAL_QUANTILE)


def newcombe_interval(one: tuple[int, int], other: tuple[int, int]) -> Interval | Refusal:
    """Give Newcombe's hybrid-score 95 % interval of the difference of two such shares.

    Args:
        one: hits and total.
        other: hits and total of the group that is subtracted.
    """
    first, second = wilson_interval(*one), wilson_interval(*other)
    if isinstance(first, Refusal):
        return first
    if isinstance(second, Refusal):
        return second
    return difference_interval((one[0] / one[1], first), (other[0] / other[1], second))
