"""All that is known of a study at the moment that its components are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.domain.codebook import Codebook
    from pipeline.domain.coding import Judgement, Prediction
    from pipeline.domain.draw import Draw
    from pipeline.domain.pseudonym import UnitisedSession
    from pipeline.domain.study import Study


@dataclass(frozen=True, slots=True)
class MachineLabels:
    """What the tagger says of the units of one session.

    Attributes:
        predictions: at most one a unit and dimension; a unit without one is a unit on which the machine abstains.
        learnt_from: ids of the sessions of this study of which that model saw labels; `None` when it is not known. A
            rate is only corrected with predictions of a model that saw no label of the session itself.
    """

    predictions: tuple[Prediction, ...]
    learnt_from: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A study with its units, machine labels, draws and human labels.

    Attributes:
        study: as declared.
        codebook: of the study.
        model_version: of the tagger, `None` when there is none.
        units: session id to units; sessions of the study may be absent.
        machine: session id to machine labels; sessions may be absent.
        draws: in the order in which they were made.
        judgements: session id to what coders said; sessions may be absent. Current ones only, with draws kept apart: of
            a coder at most one a unit and dimension for each draw, and one outside all draws.
    """

    study: Study
    codebook: Codebook
    model_version: str | None
    units: Mapping[str, UnitisedSession]
    machine: Mapping[str, MachineLabels]
    draws: tuple[Draw, ...]
    judgements: Mapping[str, tuple[Judgement, ...]]
