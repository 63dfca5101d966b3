"""What the store keeps, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import multiprocessing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from pipeline.domain.errors import RaamwerkError
from pipeline.store.database import Step, open_store
from tests.store.world import BOOK, MODEL, draw, fixed_clock, judgement, prediction, sha, study, transcript, units

if TYPE_CHECKING:
    from pipeline.domain.draw import Draw
    from pipeline.store.database import Store


def test_a_pseudonymised_session_comes_back_exactly(store: Store) -> None:
    words = transcript("a", "[KIND_208] sliep", "é 👋 e\u0301", "", "ja")
    assert store.pseudonymised("a") is None
    assert not store.holds_pseudonyms()
    store.save_pseudonymised(words, key="k1")
    assert store.pseudonymised("a") == words
    assert store.holds_pseudonyms()
    assert store.finished_key("a", Step.PSEUDONYMISE) == "k1"
    assert store.contents()["ledger"][0]["summary"] == {"turns": 4, "replaced": 3}


def test_saving_again_replaces_the_session_and_its_key(store: Store) -> None:
    store.save_pseudonymised(transcript("a", "een"), key="k1")
    store.save_pseudonymised(transcript("a", "twee", "drie"), key="k2")
    assert store.pseudonymised("a") == transcript("a", "twee", "drie")
    assert store.finished_key("a", Step.PSEUDONYMISE) == "k2"
    assert store.pseudonymised("b") is None


def test_units_come_back_in_order_with_their_speakers(store: Store) -> None:
    session = units("a", *(f"uiting {number}" for number in range(1, 130)), "ja")
    assert store.unitised("a") is None
    store.save_utterances(session, key="k")
    assert store.unitised("a") == session
    assert store.contents()["ledger"][0]["summary"] == {"units": 130, "minimal": 1}


def test_a_session_without_units_is_not_the_same_as_none(store: Store) -> None:
    store.save_utterances(units("a"), key="k")
    assert store.unitised("a") == units("a")


def test_sessions_follow_the_order_of_the_study_and_leave_it_without_loss(store: Store) -> None:
    store.save_utterances(units("b", "hoi"), key="k")
    store.register_study(study("c", "a"), BOOK)
    assert store.sessions() == ("c", "a")
    assert store.unitised("b") == units("b", "hoi")
    store.register_study(study("b", "c"), BOOK)
    assert store.sessions() == ("b", "c")


def test_registering_twice_changes_nothing(store: Store) -> None:
    before = store.contents()
    store.register_study(study("a", "b"), BOOK)
    assert store.contents() == before


def test_values_of_components_and_outcomes_keep_their_types(store: Store) -> None:
    row = store.contents()["sessions"][0]
    assert row["components"] == {"voorwerk": True}
    assert row["components"]["voorwerk"] is True
    assert row["outcomes"] == {"besluit": 3.5}
    assert row["date"] == "2026-02-03"


def test_a_database_of_another_study_is_refused_and_untouched(store: Store) -> None:
    before = store.contents()
    other = replace(BOOK, sha="ffffffffffff")
    with pytest.raises(RaamwerkError, match="hoort bij de studie 'proef', niet bij 'anders'"):
        store.register_study(study("x", study_id="anders"), other)
    assert store.contents() == before


def test_every_version_of_the_codebook_can_be_read_back_whole(store: Store) -> None:
    newer = replace(BOOK, sha="ffffffffffff", rules=("Nieuw.",))
    store.register_study(study("a", "b"), newer)
    assert store.codebook(BOOK.version_key) == BOOK
    assert store.codebook(newer.version_key) == newer
    with pytest.raises(KeyError):
        store.codebook("casuistiek 9")


def test_a_session_that_is_not_declared_is_refused(store: Store) -> None:
    with pytest.raises(RaamwerkError, match="Sessie 'zuid' hoort niet bij deze studie"):
        store.save_pseudonymised(transcript("zuid", "hoi"), key="k")
    with pytest.raises(RaamwerkError, match="Sessie 'zuid'"):
        store.save_utterances(units("zuid", "hoi"), key="k")
    with pytest.raises(RaamwerkError, match="Sessie 'zuid'"):
        store.save_predictions("zuid", (), key="k")
    assert store.contents()["ledger"] == []


def test_units_of_another_session_are_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="does not belong"):
        store.save_utterances(replace(units("a", "hoi"), session_id="b"), key="k")


def test_the_ledger_tells_the_last_key_per_scope_and_step(store: Store) -> None:
    assert store.finished_key("a", "report") is None
    store.finish("a", "report", "k1", {"pages": 1})
    store.finish("*", "report", "k2", {"pages": 2})
    store.finish("a", "report", "k3", {"pages": 3})
    assert store.finished_key("a", "report") == "k3"
    assert store.finished_key("*", "report") == "k2"
    assert [(row["scope"], row["key"], row["summary"]) for row in store.contents()["ledger"]] == [
        ("*", "k2", {"pages": 2}),
        ("a", "k3", {"pages": 3}),
    ]


def test_predictions_come_back_in_order_of_units_for_their_model_only(store: Store) -> None:
    store.save_utterances(units("a", "een", "twee"), key="k")
    said = (
        prediction("a.0001.01", "een"),
        prediction("a.0001.01", "een", dimension="sr", share=0.1),
        prediction("a.0002.01", "twee", share=1 / 3),
    )
    store.save_predictions("a", said[::-1], key="k1")
    store.save_predictions("a", (prediction("a.0001.01", "een", model="ander"),), key="k2")
    assert store.predictions("a", MODEL) == (said[1], said[0], said[2])
    assert len(store.predictions("a", "ander")) == 1
    assert store.predictions("b", MODEL) == ()
    assert store.finished_key("a", Step.TAG) == "k2"


def test_tagging_the_same_words_again_adds_nothing(store: Store) -> None:
    store.save_utterances(units("a", "een", "twee"), key="k")
    said = (prediction("a.0001.01", "een"), prediction("a.0002.01", "twee"))
    store.save_predictions("a", said, key="k1")
    before = store.contents()["predictions"]
    rounded = tuple(
        replace(each, probabilities=tuple((label, share + 3e-6) for label, share in each.probabilities))
        for each in said
    )
    store.save_predictions("a", said, key="k2")
    store.save_predictions("a", rounded, key="k3")
    assert store.contents()["predictions"] == before
    assert store.finished_key("a", Step.TAG) == "k3"


def test_a_prediction_in_another_context_is_added_and_becomes_current(store: Store) -> None:
    store.save_utterances(units("a", "een", "twee"), key="k")
    store.save_predictions("a", (prediction("a.0001.01", "een"), prediction("a.0002.01", "twee")), key="k1")
    changed = prediction("a.0001.01", "een", share=0.2)
    store.save_predictions("a", (changed,), key="k2")
    assert store.predictions("a", MODEL) == (changed, prediction("a.0002.01", "twee"))
    assert len(store.contents()["predictions"]["a.0001.01"]) == 2


def test_predictions_hold_only_for_the_words_they_were_said_of(store: Store) -> None:
    store.save_utterances(units("a", "een", "twee"), key="k")
    said = (prediction("a.0001.01", "een"), prediction("a.0002.01", "twee"))
    store.save_predictions("a", said, key="k1")
    store.save_utterances(units("a", "een!", "twee"), key="k2")
    assert store.predictions("a", MODEL) == (said[1],)
    store.save_utterances(units("a", "een"), key="k3")
    assert store.predictions("a", MODEL) == (said[0],)
    store.save_utterances(units("a", "een", "twee"), key="k")
    assert store.predictions("a", MODEL) == said


def test_predictions_of_unknown_units_are_refused_whole(store: Store) -> None:
    store.save_utterances(units("a", "een"), key="k")
    store.save_utterances(units("b", "een"), key="k")
    with pytest.raises(RaamwerkError, match=r"1 uitingen staan niet in de database; de eerste is 'b\.0001\.01'"):
        store.save_predictions("a", (prediction("a.0001.01", "een"), prediction("b.0001.01", "een")), key="k")
    assert store.predictions("a", MODEL) == ()
    assert store.finished_key("a", Step.TAG) is None


def test_a_judgement_is_added_once_and_the_last_word_of_a_coder_counts(store: Store) -> None:
    store.save_utterances(units("a", "een"), key="k")
    unit = "a.0001.01"
    first, second = judgement(unit, "een", "leefwereld"), judgement(unit, "een", "geen_frame")
    assert store.save_judgements((first, first)) == 1
    assert store.save_judgements([replace(first, at="2026-04-01T00:00:00+00:00")]) == 0
    assert store.judgements("a") == (first,)
    assert store.save_judgements((second, judgement(unit, "een", "leefwereld", coder="c2"))) == 2
    assert store.judgements("a") == (second, judgement(unit, "een", "leefwereld", coder="c2"))
    assert store.save_judgements((first,)) == 1
    assert store.judgements("a")[0] == first
    assert len(store.contents()["judgements"][unit]) == 4


def test_the_order_of_labels_makes_no_new_judgement(store: Store) -> None:
    store.save_utterances(units("a", "een"), key="k")
    assert store.save_judgements((judgement("a.0001.01", "een", "x", "y"),)) == 1
    assert store.save_judgements((judgement("a.0001.01", "een", "y", "x"),)) == 0
    assert store.save_judgements((judgement("a.0001.01", "een"),)) == 1
    assert store.judgements("a")[0].labels == ()


def test_a_judgement_under_another_codebook_is_a_new_one(store: Store) -> None:
    newer = replace(BOOK, sha="ffffffffffff")
    store.register_study(study("a", "b"), newer)
    store.save_utterances(units("a", "een"), key="k")
    assert store.save_judgements((judgement("a.0001.01", "een", "leefwereld"),)) == 1
    assert store.save_judgements((judgement("a.0001.01", "een", "leefwereld", book=newer.version_key),)) == 1
    assert [each.codebook_version for each in store.judgements("a")] == [newer.version_key]


def test_judgements_on_other_words_are_set_aside_and_come_back_with_the_words(store: Store) -> None:
    store.save_utterances(units("a", "een", "twee", "drie"), key="k")
    said = tuple(
        judgement(f"a.000{turn}.01", word, "leefwereld") for turn, word in enumerate(("een", "twee", "drie"), start=1)
    )
    store.save_judgements(said)
    assert store.set_aside("a") == 0
    store.save_utterances(units("a", "een", "TWEE"), key="k2")
    assert store.judgements("a") == said[:1]
    assert store.set_aside("a") == 2
    store.save_judgements((judgement("a.0002.01", "TWEE", "geen_frame"),))
    assert store.set_aside("a") == 1
    store.save_utterances(units("a", "een", "twee", "drie"), key="k")
    assert store.judgements("a") == said
    assert store.set_aside("a") == 0


def test_judgements_of_several_sessions_are_saved_together_or_not_at_all(store: Store) -> None:
    store.save_utterances(units("a", "een"), key="k")
    store.save_utterances(units("b", "een"), key="k")
    good = (judgement("b.0001.01", "een", "leefwereld"), judgement("a.0001.01", "een", "leefwereld"))
    with pytest.raises(RaamwerkError, match=r"2 uitingen staan niet in de database; de eerste is 'a\.0009\.01'"):
        store.save_judgements((*good, judgement("a.0009.01", "een", "x"), judgement("zuid.0001.01", "een", "x")))
    with pytest.raises(RaamwerkError, match="Het codeboek 'ander 1' is in deze studie nooit gebruikt"):
        store.save_judgements((*good, judgement("a.0001.01", "een", "x", book="ander 1")))
    assert store.judgements("a") == store.judgements("b") == ()
    assert store.save_judgements(good) == 2
    assert store.save_judgements(()) == 0


def test_a_draw_comes_back_exactly_and_saving_it_again_adds_nothing(store: Store) -> None:
    made = draw(("a.0003.01", "a.0001.01"))
    assert store.draws() == ()
    assert store.save_draw(made)
    assert not store.save_draw(made)
    other = draw(("b.0001.01",), name="anders", session="b")
    assert store.save_draw(other)
    assert store.draws() == (made, other)


def test_a_draw_grows_by_one_wave_and_keeps_its_place(store: Store) -> None:
    first = draw(("a.0003.01",))
    second = draw(("a.0003.01",), ("a.0001.01", "a.0002.01"))
    store.save_draw(first)
    store.save_draw(draw(("b.0001.01",), name="anders", session="b"))
    assert store.save_draw(second)
    assert not store.save_draw(second)
    assert [each.id for each in store.draws()] == ["trekking-1", "anders"]
    assert store.draws()[0] == second
    assert [row["wave"] for row in store.contents()["draws"]["trekking-1"]] == [1, 2]


@pytest.mark.parametrize(
    "other",
    [
        draw(("a.0004.01",)),
        draw(("a.0004.01",), ("a.0001.01",)),
        draw(("a.0003.01",), ("a.0001.01",), ("a.0002.01",)),
        replace(draw(("a.0003.01",), ("a.0001.01",)), seeds=(1, 2)),
        replace(draw(("a.0003.01",), ("a.0001.01",)), without_units=()),
        replace(draw(("a.0003.01",)), design=replace(draw(()).design, per_session=50)),
    ],
    ids=["other-unit", "other-first-wave", "two-waves-more", "other-seed", "other-sessions", "other-design"],
)
def test_what_was_drawn_cannot_become_something_else(store: Store, other: Draw) -> None:
    store.save_draw(draw(("a.0003.01",)))
    with pytest.raises(RaamwerkError, match="De trekking 'trekking-1' bestaat al en is anders"):
        store.save_draw(other)
    assert store.draws() == (draw(("a.0003.01",)),)


def test_a_draw_cannot_shrink_to_its_first_wave(store: Store) -> None:
    store.save_draw(draw(("a.0003.01",)))
    store.save_draw(draw(("a.0003.01",), ("a.0001.01",)))
    with pytest.raises(RaamwerkError, match="bestaat al en is anders"):
        store.save_draw(draw(("a.0003.01",)))


def test_what_was_said_blindly_for_a_draw_is_not_replaced_by_what_is_said_later(store: Store) -> None:
    store.save_utterances(units("a", "een"), key="k")
    store.save_draw(draw(("a.0001.01",)))
    blind = replace(judgement("a.0001.01", "een", "leefwereld"), draw="trekking-1", blind=True)
    correction = judgement("a.0001.01", "een", "geen_frame")
    assert store.save_judgements((blind,)) == 1
    assert store.save_judgements((correction,)) == 1
    assert store.judgements("a") == (correction,)
    assert store.judgements_by_draw("a") == (blind, correction)
    # The sheet is read once more, with other rows filled in: the correction stays.
    assert store.save_judgements((blind,)) == 0
    assert store.judgements("a") == (correction,)


def test_a_correction_counts_also_when_the_coder_had_said_the_same_before_the_draw(store: Store) -> None:
    store.save_utterances(units("a", "een"), key="k")
    store.save_draw(draw(("a.0001.01",)))
    first = judgement("a.0001.01", "een", "leefwereld")
    blind = replace(judgement("a.0001.01", "een", "geen_frame"), draw="trekking-1", blind=True)
    assert store.save_judgements((first, blind, first)) == 3
    assert store.judgements("a") == (first,)
    assert store.judgements_by_draw("a") == (first, blind)


def test_a_coder_who_turns_out_to_have_seen_the_machine_is_no_longer_blind(store: Store) -> None:
    store.save_utterances(units("a", "een"), key="k")
    store.save_draw(draw(("a.0001.01",)))
    blind = replace(judgement("a.0001.01", "een", "leefwereld"), draw="trekking-1", blind=True)
    assert store.save_judgements((blind, replace(blind, blind=False))) == 2
    assert store.judgements_by_draw("a") == (replace(blind, blind=False),)


def test_a_judgement_for_a_draw_that_was_never_made_is_refused(store: Store) -> None:
    store.save_utterances(units("a", "een"), key="k")
    with pytest.raises(RaamwerkError, match="De trekking 'trekking-1' is in deze studie nooit gemaakt"):
        store.save_judgements([replace(judgement("a.0001.01", "een", "leefwereld"), draw="trekking-1")])
    assert store.judgements("a") == ()


@pytest.mark.parametrize("table", ["prediction", "judgement", "draw"])
@pytest.mark.parametrize("change", ["UPDATE {} SET id = 7", "DELETE FROM {}"])
def test_labels_and_draws_cannot_be_changed_or_deleted(store: Store, address: str, table: str, change: str) -> None:
    store.save_utterances(units("a", "een"), key="k")
    store.save_predictions("a", (prediction("a.0001.01", "een"),), key="k")
    store.save_judgements((judgement("a.0001.01", "een", "leefwereld"),))
    store.save_draw(draw(("a.0001.01",)))
    before = store.contents()
    _refused(address, change.format(table), f"{table} is append-only")
    replacing = {
        "sqlite": f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}",  # noqa: S608 - our own tables
        "postgresql": f"TRUNCATE {table}",
    }
    _refused(address, replacing[address.partition(":")[0].partition("+")[0]], f"{table} is append-only")
    assert store.contents() == before


def _refused(address: str, statement: str, message: str) -> None:
    engine = create_engine(address)
    try:
        with pytest.raises(DBAPIError, match=message), engine.begin() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()


def test_contents_are_plain_and_do_not_depend_on_the_moment_or_the_order_of_sessions(
    store: Store, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def fill(into: Store, *sessions: str) -> None:
        for name in sessions:
            into.save_pseudonymised(transcript(name, "een", "twee"), key="k")
            into.save_utterances(units(name, "een", "twee"), key="k")
            into.save_predictions(name, (prediction(f"{name}.0001.01", "een"),), key="k")
            into.save_judgements((judgement(f"{name}.0001.01", "een", "leefwereld"),))
            into.save_draw(draw((f"{name}.0001.01",), name=f"trekking-{name}", session=name))

    moments = (fixed_clock() + timedelta(days=number) for number in range(100))
    with open_store(f"sqlite:///{tmp_path_factory.mktemp('ander')}/x.db", clock=lambda: next(moments)) as other:
        other.register_study(study("b", "a"), BOOK)
        fill(other, "b", "a")
        other.register_study(study("a", "b"), BOOK)
        fill(store, "a", "b")
        assert other.contents() == store.contents()
        assert json.loads(json.dumps(store.contents())) == store.contents()
        store.finish("a", "x", "k", {})
        assert other.contents() != store.contents()


def test_errors_of_the_database_are_dutch_and_quote_no_words(store: Store, address: str) -> None:
    engine = create_engine(address)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE utterance RENAME TO weg"))
    engine.dispose()
    with pytest.raises(RaamwerkError, match=r"Het opslaan van de database .* is niet gelukt") as caught:
        store.save_utterances(units("a", "vertrouwelijk"), key="k")
    assert "vertrouwelijk" not in str(caught.value)


def test_moments_are_kept_in_utc(address: str) -> None:
    summer = datetime(2026, 7, 1, 12, tzinfo=UTC).astimezone()
    with open_store(address, clock=lambda: summer) as store:
        store.finish("*", "x", "k", {})
    engine = create_engine(address)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT finished_at FROM ledger")) == "2026-07-01T12:00:00+00:00"
    engine.dispose()


def _save_sessions(address: str, names: tuple[str, ...]) -> None:
    with open_store(address) as store:
        store.register_study(study(*(f"s{number}" for number in range(12))), BOOK)
        for name in names:
            words = tuple(f"uiting {number} van {name}" for number in range(60))
            store.save_utterances(units(name, *words), key=name)
            said = tuple(prediction(f"{name}.{turn:04d}.01", word) for turn, word in enumerate(words, start=1))
            store.save_predictions(name, said, key=name)


@pytest.mark.slow
def test_processes_that_start_together_write_their_sessions_without_losing_any(address: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    shares = [tuple(f"s{number}" for number in range(first, 12, 3)) for first in range(3)]
    workers = [spawn.Process(target=_save_sessions, args=(address, share)) for share in shares]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    with open_store(address) as store:
        assert len(store.sessions()) == 12
        for name in store.sessions():
            assert len(store.predictions(name, MODEL)) == 60
            assert store.finished_key(name, Step.TAG) == name


def test_two_stores_on_one_database_see_each_others_work(store: Store, address: str) -> None:
    with open_store(address, clock=fixed_clock) as other:
        store.save_utterances(units("a", "een"), key="k")
        other.save_utterances(units("b", "een"), key="k")
        assert other.unitised("a") == units("a", "een")
        assert store.contents() == other.contents()


def test_the_sha_of_the_world_is_the_one_of_the_noun() -> None:
    assert units("a", "één").utterances[0].text_sha == sha("één")
