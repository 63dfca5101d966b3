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
from pipeline.statistics.outcomes import Outcomes, measure_outcomes
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
from pipeline.steps.outcome import OK
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
        replications: simulated studies a plan.
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


def read_plan(given: Sequence[str]) -> PlanRequest:
    """Read what was typed as NAAM=WAARDE.

    Args:
        given: such as "verschil=5" (percentage points) or "labels=25,40".

    Raises:
        InputError: for a name that does not exist, a value that is no number, or a difference of 0.
    """
    figures: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for one in given:
        name, _, written = one.partition("=")
        field, value = _read(name.strip(), written.strip())
        (figures if field in {each.name for each in fields(Figures)} else rest)[field] = value
    return PlanRequest(figures=Figures(**figures), **rest)


def _read(name: str, written: str) -> tuple[str, float | int | tuple[int, ...]]:
    try:
        if name in _PERCENTAGES:
            value = float(written.replace(",", ".")) / _HUNDRED
            if math.isfinite(value) and (name != "verschil" or value):
                return _PERCENTAGES[name], value
        if name in _COUNTS and int(written) > 0:
            return _COUNTS[name], int(written)
        if name in _LISTS:
            return _LISTS[name], tuple(int(part) for part in written.split(","))
    except ValueError:
        pass
    known = ", ".join((*_PERCENTAGES, *_COUNTS, *_LISTS))
    found = f"'{name}={written}' is niet te lezen"
    raise InputError.single(
        _PLACE, found, f"Schrijf NAAM=WAARDE met een getal, zoals verschil=5 (niet 0). Namen: {known}."
    )


def run(workplace: Workplace | None, outcome: str | None, request: PlanRequest, out: Path | None = None) -> int:
    """Print a table of plans with the chance that each finds the difference.

    Args:
        workplace: of the study whose figures are used; `None` without one.
        outcome: id of one of its outcomes, such as "sr.brug_burger"; `None` for the first registered one that has
            blind labels, or else the first that has.
        request: figures that were given, and the plans to try.
        out: CSV for the same table, or `None`.

    Returns:
        Exit status.

    Raises:
        InputError: when the study has no such outcome, or figures that cannot be.
    """
    found = _Found() if workplace is None else _of_study(workplace, outcome)
    figures = _figures(request.figures, found)
    difference = found.difference if request.difference is None else request.difference
    say(f"Gezocht: een verschil van {PERCENTAGE_POINTS.number(difference)} procentpunt.")
    tried = [
        (plan, simulate_power(figures, plan, difference, seed=SEED, replications=request.replications))
        for plan in _all_plans(request, request.sites or found.sites)
    ]
    rows = [_row(plan, one) for plan, one in tried]
    if out is not None:
        write_file(out, csv_bytes([HEADER, *([cell(value) for value in row] for row in rows)]))
    _print(rows)
    best = smallest_plan([one for _, one in tried])
    if isinstance(best, Refusal):
        say(str(best))
    else:
        say(
            f"Kleinste plan met een kans van ten minste {_HUNDRED * POWER:.0f} %: {best.plan.sessions} sessies "
            f"({best.plan.sessions_per_site} per werkplaats) en {best.plan.labels} labels per sessie, samen "
            f"{best.plan.sessions * best.plan.labels} labels."
        )
    return OK


def _all_plans(plans: PlanRequest, sites: int) -> list[Plan]:
    try:
        return [
            Plan(sites, sessions, labels, plans.share)
            for sessions, labels in product(sorted(set(plans.sessions)), sorted(set(plans.labels)))
        ]
    except ValueError as error:
        cure = "Neem ten minste twee sessies per werkplaats, één label per sessie en een aandeel tussen 0 en 100."
        raise InputError.single(_PLACE, "zo'n studie bestaat niet", cure) from error


@dataclass(frozen=True, slots=True)
class _Found:
    """What a study tells.

    Attributes:
        figures: as far as it has them.
        lengths: units of its sessions.
        sites: how many it has.
        difference: that would matter.
        remark: why it tells no more, in Dutch.
    """

    figures: Figures = Figures()
    lengths: tuple[int, ...] = ()
    sites: int = 4
    difference: float = 0.05
    remark: str | None = None


