"""Rates turned back from the machine's mistakes: against epiR, by hand, and where they are refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.statistics.rates import LabelledSample
from pipeline.statistics.refusal import Refusal
from pipeline.statistics.rogan_gladen import MeasuredShare, TurnedBack, answers_of, level_rates, turn_back

REFERENCE = {
    check["id"]: check
    for check in json.loads((Path(__file__).parent / "data" / "rates.json").read_text(encoding="utf-8"))["checks"]
}


def test_a_rate_turned_back_is_that_of_epir() -> None:
    check = REFERENCE["rogan_gladen"]
    put, output, tolerance = check["input"], check["output"], check["abs_tol"]
    found = turn_back(
        put["pos"], put["n"], MeasuredShare(put["se"], put["n_se"]), MeasuredShare(put["sp"], put["n_sp"])
    )
    assert isinstance(found, TurnedBack)
    got = (found.apparent, found.rate, found.error, found.known_error)
    expected = [output[name] for name in ("apparent", "rg", "delta_se", "delta_se_known")]
    assert got == pytest.approx(expected, abs=tolerance)
    assert [found.interval.low, found.interval.high] == pytest.approx(output["wilson_transformed"], abs=tolerance)
    assert [found.rate, found.interval.low, found.interval.high] == pytest.approx(output["epiR"], abs=tolerance)


def test_a_machine_that_guesses_and_counts_that_are_none_are_refused() -> None:
    guess = MeasuredShare(0.5, 50)
    assert "vrijwel niets" in str(turn_back(10, 40, guess, guess))
    assert isinstance(turn_back(10, 40, MeasuredShare(float("nan"), 50), guess), Refusal)
    assert isinstance(turn_back(41, 40, MeasuredShare(0.9, 50), MeasuredShare(0.9, 50)), Refusal)


def test_answers_are_counted_as_if_all_units_had_been_drawn() -> None:
    sample = LabelledSample(
        sessions=("s", "t"),
        stratum_session=np.array([0, 0, 1]),
        stratum_kind=np.array([0, 1, 0]),
        stratum_size=np.array([4, 10, 6]),
        stratum_machine=np.array([1.0, 0.0, 0.5]),
        unit_stratum=np.array([0, 0, 1, 1, 2, 2]),
        human=np.array([1.0, 0, 0, 1, 0.5, 1]),
        machine=np.array([1.0, 1, 0, 0, 1, 0.25]),
    )
    expected = [[[5, 2], [5, 2]], [[0, 1.5], [2.25, 2.25]]]
    assert answers_of(sample).tolist() == expected


def test_each_level_has_its_own_mistakes_and_one_level_is_refused() -> None:
    levels = np.array([0.0, 0, 1, 1, np.nan])[:, None]
    answers = np.array([[[8.0, 2], [1, 3]], [[10, 0], [1, 3]], [[9, 1], [2, 2]], [[9, 1], [2, 2]], [[9, 1], [2, 2]]])
    machine = np.array([0.3, 0.4, 0.3, 0.4, 0.4])
    found = level_rates(machine, answers, levels)
    assert not isinstance(found, Refusal)
    expected = [(0.3 - 0.1) / 0.65, (0.4 - 0.1) / 0.65, (0.3 - 0.1) / 0.4, (0.4 - 0.1) / 0.4, np.nan]
    assert found == pytest.approx(expected, nan_ok=True)
    pooled = level_rates(machine, answers, np.ones((5, 1)))
    assert isinstance(pooled, Refusal)
    assert "alle sessies" in pooled.why
    nobody = answers.copy()
    nobody[2:, 1] = 0
    assert isinstance(level_rates(machine, nobody, levels), Refusal)
