"""What follows what within a session: transitions, turn-taking, time course, coupling (`statistics.md` 4).

Every figure is made per session first and then put together, so that the session stays the unit of inference. Labels of
a model inflate changes (`measured_switches`), make first events come early, and may follow who speaks because the model
looks at that. So what rests on them is *descriptive*: shown, never tested. What people coded or what is known (who
speaks) is *observed*. Shares that can be corrected by a blind draw are *corrected*: thirds of a session, and pairs of
utterances by drawn windows; their session rates go the way of all rates, to `effects`.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from pipeline.statistics.agreement import Estimate, FigureOfSums, quotient
from pipeline.statistics.permutation import DRAWN_ARRANGEMENTS, ENUMERATED_AT_MOST, arrange
from pipeline.statistics.rates import (
    HumanLabel,
    SessionScores,
    assemble,
    corrected_rates,
    power_tuned_factors,
    shown_interval,
)
from pipeline.statistics.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from numpy.typing import NDArray

    from pipeline.domain.draw import Draw
    from pipeline.domain.study import Value
    from pipeline.statistics.agreement import Numbers, Resampling, ResamplingDesign, Statistic
    from pipeline.statistics.rates import Assembly, SessionRates

THIRDS, DECILES = 3, 10
WINDOW = 7
"""Utterances in a window of pairs: long enough for a coder to see what goes on (`statistics.md` 4: 6 to 8)."""
SMALLEST_SHIFT = 10
"""A series is shifted at least so many positions, so that what hangs together in it is torn from the other series."""
MOST_LAGS = 5
_AT_ONCE = 500


class Source(StrEnum):
    """Where the labels, or what else is counted, come from."""

    MACHINE = "machine"
    PEOPLE = "mensen"
    """People coded every utterance of the sessions."""
    KNOWN = "bekend"
    """Nothing was coded, such as who speaks; who speaks may still have been recognised wrongly."""


class Standing(StrEnum):
    """What may be said of a figure."""

    DESCRIPTIVE = "beschrijvend"
    OBSERVED = "waargenomen"
    CORRECTED = "gecorrigeerd"

    @classmethod
    def of(cls, source: Source) -> Standing:
        """Give the standing of what is counted without correction."""
        return cls.DESCRIPTIVE if source is Source.MACHINE else cls.OBSERVED


STANDING_NOTES = {
    Standing.DESCRIPTIVE: (
        "Machinaal en niet gecorrigeerd: wisselingen worden te vaak gezien en eerste keren te vroeg. "
        "Alleen als beschrijving, niet om te vergelijken."
    ),
    Standing.OBSERVED: (
        "Door mensen gecodeerd of uit het transcript bekend. Staat er bij blind nee, dan konden deze mensen zien wat "
        "een model voorstelde."
    ),
    Standing.CORRECTED: "Gecorrigeerd met een blinde steekproef met bekende trekkingskansen.",
}
_ONLY_MACHINE = Refusal(
    "Deze reeksen zijn machinaal gelabeld; fouten van het model, dat ook ziet wie er spreekt, kunnen het verband "
    "maken. Er is geen toets uitgevoerd.",
    "Laat hele sessies door mensen coderen, of trek paren van uitingen en corrigeer het aandeel per sessie.",
)
_NO_SESSIONS = Refusal("Er zijn geen sessies met uitingen om te tellen.", "Voeg sessies met labels toe.")
_NOT_VARYING = Refusal(
    "Dit kenmerk verschilt niet binnen werkplaatsen. Het effect is niet te scheiden van de werkplaats. "
    "Er is geen toets uitgevoerd.",
    "Houd in dezelfde werkplaats sessies met en zonder dit kenmerk.",
)
_NOTHING_BEFORE = Refusal(
    "Niet te bepalen: hier gaat in geen enkele sessie iets aan vooraf.", "Voeg sessies toe of neem waarden samen."
)


@dataclass(frozen=True, slots=True)
class Moment:
    """One unit in the course of a session.

    Attributes:
        unit: id.
        labels: in the dimension that is looked at.
        speaker: pseudonym, or `None` when unknown.
        role: of the speaker, or `None` when unknown.
        words: how many.
        follows: it comes directly after the moment before: no gap, no other case between. Of no meaning for the first.
    """

    unit: str
    labels: tuple[str, ...]
    speaker: str | None
    role: str | None
    words: int = 0
    follows: bool = True


@dataclass(frozen=True, slots=True)
class SessionCourse:
    """The units of one session in the order in which they were said.

    Units that carry no label (minimal ones, in most studies) are left out. Where what was left out matters, the next
    moment does not follow.
    """

    session: str
    moments: tuple[Moment, ...]


MomentEvent: TypeAlias = Callable[[Moment], bool]
"""Something that is so of a moment or not, such as "the client speaks"."""
PairEvent: TypeAlias = Callable[[Moment, Moment], bool]
"""Something that is so of a moment and the next, such as "another profession spoke before"."""


def pairs_of(course: SessionCourse) -> list[tuple[Moment, Moment]]:
    """Give every moment that follows with the one before it: none across gaps, cases or sessions."""
    return [(before, now) for before, now in itertools.pairwise(course.moments) if now.follows]


def session_mean(values: Numbers) -> Statistic:
    """Give the mean over sessions of one figure a session, every session counting once.

    Args:
        values: *Shape* (sessions,): NaN where a session has none; it is left out.
    """
    known = np.isfinite(values)
    figure = FigureOfSums(np.stack([np.where(known, values, 0), known], axis=1), quotient)
    return figure.by_session(np.arange(len(values)), len(values))


def _over(above: Numbers, below: Numbers) -> Numbers:
    """Divide; NaN where there is nothing to divide by."""
    out = np.full(np.broadcast(above, below).shape, np.nan)
    return np.asarray(np.divide(above, below, out=out, where=below != 0))


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


# Transitions between labels


@dataclass(frozen=True, slots=True, eq=False)
class Transitions:
    """How often one value follows another, from one moment to the next.

    Attributes:
        values: labels or roles.
        sessions: ids, sorted.
        counts: *Shape* (sessions, values, values): from the row to the column.
        standing: of all figures.
        shares: of the row's transitions that go to the column, mean over the sessions that have any.
        residuals: adjusted residuals of all counts together (standardised ones where the diagonal cannot occur): above
            0 where a transition is more common than chance would have it; `None` where that cannot be told. They
            describe; transitions of one session are not independent, so no p value belongs to them.
        changes: share of the transitions to another value, mean over sessions.
    """

    values: tuple[str, ...]
    sessions: tuple[str, ...]
    counts: Numbers
    standing: Standing
    shares: tuple[tuple[Estimate | Refusal, ...], ...]
    residuals: tuple[tuple[float | None, ...], ...]
    changes: Estimate | Refusal


def measure_transitions(
    courses: Sequence[SessionCourse], labels: Sequence[str], source: Source, design: ResamplingDesign
) -> Transitions | Refusal:
    """Count which label follows which.

    Args:
        courses: one a session; every moment with exactly one of the labels.
        labels: of a single or ordinal dimension.
        source: where the labels come from.
        design: of the intervals.
    """
    known = set(labels)
    unfit = sum(len(moment.labels) != 1 or moment.labels[0] not in known for one in courses for moment in one.moments)
    if unfit:
        return Refusal(
            f"{unfit} uitingen hebben niet precies één label van deze dimensie.",
            "Kies een dimensie met één label per uiting, en laat uitingen zonder label weg.",
        )
    found = {one.session: [(before.labels[0], now.labels[0]) for before, now in pairs_of(one)] for one in courses}
    return _transitions(found, tuple(labels), Standing.of(source), design, diagonal=True)


def _transitions(
    found: Mapping[str, Sequence[tuple[str, str]]],
    values: tuple[str, ...],
    standing: Standing,
    design: ResamplingDesign,
    *,
    diagonal: bool,
) -> Transitions | Refusal:
    sessions = tuple(sorted(session for session, pairs in found.items() if pairs))
    if not sessions:
        return _NO_SESSIONS
    resampling = design.over(sessions)
    if isinstance(resampling, Refusal):
        return resampling
    place = {value: at for at, value in enumerate(values)}
    counts = np.zeros((len(sessions), len(values), len(values)))
    for at, session in enumerate(sessions):
        for before, now in found[session]:
            counts[at, place[before], place[now]] += 1
    shares = _over(counts, counts.sum(axis=2, keepdims=True))
    changed = 1 - np.trace(counts, axis1=1, axis2=2) / counts.sum(axis=(1, 2))
    total = counts.sum(axis=0)
    residuals = adjusted_residuals(total) if diagonal else off_diagonal_residuals(total)
    each = range(len(values))
    return Transitions(
        values=values,
        sessions=sessions,
        counts=counts,
        standing=standing,
        shares=tuple(
            tuple(resampling.estimate(session_mean(shares[:, row, column]), _NOTHING_BEFORE) for column in each)
            for row in each
        ),
        residuals=tuple(tuple(_or_none(residual) for residual in row) for row in residuals),
        changes=resampling.estimate(session_mean(changed), _NOTHING_BEFORE),
    )


def adjusted_residuals(counts: Numbers) -> Numbers:
    """Give the adjusted residuals of a table of transitions (Haberman 1973; Bakeman & Quera 2011).

    Args:
        counts: *Shape* (values, values).

    Returns:
        *Shape* (values, values): about standard normal without any relation; NaN in empty rows and columns, and where a
        row or column is all there is.
    """
    total = counts.sum()
    rows, columns = counts.sum(axis=1, keepdims=True), counts.sum(axis=0, keepdims=True)
    expected = _over(rows * columns, np.full_like(counts, total))
    spread = (
        expected * (1 - _over(rows, np.full_like(rows, total))) * (1 - _over(columns, np.full_like(columns, total)))
    )
    return _over(counts - expected, np.sqrt(spread))


def off_diagonal_residuals(counts: Numbers) -> Numbers:
    """Give the standardised residuals from quasi-independence, for values that cannot follow themselves.

    Expected counts are fitted to the row and column sums outside the diagonal by iterative proportional fitting.

    Args:
        counts: *Shape* (values, values): with an empty diagonal.

    Returns:
        *Shape* (values, values): (found - expected) / √expected; NaN on the diagonal and where nothing is expected.
    """
    expected = 1 - np.eye(len(counts))
    rows, columns = counts.sum(axis=1), counts.sum(axis=0)
    for _ in range(_FITTING_ROUNDS):
        before = expected
        expected = expected * np.nan_to_num(_over(rows, expected.sum(axis=1)))[:, None]
        expected = expected * np.nan_to_num(_over(columns, expected.sum(axis=0)))[None, :]
        if np.abs(expected - before).max() < _FITTED:
            break
    return _over(counts - expected, np.sqrt(expected))


_FITTING_ROUNDS, _FITTED = 1000, 1e-10


def homogeneity_g2(counts: Numbers) -> Numbers:
    """Give the likelihood-ratio statistic of equal transition shares in groups.

    Its p value from χ² would take transitions for independent: compare it with permutations of sessions instead.

    Args:
        counts: *Shape* (..., groups, values, values).

    Returns:
        *Shape* (...,), at least 0.
    """
    rows = counts.sum(axis=-1, keepdims=True)
    together = counts.sum(axis=-3, keepdims=True)
    expected = rows * np.nan_to_num(_over(together, together.sum(axis=-1, keepdims=True)))
    ratio = np.divide(counts, expected, out=np.ones_like(counts), where=counts > 0)
    return np.asarray(2 * (counts * np.log(ratio)).sum(axis=(-3, -2, -1)))


def measured_switches(accuracy: float, labels: int, switches: float) -> float:
    """Give the share of switches that a tagger shows, whose errors are spread evenly and independently.

    Args:
        accuracy: of the tagger, in [0, 1].
        labels: how many there are, at least 2.
        switches: true share of moments with another label than the moment before, in [0, 1].
    """
    if labels < 2:  # noqa: PLR2004 - one label never switches
        message = f"there must be two labels or more, was: {labels}"
        raise ValueError(message)
    other = (1 - accuracy) / (labels - 1)
    equal_when_equal = accuracy**2 + (labels - 1) * other**2
    equal_when_different = 2 * accuracy * other + (labels - 2) * other**2
    return (1 - switches) * (1 - equal_when_equal) + switches * (1 - equal_when_different)


@dataclass(frozen=True, slots=True)
class SessionTest:
    """A comparison of levels of a component by dealing them out anew over the sessions within blocks.

    Attributes:
        statistic: as found.
        p: part of the arrangements with one at least as large; never 0.
        sessions: how many were compared.
        possible: different arrangements; p cannot be below one in so many.
        exact: all of them were tried.
        groups: by level, number of sessions.
    """

    statistic: float
    p: float
    sessions: int
    possible: int
    exact: bool
    groups: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Which sessions are compared. Whether the component may be tested at all is decided before (class A).

    Attributes:
        levels: value of the component in every session; sessions without one are left out.
        blocks: site of every session, or site and round.
        seed: of the arrangements, where they are drawn.
        draws: how many are drawn where there are too many to try all.
    """

    levels: Mapping[str, Value]
    blocks: Mapping[str, str]
    seed: int = 0
    draws: int = DRAWN_ARRANGEMENTS

    def compares(self, session: str) -> bool:
        """Tell whether a session has both a level and a block."""
        return self.levels.get(session) is not None and session in self.blocks


