"""Say how many sessions and labels a study needs, by simulating it with its own figures where it has them."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from pipeline.domain.draw import Eligibility
from pipeline.domain.errors import InputError
from pipeline.formats.export import cell, csv_bytes
from pipeline.statistics.comparison import SEED, layout_of
from pipeline.statistics.draws import eligible_units
from pipeline.statistics.outcomes import OutcomeKind, Outcomes, Status, measure_outcomes
from pipeline.statistics.power import (
    PERCENTAGE_POINTS,
    POWER,
    REPLICATIONS,
    Plan,
    PlannedPower,
    StudyFigures,
    simulate_power,
    smallest_plan,
)
from pipeline.statistics.refusal import Refusal
from pipeline.steps.evidence import gather
from pipeline.steps.outcome import NOTHING_DONE, OK
from pipeline.steps.overview import overview
from pipeline.steps.progress import say
from pipeline.store.files import write_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipeline.domain.evidence import Evidence
    from pipeline.domain.study import Study, Value
    from pipeline.steps.workplace import Workplace

HEADER: Final = (
    "werkplaatsen",
    "sessies_per_werkplaats",
    "sessies",
    "labels_per_sessie",
    "labels",
    "kans_om_het_te_vinden",
    "marge",
    "waarneembaar_verschil",
    "reden",
)
_HUNDRED: Final = 100.0
_PLACE: Final = "raamwerk power"
_WIDEST: Final = 10_000
_FEWEST, _MOST = 100, 100_000


@dataclass(frozen=True, slots=True)
class Figures:
    """What somebody says of a study to come; `None` is taken from the study, or else assumed.

    Attributes:
        rate: mean session rate, in (0, 1).
        spread: standard deviation of true session rates within blocks, at least 0.
        sensitivity: of the tagger, in [0, 1].
        specificity: of the tagger, in [0, 1].
        units: units of a session, at least 1.
    """

    rate: float | None = None
    spread: float | None = None
    sensitivity: float | None = None
    specificity: float | None = None
    units: int | None = None


ASSUMED: Final = Figures(rate=0.19, spread=0.06, sensitivity=0.80, specificity=0.90, units=600)
"""Those of the simulations in the specification (`statistics.md` 2.9 and 7)."""
_NAMES: Final = {
    "rate": "aandeel van de uitingen",
    "spread": "spreiding tussen sessies",
    "sensitivity": "gevoeligheid van het model",
    "specificity": "specificiteit van het model",
    "units": "uitingen per sessie",
}


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What is to be worked out.

    Attributes:
        figures: that were given; they go before what the study says.
        sites: how many; `None` for those of the study, or else 4.
        sessions: per site, each of them.
        labels: per session, each of them.
        share: of the sessions with the component, in (0, 1).
        difference: that must be found, as a share; `None` for that of the study, or else 5 percentage points.
        replications: simulated studies a plan; who types it may ask for 100 to 100,000.
    """

    figures: Figures = Figures()
    sites: int | None = None
    sessions: tuple[int, ...] = (6, 8, 10, 12)
    labels: tuple[int, ...] = (25, 40, 50)
    share: float = 0.5
    difference: float | None = None
    replications: int = REPLICATIONS


_PERCENTAGES: Final = {
    "aandeel": "rate",
    "spreiding": "spread",
    "gevoeligheid": "sensitivity",
    "specificiteit": "specificity",
    "verschil": "difference",
    "deel": "share",
}
_COUNTS: Final = {"uitingen": "units", "werkplaatsen": "sites", "nabootsingen": "replications"}
_LISTS: Final = {"sessies": "sessions", "labels": "labels"}
_ENDS_TOO: Final = ("spreiding", "gevoeligheid", "specificiteit")
"""Percentages that may be 0 or 100."""


