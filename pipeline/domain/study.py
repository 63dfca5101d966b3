"""A study as its researchers declare it: sites, rounds, sessions, components, outcomes, questions."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from pipeline.domain.transcript import FUNCTIES, GROEPEN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import PurePosixPath

Value = bool | int | float | str | None
"""A cell of sessions.csv after checking; `None` is a missing value."""


TALK_OUTCOMES: Final = (
    *(f"gesprek.{what}_{role}" for what in ("woorden", "beurten") for role in dict.fromkeys((*FUNCTIES, *GROEPEN))),
    "gesprek.gelijkmatigheid",
    "gesprek.wederkerigheid",
)
"""Ids of the outcomes that are counted from who speaks: shares of words and turns, evenness, reciprocity."""


class ValueType(StrEnum):
    """Type of a component or outcome, with the word that study.yaml uses."""

    JA_NEE = "ja_nee"
    AANTAL = "aantal"
    GETAL = "getal"
    CATEGORIE = "categorie"
    TEKST = "tekst"


class Level(StrEnum):
    """Level of an outcome (`domain.md` 1.2)."""

    CASUS = "casus"
    VERLOOP = "verloop"
    REFLEXIVITEIT = "sociale_reflexiviteit"


@dataclass(frozen=True, slots=True)
class Site:
    """A Werkplaats."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Variable:
    """A declared property of a session, one column of sessions.csv.

    Attributes:
        id: name of the column.
        name: as shown to people.
        type: type of its values.
        values: the categories allowed, in order; empty for other types.
    """

    id: str
    name: str
    type: ValueType
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Component(Variable):
    """A component of the discussion that the study compares."""


@dataclass(frozen=True, slots=True)
class Outcome(Variable):
    """A session-level outcome measured by people, with its level."""

    level: Level = Level.CASUS


@dataclass(frozen=True, slots=True)
class Question:
    """A question registered before the results were seen."""

    text: str
    component: str
    outcome: str
    registered: date


@dataclass(frozen=True, slots=True)
class Analysis:
    """Choices for the comparison, made before the results were seen.

    Attributes:
        smallest_difference: of a share that would matter, in (0, 1).
        by_round: sessions are compared within site and round and not within site alone; `None` leaves it to the
            program: by round wherever every site has at least two sessions in each of its rounds.
        per: id of a component that is a number to how much one unit of its effect is, such as 15 (minutes).
        adjusted_for: ids of components that every effect is also computed with, as a check.
        together: ids of components to look at in one model, a group each.
    """

    smallest_difference: float = 0.05
    by_round: bool | None = None
    per: Mapping[str, float] = field(default_factory=dict)
    adjusted_for: tuple[str, ...] = ()
    together: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """One row of sessions.csv.

    Attributes:
        id: lower-case letters, digits, "-" and "_".
        site: id of its site.
        round: number of its round, or `None`.
        date: when it was held, or `None`.
        transcript: path of the transcript relative to the study folder.
        roster: path of the roster relative to the study folder, or `None`.
        components: value per component id; `None` where missing.
        outcomes: value per outcome id; `None` where missing.
    """

    id: str
    site: str
    round: int | None
    date: date | None
    transcript: PurePosixPath
    roster: PurePosixPath | None
    components: Mapping[str, Value]
    outcomes: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Study:
    """A whole study.

    Attributes:
        id: lower-case letters, digits, "-" and "_".
        title: as shown to people.
        codebook: id of a codebook that ships, or a path relative to the study folder.
        fictional: made up for demonstration; said on every page of the report.
        sites: in the order declared.
        rounds: numbers of the rounds; empty when the study has none.
        components: in the order declared.
        outcomes: in the order declared.
        questions: registered beforehand.
        sessions: in the order of sessions.csv.
        columns: mapping for transcripts in tables: our column name to theirs; empty for the usual names.
        analysis: choices for the comparison.
    """

    id: str
    title: str
    codebook: str
    fictional: bool
    sites: tuple[Site, ...]
    rounds: tuple[int, ...]
    components: tuple[Component, ...]
    outcomes: tuple[Outcome, ...]
    questions: tuple[Question, ...]
    sessions: tuple[Session, ...]
    columns: Mapping[str, str]
    analysis: Analysis = field(default_factory=Analysis)

    def session(self, session_id: str) -> Session:
        """Give a session by id.

        Raises:
            KeyError: when the study has no such session.
        """
        for session in self.sessions:
            if session.id == session_id:
                return session
        raise KeyError(session_id)
