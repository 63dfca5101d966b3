"""Sessions at the edges, and what the room tells of what was said: nothing."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.errors import InputError
from pipeline.tagging.tagger import Tagger, load_tagger
from tests.tagging import world
from tests.tagging.conftest import NOWHERE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.domain.pseudonym import UnitisedSession

DIMENSIONS = ["frame", "sr", "niveau"]
SAID = "Kwibusplein"


@pytest.fixture(scope="module")
def tagger(two_taggers: tuple[Path, Path]) -> Tagger:
    return load_tagger(two_taggers[0], NOWHERE)


def tagged_units(tagger: Tagger, session: UnitisedSession) -> list[str]:
    """Ids of the units that were tagged, after checking that each has every dimension with proper probabilities."""
    predictions = tagger.tag(session)
    assert [one.dimension for one in predictions] == DIMENSIONS * (len(predictions) // 3)
    for one in predictions:
        assert all(0 <= probability <= 1 for _, probability in one.probabilities)
        if one.dimension != "sr":
            assert len(one.labels) == 1
            assert abs(sum(probability for _, probability in one.probabilities) - 1) < 1e-9
    return [one.utterance_id for one in predictions[::3]]


def test_units_that_are_all_minimal_give_no_predictions_and_no_progress(tagger: Tagger) -> None:
    told: list[tuple[int, int]] = []
    session = world.session("s", ["Ja."] * 40)
    assert tagger.tag(session, lambda done, total: told.append((done, total))) == ()
    assert told == []


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u200b", "?", "[KIND_3]", "🙂" * 30, "ja\x00nee", "a\u0301"])
def test_a_unit_with_next_to_nothing_in_it_is_tagged_like_any_other(tagger: Tagger, text: str) -> None:
    assert tagged_units(tagger, world.session("s", [text])) == ["s.0001.01"]
    assert tagged_units(tagger, world.session("s", ["Ja.", text, text])) == ["s.0002.01", "s.0003.01"]


def test_a_unit_without_a_speaker_is_tagged(tagger: Tagger) -> None:
    session = world.session("s", ["Mag het raam even open?"])
    nobody = replace(session, speakers=(), utterances=(replace(session.utterances[0], speaker=None),))
    assert tagged_units(tagger, nobody) == ["s.0001.01"]


@pytest.mark.parametrize("text", ["slaapt slecht " * 714, "a" * 10_000, ". " * 5_000])
def test_a_unit_of_ten_thousand_characters_is_read_as_far_as_the_encoder_reads(tagger: Tagger, text: str) -> None:
    assert tagged_units(tagger, world.session("s", ["Ja.", text, "Mag het raam even open?"])) == [
        "s.0002.01", "s.0003.01",
    ]  # fmt: skip
    words = "slaapt slecht " * 100
    near, far = (tagger.tag(world.session("s", [words + more])) for more in ("", "bang in huis " * 100))
    assert [one.probabilities for one in near] == [one.probabilities for one in far]


@pytest.mark.slow
def test_five_thousand_units_take_no_longer_a_unit_than_five_hundred(tagger: Tagger) -> None:
    sentences = [*world.LEEFWERELD, *world.ACTIVERING, *world.GEEN, *world.BRUG]
    seconds = []
    for units in (500, 5_000):
        session = world.session("s", [sentences[at % len(sentences)] for at in range(units)])
        start = time.process_time()
        predictions = tagger.tag(session)
        seconds.append((time.process_time() - start) / units)
        assert len({one.utterance_id for one in predictions}) == units
    assert seconds[1] < 3 * seconds[0]


@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), max_size=6))
@settings(max_examples=15, deadline=None)
def test_whatever_was_said_every_unit_but_minimal_ones_is_tagged_once_and_in_order(
    tagger: Tagger, texts: list[str]
) -> None:
    session = world.session("s", texts)
    assert tagged_units(tagger, session) == [unit.id for unit in session.utterances if not unit.minimal]


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Logs at their most talkative, those of the libraries too."""
    from transformers.utils import logging as theirs

    level = theirs.get_verbosity()
    theirs.set_verbosity_debug()  # type: ignore[no-untyped-call]
    theirs.enable_propagation()  # type: ignore[no-untyped-call]
    with caplog.at_level(logging.DEBUG):
        yield caplog
    theirs.disable_propagation()  # type: ignore[no-untyped-call]
    theirs.set_verbosity(level)


def test_tagging_and_training_repeat_nothing_of_what_was_said(
    two_taggers: tuple[Path, Path],
    tiny: Path,
    tmp_path: Path,
    everything_logged: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    said = [f"{SAID} slaapt slecht. " * times for times in (1, 40, 400)]
    load_tagger(two_taggers[0], NOWHERE).tag(world.session("s", [*said, SAID, "\u0000" + SAID]))
    labelled = [
        world.labelled(name, [(text, "leefwereld", ("brug",), "1") for text in (*said, *world.GEEN[:3])])
        for name in ("een", "twee")
    ]
    told: list[str] = []
    world.train(
        labelled,
        world.codebook(),
        world.params(tiny, epochs=1),
        NOWHERE,
        tmp_path / "t",
        lambda what, _: told.append(what),
    )
    out, err = capfd.readouterr()
    assert SAID.lower() not in "\n".join([everything_logged.text, out, err, *told]).lower()
    for path in (tmp_path / "t").iterdir():
        assert SAID.lower().encode() not in path.read_bytes().lower(), path.name


def test_errors_repeat_nothing_of_what_was_said(tiny: Path, tmp_path: Path) -> None:
    unit = (f"{SAID} slaapt slecht.", "leefwereld", ("brug",), "1")
    wrong = [
        world.labelled("s", [unit, (SAID, "bestaat_niet", ("brug", "ook_niet"), "9")]),
        world.labelled("s", [(SAID, "leefwereld", ("brug",), "1")] * 0),
        replace(world.labelled("s", [unit]), labels=world.labelled("s", [unit]).labels[:1]),
    ]
    for session in wrong:
        with pytest.raises(InputError) as raised:
            world.train([session], world.codebook(), world.params(tiny), NOWHERE, tmp_path / "t", world.quiet)
        assert SAID.lower() not in str(raised.value).lower()


def test_a_text_that_is_no_unicode_is_an_error_that_does_not_repeat_it(tagger: Tagger) -> None:
    with pytest.raises((TypeError, UnicodeEncodeError)) as raised:
        tagger.tag(world.session("s", [f"{SAID} \ud800"]))
    assert SAID not in str(raised.value)
