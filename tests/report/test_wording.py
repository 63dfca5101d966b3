from __future__ import annotations

from datetime import date

import pytest

from pipeline.domain.study import Component, Value, ValueType
from pipeline.report import wording


def test_numbers_are_written_as_the_dutch_do() -> None:
    assert wording.integer(1234567) == "1.234.567"
    assert wording.decimal(1234.56) == "1.234,6"
    assert wording.percent(0.1234) == "12,3%"
    assert wording.whole_percent(1) == "100%"
    assert wording.day(date(2026, 3, 9)) == "9-3-2026"
    assert wording.day(None) == "onbekend"


def test_nouns_follow_their_number() -> None:
    assert wording.count(1, "sessie", "sessies") == "1 sessie"
    assert wording.count(0, "sessie", "sessies") == "0 sessies"
    assert wording.listing(["a"]) == "a"
    assert wording.listing(["a", "b", "c"]) == "a, b en c"


@pytest.mark.parametrize(
    ("found", "kind", "written"),
    [
        (None, ValueType.JA_NEE, "onbekend"),
        (True, ValueType.JA_NEE, "ja"),
        (False, ValueType.JA_NEE, "nee"),
        (0, ValueType.AANTAL, "0"),
        (62.5, ValueType.GETAL, "62,5"),
        (60.0, ValueType.GETAL, "60"),
        ("vaste_fasen", ValueType.CATEGORIE, "vaste fasen"),
        ("zo_getypt", ValueType.TEKST, "zo_getypt"),
    ],
)
def test_values_are_written_by_their_type(found: Value, kind: ValueType, written: str) -> None:
    assert wording.value(found, Component("c", "C", kind)) == written


def test_roles_and_kinds_without_a_name_of_their_own_stay_readable() -> None:
    assert wording.role("sociaal_werker") == "sociaal werker"
    assert wording.role("client") == "cliënt"
    assert wording.role(None) == "functie onbekend"
    assert wording.kind("PROF_SW") == "Sociaal werkers"
    assert wording.kind("IETS") == "IETS"
