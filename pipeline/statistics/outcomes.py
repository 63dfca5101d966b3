"""From everything that is known of a study to its outcomes: one figure a session, with what the figure rests on.

Three kinds (`domain.md` 6.9): shares of labels and mean levels, which the machine gives and a blind draw corrects
(`statistics.md` 1); numbers of the talk itself, such as who speaks how much, which need no correction; and what people
filled in for the session as a whole. A share without a draw, or with labels of a model that has learnt from the session
itself, is given as a machine share with status "niet_gecorrigeerd": without interval, and nothing is compared with it.

Rules where several things stand:

- **Several draws.** All outcomes of a dimension use one draw: that with the most sessions fit for correction, then the
  most blind labels, then the oldest. No figure is looked at for that.
- **Changed sessions.** A session with other units that count than when it was drawn from is left out, whether units
  went or came: of what came nothing could be drawn.
- **Labels.** Those of people alone count, given with the present codebook. Where the settler spoke, coders do not.
- **Abstention.** A unit without prediction counts as one without the label (1.1). A model that answers a dimension
  nowhere does not abstain: there is no machine then.
- **Gate.** A coder who says that a unit has nothing in the dimension that opens another has said that it has nothing
  there either.
- **Level.** The mean level of an ordinal dimension is computed on [0, 1] and told in levels.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.codebook import MEAN_LEVEL, DimensionKind
from pipeline.domain.coding import CoderKind, decisive
from pipeline.domain.draw import DrawDesign, Eligibility
from pipeline.domain.study import ValueType
from pipeline.statistics.describe import count_words, role_of
from pipeline.statistics.draws import changed_units, eligible_units
from pipeline.statistics.dynamics import CorrectedCourse, Moment, SessionCourse, corrected_course, talk_measures
from pipeline.statistics.power import PERCENTAGE_POINTS, SCALE_POINTS, OutcomeUnit, uncorrected
from pipeline.statistics.rates import (
    LABELLED_ONLY,
    HumanLabel,
    LabelledSample,
    SessionRates,
    SessionScores,
    assemble,
    corrected_rates,
    power_tuned_factors,
)
from pipeline.statistics.refusal import Refusal
from pipeline.statistics.sensitivity import NO_MODEL, Measurement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.domain.codebook import Codebook, Dimension
    from pipeline.domain.coding import Judgement
    from pipeline.domain.draw import Draw, DrawnStratum
    from pipeline.domain.evidence import Evidence
    from pipeline.domain.pseudonym import UnitisedSession
    from pipeline.domain.study import Outcome, Session, Study
    from pipeline.statistics.dynamics import TalkMeasures

Floats: TypeAlias = NDArray[np.float64]


class OutcomeKind(StrEnum):
    """What an outcome is a figure of."""

    SHARE = "aandeel van de uitingen"
    LEVEL = "gemiddeld niveau"
    TALK = "gesprek"
    SESSION = "sessie"


class Status(StrEnum):
    """What stands behind the figures of an outcome."""

    CORRECTED = "gecorrigeerd"
    UNCORRECTED = "niet_gecorrigeerd"
    COUNTED = "geteld"
    FILLED_IN = "ingevuld"


@dataclass(frozen=True, slots=True)
class SessionFigure:
    """One outcome in one session; what does not apply is `None`.

    Attributes:
        session: id.
        rate: what is compared: not cut to [0, 1].
        variance: of the draw.
        lower: of the 95 % interval that is shown.
        upper: likewise.
        factor: how far the machine's labels count (lambda); `None` without a model.
        labelled: units with blind human labels (n).
        eligible: units that count (N).
        machine: share by the machine alone, not corrected.
        labelled_only: by human labels alone.
        fully_corrected: with the machine's labels in full.
        reason: why there is no rate.
        remark: what is missing beside a rate, in Dutch: an interval, a model.
    """

    session: str
    rate: float | None = None
    variance: float | None = None
    lower: float | None = None
    upper: float | None = None
    factor: float | None = None
    labelled: int | None = None
    eligible: int | None = None
    machine: float | None = None
    labelled_only: float | None = None
    fully_corrected: float | None = None
    reason: Refusal | None = None
    remark: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class StudyOutcome:
    """One outcome over all sessions of a study.

    Attributes:
        id: "dimension.label", "dimension.gemiddeld_niveau", "gesprek.…", or the id that the study declares.
        name: as shown to people.
        kind: what it is a figure of.
        status: what stands behind it.
        unit: in which differences are told.
        share: it is a share, so differences are percentage points.
        figures: one a session, in order of id.
        measurement: what comparisons start from; `None` where nothing may be compared.
        sample: blind labels beside the machine's; `None` without correction.
        rates: of the sample; `None` without correction.
        draw: id of the draw that is used, `None` without one.
        stratified: that draw has strata.
        course: corrected rates in thirds of sessions, or why there are none; `None` without correction.
        ignored: human labels of this dimension that play no part because they were not blind, not drawn, or given for
            another draw.
        refusal: why nothing may be compared.
        used: strata that the correction rests on: of sessions with a rate, with their complete waves alone.
    """

    id: str
    name: str
    kind: OutcomeKind
    status: Status
    unit: OutcomeUnit
    share: bool
    figures: tuple[SessionFigure, ...]
    measurement: Measurement | None = None
    sample: LabelledSample | None = field(default=None, repr=False)
    rates: SessionRates | None = field(default=None, repr=False)
    draw: str | None = None
    stratified: bool = False
    course: CorrectedCourse | Refusal | None = field(default=None, repr=False)
    ignored: int = 0
    refusal: Refusal | None = None
    used: tuple[DrawnStratum, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """All outcomes of a study.

    Attributes:
        sessions: the rows of the study, each id once, in order of id.
        outcomes: shares and levels in the order of the codebook, then the talk, then what the study declares.
        remarks: what was wrong with the input, in Dutch.
    """

    sessions: tuple[Session, ...]
    outcomes: tuple[StudyOutcome, ...]
    remarks: tuple[str, ...]

    def of(self, outcome_id: str) -> StudyOutcome | None:
        """Give an outcome by id."""
        return next((one for one in self.outcomes if one.id == outcome_id), None)


def measure_outcomes(evidence: Evidence) -> Outcomes:
    """Give every outcome of a study in every session.

    Args:
        evidence: all that is known. A session that occurs twice counts once, as first given.
    """
    sessions, remarks = _each_once(evidence.study)
    material = _Material.of(evidence, sessions)
    outcomes = [one for dimension in evidence.codebook.unit_dimensions for one in _coded(material, dimension)]
    remarks += (*_remarks_on_labels(material, outcomes), *_remarks_on_waves(material, outcomes))
    talk, unknown = _talk(material)
    outcomes += talk
    for declared in evidence.study.outcomes:
        outcomes += _declared(declared, sessions)
    return Outcomes(sessions, tuple(outcomes), (*remarks, *unknown))


def _each_once(study: Study) -> tuple[tuple[Session, ...], tuple[str, ...]]:
    named = Counter(session.id for session in study.sessions)
    first = {session.id: session for session in reversed(study.sessions)}
    twice = sorted(name for name, times in named.items() if times > 1)
    remarks = (
        (f"Deze sessies staan meermaals in de studie en tellen één keer mee: {', '.join(twice)}.",) if twice else ()
    )
    return tuple(first[name] for name in sorted(first)), remarks


@dataclass(frozen=True, slots=True, eq=False)
class _Material:
    """The evidence, sorted out once for all outcomes.

    Attributes:
        evidence: as given.
        sessions: ids, sorted.
        units: session to the ids of the units that are not minimal.
        predicted: (session, dimension) to unit to labels.
        judged: dimension to what people said.
        aside: dimension to labels that correct nothing, whatever the draw, with the reason.
        changed: id of a draw to the sessions that have other units since, with the reason.
    """

    evidence: Evidence
    sessions: tuple[str, ...]
    units: Mapping[str, tuple[str, ...]]
    predicted: Mapping[tuple[str, str], Mapping[str, tuple[str, ...]]]
    judged: Mapping[str, tuple[Judgement, ...]]
    aside: Mapping[str, tuple[tuple[_Aside, Judgement], ...]]
    changed: Mapping[str, Mapping[str, Refusal]]

    @classmethod
    def of(cls, evidence: Evidence, sessions: Sequence[Session]) -> _Material:
        predicted: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {}
        judged: dict[str, list[Judgement]] = {}
        aside: dict[str, list[tuple[_Aside, Judgement]]] = {}
        for session in sessions:
            machine = evidence.machine.get(session.id)
            for one in machine.predictions if machine else ():
                predicted.setdefault((session.id, one.dimension), {})[one.utterance_id] = one.labels
            for said in with_gates(human_judgements(evidence, session.id), evidence.codebook):
                judged.setdefault(said.dimension, []).append(said)
            for each in evidence.judgements.get(session.id, ()):
                if (why := _aside(each, evidence.codebook)) is not None:
                    aside.setdefault(each.dimension, []).append((why, each))
        return cls(
            evidence=evidence,
            sessions=tuple(session.id for session in sessions),
            units={
                session.id: eligible_units(evidence.units[session.id], Eligibility.NIET_MINIMAAL)
                for session in sessions
                if session.id in evidence.units
            },
            predicted=predicted,
            judged={dimension: tuple(said) for dimension, said in judged.items()},
            aside={dimension: tuple(said) for dimension, said in aside.items()},
            changed={draw.id: _changed(draw, evidence.units) for draw in evidence.draws},
        )

    def has_model(self, dimension: str) -> bool:
        """Tell whether a model answers a dimension; one that has said nothing at all yet may do so."""
        answered = {one for _, one in self.predicted}
        return dimension in answered or (not answered and self.evidence.model_version is not None)

    def scores(self, session: str, dimension: str, value: Mapping[str, float]) -> SessionScores | None:
        """Give what the machine says of a session; `None` when it says nothing although there is a machine."""
        if not self.has_model(dimension):
            # Human labels alone still estimate without bias: as if a machine abstained everywhere.
            return SessionScores(session, {}, frozenset())
        machine = self.evidence.machine.get(session)
        if machine is None or not machine.predictions:
            return None
        labels = self.predicted.get((session, dimension), {})
        return SessionScores(
            session, {unit: _value(given, value) for unit, given in labels.items()}, machine.learnt_from
        )

    def machine_share(
        self, session: str, dimension: str, value: Mapping[str, float]
    ) -> tuple[float | None, int | None]:
        """Give the machine's uncorrected share, and the units it is taken over."""
        units, labels = self.units.get(session, ()), self.predicted.get((session, dimension))
        if not units or labels is None:
            return None, len(units) or None
        return fmean(_value(labels.get(unit, ()), value) for unit in units), len(units)


