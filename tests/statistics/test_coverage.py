"""A short run of `benchmarks/coverage.py`: intervals hold, tests keep their level, and uncorrected labels fail.

The full run, with at least 4,000 studies a cell and the narrower bars of `statistics.md` 8, is the benchmark itself.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from benchmarks.coverage import (
    BASE,
    CELLS,
    EFFECT,
    NAIVE,
    OVERALL,
    PERMUTED,
    PRIMARY,
    SHOWN,
    UNTRUNCATED,
    Cell,
    Kind,
    Row,
    bars,
    line,
    run,
    simulate,
)

SEED = 20261122
BY_NAME = {cell.name: cell for cell in CELLS}
INVENTED, HIDDEN = BY_NAME["diff_up effect 0 25 srs"], BY_NAME["diff_down effect 0.6 40 strat"]


def looked(name: str, replications: int, permutations: int = 0) -> dict[str, Row]:
    found = run(BY_NAME[name], replications=replications, seed=SEED, permutations=permutations)
    assert {row.estimator: row.failures for row in found if row.failures} == {}
    return {row.estimator: row for row in found}


@pytest.mark.parametrize(
    "name",
    [
        "diff_up effect 0 25 srs",
        "diff_up effect 0.6 40 strat",
        "diff_down effect 0 50 strat",
        "diff_down effect 0.6 25 srs",
    ],
)
def test_corrected_comparisons_hold_and_naive_ones_do_not(name: str) -> None:
    found = looked(name, 400, permutations=99)
    # What `looked` asserts: coverage of at least 92 %, type I of at most 8 %, and the failure of the naive row.
    assert all(bars(found[estimator]) for estimator in (PRIMARY, PERMUTED, NAIVE))
    assert abs(found[PRIMARY].bias) < 4 * 0.033 / math.sqrt(400)
    assert found[PRIMARY].ratio == pytest.approx(1, abs=0.15)
    if BY_NAME[name].effect:
        assert found[PRIMARY].rejected > 0.78


@pytest.mark.parametrize("name", ["sites effect 0 spread 0.35", "sites effect 0.6 spread 0"])
def test_the_claim_about_sites_in_general_holds(name: str) -> None:
    found = looked(name, 200)
    # That the shown interval is never narrower than the normal one is asserted in every single study.
    assert found[SHOWN].coverage >= found[UNTRUNCATED].coverage


@pytest.mark.parametrize("name", ["session base -1.55 25 strat", "session base -2.75 50 srs"])
def test_the_interval_of_one_session_holds(name: str) -> None:
    found = looked(name, 100)
    assert found[OVERALL].replications == 3_200


def test_the_simulated_studies_are_those_of_the_specification() -> None:
    assert Cell(Kind.EFFECT, "diff_up", EFFECT, 40, stratified=True).truth() == pytest.approx(0.103, abs=5e-4)
    assert INVENTED.truth() == 0
    generator = np.random.default_rng(1)
    worlds = [simulate(HIDDEN, generator) for _ in range(40)]
    with_it = np.array([world.component[:, 0] for world in worlds])
    truth = np.array([world.truth for world in worlds])
    assert [int(part.sum()) for part in worlds[0].component[:, 0].reshape(4, 8)] == [3, 4, 4, 5]
    assert truth[with_it == 0].mean() == pytest.approx(0.19, abs=0.01)
    assert truth[with_it == 1].mean() - truth[with_it == 0].mean() == pytest.approx(0.103, abs=0.03)
    sample = worlds[0].sample
    assert np.bincount(sample.stratum_session[sample.unit_stratum]).tolist() == [40] * 32
    assert set(sample.machine[sample.stratum_kind[sample.unit_stratum] == 0].tolist()) == {0.0}
    assert math.log(0.175 / 0.825) == pytest.approx(BASE, abs=0.01)


def test_a_bar_that_is_not_met_is_named() -> None:
    bad = Row(INVENTED, PRIMARY, 4_000, 0.90, 0.10, 0.01, 0.9)
    assert bad.failures == ["coverage >= 0.93", "type I <= 0.06", "|bias| <= .002", "SE/SD in [.93, 1.07]"]
    toothless = Row(HIDDEN, NAIVE, 400, 0.95, 0.9, 0.0, 1.0)
    assert toothless.failures == ["naive coverage <= 0.1"]
    assert line(toothless).endswith("| 95.0 % |  | +0.0000 | 1.000 | 90.0 % | NOT naive coverage <= 0.1 |")
    weak = Row(HIDDEN, PRIMARY, 4_000, 0.95, 0.80, 0.0, 1.0)
    assert weak.failures == ["power >= 0.88"]


def test_the_same_seed_gives_the_same_table_however_the_work_is_divided() -> None:
    alone = run(HIDDEN, replications=60, seed=1)
    with ThreadPoolExecutor(2) as workers:
        assert run(HIDDEN, replications=60, seed=1, spread=workers.map) == alone
    assert run(HIDDEN, replications=60, seed=2) != alone