def read_plan(given: Sequence[str]) -> PlanRequest:
    """Read what was typed as NAAM=WAARDE.

    Args:
        given: such as "verschil=5" (percentage points) or "labels=25,40".

    Raises:
        InputError: for a name that does not exist, or a value that is no number or cannot be.
    """
    figures: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for one in given:
        name, _, written = one.partition("=")
        field, value = _read(name.strip(), written.strip())
        (figures if field in {each.name for each in fields(Figures)} else rest)[field] = value
    return PlanRequest(figures=Figures(**figures), **rest)


def _read(name: str, written: str) -> tuple[str, float | int | tuple[int, ...]]:
    """Read a value that may be typed as people write it: 7,5 or 8 % or 8;10."""
    field: str | None = None
    value: float | tuple[int, ...] = ()
    try:
        if name in _PERCENTAGES:
            field, value = _PERCENTAGES[name], float(written.removesuffix("%").replace(",", ".")) / _HUNDRED
        elif name in _COUNTS:
            field, value = _COUNTS[name], int(written)
        elif name in _LISTS:
            field, value = _LISTS[name], tuple(int(part) for part in written.replace(";", ",").split(","))
    except ValueError:
        field = None
    if field is None:
        known = ", ".join((*_PERCENTAGES, *_COUNTS, *_LISTS))
        raise InputError.single(
            _PLACE,
            f"'{name}={written}' is niet te lezen",
            f"Schrijf NAAM=WAARDE met een getal, zoals verschil=5 of sessies=8,10. Namen: {known}.",
        )
    cure = _cannot_be(name, value)
    if cure is not None:
        raise InputError.single(_PLACE, f"{name}={written} kan niet", cure)
    return field, value


def _cannot_be(name: str, value: float | tuple[int, ...]) -> str | None:
    """Say what a value must be when it is not."""
    if isinstance(value, tuple):
        least = 2 if name == "sessies" else 1
        return None if min(value) >= least else f"Neem bij {name} getallen van {least} of meer."
    if name == "nabootsingen":
        return None if _FEWEST <= value <= _MOST else f"Neem er ten minste {_FEWEST} en ten hoogste 100.000."
    if name in _COUNTS:
        return None if value > 0 else "Neem er ten minste één."
    if name == "verschil":
        return None if value and -1 < value < 1 else "Neem een getal tussen -100 en 100 (procentpunt), en niet 0."
    if name in _ENDS_TOO:
        return None if 0 <= value <= 1 else "Neem een getal van 0 tot en met 100 (procent)."
    return None if 0 < value < 1 else "Neem een getal tussen 0 en 100 (procent)."


def run(workplace: Workplace | None, outcome: str | None, request: PlanRequest, out: Path | None = None) -> int:
    """Print a table of plans with the chance that each finds the difference.

    Args:
        workplace: of the study whose figures are used; `None` without one.
        outcome: id of one of its outcomes, such as "sr.brug_burger"; `None` for the first registered one that has
            blind labels, or else the first that has.
        request: figures that were given, and the plans to try.
        out: CSV for the same table, or `None`.

    Returns:
        Exit status: that of a study that cannot be used when no plan could be worked out.

    Raises:
        InputError: when the study has no such outcome, or figures that cannot be.
    """
    if workplace is None and outcome is not None:
        raise InputError.single(
            _PLACE,
            f"--outcome {outcome} hoort bij een studie, en die is niet genoemd",
            f"Schrijf raamwerk power STUDIE --outcome {outcome}, of laat --outcome weg.",
        )
    found = _Found() if workplace is None else _of_study(workplace, outcome)
    figures = _figures(request.figures, found)
    difference = found.difference if request.difference is None else request.difference
    say(f"Gezocht: een verschil van {PERCENTAGE_POINTS.number(difference)} procentpunt.")
    plans = [
        Plan(request.sites or found.sites, sessions, labels, request.share)
        for sessions, labels in product(sorted(set(request.sessions)), sorted(set(request.labels)))
    ]
    tried = [
        (plan, simulate_power(figures, plan, difference, seed=SEED, replications=request.replications))
        for plan in plans
    ]
    rows = [_row(plan, one) for plan, one in tried]
    if out is not None:
        write_file(out, csv_bytes([HEADER, *([cell(value) for value in row] for row in rows)]))
    _print(rows)
    worked_out = [one for _, one in tried if isinstance(one, PlannedPower)]
    if worked_out:
        times = f"{request.replications:,}".replace(",", ".")
        say(f"Elk plan is {times} keer nagebootst; achter ± staat de marge die daarbij hoort (95 %).")
    best = smallest_plan(worked_out)
    if isinstance(best, Refusal):
        say(str(best))
    else:
        # A session with fewer units than that is labelled as a whole.
        total = "samen" if best.plan.labels <= min(figures.lengths) else "samen hoogstens"
        say(
            f"Kleinste plan met een kans van ten minste {_HUNDRED * POWER:.0f} %, ook onder aan de marge: "
            f"{best.plan.sessions} sessies ({best.plan.sessions_per_site} per werkplaats) en {best.plan.labels} labels "
            f"per sessie, {total} {best.plan.sessions * best.plan.labels} labels."
        )
    return OK if worked_out else NOTHING_DONE


