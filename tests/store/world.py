"""A small invented study for the tests of the store."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from pathlib import PurePosixPath

from pipeline.domain.codebook import Codebook, Dimension, DimensionKind, Example, Label, RollUp
from pipeline.domain.coding import CoderKind, Judgement, Prediction
from pipeline.domain.draw import Draw, DrawDesign, DrawnStratum, Stratum
from pipeline.domain.pseudonym import (
    PseudonymisedSpeaker,
    PseudonymisedTranscript,
    PseudonymisedTurn,
    UnitisedSession,
    Utterance,
    utterance_id,
)
from pipeline.domain.study import Component, Level, Outcome, Question, Session, Site, Study, ValueType
from pipeline.domain.transcript import Event, EventKind

MODEL = "casuistiek-abc"
BOOK = Codebook(
    id="casuistiek",
    title="Casuïstiek",
    version="1.0",
    sha="0123456789ab",
    unit="de uiting",
    dimensions=(
        Dimension(
            id="frame",
            name="Frame",
            question="Welk frame?",
            kind=DimensionKind.SINGLE,
            labels=(
                Label(
                    "leefwereld",
                    "Leefwereld",
                    "wat iemand meemaakt",
                    borderline=("geen regels",),
                    examples=(
                        Example("Ze slaapt slecht.", ("leefwereld",)),
                        Example("Ze krijgt geld.", ("geen_frame",), near_miss=True, note="dit is een regel"),
                    ),
                ),
                Label("geen_frame", "Geen frame", "niets van dit al"),
            ),
            none_label="geen_frame",
            precedence=("leefwereld", "geen_frame"),
        ),
        Dimension(
            "sr",
            "Sociale reflexiviteit",
            "Wat?",
            DimensionKind.MULTI,
            (Label("vraag", "Vraag", "vraagt"),),
            gate="frame",
        ),
    ),
    roll_ups=(RollUp("alles", "Alles", "frame", ("leefwereld", "geen_frame")),),
    rules=("Kijk naar de uiting zelf.",),
)
SPEAKERS = (
    PseudonymisedSpeaker("PROF_KM_417", "klantmanager", "inbrenger"),
    PseudonymisedSpeaker("PROF_SW_8", "sociaal_werker", None, "sociale_professional"),
)


def study(*sessions: str, study_id: str = "proef") -> Study:
    return Study(
        id=study_id,
        title="Een proef",
        codebook="casuistiek",
        fictional=True,
        sites=(Site("noord", "Noord"),),
        rounds=(1, 2),
        components=(Component("voorwerk", "Voorwerk", ValueType.JA_NEE),),
        outcomes=(Outcome("besluit", "Besluit", ValueType.GETAL, level=Level.VERLOOP),),
        questions=(Question("Helpt voorwerk?", "voorwerk", "besluit", date(2026, 1, 5)),),
        sessions=tuple(
            Session(
                id=name,
                site="noord",
                round=1,
                date=date(2026, 2, 3),
                transcript=PurePosixPath(f"transcripten/{name}.docx"),
                roster=None,
                components={"voorwerk": True},
                outcomes={"besluit": 3.5},
            )
            for name in sessions
        ),
        columns={},
    )


def transcript(session_id: str, *texts: str) -> PseudonymisedTranscript:
    return PseudonymisedTranscript(
        session_id,
        SPEAKERS,
        tuple(
            PseudonymisedTurn(
                number,
                SPEAKERS[number % 2].pseudonym if number % 3 else None,
                text,
                start=number * 1.1,
                end=None,
                events=(Event(EventKind.LACHEN, 1),),
                cuts=(2,) if len(text) > 2 else (),
                confidence=0.875,
            )
            for number, text in enumerate(texts, start=1)
        ),
        replaced=(("PROF_KM", 2), ("KIND", 1)),
    )


def units(session_id: str, *texts: str) -> UnitisedSession:
    return UnitisedSession(
        session_id,
        SPEAKERS,
        tuple(
            Utterance(
                id=utterance_id(session_id, turn, 1),
                session_id=session_id,
                turn=turn,
                segment=1,
                speaker=SPEAKERS[0].pseudonym,
                text=text,
                start=turn / 3,
                end=None,
                minimal=text == "ja",
            )
            for turn, text in enumerate(texts, start=1)
        ),
    )


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def prediction(
    unit: str, text: str, *, share: float = 0.75, dimension: str = "frame", model: str = MODEL
) -> Prediction:
    label = "leefwereld" if share > 0.5 else "geen_frame"
    probabilities = (("leefwereld", share), ("geen_frame", 1 - share))
    return Prediction(unit, sha(text), dimension, (label,), probabilities, model, BOOK.version_key)


def judgement(unit: str, text: str, *labels: str, coder: str = "c1", book: str = BOOK.version_key) -> Judgement:
    return Judgement(unit, sha(text), "frame", labels, coder, CoderKind.MENS, book, "2026-03-01T10:00:00+00:00")


def draw(*waves: tuple[str, ...], name: str = "trekking-1", session: str = "a") -> Draw:
    """Make a draw from the units 1 to 9 of a session; give the units drawn in each wave."""
    frame = tuple(f"{session}.000{turn}.01" for turn in range(1, 10))
    drawn = tuple(unit for wave in waves for unit in wave)
    strata = (DrawnStratum(session, Stratum.POSITIEF, frame, drawn, tuple(map(len, waves))),)
    design = DrawDesign(targets=frozenset({("sr", "vraag"), ("frame", "leefwereld")}))
    return Draw(name, design, tuple(range(7, 7 + len(waves))), strata, without_units=("b",))


def fixed_clock() -> datetime:
    return datetime(2026, 3, 1, 12, tzinfo=UTC)
