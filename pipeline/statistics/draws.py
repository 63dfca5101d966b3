"""Draw units blindly, with probabilities that are known, so that people can correct the machine (`statistics.md` 1.1).

The correction of a session rate is unbiased by design, whatever the tagger does, if every eligible unit had a known
probability above 0 of being drawn, and if the strata are those of the moment of drawing. So a draw holds its whole
frame: every eligible unit with its stratum, and which of them were drawn, wave by wave. What people answer and what is
computed from it is left to `rates`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.domain.draw import Draw, DrawDesign, DrawnStratum, Eligibility, Stratum
from pipeline.statistics.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from pipeline.domain.coding import Prediction
    from pipeline.domain.pseudonym import UnitisedSession

LEAST_PER_SESSION: Final = 25
"""Fewer drawn units a session leave intervals that were not shown to hold (`statistics.md` 0.3 and 7)."""


def too_few(per_session: int) -> Refusal | None:
    """Say why so many units a session are not drawn, `None` when they are enough."""
    if per_session >= LEAST_PER_SESSION:
        return None
    return Refusal(
        f"Met {per_session} uitingen per sessie zijn de cijfers te onzeker om op te vertrouwen.",
        f"Trek er ten minste {LEAST_PER_SESSION}, liever {DrawDesign().per_session}.",
    )


def eligible_units(session: UnitisedSession, rule: Eligibility) -> tuple[str, ...]:
    """Give the ids of the units that count, in order. A unit on which the machine abstains counts too."""
    return tuple(unit.id for unit in session.utterances if rule is Eligibility.ALLE or not unit.minimal)


def changed_units(draw: Draw, session: UnitisedSession) -> tuple[frozenset[str], frozenset[str]]:
    """Say which units of a session were in a draw's frame and no longer count, and which count now and were not in it.

    The first had a chance of being drawn and are gone, the second never had one: with either, the labels that were
    drawn are no sample of the session as it is (`statistics.md` 1.1, A1).

    Args:
        draw: that knows the session, perhaps as one without units.
        session: its units as they are now.
    """
    frame = {unit for stratum in draw.of(session.session_id) for unit in stratum.units}
    present = frozenset(eligible_units(session, draw.design.eligibility))
    return frozenset(frame - present), frozenset(present - frame)


def predicted_positive(predictions: Iterable[Prediction], targets: AbstractSet[tuple[str, str]]) -> frozenset[str]:
    """Give the ids of the units to which the machine gave at least one of the target labels.

    Args:
        predictions: any number a unit.
        targets: (id of the dimension, id of the label).
    """
    return frozenset(
        prediction.utterance_id
        for prediction in predictions
        if any((prediction.dimension, label) in targets for label in prediction.labels)
    )


def draw_units(
    sessions: Sequence[tuple[str, Sequence[str]]],
    positive: AbstractSet[str],
    design: DrawDesign,
    *,
    draw_id: str,
    seed: int,
) -> Draw | Refusal:
    """Draw units in every session, by simple random sampling without replacement within strata.

    The same seed gives the same draw on any machine, whatever the order of sessions and units; what is drawn in one
    session does not depend on the others.

    Args:
        sessions: id of each session with the ids of its eligible units (`eligible_units`).
        positive: units that the machine says carry a target label; not looked at when the design has no targets.
        design: how to draw.
        draw_id: name of the draw, unique in the study.
        seed: at least 0.

    Returns:
        The draw, or why none is made: no session, a session or unit named twice, or fewer than `LEAST_PER_SESSION`
        units a session.
    """
    refused = _unusable(sessions, design)
    if refused is not None:
        return refused
    frame = {session: _strata(units, positive, design) for session, units in sorted(sessions) if units}
    strata = []
    for session, parts in frame.items():
        sizes = allocate({stratum: len(units) for stratum, units in parts.items()}, design.per_session, design)
        for stratum, units in parts.items():
            taken = _take(units, sizes[stratum], _generator(seed, session, stratum, 1))
            strata.append(DrawnStratum(session, stratum, units, taken, (len(taken),)))
    return Draw(draw_id, design, (seed,), tuple(strata), tuple(sorted(name for name, units in sessions if not units)))


def extend_draw(draw: Draw, more_per_session: int, *, seed: int, effects_seen: bool) -> Draw | Refusal:
    """Draw further units from those not yet drawn, in the strata of the first draw (`statistics.md` 1.1, A4).

    Args:
        draw: the draw so far.
        more_per_session: how many further units in each session, all that are left where there are fewer; at least 1.
        seed: at least 0; may be the seed of the first draw.
        effects_seen: whether anybody has seen an effect that rests on this draw. Drawing on until an effect shows
            finds one that is not there.

    Returns:
        The draw with one wave more and the name it had, or why it cannot be extended.
    """
    if effects_seen:
        return Refusal(
            "De uitkomsten van deze steekproef zijn al bekeken; wie doorgaat tot er iets uitkomt, vindt altijd iets.",
            "Leg de omvang vast voordat er een vergelijking wordt gemaakt, of begin een nieuwe studie met nieuwe "
            "sessies.",
        )
    if more_per_session < 1:
        return Refusal(
            f"Een aanvulling van {more_per_session} uitingen per sessie is geen aanvulling.",
            "Geef een aantal van 1 of meer.",
        )
    if all(len(stratum.drawn) == len(stratum.units) for stratum in draw.strata):
        return Refusal("Alle uitingen zijn al getrokken.", "Er valt niets aan te vullen: gebruik wat er is.")
    wave = len(draw.seeds) + 1
    extended = [
        stratum
        for session in draw.sessions
        for stratum in _extend_session(draw.of(session), more_per_session, draw.design, seed, wave)
    ]
    return replace(draw, seeds=(*draw.seeds, seed), strata=tuple(extended))


def coding_order(draw: Draw, wave: int) -> tuple[str, ...]:
    """Give the sessions of a wave in the order in which they are to be coded: at random, the same for the same draw.

    Coders tire and learn; in the order of the study that would weigh on the same site or round every time. Within a
    session units are coded in the order in which they were said, for they must be understood, and the order of
    drawing would tell their stratum.

    Args:
        draw: what was drawn.
        wave: 1 for the first draw.
    """
    sessions = sorted({stratum.session for stratum in draw.strata if stratum.in_wave(wave)})
    generator = np.random.default_rng(draw.seeds[wave - 1])
    return tuple(sessions[at] for at in generator.permutation(len(sessions)).tolist())


def _extend_session(
    strata: Sequence[DrawnStratum], more: int, design: DrawDesign, seed: int, wave: int
) -> list[DrawnStratum]:
    """Draw so that the strata come as near as they can to what one larger draw would have taken."""
    drawn = {part.stratum: len(part.drawn) for part in strata}
    sizes = {part.stratum: len(part.units) for part in strata}
    wanted = allocate(sizes, sum(drawn.values()) + more, design)
    extended = []
    for part in strata:
        had = set(part.drawn)
        left = tuple(unit for unit in part.units if unit not in had)
        number = max(wanted[part.stratum] - drawn[part.stratum], 0)
        taken = _take(left, number, _generator(seed, part.session, part.stratum, wave))
        extended.append(replace(part, drawn=(*part.drawn, *taken), waves=(*part.waves, len(taken))))
    return extended


def _unusable(sessions: Sequence[tuple[str, Sequence[str]]], design: DrawDesign) -> Refusal | None:
    if not any(units for _, units in sessions):
        return Refusal("Er is geen sessie met uitingen om uit te trekken.", "Voeg eerst sessies toe en deel ze op.")
    named = Counter(session for session, _ in sessions)
    twice = sorted(session for session, times in named.items() if times > 1)
    if twice:
        return Refusal(f"Dezelfde sessie komt meermaals voor: {', '.join(twice)}.", "Noem elke sessie één keer.")
    units = Counter(unit for _, listed in sessions for unit in listed)
    double = sorted(unit for unit, times in units.items() if times > 1)
    if double:
        return Refusal(
            f"{len(double)} uitingen komen meermaals voor, zoals {double[0]}.", "Geef elke uiting een eigen naam."
        )
    return too_few(design.per_session)


def _strata(units: Sequence[str], positive: AbstractSet[str], design: DrawDesign) -> dict[Stratum, tuple[str, ...]]:
    """Divide the units of a session; sorted, so that the order in which they come does not matter."""
    if not design.targets:
        return {Stratum.GEHEEL: tuple(sorted(units))}
    parts = {
        Stratum.POSITIEF: tuple(sorted(unit for unit in units if unit in positive)),
        Stratum.OVERIG: tuple(sorted(unit for unit in units if unit not in positive)),
    }
    return {stratum: part for stratum, part in parts.items() if part}


def allocate(sizes: dict[Stratum, int], total: int, design: DrawDesign) -> dict[Stratum, int]:
    """Say how many units each stratum of a session gives; what one cannot give, the other does.

    Args:
        sizes: number of units of each stratum.
        total: how many in all, more than there are for all of them.
        design: the share and the least.
    """
    if len(sizes) == 1:
        return {stratum: min(size, total) for stratum, size in sizes.items()}
    positives, others = sizes[Stratum.POSITIEF], sizes[Stratum.OVERIG]
    least = design.least_per_stratum
    wanted = min(max(round(design.positive_share * total), least), total - least)
    of_others = min(others, total - min(positives, wanted))
    return {Stratum.POSITIEF: min(positives, total - of_others), Stratum.OVERIG: of_others}


def _take(units: Sequence[str], number: int, generator: np.random.Generator) -> tuple[str, ...]:
    return tuple(units[at] for at in generator.permutation(len(units))[:number].tolist())


def _generator(seed: int, session: str, stratum: Stratum, wave: int) -> np.random.Generator:
    """Make a generator for one stratum and wave alone, so that other sessions and earlier waves do not move it."""
    place = hashlib.sha256(f"{session}\n{stratum}\n{wave}".encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(place[:16], "big")])
