"""Units, their ids and times, and what counts as minimal."""

from __future__ import annotations

import pytest

from pipeline.domain.pseudonym import PseudonymisedTranscript, PseudonymisedTurn, Utterance
from pipeline.unitise.utterances import is_minimal, unitise


@pytest.mark.parametrize("text", ["Hm-hm.", "Ja ja.", "", "nee hè", "Oké, precies.", "...", "Ja, ja, precies"])
def test_backchannels_and_wordless_turns_are_minimal(text: str) -> None:
    assert is_minimal(text)


@pytest.mark.parametrize(
    "text", ["Ja, dat ben ik.", "Nee hoor, klopt niet.", "Morgen.", "[KIND_3]", "ja ja ja ja", "Drie kinderen toch?"]
)
def test_whatever_says_something_is_not_minimal(text: str) -> None:
    assert not is_minimal(text)


def test_a_turn_with_a_cut_becomes_two_units_with_lasting_ids_and_interpolated_times() -> None:
    turn = PseudonymisedTurn(12, "PROF_KM_4", "Eerste helft. Andere helft.", 100.0, 127.0, cuts=(14,))
    units = unitise(PseudonymisedTranscript("noord-1", (), (turn,))).utterances
    assert [(unit.id, unit.text, unit.start, unit.end) for unit in units] == [
        ("noord-1.0012.01", "Eerste helft.", 100.0, 114.0),
        ("noord-1.0012.02", "Andere helft.", 114.0, 127.0),
    ]


def test_a_label_survives_a_new_key_but_not_other_words() -> None:
    def sha(text: str) -> str:
        return Utterance("s.0001.01", "s", 1, 1, None, text, None, None, minimal=False).text_sha

    assert sha("Ik belde [KIND_208] op.") == sha("Ik belde [KIND_7] op.")
    assert sha("Ik belde [KIND_208] op.") != sha("Ik belde [PARTNER_208] op.")
