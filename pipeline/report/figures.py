"""Make figures, each with the table of its numbers, out of a description."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

from pipeline.domain.codebook import DimensionKind
from pipeline.report import charts
from pipeline.report.contexts import Figure, Group, Heat, HeatRow, HeatTable, Line, Row, Series, Table
from pipeline.report.naming import nothing_last
from pipeline.report.wording import UNCORRECTED, count, integer, percent, role, sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.domain.codebook import Dimension
    from pipeline.domain.description import LabelShare, SessionDescription
    from pipeline.report.naming import Names

HEAT_STEPS = (0.0, 0.1, 0.2, 0.35, 0.5)
"""Shares above which a cell of a heat table becomes a shade darker."""


def label_figure(names: Names, dimension: Dimension) -> Figure | None:
    """Show how often each label of a dimension was chosen per session; `None` when it was tagged nowhere."""
    if not any(one.shares_of(dimension.id) for one in names.description.sessions):
        return None
    seldom = dimension.kind is DimensionKind.MULTI or dimension.none_label is not None
    is_leading = dimension.id == names.description.leading
    return _dots(names, dimension) if seldom and not is_leading else _bars(names, dimension)


def _bars(names: Names, dimension: Dimension) -> Figure:
    groups = []
    for site, sessions in names.by_site():
        lines = [
            Line(
                one.session.id,
                charts.stacked_bar(
                    f"{dimension.name} in {one.session.id}, machineaandelen, {UNCORRECTED}",
                    _parts(names, dimension, shares.labels),
                ),
            )
            for one in sessions
            if (shares := one.shares_of(dimension.id))
        ]
        if lines:
            groups.append(Group(site.name, tuple(lines)))
    return Figure(
        title=f"{dimension.name} per sessie",
        explanation="Elke balk is een sessie. De hele balk is 100% van de uitingen met een machinelabel.",
        groups=tuple(groups),
        tables=(_share_table(names, dimension),),
        legend=legend(names, dimension),
    )


def _dots(names: Names, dimension: Dimension) -> Figure:
    shown = _seldom(dimension)
    found = [(one, shares) for one in names.description.sessions if (shares := one.shares_of(dimension.id))]
    maximum = charts.nice_maximum(
        [share.share for _, shares in found for share in shares.labels if share.label in shown]
    )
    groups = []
    for label in shown:
        name = names.label(dimension.id, label)
        points = {
            one.session.id: charts.Point(one.session.id, share.share)
            for one, shares in found
            for share in shares.labels
            if share.label == label
        }
        lines = [
            Line(
                site.name,
                charts.strip(
                    f"{name} in {site.name}, machineaandelen, {UNCORRECTED}",
                    [points[one.session.id] for one in sessions if one.session.id in points],
                    maximum,
                ),
            )
            for site, sessions in names.by_site()
        ]
        groups.append(Group(name, tuple(lines), charts.axis(maximum)))
    return Figure(
        title=f"{dimension.name} per sessie",
        explanation="Elk open rondje is een sessie; hoe verder naar rechts, hoe vaker het model dit label gaf. "
        "In de tabel staat welke sessie het is.",
        groups=tuple(groups),
        tables=(_share_table(names, dimension),),
        style="dots",
    )


def _parts(names: Names, dimension: Dimension, shares: Sequence[LabelShare]) -> list[charts.Part]:
    return [
        charts.Part(names.style(dimension, share.label), names.label(dimension.id, share.label), share.share)
        for share in nothing_last(dimension, shares)
    ]


def legend(names: Names, dimension: Dimension) -> tuple[Series, ...]:
    """Give the labels of a dimension with their colour, "nothing here" last."""
    order = sorted(dimension.choices, key=lambda label: label == dimension.none_label)
    return tuple(Series(names.style(dimension, label), names.label(dimension.id, label)) for label in order)


def _share_table(names: Names, dimension: Dimension) -> Table:
    found = [(one, shares) for one in names.description.sessions if (shares := one.shares_of(dimension.id))]
    columns = [share.label for share in (*found[0][1].labels, *found[0][1].roll_ups)]
    return Table(
        caption=f"{dimension.name}: machineaandelen per sessie, {UNCORRECTED}",
        head=("Sessie", "Uitingen", *(names.label(dimension.id, label) for label in columns)),
        rows=tuple(
            Row(
                one.session.id,
                (integer(shares.units), *(percent(share.share) for share in (*shares.labels, *shares.roll_ups))),
            )
            for one, shares in found
        ),
    )


def course_figure(names: Names, one: SessionDescription) -> Figure | None:
    """Show what the model saw from begin to end of a session; `None` when it was not tagged for anything shown here."""
    tagged = [names.codebook.dimension(marked) for marked in names.description.marked if one.shares_of(marked)]
    leading = names.leading if one.course else None
    if leading is None and not tagged:
        return None
    lanes = [_lanes(names, one, dimension, shape) for dimension, shape in zip(tagged, cycle(_SHAPES), strict=False)]
    return Figure(
        title="Verloop van het gesprek",
        explanation="Van links naar rechts: van het begin tot het eind van het gesprek. Elke kolom is een tiende van "
        "de uitingen; elk open teken is één uiting. Rechts staat het aantal.",
        groups=(*((_columns(names, one, leading),) if leading else ()), *lanes),
        tables=(
            *((_course_table(names, one, leading),) if leading else ()),
            *((_marks_table(names, one, tagged),) if tagged else ()),
        ),
        legend=legend(names, leading) if leading else (),
        style="course",
    )


_SHAPES = ("diamond", "circle")


def _columns(names: Names, one: SessionDescription, leading: Dimension) -> Group:
    columns = [_parts(names, leading, decile.shares) for decile in one.course]
    picture = charts.course(f"Verloop van {one.session.id}, machineaandelen, {UNCORRECTED}", columns)
    return Group(leading.name, (Line("", picture),), ("begin", "midden", "eind"))


def _lanes(names: Names, one: SessionDescription, dimension: Dimension, shape: str) -> Group:
    lines = []
    for label in _seldom(dimension):
        name = names.label(dimension.id, label)
        positions = [mark.position for mark in one.marks if (mark.dimension, mark.label) == (dimension.id, label)]
        picture = charts.lane(f"{name} in {one.session.id}, machinelabels, {UNCORRECTED}", positions, shape)
        lines.append(Line(name, picture, integer(len(positions))))
    return Group(dimension.name, tuple(lines))


def _seldom(dimension: Dimension) -> list[str]:
    return [label for label in dimension.choices if label != dimension.none_label]


def _course_table(names: Names, one: SessionDescription, leading: Dimension) -> Table:
    labels = legend(names, leading)
    return Table(
        caption=f"{one.session.id}: {leading.name.lower()} per tiende deel, machineaandelen, {UNCORRECTED}",
        head=("Deel", "Uitingen", *(series.name for series in labels)),
        rows=tuple(
            Row(
                str(decile.number),
                (
                    integer(decile.units),
                    *(percent(share.share) for share in nothing_last(leading, decile.shares)),
                    *("–" for _ in labels[len(decile.shares) :]),
                ),
            )
            for decile in one.course
        ),
    )


def _marks_table(names: Names, one: SessionDescription, tagged: Sequence[Dimension]) -> Table:
    rows = []
    for dimension in tagged:
        for label in _seldom(dimension):
            marks = [mark for mark in one.marks if (mark.dimension, mark.label) == (dimension.id, label)]
            turns = ", ".join(dict.fromkeys(str(mark.turn) for mark in marks)) or "–"
            rows.append(Row(names.label(dimension.id, label), (dimension.name, turns, integer(len(marks)))))
    return Table(
        caption=f"{one.session.id}: in welke beurt, machinelabels, {UNCORRECTED}",
        head=("Label", "Onderdeel", "Beurten", "Uitingen"),
        rows=tuple(rows),
        words=2,
    )


def talk_figure(one: SessionDescription) -> Figure | None:
    """Show who speaks in a session; `None` when nobody says more than "ja" and "hm"."""
    if not one.talk:
        return None
    groups = [
        Group(
            f"{sentence(role(talk.role))} ({count(talk.speakers, 'spreker', 'sprekers')})",
            (
                Line(
                    "woorden",
                    charts.talk_bar(f"{role(talk.role)}, woorden", talk.word_share, "words"),
                    percent(talk.word_share),
                ),
                Line(
                    "uitingen",
                    charts.talk_bar(f"{role(talk.role)}, uitingen", talk.unit_share, "units"),
                    percent(talk.unit_share),
                ),
            ),
        )
        for talk in one.talk
    ]
    return Figure(
        title="Spreekaandeel per functie",
        explanation="Geteld, niet voorspeld: deel van alle woorden en van alle uitingen, zonder minimale reacties.",
        groups=tuple(groups),
        tables=(
            Table(
                caption=f"{one.session.id}: spreekaandeel per functie",
                head=("Functie", "Sprekers", "Woorden", "Deel", "Uitingen", "Deel"),
                rows=tuple(
                    Row(
                        sentence(role(talk.role)),
                        (
                            integer(talk.speakers),
                            integer(talk.words),
                            percent(talk.word_share),
                            integer(talk.units),
                            percent(talk.unit_share),
                        ),
                    )
                    for talk in one.talk
                ),
            ),
        ),
        machine=False,
        style="talk",
    )


def heat_table(names: Names, one: SessionDescription) -> HeatTable | None:
    """Show the leading dimension by profession; `None` when the session was not tagged."""
    leading = names.leading
    if leading is None or not one.role_labels:
        return None
    return HeatTable(
        title=f"{sentence(leading.name)} per functie",
        explanation="Per functie: welk deel van de eigen uitingen het model zo labelde, met daaronder het aantal.",
        head=tuple(series.name for series in legend(names, leading)),
        rows=tuple(
            HeatRow(
                sentence(role(row.role)),
                integer(row.units),
                tuple(
                    Heat(percent(share.share), integer(share.units), sum(share.share > step for step in HEAT_STEPS))
                    for share in nothing_last(leading, row.shares)
                ),
            )
            for row in one.role_labels
        ),
    )
