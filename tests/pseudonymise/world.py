"""A small invented world: four speakers, four persons spoken about, and our shipped lists."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pipeline.domain.pseudonym import PseudonymKey
from pipeline.domain.transcript import Person, Roster, Speaker, Transcript, Turn
from pipeline.formats.lists import read_name_lists
from pipeline.pseudonymise.door import Outcome, Pseudonymiser, Request

REPOSITORY = Path(__file__).parents[2]
SHARED = REPOSITORY.parent / "shared"
KEY = PseudonymKey(b"0123456789abcdef")

ROSTER = Roster(
    speakers=(
        Speaker("SW1", "Hanneke de Boer", "sociaal_werker"),
        Speaker("KM1", "Peter Klein", "klantmanager"),
        Speaker("SW2", "Wil Vos", "sociaal_werker"),
        Speaker("GL", "Yasmina Öztürk-van Dijk", "gespreksleider", "gespreksleider"),
    ),
    persons=(
        Person("Jan Visser", "CLIENT", ("Jantje",)),
        Person("Roos Visser", "KIND"),
        Person("Dr. M. van 't Wout", "PROF"),
        Person("Samira", "PARTNER"),
    ),
)


@cache
def pseudonymiser() -> Pseudonymiser:
    return Pseudonymiser(read_name_lists(REPOSITORY / "corpora" / "lists"))


def transcript(*texts: str, labels: tuple[str, ...] = ("SW1", "KM1")) -> Transcript:
    turns = tuple(Turn(at, labels[at % len(labels)], text) for at, text in enumerate(texts, start=1))
    spoken = dict.fromkeys(turn.speaker for turn in turns if turn.speaker)
    return Transcript("test", turns, tuple(Speaker(label) for label in spoken))


def run(*texts: str, roster: Roster | None = ROSTER, session: str = "noord-1", key: PseudonymKey = KEY) -> Outcome:
    spoken = transcript(*texts)
    return pseudonymiser().pseudonymise(Request(session, spoken, tuple(() for _ in texts), roster), key)


def found(text: str) -> list[list[str]]:
    return [[text[span.start : span.end], span.kind] for span in run(text).spans[0]]