_PUT_BACK: Final = (
    "Zet het oude transcript terug. Is er nog niets vergeleken, dan kun je ook een nieuwe trekking maken."
)
_CHANGED: Final = Refusal(
    "De uitingen van deze sessie zijn sinds de trekking veranderd.",
    _PUT_BACK,
)
_GROWN: Final = Refusal(
    "In deze sessie zijn er sinds de trekking uitingen bijgekomen, en die hadden geen kans om getrokken te worden.",
    _PUT_BACK,
)


def _changed(draw: Draw, units: Mapping[str, UnitisedSession]) -> dict[str, Refusal]:
    """Give the sessions of a draw that have other units now, or none, with the reason."""
    found = {}
    for session in (*draw.sessions, *draw.without_units):
        if session not in units:
            found[session] = NOT_PROCESSED
            continue
        gone, come = changed_units(draw, units[session])
        if gone or come:
            found[session] = _CHANGED if gone else _GROWN
    return found


class _Aside(StrEnum):
    """Why a label plays no part in any figure, or corrects none."""

    MACHINE = "van een taalmodel"
    VERSION = "met een andere versie van het codeboek gegeven"
    UNKNOWN = "onbekend in dit codeboek"
    SEEN = "niet blind gegeven"


def _aside(one: Judgement, codebook: Codebook) -> _Aside | None:
    """Say why a label is no label of a person in this codebook, or cannot correct; `None` for one that can."""
    known = {dimension.id: dimension for dimension in codebook.unit_dimensions}
    if one.coder_kind is not CoderKind.MENS:
        return _Aside.MACHINE
    if one.codebook_version != codebook.version_key:
        return _Aside.VERSION
    if one.dimension not in known or not fits(one.labels, known[one.dimension]):
        return _Aside.UNKNOWN
    return None if one.blind else _Aside.SEEN


