"""Replaces spans of a text and tells where every position of it went."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A text after replacing.

    Attributes:
        text: the new text.
        starts: where each replaced span began in the old text, rising.
        ends: where it ended, exclusive.
        shifts: by how much everything after it has moved.
    """

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    shifts: tuple[int, ...]

    def position(self, old: int) -> int:
        """Give the new place of a position; one inside a replaced span moves to the end of its placeholder."""
        at = bisect_right(self.starts, old) - 1
        if at < 0:
            return old
        if old == self.starts[at]:
            return old + (self.shifts[at - 1] if at else 0)
        return max(old, self.ends[at]) + self.shifts[at]


def rewrite(text: str, replacements: Sequence[tuple[int, int, str]]) -> Rewritten:
    """Replace parts of a text.

    Args:
        text: the old text.
        replacements: start, end and new words of each part, in order, without overlap.
    """
    pieces = []
    shifts = []
    last = shift = 0
    for start, end, words in replacements:
        pieces += [text[last:start], words]
        shift += len(words) - (end - start)
        shifts.append(shift)
        last = end
    pieces.append(text[last:])
    starts = tuple(start for start, _, _ in replacements)
    ends = tuple(end for _, end, _ in replacements)
    return Rewritten("".join(pieces), starts, ends, tuple(shifts))
