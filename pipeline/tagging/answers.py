"""What networks that did not learn from a session say of its units: kept with the tagger that did learn from it.

The tagger that ships has learnt from all sessions that were labelled, so what it says of them flatters. Whoever counts
must get the answers of the network that left them out; `Tagger.tag` gives these wherever they are kept. A unit is known
by a hash of its id and its words, so a unit whose words changed is a new one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.tagging.heads import Head
    from pipeline.tagging.network import Logits

HASH_BYTES = 12
_UNITS = "units"


@dataclass(frozen=True, slots=True)
class KeptAnswers:
    """Scores of units, before calibration.

    Attributes:
        rows: hash of a unit to its row.
        logits: dimension id to *Shape* (units, scores of all readers side by side).
    """

    rows: Mapping[bytes, int]
    logits: Logits

    def known(self, units: Sequence[tuple[str, str]]) -> list[int | None]:
        """Give the row of every unit, `None` for one without an answer.

        Args:
            units: (id, `Utterance.text_sha`) of each.
        """
        return [self.rows.get(_hash(*unit)) for unit in units]

    def put_in(self, logits: Logits, units: Sequence[tuple[str, str]]) -> Logits:
        """Put the kept answers in the place of others.

        Args:
            logits: of the units, in their order.
            units: as in `known`.
        """
        found = self.known(units)
        here = [at for at, row in enumerate(found) if row is not None]
        kept = [row for row in found if row is not None]
        if not here:
            return logits
        mixed = {name: table.copy() for name, table in logits.items()}
        for name, table in mixed.items():
            table[here] = self.logits[name][kept]
        return mixed


def write_answers(units: Sequence[tuple[str, str]], logits: Logits) -> bytes:
    """Write answers as safetensors, scores as 16-bit floats.

    Args:
        units: (id, `Utterance.text_sha`) of each, every one once; may be empty.
        logits: dimension id to *Shape* (units, scores); may be empty when there are no units.
    """
    from safetensors.numpy import save

    hashes = np.array([list(_hash(*unit)) for unit in units], np.uint8).reshape(len(units), HASH_BYTES)
    return save({_UNITS: hashes, **{name: table.astype(np.float16) for name, table in logits.items()}})


def read_answers(kept: bytes, heads: Sequence[Head]) -> KeptAnswers:
    """Read what `write_answers` wrote.

    Raises:
        ValueError: when it does not fit the heads.
    """
    from safetensors.numpy import load

    found = load(kept)
    hashes = found.pop(_UNITS)
    fits = all(len(table) == len(hashes) for table in found.values()) and (
        not len(hashes) or set(found) == {head.dimension for head in heads}
    )
    if not fits:
        message = "kept answers are of other dimensions or units"
        raise ValueError(message)
    rows = {row.tobytes(): at for at, row in enumerate(hashes)}
    return KeptAnswers(rows, {name: table.astype(float) for name, table in found.items()})


def _hash(utterance_id: str, text_sha: str) -> bytes:
    return hashlib.sha256(f"{utterance_id}\n{text_sha}".encode()).digest()[:HASH_BYTES]
