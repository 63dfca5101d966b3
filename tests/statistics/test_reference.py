"""Where each check of the independent software is met: none is passed over in silence."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Final

import pytest

HERE: Final = Path(__file__).parent
DATA: Final = {
    check["id"]
    for path in sorted((HERE / "data").glob("*.json"))
    for check in json.loads(path.read_text(encoding="utf-8"))["checks"]
}
TESTED: Final = {
    "kripp_4x12": ("agreement", "test_alpha_is_that_of_the_reference_software"),
    "kripp_binary_2x10": ("agreement", "test_alpha_of_yes_and_no_is_that_of_the_reference_software"),
    "gwet_ac1_4x12": ("agreement", "test_ac1_and_plain_agreement_are_those_of_the_reference_software"),
    "cohen_2x2": ("agreement", "test_cohen_s_kappa_and_its_standard_error_are_those_of_the_reference_software"),
    "macro_f1": ("quality", "test_figures_and_jackknife_are_those_of_the_reference_software"),
    "calibration": ("quality", "test_calibration_is_that_of_the_reference_software"),
    "dsl_utterances": ("rates", "test_rates_and_their_difference_are_those_of_r_package_dsl"),
    "ppi_plus": ("rates", "test_a_mean_with_other_units_is_that_of_ppi_python"),
    "rogan_gladen": ("rogan_gladen", "test_a_rate_turned_back_is_that_of_epir"),
    "wilson_newcombe": ("intervals", "test_intervals_of_shares_and_differences_are_those_of_r"),
    "switch_inflation": ("dynamics", "test_switches_of_a_tagger_are_inflated_as_the_reference_says"),
    "transitions": ("dynamics", "test_residuals_and_homogeneity_are_those_of_the_reference_software"),
    "sess32_primary": ("effects", "test_the_primary_analysis_is_that_of_clubsandwich"),
    "sess32_fractional_logit": ("effects", "test_odds_are_those_of_clubsandwich"),
    "perm_stratified_exact": ("effects", "test_the_permutation_test_is_that_of_coin"),
    "hedges_g": ("effects", "test_hedges_g_is_that_of_metafor_and_effectsize"),
    "wild_cluster_enum": ("wild_bootstrap", "test_all_draws_give_the_p_of_wildboottest_with_ties_counted"),
    "robustness_value": ("comparison", "test_the_robustness_value_is_that_of_the_reference_and_of_the_source"),
    "sess32_metareg": ("meta", "test_regression_over_sessions_gives_the_figures_of_the_reference_software"),
    "bcg_metareg": ("meta", "test_regression_gives_the_figures_of_the_reference_software"),
    **dict.fromkeys(
        ("bcg_reml_z", "bcg_reml_hk", "bcg_dl_z", "bcg_dl_hk", "bcg_common"),
        ("meta", "test_pooling_gives_the_figures_of_the_reference_software"),
    ),
    "sess32_lmer": ("mixed", "test_the_linear_model_is_that_of_lmer_with_pbkrtest"),
    "cbpp_glmer": ("mixed", "test_the_logistic_model_is_that_of_glmer"),
}
"""Check to the module of its test and the test."""
WAIVED: Final = ("sleepstudy", "cbpp_gee", "cbpp_gee_statsmodels")
"""Models that the product does not have; docs/statistics.md says why."""
CHECKS: Final = 30


def test_every_check_is_tested_or_waived_and_none_is_both() -> None:
    assert len({*TESTED, *WAIVED}) == len(TESTED) + len(WAIVED) == CHECKS
    assert set(TESTED) <= DATA, "inputs and values are data"


@pytest.mark.parametrize("check", TESTED)
def test_each_check_has_a_test_that_reads_its_values(check: str) -> None:
    module, name = TESTED[check]
    source = (HERE / f"test_{module}.py").read_text(encoding="utf-8")
    tests = {one.name for one in ast.parse(source).body if isinstance(one, ast.FunctionDef)}
    assert name in tests
    # Intervals have one check in their file, which is read without its name.
    assert f'"{check}"' in source or len(json.loads((HERE / "data" / f"{module}.json").read_text())["checks"]) == 1


def test_what_is_waived_is_said_to_be() -> None:
    told = (HERE.parents[1] / "docs" / "statistics.md").read_text(encoding="utf-8")
    assert all(f"`{check}`" in told for check in WAIVED)
