"""Lay a description out as flat tables, one row a fact, so that anyone can redo or extend it in other software."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.domain.description import LabelShare, SessionDescription, StudyDescription
    from pipeline.domain.study import Value

TABLES = ("sessies", "aandelen", "spreekaandeel", "componenten", "functie_label", "verloop")
"""Names of the tables that `tables` makes."""
Table = tuple[tuple[str, ...], tuple[tuple["Value", ...], ...]]
"""Header and rows; every row is as long as the header."""


def tables(description: StudyDescription) -> Mapping[str, Table]:
    """Give all tables of a description by name.

    Shares of labels are machine shares, not corrected; their columns say so. Shares lie in [0, 1].

    Returns:
        A table for every name in `TABLES`; each with a header, and without rows where there is nothing to tell.
    """
    made = (_sessions, _shares, _talk, _components, _roles, _course)
    return {name: make(description) for name, make in zip(TABLES, made, strict=True)}


def _sessions(description: StudyDescription) -> Table:
    variables = (*description.study.components, *description.study.outcomes)
    header = ("sessie", "werkplaats", "ronde", "datum", "beurten", "uitingen", "uitingen_niet_minimaal", "sprekers")
    return (
        (*header, "woorden", "minuten", *(variable.id for variable in variables)),
        tuple(
            (*_facts(one), *({**one.session.components, **one.session.outcomes}.get(each.id) for each in variables))
            for one in description.sessions
        ),
    )


def _facts(one: SessionDescription) -> tuple[Value, ...]:
    session = one.session
    return (
        session.id,
        session.site,
        session.round,
        session.date.isoformat() if session.date else None,
        one.turns,
        one.units,
        one.full_units,
        one.speakers,
        one.words,
        one.minutes,
    )


def _shares(description: StudyDescription) -> Table:
    header = ("sessie", "dimensie", "label", "soort", "uitingen", "van", "aandeel_machine_niet_gecorrigeerd")
    return header, tuple(
        (one.session.id, shares.dimension, share.label, kind, share.units, shares.units, share.share)
        for one in description.sessions
        for shares in one.shares
        for kind, group in (("label", shares.labels), ("samen", shares.roll_ups))
        for share in group
    )


def _talk(description: StudyDescription) -> Table:
    header = ("sessie", "functie", "sprekers", "uitingen", "woorden", "aandeel_uitingen", "aandeel_woorden")
    return header, tuple(
        (one.session.id, talk.role, talk.speakers, talk.units, talk.words, talk.unit_share, talk.word_share)
        for one in description.sessions
        for talk in one.talk
    )


def _components(description: StudyDescription) -> Table:
    header = ("component", "waarde", "werkplaats", "sessies", "scheiding")
    return header, tuple(
        (one.component.id, count.value, site.id, sessions, one.separation.value)
        for one in description.components
        for count in one.values
        for site, sessions in zip(description.study.sites, count.per_site, strict=True)
    )


def _roles(description: StudyDescription) -> Table:
    return ("sessie", "functie", *_LABEL_COLUMNS), tuple(
        (one.session.id, row.role, *_label_cells(description, share, row.units))
        for one in description.sessions
        for row in one.role_labels
        for share in row.shares
    )


def _course(description: StudyDescription) -> Table:
    return ("sessie", "deciel", *_LABEL_COLUMNS), tuple(
        (one.session.id, decile.number, *_label_cells(description, share, decile.units))
        for one in description.sessions
        for decile in one.course
        for share in decile.shares
    )


_LABEL_COLUMNS = ("dimensie", "label", "uitingen", "van", "aandeel_machine_niet_gecorrigeerd")


def _label_cells(description: StudyDescription, share: LabelShare, units: int) -> tuple[Value, ...]:
    return (description.leading, share.label, share.units, units, share.share)
