from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, f1_score, precision_recall_fscore_support

from pipeline.domain.codebook import DimensionKind
from pipeline.tagging.baselines import CUES, FROZEN, MAJORITY, SIMPLER, WORDS, answer_simply
from pipeline.tagging.calibrate import best_threshold, calibrate, probabilities
from pipeline.tagging.evaluate import folds_of, judge, score
from pipeline.tagging.heads import Head, decide, plan_heads
from pipeline.tagging.jobs import Job
from pipeline.tagging.learn import examples_of
from pipeline.tagging.train import assess, learn, prepare
from tests.tagging import world
from tests.tagging.conftest import NOWHERE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipeline.tagging.encoder import Encoder
    from pipeline.tagging.evaluate import Evaluation
    from pipeline.tagging.learn import Example
    from pipeline.tagging.train import Material

FRAME = Head("frame", DimensionKind.SINGLE, ("a", "b", "c"), none_label="c")
LEVEL = Head("level", DimensionKind.ORDINAL, ("0", "1", "2", "3"), none_label="0", thresholds=(0.5,) * 3)
SR = Head("sr", DimensionKind.MULTI, ("x", "y"), thresholds=(0.5, 0.5))


@pytest.fixture(scope="module")
def material(tiny: Path) -> Material:
    return prepare(world.world(), world.codebook(), world.CUES, world.params(tiny, epochs=1), NOWHERE)


def many(material: Material, head: Head, answers: list[tuple[str, ...]], sessions: int = 10) -> list[Example]:
    """Examples with these answers in one dimension, in sessions of equal size."""
    template = material.examples[0]
    return [
        replace(template, answers={head.dimension: given_}, session=f"s{row % sessions}", group=f"s{row % sessions}")
        for row, given_ in enumerate(answers)
    ]


def otherwise(examples: Sequence[Example], folds: np.ndarray, fold: int) -> list[Example]:
    """The same examples, but for the answers in one fold, where the first labels of all dimensions come out on top."""
    first = {"frame": ("leefwereld",), "sr": ("brug", "zelf"), "niveau": ("2",)}
    return [
        replace(one, answers=first) if own == fold else one for one, own in zip(examples, folds.tolist(), strict=True)
    ]


def judged(material: Material, head: Head, truth: list[tuple[str, ...]], given_: list[tuple[str, ...]]) -> Evaluation:
    examples = many(material, head, truth)
    even = {head.dimension: (1 / len(head.labels),) * len(head.labels)}
    answers = [{head.dimension: one} for one in given_]
    return score([head], examples, answers, [even] * len(truth), {"zelf": answers}, {}, 2, 1)


@given(counts=st.lists(st.integers(1, 60), min_size=1, max_size=20), folds=st.integers(2, 8), seed=st.integers(0, 99))
def test_every_group_lies_in_exactly_one_fold_and_folds_are_about_equal(
    material: Material, counts: list[int], folds: int, seed: int
) -> None:
    template = material.examples[0]
    examples = [replace(template, group=f"g{n}") for n, count in enumerate(counts) for _ in range(count)]
    placed = folds_of(examples, folds, seed)
    assert len(set(placed.tolist())) == min(folds, len(counts))
    for number in range(len(counts)):
        assert len({fold for one, fold in zip(examples, placed, strict=True) if one.group == f"g{number}"}) == 1
    sizes = np.bincount(placed)
    assert sizes.max() - sizes.min() <= max(counts)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=5, max_size=60))
def test_figures_of_a_single_dimension_are_those_of_scikit_learn(
    material: Material, pairs: list[tuple[str, str]]
) -> None:
    truth, given_ = [one for one, _ in pairs], [other for _, other in pairs]
    found = judged(material, FRAME, [(one,) for one in truth], [(one,) for one in given_]).dimensions[0]
    occurring = sorted(set(truth))
    expected = precision_recall_fscore_support(truth, given_, labels=occurring, zero_division=0.0)
    assert found.tagger.macro_f1 == pytest.approx(expected[2].mean())
    for number, label in enumerate(occurring):
        assert found.tagger.labels[label] == pytest.approx([column[number] for column in expected[:3]])
    any_f1 = f1_score([one != "c" for one in truth], [one != "c" for one in given_], zero_division=0.0)
    assert found.tagger.any_f1 == pytest.approx(any_f1)
    assert found.others["zelf"] == found.tagger
    assert sum(sum(row.values()) for row in found.confusion.values()) == len(pairs)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=6, max_size=60))
