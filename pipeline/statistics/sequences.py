"""What follows what in the sessions of a study, and how labels run through them (`statistics.md` 4).

Machine labels give no more than a description here: switches are seen too often and first times too early; only shares
in thirds of sessions are corrected where a blind draw allows. Where people coded whole sessions, those alone are looked
at instead, and it is told whether all of that was done blindly. Who speaks after whom is known and needs no labels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.domain.codebook import DimensionKind
from pipeline.statistics.dynamics import (
    Coupling,
    CouplingQuestion,
    Following,
    LabelCourse,
    Merge,
    SessionCourse,
    Source,
    Standing,
    Transitions,
    measure_coupling,
    measure_following,
    measure_transitions,
    measure_turn_taking,
    session_mean,
    time_course,
)
from pipeline.statistics.outcomes import course_of
from pipeline.statistics.refusal import Refusal
from pipeline.statistics.whole import coded_whole, machine_labels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.domain.codebook import Dimension
    from pipeline.domain.evidence import Evidence
    from pipeline.statistics.agreement import ResamplingDesign
    from pipeline.statistics.outcomes import Outcomes, StudyOutcome


@dataclass(frozen=True, slots=True)
class DimensionSequences:
    """One dimension in the course of sessions.

    Attributes:
        dimension: id.
        source: where the labels come from.
        sessions: how many were looked at.
        blind: people gave all labels without sight of a machine's; `None` for labels of a machine.
        transitions: from label to label; of a dimension with one label a unit.
        course: share of each label in thirds of sessions; corrected where a draw allows, which its standing says.
        following: who answers whom with which label.
        couplings: whether labels follow the client speaking; by the id of the share of speakers that use them.
    """

    dimension: str
    source: Source
    sessions: int
    blind: bool | None
    transitions: Transitions | Refusal | None
    course: tuple[LabelCourse, ...] | Refusal
    following: tuple[Following, ...] | Refusal
    couplings: Mapping[str, Coupling | Refusal]


@dataclass(frozen=True, slots=True)
class Sequences:
    """What follows what.

    Attributes:
        turns: which role follows which.
        dimensions: in the order of the codebook.
    """

    turns: Transitions | Refusal
    dimensions: tuple[DimensionSequences, ...]


def measure_sequences(evidence: Evidence, outcomes: Outcomes, design: ResamplingDesign) -> Sequences | Refusal:
    """Describe the sessions of a study from moment to moment.

    Args:
        evidence: all that is known.
        outcomes: of the same study; gives its sessions.
        design: of the intervals.
    """
    sessions = [session.id for session in outcomes.sessions if session.id in evidence.units]
    if not sessions:
        return Refusal("Er is nog geen sessie verwerkt.", "Doe eerst `raamwerk run` op de studie.")
    courses = [course_of(evidence.units[session], {}) for session in sessions]
    return Sequences(
        turns=measure_turn_taking(courses, Merge.SPEAKER, design),
        dimensions=tuple(
            _dimension(evidence, outcomes, dimension, design) for dimension in evidence.codebook.unit_dimensions
        ),
    )


def _dimension(
    evidence: Evidence, outcomes: Outcomes, dimension: Dimension, design: ResamplingDesign
) -> DimensionSequences:
    sessions = [session.id for session in outcomes.sessions if session.id in evidence.units]
    people = [one for session in sessions if (one := _by_people(evidence, session, dimension)) is not None]
    source = Source.PEOPLE if people else Source.MACHINE
    courses = [course for course, _ in people] or [
        found for session in sessions if (found := _by_machine(evidence, session, dimension)) is not None
    ]
    labels = [label for label in dimension.choices if label != dimension.none_label]
    return DimensionSequences(
        dimension=dimension.id,
        source=source,
        sessions=len(courses),
        blind=all(blind for _, blind in people) if people else None,
        transitions=None
        if dimension.kind is DimensionKind.MULTI
        else measure_transitions([_coded(one) for one in courses], dimension.label_ids, source, design),
        course=_course(time_course(courses, labels, source, design), outcomes, dimension, design),
        following=measure_following(courses, labels, source, Merge.SPEAKER, design),
        couplings={
            name: _coupling(courses, one.labels, source, design.seed)
            for name, one in evidence.codebook.speaker_shares.items()
            if one.dimension == dimension.id
        },
    )


CLIENT: Final = "client"
"""Function of the speaker of whom it is asked what follows."""
_LAGS: Final = (1, 2, 3)
_NO_CLIENT: Final = Refusal(
    "In geen van deze sessies is bekend dat de cliënt spreekt.", "Vul de functie van de sprekers in als zij meepraat."
)


def _coupling(courses: Sequence[SessionCourse], labels: Sequence[str], source: Source, seed: int) -> Coupling | Refusal:
    """Say whether any of the labels follows the client speaking, within sessions."""
    if not any(moment.role == CLIENT for course in courses for moment in course.moments):
        return _NO_CLIENT
    question = CouplingQuestion(
        leading=lambda moment: moment.role == CLIENT,
        following=lambda moment: not set(labels).isdisjoint(moment.labels),
        lags=_LAGS,
        source=source,
        seed=seed,
    )
    return measure_coupling(courses, question)


_NOT_CORRECTED = Refusal(
    "Niet te bepalen: in geen enkele sessie is dit deel gecorrigeerd.", "Laat meer uitingen coderen."
)


def _course(
    found: tuple[LabelCourse, ...] | Refusal, outcomes: Outcomes, dimension: Dimension, design: ResamplingDesign
) -> tuple[LabelCourse, ...] | Refusal:
    """Put corrected shares in the place of a machine's."""
    if isinstance(found, Refusal):
        return found
    return tuple(
        _corrected(one, outcomes.of(f"{dimension.id}.{one.label}"), design)
        if one.standing is Standing.DESCRIPTIVE
        else one
        for one in found
    )


