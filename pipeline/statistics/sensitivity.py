"""Whether an effect hangs on the way it was computed: the specification curve (`statistics.md` 2.3).

The set of other analyses is fixed in advance and all of it is printed, also what comes out badly: other uses of the
labels, other weights and models, other blocks, other components beside it, and one site or session less. Beside it
stands whether the machine errs more with the component than without it (1.5). There is no p value here: a curve over
analyses of the same data has none, and what may be tested is tested in `identification`. Of a component of class C
there is no curve either.

Not in the set, since with a handful of sites it would mislead: anything that takes sites as clusters (2.3).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.statistics.effects import (
    ONE_SESSION,
    BlockFit,
    DifferentialError,
    Effect,
    OddsFit,
    differential_error,
    fit_effects,
    fit_odds,
    within_design,
)
from pipeline.statistics.identification import IdentificationClass, blocks_of, estimable_values, refuse_together
from pipeline.statistics.intervals import Interval
from pipeline.statistics.meta import meta_regression
from pipeline.statistics.mixed import fit_random_intercept, fit_random_logit
from pipeline.statistics.rates import LABELLED_ONLY, WHOLE_CORRECTION, corrected_rates, power_tuned_factors
from pipeline.statistics.refusal import Refusal
from pipeline.statistics.rogan_gladen import answers_of, level_rates

if TYPE_CHECKING:
    from pipeline.statistics.effects import CodedComponent
    from pipeline.statistics.identification import Identification
    from pipeline.statistics.rates import LabelledSample

Floats: TypeAlias = NDArray[np.float64]
Effects: TypeAlias = Sequence[Effect] | Refusal
"""One a contrast that can be estimated, or why there is none."""


class Specification(StrEnum):
    """A way to compute the effect, with the name that a reader sees."""

    PRIMARY = "hoofdanalyse"
    LABELLED_ONLY = "alleen menselijke labels"
    NAIVE = "machinelabels zonder correctie"
    """Shown to expose what the correction does; no estimate to believe."""
    BY_LENGTH = "elke uiting telt even zwaar"
    META_REGRESSION = "meta-regressie over sessies"
    ODDS = "verhouding van kansen"
    OTHER_BLOCKS = "werkplaats en ronde anders samengenomen"
    ADJUSTED = "andere kenmerken erbij"
    WITHOUT_SITE = "een werkplaats weggelaten"
    WITHOUT_SESSION = "de zwaarst wegende sessie weggelaten"
    MIXED_MODEL = "ook tussen werkplaatsen vergeleken"
    WHOLE_SESSIONS = "alleen sessies die mensen in hun geheel hebben gecodeerd"
    ROGAN_GLADEN = "machinelabels teruggerekend met de fouten per kenmerkwaarde (alleen ter controle)"
    """Its interval leaves the error of those errors out (1.5)."""


_NO_ESTIMATE_TO_BELIEVE: Final = (Specification.NAIVE, Specification.ROGAN_GLADEN)


class Scale(StrEnum):
    """What an estimate is a difference of."""

    DIFFERENCE = "verschil"
    """Session rates, in their own unit."""
    LOG_ODDS = "logaritme van de kansverhouding"


@dataclass(frozen=True, slots=True)
class SpecificationRow:
    """One analysis in the curve.

    Attributes:
        specification: which.
        detail: the site or session left out, the components put beside it, or what the blocks are; `None` where there
            is nothing to name.
        scale: of the effect.
        effect: estimate and interval without a test, or why there is none.
    """

    specification: Specification
    detail: str | None
    scale: Scale
    effect: Effect | Refusal


@dataclass(frozen=True, slots=True)
class SpecificationCurve:
    """All analyses of one contrast.

    Attributes:
        contrast: name of the contrast.
        rows: the primary analysis first, the others in the order of section 2.3.
        differential_error: whether the machine errs more with the contrast; for class B without a test, `None` for an
            outcome without machine.
    """

    contrast: str
    rows: tuple[SpecificationRow, ...]
    differential_error: DifferentialError | Refusal | None

    @property
    def compared(self) -> int:
        """Number of analyses beside the primary one that gave an estimate."""
        return len(self._others)

    @property
    def same_sign(self) -> int:
        """How many of these point the same way as the primary one."""
        primary = self.rows[0].effect
        if isinstance(primary, Refusal):
            return 0
        return sum(effect.estimate * primary.estimate > 0 for _, effect in self._others)

    @property
    def range(self) -> Interval | None:
        """Lowest and highest difference, the primary one included and what is shown as a check alone left out."""
        found = [
            row.effect.estimate
            for row in self.rows
            if isinstance(row.effect, Effect)
            and row.scale is Scale.DIFFERENCE
            and row.specification not in _NO_ESTIMATE_TO_BELIEVE
        ]
        return Interval(min(found), max(found)) if found else None

    @property
    def sentence(self) -> str:
        """Say in Dutch how far the analyses agree."""
        return (
            f"Van de {self.compared} andere analyses wijzen er {self.same_sign} dezelfde kant op als de hoofdanalyse."
        )

    @property
    def _others(self) -> list[tuple[SpecificationRow, Effect]]:
        return [(row, row.effect) for row in self.rows[1:] if isinstance(row.effect, Effect)]


@dataclass(frozen=True, slots=True, eq=False)
class MachineMeasurement:
    """What a corrected outcome has besides its rates; arrays of sessions, NaN where there is none.

    Attributes:
        variances: of the draws.
        labelled_only: rates from human labels alone.
        fully_corrected: rates in which the machine's labels count in full.
        machine: uncorrected machine rates.
        eligible: number of eligible units.
        hits: units with the label, of sessions that people coded as a whole.
        answers: *Shape* (sessions, 2, 2): what people and machine said of drawn units (`rogan_gladen.answers_of`).
    """

    variances: Floats
    labelled_only: Floats
    fully_corrected: Floats
    machine: Floats
    eligible: Floats
    hits: Floats
    answers: Floats

    @property
    def modelled(self) -> bool:
        """Tell whether a model says anything of the outcome; otherwise all figures are those of people alone."""
        return bool(np.isfinite(self.machine).any())


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """One outcome over the sessions of a study.

    Attributes:
        rates: *Shape* (sessions,): what the primary analysis compares; NaN where there is none.
        machine: `None` for an outcome that people gave for the session as a whole, which needs no correction.
    """

    rates: Floats
    machine: MachineMeasurement | None = None

    @classmethod
    def of(cls, sample: LabelledSample, sessions: Sequence[str]) -> Measurement | Refusal:
        """Estimate the rates in all ways that the set needs.

        Args:
            sample: blind labels with what the machine says.
            sessions: ids of the sessions of the study, those without labels too.
        """
        tuned = corrected_rates(sample, power_tuned_factors(sample))
        whole = corrected_rates(sample, WHOLE_CORRECTION)
        human = corrected_rates(sample, LABELLED_ONLY)
        if isinstance(tuned, Refusal) or isinstance(whole, Refusal) or isinstance(human, Refusal):
            # What stands in the way does not depend on the factor.
            return next(found for found in (tuned, whole, human) if isinstance(found, Refusal))
        place = {session: at for at, session in enumerate(sessions)}
        at = np.array([place[session] for session in sample.sessions], dtype=np.int64)

        def spread(values: Floats) -> Floats:
            everywhere = np.full((len(sessions), *values.shape[1:]), math.nan)
            everywhere[at] = values
            return everywhere

        coded = np.where(human.labelled == human.eligible, human.rates * human.eligible, math.nan)
        return cls(
            spread(tuned.rates),
            MachineMeasurement(
                variances=spread(tuned.variances),
                labelled_only=spread(human.rates),
                fully_corrected=spread(whole.rates),
                machine=spread(tuned.machine),
                eligible=spread(tuned.eligible.astype(np.float64)),
                hits=spread(coded),
                answers=spread(answers_of(sample)),
            ),
        )


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the sessions of a study come from.

    Attributes:
        sessions: ids.
        sites: of each session.
        rounds: of each session; `None` where it has none.
        by_round: the set-up changed between rounds, so that blocks are site and round together and not site alone.
    """

    sessions: tuple[str, ...]
    sites: tuple[str, ...]
    rounds: tuple[int | None, ...]
    by_round: bool

    @property
    def blocks(self) -> tuple[str, ...]:
        """Those of the primary analysis.

        By round, a session of which the round is not known is a block of its own, and so compared with nothing.
        """
        if not self.by_round:
            return self.sites
        named = blocks_of(self.sites, self.rounds)
        return tuple(
            f"{block}, ronde onbekend: {session}" if number is None else block
            for block, number, session in zip(named, self.rounds, self.sessions, strict=True)
        )

    @property
    def other_blocks(self) -> tuple[str, ...]:
        """Those of the other choice."""
        return self.sites if self.by_round else blocks_of(self.sites, self.rounds)

    @property
    def other_name(self) -> str:
        """Say in Dutch what the other blocks are."""
        return "werkplaats" if self.by_round else "werkplaats en ronde"


