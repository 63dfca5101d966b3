"""Rules that point to a label: patterns of words, as data beside a codebook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Cue:
    """A pattern of words that points to a label.

    Attributes:
        dimension: id of the dimension.
        label: id of the label that it points to.
        pattern: tokens in a row, each a set of conditions as spaCy's `Matcher` takes them, such as {"LOWER": "ik"}.
    """

    dimension: str
    label: str
    pattern: tuple[Mapping[str, object], ...]
