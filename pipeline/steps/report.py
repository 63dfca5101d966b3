"""Write the report: one page that opens anywhere."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

from pipeline.domain.coding import CoderKind
from pipeline.domain.description import Provenance
from pipeline.report.page import render_report
from pipeline.steps.keys import code_digest, digest
from pipeline.steps.overview import Overview, describe, overview
from pipeline.steps.session import units_of, words_of
from pipeline.store.database import WHOLE_STUDY
from pipeline.store.files import write_text
from pipeline.tagging.answers import read_answers
from pipeline.tagging.weights import read_tagger

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipeline.steps.session import Summary
    from pipeline.steps.workplace import Workplace
    from pipeline.store.database import Store
    from pipeline.tagging.weights import StoredTagger

REPORT = "report"


def report_path(workplace: Workplace) -> Path:
    """Say where the report of a study stands."""
    return workplace.output / "index.html"


def run(workplace: Workplace) -> Summary:
    """Write rapport/index.html.

    Returns:
        Number of sessions in it; empty when nothing changed.
    """
    path = report_path(workplace)
    with workplace.open_store() as store:
        seen = overview(workplace, store)
        judged = {session: counts for session in seen.ready if any(counts := _judged(store, session))}
        key = digest(seen.key, version("raamwerk"), code_digest("statistics", "report"), repr(judged))
        if store.finished_key(WHOLE_STUDY, REPORT) == key and path.is_file():
            return {}
        page = render_report(describe(seen, store), _provenance(workplace, seen, store, judged))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, page)
        summary = {"sessies": len(seen.ready)}
        store.finish(WHOLE_STUDY, REPORT, key, summary)
        return summary


def _provenance(
    workplace: Workplace, seen: Overview, store: Store, judged: Mapping[str, tuple[int, int, int]]
) -> Provenance:
    vault = workplace.open_vault()
    folder = workplace.find_tagger(seen.codebook)
    tagger = read_tagger(folder) if folder else None
    manifest = tagger.manifest if tagger else None
    return Provenance(
        software_version=version("raamwerk"),
        model_version=seen.model_version,
        codebook_version=seen.codebook.version_key,
        made_on=datetime.now(UTC).date(),  # noqa: TID251 - a step is where the real clock is read
        labelled_with=manifest.codebook_version if manifest else None,
        learnt_from=_learnt(tagger, seen, store) if tagger else {},
        judged=judged,
        failed=seen.failed,
        warnings={session: vault.get(session)[0].warnings for session in seen.ready},
        replaced={session: words_of(store, session).replaced for session in seen.ready},
    )


def _judged(store: Store, session: str) -> tuple[int, int, int]:
    """Count the units judged by people, those judged by a language model, and the labels that were set aside."""
    judgements = store.judgements(session)
    kinds = (CoderKind.MENS, CoderKind.TAALMODEL)
    people, machine = (len({each.utterance_id for each in judgements if each.coder_kind is kind}) for kind in kinds)
    return people, machine, store.set_aside(session)


def _learnt(tagger: StoredTagger, seen: Overview, store: Store) -> Mapping[str, int]:
    """Count per session the units that the model has learnt from, but those answered by networks that left them out."""
    known = set(tagger.manifest.trained_on)
    kept = read_answers(tagger.weights.answers, tagger.manifest.heads)
    counts = {}
    for session in seen.ready:
        units = [(unit.id, unit.text_sha) for unit in units_of(store, session).utterances if not unit.minimal]
        rows = zip(units, kept.known(units), strict=True)
        counts[session] = sum(sha in known and row is None for (_, sha), row in rows)
    return {session: count for session, count in counts.items() if count}
