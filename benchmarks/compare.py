"""How long does the comparison of a whole study take, and how does that grow?

    python benchmarks/compare.py

Makes a study in memory (40 sessions of 600 units in 4 sites, 20 components, 8 label outcomes beside the numbers of the
talk, a stratified draw of 40 units a session with blind labels, a part of them by two coders) and compares it with the
product's own function: 9,999 permutations and 2,000 bootstraps. Then twice as much, in sessions and in
components, as ratios of processor time. Ends with status 1 when a bar is not met: 60 seconds, 1 GB, and no growth that
is faster than linear.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from datetime import date
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from pipeline.domain.codebook import Codebook, Dimension, DimensionKind, Label
from pipeline.domain.coding import CoderKind, Judgement, Prediction
from pipeline.domain.draw import Draw, DrawDesign, Eligibility
from pipeline.domain.evidence import Evidence, MachineLabels
from pipeline.domain.pseudonym import PseudonymisedSpeaker, UnitisedSession, Utterance, utterance_id
from pipeline.domain.study import Analysis, Component, Level, Outcome, Question, Session, Site, Study, ValueType
from pipeline.statistics.comparison import Design, compare
from pipeline.statistics.draws import draw_units, eligible_units, predicted_positive

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SITES = ("noord", "amsterdam", "noord_brabant", "zuyd")
SPEAKERS = (
    PseudonymisedSpeaker("PROF_SW_1", functie="sociaal_werker"),
    PseudonymisedSpeaker("PROF_KM_2", functie="klantmanager"),
    PseudonymisedSpeaker("PROF_GL_3", functie="gespreksleider"),
)
FRAMES = ("leefwereld", "activering", "rechtmatigheid", "beleid")
BRIDGES = ("brug_burger", "brug_professional", "brug_beleid", "zelf")
MODEL = "model-1"
_DAY = date(2018, 3, 1)
SECONDS, MEGABYTES = 60.0, 1_000.0
GROWTH = 1.3
"""Twice as much may take at most so many times twice the time: caches and chance."""
_LABEL_RATES = (0.30, 0.20, 0.12, 0.10)
_BRIDGE_RATES = (0.12, 0.10, 0.09, 0.15)
_HALF = 0.5
_WRONG_FRAME, _FOUND_BRIDGE, _INVENTED_BRIDGE = 0.2, 0.8, 0.08
"""How the tagger errs."""
_TWICE, _OTHERWISE = 0.2, 0.15
"""Part of the units that two people code, and of those on which the second sees something else."""
_SITE_SPREAD, _SESSION_SPREAD, _EFFECT = 0.3, 0.35, 0.6


def _labels(*ids: str) -> tuple[Label, ...]:
    return tuple(Label(one, one.capitalize(), f"definitie van {one}") for one in ids)


CODEBOOK = Codebook(
    "nagemaakt",
    "Nagemaakt codeboek",
    "1.0",
    "0123456789ab",
    "uiting",
    (
        Dimension(
            "frame",
            "Frame",
            "Welk frame?",
            DimensionKind.SINGLE,
            _labels(*FRAMES, "geen_frame"),
            none_label="geen_frame",
        ),
        Dimension("sr", "Sociale reflexiviteit", "Welke brug?", DimensionKind.MULTI, _labels(*BRIDGES)),
    ),
)


def make_evidence(
    sessions: int = 40,
    units: int = 600,
    components: int = 20,
    *,
    seed: int = 1,
    drawn: int = 40,
    learnt_from: frozenset[str] | None = frozenset(),
) -> Evidence:
    """Make a study with draws and blind labels; the first component goes with more bridges to citizens.

    Args:
        sessions: number of sessions, spread over four sites.
        units: a session, none of them minimal.
        components: number of components: yes or no, numbers and categories in turn.
        seed: of everything.
        drawn: units drawn a session; 0 for a study without a draw.
        learnt_from: sessions of which the model saw labels.
    """
    generator = np.random.default_rng(seed)
    declared = tuple(_component(at) for at in range(components))
    rows = tuple(_row(at, sessions, declared, generator) for at in range(sessions))
    truth = {row.id: _truth(row, units, generator) for row in rows}
    unitised = {row.id: _session(row.id, units, generator) for row in rows}
    machine = {
        session: MachineLabels(_predictions(unitised[session], labels, generator), learnt_from)
        for session, labels in truth.items()
    }
    study = Study(
        id="nagemaakt",
        title="Nagemaakte studie",
        codebook="nagemaakt",
        fictional=True,
        sites=tuple(Site(one, one.capitalize()) for one in SITES),
        rounds=(),
        components=declared,
        outcomes=(Outcome("inzicht", "Nieuw inzicht", ValueType.AANTAL, level=Level.CASUS),),
        questions=(
            Question("Meer bruggen?", "kenmerk_0", "sr.brug_burger", _DAY),
            Question("Meer inzicht?", "kenmerk_0", "inzicht", _DAY),
        ),
        sessions=rows,
        columns={},
        analysis=Analysis(),
    )
    draws = (_draw(unitised, machine, drawn, seed),) if drawn else ()
    judgements = {
        session: tuple(
            judgement
            for draw in draws
            for stratum in draw.of(session)
            for unit in stratum.drawn
            for judgement in _judgements(unitised[session], unit, truth[session], draw.id, generator)
        )
        for session in truth
    }
    return Evidence(study, CODEBOOK, MODEL, unitised, machine, draws, judgements)


def _component(at: int) -> Component:
    kinds = (ValueType.JA_NEE, ValueType.JA_NEE, ValueType.GETAL, ValueType.JA_NEE, ValueType.CATEGORIE)
    kind = kinds[at % len(kinds)]
    values = ("vrij", "vast", "anders") if kind is ValueType.CATEGORIE else ()
    return Component(f"kenmerk_{at}", f"Kenmerk {at}", kind, values)


def _row(at: int, sessions: int, declared: Sequence[Component], generator: np.random.Generator) -> Session:
    place = at * len(SITES) // sessions
    values: dict[str, bool | float | str | int | None] = {}
    for number, component in enumerate(declared):
        if component.type is ValueType.CATEGORIE:
            values[component.id] = component.values[int(generator.integers(len(component.values)))]
        elif component.type is ValueType.GETAL:
            values[component.id] = float(np.round(generator.uniform(30, 90), 1))
        else:
            values[component.id] = bool(at % 2) if number == 0 else bool(generator.random() < _HALF)
    score = int(np.clip(round(6 + (1.5 if values.get("kenmerk_0") else 0) + generator.normal(0, 1.2)), 1, 10))
    name = f"{SITES[place]}-{at:03d}"
    return Session(name, SITES[place], None, None, PurePosixPath(f"{name}.txt"), None, values, {"inzicht": score})


def _truth(row: Session, units: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Give the frame of every unit (number) and its bridges (units by bridges)."""
    shift = _SITE_SPREAD * (SITES.index(row.site) - 1.5) / 1.5
    frames = np.array(_LABEL_RATES) * np.exp(generator.normal(0, 0.2, len(FRAMES)))
    frames = np.append(frames, 1.0)[: len(FRAMES)] / max(1.0, frames.sum() / 0.9)
    frame = generator.choice(len(FRAMES) + 1, units, p=[*frames, 1 - frames.sum()])
    odds = np.log(np.array(_BRIDGE_RATES) / (1 - np.array(_BRIDGE_RATES))) + shift
    odds += generator.normal(0, _SESSION_SPREAD, len(BRIDGES))
    odds[0] += _EFFECT * bool(row.components.get("kenmerk_0"))
    return frame, generator.random((units, len(BRIDGES))) < 1 / (1 + np.exp(-odds))


