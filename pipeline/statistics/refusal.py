"""The answer of this room when a number cannot be had: a sentence that says why, and one that says what would help.

Bad input (a component that does not vary, one session in a site, no draw, a missing value) never leads to a traceback
or to a silent number; every function that can meet it returns this type beside its result.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that is not computed.

    Attributes:
        why: what stands in the way, as a Dutch sentence.
        cure: what would take it away, as a Dutch sentence.
    """

    why: str
    cure: str

    def __str__(self) -> str:
        return f"{self.why} {self.cure}"
