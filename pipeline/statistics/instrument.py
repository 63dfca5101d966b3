"""How good the measurement is: coders among themselves, and the tagger against blind labels (`statistics.md` 3).

Agreement looks at what coders said blind for the draw that a dimension is corrected with, weighted by 1/π; where no
unit of it has two coders, at everything that two people coded, of which it is then not known that it was blind. What
was settled afterwards is no coding of its own: it comes from a coder with the name `SETTLER`. The tagger is measured on
the same draw; where several people coded a unit, the answer most of them gave is the truth, and on a tie that of the
first coder by name.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.domain.agreement import Coding
from pipeline.domain.codebook import DimensionKind
from pipeline.domain.study import ValueType
from pipeline.statistics.agreement import (
    MachineComparison,
    MeasuredAgreement,
    compare_machine,
    machine_codings,
    measure_agreement,
)
from pipeline.statistics.outcomes import fits, human_judgements, with_gates
from pipeline.statistics.quality import Quality, SampledUnit, measure_quality, quality_by_level
from pipeline.statistics.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.domain.codebook import Dimension
    from pipeline.domain.coding import Judgement, Prediction
    from pipeline.domain.draw import Draw
    from pipeline.domain.evidence import Evidence
    from pipeline.statistics.agreement import ResamplingDesign
    from pipeline.statistics.outcomes import Outcomes

SETTLER: Final = "vaststelling"
"""Name under which labels are settled after coders differed."""
_MACHINE: Final = "model"
_PAIR: Final = 2


@dataclass(frozen=True, slots=True)
class LevelQuality:
    """The tagger among the sessions with one value of a component: differential error shows here.

    Attributes:
        component: id.
        level: value.
        quality: in one dimension, or why it cannot be said.
    """

    component: str
    level: str
    quality: Quality | Refusal


@dataclass(frozen=True, slots=True)
class DimensionInstrument:
    """How well one dimension is measured.

    Attributes:
        dimension: id.
        blind: agreement is about blind labels of a draw; otherwise about all that two people coded.
        coders: their agreement, or why there is none.
        machine: whether the model agrees with people as people do among themselves, on the same units.
        tagger: against blind labels of the draw.
        levels: the same for each value of the components of registered questions.
    """

    dimension: str
    blind: bool
    coders: tuple[MeasuredAgreement, ...] | Refusal
    machine: tuple[MachineComparison, ...] | Refusal
    tagger: Quality | Refusal
    levels: tuple[LevelQuality, ...]


@dataclass(frozen=True, slots=True)
class Instrument:
    """How well all dimensions are measured.

    Attributes:
        dimensions: in the order of the codebook.
    """

    dimensions: tuple[DimensionInstrument, ...]


_NO_PAIRS: Final = Refusal(
    "Geen uiting is door twee mensen gecodeerd.", "Laat een deel van de steekproef dubbel coderen."
)
_NO_DRAW: Final = Refusal(
    "Er is geen steekproef met blinde labels; hoe goed het model codeert, is op deze studie niet te zeggen.",
    "Trek een steekproef en laat die blind coderen.",
)
_NO_MODEL: Final = Refusal("Er zijn geen labels van een model.", "Laat de sessies coderen met `raamwerk tag`.")


def measure_instrument(evidence: Evidence, outcomes: Outcomes, design: ResamplingDesign) -> Instrument:
    """Say how well every dimension of a study is measured.

    Args:
        evidence: all that is known.
        outcomes: which draw each dimension uses.
        design: of the intervals.
    """
    sessions = [session.id for session in outcomes.sessions]
    said = [one for session in sessions for one in with_gates(human_judgements(evidence, session), evidence.codebook)]
    used = {one.id.split(".")[0]: one.draw for one in outcomes.outcomes if one.draw is not None}
    draws = {draw.id: draw for draw in evidence.draws}
    found = []
    for dimension in evidence.codebook.unit_dimensions:
        draw = draws.get(used.get(dimension.id, ""))
        mine = [one for one in said if one.dimension == dimension.id and one.coder != SETTLER]
        found.append(_measure(evidence, outcomes, dimension, _Labels.of(mine, draw), design))
    return Instrument(tuple(found))


@dataclass(frozen=True, slots=True)
class _Labels:
    """What people said in one dimension.

    Attributes:
        draw: that the dimension is corrected with.
        blind: labels that were given blindly for it, of drawn units.
        every: all labels.
        inclusion: unit drawn to its probability.
    """

    draw: Draw | None
    blind: tuple[Judgement, ...]
    every: tuple[Judgement, ...]
    inclusion: Mapping[str, float]

    @classmethod
    def of(cls, said: Sequence[Judgement], draw: Draw | None) -> _Labels:
        strata = () if draw is None else draw.strata
        inclusion = {unit: stratum.probability for stratum in strata for unit in stratum.drawn}
        blind = tuple(
            one
            for one in said
            if draw is not None and one.blind and one.draw == draw.id and one.utterance_id in inclusion
        )
        return cls(draw, blind, tuple(said), inclusion)


def _session_of(unit: str) -> str:
    """Give the session of a unit by its id (`pipeline.domain.pseudonym.utterance_id`)."""
    return unit.rsplit(".", 2)[0]


def _measure(
    evidence: Evidence, outcomes: Outcomes, dimension: Dimension, labels: _Labels, design: ResamplingDesign
) -> DimensionInstrument:
    blind = _double(labels.blind)
    chosen = labels.blind if blind else labels.every
    inclusion = labels.inclusion if blind else None
    coders: tuple[MeasuredAgreement, ...] | Refusal = _NO_PAIRS
    machine: tuple[MachineComparison, ...] | Refusal = _NO_PAIRS
    if _double(chosen):
        codings = _codings(chosen)
        coders = measure_agreement(codings, [dimension], design, inclusion)
        predictions = _out_of_fold(evidence, dimension, {one.unit for one in codings})
        place = {one.utterance_id: _session_of(one.utterance_id) for one in predictions}
        machine = (
            compare_machine(
                (*codings, *machine_codings(predictions, place, _MACHINE)), [dimension], _MACHINE, design, inclusion
            )
            if predictions
            else _NO_MODEL
        )
    units = sampled_units(evidence, dimension, labels.blind, labels.inclusion)
    tagger = _NO_DRAW if labels.draw is None or not labels.blind else _NO_MODEL
    return DimensionInstrument(
        dimension=dimension.id,
        blind=blind,
        coders=coders,
        machine=machine,
        tagger=measure_quality(units, dimension, design) if units else tagger,
        levels=tuple(_levels(evidence, outcomes, dimension, units, design)) if units else (),
    )


def _double(said: Iterable[Judgement]) -> bool:
    """Tell whether any unit has two coders."""
    coders = Counter({(one.utterance_id, one.coder): 1 for one in said}.keys())
    units = Counter(unit for unit, _ in coders)
    return any(times >= _PAIR for times in units.values())


def _codings(said: Iterable[Judgement]) -> tuple[Coding, ...]:
    found = {
        (one.utterance_id, one.coder): Coding(
            one.utterance_id, one.coder, _session_of(one.utterance_id), {one.dimension: one.labels}
        )
        for one in said
    }
    return tuple(found[key] for key in sorted(found))


def _out_of_fold(evidence: Evidence, dimension: Dimension, units: set[str]) -> list[Prediction]:
    """Give the predictions of a model that saw no label of the session, in order of unit."""
    found = [
        one
        for session, machine in sorted(evidence.machine.items())
        if machine.learnt_from is not None and session not in machine.learnt_from
        for one in machine.predictions
        if one.dimension == dimension.id and one.utterance_id in units and fits(one.labels, dimension)
    ]
    return sorted(found, key=lambda one: one.utterance_id)


def truths(said: Iterable[Judgement]) -> dict[str, tuple[str, ...]]:
    """Give the answer on which most coders of a unit agree; on a tie, that of the first of them by name.

    Args:
        said: of one dimension.
    """
    given: dict[str, dict[str, tuple[str, ...]]] = {}
    for one in said:
        given.setdefault(one.utterance_id, {})[one.coder] = tuple(sorted(one.labels))
    found = {}
    for unit, by_coder in sorted(given.items()):
        answers = [by_coder[coder] for coder in sorted(by_coder)]
        found[unit] = max(answers, key=answers.count)  # the first of those with most
    return found


def sampled_units(
    evidence: Evidence, dimension: Dimension, said: Iterable[Judgement], inclusion: Mapping[str, float]
) -> list[SampledUnit]:
    """Put the tagger beside the people on the units of a draw.

    Args:
        evidence: all that is known.
        dimension: what was asked.
        said: blind labels of drawn units.
        inclusion: unit to the probability with which it was drawn.
    """
    truth = truths(said)
    found = []
    for one in _out_of_fold(evidence, dimension, set(truth)):
        chances = dict(one.probabilities)
        found.append(
            SampledUnit(
                session=_session_of(one.utterance_id),
                truth=truth[one.utterance_id],
                given=one.labels,
                inclusion=inclusion[one.utterance_id],
                blind=True,
                out_of_fold=True,
                probabilities=chances,
                certainty=_certainty(one, chances, dimension),
            )
        )
    return found


def _certainty(one: Prediction, chances: Mapping[str, float], dimension: Dimension) -> float | None:
    """Give how sure an answer is: of a multi dimension, its least certain yes or no."""
    if not chances:
        return None
    if dimension.kind is DimensionKind.MULTI:
        return min(chance if label in one.labels else 1 - chance for label, chance in chances.items())
    return min((chances.get(label, 0.0) for label in one.labels), default=None)


def _levels(
    evidence: Evidence,
    outcomes: Outcomes,
    dimension: Dimension,
    units: Sequence[SampledUnit],
    design: ResamplingDesign,
) -> Iterable[LevelQuality]:
    asked = {question.component for question in evidence.study.questions}
    for component in evidence.study.components:
        if component.id not in asked or component.type not in (ValueType.JA_NEE, ValueType.CATEGORIE):
            continue
        values = {session.id: session.components.get(component.id) for session in outcomes.sessions}
        words = {True: "ja", False: "nee"}
        levels = {
            session: words[value] if isinstance(value, bool) else str(value)
            for session, value in values.items()
            if value is not None
        }
        for level, quality in quality_by_level(units, dimension, levels, design).items():
            yield LevelQuality(component.id, level, quality)
