"""What must stay true of what one stage of training leaves for the next: it comes back as it was."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import numpy as np
import pytest

from pipeline.domain.codebook import DimensionKind
from pipeline.tagging.evaluate import FEWEST_IN_FACET, score
from pipeline.tagging.heads import Head
from pipeline.tagging.learn import Example
from pipeline.tagging.learnt import read_assessment, read_learnt, write_assessment, write_learnt
from pipeline.tagging.papers import CurvePoint, curve_table, plots_of, read_curve
from pipeline.tagging.train import Learnt
from pipeline.tagging.weights import Weights

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.tagging.evaluate import Evaluation
    from pipeline.tagging.network import Logits

FRAME = Head("frame", DimensionKind.SINGLE, ("a", "b", "c"), none_label="c")
LEVEL = Head("level", DimensionKind.ORDINAL, ("0", "1", "2", "3"), none_label="0", thresholds=(0.5,) * 3)
SR = Head("sr", DimensionKind.MULTI, ("x", "y"), thresholds=(0.5, 0.5))
HEADS = (FRAME, LEVEL, SR)
CURVE = (CurvePoint(100, {"frame": 1 / 3, "sr": 0.25}), CurvePoint(1000, {"frame": 0.5}))
UNITS = 2 * FEWEST_IN_FACET


def listed(logits: Logits) -> dict[str, list[list[float]]]:
    return {name: table.tolist() for name, table in logits.items()}


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    """Figures of random answers, so that none of them is a round number."""
    draw = np.random.default_rng(11)

    def labels() -> list[dict[str, tuple[str, ...]]]:
        single = [{head.dimension: (str(draw.choice(head.labels)),) for head in HEADS[:2]} for _ in range(UNITS)]
        return [one | {"sr": tuple(np.array(SR.labels)[draw.random(2) < 0.4].tolist())} for one in single]

    examples = [
        Example(f"s{row % 7}", f"w{row % 3}", f"u{row}", "", "", "", (("stijl", "ab"[row % 2]),), False, answers)
        for row, answers in enumerate(labels())
    ]
    chances = [{head.dimension: tuple(draw.dirichlet([1.0] * len(head.labels))) for head in HEADS} for _ in examples]
    double = {"frame": [(("a",), ("a",)), (("b",), ("a",)), (("c",), ("c",))]}
    return score(HEADS, examples, labels(), chances, {"zelf": labels(), "ander": labels()}, double, 3, 1)


@pytest.mark.parametrize("sizes", [(), (300, 1000, 3000)])
def test_networks_and_their_answers_come_back(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    draw = np.random.default_rng(12)

    def logits(units: int) -> Logits:
        return {head.dimension: draw.normal(0, 3, (units, 2 * head.scores)) for head in HEADS}

    written = Learnt(
        "abc123", Weights(b"encoder", b"heads", b"words\0"), logits(9), logits(3), tuple((n, logits(4)) for n in sizes)
    )
    write_learnt(tmp_path / "geleerd", written)
    back = read_learnt(tmp_path / "geleerd")
    assert (back.base_sha, back.weights) == (written.base_sha, written.weights)
    assert listed(back.logits) == listed(written.logits)
    assert listed(back.beside) == listed(written.beside)
    assert [(size, listed(one)) for size, one in back.curve] == [(size, listed(one)) for size, one in written.curve]


def test_a_network_that_nothing_could_be_left_out_for_comes_back_without_answers(tmp_path: Path) -> None:
    write_learnt(tmp_path, Learnt("abc123", Weights(b"1", b"2", b"3"), {}, {}, ()))
    back = read_learnt(tmp_path)
    assert (back.base_sha, back.logits, back.beside, back.curve) == ("abc123", {}, {}, ())


def test_figures_come_back_unrounded(tmp_path: Path, evaluation: Evaluation) -> None:
    frame = evaluation.dimensions[0]
    assert frame.coders is not None, "or else this test sees less than it says"
    assert ("stijl", "a") in frame.facets
    write_assessment(tmp_path, evaluation, CURVE)
    assert read_assessment(tmp_path) == (evaluation, CURVE)


def test_no_figures_come_back_as_none(tmp_path: Path) -> None:
    write_assessment(tmp_path, None, ())
    assert read_assessment(tmp_path) == (None, ())


def test_tables_for_plots_hold_every_unit_and_bin(evaluation: Evaluation) -> None:
    tables = {name: list(csv.DictReader(io.StringIO(text))) for name, text in plots_of(evaluation).items()}
    assert set(tables) == {"confusion_frame.csv", "confusion_level.csv", "reliability.csv"}
    for score_ in evaluation.dimensions[:2]:
        rows = [(row["actual"], row["predicted"]) for row in tables[f"confusion_{score_.dimension}.csv"]]
        assert len(rows) == UNITS
        for actual, given in score_.confusion.items():
            assert {label: rows.count((actual, label)) for label in given} == dict(given)
            assert sum(given.values()) == score_.counts[actual]
    for score_ in evaluation.dimensions:
        bins = [row for row in tables["reliability.csv"] if row["dimension"] == score_.dimension]
        read = [value for row in bins for value in (float(row["said"]), float(row["was"]))]
        assert read == pytest.approx([value for pair in score_.reliability for value in pair], abs=1e-4)


def test_the_curve_is_a_table_that_can_be_read_back() -> None:
    table = curve_table(CURVE)
    assert [tuple(row.values()) for row in csv.DictReader(io.StringIO(table))] == [
        ("frame", "100", "0.3333"),
        ("sr", "100", "0.2500"),
        ("frame", "1000", "0.5000"),
    ]
    back = read_curve(table)
    assert [point.units for point in back] == [100, 1000]
    assert curve_table(back) == table
    assert read_curve(curve_table(())) == ()
