from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_fscore_support

from pipeline.tagging.baselines import majority, word_counts
from pipeline.tagging.evaluate import agreement, evaluate, session_groups, with_thresholds
from pipeline.tagging.heads import decide, plan_heads
from pipeline.tagging.learn import examples_of
from tests.tagging import world
from tests.tagging.conftest import NOWHERE

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.tagging.encoder import Encoder


@given(counts=st.lists(st.integers(1, 60), min_size=1, max_size=20), folds=st.integers(2, 8), seed=st.integers(0, 99))
def test_every_session_lies_in_exactly_one_group(counts: list[int], folds: int, seed: int) -> None:
    units = [f"s{number}" for number, count in enumerate(counts) for _ in range(count)]
    groups = session_groups(units, world.params("x", folds=folds, seed=seed))
    assert len(groups) == min(folds, len(counts))
    assert sorted(name for group in groups for name in group) == sorted(set(units))
    assert all(groups)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_precision_recall_and_f1_are_those_of_scikit_learn(pairs: list[tuple[bool, bool]]) -> None:
    truth, given_ = ([("x",) if pair[side] else () for pair in pairs] for side in (0, 1))
    expected = precision_recall_fscore_support(*np.array(pairs).T, average="binary", zero_division=0.0)[:3]
    assert agreement("x", truth, given_) == pytest.approx(expected)


def test_the_threshold_with_the_best_f1_is_found(encoder: Encoder) -> None:
    sessions = world.world()
    heads = plan_heads(sessions, world.codebook())
    template = examples_of(sessions, heads, encoder, world.params("x"))[0]
    draw = np.random.default_rng(4)
    carried = draw.random(60) < 0.25
    found = np.round(np.clip(0.3 * carried + draw.normal(0.3, 0.15, 60), 0, 1), 2)
    examples = [replace(template, answers={"sr": ("brug",) if yes else ()}) for yes in carried]
    answers = [{"sr": (float(probability), 0.9)} for probability in found]
    tuned = with_thresholds(heads[1:2], examples, answers)[0]
    assert tuned.thresholds[1] == 0.5, "a label that nobody carries keeps the default"

    def f1(threshold: float) -> float:
        return float(precision_recall_fscore_support(carried, found >= threshold, average="binary")[2])

    assert f1(tuned.thresholds[0]) == pytest.approx(max(f1(threshold) for threshold in found))


def test_majority_answers_the_most_frequent_label_and_word_counts_learn(encoder: Encoder) -> None:
    sessions = world.world()
    heads = plan_heads(sessions, world.codebook())
    examples = examples_of(sessions, heads, encoder, world.params("x"))
    frequent = [decide(heads, answer) for answer in majority(heads, examples, examples)]
    assert {tuple(answer.items()) for answer in frequent} == {
        (("frame", ("geen_frame",)), ("sr", ()), ("niveau", ("0",)))
    }
    words = [decide(heads, answer) for answer in word_counts(heads, examples, examples, seed=1)]
    right = [answer["frame"] == example.answers["frame"] for answer, example in zip(words, examples, strict=True)]
    assert np.mean(right) > 0.9


def test_the_figures_count_every_labelled_unit_once(tiny: Path) -> None:
    figures = evaluate(world.world(), world.codebook(), world.params(tiny, epochs=1), NOWHERE, world.quiet)
    assert figures is not None
    assert (figures.sessions, figures.units, figures.folds) == (4, 28, 3)
    frame, sr, niveau = figures.dimensions
    assert {label.label: label.count for label in frame.labels} == {"leefwereld": 8, "activering": 8, "geen_frame": 12}
    assert {label.label: label.count for label in sr.labels} == {"brug": 4, "zelf": 2}
    assert niveau.units == 28
    assert frame.macro_f1_majority == pytest.approx(2 * 12 / (12 + 28) / 3)
    assert all(0 <= label.f1 <= 1 for score in figures.dimensions for label in score.labels)


def test_with_one_session_there_are_no_figures(tiny: Path) -> None:
    assert evaluate(world.world(1), world.codebook(), world.params(tiny), NOWHERE, world.quiet) is None
