"""What has been done for a study, and what came out of it?

One database a study. Every saving method is one transaction that also writes the ledger, so that a process that dies
leaves a session whole or absent. Only pseudonymised words come here; raw ones go to `pipeline.store.vault`.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import DatabaseError

from pipeline.domain.errors import RaamwerkError
from pipeline.domain.pseudonym import UnitisedSession
from pipeline.store import plain
from pipeline.store.contents import read_contents
from pipeline.store.engines import open_doors, plainly_said
from pipeline.store.rows import (
    about,
    asked,
    judged,
    judgement_of,
    judgement_row,
    judges_the_same,
    prediction_of,
    prediction_row,
    says_the_same,
    utterance_of,
    utterance_row,
)
from pipeline.store.tables import (
    SCHEMA_VERSION,
    codebook,
    draw,
    judgement,
    ledger,
    prediction,
    session,
    study,
    transcript,
    unitised,
    utterance,
)
from pipeline.store.versions import version_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from sqlalchemy import ColumnElement, Connection, Row, Select, Table

    from pipeline.domain.codebook import Codebook
    from pipeline.domain.coding import Judgement, Prediction
    from pipeline.domain.draw import Draw
    from pipeline.domain.pseudonym import PseudonymisedTranscript
    from pipeline.domain.study import Study
    from pipeline.store.engines import Doors

    Clock = Callable[[], datetime]

WHOLE_STUDY = "*"
"""Scope of a step that is done for all sessions together."""


class Step(StrEnum):
    """Names under which the saving methods write in the ledger."""

    PSEUDONYMISE = "pseudonymise"
    UNITISE = "unitise"
    TAG = "tag"


def utc_now() -> datetime:
    """Give the present moment in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the one real clock of the store; everybody else passes their own


def open_store(address: str, *, clock: Clock = utc_now) -> Store:
    """Open the database of a study, making or upgrading it where needed.

    Args:
        address: "sqlite:////folder/raamwerk.db" or "postgresql+psycopg://…".
        clock: gives the present moment, with a time zone.

    Returns:
        The store; close it, or use it in a `with` statement.

    Raises:
        RaamwerkError: when the address is wrong, the database cannot be reached, belongs to another program, or was
            made by a newer version of this one.
    """
    doors = open_doors(address)
    try:
        with plainly_said(doors, "openen"):
            copied_to = _bring_up_to_date(doors)
    except BaseException:
        doors.close()
        raise
    return Store(doors, clock, copied_to)


