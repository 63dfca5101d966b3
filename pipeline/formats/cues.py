"""Read `signaalwoorden.jsonl`, the cue words beside a codebook: a JSON object a line with dimension, label and pattern.

A pattern is a row of tokens in the form of spaCy's `Matcher`, of which three conditions may be used: {"LOWER": "ik"} or
{"ORTH": "Wmo"} for the word itself, with {"OP": "?"} ("+", "*", "!") for how often it stands there.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from pipeline.domain.cues import Cue
from pipeline.formats.findings import Findings, instead_of
from pipeline.formats.intake import decode

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.domain.codebook import Codebook

FILE: Final = "signaalwoorden.jsonl"
_WORD: Final = ("LOWER", "ORTH")
_HOW_OFTEN: Final = ("?", "+", "*", "!")
_FORM: Final = 'Schrijf {"dimension": …, "label": …, "pattern": [{"LOWER": …}, …]}, één per regel.'


def read_cues(folder: Path, codebook: Codebook) -> tuple[Cue, ...]:
    """Read the cues of a codebook; none when it has no such file.

    Args:
        folder: of the codebook.
        codebook: what lies there.

    Raises:
        InputError: with every line that is no cue, or names a dimension or label that the codebook does not have.
    """
    path = folder / FILE
    if not path.is_file():
        return ()
    findings = Findings()
    cues = []
    for number, line in enumerate(decode(path.read_bytes(), path.name)[0].splitlines(), start=1):
        if line.strip():
            cue = _cue(line, f"{FILE}, regel {number}", codebook, findings)
            cues += [cue] if cue else []
    findings.stop_if_any()
    return tuple(cues)


def _cue(line: str, place: str, codebook: Codebook, findings: Findings) -> Cue | None:
    try:
        found = json.loads(line)
        cue = Cue(str(found["dimension"]), str(found["label"]), _pattern(found["pattern"]))
    except (ValueError, TypeError, KeyError):
        findings.add(place, "dit is geen signaalwoord", _FORM)
        return None
    labels = {dimension.id: dimension.label_ids for dimension in codebook.unit_dimensions}
    if cue.dimension not in labels:
        findings.add(
            place, "deze dimensie staat niet in het codeboek", instead_of(cue.dimension, list(labels), "Kies uit")
        )
    elif cue.label not in labels[cue.dimension]:
        cure = instead_of(cue.label, labels[cue.dimension], "Kies uit")
        findings.add(place, f"dit label staat niet bij '{cue.dimension}'", cure)
    return cue


def _pattern(tokens: object) -> tuple[dict[str, str], ...]:
    """Check that spaCy can match a pattern.

    Raises:
        ValueError: when it cannot.
    """
    if not isinstance(tokens, list) or not tokens or not all(_is_token(token) for token in tokens):
        message = "no pattern"
        raise ValueError(message)
    return tuple(dict(token) for token in tokens)


def _is_token(token: object) -> bool:
    if not isinstance(token, dict) or not set(token) <= {*_WORD, "OP"} or token.get("OP", "?") not in _HOW_OFTEN:
        return False
    words = [token[key] for key in _WORD if key in token]
    return len(words) == 1 and isinstance(words[0], str) and bool(words[0])
