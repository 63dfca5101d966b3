"""A small made-up world for the tests of the tagger: a codebook with every kind of dimension, and sessions."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from pipeline.domain.codebook import Codebook, Dimension, DimensionKind, Label
from pipeline.domain.coding import CoderKind
from pipeline.domain.cues import Cue
from pipeline.domain.params import TaggerParams
from pipeline.domain.pseudonym import PseudonymisedSpeaker, UnitisedSession, Utterance, utterance_id
from pipeline.domain.training import SettledLabel, TrainingSession
from pipeline.tagging import train as room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from pipeline.tagging.train import Trained

SPEAKERS = (
    PseudonymisedSpeaker("PROF_KM_417", functie="klantmanager", gespreksrol="inbrenger"),
    PseudonymisedSpeaker("PROF_SW_23", functie="sociaal_werker", gespreksrol="deelnemer"),
    PseudonymisedSpeaker("PROF_88", functie="gespreksleider", gespreksrol="gespreksleider"),
)
LEEFWERELD = (
    "[CLIENT_5] slaapt al weken bij een vriendin op de bank en komt nergens meer aan toe.",
    "Zijn moeder is ernstig ziek en hij zorgt daar elke avond voor.",
    "Het is thuis een puinhoop, er is veel ruzie en weinig rust.",
    "Hij heeft niemand om op terug te vallen, alleen die buurman.",
    "Ze is bang in huis sinds de inbraak en slaapt slecht.",
    "Er is veel verdriet in dat gezin na het overlijden van opa.",
    "De kinderen eten vaak bij oma omdat het thuis te druk is.",
    "Hij is somber, zit de hele dag binnen met de gordijnen dicht.",
)
ACTIVERING = (
    "Twee ochtenden werken in de kringloop zou een mooie eerste stap zijn.",
    "Met een cursus heftruck kan hij zo aan het werk in het magazijn.",
    "Ik zoek een werkplek waar ze weer ritme opbouwt.",
    "Een proefplaatsing bij de bakker, daar leert hij werken met collega's.",
    "Zijn cv is goed, hij moet alleen nog leren solliciteren.",
    "Volgens mij kan ze best twintig uur werken als het traject past.",
    "Laten we een stage regelen, dan komt de motivatie voor werk vanzelf.",
    "Van vrijwilligerswerk naar betaald werk is voor haar een haalbare stap.",
)
GEEN = (
    "Zullen we beginnen, iedereen heeft koffie?",
    "Mag het raam even open?",
    "Hoe laat moeten we hier weg?",
    "Wie maakt vandaag het verslag?",
    "Volgende keer zitten we in de andere zaal.",
    "Sorry, ik was even mijn telefoon kwijt.",
    "Dat staat geloof ik op bladzijde twee.",
    "We hebben nog een half uur.",
)
BRUG = (
    "Ik merk dat ik jou vaak te laat bel, en dat jij daardoor klem zit, hoe is dat voor jou?",
    "Jullie kijken anders dan wij, en ik vraag me af wat mijn manier met jouw werk doet.",
    "Ik dacht altijd dat jullie alleen controleren, maar jij zit met dezelfde vragen als ik.",
    "Wat heb jij van mij nodig, want ik denk dat wij elkaar steeds missen?",
)


def codebook(*, labels: Sequence[str] = ("leefwereld", "activering", "geen_frame")) -> Codebook:
    return Codebook(
        id="proef",
        title="Proefcodeboek",
        version="1.0",
        sha="0123456789ab",
        unit="uiting",
        dimensions=(
            Dimension(
                "frame",
                "Frame",
                "Welk frame?",
                DimensionKind.SINGLE,
                _labels(labels),
                none_label="geen_frame",
                precedence=("activering", "leefwereld"),
            ),
            Dimension("sr", "Reflexiviteit", "Welke brug?", DimensionKind.MULTI, _labels(("brug", "zelf"))),
            Dimension(
                "niveau",
                "Niveau",
                "Hoe ver?",
                DimensionKind.ORDINAL,
                _labels(("0", "1", "2")),
                none_label="0",
                gate="sr",
            ),
            Dimension(
                "bijdrage",
                "Bijdrage",
                "Wat doet het?",
                DimensionKind.SINGLE,
                _labels(("vraag", "informatie", "minimaal")),
                core=False,
                automatic=("minimaal",),
            ),
            Dimension(
                "fase",
                "Fase",
                "Welke fase?",
                DimensionKind.SINGLE,
                _labels(("begin", "eind")),
                core=False,
                per_session=True,
            ),
        ),
    )


def _labels(ids: Iterable[str]) -> tuple[Label, ...]:
    return tuple(Label(one, one, "") for one in ids)


def session(session_id: str, texts: Sequence[str]) -> UnitisedSession:
    """A session with one unit a turn, the speakers taking turns; "Ja." is minimal."""
    speakers = itertools.cycle(speaker.pseudonym for speaker in SPEAKERS)
    utterances = tuple(
        Utterance(utterance_id(session_id, turn, 1), session_id, turn, 1, who, text, None, None, text == "Ja.")
        for turn, (who, text) in enumerate(zip(speakers, texts, strict=False), start=1)
    )
    return UnitisedSession(session_id, SPEAKERS, utterances)


def labelled(session_id: str, units: Sequence[tuple[str, str, tuple[str, ...], str]]) -> TrainingSession:
    """A session with for every unit (text, frame, sr, niveau); minimal units carry no labels."""
    made = session(session_id, [text for text, *_ in units])
    labels = [
        SettledLabel(unit.id, dimension, given)
        for unit, (_, frame, sr, niveau) in zip(made.utterances, units, strict=True)
        if not unit.minimal
        for dimension, given in (("frame", (frame,)), ("sr", sr), ("niveau", (niveau,)))
    ]
    return TrainingSession(made, tuple(labels), CoderKind.TAALMODEL, CoderKind.TAALMODEL)


def world(sessions: int = 4) -> tuple[TrainingSession, ...]:
    """Sessions that share the sentences out among them, each with a minimal unit in it."""
    made = []
    for number in range(sessions):
        units: list[tuple[str, str, tuple[str, ...], str]] = []
        units += [(text, "leefwereld", (), "0") for text in LEEFWERELD[number::sessions]]
        units += [("Ja.", "geen_frame", (), "0")]
        units += [(text, "activering", (), "0") for text in ACTIVERING[number::sessions]]
        units += [(text, "geen_frame", (), "0") for text in GEEN[number::sessions]]
        units += [
            (text, "geen_frame", ("brug", "zelf") if "Ik" in text else ("brug",), "2" if "?" in text else "1")
            for text in BRUG[number::sessions]
        ]
        made.append(labelled(f"s{number + 1}", units))
    return tuple(made)


def params(base: str | Path, **changed: float) -> TaggerParams:
    values = {
        "context": 2,
        "learnt_layers": 2,
        "learning_rate_encoder": 0.003,
        "learning_rate_heads": 0.01,
        "epochs": 2,
        "least_steps": 1,
        "batch": 8,
        "as_recognised": 0.2,
        "without_roles": 0.1,
        "seed": 7,
        "folds": 3,
        "unsure": 0.2,
    }
    return TaggerParams(base=str(base), **{**values, **changed})  # type: ignore[arg-type]


def train(
    sessions: Sequence[TrainingSession],
    book: Codebook,
    told: TaggerParams,
    base: Path,
    out: Path,
    report: Callable[[str, float], None],
) -> Trained:
    """Prepare sessions and train on them."""
    return room.train(room.prepare(sessions, book, CUES, told, base), out, report)


CUES = (Cue("frame", "leefwereld", ({"LOWER": "slaapt"},)), Cue("sr", "brug", ({"LOWER": "jullie"},)))


def quiet(_what: str, _done: float) -> None:
    """A listener that does not mind."""