def compare_transitions(transitions: Transitions, comparison: Comparison) -> SessionTest | Refusal:
    """Test whether what follows what differs with a component: G² of homogeneity, sessions permuted within blocks.

    Args:
        transitions: not of a machine: the tagger may err more with the component than without, and invent a difference.
        comparison: component and blocks.
    """
    if transitions.standing is Standing.DESCRIPTIVE:
        return _ONLY_MACHINE

    def statistic(groups: Numbers, kept: NDArray[np.int64]) -> Numbers:
        return homogeneity_g2(np.einsum("dgs,sij->dgij", groups, transitions.counts[kept]))

    return _permuted(transitions.sessions, comparison, statistic)


def _permuted(
    sessions: Sequence[str],
    comparison: Comparison,
    statistic: Callable[[Numbers, NDArray[np.int64]], Numbers],
) -> SessionTest | Refusal:
    """Compare a statistic of groups of sessions with the same after dealing the groups out anew.

    Args:
        sessions: ids.
        comparison: component and blocks.
        statistic: from which session is in which group, *Shape* (draws, groups, sessions kept), and the places of the
            sessions kept, to *Shape* (draws,).
    """
    kept = [at for at, session in enumerate(sessions) if comparison.compares(session)]
    if not kept:
        return _NO_SESSIONS
    names = sorted({str(comparison.levels[sessions[at]]) for at in kept})
    level = np.array([names.index(str(comparison.levels[sessions[at]])) for at in kept], dtype=np.int64)
    blocks = [comparison.blocks[sessions[at]] for at in kept]
    if len(set(zip(blocks, level.tolist(), strict=True))) == len(set(blocks)):
        return _NOT_VARYING
    arrangements = arrange(blocks, level[:, None].astype(np.float64), seed=comparison.seed, draws=comparison.draws)
    places = np.array(kept, dtype=np.int64)

    def of(order: NDArray[np.int64]) -> Numbers:
        groups = np.stack([level[order] == group for group in range(len(names))], axis=1).astype(np.float64)
        return statistic(groups, places)

    found = float(of(np.arange(len(kept))[None])[0])
    pieces = range(0, len(arrangements.order), _AT_ONCE)
    values = np.concatenate([of(arrangements.order[at : at + _AT_ONCE]) for at in pieces])
    return SessionTest(
        statistic=found,
        p=arrangements.p(values, found),
        sessions=len(kept),
        possible=arrangements.possible,
        exact=arrangements.exact,
        groups={name: int((level == at).sum()) for at, name in enumerate(names)},
    )


