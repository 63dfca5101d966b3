"""What must stay true of the card: nobody who reads it takes a weak label, or a thin group, for a good one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pipeline.domain.codebook import DimensionKind
from pipeline.tagging.baselines import SIMPLER
from pipeline.tagging.card import write_card
from pipeline.tagging.evaluate import FEWEST_OF_LABEL, score
from pipeline.tagging.heads import Head
from pipeline.tagging.learn import Example
from pipeline.tagging.weights import Manifest
from tests.tagging import world

if TYPE_CHECKING:
    from pipeline.tagging.evaluate import Evaluation

LABELS = ("leefwereld", "activering", "geen_frame")
FRAME = Head("frame", DimensionKind.SINGLE, LABELS, none_label="geen_frame", scales=(1.0,) * 3)
MANIFEST = Manifest("proef", "proef 1.0", "basis", "abc", world.params("basis"), (FRAME,), (), "", {})
RARE = FEWEST_OF_LABEL - 1


def judged(*, tagger: float, simpler: float, groups: int = 6) -> Evaluation:
    """Give figures of 600 units in 6 sessions; "activering" is rare in the second half of them.

    Args:
        tagger: share of the units with "leefwereld" that the tagger finds; it finds no "activering".
        simpler: share of them that each simpler way finds.
        groups: number of writers.
    """
    examples, answers, others = [], [], []
    for row in range(600):
        session = row // 100
        rare = row % 100 < (20 if session < 3 else RARE / 3)
        label = "activering" if rare else "leefwereld" if row % 10 < 3 else "geen_frame"
        facets = (("stijl", "eerste" if session < 3 else "tweede"),)
        answer = {"frame": (label,)}
        examples.append(Example(f"s{session}", f"w{session % groups}", f"u{row}", "", "", "", facets, False, answer))
        for found, given in ((tagger, answers), (simpler, others)):
            seen = label == "leefwereld" and (row // 10 % 10) < found * 10
            given.append({"frame": ("leefwereld" if seen else "geen_frame",)})
    chances = [{"frame": (0.2, 0.2, 0.6)}] * len(examples)
    return score((FRAME,), examples, answers, chances, dict.fromkeys(SIMPLER, others), {}, 3, 1)


def card_of(evaluation: Evaluation | None) -> str:
    return write_card(world.world(), world.codebook(), MANIFEST, evaluation)


def test_a_label_that_is_hardly_found_is_named_as_not_to_be_used() -> None:
    card = card_of(judged(tagger=1.0, simpler=0.2))
    warning = card[card.index("**Niet gebruiken zonder") : card.index("### Frame")]
    assert "- frame: activering\n" in warning


def test_how_often_a_label_is_given_stands_beside_how_often_it_is_there() -> None:
    evaluation = judged(tagger=0.5, simpler=0.2)
    frame = evaluation.dimensions[0]
    assert frame.given["activering"] == 0
    assert 0 < frame.given["leefwereld"] < frame.counts["leefwereld"]
    assert f"| leefwereld | {frame.counts['leefwereld']} | {frame.given['leefwereld']} |" in card_of(evaluation)


@pytest.mark.parametrize(
    ("tagger", "simpler", "said"), [(0.5, 0.5, "het niet beter"), (0.9, 0.88, "het nauwelijks beter"), (1.0, 0.2, "")]
)
def test_no_gain_over_a_simpler_way_is_said(tagger: float, simpler: float, said: str) -> None:
    evaluation = judged(tagger=tagger, simpler=simpler)
    if "nauwelijks" in said:  # tenths of the units only: bring the simpler way near by hand
        frame = evaluation.dimensions[0]
        near = replace(frame.tagger, macro_f1=frame.tagger.macro_f1 - 0.01)
        evaluation = replace(evaluation, dimensions=(replace(frame, others=dict.fromkeys(frame.others, near)),))
    card = card_of(evaluation)
    assert (said in card) if said else ("**Let op:**" not in card)


def test_the_share_of_errors_stands_beside_that_of_always_giving_the_most_frequent_answer() -> None:
    evaluation = judged(tagger=0.0, simpler=0.0)
    frame = evaluation.dimensions[0]
    assert frame.idle == pytest.approx(1 - frame.counts["geen_frame"] / frame.units)
    assert f"| frame | {frame.idle:.1%} | {frame.idle:.1%} |" in card_of(evaluation)


def test_a_label_that_is_rare_in_a_group_is_left_out_of_its_figure_and_the_number_of_labels_is_told() -> None:
    frame = judged(tagger=1.0, simpler=0.2).dimensions[0]
    assert {value: labels for (facet, value), (_, labels, _) in frame.facets.items() if facet == "stijl"} == {
        "eerste": 3,
        "tweede": 2,
    }
    assert "eerste 0.6" in card_of(judged(tagger=1.0, simpler=0.2))
    assert "(300, 2)" in card_of(judged(tagger=1.0, simpler=0.2))


def test_the_card_says_whether_whole_writers_were_left_out_or_only_sessions() -> None:
    assert "Gemeten op 3 groepen van sessies" in card_of(judged(tagger=1.0, simpler=0.2, groups=3))
    assert "bij nieuwe mensen is het waarschijnlijk slechter" in card_of(judged(tagger=1.0, simpler=0.2))


def test_sessions_that_one_coder_coded_are_counted() -> None:
    assert "Alle sessies zijn door één codeur gecodeerd." in card_of(None)
