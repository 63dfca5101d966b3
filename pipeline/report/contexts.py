"""What each template gets: everything worded, formatted and drawn; a template only lays it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table.

    Attributes:
        head: its first cell.
        cells: the others.
    """

    head: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        caption: what it holds.
        head: column heads, the one of the rows' heads included.
        rows: each with one cell less than `head`.
        words: how many of the columns after the first hold words, which stand left; the others hold numbers.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    words: int = 0


@dataclass(frozen=True, slots=True)
class Series:
    """A label in a legend.

    Attributes:
        style: CSS class that gives colour and pattern.
        name: name of the label.
    """

    style: str
    name: str


@dataclass(frozen=True, slots=True)
class Line:
    """A picture with its name beside it (above it on a telephone).

    Attributes:
        name: direct label.
        picture: SVG.
        note: number or word after the picture, or empty.
    """

    name: str
    picture: Markup
    note: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Lines that belong together, such as the sessions of one site.

    Attributes:
        name: heading, or empty.
        lines: at least one.
        axis: words below the lines, at even distances; may be empty.
    """

    name: str
    lines: tuple[Line, ...]
    axis: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its tables.

    Attributes:
        title: what it shows.
        explanation: how to read it.
        groups: its pictures.
        tables: the same numbers.
        legend: may be empty.
        machine: holds machine shares, which are not corrected.
        style: CSS class of the layout: "bars", "dots", "course" or "talk".
    """

    title: str
    explanation: str
    groups: tuple[Group, ...]
    tables: tuple[Table, ...]
    legend: tuple[Series, ...] = ()
    machine: bool = True
    style: str = "bars"


@dataclass(frozen=True, slots=True)
class Fact:
    """A number with what it counts, or a property with its value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Cover:
    """Top of the page.

    Attributes:
        title: title of the study.
        sites: names of the sites as one sentence part.
        fictional: the study is made up.
        counts: the large numbers.
        origin: date and versions.
    """

    title: str
    sites: str
    fictional: bool
    counts: tuple[Fact, ...]
    origin: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Brief:
    """In het kort.

    Attributes:
        sentences: what was done and seen.
        can: what can be read from the report.
        cannot: what cannot.
    """

    sentences: tuple[str, ...]
    can: tuple[str, ...]
    cannot: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Learnt:
    """The model has learnt from sessions that it tagged.

    Attributes:
        units: "120 uitingen uit 2 sessies".
        rows: name of the session and number of its units.
    """

    units: str
    rows: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """How one component is spread over the sites.

    Attributes:
        name: name of the component.
        verdict: whether it can be told apart from site and round, in words.
        separable: it can.
        rows: value and sessions per site and in all.
    """

    name: str
    verdict: str
    separable: bool
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Registered:
    """A question registered before the results were seen."""

    text: str
    about: str
    registered: str


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions and what was declared of them.

    Attributes:
        facts: table of counts.
        components: component values per session, or `None` when the study declares none.
        outcomes: outcome values per session, or `None`.
        sites: column heads of `spreads`.
        spreads: per component.
        questions: registered questions.
    """

    facts: Table
    components: Table | None
    outcomes: Table | None
    sites: tuple[str, ...]
    spreads: tuple[Spread, ...]
    questions: tuple[Registered, ...]


@dataclass(frozen=True, slots=True)
class Meaning:
    """A dimension and its labels, explained."""

    name: str
    question: str
    labels: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Labels:
    """Machine shares over the sessions.

    Attributes:
        figures: at least one when any session was tagged.
        meanings: what the labels mean.
        untagged: names of sessions without machine labels.
        outdated: codebook version of the labels, when it is not the one of the study, otherwise `None`.
    """

    figures: tuple[Figure, ...]
    meanings: tuple[Meaning, ...]
    untagged: tuple[str, ...]
    outdated: str | None


@dataclass(frozen=True, slots=True)
class Heat:
    """A cell of a heat table.

    Attributes:
        share: "12,3%".
        units: "14".
        step: 0 (nothing) to 5 (most), the shade.
    """

    share: str
    units: str
    step: int


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A row of a heat table."""

    head: str
    units: str
    cells: tuple[Heat, ...]


@dataclass(frozen=True, slots=True)
class HeatTable:
    """Labels of the leading dimension by profession; machine shares."""

    title: str
    explanation: str
    head: tuple[str, ...]
    rows: tuple[HeatRow, ...]


@dataclass(frozen=True, slots=True)
class SessionPage:
    """One session.

    Attributes:
        anchor: id in the page.
        name: its id in the study.
        facts: site, round, date and counts, in one line.
        course: labels and marks over time; `None` when the session was not tagged.
        talk: share of talk; `None` when it has no full units.
        heat: `None` when it was not tagged.
        warnings: remarks of the reader of its file.
    """

    anchor: str
    name: str
    facts: str
    course: Figure | None
    talk: Figure | None
    heat: HeatTable | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SitePages:
    """The sessions of one site."""

    name: str
    sessions: tuple[SessionPage, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """A session that is not described, and why."""

    name: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """Verantwoording.

    Attributes:
        replaced: spans replaced per kind, or `None` when nothing was replaced.
        replaced_per_session: the same per session, or `None`.
        judged: units with labels of people and of language models per session, or `None` when there are none.
        set_aside: labels that do not count because the words of their unit changed: "3 labels"; empty when there are
            none.
        warnings: name of the session and remarks of the reader of its file.
        origin: versions and dates.
    """

    replaced: Table | None
    replaced_per_session: Table | None
    judged: Table | None
    set_aside: str
    warnings: tuple[Failure, ...]
    origin: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """The whole report.

    Attributes:
        style: the style sheet.
        cover: top.
        brief: in het kort.
        learnt: `None` when the model has not learnt from these sessions.
        sessions: sessions and components.
        labels: machine shares over the sessions.
        sites: sessions one by one.
        failures: sessions that are not described.
        account: where everything comes from.
    """

    style: Markup
    cover: Cover
    brief: Brief
    learnt: Learnt | None
    sessions: Sessions
    labels: Labels
    sites: tuple[SitePages, ...]
    failures: tuple[Failure, ...]
    account: Account