# Pairs of moments: per-session statistics, and their correction by drawn windows


@dataclass(frozen=True, slots=True)
class PairTable:
    """How often an outcome comes with a condition, over the pairs of successive moments of one session.

    Attributes:
        session: id.
        both: pairs with condition and outcome; `condition` and `outcome`: with one alone; `neither`: with none.
        standing: of the figures; those that are not descriptive can be compared as any number a session.
    """

    session: str
    both: int
    condition: int
    outcome: int
    neither: int
    standing: Standing

    @property
    def share(self) -> float | None:
        """Share of the pairs with the condition that have the outcome; `None` where there is no such pair."""
        return self.both / (self.both + self.condition) if self.both + self.condition else None

    @property
    def log_odds_ratio(self) -> float:
        """Logarithm of the odds ratio, one half added to every cell so that it always exists."""
        both, condition, outcome, neither = (
            cell + 0.5 for cell in (self.both, self.condition, self.outcome, self.neither)
        )
        return float(np.log(both * neither / (condition * outcome)))

    @property
    def yules_q(self) -> float | None:
        """Yule's Q, in [-1, 1]; `None` where both products of opposite cells are 0."""
        same, cross = self.both * self.neither, self.condition * self.outcome
        return (same - cross) / (same + cross) if same + cross else None