_SEPARATED: Final = Refusal(
    "Dit kenmerk is niet te scheiden van de werkplaats (of de ronde). Er is geen analyse uitgevoerd, ook geen andere.",
    "Houd binnen dezelfde werkplaats en ronde sessies met en zonder dit kenmerk.",
)
_NO_MACHINE: Final = Refusal(
    "Deze uitkomst is per sessie door mensen gegeven; er zijn geen machinelabels in het spel.", "Er is niets nodig."
)
NO_MODEL: Final = Refusal(
    "Er is geen model voor deze dimensie; de cijfers komen van mensen alleen.",
    "Er is niets nodig; met een model dat deze dimensie kent, kunnen de intervallen smaller worden.",
)
_NO_ROUNDS: Final = Refusal("Deze studie heeft geen rondes.", "Er is niets nodig.")
_NOTHING_CHOSEN: Final = Refusal(
    "Er is vooraf geen ander kenmerk gekozen om rekening mee te houden.", "Leg de keuze vast in study.yaml."
)
_NO_LEVELS: Final = Refusal(
    "Dit kenmerk is een getal; fouten per waarde zijn er niet.", "Maak er klassen van als deze controle gewenst is."
)
_NO_WHOLE_SESSIONS: Final = Refusal(
    "Geen enkele sessie met dit kenmerk is in haar geheel door mensen gecodeerd.",
    "Laat een aantal sessies helemaal blind coderen als deze controle gewenst is.",
)