def test_kappa_is_that_of_scikit_learn(material: Material, pairs: list[tuple[int, int]]) -> None:
    truth, given_ = [one for one, _ in pairs], [other for _, other in pairs]
    if len({*truth, *given_}) < 2:
        return
    found = judged(material, LEVEL, [(str(one),) for one in truth], [(str(one),) for one in given_]).dimensions[0]
    expected = cohen_kappa_score(truth, given_, weights="quadratic", labels=[0, 1, 2, 3])
    assert found.tagger.kappa == pytest.approx(expected, nan_ok=True)


def test_intervals_hold_the_figure_and_are_wider_with_fewer_sessions(material: Material) -> None:
    draw = np.random.default_rng(3)
    truth = [("abc"[n],) for n in draw.integers(0, 3, 600)]
    given_ = [one if draw.random() < 0.7 else ("abc"[int(draw.integers(3))],) for one in truth]
    found = judged(material, FRAME, truth, given_).dimensions[0]
    low, high = found.intervals["macro_f1"]
    assert low < found.tagger.macro_f1 < high
    assert 0.02 < high - low < 0.15


def test_the_threshold_with_the_best_f1_is_found() -> None:
    draw = np.random.default_rng(4)
    carried = draw.random(60) < 0.25
    found = np.round(np.clip(0.3 * carried + draw.normal(0.3, 0.15, 60), 0, 1), 2)

    def f1(threshold: float) -> float:
        return float(precision_recall_fscore_support(carried, found >= threshold, average="binary")[2])

    assert f1(best_threshold(carried, found)) == pytest.approx(max(f1(threshold) for threshold in found))
    assert best_threshold(np.zeros(60, bool), found) == 0.5, "a label that nobody carries keeps the default"


@pytest.mark.parametrize("head", [FRAME, SR, LEVEL], ids=lambda head: head.dimension)
def test_calibration_mends_scores_that_are_too_sure_and_lean_to_a_rare_label(material: Material, head: Head) -> None:
    draw = np.random.default_rng(5)
    true = draw.normal(0, 1.5, (4000, head.scores))
    if head is LEVEL:
        true = np.sort(true, axis=1)[:, ::-1]
    shares = np.array([list(one[head.dimension]) for one in probabilities([head], {head.dimension: true})])
    if head is SR:
        answers = [tuple(np.array(head.labels)[draw.random(2) < row]) for row in shares]
    else:
        answers = [(head.labels[int(draw.choice(len(row), p=row))],) for row in shares]
    distorted = {head.dimension: 3 * true + np.arange(head.scores)}
    examples = many(material, head, answers)
    tuned = calibrate([head], examples, distorted, 0.2)
    mended = np.array([list(one[head.dimension]) for one in probabilities(tuned, distorted)])
    assert np.abs(mended - shares).mean() < 0.02
    labels, chances = judge([head], examples, folds_of(examples, 5, 1), distorted, 0.2)
    ece = score([head], examples, labels, chances, {}, {}, 5, 1).dimensions[0].ece
    assert ece < 0.05
    untuned = probabilities([head], distorted)
    assert score([head], examples, labels, untuned, {}, {}, 5, 1).dimensions[0].ece > 2 * ece


@pytest.mark.parametrize("head", [FRAME, SR], ids=lambda head: head.dimension)
def test_the_reader_that_knows_more_counts_for_more(material: Material, head: Head) -> None:
    draw = np.random.default_rng(8)
    known = draw.integers(0, head.scores, 2000)
    answers = [(head.labels[one],) for one in known.tolist()]
    clear, dim = (draw.normal(0, 1, (2000, head.scores)) + size * np.eye(head.scores)[known] for size in (3.0, 0.5))
    for better, scores in ((0, [clear, dim]), (1, [dim, clear])):
        tuned = calibrate([head], many(material, head, answers), {head.dimension: np.hstack(scores)}, 0.2)[0]
        scales = np.array(tuned.scales).reshape(2, head.scores)
        assert (scales[better] > 2 * scales[1 - better]).all()


def test_favours_raise_the_mean_f1_of_labels(material: Material) -> None:
    draw = np.random.default_rng(6)
    truth = np.where(draw.random(3000) < 0.05, 0, 2)
    logits = {"frame": draw.normal(0, 1, (3000, 3)) + np.eye(3)[truth] * 1.5}
    examples = many(material, FRAME, [("abc"[one],) for one in truth])
    tuned = calibrate([FRAME], examples, logits, 0.2)
    plain = [replace(tuned[0], favours=())]
    scores = []
    for heads in (tuned, plain):
        labels = [decide(heads, one) for one in probabilities(heads, logits)]
        scores.append(judged(material, FRAME, [one.answers["frame"] for one in examples], [x["frame"] for x in labels]))
    assert scores[0].dimensions[0].tagger.macro_f1 > scores[1].dimensions[0].tagger.macro_f1 + 0.02