def pair_tables(
    courses: Iterable[SessionCourse], condition: PairEvent, outcome: PairEvent, source: Source
) -> tuple[PairTable, ...]:
    """Count condition and outcome over the pairs of successive moments, session by session.

    Args:
        courses: one a session.
        condition: such as "another profession spoke before".
        outcome: such as "this is a reframing".
        source: where they come from; a machine when either does.
    """
    tables = []
    for course in courses:
        seen = Counter((condition(*pair), outcome(*pair)) for pair in pairs_of(course))
        cells = (seen[True, True], seen[True, False], seen[False, True], seen[False, False])
        tables.append(PairTable(course.session, *cells, Standing.of(source)))
    return tuple(tables)


@dataclass(frozen=True, slots=True)
class PairWindow:
    """A stretch of successive moments that is drawn, and coded, as a whole.

    Attributes:
        id: made of the ids of its first and last unit.
        session: id of the session.
        pairs: the id of the second unit of every pair in it that counts, in order; at least one.
    """

    id: str
    session: str
    pairs: tuple[str, ...]


def pair_windows(course: SessionCourse, condition: PairEvent, size: int = WINDOW) -> tuple[PairWindow, ...]:
    """Divide the pairs of a session over windows, every pair in one of them; give those with a pair that counts.

    Two windows share the unit in which the one ends and the other begins. None crosses a gap.

    Args:
        course: of the session.
        condition: which pairs count; it must be known without coding (who speaks).
        size: moments in a window, at least 2; the last of a stretch may have fewer.

    Returns:
        The frame for `draw_units`, by `PairWindow.id`.
    """
    windows = []
    for stretch in _stretches(course):
        pairs = list(itertools.pairwise(stretch))
        for part in (pairs[at : at + size - 1] for at in range(0, len(pairs), size - 1)):
            counting = tuple(now.unit for before, now in part if condition(before, now))
            if counting:
                windows.append(PairWindow(f"{part[0][0].unit}–{part[-1][1].unit}", course.session, counting))
    return tuple(windows)


def _stretches(course: SessionCourse) -> list[list[Moment]]:
    stretches: list[list[Moment]] = []
    for moment in course.moments:
        if stretches and moment.follows:
            stretches[-1].append(moment)
        else:
            stretches.append([moment])
    return stretches


@dataclass(frozen=True, slots=True)
class CorrectedPairs:
    """Corrected shares of pairs, one a session, fit for `effects`.

    Attributes:
        rates: per session; `eligible` are the pairs that count, `labelled` the windows that were coded.
        refused: sessions without a share, with the reason.
        standing: corrected.
    """

    rates: SessionRates
    refused: tuple[tuple[str, Refusal], ...]
    standing: Standing = Standing.CORRECTED


def corrected_pair_rates(
    draw: Draw, windows: Sequence[PairWindow], labels: Iterable[HumanLabel], scores: Iterable[SessionScores]
) -> CorrectedPairs | Refusal:
    """Correct the share of pairs with an outcome by drawn windows: formula (1) with the window as the unit.

    The variance is that between windows, since the pairs of one window resemble each other.

    Args:
        draw: of windows, by id.
        windows: all of the sessions of the draw.
        labels: what coders said of the pairs of drawn windows, by the id of the second unit. A coder counts for a
            window of which all pairs that count have his label.
        scores: the machine's value of every pair by the id of the second unit; 0 where it is not there.
    """
    longest = max((len(window.pairs) for window in windows), default=1)
    scored = [_window_scores(one, windows, longest) for one in scores]
    blind = [label for label in labels if label.blind and label.draw == draw.id]
    assembled = assemble(draw, _window_labels(blind, windows, longest), scored)
    pairs = Counter({window.session: 0 for window in windows})
    for window in windows:
        pairs[window.session] += len(window.pairs)
    rates = _scaled_rates(assembled, {session: longest / count for session, count in pairs.items()})
    if isinstance(rates, Refusal):
        return rates
    counted = np.array([pairs[session] for session in rates.sessions], dtype=np.int64)
    return CorrectedPairs(replace(rates, eligible=counted), assembled.refused)


def _window_scores(scores: SessionScores, windows: Iterable[PairWindow], longest: int) -> SessionScores:
    summed = {
        window.id: sum(scores.values.get(pair, 0.0) for pair in window.pairs) / longest
        for window in windows
        if window.session == scores.session
    }
    return replace(scores, values=summed)


def _window_labels(labels: Iterable[HumanLabel], windows: Iterable[PairWindow], longest: int) -> list[HumanLabel]:
    """Put the labels of a coder for all pairs of a window together.

    Args:
        labels: given blindly for the draw and no others, which would take the place of the coder's own.
        windows: of all sessions.
        longest: most pairs in a window.
    """
    given = {(label.unit, label.coder): label for label in labels}
    coders = sorted({coder for _, coder in given})
    summed = []
    for window, coder in itertools.product(windows, coders):
        own = [given[pair, coder] for pair in window.pairs if (pair, coder) in given]
        if len(own) == len(window.pairs):
            value = sum(label.value for label in own) / longest
            summed.append(replace(own[0], unit=window.id, value=value))
    return summed


def _scaled_rates(assembled: Assembly, scale_per_unit: Mapping[str, float]) -> SessionRates | Refusal:
    """Give corrected totals over another number than that of the units drawn from.

    Args:
        assembled: labels and scores.
        scale_per_unit: by session, what one eligible unit more with value 1 adds to the rate.
    """
    if assembled.sample is None:
        return assembled.refused[0][1] if assembled.refused else _NO_SESSIONS
    rates = corrected_rates(assembled.sample, power_tuned_factors(assembled.sample))
    if isinstance(rates, Refusal):
        return rates
    scale = np.array([scale_per_unit[session] for session in rates.sessions]) * rates.eligible
    scaled, variances = rates.rates * scale, rates.variances * scale**2
    lower, upper = shown_interval(scaled, variances)
    return replace(rates, rates=scaled, variances=variances, machine=rates.machine * scale, lower=lower, upper=upper)


