from __future__ import annotations

import time

import pytest

from tests.pseudonymise.world import pseudonymiser


def is_built(form: str) -> bool:
    return pseudonymiser()._lexicon.is_built(form)


@pytest.mark.parametrize(
    "form",
    [
        "wijkteam",
        "wijkteamoverleggen",
        "verhuiskosten",
        "opgezocht",
        "onbesproken",
        "gezinsbegeleidster",
        "schuldenlast",
    ],
)
def test_words_made_of_ordinary_words_are_known(form: str) -> None:
    assert is_built(form)


@pytest.mark.parametrize("form", ["qwirina", "zobrecht", "letebrhan", "okafor", "habtemikael", "zwambrechem"])
def test_names_are_not_made_of_ordinary_words(form: str) -> None:
    assert not is_built(form)


def test_an_endless_word_takes_no_time() -> None:
    start = time.perf_counter()
    assert is_built("wijk" * 50_000)
    assert time.perf_counter() - start < 1
