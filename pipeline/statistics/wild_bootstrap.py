"""The wild cluster bootstrap over all draws: kept as the proof of what must *not* be trusted with a few sites.

With 4 sites as clusters there are 2**4 = 16 draws, which come in pairs of equal |t|, so the smallest p is 2/16 = .125
whatever the data say: no difference can be found. Software that counts draws *strictly* above what was found gives
p = 0 from the same draws. Here ties count, as in `permutation`. No analysis of the product calls this
(`statistics.md` 2.3).

Sources: Cameron, Gelbach and Miller (2008); Webb (2013).
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.statistics.effects import within_design
from pipeline.statistics.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.statistics.effects import Floats

_TIE: Final = 1e-10


def wild_cluster_p(
    rates: Floats, blocks: Sequence[str], component: Floats, clusters: Sequence[str]
) -> tuple[float, float] | Refusal:
    """Flip the residuals of whole clusters in all ways, under the hypothesis of no difference, with the t of CR1.

    Args:
        rates: *Shape* (sessions,): NaN where there is none.
        blocks: of each session.
        component: *Shape* (sessions,): one contrast.
        clusters: of each session.

    Returns:
        |t| as found, and the part of the draws that reach it, ties counted.
    """
    design = within_design(blocks, component[:, None], np.isfinite(rates))
    if isinstance(design, Refusal):
        return design
    cluster = np.unique(np.array(clusters)[design.used], return_inverse=True)[1]
    member = (cluster[:, None] == np.arange(cluster.max() + 1)).astype(np.float64)
    sessions, number = member.shape
    # The first draw is what was found. Means of blocks fall out of the regression, so only residuals need flipping.
    signs = np.array(list(itertools.product((1.0, -1.0), repeat=number)))
    flipped = design.within((signs @ member.T * design.within(rates[design.used])).T).T
    column = design.columns[:, 0] * design.inverse[0, 0]
    estimates = flipped @ column
    scores = ((flipped - estimates[:, None] * design.columns[:, 0]) * column) @ member
    scale = number / (number - 1) * (sessions - 1) / (sessions - design.blocks - 1)
    t = np.abs(estimates) / np.sqrt(scale * (scores**2).sum(axis=1))
    return float(t[0]), float((t >= t[0] * (1 - _TIE)).mean())