def test_the_certain_ones_are_wrong_less_often_where_probabilities_mean_something(material: Material) -> None:
    draw = np.random.default_rng(7)
    chances = draw.dirichlet([0.5, 0.5, 0.5], 2000)
    truth = [("abc"[int(draw.choice(3, p=row))],) for row in chances]
    given_ = [{"frame": ("abc"[int(row.argmax())],)} for row in chances]
    found = [{"frame": tuple(row.tolist())} for row in chances]
    done = score([FRAME], many(material, FRAME, truth), given_, found, {}, {}, 2, 1).dimensions[0]
    risks = [wrong for _, wrong in done.risk]
    assert risks[0] == pytest.approx(np.mean([t != g["frame"] for t, g in zip(truth, given_, strict=True)]))
    assert risks[-1] < 0.5 * risks[0]
    assert done.ece < 0.04


def test_simpler_ways_answer_every_unit_without_learning_from_its_fold(material: Material, encoder: Encoder) -> None:
    bench = material.bench(encoder)
    words = {head.dimension: np.zeros((len(material.examples), head.scores)) for head in material.heads}
    answers = {way: answer_simply(way, bench, world.CUES, material.folds, words) for way in (MAJORITY, WORDS, FROZEN)}
    assert {tuple(one["frame"]) for one in answers[MAJORITY]} == {("geen_frame",)}
    for given_ in answers.values():
        assert [set(one) for one in given_] == [{"frame", "sr", "niveau"}] * len(material.examples)
    cued = answer_simply(CUES, bench, world.CUES, material.folds, words)
    for example, one in zip(material.examples, cued, strict=True):
        assert one["frame"] == (("leefwereld",) if "slaapt" in example.text else ("geen_frame",))
        assert one["sr"] == (("brug",) if "jullie" in example.text.lower() else ())


