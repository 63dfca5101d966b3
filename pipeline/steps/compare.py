"""Write the tables that put sessions and components side by side; what they may mean is said in the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.formats.export import cell, csv_bytes
from pipeline.statistics.tables import TABLES, tables
from pipeline.steps.keys import code_digest, digest
from pipeline.steps.overview import describe, overview
from pipeline.store.database import WHOLE_STUDY
from pipeline.store.files import write_file

if TYPE_CHECKING:
    from pipeline.steps.session import Summary
    from pipeline.steps.workplace import Workplace

COMPARE = "compare"


def run(workplace: Workplace) -> Summary:
    """Write rapport/tabellen/*.csv.

    Returns:
        Number of sessions and tables; empty when nothing changed.
    """
    folder = workplace.output / "tabellen"
    with workplace.open_store() as store:
        seen = overview(workplace, store)
        key = digest(seen.key, code_digest("statistics"))
        present = all((folder / f"{name}.csv").is_file() for name in TABLES)
        if store.finished_key(WHOLE_STUDY, COMPARE) == key and present:
            return {}
        written = tables(describe(seen, store))
        folder.mkdir(parents=True, exist_ok=True)
        for name, (header, rows) in written.items():
            write_file(folder / f"{name}.csv", csv_bytes([header, *([cell(value) for value in row] for row in rows)]))
        summary = {"sessies": len(seen.ready), "tabellen": len(written)}
        store.finish(WHOLE_STUDY, COMPARE, key, summary)
        return summary
