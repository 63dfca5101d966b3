"""Does what follows what differ with a component? Sessions are dealt out anew within blocks (`statistics.md` 4 a).

Only where nothing has to be corrected: who speaks after whom, and labels that people gave blindly to every unit of the
sessions. Errors of a machine would make differences. A component is tested when all of its contrasts are of class A in
these sessions; of the others there is no p at all. Nothing here can be registered beforehand, so all tests are
exploratory and are adjusted together (Benjamini and Hochberg 1995).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.domain.study import ValueType
from pipeline.statistics.dynamics import Comparison, SessionTest, Transitions, compare_transitions
from pipeline.statistics.identification import IdentificationClass, identify
from pipeline.statistics.multiplicity import benjamini_hochberg
from pipeline.statistics.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.domain.study import Session
    from pipeline.statistics.effects import CodedComponent
    from pipeline.statistics.sensitivity import Layout
    from pipeline.statistics.sequences import Sequences

TURNS: Final = "spreker na spreker (functie)"
NOT_BLIND: Final = Refusal(
    "Deze labels zijn niet alle blind gegeven; een model dat ziet wie er spreekt kan ze hebben bepaald.",
    "Laat hele sessies blind coderen.",
)
_NOT_A: Final = Refusal(
    "Dit kenmerk verschilt in deze sessies te weinig binnen werkplaatsen om te toetsen.",
    "Houd in dezelfde werkplaats sessies met en zonder dit kenmerk.",
)


@dataclass(frozen=True, slots=True)
class TransitionTest:
    """A component and the transitions of one dimension, or of speakers.

    Attributes:
        what: id of the dimension, or `TURNS`.
        blind: people gave all labels without sight of a machine's; `None` for speakers.
        component: id.
        test: G² of equal transitions, permuted; or why there is none.
        adjusted: its p after Benjamini and Hochberg over all of these tests.
    """

    what: str
    blind: bool | None
    component: str
    test: SessionTest | Refusal
    adjusted: float | None = None


def compare_courses(
    sequences: Sequences,
    components: Sequence[CodedComponent],
    sessions: Sequence[Session],
    layout: Layout,
    design: tuple[int, int],
) -> tuple[TransitionTest, ...]:
    """Test all yes-or-no components and categories, as far as there is something to test.

    Args:
        sequences: of the study.
        components: coded over all sessions.
        sessions: of the study, in the order of the layout.
        layout: sites and blocks.
        design: seed and number of the arrangements, where they are drawn.

    Returns:
        A row a component for speakers, and for every dimension that people coded as a whole in any session.
    """
    grouping = [one for one in components if one.type in (ValueType.JA_NEE, ValueType.CATEGORIE)]
    found = [
        TransitionTest(what, blind, one.id, _tested(transitions, blind, one, sessions, layout, design))
        for what, blind, transitions in _testable(sequences)
        for one in grouping
    ]
    at = [number for number, one in enumerate(found) if isinstance(one.test, SessionTest)]
    raw = [one.test.p for one in found if isinstance(one.test, SessionTest)]
    for number, adjusted in zip(at, benjamini_hochberg(raw) if raw else (), strict=True):
        found[number] = replace(found[number], adjusted=adjusted)
    return tuple(found)


def _testable(sequences: Sequences) -> Iterator[tuple[str, bool | None, Transitions]]:
    if isinstance(sequences.turns, Transitions):
        yield TURNS, None, sequences.turns
    for one in sequences.dimensions:
        if isinstance(one.transitions, Transitions) and one.blind is not None:
            yield one.dimension, one.blind, one.transitions


def _tested(
    transitions: Transitions,
    blind: bool | None,  # noqa: FBT001 - as it is told
    component: CodedComponent,
    sessions: Sequence[Session],
    layout: Layout,
    design: tuple[int, int],
) -> SessionTest | Refusal:
    if blind is False:
        return NOT_BLIND
    here = component.where(np.array([session in transitions.sessions for session in layout.sessions]))
    classed = identify(here, layout.sites, layout.blocks)
    unfit = [one for one in classed if one.letter is not IdentificationClass.A]
    if unfit:
        return Refusal(unfit[0].sentence, _NOT_A.cure) if unfit[0].sentence else _NOT_A
    blocks = dict(zip(layout.sessions, layout.blocks, strict=True))
    levels = {session.id: session.components.get(component.id) for session in sessions}
    return compare_transitions(transitions, Comparison(levels, blocks, *design))