def corrects(one: Judgement, codebook: Codebook) -> bool:
    """Tell whether a label can correct a machine's: given blindly by a person, in this version of the codebook."""
    return _aside(one, codebook) is None


def human_judgements(evidence: Evidence, session: str) -> tuple[Judgement, ...]:
    """Give what people said of the units of a session with the present codebook and its labels."""
    return tuple(
        one for one in evidence.judgements.get(session, ()) if _aside(one, evidence.codebook) in (None, _Aside.SEEN)
    )


def fits(labels: Sequence[str], dimension: Dimension) -> bool:
    """Tell whether labels can be an answer in a dimension."""
    return set(dimension.label_ids).issuperset(labels) and (dimension.kind is DimensionKind.MULTI or len(labels) == 1)


def with_gates(judgements: Iterable[Judgement], codebook: Codebook) -> tuple[Judgement, ...]:
    """Add what follows from a gate that a coder left shut: "nothing" in the dimension behind it.

    Args:
        judgements: of one session.
        codebook: with the gates.

    Returns:
        Those given, sorted, so that their order does not matter; then those that follow.
    """
    listed = sorted(judgements, key=lambda one: (one.utterance_id, one.dimension, one.coder, one.draw or "", one.at))
    given = {(one.utterance_id, one.coder, one.dimension, one.draw, one.blind): one for one in listed}
    for dimension in codebook.unit_dimensions:
        if dimension.gate is None or dimension.none_label is None:
            continue
        gate = codebook.dimension(dimension.gate)
        shut = [one for one in given.values() if one.dimension == gate.id and not _hit(one, gate)]
        for one in shut:
            implied = replace(one, dimension=dimension.id, labels=(dimension.none_label,))
            given.setdefault((one.utterance_id, one.coder, dimension.id, one.draw, one.blind), implied)
    return tuple(given.values())


