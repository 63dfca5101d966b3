"""Word the sections of the report; compares nothing, because raw machine shares cannot carry a comparison."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pipeline.domain.description import Separation
from pipeline.domain.study import ValueType
from pipeline.report.contexts import (
    Account,
    Brief,
    Cover,
    Fact,
    Failure,
    Labels,
    Learnt,
    Meaning,
    Registered,
    Row,
    SessionPage,
    Sessions,
    SitePages,
    Spread,
    Table,
)
from pipeline.report.figures import course_figure, heat_table, label_figure, talk_figure
from pipeline.report.wording import count, day, decimal, integer, kind, listing, percent, value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.domain.codebook import Dimension
    from pipeline.domain.description import (
        ComponentDescription,
        Provenance,
        SessionDescription,
        StudyDescription,
    )
    from pipeline.domain.study import Component, Outcome
    from pipeline.report.naming import Names

FEW_VALUES = 5
"""A number with at most this many different values is shown value by value, otherwise as a range."""


def cover(names: Names, provenance: Provenance) -> Cover:
    """Word the top of the page."""
    description = names.description
    sites = [site.name for site, _ in names.by_site()]
    counts = [
        Fact("werkplaats" if len(sites) == 1 else "werkplaatsen", integer(len(sites))),
        Fact("sessie" if len(description.sessions) == 1 else "sessies", integer(len(description.sessions))),
        Fact("uitingen", integer(sum(one.units for one in description.sessions))),
        Fact("woorden", integer(sum(one.words for one in description.sessions))),
    ]
    return Cover(
        title=description.study.title,
        sites=listing(sites) if sites else "",
        fictional=description.study.fictional,
        counts=tuple(counts),
        origin=_origin(provenance),
    )


def _origin(provenance: Provenance) -> tuple[Fact, ...]:
    return (
        Fact("Gemaakt op", day(provenance.made_on)),
        Fact("Model", provenance.model_version or "geen"),
        Fact("Codeboek", provenance.codebook_version),
        Fact("Raamwerk", provenance.software_version),
    )


def brief(names: Names) -> Brief:
    """Say in a few sentences what was done and what can be made of it."""
    description = names.description
    sentences = (
        _what_was_done(description),
        _what_was_counted(description.sessions),
        _what_the_model_did(names),
        _what_it_saw(names),
        _where_the_marks_are(names),
        _how_components_vary(description.components),
    )
    return Brief(
        sentences=tuple(one for one in sentences if one),
        can=(
            "Wie er aan het woord is, en hoeveel. Dat is geteld.",
            "Hoe de componenten over de werkplaatsen verdeeld zijn.",
            "Op welke plekken in een gesprek je zelf kunt gaan lezen: daar zag het model iets.",
        ),
        cannot=(
            "Dat de ene sessie, ronde of werkplaats méér van iets laat zien dan de andere.",
            "Hoe vaak iets écht voorkwam. De labels zijn van een model dat zich vergist, en niet overal evenveel.",
            "Dat een component iets bevordert of tegenhoudt. Vergelijken doet ‘raamwerk compare’, in tabellen.",
        ),
    )


def _what_was_done(description: StudyDescription) -> str:
    sessions = len(description.sessions)
    planned = len(description.study.sessions)
    if not sessions:
        return "Er is nog geen sessie verwerkt, dus dit rapport is nog leeg."
    sites = len({one.session.site for one in description.sessions})
    part = f"{integer(sessions)} van de {count(planned, 'sessie', 'sessies')}"
    whole = count(sessions, "sessie", "sessies") if sessions == planned else part
    return f"Dit rapport beschrijft {whole} uit {count(sites, 'werkplaats', 'werkplaatsen')}."


def _what_was_counted(sessions: Sequence[SessionDescription]) -> str:
    units = sum(one.units for one in sessions)
    if not units:
        return ""
    short = units - sum(one.full_units for one in sessions)
    timed = [one.minutes for one in sessions if one.minutes is not None]
    spoken = f" en {_duration(sum(timed))} gesprek" if len(timed) == len(sessions) else ""
    are = "is" if short == 1 else "zijn"
    return (
        f"Samen zijn dat {count(units, 'uiting', 'uitingen')}{spoken}. Daarvan {are} er {integer(short)} "
        f"({percent(short / units)}) heel kort, zoals ‘ja’ of ‘hm’; die tellen niet mee in de aandelen."
    )


def _duration(minutes: float) -> str:
    return f"{decimal(minutes / 60)} uur" if minutes >= 90 else f"{integer(round(minutes))} minuten"  # noqa: PLR2004 - an hour and a half


def _tagged_dimensions(names: Names) -> list[Dimension]:
    return [
        dimension
        for dimension in names.codebook.unit_dimensions
        if any(one.shares_of(dimension.id) for one in names.description.sessions)
    ]


def _what_the_model_did(names: Names) -> str:
    dimensions = _tagged_dimensions(names)
    if not dimensions:
        return "Er zijn nog geen labels van een model; je ziet daarom alleen wat er geteld is."
    what = listing(f"‘{dimension.name}’" for dimension in dimensions)
    return (
        f"Een model heeft elke andere uiting gelabeld volgens het codeboek ‘{names.codebook.title}’, "
        f"voor {count(len(dimensions), 'onderdeel', 'onderdelen')}: {what}."
    )


def _what_it_saw(names: Names) -> str:
    leading = names.leading
    if leading is None or leading.none_label is None:
        return ""
    seen = [
        1 - share.share
        for one in names.description.sessions
        if (shares := one.shares_of(leading.id))
        for share in shares.labels
        if share.label == leading.none_label
    ]
    if not seen:
        return ""
    low, high = percent(min(seen)), percent(max(seen))
    how_many = f"{low} van de uitingen" if low == high else f"{low} tot {high} van de uitingen, verschillend per sessie"
    return f"Bij ‘{leading.name}’ gaf het model een inhoudelijk label aan {how_many} (niet gecorrigeerd)."


def _where_the_marks_are(names: Names) -> str:
    parts = [part for marked in names.description.marked if (part := _seen(names, marked))]
    return f"Het model zag {listing(parts)}. Ook dat is niet gecorrigeerd." if parts else ""


def _seen(names: Names, marked: str) -> str:
    """Count the units with a mark; where the codebook unites labels of the dimension, only the united ones."""
    tagged = [shares for one in names.description.sessions if (shares := one.shares_of(marked))]
    if not tagged:
        return ""
    united = [shares.roll_ups[0] for shares in tagged if shares.roll_ups]
    if united:
        name = names.label(marked, united[0].label)
        found = [share.units for share in united]
    else:
        name = names.codebook.dimension(marked).name
        found = [
            len({mark.utterance_id for mark in one.marks if mark.dimension == marked})
            for one in names.description.sessions
            if one.shares_of(marked)
        ]
    sessions = sum(units > 0 for units in found)
    return f"‘{name}’ in {count(sum(found), 'uiting', 'uitingen')} (in {count(sessions, 'sessie', 'sessies')})"


def _how_components_vary(components: Sequence[ComponentDescription]) -> str:
    if not components:
        return ""
    free = sum(one.separation is Separation.WISSELT for one in components)
    tied = sum(one.separation in _TIED for one in components)
    whole = count(len(components), "component", "componenten")
    varying = (
        f"Van de {whole} {'wisselt' if free <= 1 else 'wisselen'} er {_number(free)} binnen minstens één werkplaats."
    )
    if not tied:
        return varying
    tied_up = f"Met werkplaats of ronde {'valt' if tied == 1 else 'vallen'} er {_number(tied)} samen"
    return f"{varying} {tied_up}; {'die is' if tied == 1 else 'die zijn'} daar niet van te scheiden."


def _number(number: int) -> str:
    return {0: "geen", 1: "één"}.get(number, integer(number))


_TIED = (Separation.WERKPLAATS, Separation.RONDE, Separation.WERKPLAATS_EN_RONDE)


def learnt(provenance: Provenance) -> Learnt | None:
    """Warn when the model has seen the answers for sessions that it tagged."""
    rows = [(session, units) for session, units in provenance.learnt_from.items() if units]
    if not rows:
        return None
    units = count(sum(units for _, units in rows), "uiting", "uitingen")
    return Learnt(
        f"{units} uit {count(len(rows), 'sessie', 'sessies')}",
        tuple(Fact(session, count(units, "uiting", "uitingen")) for session, units in rows),
    )


def sessions(names: Names) -> Sessions:
    """Set out the sessions and how their components are spread."""
    study = names.description.study
    return Sessions(
        facts=_facts_table(names),
        components=_variables_table(names, "Componenten per sessie", study.components),
        outcomes=_variables_table(names, "Uitkomsten per sessie, door mensen ingevuld", study.outcomes),
        sites=tuple(site.name for site in study.sites),
        spreads=tuple(_spread(names, one) for one in names.description.components),
        questions=tuple(
            Registered(
                question.text,
                f"{_component_name(names, question.component)} → {_outcome_name(names, question.outcome)}",
                day(question.registered),
            )
            for question in study.questions
        ),
    )


def _component_name(names: Names, wanted: str) -> str:
    return next(one.name for one in names.description.study.components if one.id == wanted)


def _outcome_name(names: Names, wanted: str) -> str:
    """Name an outcome: a declared one, or a share of a label or roll-up, such as "sr.brug_beleid"."""
    declared = {one.id: one.name for one in names.description.study.outcomes}
    if wanted in declared:
        return declared[wanted]
    dimension, label = wanted.split(".")
    return f"{names.codebook.dimension(dimension).name}: {names.label(dimension, label)}"


def _facts_table(names: Names) -> Table:
    return Table(
        caption="Sessies",
        head=(
            "Sessie",
            "Werkplaats",
            "Ronde",
            "Datum",
            "Beurten",
            "Uitingen",
            "Minimaal",
            "Sprekers",
            "Woorden",
            "Minuten",
        ),
        rows=tuple(
            Row(
                one.session.id,
                (
                    names.site(one.session.site),
                    "–" if one.session.round is None else str(one.session.round),
                    day(one.session.date) if one.session.date else "–",
                    integer(one.turns),
                    integer(one.units),
                    integer(one.units - one.full_units),
                    integer(one.speakers),
                    integer(one.words),
                    "–" if one.minutes is None else integer(round(one.minutes)),
                ),
            )
            for one in names.description.sessions
        ),
        words=2,
    )


def _variables_table(names: Names, caption: str, variables: Sequence[Component] | Sequence[Outcome]) -> Table | None:
    if not variables or not names.description.sessions:
        return None
    return Table(
        caption=caption,
        head=("Sessie", *(variable.name for variable in variables)),
        rows=tuple(
            Row(
                one.session.id,
                tuple(
                    value({**one.session.components, **one.session.outcomes}.get(variable.id), variable)
                    for variable in variables
                ),
            )
            for one in names.description.sessions
        ),
        words=len(variables),
    )


def _spread(names: Names, one: ComponentDescription) -> Spread:
    separable = one.separation is Separation.WISSELT
    verdict = f"wisselt binnen {_varying(names, one)}" if separable else _VERDICTS[one.separation]
    if one.missing and one.separation is not Separation.ONBEKEND:
        verdict = f"{verdict}; {count(one.missing, 'sessie', 'sessies')} onbekend"
    return Spread(one.component.name, verdict, separable, _spread_rows(names, one))


def _varying(names: Names, one: ComponentDescription) -> str:
    everywhere = len(names.by_site()) == len(one.varying_sites) > 1
    return "elke werkplaats" if everywhere else listing(names.site(site) for site in one.varying_sites)


_VERDICTS = {
    Separation.ONBEKEND: "nergens ingevuld",
    Separation.GELIJK: "overal hetzelfde",
    Separation.WERKPLAATS: "valt samen met werkplaats",
    Separation.RONDE: "valt samen met ronde",
    Separation.WERKPLAATS_EN_RONDE: "valt samen met werkplaats en ronde",
}


def _spread_rows(names: Names, one: ComponentDescription) -> tuple[Row, ...]:
    if one.component.type is ValueType.TEKST:
        return (Row("vrije tekst", (*_counts(_filled(one)), integer(sum(_filled(one))))),)
    if len(one.values) > FEW_VALUES and one.ranges:
        found = {each.site: f"{decimal(each.low, 0)}–{decimal(each.high, 0)}" for each in one.ranges}
        cells = tuple(found.get(site.id, "–") for site in names.description.study.sites)
        low, high = min(each.low for each in one.ranges), max(each.high for each in one.ranges)
        return (Row("laagste–hoogste", (*cells, f"{decimal(low, 0)}–{decimal(high, 0)}")),)
    return tuple(
        Row(value(each.value, one.component), (*_counts(each.per_site), integer(each.sessions))) for each in one.values
    )


def _filled(one: ComponentDescription) -> tuple[int, ...]:
    return tuple(sum(counts) for counts in zip(*(each.per_site for each in one.values), strict=True))


def _counts(per_site: Sequence[int]) -> tuple[str, ...]:
    return tuple(integer(sessions) if sessions else "·" for sessions in per_site)


def labels(names: Names, provenance: Provenance) -> Labels:
    """Show the machine shares of all labels over the sessions."""
    used = provenance.labelled_with
    figures = [label_figure(names, dimension) for dimension in names.codebook.unit_dimensions]
    return Labels(
        figures=tuple(figure for figure in figures if figure),
        meanings=tuple(
            Meaning(
                dimension.name, dimension.question, tuple(Fact(each.name, each.definition) for each in dimension.labels)
            )
            for dimension in _tagged_dimensions(names)
        ),
        untagged=tuple(one.session.id for one in names.description.sessions if not one.shares),
        outdated=used if used != provenance.codebook_version else None,
    )


def site_pages(names: Names, provenance: Provenance) -> tuple[SitePages, ...]:
    """Show the sessions one by one."""
    return tuple(
        SitePages(site.name, tuple(_session_page(names, one, provenance) for one in found))
        for site, found in names.by_site()
    )


def _session_page(names: Names, one: SessionDescription, provenance: Provenance) -> SessionPage:
    session = one.session
    facts = [
        f"ronde {session.round}" if session.round is not None else "",
        day(session.date) if session.date else "",
        count(one.speakers, "spreker", "sprekers"),
        count(one.units, "uiting", "uitingen"),
        count(round(one.minutes), "minuut", "minuten") if one.minutes is not None else "",
    ]
    return SessionPage(
        anchor=f"sessie-{session.id}",
        name=session.id,
        facts=" · ".join([names.site(session.site), *(fact for fact in facts if fact)]),
        course=course_figure(names, one),
        talk=talk_figure(one),
        heat=heat_table(names, one),
        warnings=tuple(provenance.warnings.get(session.id, ())),
    )


def failures(names: Names, provenance: Provenance) -> tuple[Failure, ...]:
    """List the sessions that are not described, with the reason as far as known."""
    order = [*names.description.absent, *(one for one in provenance.failed if one not in names.description.absent)]
    return tuple(
        Failure(session, tuple(provenance.failed.get(session, ("Deze sessie is nog niet verwerkt.",))))
        for session in order
    )


def account(provenance: Provenance) -> Account:
    """Tell what was replaced, what was judged, what readers remarked and which versions were used."""
    totals: Counter[str] = Counter()
    for spans in provenance.replaced.values():
        for placeholder, number in spans:
            totals[placeholder] += number
    rows = [
        Row(kind(placeholder), (f"[{placeholder}_…]", integer(number))) for placeholder, number in totals.most_common()
    ]
    return Account(
        replaced=Table("Vervangen door een code", ("Soort", "In de tekst", "Keer"), tuple(rows), words=1)
        if rows
        else None,
        replaced_per_session=_replaced_per_session(provenance, list(dict(totals.most_common()))) if rows else None,
        judged=_judged(provenance),
        set_aside=_set_aside(provenance),
        warnings=tuple(Failure(session, tuple(said)) for session, said in provenance.warnings.items() if said),
        origin=_origin(provenance),
    )


def _replaced_per_session(provenance: Provenance, placeholders: Sequence[str]) -> Table:
    return Table(
        caption="Vervangen per sessie",
        head=("Sessie", *(kind(placeholder) for placeholder in placeholders)),
        rows=tuple(
            Row(session, tuple(integer(dict(spans).get(placeholder, 0)) for placeholder in placeholders))
            for session, spans in provenance.replaced.items()
        ),
    )


def _judged(provenance: Provenance) -> Table | None:
    rows = tuple(
        Row(session, tuple(integer(number) for number in numbers))
        for session, numbers in provenance.judged.items()
        if any(numbers)
    )
    if not rows:
        return None
    head = ("Sessie", "Uitingen met labels van mensen", "Uitingen met labels van een taalmodel", "Labels opzij gezet")
    return Table("Ingelezen labels per sessie", head, rows)


def _set_aside(provenance: Provenance) -> str:
    number = sum(set_aside for _, _, set_aside in provenance.judged.values())
    return count(number, "label", "labels") if number else ""
