"""The wild cluster bootstrap: against wildboottest, and that it can find nothing with four sites."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.statistics.refusal import Refusal
from pipeline.statistics.wild_bootstrap import wild_cluster_p

REFERENCE = {
    check["id"]: check
    for check in json.loads((Path(__file__).parent / "data" / "effects.json").read_text(encoding="utf-8"))["checks"]
}
SESSIONS = REFERENCE["sess32_primary"]["input"]
RATES, CHOSEN = np.array(SESSIONS["theta"]), np.array(SESSIONS["component"], dtype=float)


@pytest.mark.parametrize("name", ["sites4", "half_sites8"])
def test_all_draws_give_the_p_of_wildboottest_with_ties_counted(name: str) -> None:
    check = REFERENCE["wild_cluster_enum"]
    clusters = SESSIONS["site"] if name == "sites4" else [str(one) for one in check["input"]["cluster8"]]
    found, output = wild_cluster_p(RATES, SESSIONS["site"], CHOSEN, clusters), check["output"]
    assert found == pytest.approx((output[name]["t"], output[name]["p_ge"]), abs=check["abs_tol"])
    software = output["wildboottest_python"][name]
    assert found == pytest.approx((software["statistic"], software["p-value"]), abs=check["abs_tol"])


def test_with_four_sites_no_difference_however_large_is_ever_found() -> None:
    found = wild_cluster_p(RATES + 100 * CHOSEN, SESSIONS["site"], CHOSEN, SESSIONS["site"])
    assert not isinstance(found, Refusal)
    assert found[0] > 1000
    assert found[1] == 2 / 16
    assert isinstance(wild_cluster_p(RATES, SESSIONS["site"], np.ones(32), SESSIONS["site"]), Refusal)