def _hit(one: Judgement, dimension: Dimension) -> bool:
    return any(label != dimension.none_label for label in one.labels)


def _value(labels: Iterable[str], value: Mapping[str, float]) -> float:
    """Give what labels are worth for an outcome; no label that counts is worth 0."""
    return max((value.get(label, 0.0) for label in labels), default=0.0)


def _coded(material: _Material, dimension: Dimension) -> Iterable[StudyOutcome]:
    """Give the outcomes of one dimension: its labels and roll-ups, and for an ordinal one its mean level."""
    draw = _chosen_draw(material, dimension)
    for label in dimension.labels:
        if label.id in dimension.choices and label.id != dimension.none_label:
            name = f"{dimension.name}: {label.name}"
            yield _measured(material, dimension, draw, _Asked(label.id, name, {label.id: 1.0}))
    for roll_up in material.evidence.codebook.roll_ups:
        if roll_up.dimension == dimension.id:
            asked = _Asked(roll_up.id, f"{dimension.name}: {roll_up.name}", dict.fromkeys(roll_up.labels, 1.0))
            yield _measured(material, dimension, draw, asked)
    if dimension.kind is DimensionKind.ORDINAL:
        top = len(dimension.choices) - 1
        levels = {label: at / top for at, label in enumerate(dimension.choices)}
        yield _measured(material, dimension, draw, _Asked(MEAN_LEVEL, f"{dimension.name}: gemiddelde", levels, top))


@dataclass(frozen=True, slots=True)
class _Asked:
    """An outcome of a dimension.

    Attributes:
        part: what follows the dimension in its id.
        name: as shown.
        value: label to what it is worth, in [0, 1]; labels that are not there are worth 0.
        levels: for a mean level, how many steps lie between 0 and 1; 0 for a share.
    """

    part: str
    name: str
    value: Mapping[str, float]
    levels: int = 0

    @property
    def unit(self) -> OutcomeUnit:
        return OutcomeUnit("niveau", float(self.levels)) if self.levels else PERCENTAGE_POINTS


def _human(material: _Material, dimension: str, draw: Draw, value: Mapping[str, float]) -> list[HumanLabel]:
    """Give what people said, of a settled unit of the draw what was settled; it must be blind like the rest."""
    said = material.judged.get(dimension, ())
    asked = [one.blind and one.draw == draw.id for one in said]
    counting = decisive(one for one, counts in zip(said, asked, strict=True) if counts)
    others = (one for one, counts in zip(said, asked, strict=True) if not counts)
    return [
        HumanLabel(one.utterance_id, one.coder, _value(one.labels, value), one.draw, one.blind)
        for one in (*counting, *others)
    ]


def _chosen_draw(material: _Material, dimension: Dimension) -> Draw | None:
    """Choose the draw of a dimension by what it covers, never by what comes out."""
    best: tuple[int, int] | None = None
    chosen: Draw | None = None
    for draw in material.evidence.draws:
        labels = _human(material, dimension.id, draw, {})
        sample = assemble(draw, labels, _scores(material, dimension, draw, {})).sample
        covered = (0, 0) if sample is None else (len(sample.sessions), len(sample.human))
        if best is None or covered > best:
            best, chosen = covered, draw
    return chosen