# Turn-taking


class Merge(StrEnum):
    """When successive moments are one turn."""

    SPEAKER = "spreker"
    ROLE = "functie"
    """Then nobody can follow his own role, and the diagonal of the table cannot occur."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one speaker, or one role, says without a break.

    Attributes:
        speaker: of its first moment.
        role: likewise.
        labels: of its first moment: what the turn opens with.
        words: in all of it.
        follows: it comes directly after another turn of known speakers and roles.
    """

    speaker: str
    role: str
    labels: tuple[str, ...]
    words: int
    follows: bool


def turns_of(course: SessionCourse, merge: Merge) -> tuple[Turn, ...]:
    """Put successive moments of one speaker or role together. Moments without speaker or role are gaps."""
    turns: list[Turn] = []
    unbroken = False
    for moment in course.moments:
        if moment.speaker is None or moment.role is None:
            unbroken = False
            continue
        unbroken = unbroken and moment.follows
        last = turns[-1] if unbroken else None
        if last and (last.speaker == moment.speaker if merge is Merge.SPEAKER else last.role == moment.role):
            turns[-1] = replace(last, words=last.words + moment.words)
        else:
            turns.append(Turn(moment.speaker, moment.role, moment.labels, moment.words, last is not None))
        unbroken = True
    return tuple(turns)


@dataclass(frozen=True, slots=True)
class TalkMeasures:
    """Who talks in one session, as numbers that `effects` can compare.

    Attributes:
        session: id.
        turns: of one speaker each.
        turn_shares: by role, share of the turns.
        word_shares: by role, share of the words; empty where no words were counted.
        entropy: how evenly words are spread over speakers, 0 for one who says all to 1 for all the same; `None` with
            fewer than two speakers.
        reciprocity: share of the take-overs between speakers that are answered by one the other way, in [0, 1]
            (Squartini et al. 2013); `None` without any.
    """

    session: str
    turns: int
    turn_shares: Mapping[str, float]
    word_shares: Mapping[str, float]
    entropy: float | None
    reciprocity: float | None


def talk_measures(course: SessionCourse) -> TalkMeasures:
    """Say who talks how much in a session. Roles are known, so nothing is corrected; they may be recognised wrongly."""
    turns = turns_of(course, Merge.SPEAKER)
    words: Counter[str] = Counter()
    for turn in turns:
        words[turn.role] += turn.words
    spoken = Counter(turn.role for turn in turns)
    return TalkMeasures(
        session=course.session,
        turns=len(turns),
        turn_shares={role: count / len(turns) for role, count in sorted(spoken.items())},
        word_shares={role: count / words.total() for role, count in sorted(words.items())} if words.total() else {},
        entropy=_evenness(turns),
        reciprocity=_reciprocity(turns),
    )


def _evenness(turns: Sequence[Turn]) -> float | None:
    words: Counter[str] = Counter()
    for turn in turns:
        words[turn.speaker] += turn.words
    if len(words) < 2 or not words.total():  # noqa: PLR2004 - nothing to spread over
        return None
    shares = np.array([count / words.total() for count in words.values() if count])
    return float(-(shares * np.log(shares)).sum() / np.log(len(words)))


def _reciprocity(turns: Sequence[Turn]) -> float | None:
    taken = Counter(
        (before.speaker, now.speaker)
        for before, now in itertools.pairwise(turns)
        if now.follows and before.speaker != now.speaker
    )
    answered = sum(min(count, taken[now, before]) for (before, now), count in taken.items())
    return answered / taken.total() if taken else None


def measure_turn_taking(
    courses: Sequence[SessionCourse], merge: Merge, design: ResamplingDesign
) -> Transitions | Refusal:
    """Count which role follows which.

    Args:
        courses: one a session.
        merge: what is one turn; with `Merge.ROLE` residuals are those from quasi-independence.
        design: of the intervals.
    """
    found = {
        course.session: [(before.role, now.role) for before, now in _take_overs(turns_of(course, merge))]
        for course in courses
    }
    roles = tuple(sorted({role for pairs in found.values() for pair in pairs for role in pair}))
    return _transitions(found, roles, Standing.of(Source.KNOWN), design, diagonal=merge is Merge.SPEAKER)


def _take_overs(turns: Sequence[Turn]) -> list[tuple[Turn, Turn]]:
    return [(before, now) for before, now in itertools.pairwise(turns) if now.follows]


@dataclass(frozen=True, slots=True)
class Following:
    """How often one role answers another with a label.

    Attributes:
        before: role that spoke.
        now: role that took over.
        label: what its turn opened with.
        take_overs: how often the one took over from the other, in all sessions.
        shares: by session with any such take-over, the share of them that opened with the label.
        mean: over these sessions.
        standing: of the figures.
    """

    before: str
    now: str
    label: str
    take_overs: int
    shares: Mapping[str, float]
    mean: Estimate | Refusal
    standing: Standing


def measure_following(
    courses: Sequence[SessionCourse], labels: Sequence[str], source: Source, merge: Merge, design: ResamplingDesign
) -> tuple[Following, ...] | Refusal:
    """Say who follows whom with which label, session by session and over sessions.

    Args:
        courses: one a session.
        labels: of any dimension.
        source: where the labels come from.
        merge: what is one turn.
        design: of the intervals.

    Returns:
        For every two roles of which the one ever took over from the other, and every label; sorted by role.
    """
    taken = {course.session: _take_overs(turns_of(course, merge)) for course in courses}
    sessions = sorted(session for session, pairs in taken.items() if pairs)
    if not sessions:
        return _NO_SESSIONS
    resampling = design.over(sessions)
    if isinstance(resampling, Refusal):
        return resampling
    pairs = sorted({(one.role, other.role) for found in taken.values() for one, other in found})
    return tuple(
        _following(pair, label, {session: taken[session] for session in sessions}, resampling, Standing.of(source))
        for pair in pairs
        for label in labels
    )


