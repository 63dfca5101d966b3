"""Give labels, dimensions and sites the name, colour and place that they keep on the whole page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.domain.codebook import DimensionKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.domain.codebook import Codebook, Dimension
    from pipeline.domain.description import LabelShare, SessionDescription, StudyDescription
    from pipeline.domain.study import Site

SERIES = 8
"""Colours with a pattern of their own in the style sheet: s0 to s7, and "none"."""
STEPS = 5
"""Shades for labels that rise in order: q0 to q4."""


@dataclass(frozen=True, slots=True)
class Names:
    """Names of everything in one description."""

    description: StudyDescription

    @property
    def codebook(self) -> Codebook:
        """The codebook of the labels."""
        return self.description.codebook

    @property
    def leading(self) -> Dimension | None:
        """The dimension whose course is shown."""
        return self.codebook.dimension(self.description.leading) if self.description.leading else None

    def label(self, dimension_id: str, label_id: str) -> str:
        """Name a label or a roll-up of a dimension."""
        names = {label.id: label.name for label in self.codebook.dimension(dimension_id).labels}
        names.update({one.id: one.name for one in self.codebook.roll_ups if one.dimension == dimension_id})
        return names[label_id]

    def site(self, site_id: str) -> str:
        """Name a site."""
        return next((site.name for site in self.description.study.sites if site.id == site_id), site_id)

    def style(self, dimension: Dimension, label_id: str) -> str:
        """Give the CSS class of a label; beyond eight labels colours return."""
        if label_id == dimension.none_label:
            return "none"
        visible = [label for label in dimension.choices if label != dimension.none_label]
        if dimension.kind is DimensionKind.ORDINAL:
            return f"q{min(visible.index(label_id), STEPS - 1)}"
        return f"s{visible.index(label_id) % SERIES}"

    def by_site(self) -> list[tuple[Site, Sequence[SessionDescription]]]:
        """Group the sessions by site; sites without sessions are left out."""
        groups = [
            (site, [one for one in self.description.sessions if one.session.site == site.id])
            for site in self.description.study.sites
        ]
        return [(site, sessions) for site, sessions in groups if sessions]


def nothing_last(dimension: Dimension, shares: Sequence[LabelShare]) -> list[LabelShare]:
    """Put the label of "nothing here" at the end and leave the others in codebook order."""
    return sorted(shares, key=lambda share: share.label == dimension.none_label)