def specification_curves(
    identifications: Sequence[Identification],
    component: CodedComponent,
    measurement: Measurement,
    layout: Layout,
    others: Sequence[CodedComponent] = (),
) -> tuple[SpecificationCurve | Refusal, ...]:
    """Carry out the whole sensitivity set for one component and outcome.

    Args:
        identifications: of the component, one a contrast (`identification.identify`).
        component: over the sessions.
        measurement: of the outcome.
        layout: of the sessions.
        others: components chosen beforehand to adjust for; the component itself is passed over.

    Returns:
        One curve a contrast; a refusal for what is of class C or cannot be estimated.
    """
    joint = [at for at, one in enumerate(identifications) if one.estimable]
    case = _Case(
        component=component.id,
        values=estimable_values(identifications, component),
        names=tuple(identifications[at].contrast for at in joint),
        measurement=measurement,
        layout=layout,
        others=tuple(one for one in others if one.id != component.id),
    )
    rows = _rows(case) if joint else []
    error = _differential_error(case) if joint else None
    found: list[SpecificationCurve | Refusal] = []
    for at, one in enumerate(identifications):
        if one.letter is IdentificationClass.C:
            found.append(_SEPARATED)
        elif at not in joint:
            found.append(ONE_SESSION)
        else:
            tested = one.letter is IdentificationClass.A
            found.append(_curve(case, joint.index(at), rows, error, tested=tested))
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class _Case:
    """One component and outcome; columns are the contrasts that can be estimated."""

    component: str
    values: Floats
    names: tuple[str, ...]
    measurement: Measurement
    layout: Layout
    others: tuple[CodedComponent, ...]

    def fit(self, rates: Floats) -> BlockFit | Refusal:
        """Do with other rates what the primary analysis does."""
        return fit_effects(rates, self.layout.blocks, self.values, self.names)

    def without(self, left_out: Sequence[bool]) -> Effects:
        """Repeat the primary analysis without some sessions."""
        return _effects(self.fit(np.where(np.array(left_out), math.nan, self.measurement.rates)))


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of the curves of all contrasts of a component."""

    specification: Specification
    effects: Effects
    detail: str | None = None
    scale: Scale = Scale.DIFFERENCE


def _effects(fit: BlockFit | Refusal) -> Effects:
    return fit if isinstance(fit, Refusal) else fit.effects


def _rows(case: _Case) -> list[_Row]:
    """Carry out everything but leaving out a session, which differs from contrast to contrast."""
    beside = ", ".join(one.id for one in case.others) or None
    return [
        _Row(Specification.PRIMARY, _effects(case.fit(case.measurement.rates))),
        *_machine_rows(case),
        _Row(Specification.ODDS, _odds(case), scale=Scale.LOG_ODDS),
        _Row(Specification.OTHER_BLOCKS, _other_blocks(case), detail=case.layout.other_name),
        _Row(Specification.ADJUSTED, _adjusted(case), detail=beside),
        *(
            _Row(Specification.WITHOUT_SITE, case.without([one == site for one in case.layout.sites]), detail=site)
            for site in sorted(set(case.layout.sites))
        ),
        _Row(Specification.MIXED_MODEL, _mixed_model(case)),
        _Row(Specification.WHOLE_SESSIONS, _whole_sessions(case), scale=Scale.LOG_ODDS),
        _Row(Specification.ROGAN_GLADEN, _turned_back(case)),
    ]


def _machine_rows(case: _Case) -> list[_Row]:
    """Carry out what needs to know how the rates were corrected."""
    machine = case.measurement.machine
    if machine is None:
        kinds = (
            Specification.LABELLED_ONLY,
            Specification.NAIVE,
            Specification.BY_LENGTH,
            Specification.META_REGRESSION,
        )
        return [_Row(kind, _NO_MACHINE) for kind in kinds]
    weighted = fit_effects(
        case.measurement.rates, case.layout.blocks, case.values, case.names, weights=machine.eligible
    )
    return [
        _Row(Specification.LABELLED_ONLY, _effects(case.fit(machine.labelled_only))),
        _Row(Specification.NAIVE, _effects(case.fit(machine.machine)) if machine.modelled else NO_MODEL),
        _Row(Specification.BY_LENGTH, _effects(weighted)),
        _Row(Specification.META_REGRESSION, _meta_regression(case, machine)),
    ]


def _meta_regression(case: _Case, machine: MachineMeasurement) -> Effects:
    """Regress with the variances of the draws as known: REML, Knapp and Hartung's t."""
    rates = case.measurement.rates
    design = within_design(case.layout.blocks, case.values, np.isfinite(rates))
    if isinstance(design, Refusal):
        return design
    columns = np.column_stack([design.dummies, case.values[design.used]])
    found = meta_regression(rates[design.used].tolist(), machine.variances[design.used].tolist(), columns)
    if isinstance(found, Refusal):
        return found
    degrees = len(columns) - columns.shape[1]
    ends = found.coefficients[design.blocks :]
    return [
        Effect.of(name, one.estimate, one.standard_error, degrees) for name, one in zip(case.names, ends, strict=True)
    ]


