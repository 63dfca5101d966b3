"""What the encoder gets to read of a unit: preceding units as context, then the unit, each with a role mark.

An input is `<s> context </s></s> unit </s>` (one `</s>` for BERT-type encoders). When it is too long, context goes
first, from its far end; the unit is cut only where the encoder itself can read no further. Numbers of pseudonyms are
never in it: what a placeholder refers to is said with a plain word, so that a model cannot learn who somebody is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.domain.pseudonym import PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Sequence
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


@dataclass(frozen=True, slots=True)
class Input:
    """One unit as the encoder reads it.

    Attributes:
        unit: position of the unit in `UnitisedSession.utterances`.
        ids: token ids, special tokens included.
        start: position in `ids` where the unit begins; from here to the end the vectors are averaged.
    """

    unit: int
    ids: tuple[int, ...]
    start: int


def plain_words(text: str) -> str:
    """Replace every placeholder by a plain word for its kind: "[KIND_208] slaapt" gives "kind slaapt"."""
    return PLACEHOLDER.sub(_kind_word, text)


def _kind_word(match: Match[str]) -> str:
    kind = match[1]
    return KIND_WORDS.get(kind) or kind.lower().replace("_", " ")


def role_mark(speaker: PseudonymisedSpeaker | None) -> str:
    """Say in words what a speaker is, such as "klantmanager, inbrenger"; never who."""
    if speaker is None:
        return UNKNOWN_SPEAKER
    roles = [role for role in (speaker.functie, speaker.gespreksrol, speaker.groep) if role]
    words = dict.fromkeys(ROLE_WORDS.get(role, role.replace("_", " ")) for role in roles)
    return ", ".join(words) or UNKNOWN_SPEAKER


def inputs_of(session: UnitisedSession, encoder: Encoder, context: int, max_tokens: int) -> tuple[Input, ...]:
    """Make the inputs of all units but the minimal ones, which are context only.

    Args:
        session: the units.
        encoder: whose tokenizer and limits count.
        context: number of preceding units to give along.
        max_tokens: most tokens in an input with context.
    """
    texts = [f"{role_mark(session.speaker_of(unit))}: {plain_words(unit.text)}" for unit in session.utterances]
    tokens = encoder.tokens(texts)
    inputs = []
    for at, utterance in enumerate(session.utterances):
        if not utterance.minimal:
            before = [token for earlier in tokens[max(0, at - context) : at] for token in earlier]
            inputs.append(assemble(at, before, tokens[at], encoder, max_tokens))
    return tuple(inputs)


def assemble(unit: int, before: Sequence[int], tokens: Sequence[int], encoder: Encoder, max_tokens: int) -> Input:
    """Put the tokens of context and unit together within the limits.

    Args:
        unit: position of the unit in its session.
        before: tokens of the context, in order of speaking.
        tokens: tokens of the unit.
        encoder: gives special tokens and the limit that cannot be passed.
        max_tokens: most tokens in an input with context.
    """
    kept = list(tokens[: encoder.longest - 2])
    room = min(max_tokens, encoder.longest) - 2 - encoder.separators - len(kept)
    left = list(before[-room:]) if room > 0 else []
    head = [encoder.begin, *left, *[encoder.end] * encoder.separators] if left else [encoder.begin]
    return Input(unit, (*head, *kept, encoder.end), len(head))
