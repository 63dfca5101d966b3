"""How do nouns become plain data (what JSON can hold) and nouns again, without loss?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pipeline.domain.codebook import Codebook, Dimension, DimensionKind, Example, Label, RollUp
from pipeline.domain.draw import Draw, DrawDesign, DrawnStratum, Eligibility, Stratum
from pipeline.domain.pseudonym import (
    PseudonymEntry,
    PseudonymisedSpeaker,
    PseudonymisedTranscript,
    PseudonymisedTurn,
    PseudonymKey,
)
from pipeline.domain.transcript import Event, EventKind, Speaker, Transcript, Turn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.domain.study import Session, Study

Plain = Mapping[str, Any]
"""A JSON object."""


def plain_transcript(transcript: Transcript) -> dict[str, Any]:
    """Give a raw transcript as plain data; for the vault only."""
    return asdict(transcript)


def transcript_of(plain: Plain) -> Transcript:
    """Give back the transcript that `plain_transcript` was given."""
    return Transcript(
        format=plain["format"],
        turns=tuple(Turn(**{**turn, "events": _events(turn["events"])}) for turn in plain["turns"]),
        speakers=tuple(Speaker(**{**speaker, "also": tuple(speaker["also"])}) for speaker in plain["speakers"]),
        known_names=tuple(plain["known_names"]),
        header=tuple(plain["header"]),
        warnings=tuple(plain["warnings"]),
    )


def plain_pseudonymised(transcript: PseudonymisedTranscript) -> dict[str, Any]:
    """Give a pseudonymised transcript as plain data."""
    return asdict(transcript)


def pseudonymised_of(plain: Plain) -> PseudonymisedTranscript:
    """Give back the transcript that `plain_pseudonymised` was given."""
    return PseudonymisedTranscript(
        session_id=plain["session_id"],
        speakers=speakers_of(plain["speakers"]),
        turns=tuple(
            PseudonymisedTurn(**{**turn, "events": _events(turn["events"]), "cuts": tuple(turn["cuts"])})
            for turn in plain["turns"]
        ),
        replaced=tuple((kind, number) for kind, number in plain["replaced"]),
    )


def plain_speakers(speakers: Iterable[PseudonymisedSpeaker]) -> list[dict[str, Any]]:
    """Give pseudonymised speakers as plain data."""
    return [asdict(speaker) for speaker in speakers]


def speakers_of(plain: Iterable[Plain]) -> tuple[PseudonymisedSpeaker, ...]:
    """Give back the speakers that `plain_speakers` was given."""
    return tuple(PseudonymisedSpeaker(**speaker) for speaker in plain)


def plain_codebook(codebook: Codebook) -> dict[str, Any]:
    """Give a whole codebook as plain data."""
    return asdict(codebook)


def codebook_of(plain: Plain) -> Codebook:
    """Give back the codebook that `plain_codebook` was given."""
    return Codebook(
        **{
            **plain,
            "dimensions": tuple(_dimension(dimension) for dimension in plain["dimensions"]),
            "roll_ups": tuple(
                RollUp(**{**roll_up, "labels": tuple(roll_up["labels"])}) for roll_up in plain["roll_ups"]
            ),
            "rules": tuple(plain["rules"]),
        }
    )


def plain_key(key: PseudonymKey) -> dict[str, Any]:
    """Give a pseudonym key as plain data; for the encrypted key file only."""
    return {"secret": key.secret.hex(), "entries": [asdict(entry) for entry in key.entries]}


def key_of(plain: Plain) -> PseudonymKey:
    """Give back the key that `plain_key` was given."""
    return PseudonymKey(
        secret=bytes.fromhex(plain["secret"]),
        entries=tuple(PseudonymEntry(**{**entry, "also": tuple(entry["also"])}) for entry in plain["entries"]),
    )


def plain_session(session: Session) -> dict[str, Any]:
    """Give a row of sessions.csv as plain data, without its place in the table."""
    return {
        "id": session.id,
        "site": session.site,
        "round": session.round,
        "date": session.date.isoformat() if session.date else None,
        "transcript": str(session.transcript),
        "roster": str(session.roster) if session.roster else None,
        "components": dict(session.components),
        "outcomes": dict(session.outcomes),
    }


def plain_declarations(study: Study) -> dict[str, Any]:
    """Give what study.yaml declares beside id and title, as plain data."""
    return {
        "fictional": study.fictional,
        "codebook": study.codebook,
        "sites": [asdict(site) for site in study.sites],
        "rounds": list(study.rounds),
        "components": [asdict(component) for component in study.components],
        "outcomes": [asdict(outcome) for outcome in study.outcomes],
        "questions": [
            {**asdict(question), "registered": question.registered.isoformat()} for question in study.questions
        ],
        "columns": dict(study.columns),
    }


def plain_draw(draw: Draw) -> dict[str, Any]:
    """Give a draw with its whole frame as plain data."""
    return {**asdict(draw), "design": {**asdict(draw.design), "targets": sorted(draw.design.targets)}}


def draw_of(plain: Plain) -> Draw:
    """Give back the draw that `plain_draw` was given."""
    design = plain["design"]
    return Draw(
        id=plain["id"],
        design=DrawDesign(
            **{
                **design,
                "targets": frozenset((dimension, label) for dimension, label in design["targets"]),
                "eligibility": Eligibility(design["eligibility"]),
            }
        ),
        seeds=tuple(plain["seeds"]),
        strata=tuple(
            DrawnStratum(
                session=stratum["session"],
                stratum=Stratum(stratum["stratum"]),
                units=tuple(stratum["units"]),
                drawn=tuple(stratum["drawn"]),
                waves=tuple(stratum["waves"]),
            )
            for stratum in plain["strata"]
        ),
        without_units=tuple(plain["without_units"]),
    )


def _events(plain: Iterable[Plain]) -> tuple[Event, ...]:
    return tuple(Event(EventKind(event["kind"]), event["at"], event["mark"]) for event in plain)


def _dimension(plain: Plain) -> Dimension:
    return Dimension(
        **{
            **plain,
            "kind": DimensionKind(plain["kind"]),
            "labels": tuple(_label(label) for label in plain["labels"]),
            "precedence": tuple(plain["precedence"]),
            "automatic": tuple(plain["automatic"]),
        }
    )


def _label(plain: Plain) -> Label:
    return Label(
        **{
            **plain,
            "borderline": tuple(plain["borderline"]),
            "examples": tuple(
                Example(**{**example, "labels": tuple(example["labels"])}) for example in plain["examples"]
            ),
        }
    )
