from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.codebook import DimensionKind
from pipeline.domain.coding import CoderKind
from pipeline.domain.errors import InputError
from pipeline.domain.training import SettledLabel, TrainingSession
from pipeline.tagging.heads import Head, certainty, decide, differences, plan_heads, probabilities_of
from tests.tagging import world

FRAME = Head("frame", DimensionKind.SINGLE, ("a", "b", "c"), none_label="c", precedence=("b", "a"))
SR = Head("sr", DimensionKind.MULTI, ("brug", "zelf"), thresholds=(0.6, 0.2))
NIVEAU = Head(
    "niveau", DimensionKind.ORDINAL, ("0", "1", "2", "3"), none_label="0", gate="sr", thresholds=(0.5, 0.5, 0.5)
)


def with_labels(*labels: SettledLabel) -> tuple[TrainingSession, ...]:
    session = world.session("s", [*world.GEEN])
    return (TrainingSession(session, labels, CoderKind.MENS, None),)


def everything() -> list[SettledLabel]:
    return [
        SettledLabel("s.0001.01", "frame", ("leefwereld",)),
        SettledLabel("s.0001.01", "sr", ("brug",)),
        SettledLabel("s.0001.01", "niveau", ("1",)),
    ]


def test_the_most_probable_label_is_chosen() -> None:
    assert decide((FRAME,), {"frame": (0.2, 0.3, 0.5)}) == {"frame": ("c",)}


def test_of_equally_probable_labels_the_strongest_in_precedence_is_chosen() -> None:
    assert decide((FRAME,), {"frame": (0.4, 0.4, 0.2)}) == {"frame": ("b",)}
    assert decide((replace(FRAME, precedence=()),), {"frame": (0.4, 0.4, 0.2)}) == {"frame": ("a",)}


def test_every_label_at_or_above_its_own_threshold_is_given() -> None:
    assert decide((SR,), {"sr": (0.6, 0.2)}) == {"sr": ("brug", "zelf")}
    assert decide((SR,), {"sr": (0.59, 0.19)}) == {"sr": ()}


def test_a_closed_gate_keeps_a_dimension_at_nothing() -> None:
    chosen = decide((NIVEAU, SR), {"sr": (0.1, 0.1), "niveau": (0.0, 0.0, 0.0, 1.0)})
    assert chosen == {"niveau": ("0",), "sr": ()}


def test_an_open_gate_lets_it_be_anything_unless_the_labels_learnt_from_say_otherwise() -> None:
    probabilities = {"sr": (0.9, 0.1), "niveau": (0.8, 0.05, 0.1, 0.05)}
    assert decide((SR, NIVEAU), probabilities)["niveau"] == ("0",)
    assert decide((SR, replace(NIVEAU, gate_binds=True)), probabilities)["niveau"] == ("1",)


def test_an_ordinal_label_is_the_last_whose_threshold_is_reached_in_a_row() -> None:
    free = replace(NIVEAU, gate=None, thresholds=(0.5, 0.2, 0.3))
    assert decide((free,), {"niveau": (0.4, 0.35, 0.05, 0.2)})["niveau"] == ("2",)
    assert decide((free,), {"niveau": (0.6, 0.0, 0.0, 0.4)})["niveau"] == ("0",)


def test_favours_tip_the_balance_towards_a_rare_label() -> None:
    favoured = replace(FRAME, favours=(1.0, 0.0, 0.0))
    assert decide((favoured,), {"frame": (0.25, 0.15, 0.6)}) == {"frame": ("a",)}
    assert decide((favoured,), {"frame": (0.1, 0.1, 0.8)}) == {"frame": ("c",)}


def test_probabilities_are_proper_for_every_kind_of_head_however_far_the_scores() -> None:
    draw = np.random.default_rng(1)
    for head in (FRAME, SR, NIVEAU):
        scaled = replace(head, scales=(2.0,) * head.scores, shifts=tuple(float(n) for n in range(head.scores)))
        for size in (1, 1000):
            found = probabilities_of(scaled, draw.normal(0, size, (50, head.scores)))
            assert found.shape == (50, len(head.labels))
            assert found.min() >= 0
            assert found.max() <= 1 + 1e-12
            if head is not SR:
                assert found.sum(1) == pytest.approx(np.ones(50))


def test_scores_become_probabilities_as_worked_out_by_hand() -> None:
    single = replace(FRAME, scales=(2.0,) * 3, shifts=(0.0, 1.0, 0.0))
    expected = np.exp([2.0, 1.0, 0.0]) / np.exp([2.0, 1.0, 0.0]).sum()
    assert probabilities_of(single, np.array([[1.0, 0.0, 0.0]]))[0] == pytest.approx(expected)
    above = 1 / (1 + np.exp([-1.0, 0.0, 2.0]))
    ordinal = probabilities_of(NIVEAU, np.array([[1.0, 0.0, -2.0]]))[0]
    assert ordinal == pytest.approx([1 - above[0], above[0] - above[1], above[1] - above[2], above[2]])