def _session(name: str, units: int, generator: np.random.Generator) -> UnitisedSession:
    turns = generator.choice(len(SPEAKERS), units, p=generator.dirichlet([6, 5, 3]))
    listed = tuple(
        Utterance(
            utterance_id(name, turn, 1),
            name,
            turn,
            1,
            SPEAKERS[turns[turn - 1]].pseudonym,
            "een uiting van " + "woord " * (3 + turn % 11),
            None,
            None,
            minimal=False,
        )
        for turn in range(1, units + 1)
    )
    return UnitisedSession(name, SPEAKERS, listed)


def _predictions(
    session: UnitisedSession, truth: tuple[np.ndarray, np.ndarray], generator: np.random.Generator
) -> tuple[Prediction, ...]:
    """Let a tagger err: about one in five frames, and more bridges than there are."""
    frame, bridges = truth
    units = len(frame)
    wrong = generator.random(units) < _WRONG_FRAME
    said = np.where(wrong, generator.integers(0, len(FRAMES) + 1, units), frame)
    chance = generator.random(bridges.shape)
    given = np.where(bridges, chance < _FOUND_BRIDGE, chance < _INVENTED_BRIDGE)
    names = (*FRAMES, "geen_frame")
    found = []
    for at, unit in enumerate(session.utterances):
        chances = tuple((name, 0.8 if at_ == said[at] else 0.05) for at_, name in enumerate(names))
        sure = tuple((name, 0.85 if given[at, at_] else 0.1) for at_, name in enumerate(BRIDGES))
        picked = tuple(name for at_, name in enumerate(BRIDGES) if given[at, at_])
        found += [
            Prediction(unit.id, unit.text_sha, "frame", (names[said[at]],), chances, MODEL, CODEBOOK.version_key),
            Prediction(unit.id, unit.text_sha, "sr", picked, sure, MODEL, CODEBOOK.version_key),
        ]
    return tuple(found)


