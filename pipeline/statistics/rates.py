"""From machine labels and blind human labels to one rate a session that the machine's mistakes do not move.

Estimator (1), its tuning (2), its variance (3) and the interval that is shown (4) of `statistics.md` 1.2 and 1.3:
design-based supervised learning (Egami et al. 2023) in its stratified form, which for a rate is the survey difference
estimator. Only labels of a drawn unit that were given blindly enter it, and only scores of a model that saw no label
of the session (`statistics.md` 1.1, A1 to A5). Comparing the rates is left to `effects`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.draw import Stratum
from pipeline.statistics.intervals import NORMAL_QUANTILE
from pipeline.statistics.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.domain.draw import Draw, DrawnStratum

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]

WHOLE_CORRECTION: Final = 1.0
"""Factor with which machine labels count in full (DSL)."""
LABELLED_ONLY: Final = 0.0
"""Factor with which machine labels do not count at all; always printed as a check (`statistics.md` 1.5)."""
_LOWEST, _HIGHEST = 0.005, 0.995
_KINDS: Final = tuple(Stratum)


@dataclass(frozen=True, slots=True)
class HumanLabel:
    """What one coder said of one unit, as far as one outcome is concerned.

    Attributes:
        unit: id of the unit.
        coder: who said it.
        value: 1 when the unit has what the outcome counts, 0 when not; a scaled level lies between.
        draw: name of the draw for which it was given, `None` for a label that somebody gave of his own accord.
        blind: the coder did not see the machine's label.
    """

    unit: str
    coder: str
    value: float
    draw: str | None
    blind: bool


@dataclass(frozen=True, slots=True)
class SessionScores:
    """What a model says of the units of one session, as far as one outcome is concerned.

    Attributes:
        session: id of the session.
        values: unit to 0 or 1, or to a probability; a unit that is not there counts as 0 (the machine abstained).
        learnt_from: ids of the sessions of which the model saw labels; `None` when that was not recorded.
    """

    session: str
    values: Mapping[str, float]
    learnt_from: frozenset[str] | None


@dataclass(frozen=True, slots=True, eq=False)
class LabelledSample:
    """Blind labels of drawn units beside the machine's, of any number of sessions, as flat arrays.

    Attributes:
        sessions: ids, each of them once.
        stratum_session: *Shape* (strata,): position in `sessions`.
        stratum_kind: *Shape* (strata,): strata of the same number are of the same type, and are taken to have the same
            variance.
        stratum_size: *Shape* (strata,): eligible units in it, at least 1.
        stratum_machine: *Shape* (strata,): mean of the machine's values over all of them.
        unit_stratum: *Shape* (drawn units,): position of the stratum; every stratum has at least one drawn unit.
        human: *Shape* (drawn units,): mean of the coders' values.
        machine: *Shape* (drawn units,): the machine's values.
    """

    sessions: tuple[str, ...]
    stratum_session: Integers
    stratum_kind: Integers
    stratum_size: Integers
    stratum_machine: Floats
    unit_stratum: Integers
    human: Floats
    machine: Floats

    def __post_init__(self) -> None:
        drawn = np.bincount(self.unit_stratum, minlength=len(self.stratum_size))
        with_strata = np.unique(self.stratum_session)
        if (drawn < 1).any() or (drawn > self.stratum_size).any() or len(with_strata) != len(self.sessions):
            message = "every session needs a stratum, and every stratum at least one and at most all of its units drawn"
            raise ValueError(message)
        if not all(np.isfinite(values).all() for values in (self.stratum_machine, self.human, self.machine)):
            message = "labels and scores must be numbers"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Assembly:
    """What can be estimated from, and what cannot.

    Attributes:
        sample: of the sessions that are fit for it, in order of the draw; `None` when none is.
        refused: id of every other session of the draw or the scores, with the reason.
        ignored: number of labels left out because they were not given blindly for this draw.
        used: strata of the sample with their complete waves alone.
    """

    sample: LabelledSample | None
    refused: tuple[tuple[str, Refusal], ...]
    ignored: int
    used: tuple[DrawnStratum, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class SessionRates:
    """Corrected rates, one a session.

    Attributes:
        sessions: ids.
        rates: *Shape* (sessions,): unbiased over draws; may lie outside [0, 1], and then a regression
            takes them as they are.
        variances: *Shape* (sessions,): of the draw alone, pooled over sessions; 0 where every unit has a human label.
        factors: *Shape* (sessions,): how far the machine's values count.
        machine: *Shape* (sessions,): mean of the machine's values, not corrected.
        eligible: *Shape* (sessions,): eligible units.
        labelled: *Shape* (sessions,): units with blind human labels.
        lower: *Shape* (sessions,): of the 95 % interval to be shown, in [0, 1].
        upper: *Shape* (sessions,): likewise.
    """

    sessions: tuple[str, ...]
    rates: Floats
    variances: Floats
    factors: Floats
    machine: Floats
    eligible: Integers
    labelled: Integers
    lower: Floats = field(repr=False)
    upper: Floats = field(repr=False)

    @property
    def shown(self) -> Floats:
        """The rates cut to [0, 1]; for display only."""
        return np.clip(self.rates, 0, 1)


def assemble(draw: Draw, labels: Iterable[HumanLabel], scores: Iterable[SessionScores]) -> Assembly:
    """Bring a draw, its blind labels and out-of-fold scores together, session by session.

    Labels that were not given blindly for this draw are left out and counted: they never move a rate. Of a session
    whose last wave is not complete, the complete waves before it are used: they are a probability sample too.

    Args:
        draw: the draw that the labels were collected for.
        labels: any number; of two by one coder for one unit, the last one counts.
        scores: at most one a session. The model may be a later one than that of the draw.
    """
    human, ignored = _mean_labels(draw, labels)
    listed = tuple(scores)
    by_session = {one.session: one for one in listed}
    twice = {one.session for one in listed if by_session[one.session] is not one}
    parts: list[_SessionPart] = []
    refused: list[tuple[str, Refusal]] = []
    for session in (*draw.sessions, *draw.without_units):
        found = _MORE_THAN_ONE if session in twice else _session_part(draw.of(session), by_session.get(session), human)
        if isinstance(found, Refusal):
            refused.append((session, found))
        else:
            parts.append(found)
    refused.extend((one, _NOT_DRAWN) for one in by_session if one not in draw.sessions + draw.without_units)
    used = tuple(stratum for part in parts for stratum in part.strata)
    return Assembly(_sample(parts) if parts else None, tuple(refused), ignored, used)


_MORE_THAN_ONE: Final = Refusal(
    "Van deze sessie zijn de machinelabels dubbel aangeleverd.", "Lever per sessie één stel machinelabels aan."
)
_NOT_DRAWN: Final = Refusal(
    "In deze sessie is geen steekproef getrokken; de machinecijfers zijn niet gecorrigeerd.",
    "Trek een steekproef en laat die blind coderen.",
)


@dataclass(frozen=True, slots=True)
class _SessionPart:
    strata: tuple[DrawnStratum, ...]
    scores: SessionScores
    human: Mapping[str, float]


def _mean_labels(draw: Draw, labels: Iterable[HumanLabel]) -> tuple[dict[str, float], int]:
    """Take the mean over coders of the labels that were given blindly for a draw, and count the others."""
    drawn = {unit for stratum in draw.strata for unit in stratum.drawn}
    given: defaultdict[str, dict[str, float]] = defaultdict(dict)
    ignored = 0
    for label in labels:
        if label.blind and label.draw == draw.id and label.unit in drawn:
            given[label.unit][label.coder] = label.value
        else:
            ignored += 1
    return {unit: fmean(by_coder.values()) for unit, by_coder in given.items()}, ignored


def _session_part(
    strata: Sequence[DrawnStratum], scores: SessionScores | None, human: Mapping[str, float]
) -> _SessionPart | Refusal:
    if not strata:
        return Refusal("Deze sessie heeft geen uitingen die meetellen.", "Controleer het transcript.")
    if scores is None:
        return Refusal("Van deze sessie zijn er geen machinelabels.", "Label de sessie met een model.")
    refused = _unfit_scores(scores)
    if refused is not None:
        return refused
    waves = _complete_waves(strata, human)
    used = tuple(stratum.until(waves) for stratum in strata)
    if not all(stratum.drawn for stratum in used):
        return _incomplete(strata, human)
    values = [*scores.values.values(), *(human[unit] for stratum in used for unit in stratum.drawn)]
    if not all(0 <= value <= 1 for value in values):
        return Refusal(
            "Er zijn labels of scores die geen getal van 0 tot en met 1 zijn.", "Herstel of verwijder deze waarden."
        )
    return _SessionPart(used, scores, human)


def _unfit_scores(scores: SessionScores) -> Refusal | None:
    if scores.learnt_from is None:
        return Refusal(
            "Van deze machinelabels is niet vastgelegd van welke sessies het model heeft geleerd.",
            "Label de sessie opnieuw met een model dat geen label van deze sessie heeft gezien.",
        )
    if scores.session in scores.learnt_from:
        return Refusal(
            "Het model heeft geleerd van labels van deze sessie; dan verdampt de correctie.",
            "Gebruik voor deze sessie de labels van een model dat haar niet heeft gezien (kruisvalidatie per sessie).",
        )
    return None


def _complete_waves(strata: Sequence[DrawnStratum], human: Mapping[str, float]) -> int:
    """Count the waves, from the first on, of which every unit has a label."""
    waves = max(len(stratum.waves) for stratum in strata)
    complete = (
        wave
        for wave in range(waves, 0, -1)
        if all(unit in human for stratum in strata for unit in stratum.until(wave).drawn)
    )
    return next(complete, 0)


def _incomplete(strata: Sequence[DrawnStratum], human: Mapping[str, float]) -> Refusal:
    first = [unit for stratum in strata for unit in stratum.until(1).drawn]
    missing = sum(unit not in human for unit in first)
    if missing:
        return Refusal(
            f"Van de {len(first)} getrokken uitingen zijn er {missing} nog niet blind gecodeerd.",
            "Codeer ze alle; met een deel ervan klopt de kans niet waarmee elke uiting is getrokken.",
        )
    return Refusal(
        "Uit een deel van deze sessie is niets getrokken; dan is het cijfer vertekend.",
        "Trek uit elk deel van de sessie ten minste twee uitingen.",
    )


def _sample(parts: Sequence[_SessionPart]) -> LabelledSample:
    strata = [(at, part, stratum) for at, part in enumerate(parts) for stratum in part.strata]
    drawn = [
        (at, part.human[unit], part.scores.values.get(unit, 0.0))
        for at, (_, part, stratum) in enumerate(strata)
        for unit in stratum.drawn
    ]
    return LabelledSample(
        sessions=tuple(part.scores.session for part in parts),
        stratum_session=np.array([at for at, _, _ in strata], dtype=np.int64),
        stratum_kind=np.array([_KINDS.index(stratum.stratum) for _, _, stratum in strata], dtype=np.int64),
        stratum_size=np.array([len(stratum.units) for _, _, stratum in strata], dtype=np.int64),
        stratum_machine=np.array(
            [fmean(part.scores.values.get(unit, 0.0) for unit in stratum.units) for _, part, stratum in strata]
        ),
        unit_stratum=np.array([at for at, _, _ in drawn], dtype=np.int64),
        human=np.array([value for _, value, _ in drawn]),
        machine=np.array([value for _, _, value in drawn]),
    )


def power_tuned_factors(sample: LabelledSample) -> Floats:
    """Say how far machine labels are to count in each session, from the *other* sessions only: formula (2).

    So each rate stays exactly unbiased. PPI++ (Angelopoulos, Duchi and Zrnic 2023) without its factor for a separate
    unlabelled sample, since here the drawn units are among those whose machine values are averaged.

    Returns:
        *Shape* (sessions,), in [0, 1]; 1 where the other sessions tell nothing.
    """
    moments = _Moments.of(sample)
    several = np.maximum(moments.drawn - 1, 1)
    # A stratum of one drawn unit has no variance of its own; its sums of squares are 0 and drop out by themselves.
    shared = moments.session_sum(moments.weight * moments.human_machine / several)
    of_machine = moments.session_sum(moments.weight * moments.machine_machine / several)
    rest = of_machine.sum() - of_machine
    told = rest > _NOTHING
    ratio: Floats = np.divide(shared.sum() - shared, rest, out=np.ones_like(rest), where=told)
    return np.clip(ratio, 0, 1)


_NOTHING: Final = 1e-12


def corrected_rates(sample: LabelledSample, factors: Floats | float) -> SessionRates | Refusal:
    """Estimate the rate of every session: formulas (1), (3) and (4).

    Args:
        sample: blind labels with what the machine says.
        factors: how far the machine's values count, per session or for all: `power_tuned_factors`, `WHOLE_CORRECTION`
            or `LABELLED_ONLY`. Unbiased for any number that does not depend on the labels of the session itself.

    Returns:
        The rates, or why their variance cannot be estimated.
    """
    moments = _Moments.of(sample)
    each = np.broadcast_to(np.asarray(factors, dtype=np.float64), (len(sample.sessions),))
    if not np.isfinite(each).all():
        message = f"factors must be numbers, was: {factors}"
        raise ValueError(message)
    variances = _variances(sample, moments, each)
    if variances is None:
        return Refusal(
            "De onzekerheid van de cijfers is niet te schatten: per deel van een sessie is hoogstens één uiting "
            "gecodeerd.",
            "Trek uit elk deel van een sessie ten minste twee uitingen.",
        )
    within = sample.stratum_session
    machine = moments.session_sum(moments.share * sample.stratum_machine)
    corrections = moments.human_mean + each[within] * (sample.stratum_machine - moments.machine_mean)
    rates = moments.session_sum(moments.share * corrections)
    lower, upper = shown_interval(rates, variances)
    return SessionRates(
        sessions=sample.sessions,
        rates=rates,
        variances=variances,
        factors=each.copy(),
        machine=machine,
        eligible=moments.session_sum(sample.stratum_size).astype(np.int64),
        labelled=moments.session_sum(moments.drawn).astype(np.int64),
        lower=lower,
        upper=upper,
    )


def shown_interval(rates: Floats, variances: Floats) -> tuple[Floats, Floats]:
    """Give the ends of the interval of each session that is shown: formula (4).

    Args:
        rates: *Shape* (sessions,).
        variances: *Shape* (sessions,): pooled over sessions.
    """
    half = NORMAL_QUANTILE * np.sqrt(variances * _rate_function(rates))
    return np.clip(rates - half, 0, 1), np.clip(rates + half, 0, 1)


@dataclass(frozen=True, slots=True)
class TunedMean:
    """A mean of human labels that the machine's values for other units make more precise.

    Attributes:
        estimate: the mean.
        error: standard error.
        lower: of the 95 % interval with the normal distribution.
        upper: likewise.
        factor: how far the machine's values count, in [0, 1].
    """

    estimate: float
    error: float
    lower: float
    upper: float
    factor: float


def tuned_mean(human: Floats, machine: Floats, others: Floats, factor: float | None = None) -> TunedMean | Refusal:
    """Estimate a mean from labelled units and *other* units that have the machine's values alone (PPI++).

    For units that were drawn independently from one and the same source, such as two simple random samples of archived
    sessions. The rate of a session is no such thing: there `corrected_rates` knows the units drawn from.

    Args:
        human: *Shape* (labelled units,).
        machine: *Shape* (labelled units,): values for the same.
        others: *Shape* (other units,): values for units without a label.
        factor: how far the machine's values count; tuned to the data when `None`.
    """
    if min(len(human), len(others)) < 2:  # noqa: PLR2004 - one unit has no spread
        return Refusal("Er zijn te weinig uitingen voor een gemiddelde met onzekerheid.", "Laat meer uitingen coderen.")
    labelled, rest = len(human), len(others)
    if factor is None:
        # As ppi-python has it: a covariance with divisor n over a variance with divisor n - 1.
        spread = np.concatenate([machine, others]).var(ddof=1) * (1 + labelled / rest)
        shared = float(((human - human.mean()) * (machine - machine.mean())).mean())
        factor = min(max(shared / spread, 0.0), 1.0) if spread > _NOTHING else 0.0
    estimate = float(human.mean() + factor * (others.mean() - machine.mean()))
    variance = (human - factor * machine).var() / labelled + factor**2 * others.var() / rest
    error = float(np.sqrt(variance))
    half = NORMAL_QUANTILE * error
    return TunedMean(estimate, error, estimate - half, estimate + half, factor)


def _rate_function(rates: Floats) -> Floats:
    """Give g of formula (4): sessions with a rate near 0 or 1 are known better than the pooled variance says."""
    near = np.clip(rates / 2 + rates.mean() / 2, _LOWEST, _HIGHEST)
    spread = near * (1 - near)
    return np.asarray(spread / spread.mean(), dtype=np.float64)


def _variances(sample: LabelledSample, moments: _Moments, factors: Floats) -> Floats | None:
    """Give formula (3), `None` when a type of stratum that needs a variance has none in any session."""
    each = factors[sample.stratum_session]
    squares = moments.human_human - 2 * each * moments.human_machine + each**2 * moments.machine_machine
    kinds, kind = np.unique(sample.stratum_kind, return_inverse=True)
    freedom = _sums(kind, moments.drawn - 1, len(kinds))
    needed = _sums(kind, moments.weight, len(kinds)) > 0
    if (needed & (freedom == 0)).any():
        return None
    # Sums of squares of rounding errors may come out below 0.
    pooled = np.maximum(_sums(kind, squares, len(kinds)), 0) / np.maximum(freedom, 1)
    return moments.session_sum(moments.weight * pooled[kind])


@dataclass(frozen=True, slots=True, eq=False)
class _Moments:
    """Sums over the drawn units of each stratum; every array has *shape* (strata,).

    Attributes:
        sessions: number of sessions.
        stratum_session: position of the session.
        drawn: number of drawn units.
        share: W, part of the session's eligible units.
        weight: c = W² (1 − n/N) / n, what a variance within the stratum adds to that of the session's rate.
        human_mean: mean of the human values; `machine_mean` of the machine's.
        human_human: sum of squares around the mean; `human_machine` and `machine_machine` likewise.
    """

    sessions: int
    stratum_session: Integers
    drawn: Integers
    share: Floats
    weight: Floats
    human_mean: Floats
    machine_mean: Floats
    human_human: Floats
    human_machine: Floats
    machine_machine: Floats

    @classmethod
    def of(cls, sample: LabelledSample) -> _Moments:
        strata, at = len(sample.stratum_size), sample.unit_stratum
        drawn = np.bincount(at, minlength=strata)
        human_mean = _sums(at, sample.human, strata) / drawn
        machine_mean = _sums(at, sample.machine, strata) / drawn
        human, machine = sample.human - human_mean[at], sample.machine - machine_mean[at]
        eligible = _sums(sample.stratum_session, sample.stratum_size, len(sample.sessions))
        share = sample.stratum_size / eligible[sample.stratum_session]
        return cls(
            sessions=len(sample.sessions),
            stratum_session=sample.stratum_session,
            drawn=drawn,
            share=share,
            weight=share**2 * (1 - drawn / sample.stratum_size) / drawn,
            human_mean=human_mean,
            machine_mean=machine_mean,
            human_human=_sums(at, human * human, strata),
            human_machine=_sums(at, human * machine, strata),
            machine_machine=_sums(at, machine * machine, strata),
        )

    def session_sum(self, values: Floats | Integers) -> Floats:
        return _sums(self.stratum_session, values, self.sessions)


def _sums(at: Integers, values: Floats | Integers, length: int) -> Floats:
    """Add up the values that belong to each place."""
    return np.asarray(np.bincount(at, values, length), dtype=np.float64)