def test_every_example_is_answered_by_a_network_that_did_not_learn_from_its_group(
    material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert learn(material, lambda _: None).curve == (), "thresholds chosen on so few units say nothing"
    monkeypatch.setattr("pipeline.tagging.train.FEWEST_ON_CURVE", 1)
    learnt = learn(material, lambda _: None)
    assert {name: len(table) for name, table in learnt.logits.items()} == dict.fromkeys(("frame", "sr", "niveau"), 28)
    assert len(set(material.folds.tolist())) == 3
    first = np.flatnonzero(material.folds == 0)
    assert [size for size, _ in learnt.curve] == [28 - len(first)]
    assert learnt.curve[0][1]["frame"] == pytest.approx(learnt.logits["frame"][first])


def test_what_only_teaches_is_learnt_from_and_never_measured(tiny: Path, encoder: Encoder) -> None:
    *whole, cutting = world.world(4)
    sessions = (*whole, replace(cutting, only_teaches=True))
    material = prepare(sessions, world.codebook(), world.CUES, world.params(tiny, epochs=1), NOWHERE)
    taught = {one.utterance_id for one in material.examples} - {one.utterance_id for one in material.judged}
    assert taught == {label.utterance_id for label in cutting.labels}
    learnt = learn(material, lambda _: None)
    assert {len(table) for table in learnt.logits.values()} == {len(material.judged)}
    words = {head.dimension: np.zeros((len(material.judged), head.scores)) for head in material.heads}
    for way in SIMPLER:
        answers = answer_simply(way, material.bench(encoder), world.CUES, material.folds, words)
        assert len(answers) == len(material.judged)
    evaluation = assess(material, learnt.logits, lambda _: None)
    assert evaluation is not None
    assert {score.units for score in evaluation.dimensions} == {len(material.judged)}


def test_with_one_session_nothing_can_be_left_out(tiny: Path) -> None:
    alone = prepare(world.world(1), world.codebook(), (), world.params(tiny, epochs=1), NOWHERE)
    assert not alone.can_judge
    assert learn(alone, lambda _: None).logits == {}


def test_examples_are_of_the_group_of_their_session_or_else_of_the_session_itself() -> None:
    written, alone = world.world(2)
    sessions = (replace(written, group="w1"), alone)
    examples = examples_of(sessions, plan_heads(sessions, world.codebook()))
    assert {(one.session, one.group) for one in examples} == {("s1", "w1"), ("s2", "s2")}


def test_sessions_of_one_writer_are_never_on_both_sides(tiny: Path) -> None:
    writers = {"s1": "w1", "s2": "w2", "s3": "w1", "s4": "w2", "s5": "w3", "s6": "w1"}
    sessions = [replace(one, group=writers[one.session.session_id]) for one in world.world(6)]
    material = prepare(sessions, world.codebook(), world.CUES, world.params(tiny), NOWHERE)
    assert len(material.left_out) == 3
    asked = []
    for fold in material.left_out:
        job = Job.without(material.folds, fold)
        known_writers, asked_writers = (
            {writers[material.examples[row].session] for row in rows} for rows in (job.known, job.asked)
        )
        assert not known_writers & asked_writers
        asked += job.asked
    assert sorted(asked) == list(range(len(material.examples)))


@pytest.mark.parametrize("head", [FRAME, SR, LEVEL], ids=lambda head: head.dimension)
@pytest.mark.parametrize("fold", range(3))
def test_what_is_true_in_a_fold_changes_nothing_of_how_that_fold_is_judged(
    material: Material, head: Head, fold: int
) -> None:
    draw = np.random.default_rng(9)
    logits = {head.dimension: draw.normal(0, 1.5, (600, head.scores))}
    drawn = [(head.labels[one],) for one in draw.integers(0, len(head.labels), 600)]
    examples = many(material, head, drawn)
    folds = folds_of(examples, 3, 1)
    other = [(head.labels[0],) if own == fold else one for one, own in zip(drawn, folds.tolist(), strict=True)]
    before = judge([head], examples, folds, logits, 0.2)
    after = judge([head], many(material, head, other), folds, logits, 0.2)
    own, rest = (np.flatnonzero(which).tolist() for which in (folds == fold, folds != fold))
    for was, now in zip(before, after, strict=True):
        assert [was[row] for row in own] == [now[row] for row in own]
    chances, changed = before[1], after[1]
    assert [chances[row] for row in rest] != [changed[row] for row in rest], "the others do learn from it"


@pytest.mark.parametrize("way", [MAJORITY, WORDS])
def test_what_is_true_in_a_fold_changes_nothing_of_how_a_simpler_way_answers_there(
    material: Material, encoder: Encoder, way: str
) -> None:
    bench = material.bench(encoder)
    draw = np.random.default_rng(10)
    words = {head.dimension: draw.normal(0, 1, (len(material.examples), head.scores)) for head in material.heads}
    before = answer_simply(way, bench, (), material.folds, words)
    differ = 0
    for fold in material.left_out:
        changed = replace(bench, examples=otherwise(material.examples, material.folds, fold))
        after = answer_simply(way, changed, (), material.folds, words)
        own = np.flatnonzero(material.folds == fold).tolist()
        assert [after[row] for row in own] == [before[row] for row in own]
        differ += sum(was != now for was, now in zip(before, after, strict=True))
    assert differ, "the others do learn from it"


def test_what_is_true_in_a_fold_changes_no_score_of_the_frozen_base_there(material: Material, encoder: Encoder) -> None:
    # Scores and not labels: the thresholds of a fold are chosen on scores for the other folds, by models that did
    # learn from this one. That is so for the tagger too.
    from pipeline.tagging.baselines import _regressed

    bench = material.bench(encoder)
    before = _regressed(bench, material.folds)
    after = _regressed(replace(bench, examples=otherwise(material.examples, material.folds, 0)), material.folds)
    own, rest = material.folds == 0, material.folds != 0
    for name, table in before.items():
        assert after[name][own].tolist() == table[own].tolist(), name
        assert after[name][rest].tolist() != table[rest].tolist(), "the others do learn from it"


def test_what_is_true_in_a_fold_changes_nothing_of_what_is_read_there(material: Material) -> None:
    first = learn(material, lambda _: None)
    changed = replace(material, examples=tuple(otherwise(material.examples, material.folds, 0)))
    second = learn(changed, lambda _: None)
    own, rest = material.folds == 0, material.folds != 0
    for name, table in first.logits.items():
        assert second.logits[name][own].tolist() == table[own].tolist(), name
        assert second.logits[name][rest].tolist() != table[rest].tolist(), "the others do learn from it"
    assert [size for size, _ in second.curve] == [size for size, _ in first.curve]
    for (_, was), (_, now) in zip(first.curve, second.curve, strict=True):
        assert {name: table.tolist() for name, table in now.items()} == {
            name: table.tolist() for name, table in was.items()
        }
