"""Train the tagger of a study's codebook on the study's settled labels."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pipeline.domain.coding import CoderKind
from pipeline.domain.errors import InputError, RaamwerkError
from pipeline.domain.training import SettledLabel, TrainingSession
from pipeline.formats.params import read_params
from pipeline.steps import ingest, labels, pseudonymise, unitise
from pipeline.steps.base import prepare_base
from pipeline.steps.progress import bar, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pipeline.domain.coding import Judgement
    from pipeline.domain.study import Study
    from pipeline.steps.session import Summary
    from pipeline.steps.workplace import Workplace
    from pipeline.store.database import Store

FEWEST_UNITS, FEWEST_SESSIONS = 200, 2
"""With less, what comes out is worse than no model at all; and one session says nothing of another."""
SETTLER = "vaststelling"
"""Name of the coder whose word is final where coders differed."""


def run(workplace: Workplace, out: Path | None = None) -> Summary:
    """Bring the study up to its labels, and train; sessions that cannot be processed are left out and named.

    Args:
        workplace: where the study is.
        out: folder for the tagger; `None` for a place within the study, where its next run finds it. A tagger holds
            hashes of the words that it learnt from, so that of a real study stays with the study.

    Returns:
        Number of sessions and of labelled units it learnt from.

    Raises:
        InputError: when the study has too few settled labels to learn anything from.
    """
    study = workplace.read_study()
    codebook = workplace.read_codebook(study)
    for session in study.sessions:
        _bring_up(workplace, session.id)
    if labels.tables(workplace):
        labels.run(workplace)
    with workplace.open_store() as store:
        sessions = tuple(_labelled(study, store))
    units = {label.utterance_id for session in sessions for label in session.labels}
    if len(units) < FEWEST_UNITS or len(sessions) < FEWEST_SESSIONS:
        raise InputError.single(
            str(workplace.study),
            f"er zijn {len(units)} uitingen in {len(sessions)} sessies waarover de codeurs het eens zijn",
            f"Codeer er minstens {FEWEST_UNITS} in {FEWEST_SESSIONS} sessies; met minder leert een model niets. "
            f"Waar codeurs verschillen, beslist een codeur die '{SETTLER}' heet.",
        )
    params = read_params(workplace.params)
    prepare_base(params.base, workplace.base_folder)
    from pipeline.tagging.train import train

    place = out or workplace.own_tagger(codebook)
    with bar("Model trainen", 100) as advance:
        train(
            sessions,
            codebook,
            params,
            base=workplace.base_folder,
            out=place,
            report=lambda _what, share: advance(round(100 * share)),
        )
    say(f"Het model staat in {place}; lees daar card.md. Hoort het bij de studie, dan wordt het vanaf nu gebruikt.")
    say("Terug naar het meegeleverde model? Verwijder dan die map.")
    return {"sessies": len(sessions), "uitingen": len(units)}


def _bring_up(workplace: Workplace, session_id: str) -> None:
    try:
        for step in (ingest, pseudonymise, unitise):
            step.run(workplace, session_id)
    except RaamwerkError as error:
        say(f"Doet niet mee: {session_id}\n  {error}")


def _labelled(study: Study, store: Store) -> Iterator[TrainingSession]:
    """Give the sessions that have settled labels."""
    for session_id in store.sessions():
        judgements = store.judgements(session_id)
        settled = tuple(settle(judgements))
        units = store.unitised(session_id)
        if settled and units is not None:
            machine = any(judgement.coder_kind is CoderKind.TAALMODEL for judgement in judgements)
            yield TrainingSession(
                session=units,
                labels=settled,
                labelled_by=CoderKind.TAALMODEL if machine else CoderKind.MENS,
                written_by=CoderKind.TAALMODEL if study.fictional else None,
            )


def settle(judgements: Iterable[Judgement]) -> Iterator[SettledLabel]:
    """Give the label on which each unit ended up: the settler's, or else the one on which all coders agree.

    Args:
        judgements: current ones, one a unit, dimension and coder.

    Yields:
        At most one label a unit and dimension; where coders differ and nobody settled it, none.
    """
    given: defaultdict[tuple[str, str], dict[str, tuple[str, ...]]] = defaultdict(dict)
    for judgement in judgements:
        labels_in_order = tuple(sorted(judgement.labels))
        given[judgement.utterance_id, judgement.dimension][judgement.coder] = labels_in_order
    for (utterance_id, dimension), by_coder in given.items():
        final = by_coder.get(SETTLER)
        agreed = set(by_coder.values())
        if final is not None:
            yield SettledLabel(utterance_id, dimension, final)
        elif len(agreed) == 1:
            yield SettledLabel(utterance_id, dimension, agreed.pop())
