"""What the encoder gets to read of a unit: the unit and the units before it, each by itself and with a role mark.

Every unit of a session is read once, `<s> role: words </s>`, and serves both as itself and as context of the units
after it; so context never takes room from the unit, which is cut only where the encoder itself can read no further.
Numbers of pseudonyms are never in it: what a placeholder refers to is said with a plain word, so that a model cannot
learn who somebody is. Nor is the part played in the session (inbrenger, deelnemer): many transcripts do not tell it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from pipeline.domain.pseudonym import PLACEHOLDER

if TYPE_CHECKING:
    from re import Match

    from pipeline.domain.pseudonym import PseudonymisedSpeaker, UnitisedSession
    from pipeline.tagging.encoder import Encoder

UNKNOWN_SPEAKER = "onbekend"
ROLE_WORDS = {"client": "cliënt", "beleid": "beleidsmedewerker"}
"""Roles whose word is not simply their id with spaces."""
KIND_WORDS = {
    "CLIENT": "cliënt",
    "KIND": "kind",
    "PARTNER": "partner",
    "FAMILIE": "familielid",
    "PROF": "professional",
    "PROF_KM": "klantmanager",
    "PROF_SW": "sociaal werker",
    "PERSOON": "iemand",
    "PLAATS": "plaats",
    "ORG": "organisatie",
    "ADRES": "adres",
    "DATUM": "datum",
    "BEDRAG": "bedrag",
    "DIAGNOSE": "diagnose",
    "TEL": "telefoonnummer",
    "TELEFOON": "telefoonnummer",
    "EMAIL": "e-mailadres",
    "BSN": "burgerservicenummer",
    "IBAN": "rekeningnummer",
}
"""A plain word for a kind of placeholder; other kinds give their own name in lower case."""


_PUNCTUATION = re.compile(r"[^\w\s'-]")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Input:
    """One unit as the encoder reads it.

    Attributes:
        unit: position of the unit in `UnitisedSession.utterances`.
        ids: token ids of the unit, special tokens included.
        before: token ids of the preceding units, the nearest first; fewer at the start of a session.
    """

    unit: int
    ids: tuple[int, ...]
    before: tuple[tuple[int, ...], ...] = ()


def plain_words(text: str) -> str:
    """Replace every placeholder by a plain word for its kind: "[KIND_208] slaapt" gives "kind slaapt"."""
    return PLACEHOLDER.sub(_kind_word, text)


def _kind_word(match: Match[str]) -> str:
    kind = match[1]
    return KIND_WORDS.get(kind) or kind.lower().replace("_", " ")


def as_recognised(text: str) -> str:
    """Write words as speech recognition often does: lower case, without punctuation."""
    return _SPACES.sub(" ", _PUNCTUATION.sub(" ", text.lower())).strip()


def role_mark(speaker: PseudonymisedSpeaker | None) -> str:
    """Say in words what a speaker is, such as "klantmanager"; never who."""
    if speaker is None:
        return UNKNOWN_SPEAKER
    roles = [role for role in (speaker.functie, speaker.groep) if role]
    words = dict.fromkeys(ROLE_WORDS.get(role, role.replace("_", " ")) for role in roles)
    return ", ".join(words) or UNKNOWN_SPEAKER


class Guise(Enum):
    """How the words of a session are shown; training varies it, so that a tagger does not lean on one of them."""

    AS_IS = "as_is"
    RECOGNISED = "recognised"
    NO_ROLES = "no_roles"


def inputs_of(
    session: UnitisedSession, encoder: Encoder, context: int, guise: Guise = Guise.AS_IS
) -> tuple[Input, ...]:
    """Make the inputs of all units but the minimal ones, which are context only.

    Args:
        session: the units.
        encoder: whose tokenizer and limits count.
        context: number of preceding units to give along.
        guise: how the words are shown.
    """
    texts = [_shown(session, number, guise) for number in range(len(session.utterances))]
    room = encoder.longest - 2
    read = [(encoder.begin, *tokens[:room], encoder.end) for tokens in encoder.tokens(texts)]
    return tuple(
        Input(at, read[at], tuple(reversed(read[max(0, at - context) : at])))
        for at, utterance in enumerate(session.utterances)
        if not utterance.minimal
    )


def _shown(session: UnitisedSession, number: int, guise: Guise) -> str:
    utterance = session.utterances[number]
    words = plain_words(utterance.text)
    if guise is Guise.RECOGNISED:
        words = as_recognised(words)
    role = UNKNOWN_SPEAKER if guise is Guise.NO_ROLES else role_mark(session.speaker_of(utterance))
    return f"{role}: {words}"
