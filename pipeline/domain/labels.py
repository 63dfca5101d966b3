"""Labels as people keep them in a table: what one coder said of one unit, in any of the dimensions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.domain.coding import CoderKind


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One row of a table of labels.

    Attributes:
        utterance_id: id of the unit, such as "noord-1.0012.01".
        coder: pseudonymous name of the coder.
        coder_kind: person or language model.
        labels: dimension id to labels, in codebook order: one for single and ordinal dimensions, any number for multi
            ones, where () says that nothing fits. A dimension that is not there was not coded.
        text_sha: `Utterance.text_sha` of the words that were judged, or `None` when the table does not tell.
        draw: id of the draw for which it was asked, `None` when it was asked for none.
        blind: the coder says not to have seen what a machine said of the unit.
    """

    utterance_id: str
    coder: str
    coder_kind: CoderKind
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    text_sha: str | None = None
    draw: str | None = None
    blind: bool = False


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit as a coder sees it in a table.

    Attributes:
        utterance_id: id of the unit.
        text_sha: `Utterance.text_sha` of its words.
        text: its pseudonymised words.
        functie: profession of the speaker, or `None` when unknown.
        before: what was said right before it, each with the profession of who said it: "klantmanager: Ja, klopt.".
    """

    utterance_id: str
    text_sha: str
    text: str
    functie: str | None
    before: tuple[str, ...] = ()
