"""Score intervals of shares: against other software, and by their laws."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.statistics.intervals import Interval, newcombe_interval, score_interval, wilson_interval
from pipeline.statistics.refusal import Refusal

(CHECK,) = json.loads((Path(__file__).parent / "data" / "intervals.json").read_text(encoding="utf-8"))["checks"]


def ends(found: Interval | Refusal) -> list[float]:
    assert isinstance(found, Interval)
    return [found.low, found.high]


def test_intervals_of_shares_and_differences_are_those_of_r() -> None:
    # R 4.2.2 stats::prop.test; Newcombe (1998) method 10.
    given_, output, tolerance = CHECK["input"], CHECK["output"], CHECK["abs_tol"]
    for hits, size in zip(given_["x"], given_["n"], strict=True):
        assert ends(wilson_interval(hits, size)) == pytest.approx(output[f"wilson_{hits}_{size}"], abs=tolerance)
    one, other = zip(given_["diff"]["x"], given_["diff"]["n"], strict=True)
    assert ends(newcombe_interval(one, other)) == pytest.approx(output["newcombe"], abs=tolerance)


@given(st.floats(0, 1), st.floats(0.5, 1e5), st.floats(0.1, 13))
@settings(deadline=None)
def test_an_interval_of_a_share_holds_it_and_stays_a_share(share: float, size: float, quantile: float) -> None:
    interval = score_interval(share, size, quantile)
    assert 0 <= interval.low <= share <= interval.high <= 1
    assert share in interval


@given(st.tuples(st.integers(0, 30), st.integers(30, 40)), st.tuples(st.integers(0, 30), st.integers(30, 40)))
@settings(deadline=None)
def test_the_other_way_round_a_difference_changes_its_sign_alone(one: tuple[int, int], other: tuple[int, int]) -> None:
    low, high = ends(newcombe_interval(one, other))
    assert ends(newcombe_interval(other, one)) == pytest.approx([-high, -low], abs=1e-12)


def test_a_share_of_nothing_is_refused() -> None:
    assert isinstance(wilson_interval(0, 0), Refusal)
    assert isinstance(newcombe_interval((0, 0), (1, 2)), Refusal)
    assert isinstance(newcombe_interval((1, 2), (0, 0)), Refusal)


@pytest.mark.parametrize(("hits", "total"), [(5, 3), (-1, 3), (float("nan"), 3), (1, float("nan"))])
def test_a_count_that_is_none_is_refused(hits: int, total: int) -> None:
    assert isinstance(wilson_interval(hits, total), Refusal)
    assert isinstance(newcombe_interval((1, 3), (hits, total)), Refusal)
