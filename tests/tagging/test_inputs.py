from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.pseudonym import PseudonymisedSpeaker
from pipeline.tagging.inputs import Guise, as_recognised, inputs_of, plain_words, role_mark
from tests.tagging import world

if TYPE_CHECKING:
    from pipeline.tagging.encoder import Encoder


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("[KIND_208] slaapt bij [FAMILIE_3].", "kind slaapt bij familielid."),
        ("[PROF_KM_12] belt [ORG_1]", "klantmanager belt organisatie"),
        ("op [IETS_NIEUWS_4] na", "op iets nieuws na"),
        ("regel [3] en [KIND] blijven", "regel [3] en [KIND] blijven"),
    ],
)
def test_a_placeholder_becomes_a_plain_word_for_its_kind(text: str, plain: str) -> None:
    assert plain_words(text) == plain


@given(kind=st.from_regex(r"[A-Z]+(_[A-Z]+)*", fullmatch=True), number=st.integers(1, 10**6))
def test_no_number_of_a_pseudonym_is_ever_read(kind: str, number: int) -> None:
    assert not any(character.isdigit() for character in plain_words(f"en [{kind}_{number}] zei"))


@pytest.mark.parametrize(
    ("speaker", "mark"),
    [
        (PseudonymisedSpeaker("P_1", "klantmanager", "inbrenger"), "klantmanager"),
        (PseudonymisedSpeaker("P_1", "sociaal_werker"), "sociaal werker"),
        (PseudonymisedSpeaker("P_1", "gespreksleider", "gespreksleider"), "gespreksleider"),
        (PseudonymisedSpeaker("P_1", groep="sociale_professional"), "sociale professional"),
        (PseudonymisedSpeaker("P_1"), "onbekend"),
        (None, "onbekend"),
    ],
)
def test_a_role_mark_says_what_a_speaker_is(speaker: PseudonymisedSpeaker | None, mark: str) -> None:
    assert role_mark(speaker) == mark


def spoken(encoder: Encoder, ids: tuple[int, ...]) -> str:
    return " ".join(encoder.tokenizer.convert_ids_to_tokens(list(ids)))


def test_every_unit_is_read_by_itself_and_minimal_ones_are_context_only(encoder: Encoder) -> None:
    session = world.session("s", ["Mag het raam even open?", "Ja.", "Wie maakt vandaag het verslag?"])
    first, second = inputs_of(session, encoder, context=2)
    assert [first.unit, second.unit] == [0, 2]
    assert first.before == ()
    assert spoken(encoder, second.ids).endswith(": wie maakt vandaag het verslag ? [SEP]")
    assert spoken(encoder, second.before[0]).endswith(": ja . [SEP]"), "the nearest comes first"
    assert second.before[1] == first.ids
    assert second.ids.count(encoder.begin) == 1


def test_no_more_context_than_asked_for_is_read(encoder: Encoder) -> None:
    session = world.session("s", list(world.GEEN))
    one, none = (inputs_of(session, encoder, context=n)[-1] for n in (1, 0))
    assert one.ids == none.ids
    assert (len(one.before), none.before) == (1, ())
    assert "bladzijde" in spoken(encoder, one.before[0])


def test_words_can_be_shown_as_recognised_and_without_roles(encoder: Encoder) -> None:
    session = world.session("s", ["Mag het raam, even open?"])
    as_is, recognised, roleless = (inputs_of(session, encoder, 0, guise)[0] for guise in Guise)
    assert spoken(encoder, as_is.ids) == "[CLS] klantmanager : mag het raam , even open ? [SEP]"
    assert spoken(encoder, recognised.ids) == "[CLS] klantmanager : mag het raam even open [SEP]"
    assert "klantmanager" not in spoken(encoder, roleless.ids)
    assert as_recognised("Nou, eh... 't Is zó (lacht) — hè?") == "nou eh 't is zó lacht hè"


@given(words=st.integers(1, 200), before=st.integers(1, 200))
def test_context_takes_no_room_from_the_unit(encoder: Encoder, words: int, before: int) -> None:
    one = inputs_of(world.session("s", ["raam " * before, "raam " * words]), encoder, context=1)[-1]
    assert len(one.ids) == min(encoder.longest, words + 5)
    assert (one.ids[0], one.ids[-1]) == (encoder.begin, encoder.end)
