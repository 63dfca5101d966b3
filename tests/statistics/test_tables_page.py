"""docs/tabellen.md tells every table and every column of a comparison, and none that does not exist."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from benchmarks.compare import CODEBOOK, make_evidence
from pipeline.statistics.comparison import Design, compare
from pipeline.statistics.describe import describe_study
from pipeline.statistics.results import RESULT_TABLES, result_tables
from pipeline.statistics.tables import TABLES, tables

PAGE = Path(__file__).parents[2] / "docs" / "tabellen.md"
QUICK = Design(seed=3, permutations=199, bootstraps=40, rank_draws=200)
SHARED = "Kolommen die vaker voorkomen"
OF_THE_STUDY = "kenmerk_…"


@cache
def headers() -> dict[str, frozenset[str]]:
    """Give the columns of every table; a study's own ones by the name that the page has for them."""
    evidence = make_evidence(16, 60, 2, seed=5, drawn=0)
    predictions = {session: one.predictions for session, one in evidence.machine.items()}
    described = tables(describe_study(evidence.study, CODEBOOK, evidence.units, predictions))
    own = {one.id for one in (*evidence.study.components, *evidence.study.outcomes)}
    renamed = {f"kenmerk_{one.id}": OF_THE_STUDY for one in evidence.study.components}
    return {
        name: frozenset(renamed.get(column, column) for column in header if column not in own)
        for name, (header, _) in {**described, **result_tables(compare(evidence, QUICK))}.items()
    }


@cache
def sections() -> dict[str, str]:
    """Give the text below every heading of the page, by its words."""
    parts = re.split(r"^#{2,3} (.+)$", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    return {heading.strip("`"): text for heading, text in zip(parts[1::2], parts[2::2], strict=True)}


def explained(section: str) -> set[str]:
    """Give the names in the first cells of the rows of a section."""
    first_cells = re.findall(r"^\| (`[^|]+) \|", sections()[section], flags=re.MULTILINE)
    return {name for cell in first_cells for name in re.findall(r"`([^`]+)`", cell)}


@pytest.mark.parametrize("table", [*TABLES, *RESULT_TABLES])
def test_every_table_and_column_is_explained(table: str) -> None:
    assert table in sections(), f"docs/tabellen.md says nothing of {table}"
    told = sections()[table].partition("\n|")[0].strip()
    assert told.endswith((".", "?")), f"docs/tabellen.md does not say in a line what {table} tells"
    missing = headers()[table] - explained(table) - explained(SHARED)
    assert not missing, f"docs/tabellen.md does not explain {sorted(missing)} of {table}"


def test_the_page_explains_nothing_that_is_not_there() -> None:
    gone = {table: explained(table) - columns for table, columns in headers().items()}
    assert not {table: names for table, names in gone.items() if names}
    assert not explained(SHARED) - frozenset().union(*headers().values())
    quoted = re.findall(r"^#{3} `([^`]+)`$", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    assert sorted(quoted) == sorted((*TABLES, *RESULT_TABLES))
