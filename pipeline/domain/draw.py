"""A probability sample of units, drawn so that people can correct the machine (`statistics.md` 1.1).

A draw holds its whole frame as it was when it was made: every eligible unit with its stratum, and which of them were
drawn, wave by wave.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Eligibility(StrEnum):
    """Which units belong to the population whose rate is estimated; fixed when the draw is made."""

    NIET_MINIMAAL = "niet_minimaal"
    """All but the minimal ones ("ja", "hm"), as everywhere else (`domain.md` 6.1)."""
    ALLE = "alle"


class Stratum(StrEnum):
    """A part of a session within which units are drawn by simple random sampling."""

    POSITIEF = "positief"
    """The machine gave at least one of the target labels."""
    OVERIG = "overig"
    """It gave none of them, or abstained."""
    GEHEEL = "geheel"
    """The session as a whole, in a draw without strata."""


@dataclass(frozen=True, slots=True)
class DrawDesign:
    """How units are drawn; the defaults are those of `statistics.md` 1.1.

    Attributes:
        targets: (id of the dimension, id of the label) of the labels that are to be compared; empty for a draw
            without strata.
        per_session: units drawn in each session, all of them where it has fewer; at least 1.
        positive_share: part of `per_session` that comes from the positive stratum, in (0, 1).
        least_per_stratum: drawn at least from a stratum, all where it has fewer; at least 1.
        eligibility: which units count.
    """

    targets: frozenset[tuple[str, str]] = frozenset()
    per_session: int = 40
    positive_share: float = 0.4
    least_per_stratum: int = 5
    eligibility: Eligibility = Eligibility.NIET_MINIMAAL

    def __post_init__(self) -> None:
        if min(self.per_session, self.least_per_stratum) < 1 or not 0 < self.positive_share < 1:
            message = f"a draw takes at least 1 unit and a share between 0 and 1, was: {self}"
            raise ValueError(message)
        if self.targets and self.per_session < 2 * self.least_per_stratum:
            message = f"{self.per_session} units cannot hold twice the least of {self.least_per_stratum} a stratum"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class DrawnStratum:
    """One stratum of one session as it was when the draw was made.

    Attributes:
        session: id of the session.
        stratum: which part of it.
        units: ids of all its eligible units, sorted; at least one.
        drawn: those drawn, in the order of drawing; each occurs in `units` and only once.
        waves: how many of `drawn` came with the first draw, the second and so on.
    """

    session: str
    stratum: Stratum
    units: tuple[str, ...]
    drawn: tuple[str, ...]
    waves: tuple[int, ...]

    def __post_init__(self) -> None:
        known = set(self.units)
        if not self.units or len(known) != len(self.units):
            message = f"stratum {self.stratum} of {self.session} must have units, each of them once"
            raise ValueError(message)
        if not known.issuperset(self.drawn) or len(set(self.drawn)) != len(self.drawn):
            message = f"units drawn from stratum {self.stratum} of {self.session} must lie in it, each of them once"
            raise ValueError(message)
        if sum(self.waves) != len(self.drawn) or min(self.waves, default=0) < 0:
            message = f"the waves of stratum {self.stratum} of {self.session} must add up to what was drawn"
            raise ValueError(message)

    @property
    def probability(self) -> float:
        """Probability with which every unit of the stratum is in the draw, all waves together; in [0, 1]."""
        return len(self.drawn) / len(self.units)

    def in_wave(self, wave: int) -> tuple[str, ...]:
        """Give the ids of the units drawn in one wave, the first one being 1, in the order of drawing."""
        return self.drawn[sum(self.waves[: wave - 1]) : sum(self.waves[:wave])]

    def until(self, waves: int) -> DrawnStratum:
        """Give the stratum as it stood after a number of waves: also a sample with known probabilities."""
        kept = self.waves[:waves]
        return replace(self, drawn=self.drawn[: sum(kept)], waves=kept)


@dataclass(frozen=True, slots=True)
class Draw:
    """A probability sample of units, as it is kept.

    Attributes:
        id: name of the draw; the labels that were collected for it carry this name.
        design: how it was drawn.
        seeds: seed of the first draw, the second and so on.
        strata: by session in order of its id, then by stratum; sessions without an eligible unit have none.
        without_units: ids of those sessions, sorted.
    """

    id: str
    design: DrawDesign
    seeds: tuple[int, ...]
    strata: tuple[DrawnStratum, ...]
    without_units: tuple[str, ...] = ()

    @property
    def sessions(self) -> tuple[str, ...]:
        """Ids of the sessions in which something was drawn, sorted."""
        return tuple(dict.fromkeys(stratum.session for stratum in self.strata))

    @property
    def units(self) -> frozenset[str]:
        """Ids of all units drawn, in whatever wave."""
        return frozenset(unit for stratum in self.strata for unit in stratum.drawn)

    def in_wave(self, wave: int) -> frozenset[str]:
        """Give the ids of the units drawn in one wave, the first one being 1."""
        return frozenset(unit for stratum in self.strata for unit in stratum.in_wave(wave))

    def until(self, waves: int) -> Draw:
        """Give the draw as it stood after a number of waves."""
        return replace(self, seeds=self.seeds[:waves], strata=tuple(stratum.until(waves) for stratum in self.strata))

    def of(self, session: str) -> tuple[DrawnStratum, ...]:
        """Give the strata of one session; none when the draw does not know it."""
        return tuple(stratum for stratum in self.strata if stratum.session == session)

    def probability(self, unit: str) -> float | None:
        """Give the inclusion probability of a unit, `None` for one that was not eligible."""
        return next((stratum.probability for stratum in self.strata if unit in stratum.units), None)