def _scores(material: _Material, dimension: Dimension, draw: Draw, value: Mapping[str, float]) -> list[SessionScores]:
    """Give what the machine says of the sessions that are still as they were drawn from."""
    kept = (session for session in material.sessions if session not in material.changed[draw.id])
    return [found for session in kept if (found := material.scores(session, dimension.id, value)) is not None]


NOT_PROCESSED: Final = Refusal("Deze sessie is nog niet verwerkt.", "Doe eerst `raamwerk run` op de studie.")


def no_draw(draws: Sequence[Draw]) -> Refusal:
    """Say why machine shares are not compared when there is no draw with complete blind labels."""
    labels = (draws[0].design if draws else DrawDesign()).per_session
    cure = (
        "Maak de blinde labels van de steekproef af."
        if draws
        else "Trek met `raamwerk draw` een steekproef en laat die blind coderen."
    )
    return Refusal(uncorrected(labels), cure)


def _measured(material: _Material, dimension: Dimension, draw: Draw | None, asked: _Asked) -> StudyOutcome:
    """Correct one outcome as far as that can be done."""
    outcome = partial(
        StudyOutcome,
        id=f"{dimension.id}.{asked.part}",
        name=asked.name,
        kind=OutcomeKind.LEVEL if asked.levels else OutcomeKind.SHARE,
        unit=asked.unit,
        share=not asked.levels,
    )
    corrected = None if draw is None else _correct(material, dimension, draw, asked)
    if isinstance(corrected, _Corrected):
        return outcome(
            status=Status.CORRECTED,
            figures=corrected.figures,
            measurement=corrected.measurement,
            sample=corrected.sample,
            rates=corrected.rates,
            draw=None if draw is None else draw.id,
            stratified=draw is not None and draw_is_stratified(draw.design),
            course=corrected.course,
            ignored=corrected.ignored,
            used=corrected.used,
        )
    refusal = corrected or no_draw(material.evidence.draws)
    figures = []
    for session in material.sessions:
        share, units = material.machine_share(session, dimension.id, asked.value)
        reason = refusal if session in material.units else NOT_PROCESSED
        figures.append(SessionFigure(session, machine=share, eligible=units, reason=reason))
    return outcome(
        status=Status.UNCORRECTED,
        figures=tuple(figures),
        ignored=len(material.judged.get(dimension.id, ())),
        refusal=refusal,
    )


def draw_is_stratified(design: DrawDesign) -> bool:
    """Tell whether units were drawn by strata on the machine's label."""
    return bool(design.targets)


@dataclass(frozen=True, slots=True, eq=False)
class _Corrected:
    figures: tuple[SessionFigure, ...]
    measurement: Measurement
    sample: LabelledSample
    rates: SessionRates
    course: CorrectedCourse | Refusal
    ignored: int
    used: tuple[DrawnStratum, ...]


def _correct(material: _Material, dimension: Dimension, draw: Draw, asked: _Asked) -> _Corrected | Refusal:
    scores = _scores(material, dimension, draw, asked.value)
    labels = _human(material, dimension.id, draw, asked.value)
    assembled = assemble(draw, labels, scores)
    refused = {session: _with_aside(material, dimension, draw, session, why) for session, why in assembled.refused}
    refused.update(material.changed[draw.id])
    if assembled.sample is None:
        # What stands in the way of most sessions stands in the way of the outcome.
        reasons = Counter(refused[session] for session in material.sessions if session in refused)
        return reasons.most_common(1)[0][0] if reasons else no_draw(material.evidence.draws)
    sample = assembled.sample
    rates = corrected_rates(sample, power_tuned_factors(sample))
    measurement = Measurement.of(sample, material.sessions)
    if isinstance(rates, Refusal):
        return rates
    if isinstance(measurement, Refusal):
        return measurement
    if not material.has_model(dimension.id):
        measurement = _by_people_alone(measurement)
    figures = []
    for at, session in enumerate(material.sessions):
        if session in sample.sessions:
            figures.append(_corrected_figure(rates, measurement, session, at))
        else:
            share, units = material.machine_share(session, dimension.id, asked.value)
            reason = refused.get(session, no_draw(())) if session in material.units else NOT_PROCESSED
            figures.append(SessionFigure(session, machine=share, eligible=units, reason=reason))
    course = corrected_course(draw, labels, scores, material.units)
    return _Corrected(tuple(figures), measurement, sample, rates, course, assembled.ignored, assembled.used)