@dataclass(frozen=True, slots=True)
class _Found:
    """What a study tells.

    Attributes:
        figures: as far as it has them.
        lengths: units of its sessions.
        sites: how many it has.
        difference: that would matter.
        outcome: name of the one that its figures are of, as shown.
        remark: why it tells no more, in Dutch.
    """

    figures: Figures = Figures()
    lengths: tuple[int, ...] = ()
    sites: int = 4
    difference: float = 0.05
    outcome: str | None = None
    remark: str | None = None


def _of_study(workplace: Workplace, wanted: str | None) -> _Found:
    with workplace.open_store() as store:
        evidence = gather(workplace, store, overview(workplace, store))
    study = evidence.study
    found = _Found(lengths=_lengths(evidence), sites=len(study.sites), difference=study.analysis.smallest_difference)
    outcomes = measure_outcomes(evidence)
    if wanted is not None:
        _check_planned_by_labels(outcomes, wanted)
    chosen = _chosen(study, outcomes, wanted)
    layout = layout_of(study, outcomes.sessions, study.analysis.by_round)
    block = dict(zip(layout.sessions, layout.blocks, strict=True))
    if chosen is None or (sample := outcomes.outcomes[chosen].sample) is None:
        return replace(found, remark="Deze studie heeft nog geen blinde labels; cijfers zijn opgegeven of aangenomen.")
    own = StudyFigures.of(sample, [block[session] for session in sample.sessions])
    found = replace(found, outcome=outcomes.outcomes[chosen].name)
    if isinstance(own, Refusal):
        return replace(found, remark=str(own))
    figures = Figures(own.rate, own.spread, own.sensitivity, own.specificity)
    without_model = all(figure.machine is None for figure in outcomes.outcomes[chosen].figures)
    return replace(found, figures=figures, lengths=own.lengths, remark=_LABELS_ALONE if without_model else None)


def _check_planned_by_labels(outcomes: Outcomes, wanted: str) -> None:
    """Refuse an outcome that is not there, or that no label is needed for.

    Raises:
        InputError: saying which.
    """
    asked = outcomes.of(wanted)
    known = ", ".join(one.id for one in outcomes.outcomes if one.kind is OutcomeKind.SHARE)
    cure = f"Kies uit: {known}."
    if asked is not None and asked.status in (Status.COUNTED, Status.FILLED_IN):
        known_how = "geteld" if asked.status is Status.COUNTED else "per sessie ingevuld"
        reason = f"'{wanted}' wordt {known_how}: daar zijn geen labels voor nodig, en dit plan rekent met labels"
        raise InputError.single(_PLACE, reason, cure)
    if asked is None or asked.kind is not OutcomeKind.SHARE:
        raise InputError.single(_PLACE, f"'{wanted}' is geen aandeel van de uitingen dat deze studie meet", cure)