def _following(
    roles: tuple[str, str],
    label: str,
    taken: Mapping[str, Sequence[tuple[Turn, Turn]]],
    resampling: Resampling,
    standing: Standing,
) -> Following:
    opened = [
        [label in now.labels for before, now in found if (before.role, now.role) == roles] for found in taken.values()
    ]
    shares = [sum(given) / len(given) if given else np.nan for given in opened]
    return Following(
        before=roles[0],
        now=roles[1],
        label=label,
        take_overs=sum(map(len, opened)),
        shares={session: share for session, share in zip(taken, shares, strict=True) if np.isfinite(share)},
        mean=resampling.estimate(session_mean(np.array(shares)), _NOTHING_BEFORE),
        standing=standing,
    )


# Time course


@dataclass(frozen=True, slots=True)
class LabelCourse:
    """How the share of a label runs through sessions.

    Attributes:
        label: id.
        shares: by session, its share in each part of the session, in order; `None` for a part without moments.
        mean: over sessions, of each part.
        trends: by session, last part less first.
        trend: mean over sessions.
        standing: of the figures; parts other than thirds are a picture only.
    """

    label: str
    shares: Mapping[str, tuple[float | None, ...]]
    mean: tuple[Estimate | Refusal, ...]
    trends: Mapping[str, float]
    trend: Estimate | Refusal
    standing: Standing


def time_course(
    courses: Sequence[SessionCourse],
    labels: Sequence[str],
    source: Source,
    design: ResamplingDesign,
    parts: int = THIRDS,
) -> tuple[LabelCourse, ...] | Refusal:
    """Follow labels through sessions, in parts of as many moments each.

    Args:
        courses: one a session.
        labels: of any dimension.
        source: where the labels come from.
        design: of the intervals, which are the bands of the curves.
        parts: at least 2: `THIRDS`, or `DECILES` for a picture.
    """
    listed = sorted((course for course in courses if course.moments), key=lambda course: course.session)
    if not listed:
        return _NO_SESSIONS
    resampling = design.over([course.session for course in listed])
    if isinstance(resampling, Refusal):
        return resampling
    standing = Standing.of(source) if parts == THIRDS else Standing.DESCRIPTIVE
    return tuple(_label_course(listed, label, parts, resampling, standing) for label in labels)


def _label_course(
    courses: Sequence[SessionCourse], label: str, parts: int, resampling: Resampling, standing: Standing
) -> LabelCourse:
    carried, moments = np.zeros((2, len(courses), parts))
    for at, course in enumerate(courses):
        for part, moment in zip(_parts(len(course.moments), parts), course.moments, strict=True):
            moments[at, part] += 1
            carried[at, part] += label in moment.labels
    shares = _over(carried, moments)
    trends = shares[:, -1] - shares[:, 0]
    names = [course.session for course in courses]
    return LabelCourse(
        label=label,
        shares={name: tuple(map(_or_none, row)) for name, row in zip(names, shares, strict=True)},
        mean=tuple(resampling.estimate(session_mean(shares[:, part]), _TOO_SHORT) for part in range(parts)),
        trends={name: float(trend) for name, trend in zip(names, trends, strict=True) if np.isfinite(trend)},
        trend=resampling.estimate(session_mean(trends), _TOO_SHORT),
        standing=standing,
    )


_TOO_SHORT = Refusal(
    "Niet te bepalen: de sessies hebben minder uitingen dan delen.", "Neem minder delen of langere sessies."
)


