"""Small studies, sessions and predictions; a test names only what matters to it."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pipeline.domain.codebook import Codebook, Dimension, DimensionKind, Label, RollUp
from pipeline.domain.coding import Prediction
from pipeline.domain.pseudonym import PseudonymisedSpeaker, UnitisedSession, Utterance, utterance_id
from pipeline.domain.study import Component, Outcome, Session, Site, Study, ValueType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.domain.study import Value


def labels(*ids: str) -> tuple[Label, ...]:
    return tuple(Label(one, one.replace("_", " ").capitalize(), f"definitie van {one}") for one in ids)


FRAME = Dimension(
    "frame",
    "Frame",
    "Welk frame?",
    DimensionKind.SINGLE,
    labels("leefwereld", "activering", "rechtmatigheid", "geen_frame"),
    none_label="geen_frame",
)
REFRAMING = Dimension(
    "reframing",
    "Reframing",
    "Wat gebeurt er met frames?",
    DimensionKind.SINGLE,
    labels("herkaderen", "geen_reframing"),
    none_label="geen_reframing",
)
SR = Dimension(
    "sr", "Sociale reflexiviteit", "Is er een brug?", DimensionKind.MULTI, labels("brug_burger", "brug_beleid")
)
NIVEAU = Dimension(
    "sr_niveau", "Niveau", "Hoe diep?", DimensionKind.ORDINAL, labels("0", "1"), none_label="0", gate="sr"
)
FASE = Dimension("fase", "Fase", "?", DimensionKind.SINGLE, labels("begin", "slot"), core=False, per_session=True)
CODEBOOK = Codebook(
    "klein",
    "Klein codeboek",
    "1.0",
    "0123456789ab",
    "uiting",
    (FRAME, REFRAMING, SR, NIVEAU, FASE),
    (RollUp("werk_inkomen", "Werk en inkomen", "frame", ("activering", "rechtmatigheid")),),
)

OTHER_CODEBOOK = Codebook(
    "eigen",
    "Eigen codeboek",
    "0.3",
    "ba9876543210",
    "uiting",
    (
        Dimension("toon", "Toon", "Hoe klinkt het?", DimensionKind.ORDINAL, labels("koel", "lauw", "warm")),
        Dimension("werkzaam", "Werkzaam", "Wat werkt?", DimensionKind.MULTI, labels("tijd", "vertrouwen")),
        Dimension("kleur", "Kleur", "Welke?", DimensionKind.SINGLE, labels(*(f"kleur_{n}" for n in range(11)))),
    ),
)


def make_session(
    session_id: str,
    spoken: Iterable[tuple[str | None, str]],
    roles: Mapping[str, str | None] | None = None,
    seconds: float | None = None,
) -> UnitisedSession:
    """Make a session of one-unit turns; the text "ja" is minimal."""
    units = tuple(
        Utterance(
            utterance_id(session_id, turn, 1),
            session_id,
            turn,
            1,
            speaker,
            text,
            None if seconds is None else (turn - 1) * seconds,
            None if seconds is None else turn * seconds,
            minimal=text == "ja",
        )
        for turn, (speaker, text) in enumerate(spoken, start=1)
    )
    speakers = dict.fromkeys(unit.speaker for unit in units if unit.speaker)
    return UnitisedSession(
        session_id, tuple(PseudonymisedSpeaker(one, functie=(roles or {}).get(one)) for one in speakers), units
    )


def predict(
    session: UnitisedSession, dimension: str, chosen: Sequence[tuple[str, ...]], codebook: Codebook = CODEBOOK
) -> tuple[Prediction, ...]:
    """Give the non-minimal units their labels, in order."""
    full = [unit for unit in session.utterances if not unit.minimal]
    return tuple(
        Prediction(unit.id, unit.text_sha, dimension, picked, (), "model-1", codebook.version_key)
        for unit, picked in zip(full, chosen, strict=True)
    )


def make_row(
    session_id: str,
    site: str = "noord",
    round_: int | None = None,
    components: Mapping[str, Value] | None = None,
    outcomes: Mapping[str, Value] | None = None,
) -> Session:
    return Session(
        session_id, site, round_, None, PurePosixPath("t.docx"), None, dict(components or {}), dict(outcomes or {})
    )


CLIENT = Component("client_aanwezig", "Cliënt aanwezig", ValueType.JA_NEE)
DURATION = Component("duur", "Duur", ValueType.GETAL)
METHOD = Component("methode", "Methode", ValueType.CATEGORIE, ("vrij", "vaste_fasen"))
AGREEMENTS = Outcome("n_afspraken", "Afspraken", ValueType.AANTAL)


def make_study(
    *sessions: Session,
    components: tuple[Component, ...] = (),
    outcomes: tuple[Outcome, ...] = (),
    title: str = "Een studie",
    fictional: bool = False,
) -> Study:
    sites = tuple(Site(one, one.capitalize()) for one in dict.fromkeys(session.site for session in sessions))
    return Study("studie", title, "klein", fictional, sites, (), components, outcomes, (), sessions, {})
