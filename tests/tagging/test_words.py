from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from pipeline.domain.codebook import DimensionKind
from pipeline.tagging.heads import Head, plan_heads
from pipeline.tagging.learn import examples_of
from pipeline.tagging.words import BUCKETS, fit_words, read_words, side_by_side
from tests.tagging import world

if TYPE_CHECKING:
    from pipeline.tagging.learn import Example


@pytest.fixture(scope="module")
def heads() -> tuple[Head, ...]:
    return plan_heads(world.world(), world.codebook())


@pytest.fixture(scope="module")
def examples(heads: tuple[Head, ...]) -> tuple[Example, ...]:
    return examples_of(world.world(), heads)


def test_it_hears_the_words_it_learnt_from(examples: tuple[Example, ...], heads: tuple[Head, ...]) -> None:
    words = read_words(fit_words(examples, heads, 1), heads)
    scores = words.logits([example.text for example in examples])
    assert {name: table.shape for name, table in scores.items()} == {h.dimension: (28, h.scores) for h in heads}
    frames = next(head for head in heads if head.dimension == "frame")
    found = [frames.labels[at] for at in scores["frame"].argmax(1)]
    assert found == [example.answers["frame"][0] for example in examples]


def test_it_hears_a_phrase_in_a_new_sentence_whatever_its_case(heads: tuple[Head, ...]) -> None:
    (template, *_) = examples_of(world.world(1), heads)
    yes = ["Wat zie jij daar eigenlijk?", "En wat zie jij dan?", "wat zie jij gebeuren", "Nou, wat zie jij?"] * 3
    no = ["Ik zie hem morgen.", "De brief ligt er nog.", "Dat wat er ligt is oud.", "Jij belt de bank."] * 3
    head = Head("d", DimensionKind.MULTI, ("vraag",))
    made = [replace(template, text=text, answers={"d": ("vraag",) if text in yes else ()}) for text in (*yes, *no)]
    scores = read_words(fit_words(made, [head], 1), [head]).logits(["MAAR WAT ZIE JIJ NU", "Morgen belt de bank."])["d"]
    assert scores[0, 0] > 0 > scores[1, 0]


def test_the_same_examples_give_the_same_bytes_and_no_word_is_kept(
    examples: tuple[Example, ...], heads: tuple[Head, ...]
) -> None:
    kept = fit_words(examples, heads, 1)
    assert kept == fit_words(examples, heads, 1)
    spoken = {word.strip(".,?").encode() for example in examples for word in example.text.split() if len(word) > 5}
    assert spoken
    assert not [word for word in spoken if word in kept]


def test_where_all_answers_are_the_same_only_the_bias_says_so(examples: tuple[Example, ...]) -> None:
    head = Head("frame", DimensionKind.SINGLE, ("a", "b"))
    always = [replace(example, answers={"frame": ("a",)}) for example in examples]
    words = read_words(fit_words(always, [head], 1), [head])
    assert not words.weights["frame"].any()
    assert words.biases["frame"] == pytest.approx([np.log(29), -np.log(29)])


def test_weights_of_other_dimensions_are_refused(examples: tuple[Example, ...], heads: tuple[Head, ...]) -> None:
    kept = fit_words(examples, heads[:1], 1)
    with pytest.raises(ValueError, match="other dimensions"):
        read_words(kept, heads)
    assert read_words(kept, heads[:1]).rarity.shape == (2 * BUCKETS,)


def test_a_unit_without_words_gets_the_bias(examples: tuple[Example, ...], heads: tuple[Head, ...]) -> None:
    words = read_words(fit_words(examples, heads, 1), heads)
    assert words.logits(["…"])["frame"][0] == pytest.approx(words.biases["frame"], abs=0.05)


def test_readers_stand_side_by_side() -> None:
    both = side_by_side({"d": np.array([[1.0, 2.0]])}, {"d": np.array([[3.0, 4.0]])})
    assert both["d"].tolist() == [[1.0, 2.0, 3.0, 4.0]]