def _by_people_alone(measurement: Measurement) -> Measurement:
    """Take out what would be a machine's, were there one."""
    if measurement.machine is None:
        return measurement
    nothing = np.full_like(measurement.rates, math.nan)
    return replace(measurement, machine=replace(measurement.machine, machine=nothing, fully_corrected=nothing))


def _with_aside(material: _Material, dimension: Dimension, draw: Draw, session: str, refusal: Refusal) -> Refusal:
    """Add to a refusal how many drawn units do have a label, of a kind that cannot count."""
    drawn = {unit for stratum in draw.of(session) for unit in stratum.drawn}
    said = material.judged.get(dimension.id, ())
    counting = {one.utterance_id for one in said if one.blind and one.draw == draw.id}
    reasons: dict[_Aside, set[str]] = {}
    for why, one in material.aside.get(dimension.id, ()):
        if one.utterance_id in drawn - counting:
            reasons.setdefault(why, set()).add(one.utterance_id)
    told = "; ".join(f"{len(units)} {why.value}" for why, units in sorted(reasons.items()))
    return replace(refusal, why=f"{refusal.why} Wel gecodeerd, maar zo dat het niet telt: {told}.") if told else refusal


_NO_SPREAD: Final = Refusal(
    "In de getrokken uitingen van alle sessies is niets om de onzekerheid uit te schatten: nergens of overal dit "
    "label, of nergens anders dan het model zegt. Zeker is dit cijfer daarmee niet; een interval is er niet.",
    "Laat meer uitingen blind coderen.",
)
_NO_VARIANCE: Final = 1e-12


def _corrected_figure(rates: SessionRates, measurement: Measurement, session: str, at: int) -> SessionFigure:
    place = rates.sessions.index(session)
    machine = measurement.machine if measurement.machine is not None and measurement.machine.modelled else None
    whole = bool(rates.labelled[place] == rates.eligible[place])
    spread = whole or bool(rates.variances[place] > _NO_VARIANCE)
    missing = [one for one, there in ((_NO_SPREAD, spread), (NO_MODEL, machine is not None)) if not there]
    return SessionFigure(
        session=session,
        rate=float(rates.rates[place]),
        variance=float(rates.variances[place]),
        lower=float(rates.lower[place]) if spread else None,
        upper=float(rates.upper[place]) if spread else None,
        factor=None if machine is None else float(rates.factors[place]),
        labelled=int(rates.labelled[place]),
        eligible=int(rates.eligible[place]),
        machine=None if machine is None else float(machine.machine[at]),
        labelled_only=None if measurement.machine is None else float(measurement.machine.labelled_only[at]),
        fully_corrected=None if machine is None else float(machine.fully_corrected[at]),
        remark=" ".join(map(str, missing)) or None,
    )


def _remarks_on_labels(material: _Material, outcomes: Sequence[StudyOutcome]) -> list[str]:
    """Say which labels play no part; in a dimension that is corrected, its outcomes count what is not blind."""
    corrected = {one.id.split(".")[0]: one for one in outcomes if one.status is Status.CORRECTED}
    found = []
    for why in _Aside:
        counts = {
            dimension: sum(one is why for one, _ in said)
            for dimension, said in sorted(material.aside.items())
            if why is not _Aside.SEEN or dimension not in corrected
        }
        told = ", ".join(f"{number} bij {dimension}" for dimension, number in counts.items() if number)
        if told:
            found.append(f"Labels die niet zijn gebruikt, want {why.value}: {told}.")
    alone = ", ".join(dimension for dimension in corrected if not material.has_model(dimension))
    if alone:
        found.append(f"Zonder model voor de dimensie, dus van mensen alleen: {alone}.")
    return found