def _parts(moments: int, parts: int) -> list[int]:
    """Say in which part, from 0, each of so many moments lies."""
    return [at * parts // moments for at in range(moments)]


@dataclass(frozen=True, slots=True)
class CorrectedCourse:
    """Corrected shares in each part of sessions, fit for `effects`.

    Attributes:
        parts: in order; `eligible` are the units of the part, `labelled` the coded ones of the whole session.
        trends: by session, last part less first.
        refused: sessions without figures, with the reason.
        standing: corrected.
    """

    parts: tuple[SessionRates, ...]
    trends: Mapping[str, float]
    refused: tuple[tuple[str, Refusal], ...]
    standing: Standing = Standing.CORRECTED


def corrected_course(
    draw: Draw,
    labels: Iterable[HumanLabel],
    scores: Iterable[SessionScores],
    order: Mapping[str, Sequence[str]],
    parts: int = THIRDS,
) -> CorrectedCourse | Refusal:
    """Correct the share of an outcome in each part of every session.

    A part is a domain of the session's draw: units of other parts count as 0, and totals are taken over the units of
    the part. So it is unbiased although the draw was not stratified by part, only less precise.

    Args:
        draw: of units.
        labels: what coders said of the drawn units.
        scores: what the machine says.
        order: by session, its units in the order in which they were said; others than the eligible ones may be among
            them.
        parts: how many.
    """
    placed = {session: _placed(draw, session, order.get(session, ()), parts) for session in draw.sessions}
    place = {unit: part for found in placed.values() for unit, part in found.items()}
    unfit = tuple((session, _UNPLACED) for session, found in placed.items() if not found)
    kept = replace(draw, strata=tuple(stratum for stratum in draw.strata if placed[stratum.session]))
    if unfit and not kept.strata:
        return _UNPLACED
    listed = tuple(labels)
    fit_scores = [one for one in scores if placed.get(one.session)]
    rates: list[SessionRates] = []
    refused = unfit
    for part in range(parts):
        inside = {unit for unit, at in place.items() if at == part}
        assembled = _within_part(kept, listed, fit_scores, inside)
        sizes = {session: sum(unit in inside for unit in found) for session, found in placed.items() if found}
        found = _scaled_rates(assembled, {session: 1 / size for session, size in sizes.items()})
        if isinstance(found, Refusal):
            return found
        rates.append(replace(found, eligible=np.array([sizes[one] for one in found.sessions], dtype=np.int64)))
        refused = unfit + assembled.refused
    trends = dict(zip(rates[0].sessions, (rates[-1].rates - rates[0].rates).tolist(), strict=True))
    return CorrectedCourse(tuple(rates), trends, refused)


def _within_part(
    draw: Draw, labels: Iterable[HumanLabel], scores: Iterable[SessionScores], inside: AbstractSet[str]
) -> Assembly:
    """Let all units outside a part count as 0."""
    return assemble(
        draw,
        [replace(label, value=label.value * (label.unit in inside)) for label in labels],
        [replace(one, values={unit: value * (unit in inside) for unit, value in one.values.items()}) for one in scores],
    )


_UNPLACED = Refusal(
    "De plaats van de uitingen in deze sessie is niet volledig bekend, of er zijn minder uitingen dan delen.",
    "Controleer of de steekproef uit dit transcript is getrokken.",
)


def _placed(draw: Draw, session: str, order: Sequence[str], parts: int) -> dict[str, int]:
    """Say in which part each eligible unit lies; nothing when that is not known of all."""
    eligible = {unit for stratum in draw.of(session) for unit in stratum.units}
    said = [unit for unit in dict.fromkeys(order) if unit in eligible]
    if len(said) < max(len(eligible), parts):
        return {}
    return dict(zip(said, _parts(len(said), parts), strict=True))


# Coupling of two series within sessions


@dataclass(frozen=True, slots=True)
class LagCoupling:
    """Whether one thing comes more often than by chance a number of moments after another.

    Attributes:
        lag: moments between them.
        together: how often it did, in all sessions.
        expected: how often on average over all ways to shift one series round against the other.
        z: difference in standard deviations over shifts; `None` when the series cannot show any.
        p: adjusted for all lags (max-T), two-sided; or why there is none.
    """

    lag: int
    together: int
    expected: float
    z: float | None
    p: float | Refusal


@dataclass(frozen=True, slots=True)
class Coupling:
    """The coupling of two series within sessions.

    Attributes:
        lags: as asked.
        sessions: how many took part.
        too_short: ids of sessions in which no shift is far enough.
        shifts: different ways to shift the sessions.
        exact: all of them were tried.
        standing: of the figures.
    """

    lags: tuple[LagCoupling, ...]
    sessions: int
    too_short: tuple[str, ...]
    shifts: int
    exact: bool
    standing: Standing


@dataclass(frozen=True, slots=True)
class CouplingQuestion:
    """What is asked of two series.

    Attributes:
        leading: what comes first, such as "the client speaks".
        following: what may come after it, such as "somebody bridges".
        lags: moments between them, chosen beforehand; each in [1, 5].
        source: where the series come from; a machine when either does.
        seed: of the shifts, where they are drawn.
        draws: how many are drawn where there are too many to try all.
    """

    leading: MomentEvent
    following: MomentEvent
    lags: tuple[int, ...]
    source: Source
    seed: int = 0
    draws: int = DRAWN_ARRANGEMENTS


def measure_coupling(courses: Sequence[SessionCourse], question: CouplingQuestion) -> Coupling | Refusal:
    """Shift the one series round against the other within every session, and see what is left of their relation.

    Shifting keeps how each series hangs together in itself, which shuffling would destroy: that finds too much.

    Args:
        courses: one a session. Moments of different stretches are not counted together.
        question: the series and the lags.
    """
    if not question.lags or not all(1 <= lag <= MOST_LAGS for lag in question.lags):
        return Refusal(
            f"Kies vooraf een of meer afstanden van 1 tot en met {MOST_LAGS} uitingen.", "Pas de afstanden aan."
        )
    listed = sorted(courses, key=lambda course: course.session)
    short = tuple(course.session for course in listed if len(course.moments) < 2 * SMALLEST_SHIFT)
    tables = [_shift_table(course, question) for course in listed if course.session not in short]
    if not tables:
        return Refusal(
            f"Geen sessie is lang genoeg: er zijn minstens {2 * SMALLEST_SHIFT} uitingen nodig.",
            "Gebruik langere sessies.",
        )
    shifted, shifts = _shifted_totals([_far_enough(table) for table in tables], question)
    return Coupling(
        lags=_lag_couplings(tables, shifted, question),
        sessions=len(tables),
        too_short=short,
        shifts=shifts,
        exact=shifts <= ENUMERATED_AT_MOST,
        standing=Standing.of(question.source),
    )


def _lag_couplings(tables: Sequence[Numbers], shifted: Numbers, question: CouplingQuestion) -> tuple[LagCoupling, ...]:
    # The mean is that over the whole circle. Over far shifts alone it would lie on the other side of what was found,
    # since near shifts resemble that: in sessions of 60 moments the test would reject 13 % of true nulls (simulated).
    middles = [table.mean(axis=0) for table in tables]
    found, expected = np.sum([table[0] for table in tables], axis=0), np.sum(middles, axis=0)
    squares = [
        np.square(_far_enough(table) - middle).mean(axis=0) for table, middle in zip(tables, middles, strict=True)
    ]
    spread = np.sqrt(np.sum(squares, axis=0))
    z = _over(found - expected, spread)
    # A lag that cannot vary reaches nothing.
    largest = np.nan_to_num(np.abs(_over(shifted - expected, np.broadcast_to(spread, shifted.shape)))).max(axis=1)
    return tuple(
        LagCoupling(
            lag=lag,
            together=round(float(found[at])),
            expected=float(expected[at]),
            z=_or_none(z[at]),
            p=_coupling_p(z[at], largest, Standing.of(question.source)),
        )
        for at, lag in enumerate(question.lags)
    )


def _coupling_p(z: float, largest: Numbers, standing: Standing) -> float | Refusal:
    if standing is Standing.DESCRIPTIVE:
        return _ONLY_MACHINE
    if not np.isfinite(z):
        return Refusal(
            "Er is niets te verschuiven: een van beide reeksen is in elke sessie overal of nergens waar.",
            "Neem iets wat vaker voorkomt.",
        )
    # The series as they stand count as one of the shifts, so that p is never 0.
    return float((1 + (largest >= abs(z) * (1 - _TIE)).sum()) / (1 + len(largest)))


_TIE = 1e-10


def _shift_table(course: SessionCourse, question: CouplingQuestion) -> Numbers:
    """Count how often the one follows the other at each lag, for every shift of the circle; shift 0 is how it stands.

    Returns:
        *Shape* (moments, lags).
    """
    length = len(course.moments)
    leading = np.array([question.leading(moment) for moment in course.moments], dtype=np.float64)
    following = np.array([question.following(moment) for moment in course.moments], dtype=np.float64)
    stretch = np.cumsum([not moment.follows for moment in course.moments])
    places = np.arange(length)
    turned = following[(places[None, :] - places[:, None]) % length]
    counts = [
        turned[:, lag:] @ (leading[: length - lag] * (stretch[: length - lag] == stretch[lag:]))
        for lag in question.lags
    ]
    return np.stack(counts, axis=1)


def _far_enough(table: Numbers) -> Numbers:
    return table[SMALLEST_SHIFT : len(table) - SMALLEST_SHIFT + 1]


def _shifted_totals(tables: Sequence[Numbers], question: CouplingQuestion) -> tuple[Numbers, int]:
    """Add up one shift of every session: all ways where they are few, else drawn; and how many ways there are."""
    ways = 1
    for table in tables:
        ways *= len(table)
    if ways <= ENUMERATED_AT_MOST:
        totals = np.zeros((1, len(question.lags)))
        for table in tables:
            totals = (totals[:, None, :] + table[None, :, :]).reshape(-1, len(question.lags))
        return totals, ways
    generator = np.random.default_rng(question.seed)
    picked = [table[generator.integers(0, len(table), question.draws)] for table in tables]
    return np.asarray(np.sum(picked, axis=0)), ways


# First events


@dataclass(frozen=True, slots=True)
class FirstEvent:
    """When something first happened in a session.

    Attributes:
        session: id.
        at: in [0, 1) of the session; `None` when it did not happen, which is known up to its end.
        confirmed: a person saw that this is so; a machine's mistakes make the first of many moments come early.
    """

    session: str
    at: float | None
    confirmed: bool


def first_events(courses: Iterable[SessionCourse], event: MomentEvent, source: Source) -> tuple[FirstEvent, ...]:
    """Find the first moment of every session of which something is so.

    Args:
        courses: one a session, with moments.
        event: what.
        source: where it comes from; what a machine says still has to be confirmed.
    """
    found = []
    for course in courses:
        first = next((at for at, moment in enumerate(course.moments) if event(moment)), None)
        relative = None if first is None else first / len(course.moments)
        found.append(FirstEvent(course.session, relative, source is not Source.MACHINE))
    return tuple(found)


def compare_first_events(events: Sequence[FirstEvent], comparison: Comparison) -> SessionTest | Refusal:
    """Test whether something comes earlier at one level of a component than at another: log-rank, permuted in blocks.

    Sessions are at risk beside those of their own block alone, as the permutation deals within blocks: otherwise a site
    in which all comes late would hide what differs within it.

    Args:
        events: at most one a session; a session in which it did not happen counts up to its end.
        comparison: component and blocks.
    """
    unconfirmed = sum(not event.confirmed for event in events)
    if unconfirmed:
        return Refusal(
            f"Van {unconfirmed} sessies is het eerste moment niet door een mens bevestigd; een model ziet het te vaak.",
            "Laat in elke sessie nakijken wanneer het voor het eerst gebeurt, of dat het niet gebeurt.",
        )
    if not all(event.at is None or 0 <= event.at < 1 for event in events):
        return Refusal(
            "Van een of meer sessies is het eerste moment geen getal vanaf 0 en onder 1.", "Herstel deze waarden."
        )
    listed = sorted((event for event in events if comparison.compares(event.session)), key=lambda event: event.session)
    if listed and not any(event.at is not None for event in listed):
        return Refusal("Het gebeurt in geen enkele sessie.", "Neem iets wat vaker voorkomt.")
    scores = np.zeros(len(listed))
    blocks = np.array([comparison.blocks[event.session] for event in listed])
    for block in np.unique(blocks):
        places = np.flatnonzero(blocks == block)
        scores[places] = log_rank_scores([listed[at].at for at in places.tolist()])

    def statistic(groups: Numbers, kept: NDArray[np.int64]) -> Numbers:
        return np.asarray((np.square(groups @ scores[kept]) / groups.sum(axis=2)).sum(axis=1))

    return _permuted([event.session for event in listed], comparison, statistic)


def log_rank_scores(times: Sequence[float | None]) -> Numbers:
    """Give the log-rank score of every session: summed over a group, events found less events expected.

    Args:
        times: of the events; `None` for none up to the end.

    Returns:
        *Shape* (sessions,), summing to 0: 1 for an event less the Nelson-Aalen hazard up to its time.
    """
    happened = np.array([time is not None for time in times], dtype=np.bool_)
    at = np.array([np.inf if time is None else time for time in times], dtype=np.float64)
    if not np.isfinite(at[happened]).all():
        message = f"times of events must be numbers, was: {times}"
        raise ValueError(message)
    moments = np.unique(at[happened])
    hazard = np.array([(at == moment).sum() / (at >= moment).sum() for moment in moments])
    return np.asarray(happened - (hazard * (moments[None, :] <= at[:, None])).sum(axis=1))