class Store:
    """The database of one study; made by `open_store`.

    Attributes:
        copied_to: where a copy of the older database was left when opening upgraded it; otherwise `None`.
    """

    def __init__(self, doors: Doors, clock: Clock, copied_to: Path | None) -> None:
        self._doors = doors
        self._clock = clock
        self.copied_to = copied_to

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections; the store can be closed twice."""
        self._doors.close()

    def register_study(self, declared: Study, book: Codebook) -> None:
        """Save what a study declares, with the whole codebook in its present version.

        Sessions that are no longer declared stay, not active.

        Raises:
            RaamwerkError: when the database belongs to another study.
        """
        row = {
            "slot": 1,
            "id": declared.id,
            "title": declared.title,
            "codebook_version": book.version_key,
            "declared": plain.plain_declarations(declared),
        }
        version = {"version": book.version_key, "content": plain.plain_codebook(book), "registered_at": self._now()}
        sessions = [
            {**plain.plain_session(each), "position": position, "active": True}
            for position, each in enumerate(declared.sessions)
        ]
        with self._writing() as connection:
            _add_missing(connection, codebook, version)
            _add_missing(connection, study, row)
            owner = connection.scalar(select(study.c.id).with_for_update())
            if owner != declared.id:
                message = (
                    f"De database {self._doors.where} hoort bij de studie '{owner}', niet bij '{declared.id}'. "
                    "Geef deze studie een eigen database, of herstel het id in study.yaml."
                )
                raise RaamwerkError(message)
            _upsert(connection, study, [row])
            connection.execute(update(session).values(active=False))
            _upsert(connection, session, sorted(sessions, key=lambda each: str(each["id"])))

    def codebook(self, version_key: str) -> Codebook:
        """Give the codebook that a label points at, as it was.

        Raises:
            KeyError: when this version was never registered here.
        """
        with self._reading() as connection:
            content = connection.scalar(select(codebook.c.content).where(codebook.c.version == version_key))
        if content is None:
            raise KeyError(version_key)
        return plain.codebook_of(content)

    def sessions(self) -> tuple[str, ...]:
        """Give the ids of all sessions that the study declares now, in its order."""
        query = select(session.c.id).where(session.c.active).order_by(session.c.position)
        with self._reading() as connection:
            return tuple(connection.scalars(query))

    def finished_key(self, scope: str, step: str) -> str | None:
        """Give the content key under which a step was last finished, `None` if it never was.

        Args:
            scope: id of a session, or `WHOLE_STUDY`.
            step: name of the step; the saving methods use those of `Step`.
        """
        query = select(ledger.c.key).where(ledger.c.scope == scope, ledger.c.step == step)
        with self._reading() as connection:
            return connection.scalar(query)

    def finish(self, scope: str, step: str, key: str, summary: Mapping[str, int]) -> None:
        """Write in the ledger that a step was finished.

        Args:
            scope: id of a session, or `WHOLE_STUDY`.
            step: name of the step.
            key: content key of all that it worked on.
            summary: counts, such as {"turns": 80}.
        """
        with self._writing() as connection:
            self._record(connection, (scope, step), key, summary)

    def save_pseudonymised(self, words: PseudonymisedTranscript, *, key: str) -> None:
        """Save a session behind the door, in place of what was there.

        Args:
            words: the session.
            key: content key of what it was made from.

        Raises:
            RaamwerkError: when the study has no such session.
        """
        row = {"session_id": words.session_id, "content": plain.plain_pseudonymised(words)}
        summary = {"turns": len(words.turns), "replaced": sum(number for _, number in words.replaced)}
        with self._writing() as connection:
            self._hold(connection, words.session_id)
            _upsert(connection, transcript, [row])
            self._record(connection, (words.session_id, Step.PSEUDONYMISE), key, summary)

    def pseudonymised(self, session_id: str) -> PseudonymisedTranscript | None:
        """Give a session as it was saved, `None` if it was not."""
        query = select(transcript.c.content).where(transcript.c.session_id == session_id)
        with self._reading() as connection:
            content = connection.scalar(query)
        return None if content is None else plain.pseudonymised_of(content)

    def holds_pseudonyms(self) -> bool:
        """Tell whether any session was pseudonymised, so that the key must exist."""
        with self._reading() as connection:
            return connection.scalar(select(transcript.c.session_id).limit(1)) is not None

    def save_utterances(self, units: UnitisedSession, *, key: str) -> None:
        """Save the units of a session; units that vanished stay, not active, and keep their labels.

        Args:
            units: the session.
            key: content key of what it was made from.

        Raises:
            RaamwerkError: when the study has no such session.
        """
        for each in units.utterances:
            if each.session_id != units.session_id or _session_of(each.id) != units.session_id:
                message = f"unit {each.id} does not belong to session {units.session_id}"
                raise ValueError(message)
        rows = [utterance_row(position, each) for position, each in enumerate(units.utterances)]
        summary = {"units": len(rows), "minimal": sum(each.minimal for each in units.utterances)}
        speakers = {"session_id": units.session_id, "speakers": plain.plain_speakers(units.speakers)}
        with self._writing() as connection:
            self._hold(connection, units.session_id)
            connection.execute(update(utterance).where(utterance.c.session_id == units.session_id).values(active=False))
            _upsert(connection, utterance, rows)
            _upsert(connection, unitised, [speakers])
            self._record(connection, (units.session_id, Step.UNITISE), key, summary)

    def unitised(self, session_id: str) -> UnitisedSession | None:
        """Give the present units of a session, `None` if they were never saved."""
        query = select(utterance).where(utterance.c.session_id == session_id, utterance.c.active)
        with self._reading() as connection:
            speakers = connection.scalar(select(unitised.c.speakers).where(unitised.c.session_id == session_id))
            rows = connection.execute(query.order_by(utterance.c.position)).all()
        if speakers is None:
            return None
        return UnitisedSession(session_id, plain.speakers_of(speakers), tuple(map(utterance_of, rows)))

    def save_predictions(self, session_id: str, predictions: Sequence[Prediction], *, key: str) -> None:
        """Add what a model says of the units of a session; what it said before of the same words is not added again.

        A prediction that differs (the units before it changed, and so its context) is added and becomes current.

        Args:
            session_id: id of the session.
            predictions: of its units only.
            key: content key of what they were made from.

        Raises:
            RaamwerkError: when the study has no such session, or the session no such unit.
        """
        summary = {"units": len({each.utterance_id for each in predictions}), "predictions": len(predictions)}
        moment = self._now()
        with self._writing() as connection:
            self._hold(connection, session_id)
            self._check_units(connection, (session_id,), (each.utterance_id for each in predictions))
            said = {about(each): each for each in map(prediction_of, connection.execute(_of(prediction, session_id)))}
            rows = []
            for each in predictions:
                if not says_the_same(said.get(about(each)), each):
                    said[about(each)] = each
                    rows.append({**prediction_row(each), "saved_at": moment})
            _insert(connection, prediction, rows)
            self._record(connection, (session_id, Step.TAG), key, summary)

    def predictions(self, session_id: str, model_version: str) -> tuple[Prediction, ...]:
        """Give what a model says now of the present words of a session, in order of its units."""
        query = _of(prediction, session_id, _PRESENT[prediction]).where(prediction.c.model_version == model_version)
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return tuple({about(each): each for each in map(prediction_of, rows)}.values())

    def save_judgements(self, judgements: Iterable[Judgement]) -> int:
        """Add what coders say; a judgement equal to the coder's current one on the same words is not added again.

        One that was asked for a draw is compared with what the coder said for that draw, so that reading the sheet of a
        draw twice does not undo a correction that came between.

        Returns:
            The number added.

        Raises:
            RaamwerkError: when a unit or draw is unknown, or a codebook version was never registered; then none is
                added.
        """
        given = tuple(judgements)
        sessions = sorted({_session_of(each.utterance_id) for each in given})
        with self._writing() as connection:
            known = _hold_known(connection, sessions)
            self._check_units(connection, known, (each.utterance_id for each in given))
            self._check_versions(connection, given)
            self._check_draws(connection, given)
            said: dict[tuple[str, ...], Judgement] = {}
            for name in known:
                for each in map(judgement_of, connection.execute(_of(judgement, name))):
                    said[judged(each)] = said[asked(each)] = each
            rows = []
            for each in given:
                if not judges_the_same(said.get(asked(each)), each):
                    said[judged(each)] = said[asked(each)] = each
                    rows.append(judgement_row(each))
            _insert(connection, judgement, rows)
        return len(rows)

    def judgements(self, session_id: str) -> tuple[Judgement, ...]:
        """Give the current judgements on the present words of a session: of each coder the one saved last."""
        return tuple({judged(each): each for each in self._present_judgements(session_id)}.values())

    def judgements_by_draw(self, session_id: str) -> tuple[Judgement, ...]:
        """Give the same with draws kept apart: of each coder the one saved last for each draw, and outside all draws.

        What was said blindly for a draw stays what a rate is corrected with, whatever the coder says later of his own
        accord (`statistics.md` 1.1, A1 and A2).
        """
        return tuple({asked(each): each for each in self._present_judgements(session_id)}.values())

    def _present_judgements(self, session_id: str) -> list[Judgement]:
        with self._reading() as connection:
            rows = connection.execute(_of(judgement, session_id, _PRESENT[judgement])).all()
        return [judgement_of(row) for row in rows]

    def set_aside(self, session_id: str) -> int:
        """Count the judgements that are kept and not used, because their unit vanished or its words changed."""
        with self._reading() as connection:
            every = connection.execute(_of(judgement, session_id)).all()
            present = connection.execute(_of(judgement, session_id, _PRESENT[judgement])).all()
        return len(_coded(every)) - len(_coded(present))

    def save_draw(self, given: Draw) -> bool:
        """Add a draw, or the next wave of one that is there.

        Returns:
            Whether something was added: `False` when the draw stood there just so.

        Raises:
            RaamwerkError: when the draw is there with other content and this is not that draw with one wave more; what
                was drawn once stays so, otherwise its probabilities would not be known.
        """
        with self._writing() as connection:
            latest = select(draw.c.content).where(draw.c.name == given.id).order_by(draw.c.wave.desc()).limit(1)
            content = connection.scalar(latest)
            known = None if content is None else plain.draw_of(content)
            if known == given:
                return False
            if known is not None and not _has_one_wave_more(given, known):
                message = (
                    f"De trekking '{given.id}' bestaat al en is anders. Wat eenmaal getrokken is, blijft zo: "
                    "kies een andere naam, of vul de trekking aan."
                )
                raise RaamwerkError(message)
            row = {"name": given.id, "wave": len(given.seeds), "content": plain.plain_draw(given)}
            _insert(connection, draw, [{**row, "created_at": self._now()}])
        return True

    def draws(self) -> tuple[Draw, ...]:
        """Give all draws with all their waves, in the order in which they were first made."""
        with self._reading() as connection:
            rows = connection.execute(select(draw.c.name, draw.c.content).order_by(draw.c.id)).all()
        return tuple(plain.draw_of(content) for content in {row.name: row.content for row in rows}.values())

    def contents(self) -> dict[str, Any]:
        """Give everything as nested plain data without the moments of writing: equal for equal stores."""
        with self._reading() as connection:
            return read_contents(connection)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with plainly_said(self._doors, "lezen"), self._doors.reader.begin() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with plainly_said(self._doors, "opslaan"), self._doors.writer.begin() as connection:
            yield connection

    def _now(self) -> str:
        return self._clock().astimezone(UTC).isoformat()

    def _record(self, connection: Connection, what: tuple[str, str], key: str, summary: Mapping[str, int]) -> None:
        scope, step = what
        row = {"scope": scope, "step": str(step), "key": key, "summary": dict(summary), "finished_at": self._now()}
        _upsert(connection, ledger, [row])

    @staticmethod
    def _hold(connection: Connection, session_id: str) -> None:
        """Keep other processes from writing this session until the transaction ends."""
        if connection.scalar(select(session.c.id).where(session.c.id == session_id).with_for_update()) is None:
            message = (
                f"Sessie '{session_id}' hoort niet bij deze studie. "
                "Zet de sessie in sessions.csv en lees de studie opnieuw in."
            )
            raise RaamwerkError(message)

    @staticmethod
    def _check_units(connection: Connection, sessions: Sequence[str], given: Iterable[str]) -> None:
        known: set[str] = set()
        for name in sessions:
            known.update(connection.scalars(select(utterance.c.id).where(utterance.c.session_id == name)))
        unknown = sorted(set(given) - known)
        if unknown:
            message = (
                f"{len(unknown)} uitingen staan niet in de database; de eerste is '{unknown[0]}'. "
                "Kijk of de labels bij deze studie horen en of de sessie is ingelezen."
            )
            raise RaamwerkError(message)

    @staticmethod
    def _check_versions(connection: Connection, given: Sequence[Judgement]) -> None:
        unknown = sorted(
            {each.codebook_version for each in given} - set(connection.scalars(select(codebook.c.version)))
        )
        if unknown:
            message = (
                f"Het codeboek '{unknown[0]}' is in deze studie nooit gebruikt. "
                "Codeer met het codeboek van de studie, of lees de studie eerst in met dit codeboek."
            )
            raise RaamwerkError(message)

    @staticmethod
    def _check_draws(connection: Connection, given: Sequence[Judgement]) -> None:
        unknown = sorted(
            {each.draw for each in given if each.draw is not None} - set(connection.scalars(select(draw.c.name)))
        )
        if unknown:
            message = (
                f"De trekking '{unknown[0]}' is in deze studie nooit gemaakt. "
                "Neem de naam over uit het codeerblad, of maak de kolom leeg."
            )
            raise RaamwerkError(message)


def _has_one_wave_more(given: Draw, known: Draw) -> bool:
    waves = len(known.seeds)
    return len(given.seeds) == waves + 1 and given.until(waves) == known


_PRESENT: dict[Table, ColumnElement[bool]] = {
    labels: and_(utterance.c.active, utterance.c.text_sha == labels.c.text_sha) for labels in (prediction, judgement)
}


def _bring_up_to_date(doors: Doors) -> Path | None:
    """Upgrade the schema; an up-to-date database costs one query and does not load Alembic."""
    try:
        with doors.reader.begin() as connection:
            if version_of(connection) == SCHEMA_VERSION:
                return None
    except DatabaseError as error:
        if doors.file and "not a database" in str(error.orig):
            message = f"{doors.file} is geen database van Raamwerk. Verplaats dit bestand, of kies een ander adres."
            raise RaamwerkError(message) from None
        raise
    from pipeline.store.upgrade import upgrade

    return upgrade(doors)


def _of(labels: Table, session_id: str, condition: ColumnElement[bool] | None = None) -> Select[Any]:
    """Ask for the labels of a session in order of its units, older ones first."""
    query = select(labels).join(utterance, utterance.c.id == labels.c.utterance_id)
    query = query.where(utterance.c.session_id == session_id)
    if condition is not None:
        query = query.where(condition)
    return query.order_by(utterance.c.position, utterance.c.id, labels.c.id)


def _upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows, or replace the ones that are there by their primary key."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    others = [column.name for column in table.columns if column.name not in keys]
    if connection.dialect.name == "sqlite":
        for_sqlite = sqlite_insert(table)
        values = {name: for_sqlite.excluded[name] for name in others}
        connection.execute(for_sqlite.on_conflict_do_update(index_elements=keys, set_=values), rows)
    else:
        for_postgresql = postgresql_insert(table)
        values = {name: for_postgresql.excluded[name] for name in others}
        connection.execute(for_postgresql.on_conflict_do_update(index_elements=keys, set_=values), rows)


def _add_missing(connection: Connection, table: Table, row: Mapping[str, object]) -> None:
    """Insert a row unless one with its primary key is there."""
    if connection.dialect.name == "sqlite":
        connection.execute(sqlite_insert(table).on_conflict_do_nothing(), row)
    else:
        connection.execute(postgresql_insert(table).on_conflict_do_nothing(), row)


def _insert(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    if rows:
        connection.execute(table.insert(), rows)


def _hold_known(connection: Connection, sessions: Sequence[str]) -> list[str]:
    """Keep other processes from writing these sessions, always in one order; give those that exist."""
    query = select(session.c.id).where(session.c.id.in_(sessions)).order_by(session.c.id)
    return list(connection.scalars(query.with_for_update()))


def _coded(rows: Iterable[Row[Any]]) -> set[tuple[str, str, str]]:
    return {(row.utterance_id, row.dimension, row.coder) for row in rows}


def _session_of(utterance_id: str) -> str:
    return utterance_id.partition(".")[0]