def _remarks_on_waves(material: _Material, outcomes: Sequence[StudyOutcome]) -> list[str]:
    """Name the sessions in which less was coded than drawn, so that a wave plays no part."""
    drawn = {draw.id: draw for draw in material.evidence.draws}
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for dimension, one in {one.id.split(".")[0]: one for one in outcomes if one.draw is not None}.items():
        used: Counter[str] = Counter()
        for stratum in one.used:
            used[stratum.session] += len(stratum.drawn)
        draw = drawn[one.draw or ""]
        short = tuple(
            session for session, units in used.items() if units < sum(len(part.drawn) for part in draw.of(session))
        )
        if short:
            found.setdefault((draw.id, short), []).append(dimension)
    return [
        f"Steekproef {draw}: een aanvulling is nog niet helemaal blind gecodeerd voor {', '.join(dimensions)} en telt "
        f"daar niet mee in: {', '.join(sessions)}."
        for (draw, sessions), dimensions in found.items()
    ]


def labelled_only_variances(outcome: StudyOutcome) -> Floats | None:
    """Give the variances that rates would have without the machine there is, *shape* (sessions with a rate,)."""
    machine = None if outcome.measurement is None else outcome.measurement.machine
    if outcome.sample is None or machine is None or not machine.modelled:
        return None
    found = corrected_rates(outcome.sample, LABELLED_ONLY)
    return None if isinstance(found, Refusal) else found.variances


def course_of(session: UnitisedSession, labels: Mapping[str, tuple[str, ...]]) -> SessionCourse:
    """Give the units of a session that are not minimal, in order, with the labels that they carry.

    Args:
        session: its units.
        labels: unit to labels; a unit that is not there carries none.
    """
    return SessionCourse(
        session.session_id,
        tuple(
            Moment(unit.id, labels.get(unit.id, ()), unit.speaker, role_of(session, unit), count_words(unit.text))
            for unit in session.utterances
            if not unit.minimal
        ),
    )


_NOBODY: Final = "?"
"""Stands for a speaker or function that is not known; nobody's name or function is written so."""
MOST_UNKNOWN: Final = 0.05
"""As large a part of the talk may be by unknown speakers, or by speakers of unknown function."""
_ROLES_UNKNOWN: Final = Refusal(
    "Niet van iedereen die hier spreekt is de functie bekend; het aandeel van een functie zou te laag zijn.",
    "Vul de functies aan in de deelnemerslijst van deze sessie.",
)
_SPEAKERS_UNKNOWN: Final = Refusal(
    "Van een deel van dit gesprek is niet bekend wie er spreekt.", "Vul de sprekers aan in het transcript."
)


@dataclass(frozen=True, slots=True)
class _SessionTalk:
    """Who talks in one session.

    Attributes:
        roles: with all talk that no function is known of put together, so that it counts in what shares are taken of.
        speakers: of known speakers, whatever their function.
        nameless: share of the words by unknown speakers.
    """

    roles: TalkMeasures
    speakers: TalkMeasures
    nameless: float

    @classmethod
    def of(cls, session: UnitisedSession) -> _SessionTalk:
        course = course_of(session, {})
        with_role = [replace(one, role=one.role or _NOBODY) for one in course.moments]
        with_both = [replace(one, speaker=one.speaker or _NOBODY) for one in with_role]
        words = sum(one.words for one in with_role)
        nameless = sum(one.words for one in with_role if one.speaker is None)
        return cls(
            talk_measures(replace(course, moments=tuple(with_both))),
            talk_measures(replace(course, moments=tuple(with_role))),
            nameless / words if words else 0.0,
        )

    def of_speakers(self, value: float | None) -> float | Refusal | None:
        """Give a number about speakers, unless too many of them are unknown."""
        return _SPEAKERS_UNKNOWN if self.nameless > MOST_UNKNOWN else value


def _share_of(role: str, shares: Mapping[str, float]) -> float | Refusal | None:
    """Give the share of a function; who was not heard has none, but only when it is known of all who were heard."""
    unknown = shares.get(_NOBODY, 0.0)
    if unknown > MOST_UNKNOWN or (unknown and role not in shares):
        return _ROLES_UNKNOWN
    return shares.get(role, 0.0) if shares else None


