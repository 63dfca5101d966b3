"""What a study looks like before anything is concluded from it, and where that picture came from.

All shares of labels in here are shares of *machine* labels: not corrected for the tagger's mistakes, so not to be
compared between sessions, sites or components (`statistics.md` 0.2).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from pipeline.domain.codebook import Codebook
    from pipeline.domain.study import Component, Session, Study, Value


@dataclass(frozen=True, slots=True)
class LabelShare:
    """How often the model chose a label or one of a roll-up.

    Attributes:
        label: id of the label or roll-up.
        units: number of units with it.
        share: `units` as a part of the units looked at, in [0, 1].
    """

    label: str
    units: int
    share: float


@dataclass(frozen=True, slots=True)
class DimensionShares:
    """The labels of one dimension in one session, not corrected.

    Attributes:
        dimension: id of the dimension.
        units: tagged units, minimal ones left out; at least 1. The denominator of every share.
        labels: every choice of the dimension, in codebook order; shares sum to 1 unless the dimension is a multi one.
        roll_ups: the roll-ups of this dimension, in codebook order.
    """

    dimension: str
    units: int
    labels: tuple[LabelShare, ...]
    roll_ups: tuple[LabelShare, ...] = ()


@dataclass(frozen=True, slots=True)
class TalkShare:
    """How much people of one profession spoke in a session; counted, not predicted.

    Attributes:
        role: profession (`functie`), or else the group of a study of interviews; `None` when unknown.
        speakers: how many of them spoke; 0 where nobody was named.
        units: their non-minimal units.
        words: the words in those.
        unit_share: part of all non-minimal units, in [0, 1].
        word_share: part of the words of all non-minimal units, in [0, 1].
    """

    role: str | None
    speakers: int
    units: int
    words: int
    unit_share: float
    word_share: float


@dataclass(frozen=True, slots=True)
class Decile:
    """A tenth of a session by position of its tagged units (not by clock, after Harris et al. 2013).

    Attributes:
        number: 1 to 10.
        units: tagged units in it; 0 is possible when the session has fewer than ten.
        shares: every choice of the leading dimension; empty when `units` is 0.
    """

    number: int
    units: int
    shares: tuple[LabelShare, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A unit in which the model saw something that happens seldom, such as a bridge.

    Attributes:
        dimension: id of the dimension.
        label: id of the label.
        utterance_id: id of the unit.
        turn: number of its turn in the delivered file.
        position: place among the tagged units, in (0, 1).
    """

    dimension: str
    label: str
    utterance_id: str
    turn: int
    position: float


@dataclass(frozen=True, slots=True)
class RoleLabels:
    """The labels of the leading dimension for one profession: one row of the "framekaart".

    Attributes:
        role: as in `TalkShare`.
        units: their tagged units; at least 1.
        shares: every choice of the leading dimension; shares sum to 1.
    """

    role: str | None
    units: int
    shares: tuple[LabelShare, ...]


@dataclass(frozen=True, slots=True)
class SessionDescription:
    """One session in numbers.

    Attributes:
        session: its row in the study.
        turns: turns as delivered.
        units: all units.
        full_units: units that are not minimal.
        speakers: people who speak.
        words: words of all units; a placeholder counts as one.
        minutes: from the first moment to the last that the transcript knows, or `None` without times.
        talk: per profession, most words first, unknown last.
        shares: per dimension of the codebook that was tagged; empty when the session was not tagged.
        course: ten deciles of the leading dimension; empty when it was not tagged.
        marks: in order of position.
        role_labels: leading dimension by profession, in the order of `talk`.
    """

    session: Session
    turns: int
    units: int
    full_units: int
    speakers: int
    words: int
    minutes: float | None
    talk: tuple[TalkShare, ...]
    shares: tuple[DimensionShares, ...]
    course: tuple[Decile, ...]
    marks: tuple[Mark, ...]
    role_labels: tuple[RoleLabels, ...]

    def shares_of(self, dimension_id: str) -> DimensionShares | None:
        """Give the shares of a dimension, `None` where it was not tagged."""
        return next((shares for shares in self.shares if shares.dimension == dimension_id), None)


class Separation(StrEnum):
    """Whether a component can be told apart from site and round (`statistics.md` 2.2, before any effect)."""

    ONBEKEND = "onbekend"
    """No session has a value."""
    GELIJK = "gelijk"
    """The same value in every session."""
    WERKPLAATS = "valt samen met werkplaats"
    """Several values, and one value within each site."""
    RONDE = "valt samen met ronde"
    """Varies within sites, and has one value within each round."""
    WERKPLAATS_EN_RONDE = "valt samen met werkplaats en ronde"
    """Varies within sites and within rounds, and has one value within each round of a site (of several sessions)."""
    WISSELT = "wisselt"
    """Varies within at least one site (and round)."""


@dataclass(frozen=True, slots=True)
class ValueCount:
    """In how many sessions a component has a value.

    Attributes:
        value: the value.
        per_site: sessions per site, in the order of `Study.sites`.
    """

    value: Value
    per_site: tuple[int, ...]

    @property
    def sessions(self) -> int:
        """Sessions over all sites."""
        return sum(self.per_site)


@dataclass(frozen=True, slots=True)
class SiteRange:
    """Lowest, middle and highest value of a number at one site.

    Attributes:
        site: id of the site.
        sessions: sessions with a value; at least 1.
        low: lowest.
        median: middle one.
        high: highest.
    """

    site: str
    sessions: int
    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True)
class ComponentDescription:
    """How a component is spread over the sessions that could be described; says nothing of what it does.

    Attributes:
        component: as declared.
        separation: whether it can be told apart from site and round.
        varying_sites: ids of the sites within which it varies, in the order of the study.
        missing: sessions without a value.
        values: values in declared order, or rising.
        ranges: per site that has values, for numbers only.
    """

    component: Component
    separation: Separation
    varying_sites: tuple[str, ...]
    missing: int
    values: tuple[ValueCount, ...]
    ranges: tuple[SiteRange, ...] = ()


@dataclass(frozen=True, slots=True)
class StudyDescription:
    """A whole study in numbers.

    Attributes:
        study: as declared.
        codebook: what the labels mean.
        leading: id of the dimension whose course and spread over professions are described (frame, kijkhoek), or
            `None` when the codebook has no single-label dimension.
        marked: ids of the dimensions whose labels become marks.
        sessions: those with units, in the order of the study.
        absent: ids of sessions of the study without units, in the order of the study.
        components: in the order declared.
    """

    study: Study
    codebook: Codebook
    leading: str | None
    marked: tuple[str, ...]
    sessions: tuple[SessionDescription, ...]
    absent: tuple[str, ...]
    components: tuple[ComponentDescription, ...]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the numbers of a report come from.

    Attributes:
        software_version: version of raamwerk.
        model_version: which model gave the labels, or `None` when none did.
        codebook_version: `Codebook.version_key` of the study's codebook.
        made_on: day on which the report was made.
        learnt_from: session id to the number of its units that the model has learnt from.
        failed: session id to the reasons why it could not be processed, in Dutch.
        warnings: session id to what the reader of its file remarked, in Dutch.
        replaced: session id to (kind of placeholder, number of spans replaced).
        judged: session id to (units judged by people, units judged by a language model, labels set aside because the
            words of their unit changed).
        labelled_with: `Codebook.version_key` that the model's labels were given with, or `None` when there are none.
    """

    software_version: str
    model_version: str | None
    codebook_version: str
    made_on: date
    learnt_from: Mapping[str, int] = field(default_factory=dict)
    failed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    warnings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    replaced: Mapping[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    judged: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    labelled_with: str | None = None