def _odds(case: _Case) -> Effects:
    found = fit_odds(case.measurement.rates, case.layout.blocks, case.values, case.names)
    return [one.log_odds for one in found.effects] if isinstance(found, OddsFit) else found


def _other_blocks(case: _Case) -> Effects:
    if all(number is None for number in case.layout.rounds):
        return _NO_ROUNDS
    return _effects(fit_effects(case.measurement.rates, case.layout.other_blocks, case.values, case.names))


def _adjusted(case: _Case) -> Effects:
    if not case.others:
        return _NOTHING_CHOSEN
    known = np.isfinite(case.measurement.rates)
    columns = np.column_stack([case.values, *(one.where(known).values for one in case.others)])
    names = [*case.names, *(name for one in case.others for name in one.contrasts)]
    owners = [case.component] * len(case.names) + [one.id for one in case.others for _ in one.contrasts]
    refused = refuse_together(case.layout.blocks, columns, names, owners=owners, adjusted=len(case.names))
    if refused is not None:
        return refused
    found = fit_effects(case.measurement.rates, case.layout.blocks, columns, names)
    return found if isinstance(found, Refusal) else found.effects[: len(case.names)]


def _mixed_model(case: _Case) -> Effects:
    used = np.isfinite(case.measurement.rates) & np.isfinite(case.values).all(axis=1)
    sites = np.array(case.layout.sites)[used].tolist()
    found = fit_random_intercept(case.measurement.rates[used], sites, case.values[used], case.names)
    return found if isinstance(found, Refusal) else found.effects


