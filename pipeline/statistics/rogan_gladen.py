"""Rates turned back from what is known of the machine's mistakes: a check beside the primary analysis, never instead.

Rogan and Gladen (1978) take sensitivity and specificity as known and equal for all that is compared. Pooled over
sessions that makes any mistake that goes with a component into an effect (97 to 100 % false positives), so
`level_rates` refuses it; per level of the component it is unbiased, but the intervals leave the error of sensitivity
and specificity out (6.6 to 7.3 % false positives), so it is shown as a check alone (`statistics.md` 1.5).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.statistics.intervals import Interval, wilson_interval
from pipeline.statistics.refusal import Refusal

if TYPE_CHECKING:
    from pipeline.statistics.rates import LabelledSample

Floats: TypeAlias = NDArray[np.float64]

LEAST_SKILL: Final = 0.05
"""Sensitivity plus specificity minus 1: with less, the machine says next to nothing of what people say."""

_NO_SKILL: Final = Refusal(
    "De machine zegt vrijwel niets over wat mensen zeggen, of een van beide antwoorden kwam niet voor.",
    "Laat meer uitingen blind coderen of verbeter het model.",
)
_POOLED: Final = Refusal(
    "Met één sensitiviteit en specificiteit voor alle sessies lijkt een fout die met het kenmerk meeloopt een effect.",
    "Gebruik de hoofdanalyse, die per sessie corrigeert.",
)


@dataclass(frozen=True, slots=True)
class MeasuredShare:
    """A share and the number of independent cases that it was measured on.

    Attributes:
        share: in [0, 1].
        cases: at least 1.
    """

    share: float
    cases: int


@dataclass(frozen=True, slots=True)
class TurnedBack:
    """One rate turned back; it may lie outside [0, 1].

    Attributes:
        apparent: what the machine says.
        rate: turned back.
        error: standard error by the delta method, with those of sensitivity and specificity.
        known_error: the same as if these two were known.
        interval: Wilson's of the apparent share, turned back; as if they were known.
    """

    apparent: float
    rate: float
    error: float
    known_error: float
    interval: Interval


def turn_back(hits: int, total: int, sensitivity: MeasuredShare, specificity: MeasuredShare) -> TurnedBack | Refusal:
    """Turn the share of one set of independent units back.

    Args:
        hits: units to which the machine gave the label, at most `total`.
        total: units.
        sensitivity: share of the units with the label to which it gives it.
        specificity: share of the units without to which it does not.
    """
    around = wilson_interval(hits, total)
    if isinstance(around, Refusal):
        return around
    skill = sensitivity.share + specificity.share - 1
    if not skill >= LEAST_SKILL:
        return _NO_SKILL
    apparent = hits / total
    low, rate, high = ((share + specificity.share - 1) / skill for share in (around.low, apparent, around.high))
    known = apparent * (1 - apparent) / total
    of_sensitivity, of_specificity = (one.share * (1 - one.share) / one.cases for one in (sensitivity, specificity))
    return TurnedBack(
        apparent=apparent,
        rate=rate,
        error=math.sqrt(known + rate**2 * of_sensitivity + (1 - rate) ** 2 * of_specificity) / skill,
        known_error=math.sqrt(known) / skill,
        interval=Interval(low, high),
    )


def answers_of(sample: LabelledSample) -> Floats:
    """Count what machine and people said of the drawn units of each session, as if all units had been drawn.

    Values between 0 and 1, of several coders or a machine that gives chances, count in part.

    Returns:
        *Shape* (sessions, 2, 2): people no and yes, machine no and yes.
    """
    stratum = sample.unit_stratum
    weights = (sample.stratum_size / np.bincount(stratum, minlength=len(sample.stratum_size)))[stratum]
    human, machine = (np.stack([1 - values, values], axis=1) for values in (sample.human, sample.machine))
    counted = np.zeros((len(sample.sessions), 2, 2))
    np.add.at(
        counted, sample.stratum_session[stratum], weights[:, None, None] * human[:, :, None] * machine[:, None, :]
    )
    return counted


def level_rates(machine: Floats, answers: Floats, levels: Floats) -> Floats | Refusal:
    """Turn machine rates back with the sensitivity and specificity found at each level of a component.

    Args:
        machine: *Shape* (sessions,): uncorrected rates; NaN where there is none.
        answers: *Shape* (sessions, 2, 2): of `answers_of`; NaN where there are none.
        levels: *Shape* (sessions, contrasts): the component; NaN where missing.

    Returns:
        *Shape* (sessions,): NaN where anything is missing; or why there are none.
    """
    known = np.isfinite(machine) & np.isfinite(answers).all(axis=(1, 2)) & np.isfinite(levels).all(axis=1)
    kinds, kind = np.unique(levels[known], axis=0, return_inverse=True)
    if len(kinds) < 2:  # noqa: PLR2004 - one level is all sessions together
        return _POOLED
    counted = np.zeros((len(kinds), 2, 2))
    np.add.at(counted, kind.reshape(-1), answers[known])
    asked = counted.sum(axis=2)
    if not (asked > 0).all():
        return _NO_SKILL
    false_alarms, sensitivity = (counted[:, :, 1] / asked).T
    if not (sensitivity - false_alarms >= LEAST_SKILL).all():
        return _NO_SKILL
    found = np.full(len(machine), math.nan)
    place = kind.reshape(-1)
    found[known] = (machine[known] - false_alarms[place]) / (sensitivity - false_alarms)[place]
    return found