def test_scores_of_two_readers_add_up_each_with_its_scale() -> None:
    both = np.array([[1.0, 0.0, 0.0, 0.0, 3.0, 0.0]])
    assert probabilities_of(FRAME, both)[0] == pytest.approx(probabilities_of(FRAME, both[:, :3])[0])
    weighed = replace(FRAME, scales=(2.0,) * 3 + (0.5,) * 3, shifts=(0.0, 0.0, 1.0))
    expected = np.exp([2.0, 1.5, 1.0]) / np.exp([2.0, 1.5, 1.0]).sum()
    assert probabilities_of(weighed, both)[0] == pytest.approx(expected)


def test_certainty_is_the_probability_of_the_label_and_of_the_least_certain_yes_or_no() -> None:
    assert certainty(FRAME, (0.2, 0.3, 0.5), ("b",)) == 0.3
    assert certainty(SR, (0.9, 0.3), ("brug",)) == pytest.approx(0.7)


def test_a_single_dimension_can_be_a_gate_too() -> None:
    gated = replace(NIVEAU, gate="frame")
    assert decide((FRAME, gated), {"frame": (0, 0, 1), "niveau": (0, 1, 0, 0)})["niveau"] == ("0",)
    assert decide((FRAME, gated), {"frame": (1, 0, 0), "niveau": (0, 1, 0, 0)})["niveau"] == ("1",)


@given(st.lists(st.floats(0.001, 1), min_size=4, max_size=4))
def test_an_ordinal_label_has_at_most_half_of_the_probability_on_either_side(weights: list[float]) -> None:
    total = sum(weights)
    probabilities = [weight / total for weight in weights]
    at = int(decide((replace(NIVEAU, gate=None),), {"niveau": probabilities})["niveau"][0])
    assert sum(probabilities[:at]) <= 0.5 + 1e-5
    assert sum(probabilities[at + 1 :]) <= 0.5 + 1e-5


def test_heads_follow_the_codebook_for_the_dimensions_that_carry_labels() -> None:
    heads = plan_heads(with_labels(*everything()), world.codebook())
    assert [(head.dimension, head.kind.value, head.labels) for head in heads] == [
        ("frame", "enkel", ("leefwereld", "activering", "geen_frame")),
        ("sr", "meervoudig", ("brug", "zelf")),
        ("niveau", "ordinaal", ("0", "1", "2")),
    ]
    assert heads[2].gate_binds


def test_labels_set_by_rule_are_no_choice_and_optional_dimensions_join_when_labelled() -> None:
    labels = [*everything(), SettledLabel("s.0002.01", "bijdrage", ("vraag",))]
    assert plan_heads(with_labels(*labels), world.codebook())[3].labels == ("vraag", "informatie")


def test_a_gate_does_not_bind_when_a_hit_went_with_nothing() -> None:
    labels = [
        *everything(),
        SettledLabel("s.0002.01", "sr", ("zelf",)),
        SettledLabel("s.0002.01", "niveau", ("0",)),
    ]
    assert not plan_heads(with_labels(*labels), world.codebook())[2].gate_binds


def test_core_dimensions_and_gates_without_labels_are_reported_together() -> None:
    labels = [label for label in everything() if label.dimension == "niveau"]
    with pytest.raises(InputError) as caught:
        plan_heads(with_labels(*labels), world.codebook())
    assert [problem.place for problem in caught.value.problems] == [
        "labels, dimensie frame",
        "labels, dimensie sr",
        "labels, dimensie niveau",
    ]


def test_labels_that_the_codebook_does_not_have_are_reported_with_their_unit() -> None:
    labels = [
        *everything(),
        SettledLabel("s.0002.01", "frame", ("bestaat_niet",)),
        SettledLabel("s.0003.01", "fase", ("begin",)),
        SettledLabel("s.0004.01", "frame", ("leefwereld", "activering")),
    ]
    with pytest.raises(InputError) as caught:
        plan_heads(with_labels(*labels), world.codebook())
    assert [problem.place for problem in caught.value.problems] == [
        "uiting s.0002.01",
        "uiting s.0003.01",
        "uiting s.0004.01",
    ]


def test_a_codebook_with_other_labels_is_told_apart_and_the_labels_are_named() -> None:
    heads = plan_heads(with_labels(*everything()), world.codebook())
    assert differences(heads, world.codebook()) == ()
    other = differences(heads, world.codebook(labels=("leefwereld", "rechtmatigheid", "geen_frame")))
    assert len(other) == 1
    assert "alleen in de tagger: activering" in other[0].found
    assert "alleen in het codeboek: rechtmatigheid" in other[0].found
    swapped = differences(heads, world.codebook(labels=("activering", "leefwereld", "geen_frame")))
    assert "volgorde" in swapped[0].found
    lacking = differences(heads[1:], world.codebook())
    assert lacking[0].place == "tagger, dimensie frame"


def test_a_session_refuses_labels_of_strange_units_and_doubled_labels() -> None:
    with pytest.raises(ValueError, match="does not have"):
        with_labels(SettledLabel("t.0001.01", "frame", ("leefwereld",)))
    with pytest.raises(ValueError, match="two settled labels"):
        with_labels(*everything(), everything()[0])