def _corrected(machine: LabelCourse, outcome: StudyOutcome | None, design: ResamplingDesign) -> LabelCourse:
    course = None if outcome is None else outcome.course
    if course is None or isinstance(course, Refusal):
        return machine
    # Not every part need have the same sessions.
    by_part = [dict(zip(part.sessions, part.rates.tolist(), strict=True)) for part in course.parts]
    sessions = sorted(set(by_part[0]).intersection(*by_part))
    resampling = design.over(sessions) if sessions else _NOT_CORRECTED
    if isinstance(resampling, Refusal):
        return machine
    shares = np.array([[part[session] for part in by_part] for session in sessions])
    trends = shares[:, -1] - shares[:, 0]
    return LabelCourse(
        label=machine.label,
        shares={session: tuple(row) for session, row in zip(sessions, shares.tolist(), strict=True)},
        mean=tuple(resampling.estimate(session_mean(column), _NOT_CORRECTED) for column in shares.T),
        trends=dict(zip(sessions, trends.tolist(), strict=True)),
        trend=resampling.estimate(session_mean(trends), _NOT_CORRECTED),
        standing=course.standing,
    )


def _by_people(evidence: Evidence, session: str, dimension: Dimension) -> tuple[SessionCourse, bool] | None:
    """Give a session that people coded as a whole in a dimension, and whether they did so blindly."""
    units = evidence.units[session]
    whole = coded_whole(evidence, session, dimension, {unit.id for unit in units.utterances if not unit.minimal})
    return None if whole is None else (course_of(units, whole.labels[dimension.id]), whole.blind)


def _by_machine(evidence: Evidence, session: str, dimension: Dimension) -> SessionCourse | None:
    labels = machine_labels(evidence, session, dimension)
    return course_of(evidence.units[session], labels) if labels else None


def _coded(course: SessionCourse) -> SessionCourse:
    """Leave out moments without a label; what comes after one does not follow."""
    moments = []
    gap = False
    for moment in course.moments:
        if moment.labels:
            moments.append(moment if not gap else replace(moment, follows=False))
        gap = not moment.labels
    return SessionCourse(course.session, tuple(moments))