def _draw(unitised: Mapping[str, UnitisedSession], machine: Mapping[str, MachineLabels], drawn: int, seed: int) -> Draw:
    targets = frozenset(("sr", bridge) for bridge in BRIDGES)
    positive = predicted_positive((one for said in machine.values() for one in said.predictions), targets)
    found = draw_units(
        [(name, eligible_units(units, Eligibility.NIET_MINIMAAL)) for name, units in unitised.items()],
        positive,
        DrawDesign(targets=targets, per_session=drawn),
        draw_id="trekking-1",
        seed=seed,
    )
    if not isinstance(found, Draw):
        raise TypeError(str(found))
    return found


def _judgements(
    session: UnitisedSession,
    unit: str,
    truth: tuple[np.ndarray, np.ndarray],
    draw: str,
    generator: np.random.Generator,
) -> tuple[Judgement, ...]:
    """Give what coder a says, and in one unit in five coder b, who now and then sees it differently."""
    at = int(unit.split(".")[1]) - 1
    sha = session.utterances[at].text_sha
    names = (*FRAMES, "geen_frame")
    found = []
    for coder in ("a", "b") if generator.random() < _TWICE else ("a",):
        other = coder == "b" and generator.random() < _OTHERWISE
        frame = names[(truth[0][at] + other) % len(names)]
        bridges = tuple(name for place, name in enumerate(BRIDGES) if truth[1][at, place] and not other)
        for dimension, labels in (("frame", (frame,)), ("sr", bridges)):
            found.append(
                Judgement(
                    unit,
                    sha,
                    dimension,
                    labels,
                    coder,
                    CoderKind.MENS,
                    CODEBOOK.version_key,
                    "2020-01-01T00:00:00+00:00",
                    draw,
                    blind=True,
                )
            )
    return tuple(found)


def _timed(sessions: int, components: int) -> tuple[float, float]:
    """Give seconds by the clock, and of the processor: other work on the machine does not count in these."""
    evidence = make_evidence(sessions, 600, components)
    start = time.perf_counter(), time.process_time()
    compare(evidence, Design(seed=1))
    return time.perf_counter() - start[0], time.process_time() - start[1]


def main() -> int:
    """Print the times; 1 when a bar is not met."""
    parser = argparse.ArgumentParser(description="Time of the comparison of a whole study.")
    parser.add_argument("--sessions", type=int, default=40)
    parser.add_argument("--components", type=int, default=20)
    asked = parser.parse_args()
    _timed(8, 1)  # what is imported and compiled once
    whole, processor = _timed(asked.sessions, asked.components)
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{asked.sessions} sessions x 600 units, {asked.components} components")
    print(f"{whole:.1f} s, of which {processor:.1f} s of one processor; {used:.0f} MB at most")
    growth = {
        "sessions": _timed(2 * asked.sessions, asked.components)[1] / processor,
        "components": _timed(asked.sessions, 2 * asked.components)[1] / processor,
    }
    for name, ratio in growth.items():
        print(f"twice the {name}: {ratio:.2f} times the time")
    failed = whole > SECONDS or used > MEGABYTES or max(growth.values()) > 2 * GROWTH
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
