"""How good the measurement is: coders among themselves, and the tagger against blind labels (`statistics.md` 3).

Both look at the very units that a dimension is corrected with: blind labels of the draw, in the sessions and the
complete waves that its rates rest on, weighted by 1/π. Where none of these has two coders, agreement looks at all that
two people coded, of which it is then not known that it was blind. What was settled afterwards is no coding of its own,
but goes before all coders where one answer is needed; otherwise the answer most of them gave is the truth, and on a tie
that of the first coder by name.

Per value of a component only what the tagger does is told, never how often people gave a label: that would be an effect
by subtraction. Of what coincides with the site (class C) nothing is told at all.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.domain.agreement import Coding
from pipeline.domain.codebook import DimensionKind
from pipeline.domain.coding import SETTLER, decisive
from pipeline.domain.study import ValueType
from pipeline.statistics.agreement import (
    MachineComparison,
    MeasuredAgreement,
    compare_machine,
    machine_codings,
    measure_agreement,
)
from pipeline.statistics.identification import IdentificationClass, contrast_columns, identify
from pipeline.statistics.outcomes import fits, human_judgements, with_gates
from pipeline.statistics.quality import LabelFigure, Quality, SampledUnit, measure_quality, quality_by_level
from pipeline.statistics.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.domain.codebook import Dimension
    from pipeline.domain.coding import Judgement, Prediction
    from pipeline.domain.draw import DrawnStratum
    from pipeline.domain.evidence import Evidence
    from pipeline.statistics.agreement import ResamplingDesign
    from pipeline.statistics.effects import CodedComponent
    from pipeline.statistics.outcomes import Outcomes
    from pipeline.statistics.sensitivity import Layout

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
        levels: the same for each value of the components of registered questions that can be separated from the site.
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


def measure_instrument(
    evidence: Evidence,
    outcomes: Outcomes,
    design: ResamplingDesign,
    layout: Layout,
    components: Sequence[CodedComponent],
) -> Instrument:
    """Say how well every dimension of a study is measured.

    Args:
        evidence: all that is known.
        outcomes: which draw each dimension uses, and how much of it.
        design: of the intervals.
        layout: of the sessions of the outcomes.
        components: over the same sessions; those that have columns.
    """
    sessions = [session.id for session in outcomes.sessions]
    said = [one for session in sessions for one in with_gates(human_judgements(evidence, session), evidence.codebook)]
    used = {one.id.split(".")[0]: one for one in outcomes.outcomes if one.draw is not None}
    asked = {question.component for question in evidence.study.questions}
    compared = [one for one in components if one.id in asked and one.type in (ValueType.JA_NEE, ValueType.CATEGORIE)]
    found = []
    for dimension in evidence.codebook.unit_dimensions:
        outcome = used.get(dimension.id)
        mine = [one for one in said if one.dimension == dimension.id]
        labels = _Labels.of(mine, outcome.draw if outcome else None, outcome.used if outcome else ())
        measured = _measure(evidence, dimension, labels, design)
        units = sampled_units(evidence, dimension, labels.blind, labels.inclusion)
        if units:
            tagger = measure_quality(units, dimension, design)
            levels = _levels(units, dimension, layout, compared, design)
            measured = replace(measured, tagger=tagger, levels=tuple(levels))
        found.append(measured)
    return Instrument(tuple(found))


@dataclass(frozen=True, slots=True)
class _Labels:
    """What people said in one dimension.

    Attributes:
        blind: labels that were given blindly for the draw that the dimension is corrected with, of the units that are
            used for that.
        every: all labels.
        inclusion: unit used to its probability.
    """

    blind: tuple[Judgement, ...]
    every: tuple[Judgement, ...]
    inclusion: Mapping[str, float]

    @classmethod
    def of(cls, said: Sequence[Judgement], draw: str | None, used: Sequence[DrawnStratum]) -> _Labels:
        inclusion = {unit: stratum.probability for stratum in used for unit in stratum.drawn}
        blind = tuple(one for one in said if one.blind and one.draw == draw and one.utterance_id in inclusion)
        return cls(blind, tuple(said), inclusion)


def _session_of(unit: str) -> str:
    """Give the session of a unit by its id (`pipeline.domain.pseudonym.utterance_id`)."""
    return unit.rsplit(".", 2)[0]


def _measure(
    evidence: Evidence, dimension: Dimension, labels: _Labels, design: ResamplingDesign
) -> DimensionInstrument:
    """Say how far coders agree, and the model with them; the tagger itself is left to be measured."""
    coded = [one for one in labels.blind if one.coder != SETTLER]
    blind = _double(coded)
    chosen = coded if blind else [one for one in labels.every if one.coder != SETTLER]
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
    return DimensionInstrument(
        dimension=dimension.id,
        blind=blind,
        coders=coders,
        machine=machine,
        tagger=_NO_MODEL if labels.blind else _NO_DRAW,
        levels=(),
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
    """Give what was settled of a unit, or else what most coders say; on a tie, what the first of them by name says.

    Args:
        said: of one dimension.
    """
    given: dict[str, dict[str, tuple[str, ...]]] = {}
    for one in decisive(said):
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
    units: Sequence[SampledUnit],
    dimension: Dimension,
    layout: Layout,
    components: Iterable[CodedComponent],
    design: ResamplingDesign,
) -> Iterable[LevelQuality]:
    measured = {unit.session for unit in units}
    there = np.array([session in measured for session in layout.sessions])
    for component in components:
        values = _values(component.where(there), layout)
        for level, quality in quality_by_level(units, dimension, values, design).items():
            yield LevelQuality(component.id, level, _without_shares(quality))


def _values(component: CodedComponent, layout: Layout) -> dict[str, str]:
    """Give the value of the sessions of which it may be told: those of contrasts that are not of class C."""
    found: dict[str, str] = {}
    contrasts = identify(component, layout.sites, layout.blocks)
    for one, column in zip(contrasts, contrast_columns(component).T.tolist(), strict=True):
        if one.letter is not IdentificationClass.C:
            names = ("nee", "ja") if component.reference is None else (component.reference, one.contrast)
            sides = zip(layout.sessions, column, strict=True)
            found |= {session: names[int(side)] for session, side in sides if not math.isnan(side)}
    return found


def _without_shares(quality: Quality | Refusal) -> Quality | Refusal:
    """Leave out how often people gave each label."""
    if isinstance(quality, Refusal):
        return quality
    told = [
        replace(one, figures={name: found for name, found in one.figures.items() if name is not LabelFigure.PREVALENCE})
        for one in quality.labels
    ]
    return replace(quality, labels=tuple(told))
