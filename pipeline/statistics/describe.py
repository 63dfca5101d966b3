"""Count what is in a study, session by session; leaves every comparison, interval and effect to other modules.

Minimal units ("ja", "hm") leave all denominators (`domain.md` 6.1). A machine label counts only while the words it was
given to still stand (`Utterance.text_sha`).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from pipeline.domain.codebook import DimensionKind
from pipeline.domain.description import (
    ComponentDescription,
    Decile,
    DimensionShares,
    LabelShare,
    Mark,
    RoleLabels,
    Separation,
    SessionDescription,
    SiteRange,
    StudyDescription,
    TalkShare,
    ValueCount,
)
from pipeline.domain.study import ValueType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.domain.codebook import Codebook, Dimension
    from pipeline.domain.coding import Prediction
    from pipeline.domain.pseudonym import UnitisedSession, Utterance
    from pipeline.domain.study import Component, Session, Study, Value

DECILES = 10

_WORD = re.compile(r"\[[A-Z][A-Z_]*_\d+\]|[^\W_]+(?:['\u2019\-][^\W_]+)*")
_NUMERIC = (ValueType.AANTAL, ValueType.GETAL)


def describe_study(
    study: Study,
    codebook: Codebook,
    sessions: Mapping[str, UnitisedSession],
    predictions: Mapping[str, tuple[Prediction, ...]],
) -> StudyDescription:
    """Describe a study in numbers, without comparing anything.

    Args:
        study: as declared; only sessions that it lists are described.
        codebook: the codebook of the predictions.
        sessions: session id to units; sessions may be absent.
        predictions: session id to machine labels; sessions, units and dimensions may be absent. Of two predictions for
            one unit and dimension the last one counts.

    Raises:
        ValueError: when a prediction has a dimension or label that the codebook does not have.
    """
    leading = _leading(codebook)
    marked = _marked(codebook, leading)
    described = tuple(
        _describe_session(
            session,
            sessions[session.id],
            _Tags.of(codebook, sessions[session.id], predictions.get(session.id, ())),
            leading,
            marked,
        )
        for session in study.sessions
        if session.id in sessions
    )
    present = [one.session for one in described]
    return StudyDescription(
        study=study,
        codebook=codebook,
        leading=leading.id if leading else None,
        marked=tuple(dimension.id for dimension in marked),
        sessions=described,
        absent=tuple(session.id for session in study.sessions if session.id not in sessions),
        components=tuple(_describe_component(component, study, present) for component in study.components),
    )


def count_words(text: str) -> int:
    """Count words; a placeholder such as "[KIND_208]" is one."""
    return len(_WORD.findall(text))


def _leading(codebook: Codebook) -> Dimension | None:
    singles = [dimension for dimension in codebook.unit_dimensions if dimension.kind is DimensionKind.SINGLE]
    return next((dimension for dimension in singles if dimension.core), singles[0] if singles else None)


def _marked(codebook: Codebook, leading: Dimension | None) -> tuple[Dimension, ...]:
    """Choose the core dimensions in which most units carry nothing, so that a hit is worth a mark."""
    return tuple(
        dimension
        for dimension in codebook.unit_dimensions
        if dimension.core
        and dimension is not leading
        and dimension.gate is None
        and (
            dimension.kind is DimensionKind.MULTI
            or (dimension.kind is DimensionKind.SINGLE and dimension.none_label is not None)
        )
    )


@dataclass(frozen=True, slots=True)
class _Tags:
    """The machine labels that hold in one session.

    Attributes:
        codebook: what they mean.
        labels: (id of unit, id of dimension) to labels, for non-minimal units whose words have not changed.
    """

    codebook: Codebook
    labels: Mapping[tuple[str, str], tuple[str, ...]]

    @classmethod
    def of(cls, codebook: Codebook, session: UnitisedSession, predictions: Iterable[Prediction]) -> _Tags:
        known = {dimension.id: frozenset(dimension.label_ids) for dimension in codebook.unit_dimensions}
        shas = {unit.id: unit.text_sha for unit in session.utterances if not unit.minimal}
        labels = {}
        for prediction in predictions:
            if prediction.dimension not in known or not known[prediction.dimension].issuperset(prediction.labels):
                message = f"prediction for {prediction.utterance_id} does not fit codebook {codebook.version_key}"
                raise ValueError(message)
            if shas.get(prediction.utterance_id) == prediction.text_sha:
                labels[prediction.utterance_id, prediction.dimension] = prediction.labels
        return cls(codebook, labels)

    def tagged(self, units: Iterable[Utterance], dimension: Dimension) -> list[tuple[Utterance, tuple[str, ...]]]:
        """Give the units that have a label in a dimension (perhaps none of a multi one), with it, in order."""
        return [(unit, self.labels[unit.id, dimension.id]) for unit in units if (unit.id, dimension.id) in self.labels]


def _describe_session(
    session: Session,
    units: UnitisedSession,
    tags: _Tags,
    leading: Dimension | None,
    marked: Sequence[Dimension],
) -> SessionDescription:
    full = [unit for unit in units.utterances if not unit.minimal]
    led = tags.tagged(full, leading) if leading else []
    talk = _talk(units, full)
    return SessionDescription(
        session=session,
        turns=len({unit.turn for unit in units.utterances}),
        units=len(units.utterances),
        full_units=len(full),
        speakers=len({unit.speaker for unit in units.utterances if unit.speaker is not None}),
        words=sum(count_words(unit.text) for unit in units.utterances),
        minutes=_minutes(units.utterances),
        talk=talk,
        shares=tuple(
            _dimension_shares(tags, dimension, tagged)
            for dimension in tags.codebook.unit_dimensions
            if (tagged := [labels for _, labels in tags.tagged(full, dimension)])
        ),
        course=_course(leading, [labels for _, labels in led]) if leading and led else (),
        marks=_marks(tags, full, marked),
        role_labels=_role_labels(units, leading, led, [one.role for one in talk]) if leading else (),
    )


def _minutes(units: Sequence[Utterance]) -> float | None:
    moments = [moment for unit in units for moment in (unit.start, unit.end) if moment is not None]
    return (max(moments) - min(moments)) / 60 if moments else None


def role_of(session: UnitisedSession, unit: Utterance) -> str | None:
    """Give the profession of who says a unit, or else the group of a study of interviews; `None` when unknown."""
    speaker = session.speaker_of(unit)
    return (speaker.functie or speaker.groep) if speaker else None


def _talk(session: UnitisedSession, full: Sequence[Utterance]) -> tuple[TalkShare, ...]:
    units: Counter[str | None] = Counter()
    words: Counter[str | None] = Counter()
    people: defaultdict[str | None, set[str]] = defaultdict(set)
    for unit in full:
        role = role_of(session, unit)
        units[role] += 1
        words[role] += count_words(unit.text)
        people[role].update([unit.speaker] if unit.speaker else [])
    all_words = words.total()
    return tuple(
        TalkShare(
            role=role,
            speakers=len(people[role]),
            units=units[role],
            words=words[role],
            unit_share=units[role] / len(full),
            word_share=words[role] / all_words if all_words else 0.0,
        )
        for role in sorted(units, key=lambda role: (role is None, -words[role], role or ""))
    )


def _shares(labels: Iterable[str], tagged: Sequence[tuple[str, ...]]) -> tuple[LabelShare, ...]:
    counts = Counter(label for chosen in tagged for label in set(chosen))
    return tuple(LabelShare(label, counts[label], counts[label] / len(tagged)) for label in labels)


def _dimension_shares(tags: _Tags, dimension: Dimension, tagged: Sequence[tuple[str, ...]]) -> DimensionShares:
    roll_ups = [roll_up for roll_up in tags.codebook.roll_ups if roll_up.dimension == dimension.id]
    united = {roll_up.id: sum(not set(roll_up.labels).isdisjoint(chosen) for chosen in tagged) for roll_up in roll_ups}
    return DimensionShares(
        dimension=dimension.id,
        units=len(tagged),
        labels=_shares(dimension.choices, tagged),
        roll_ups=tuple(LabelShare(one, units, units / len(tagged)) for one, units in united.items()),
    )


def _course(leading: Dimension, tagged: Sequence[tuple[str, ...]]) -> tuple[Decile, ...]:
    parts: list[list[tuple[str, ...]]] = [[] for _ in range(DECILES)]
    for position, labels in enumerate(tagged):
        parts[position * DECILES // len(tagged)].append(labels)
    return tuple(
        Decile(number, len(part), _shares(leading.choices, part) if part else ())
        for number, part in enumerate(parts, start=1)
    )


def _marks(tags: _Tags, full: Sequence[Utterance], marked: Sequence[Dimension]) -> tuple[Mark, ...]:
    marks: list[Mark] = []
    for dimension in marked:
        tagged = tags.tagged(full, dimension)
        marks.extend(
            Mark(dimension.id, label, unit.id, unit.turn, (index + 0.5) / len(tagged))
            for index, (unit, labels) in enumerate(tagged)
            for label in dimension.choices
            if label in labels and label != dimension.none_label
        )
    return tuple(sorted(marks, key=lambda mark: mark.position))


def _role_labels(
    session: UnitisedSession,
    leading: Dimension,
    led: Sequence[tuple[Utterance, tuple[str, ...]]],
    order: Sequence[str | None],
) -> tuple[RoleLabels, ...]:
    rows: defaultdict[str | None, list[tuple[str, ...]]] = defaultdict(list)
    for unit, labels in led:
        rows[role_of(session, unit)].append(labels)
    return tuple(
        RoleLabels(role, len(rows[role]), _shares(leading.choices, rows[role])) for role in order if rows[role]
    )


def _describe_component(component: Component, study: Study, sessions: Sequence[Session]) -> ComponentDescription:
    known = [(session, value) for session in sessions if (value := session.components.get(component.id)) is not None]
    return ComponentDescription(
        component=component,
        separation=_separation(known),
        varying_sites=tuple(
            site.id for site in study.sites if len({value for session, value in known if session.site == site.id}) > 1
        ),
        missing=len(sessions) - len(known),
        values=tuple(
            ValueCount(
                value,
                tuple(sum(session.site == site.id and one == value for session, one in known) for site in study.sites),
            )
            for value in _in_order(component, {value for _, value in known})
        ),
        ranges=_ranges(study, known) if component.type in _NUMERIC else (),
    )


def _separation(known: Sequence[tuple[Session, Value]]) -> Separation:
    if not known:
        return Separation.ONBEKEND
    if not _varies(("", value) for _, value in known):
        return Separation.GELIJK
    if not _varies((session.site, value) for session, value in known):
        return Separation.WERKPLAATS
    return _separation_from_round(known)


def _separation_from_round(known: Sequence[tuple[Session, Value]]) -> Separation:
    """Tell a component that varies within a site apart from the rounds, where every session has one."""
    blocks = Counter((session.site, session.round) for session, _ in known)
    rounds = {number for _, number in blocks}
    if None in rounds or len(rounds) == 1:
        return Separation.WISSELT
    if not _varies((str(session.round), value) for session, value in known):
        return Separation.RONDE
    if max(blocks.values()) > 1 and not _varies((f"{session.site} {session.round}", value) for session, value in known):
        return Separation.WERKPLAATS_EN_RONDE
    return Separation.WISSELT


def _varies(values: Iterable[tuple[str, Value]]) -> bool:
    """Tell whether any block holds more than one value."""
    blocks: defaultdict[str, set[Value]] = defaultdict(set)
    for block, value in values:
        blocks[block].add(value)
    return any(len(found) > 1 for found in blocks.values())


def _in_order(component: Component, found: set[Value]) -> list[Value]:
    if component.type is ValueType.JA_NEE:
        return sorted(found, key=lambda value: not value)
    if component.type is ValueType.CATEGORIE:
        declared: list[Value] = [value for value in component.values if value in found]
        return declared + sorted(found.difference(declared), key=str)
    if component.type in _NUMERIC:
        return sorted(found, key=_number)
    return sorted(found, key=str)


def _number(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


def _ranges(study: Study, known: Sequence[tuple[Session, Value]]) -> tuple[SiteRange, ...]:
    per_site = {
        site.id: [_number(value) for session, value in known if session.site == site.id] for site in study.sites
    }
    return tuple(
        SiteRange(site, len(numbers), min(numbers), median(numbers), max(numbers))
        for site, numbers in per_site.items()
        if numbers
    )