def _talk(material: _Material) -> tuple[list[StudyOutcome], tuple[str, ...]]:
    """Give the numbers of the talk itself: who speaks how much, how evenly, and whether they answer each other.

    Returns:
        The outcomes, and what to say of sessions in which it is not known who speaks.
    """
    found = {
        session: _SessionTalk.of(material.evidence.units[session])
        for session in material.sessions
        if session in material.units
    }
    roles = sorted({role for one in found.values() for role in one.roles.word_shares} - {_NOBODY})
    numbers: list[tuple[str, str, bool, dict[str, float | Refusal | None]]] = [
        (
            f"woorden_{role}",
            f"Aandeel van de woorden: {role}",
            True,
            {name: _share_of(role, one.roles.word_shares) for name, one in found.items()},
        )
        for role in roles
    ]
    numbers += [
        (
            f"beurten_{role}",
            f"Aandeel van de beurten: {role}",
            True,
            {name: _share_of(role, one.roles.turn_shares) for name, one in found.items()},
        )
        for role in roles
    ]
    numbers.append(
        (
            "gelijkmatigheid",
            "Gelijkmatigheid van spreken (0 tot 1)",
            False,
            {name: one.of_speakers(one.speakers.entropy) for name, one in found.items()},
        )
    )
    numbers.append(
        (
            "wederkerigheid",
            "Wederkerigheid van beurten (0 tot 1)",
            False,
            {name: one.of_speakers(one.speakers.reciprocity) for name, one in found.items()},
        )
    )
    outcomes = [
        _plain(
            f"gesprek.{part}",
            name,
            (OutcomeKind.TALK, Status.COUNTED),
            [values.get(session, NOT_PROCESSED) for session in material.sessions],
            material.sessions,
            share=share,
        )
        for part, name, share, values in numbers
    ]
    unknown = [name for name, one in found.items() if one.roles.word_shares.get(_NOBODY, 0.0) > MOST_UNKNOWN]
    remark = f"Zonder aandelen per functie, want van te veel sprekers is die niet bekend: {', '.join(unknown)}."
    return outcomes, (remark,) if unknown else ()


_NOT_FILLED_IN: Final = Refusal("Deze uitkomst is voor deze sessie niet bekend.", "Vul haar aan als dat kan.")
_NO_NUMBER: Final = Refusal("Deze uitkomst is geen getal.", "Verbeter sessions.csv.")


def _plain(
    outcome_id: str,
    name: str,
    stand: tuple[OutcomeKind, Status],
    values: Sequence[float | Refusal | None],
    sessions: Sequence[str],
    *,
    share: bool,
) -> StudyOutcome:
    """Make an outcome that needs no correction."""
    figures = []
    for session, value in zip(sessions, values, strict=True):
        if value is None or isinstance(value, Refusal):
            figures.append(SessionFigure(session, reason=value or _NOT_FILLED_IN))
        elif not math.isfinite(value):
            figures.append(SessionFigure(session, reason=_NO_NUMBER))
        else:
            figures.append(SessionFigure(session, rate=float(value)))
    rates = np.array([math.nan if one.rate is None else one.rate for one in figures])
    known = bool(np.isfinite(rates).any())
    return StudyOutcome(
        id=outcome_id,
        name=name,
        kind=stand[0],
        status=stand[1],
        unit=PERCENTAGE_POINTS if share else SCALE_POINTS,
        share=share,
        figures=tuple(figures),
        measurement=Measurement(rates) if known else None,
        refusal=None if known else Refusal("Deze uitkomst is in geen enkele sessie bekend.", "Vul haar in."),
    )


def _declared(outcome: Outcome, sessions: Sequence[Session]) -> list[StudyOutcome]:
    """Give what people filled in; of a category the share of sessions with each value."""
    ids = [session.id for session in sessions]
    stand = (OutcomeKind.SESSION, Status.FILLED_IN)
    given = [session.outcomes.get(outcome.id) for session in sessions]
    if outcome.type is ValueType.TEKST:
        refusal = Refusal(
            "Deze uitkomst is vrije tekst en kan niet worden vergeleken.",
            "Maak er in study.yaml een getal, ja_nee of categorie van.",
        )
        figures = tuple(SessionFigure(session, reason=refusal) for session in ids)
        return [
            StudyOutcome(outcome.id, outcome.name, *stand, SCALE_POINTS, share=False, figures=figures, refusal=refusal)
        ]
    if outcome.type is ValueType.CATEGORIE:
        return [
            _plain(
                f"{outcome.id}={level}",
                f"{outcome.name}: {level}",
                stand,
                [None if one is None else float(str(one) == level) for one in given],
                ids,
                share=True,
            )
            for level in outcome.values
        ]
    numbers = [None if one is None or isinstance(one, str) else float(one) for one in given]
    return [_plain(outcome.id, outcome.name, stand, numbers, ids, share=outcome.type is ValueType.JA_NEE)]
