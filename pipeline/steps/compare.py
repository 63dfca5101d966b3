"""Compare the components of a study and write everything that was found: tables and results.json."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.formats.export import cell, csv_bytes, parquet_bytes, tables_json
from pipeline.statistics.comparison import compare
from pipeline.statistics.results import RESULT_TABLES, result_tables
from pipeline.statistics.tables import TABLES, tables
from pipeline.steps.draw import note_effects
from pipeline.steps.evidence import gather
from pipeline.steps.keys import code_digest, digest
from pipeline.steps.overview import describe, overview
from pipeline.steps.progress import say
from pipeline.store.database import WHOLE_STUDY
from pipeline.store.files import write_file

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.domain.evidence import Evidence
    from pipeline.statistics.comparison import Results
    from pipeline.steps.session import Summary
    from pipeline.steps.workplace import Workplace
    from pipeline.store.database import Store

COMPARE = "compare"
RESULTS = "results.json"


def run(workplace: Workplace) -> Summary:
    """Write rapport/tabellen/*.csv, the same as Parquet in rapport/tabellen/parquet, and rapport/results.json.

    Same study, labels and seed: same bytes.

    Returns:
        Number of sessions, tables and comparisons; empty when nothing changed.
    """
    with workplace.open_store() as store:
        seen = overview(workplace, store)
        evidence = gather(workplace, store, seen)
        key = digest(seen.key, code_digest("domain", "statistics", "formats"), _beside(evidence))
        if store.finished_key(WHOLE_STUDY, COMPARE) == key and all(path.is_file() for path in _paths(workplace.output)):
            return {}
        say("Componenten vergelijken …")
        results = compare(evidence)
        closed = _note_effects(store, results)
        written = {**tables(describe(seen, store)), **result_tables(results)}
        for name, (header, rows) in written.items():
            shown = [header, *([cell(value) for value in row] for row in rows)]
            write_file(_table(workplace.output, name, "csv"), csv_bytes(shown))
            write_file(_table(workplace.output, name, "parquet"), parquet_bytes(header, rows))
        write_file(workplace.output / RESULTS, tables_json(written))
        summary = {"sessies": len(seen.ready), "tabellen": len(written), "vergelijkingen": len(results.pairs)}
        store.finish(WHOLE_STUDY, COMPARE, key, summary)
        if closed:
            say(f"De cijfers rusten op {', '.join(closed)}: daar kan nu niet meer uit worden bijgetrokken.")
        return summary


def _note_effects(store: Store, results: Results) -> list[str]:
    """Note, before anything of it can be read, on which draws figures rest: such a draw may not grow any more."""
    used = {one.draw for one in results.outcomes.outcomes}
    closed = [draw for draw in results.evidence.draws if draw.id in used]
    for draw in closed:
        note_effects(store, draw, seen=True)
    return [draw.id for draw in closed]


def _table(output: Path, name: str, kind: str) -> Path:
    folder = output / "tabellen"
    return folder / f"{name}.csv" if kind == "csv" else folder / kind / f"{name}.{kind}"


def _paths(output: Path) -> list[Path]:
    names = (*TABLES, *RESULT_TABLES)
    return [output / RESULTS, *(_table(output, name, kind) for name in names for kind in ("csv", "parquet"))]


def _beside(evidence: Evidence) -> str:
    """Give what the comparison rests on beside the study, the units and the model."""
    learnt = {
        session: None if one.learnt_from is None else sorted(one.learnt_from)
        for session, one in evidence.machine.items()
    }
    # A set has no order of its own, so that its words would differ from run to run.
    draws = [
        (sorted(draw.design.targets), replace(draw, design=replace(draw.design, targets=frozenset())))
        for draw in evidence.draws
    ]
    return repr((sorted(evidence.judgements.items()), draws, sorted(learnt.items())))
