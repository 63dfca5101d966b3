"""Train a tagger on settled labels: those of a study, or of a table."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.domain.coding import SETTLER, CoderKind, decisive
from pipeline.domain.errors import InputError, RaamwerkError
from pipeline.domain.training import SettledLabel, TrainingSession
from pipeline.domain.transcript import Speaker, Transcript, Turn
from pipeline.formats.codebook import read_codebook
from pipeline.formats.cues import read_cues
from pipeline.formats.examples import by_session, read_examples
from pipeline.formats.origin import read_origins
from pipeline.formats.params import read_params
from pipeline.steps import ingest, labels, pseudonymise, unitise
from pipeline.steps.base import prepare_base
from pipeline.steps.evidence import sessions_learnt_from
from pipeline.steps.progress import bar, say
from pipeline.steps.single import CODEBOOK, Door, Shelf
from pipeline.unitise.utterances import unitise as unitise_transcript

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pipeline.domain.codebook import Codebook
    from pipeline.domain.coding import Judgement
    from pipeline.domain.cues import Cue
    from pipeline.domain.params import TaggerParams
    from pipeline.domain.study import Study
    from pipeline.formats.examples import ExampleRow
    from pipeline.formats.origin import Origin
    from pipeline.steps.session import Summary
    from pipeline.steps.workplace import Workplace
    from pipeline.store.database import Store
    from pipeline.tagging.weights import StoredTagger

FEWEST_UNITS, FEWEST_SESSIONS = 200, 2
"""With less, what comes out is worse than no model at all; and with one session there is none to be judged on."""
SITE = "werkplaats"


def run(
    workplace: Workplace, out: Path | None = None, folds: int | None = None, codebook: Path | None = None
) -> Summary:
    """Bring the study up to its labels, and train; sessions that cannot be processed are left out and named.

    Args:
        workplace: where the study is.
        out: folder for the tagger; `None` for a place within the study, where its next run finds it. A tagger holds
            hashes of the words that it learnt from, so that of a real study stays with the study.
        folds: rounds in which sessions are left out in turn; `None` for what the parameters say.
        codebook: must be `None`, for a study names its own.

    Returns:
        Number of sessions and of labelled units it learnt from.

    Raises:
        InputError: when a codebook is given, the folder holds something else, or the study has too few settled labels
            to learn anything from.
    """
    if codebook is not None:
        place = "--codebook"
        cure = "Laat --codebook weg, of noem het codeboek in study.yaml."
        raise InputError.single(place, "een studie heeft haar eigen codeboek", cure)
    study = workplace.read_study()
    book = workplace.read_codebook(study)
    folder = out or workplace.own_tagger(book)
    check_folder(folder)
    sessions = labelled_sessions(workplace, study)
    check_enough(sessions, workplace.study)
    shelf = Shelf(workplace.codebooks, workplace.lists, workplace.models)
    cues = read_cues(workplace.codebook_folder(study), book)
    summary = _learn(sessions, book, cues, shelf, told(workplace.params, folds), folder)
    say("Hoort het bij de studie, dan wordt het vanaf nu gebruikt. Terug naar het meegeleverde? Verwijder die map.")
    return summary


def run_table(
    shelf: Shelf, table: Path, codebook: Path | None, params: Path, out: Path, folds: int | None = None
) -> Summary:
    """Train on a table of units with their labels, without a study.

    Args:
        shelf: codebooks, name lists and models that ship.
        table: CSV or XLSX with a column `tekst`, optional `sessie`, `spreker`, `functie`, `schrijver`,
            `soort_codeur`, and one column a dimension; the rows of a session in order of speaking. Without sessions
            there is nothing to leave out, so the tagger comes without figures.
        codebook: folder of a codebook, or id of one that ships; `None` for the usual one.
        params: file with the parameters of the tagger.
        out: folder for the tagger.
        folds: as in `run`.

    Raises:
        InputError: when the folder holds something else, the table cannot be used, or it has too few labels to learn
            anything from.
    """
    check_folder(out)
    folder = shelf.codebook_folder(codebook)
    book = read_codebook(folder)
    rows = read_examples(table, book)
    door = Door(shelf.lists)
    sessions = tuple(_session_of(door, name, its) for name, its in by_session(rows).items())
    _check_table(sessions, table)
    if all(row.coder_kind is None for row in rows):
        say("De tabel heeft geen kolom soort_codeur; de kaart van het model noemt de labels die van mensen.")
    return _learn(sessions, book, read_cues(folder, book), shelf, told(params, folds), out)


def told(params: Path, folds: int | None) -> TaggerParams:
    """Read the parameters of training, with another number of folds where one is given."""
    read = read_params(params)
    return read if folds is None else replace(read, folds=folds)


def _learn(
    sessions: tuple[TrainingSession, ...],
    codebook: Codebook,
    cues: tuple[Cue, ...],
    shelf: Shelf,
    params: TaggerParams,
    out: Path,
) -> Summary:
    """Train on sessions with settled labels, and say where the tagger is."""
    units = _units(sessions)
    prepare_base(params.base, shelf.base)
    from pipeline.tagging.train import prepare, train

    # Where there is none for the codebook, the usual one at least knows such talk.
    start = start_of(shelf, (codebook.id, CODEBOOK), sessions)
    material = replace(prepare(sessions, codebook, cues, params, shelf.base), start=start)
    if start is not None:
        say(f"Gaat verder met wat het meegeleverde model '{start.manifest.codebook}' al weet.")
    with bar("Model trainen", 100) as advance:
        train(material, out, lambda _what, share: advance(round(100 * share)))
    say(f"Het model staat in {out}; lees daar card.md.")
    return {"sessies": len(sessions), "uitingen": units}


def start_of(shelf: Shelf, names: Iterable[str], sessions: Sequence[TrainingSession]) -> StoredTagger | None:
    """Find a tagger that ships to go on from.

    One that has seen labels of these very units will not do: nothing could be measured on them any more.

    Args:
        shelf: what ships.
        names: ids of the codebooks whose tagger will do, the best first.
        sessions: what is to be learnt from.
    """
    from pipeline.tagging.weights import MANIFEST, read_tagger

    for name in dict.fromkeys(names):
        folder = shelf.models / "tagger" / name
        if (folder / MANIFEST).is_file():
            stored = read_tagger(folder)
            if not sessions_learnt_from(stored.manifest.trained_on, (one.session for one in sessions)):
                return stored
    return None


def check_folder(out: Path) -> None:
    """Refuse a folder that holds something else than a tagger: all of it would go when the tagger is put there.

    Raises:
        InputError: when it does, or is no folder at all.
    """
    from pipeline.tagging.swap import LOCK, WORK, finish
    from pipeline.tagging.weights import MANIFEST

    if out.exists() and not out.is_dir():
        raise InputError.single(str(out), "dit is geen map", "Geef met --out een nieuwe of lege map.")
    if not out.is_dir():
        return
    finish(out, MANIFEST)
    left = {path.name for path in out.iterdir() if path.name != LOCK and not path.name.startswith(WORK)}
    if left and MANIFEST not in left:
        found = "in deze map staat iets anders dan een model, en dat zou verdwijnen"
        raise InputError.single(str(out), found, "Geef met --out een nieuwe of lege map.")


def check_enough(sessions: tuple[TrainingSession, ...], place: Path) -> int:
    """Count the units on which the coders of a study settled.

    Raises:
        InputError: when there are too few to learn anything from.
    """
    units = _units(sessions)
    if units < FEWEST_UNITS or len(sessions) < FEWEST_SESSIONS:
        raise InputError.single(
            place.name,
            f"er zijn {units} uitingen in {len(sessions)} sessies waarover de codeurs het eens zijn",
            f"Codeer er minstens {FEWEST_UNITS} in {FEWEST_SESSIONS} sessies; met minder leert een model niets. "
            f"Waar codeurs verschillen, beslist een codeur die '{SETTLER}' heet.",
        )
    return units


def _check_table(sessions: tuple[TrainingSession, ...], table: Path) -> None:
    """Refuse a table with too few labels; say it when there is no session to leave out.

    Raises:
        InputError: when there are too few.
    """
    units = _units(sessions)
    if units < FEWEST_UNITS:
        found = f"het aantal uitingen met een label is {units}"
        cure = f"Geef er minstens {FEWEST_UNITS} een label; met minder leert een model niets."
        raise InputError.single(table.name, found, cure)
    if len(sessions) < FEWEST_SESSIONS:
        say(
            "Alle uitingen zijn van één sessie, dus er blijft niets over om op te toetsen: het model komt zonder "
            "cijfers. Met een kolom 'sessie' en minstens twee sessies krijg je die wel."
        )


def _units(sessions: Iterable[TrainingSession]) -> int:
    return sum(len({label.utterance_id for label in session.labels}) for session in sessions)


def labelled_sessions(workplace: Workplace, study: Study) -> tuple[TrainingSession, ...]:
    """Bring a study up to its labels and give the sessions that have settled ones.

    Raises:
        InputError: when its tables of labels or its `herkomst.csv` cannot be used.
    """
    sites = {session.id: session.site for session in study.sessions}
    origins = read_origins(workplace.study, sites)
    for session in study.sessions:
        _bring_up(workplace, session.id)
    if labels.tables(workplace):
        labels.run(workplace)
    with workplace.open_store() as store:
        return tuple(_labelled(study, store, origins, sites))


def _bring_up(workplace: Workplace, session_id: str) -> None:
    try:
        for step in (ingest, pseudonymise, unitise):
            step.run(workplace, session_id)
    except RaamwerkError as error:
        say(f"Doet niet mee: {session_id}\n  {error}")


def _labelled(
    study: Study, store: Store, origins: Mapping[str, Origin], sites: Mapping[str, str]
) -> Iterator[TrainingSession]:
    for session_id in store.sessions():
        judgements = tuple(store.judgements(session_id))
        settled = tuple(settle(judgements))
        units = store.unitised(session_id)
        if settled and units is not None:
            machine = any(judgement.coder_kind is CoderKind.TAALMODEL for judgement in judgements)
            origin = origins.get(session_id)
            yield TrainingSession(
                session=units,
                labels=settled,
                labelled_by=CoderKind.TAALMODEL if machine else CoderKind.MENS,
                written_by=CoderKind.TAALMODEL if study.fictional else None,
                group=origin.group if origin else "",
                facets=(*(origin.facets if origin else ()), (SITE, sites[session_id])),
                double=tuple(_double(judgements)),
                only_teaches=origin is not None and origin.only_teaches,
            )


def _double(judgements: tuple[Judgement, ...]) -> Iterator[tuple[SettledLabel, SettledLabel]]:
    """Give what the two coders who did most, the settler aside, gave to the same units."""
    done = Counter(judgement.coder for judgement in judgements if judgement.coder != SETTLER)
    pair = sorted(sorted(done), key=lambda coder: -done[coder])[:2]
    given = {
        (judgement.coder, judgement.utterance_id, judgement.dimension): tuple(sorted(judgement.labels))
        for judgement in judgements
    }
    if len(pair) == 2:  # noqa: PLR2004 - a pair
        for (coder, unit, dimension), first in given.items():
            second = given.get((pair[1], unit, dimension))
            if coder == pair[0] and second is not None:
                yield SettledLabel(unit, dimension, first), SettledLabel(unit, dimension, second)


def _session_of(door: Door, name: str, rows: Sequence[ExampleRow]) -> TrainingSession:
    transcript = Transcript(
        format="tabel",
        speakers=tuple(dict.fromkeys(Speaker(row.speaker, functie=row.functie) for row in rows if row.speaker)),
        turns=tuple(Turn(number, row.speaker, row.text) for number, row in enumerate(rows, start=1)),
    )
    units = unitise_transcript(replace(door.pseudonymise(transcript).transcript, session_id=name))
    by_turn = {unit.turn: unit.id for unit in units.utterances}
    settled = tuple(
        SettledLabel(by_turn[number], dimension, tuple(sorted(given)))
        for number, row in enumerate(rows, start=1)
        if number in by_turn
        for dimension, given in row.labels.items()
    )
    machine = any(row.coder_kind is CoderKind.TAALMODEL for row in rows)
    judge = CoderKind.TAALMODEL if machine else CoderKind.MENS
    return TrainingSession(units, settled, labelled_by=judge, written_by=None, group=rows[0].group)


def settle(judgements: Iterable[Judgement]) -> Iterator[SettledLabel]:
    """Give the label on which each unit ended up: the settler's, or else the one on which all coders agree.

    Args:
        judgements: current ones, one a unit, dimension and coder.

    Yields:
        At most one label a unit and dimension; where coders differ and nobody settled it, none.
    """
    given: defaultdict[tuple[str, str], set[tuple[str, ...]]] = defaultdict(set)
    for judgement in decisive(judgements):
        given[judgement.utterance_id, judgement.dimension].add(tuple(sorted(judgement.labels)))
    for (utterance_id, dimension), answers in given.items():
        if len(answers) == 1:
            yield SettledLabel(utterance_id, dimension, answers.pop())
