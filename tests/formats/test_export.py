"""Tables for Dutch Excel."""

from __future__ import annotations

import pytest

from pipeline.formats.export import cell, csv_bytes


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (True, "ja"),
        (False, "nee"),
        (3, "3"),
        (-3, "-3"),
        (0.25, "0,25"),
        (-0.5, "-0,5"),
        ("noord", "noord"),
    ],
)
def test_values_are_written_the_dutch_way(value: object, shown: str) -> None:
    assert cell(value) == shown  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["=1+1", "+31", "-x", "@som", "'al"])
def test_text_that_looks_like_a_formula_is_disarmed(text: str) -> None:
    assert cell(text) == f"'{text}"


def test_a_file_opens_in_dutch_excel() -> None:
    assert csv_bytes([["a", "b"], ["één", "x;y"]]) == '\ufeffa;b\r\néén;"x;y"\r\n'.encode()
