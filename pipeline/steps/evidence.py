"""Gather all that is known of a study, so that its components can be compared."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from pipeline.domain.evidence import Evidence, MachineLabels
from pipeline.steps.session import units_of
from pipeline.tagging.answers import read_answers
from pipeline.tagging.weights import read_tagger

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.domain.pseudonym import UnitisedSession, Utterance
    from pipeline.steps.overview import Overview
    from pipeline.steps.workplace import Workplace
    from pipeline.store.database import Store
    from pipeline.tagging.answers import KeptAnswers

TELLING_WORDS: Final = 8
"""A unit of so many words is not said twice by accident."""
MOST_SHORT, MOST_SHORT_SHARE = 2, 0.05
"""As many shorter units, or as large a part of the session's units, may coincide with units of other sessions."""


def gather(workplace: Workplace, store: Store, seen: Overview) -> Evidence:
    """Read back the units, machine labels, draws and human labels of the sessions that are up to date.

    Args:
        workplace: where the study is.
        store: its database.
        seen: what of it is up to date.

    Raises:
        InputError: when the tagger cannot be read.
    """
    units = {session: units_of(store, session) for session in seen.ready}
    learnt_from = _learnt_from(workplace, store, seen)
    return Evidence(
        study=seen.study,
        codebook=seen.codebook,
        model_version=seen.model_version,
        units=units,
        machine={
            session: MachineLabels(store.predictions(session, seen.model_version), learnt_from)
            for session in seen.ready
            if seen.model_version is not None
        },
        draws=store.draws(),
        judgements={session: store.judgements_by_draw(session) for session in seen.ready},
    )


def sessions_learnt_from(trained_on: Iterable[str], sessions: Iterable[UnitisedSession]) -> frozenset[str]:
    """Say of which sessions a model saw labels, from the checksums of the words that it learnt from.

    A model tells only words, and short phrases coincide by accident: somebody says "dat klopt wel" in every session. So
    one longer unit is enough, and shorter ones count when there are several and they are more than a small part of
    the session. In doubt a session counts as seen: then its rate is not corrected, while a session that was wrongly
    taken for unseen would get a correction that the model has already eaten (`statistics.md` 1.1, A3).

    Args:
        trained_on: `Utterance.text_sha` of the units that it learnt from.
        sessions: those in question. Minimal units do not count: no model learns from them.

    Returns:
        Ids of the sessions.
    """
    known = frozenset(trained_on)
    return frozenset(session.session_id for session in sessions if _is_seen(session, known))


def _is_seen(session: UnitisedSession, known: frozenset[str]) -> bool:
    units = [unit for unit in session.utterances if not unit.minimal]
    same = [unit for unit in units if unit.text_sha in known]
    short = sum(not _is_telling(unit) for unit in same)
    return short < len(same) or (short > MOST_SHORT and short > MOST_SHORT_SHARE * len(units))


def _is_telling(unit: Utterance) -> bool:
    return len(unit.text.split()) >= TELLING_WORDS


def _learnt_from(workplace: Workplace, store: Store, seen: Overview) -> frozenset[str] | None:
    """Look at every session with units, also those that are not up to date; `None` when the model does not tell.

    A session of which every unit was answered by a network that had left it out (`tagging.answers`) is not seen, unless
    its words are said in another session too: the same talk under two names. What is kept does not tell which sessions
    a network left out together, so any other session of the study counts.
    """
    folder = workplace.find_tagger(seen.codebook)
    if folder is None:
        return None
    tagger = read_tagger(folder)
    # A tagger that was replaced meanwhile says nothing of the one whose labels these are.
    if tagger.version != seen.model_version or not tagger.manifest.trained_on:
        return None
    kept = read_answers(tagger.weights.answers, tagger.manifest.heads)
    sessions = [units for session in store.sessions() if (units := store.unitised(session))]
    left_out = {one.session_id: one for one in sessions if _left_out(one, kept)}
    others = (one for one in sessions if one.session_id not in left_out)
    known = tagger.manifest.trained_on
    return sessions_learnt_from(known, others) | _said_elsewhere(known, left_out.values(), sessions)


def _said_elsewhere(
    trained_on: Iterable[str], left_out: Iterable[UnitisedSession], sessions: Iterable[UnitisedSession]
) -> frozenset[str]:
    """Give the sessions that share a longer unit, one that the model learnt from, with another session.

    One is enough; shorter ones are shared by all sessions of one kind of talk, and tell nothing.
    """
    told = Counter(sha for session in sessions for sha in {unit.text_sha for unit in session.utterances})
    shared = {sha for sha in trained_on if told[sha] > 1}
    return frozenset(
        session.session_id
        for session in left_out
        if any(_is_telling(unit) and unit.text_sha in shared for unit in session.utterances if not unit.minimal)
    )


def _left_out(session: UnitisedSession, kept: KeptAnswers) -> bool:
    units = [(unit.id, unit.text_sha) for unit in session.utterances if not unit.minimal]
    return None not in kept.known(units)