def _of_study(workplace: Workplace, wanted: str | None) -> _Found:
    with workplace.open_store() as store:
        evidence = gather(workplace, store, overview(workplace, store))
    study = evidence.study
    found = _Found(lengths=_lengths(evidence), sites=len(study.sites), difference=study.analysis.smallest_difference)
    outcomes = measure_outcomes(evidence)
    if wanted is not None and ((asked := outcomes.of(wanted)) is None or not asked.share):
        known = ", ".join(one.id for one in outcomes.outcomes if one.share)
        raise InputError.single(_PLACE, f"'{wanted}' is geen aandeel dat deze studie meet", f"Kies uit: {known}")
    chosen = _chosen(study, outcomes, wanted)
    layout = layout_of(study, outcomes.sessions, study.analysis.by_round)
    block = dict(zip(layout.sessions, layout.blocks, strict=True))
    if chosen is None or (sample := outcomes.outcomes[chosen].sample) is None:
        return replace(found, remark="Deze studie heeft nog geen blinde labels; cijfers zijn opgegeven of aangenomen.")
    own = StudyFigures.of(sample, [block[session] for session in sample.sessions])
    say(f"Uitkomst: {outcomes.outcomes[chosen].name}")
    if isinstance(own, Refusal):
        return replace(found, remark=str(own))
    figures = Figures(own.rate, own.spread, own.sensitivity, own.specificity)
    without_model = all(figure.machine is None for figure in outcomes.outcomes[chosen].figures)
    return replace(found, figures=figures, lengths=own.lengths, remark=_LABELS_ALONE if without_model else None)


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
    if found.remark:
        say(found.remark)
    chosen: dict[str, float] = {}
    for field in fields(Figures):
        name = field.name
        own = found.figures if name != "units" else Figures()
        values = ((getattr(given, name), "opgegeven"), (getattr(own, name), "uit de studie"))
        value, source = next(
            ((one, where) for one, where in values if one is not None), (getattr(ASSUMED, name), "aangenomen")
        )
        if name == "units" and given.units is None and found.lengths:
            say(f"  {_NAMES[name]}: {min(found.lengths)} tot {max(found.lengths)} (uit de studie)")
            continue
        chosen[name] = value
        shown = f"{value:.0f}" if name == "units" else f"{PERCENTAGE_POINTS.number(value)} %"
        say(f"  {_NAMES[name]}: {shown} ({source})")
    lengths = (int(chosen["units"]),) if "units" in chosen else found.lengths
    try:
        return StudyFigures(chosen["rate"], chosen["spread"], chosen["sensitivity"], chosen["specificity"], lengths)
    except ValueError as error:
        cure = "Het aandeel ligt tussen 0 en 100 %, de spreiding is kleiner, en een sessie heeft uitingen."
        raise InputError.single(_PLACE, "zulke cijfers kunnen niet samengaan", cure) from error


def _row(plan: Plan, found: PlannedPower | Refusal) -> tuple[Value, ...]:
    head = (plan.sites, plan.sessions_per_site, plan.sessions, plan.labels, plan.sessions * plan.labels)
    if isinstance(found, Refusal):
        return (*head, None, None, None, str(found))
    return (*head, found.power, found.error, found.detectable, None)


def _print(rows: Sequence[Sequence[Value]]) -> None:
    table = Table(box=SIMPLE_HEAD)
    for heading in ("werkplaatsen", "sessies per werkplaats", "sessies", "labels per sessie", "labels"):
        table.add_column(heading, justify="right")
    table.add_column("kans", justify="right")
    table.add_column("waarneembaar", justify="right")
    table.add_column("")
    for row in rows:
        *head, power, _, detectable, reason = row
        shown = (
            f"{_HUNDRED * power:.0f} %" if isinstance(power, float) else "",
            f"{PERCENTAGE_POINTS.number(detectable)} procentpunt" if isinstance(detectable, float) else "",
        )
        table.add_row(*map(str, head), *shown, str(reason or ""))
    width = Console(width=_WIDEST).measure(table).maximum
    Console(highlight=False, markup=False, width=width).print(table)
