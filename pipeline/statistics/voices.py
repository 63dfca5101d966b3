"""Study B: which groups and kinds of knowledge use which labels, and what they have in common (`domain.md` 6.10).

Only what people coded, or what a blind draw corrected, is compared. A transcript of which people coded every unit that
counts gives its share in every group that talks in it; a transcript that was corrected by a draw gives its corrected
rate when one group alone talks in it, since a rate of the whole transcript says nothing of its groups. Statements from
literature are a transcript each, although several may come from one document. Speakers without a group (interviewers)
do not count.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.domain.codebook import DimensionKind
from pipeline.statistics.outcomes import NOT_PROCESSED
from pipeline.statistics.refusal import Refusal
from pipeline.statistics.triangulation import (
    KNOWLEDGE_TYPES,
    CodedUnit,
    Direction,
    GroupDifference,
    GroupRate,
    TranscriptRate,
    TriangulationRow,
    compare_groups,
    group_rates,
    label_shares,
    promoting_shares,
    triangulate,
)
from pipeline.statistics.whole import coded_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.domain.codebook import Codebook, Dimension
    from pipeline.domain.evidence import Evidence
    from pipeline.statistics.outcomes import Outcomes
    from pipeline.statistics.whole import WholeSession

LITERATURE: Final = "literatuur"
SOURCE: Final = "bron"
"""The component that says where a transcript comes from; its value `LITERATURE` makes statements of its units."""


@dataclass(frozen=True, slots=True)
class DimensionVoices:
    """One dimension.

    Attributes:
        dimension: id.
        rates: (label, group) to how often the group uses the label, over transcripts.
        differences: of every two groups.
        matrix: kinds of knowledge by labels, with marks.
        blind: group or kind of knowledge to whether all its labels were given blindly.
        documents: of literature, that the statements come from.
    """

    dimension: str
    rates: Mapping[tuple[str, str], GroupRate | Refusal]
    differences: tuple[GroupDifference | Refusal, ...]
    matrix: tuple[TriangulationRow, ...] | Refusal
    blind: Mapping[str, bool]
    documents: int


@dataclass(frozen=True, slots=True)
class Voices:
    """All dimensions of a study with groups.

    Attributes:
        groups: those that occur, in the usual order.
        types: kinds of knowledge of the codebook's field, those without a transcript too.
        transcripts: by dimension, the sessions whose labels could be used, with whether these were given blindly.
        left_out: by dimension, the sessions that could not, with the reason.
        dimensions: in the order of the codebook; without the direction, which belongs to another.
    """

    groups: tuple[str, ...]
    types: tuple[str, ...]
    transcripts: Mapping[str, Mapping[str, bool]]
    left_out: Mapping[str, Mapping[str, Refusal]]
    dimensions: tuple[DimensionVoices, ...]


def compare_voices(evidence: Evidence, outcomes: Outcomes) -> Voices | None:
    """Compare the groups of a study; `None` when nobody in it has a group.

    Args:
        evidence: all that is known.
        outcomes: corrected rates of whole transcripts.
    """
    present = {
        speaker.groep for units in evidence.units.values() for speaker in units.speakers if speaker.groep is not None
    }
    if not present:
        return None
    if _literature(evidence):
        present.add(LITERATURE)
    groups = tuple(group for group in KNOWLEDGE_TYPES if group in present)
    types = tuple(dict.fromkeys(KNOWLEDGE_TYPES.values()))
    used, left_out, found = {}, {}, []
    for dimension in evidence.codebook.unit_dimensions:
        if _is_direction(dimension):
            continue
        material = _material(evidence, outcomes, dimension)
        used[dimension.id], left_out[dimension.id] = material.used, material.left_out
        found.append(_compared(material, dimension, groups, types))
    return Voices(groups, types, used, left_out, tuple(found))


def _is_direction(dimension: Dimension) -> bool:
    return dimension.gate is not None and set(Direction) <= set(dimension.label_ids)


def _literature(evidence: Evidence) -> set[str]:
    return {session.id for session in evidence.study.sessions if session.components.get(SOURCE) == LITERATURE}


@dataclass(frozen=True, slots=True)
class _Voiced:
    """What one dimension can be compared with.

    Attributes:
        units: of transcripts that people coded as a whole.
        rates: of transcripts that a draw corrected.
        directed: people coded a direction too.
        used: ids of the sessions of both, with whether their labels were given blindly.
        left_out: ids of the others, with the reason.
        blind: group to whether all its labels were given blindly.
        documents: of literature among those used.
    """

    units: tuple[CodedUnit, ...]
    rates: tuple[TranscriptRate, ...]
    directed: bool
    used: Mapping[str, bool]
    left_out: Mapping[str, Refusal]
    blind: Mapping[str, bool]
    documents: int


_NO_GROUPS: Final = Refusal(
    "In dit transcript spreekt niemand van wie de groep bekend is.", "Vul in tot welke groep de sprekers horen."
)
_IN_PART: Final = Refusal(
    "Niet alle uitingen die meetellen zijn door mensen gecodeerd, en er is geen cijfer van één groep dat met een "
    "steekproef is gecorrigeerd.",
    "Laat dit transcript in zijn geheel coderen.",
)


def _material(evidence: Evidence, outcomes: Outcomes, dimension: Dimension) -> _Voiced:
    literature, direction = _literature(evidence), _direction_of(evidence.codebook, dimension)
    units: list[CodedUnit] = []
    rates: list[TranscriptRate] = []
    used: dict[str, bool] = {}
    left: dict[str, Refusal] = {}
    blind: dict[str, bool] = {}
    for session in (one.id for one in outcomes.sessions):
        if session not in evidence.units:
            left[session] = NOT_PROCESSED
            continue
        groups = _groups_of(evidence, session, statements=session in literature)
        whole = coded_whole(evidence, session, dimension, groups.keys())
        corrected = [] if whole else _corrected(evidence, outcomes, session, dimension)
        if whole:
            units += _units(session, dimension, direction, whole, groups, statements=session in literature)
        elif corrected:
            rates += corrected
        else:
            left[session] = _IN_PART if groups else _NO_GROUPS
            continue
        # A draw corrects with blind labels alone.
        used[session] = whole is None or whole.blind
        for group in set(groups.values()):
            blind[group] = blind.get(group, True) and used[session]
    documents = len(literature & used.keys())
    return _Voiced(tuple(units), tuple(rates), direction is not None, used, left, blind, documents)


def _direction_of(codebook: Codebook, dimension: Dimension) -> Dimension | None:
    return next((one for one in codebook.unit_dimensions if one.gate == dimension.id and _is_direction(one)), None)


def _groups_of(evidence: Evidence, session: str, *, statements: bool) -> dict[str, str]:
    """Give the group of every unit that counts."""
    units = evidence.units[session]
    found = {}
    for unit in units.utterances:
        speaker = units.speaker_of(unit)
        group = LITERATURE if statements else speaker.groep if speaker else None
        if group is not None and group in KNOWLEDGE_TYPES and not unit.minimal:
            found[unit.id] = group
    return found


def _units(
    session: str,
    dimension: Dimension,
    direction: Dimension | None,
    whole: WholeSession,
    groups: Mapping[str, str],
    *,
    statements: bool,
) -> list[CodedUnit]:
    """Give the coded units of a transcript that people coded as a whole."""
    labels = whole.labels[dimension.id]
    directions = {} if direction is None else whole.labels.get(direction.id, {})
    return [
        CodedUnit(
            transcript=unit if statements else session,
            group=group,
            labels=tuple(label for label in labels[unit] if label != dimension.none_label),
            direction=next((one for one in Direction if one in directions.get(unit, ())), None),
        )
        for unit, group in groups.items()
    ]


def _corrected(evidence: Evidence, outcomes: Outcomes, session: str, dimension: Dimension) -> list[TranscriptRate]:
    groups = set(_groups_of(evidence, session, statements=False).values())
    if len(groups) != 1:
        return []
    (group,) = groups
    found = []
    for label in _labels(dimension):
        outcome = outcomes.of(f"{dimension.id}.{label}")
        figure = next((one for one in outcome.figures if one.session == session), None) if outcome else None
        if figure is None or figure.rate is None or not figure.labelled:
            return []
        found.append(TranscriptRate(session, group, label, figure.rate, figure.labelled))
    return found


def _labels(dimension: Dimension) -> list[str]:
    return [label for label in dimension.choices if label != dimension.none_label]


def _compared(material: _Voiced, dimension: Dimension, groups: Sequence[str], types: Sequence[str]) -> DimensionVoices:
    labels = _labels(dimension)
    rates = (*label_shares(material.units, labels), *material.rates)
    known = [_typed(one) for one in material.units]
    typed = (*label_shares(known, labels), *_typed_rates(material.rates))
    directions = None
    if material.directed and dimension.kind is DimensionKind.MULTI:
        directions = promoting_shares(known, labels)
    return DimensionVoices(
        dimension=dimension.id,
        rates=group_rates(rates, groups, labels),
        differences=compare_groups(rates, groups, labels),
        matrix=triangulate(typed, directions, types, labels),
        blind={**material.blind, **_typed_blind(material.blind)},
        documents=material.documents,
    )


def _typed_blind(blind: Mapping[str, bool]) -> dict[str, bool]:
    return {
        kind: all(blind[group] for group in blind if KNOWLEDGE_TYPES[group] == kind)
        for kind in {KNOWLEDGE_TYPES[group] for group in blind}
    }


def _typed(one: CodedUnit) -> CodedUnit:
    """Put the kind of knowledge in the place of the group."""
    return CodedUnit(one.transcript, KNOWLEDGE_TYPES[one.group], one.labels, one.direction)


def _typed_rates(rates: Sequence[TranscriptRate]) -> list[TranscriptRate]:
    found: defaultdict[tuple[str, str], list[TranscriptRate]] = defaultdict(list)
    for one in rates:
        found[one.transcript, one.label].append(one)
    return [
        TranscriptRate(one.transcript, KNOWLEDGE_TYPES[one.group], one.label, one.rate, one.units)
        for (one,) in found.values()
    ]