def _whole_sessions(case: _Case) -> Effects:
    machine = case.measurement.machine
    if machine is None:
        return _NO_MACHINE
    known = np.isfinite(machine.hits)
    if not known.any():
        return _NO_WHOLE_SESSIONS
    design = within_design(case.layout.blocks, case.values, known)
    if isinstance(design, Refusal):
        return design
    columns = np.column_stack([design.dummies, case.values[design.used]])
    sessions = np.array(case.layout.sessions)[design.used].tolist()
    found = fit_random_logit(machine.hits[design.used], machine.eligible[design.used], sessions, columns)
    if isinstance(found, Refusal):
        return found
    return [found.effect(name, design.blocks + at) for at, name in enumerate(case.names)]


def _turned_back(case: _Case) -> Effects:
    machine = case.measurement.machine
    if machine is None:
        return _NO_MACHINE
    if not (np.isnan(case.values) | np.isin(case.values, (0, 1))).all():
        return _NO_LEVELS
    found = level_rates(machine.machine, machine.answers, case.values)
    return found if isinstance(found, Refusal) else _effects(case.fit(found))


def _differential_error(case: _Case) -> Sequence[DifferentialError] | Refusal | None:
    machine = case.measurement.machine
    if machine is None or not machine.modelled:
        return None
    return differential_error(machine.fully_corrected, machine.machine, case.layout.blocks, case.values, case.names)


def _curve(
    case: _Case, at: int, rows: Sequence[_Row], error: Sequence[DifferentialError] | Refusal | None, *, tested: bool
) -> SpecificationCurve:
    """Take one contrast out of the rows of all, and the tests off."""
    found = [
        SpecificationRow(
            row.specification,
            row.detail,
            row.scale,
            row.effects if isinstance(row.effects, Refusal) else row.effects[at].without_test(),
        )
        for row in rows
    ]
    last_site = max(place for place, row in enumerate(rows) if row.specification is Specification.WITHOUT_SITE)
    found.insert(last_site + 1, _without_session(case, at))
    own = error[at] if isinstance(error, Sequence) else error
    if isinstance(own, DifferentialError) and not tested:
        own = replace(own, effect=own.effect.without_test())
    return SpecificationCurve(case.names[at], tuple(found), own)


def _without_session(case: _Case, at: int) -> SpecificationRow:
    """Leave out the session that changes an estimate most."""
    fit = case.fit(case.measurement.rates)
    if isinstance(fit, Refusal):
        return SpecificationRow(Specification.WITHOUT_SESSION, None, Scale.DIFFERENCE, fit)
    # What an estimate loses with a session follows from the fit with it; the interval does not, so that is fitted anew.
    changes = np.abs(fit.influence[:, at]) / np.sqrt(1 - fit.leverages)
    session = int(np.flatnonzero(fit.used)[int(changes.argmax())])
    effects = case.without(np.arange(len(fit.used)) == session)
    return SpecificationRow(
        Specification.WITHOUT_SESSION,
        case.layout.sessions[session],
        Scale.DIFFERENCE,
        effects if isinstance(effects, Refusal) else effects[at].without_test(),
    )