_LABELS_ALONE: Final = (
    "Geen model geeft deze labels in de studie: er wordt gerekend met labels van mensen alleen. Komt er wel een model, "
    "geef dan op hoe goed het is: --given gevoeligheid=80 --given specificiteit=90."
)


def _lengths(evidence: Evidence) -> tuple[int, ...]:
    counted = (len(eligible_units(units, Eligibility.NIET_MINIMAAL)) for units in evidence.units.values())
    return tuple(sorted(length for length in counted if length))


def _chosen(study: Study, outcomes: Outcomes, wanted: str | None) -> int | None:
    """Choose an outcome with blind labels: the one asked for, a registered one, or the first."""
    names = [one.id for one in outcomes.outcomes]
    if wanted is not None:
        return names.index(wanted)
    able = [one.id for one in outcomes.outcomes if one.sample is not None and one.share]
    asked = [question.outcome for question in study.questions if question.outcome in able]
    return names.index((asked or able)[0]) if able else None


def _figures(given: Figures, found: _Found) -> StudyFigures:
    """Put together what was given, what the study tells and what is assumed, and say which is which."""
    told = [f"Uitkomst: {found.outcome}"] if found.outcome else []
    told += [found.remark] if found.remark else []
    chosen: dict[str, float] = {}
    for field in fields(Figures):
        name = field.name
        own = found.figures if name != "units" else Figures()
        values = ((getattr(given, name), "opgegeven"), (getattr(own, name), "uit de studie"))
        value, source = next(
            ((one, where) for one, where in values if one is not None), (getattr(ASSUMED, name), "aangenomen")
        )
        if name == "units" and given.units is None and found.lengths:
            told.append(f"  {_NAMES[name]}: {min(found.lengths)} tot {max(found.lengths)} (uit de studie)")
            continue
        chosen[name] = value
        shown = f"{value:.0f}" if name == "units" else f"{PERCENTAGE_POINTS.number(value)} %"
        told.append(f"  {_NAMES[name]}: {shown} ({source})")
    lengths = (int(chosen["units"]),) if "units" in chosen else found.lengths
    rate, spread = chosen["rate"], chosen["spread"]
    most = math.sqrt(rate * (1 - rate))
    if spread >= most:
        shown = f"een spreiding van {PERCENTAGE_POINTS.number(spread)} % past niet bij een aandeel van "
        cure = f"Geef met --given een spreiding op onder {PERCENTAGE_POINTS.number(most)}, of een ander aandeel."
        raise InputError.single(_PLACE, f"{shown}{PERCENTAGE_POINTS.number(rate)} %", cure)
    for line in told:
        say(line)
    return StudyFigures(rate, spread, chosen["sensitivity"], chosen["specificity"], lengths)


def _row(plan: Plan, found: PlannedPower | Refusal) -> tuple[Value, ...]:
    head = (plan.sites, plan.sessions_per_site, plan.sessions, plan.labels, plan.sessions * plan.labels)
    if isinstance(found, Refusal):
        return (*head, None, None, None, str(found))
    return (*head, found.power, found.margin, found.detectable, None)


def _print(rows: Sequence[Sequence[Value]]) -> None:
    table = Table(box=SIMPLE_HEAD)
    for heading in ("werkplaatsen", "sessies per werkplaats", "sessies", "labels per sessie", "labels"):
        table.add_column(heading, justify="right")
    table.add_column("kans", justify="right")
    table.add_column("waarneembaar", justify="right")
    table.add_column("")
    for row in rows:
        *head, power, margin, detectable, reason = row
        shown = (
            f"{PERCENTAGE_POINTS.number(power)} % ± {PERCENTAGE_POINTS.number(margin)}"
            if isinstance(power, float) and isinstance(margin, float)
            else "",
            f"{PERCENTAGE_POINTS.number(detectable)} procentpunt" if isinstance(detectable, float) else "",
        )
        table.add_row(*map(str, head), *shown, str(reason or ""))
    width = Console(width=_WIDEST).measure(table).maximum
    Console(highlight=False, markup=False, width=width).print(table)
