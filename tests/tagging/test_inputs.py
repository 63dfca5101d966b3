from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.pseudonym import PseudonymisedSpeaker
from pipeline.tagging.inputs import assemble, inputs_of, plain_words, role_mark
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
        (PseudonymisedSpeaker("P_1", "klantmanager", "inbrenger"), "klantmanager, inbrenger"),
        (PseudonymisedSpeaker("P_1", "sociaal_werker"), "sociaal werker"),
        (PseudonymisedSpeaker("P_1", "gespreksleider", "gespreksleider"), "gespreksleider"),
        (PseudonymisedSpeaker("P_1", groep="sociale_professional"), "sociale professional"),
        (PseudonymisedSpeaker("P_1"), "onbekend"),
        (None, "onbekend"),
    ],
)
def test_a_role_mark_says_what_a_speaker_is(speaker: PseudonymisedSpeaker | None, mark: str) -> None:
    assert role_mark(speaker) == mark


def test_context_is_the_preceding_units_with_minimal_ones_and_minimal_ones_are_not_asked(encoder: Encoder) -> None:
    session = world.session("s", ["Mag het raam even open?", "Ja.", "Wie maakt vandaag het verslag?"])
    inputs = inputs_of(session, encoder, context=2, max_tokens=90)
    assert [one.unit for one in inputs] == [0, 2]
    read = encoder.tokenizer.convert_ids_to_tokens(list(inputs[1].ids))
    assert " ".join(read[1 : inputs[1].start - 1]).endswith("mag het raam even open ? [UNK] [UNK] , [UNK] : ja .")
    assert read[inputs[1].start :][-7:] == ["wie", "maakt", "vandaag", "het", "verslag", "?", "[SEP]"]
    assert read.count("[SEP]") == 2


def test_no_more_context_than_asked_for_is_read(encoder: Encoder) -> None:
    session = world.session("s", list(world.GEEN))
    one, none = (inputs_of(session, encoder, context=n, max_tokens=90)[-1] for n in (1, 0))
    assert len(one.ids) > len(none.ids)
    assert none.ids[0] == encoder.begin
    assert none.start == 1
    text = " ".join(encoder.tokenizer.convert_ids_to_tokens(list(one.ids)))
    assert "bladzijde" in text
    assert "zaal" not in text


def test_both_families_get_their_own_separators(any_encoder: Encoder) -> None:
    input_ = assemble(0, [9, 10], [11], any_encoder, 64)
    assert list(input_.ids) == [
        any_encoder.begin, 9, 10, *[any_encoder.end] * any_encoder.separators, 11, any_encoder.end,
    ]  # fmt: skip
    assert any_encoder.separators == (2 if any_encoder.model.config.model_type == "roberta" else 1)


@given(
    before=st.lists(st.integers(10, 99), max_size=120), unit=st.lists(st.integers(100, 199), min_size=1, max_size=200)
)
def test_context_goes_first_from_the_left_and_the_unit_is_whole(
    encoder: Encoder, before: list[int], unit: list[int]
) -> None:
    input_ = assemble(0, before, unit, encoder, 32)
    kept = [token for token in input_.ids[: input_.start] if 10 <= token < 100]
    assert kept == before[len(before) - len(kept) :]
    assert list(input_.ids[input_.start : -1]) == unit[: encoder.longest - 2]
    assert len(input_.ids) <= encoder.longest
    if kept:
        assert len(input_.ids) <= 32
        assert len(input_.ids) == 32 or kept == before
