"""Take labels in from a table, as judgements of a coder."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipeline.domain.coding import Judgement
from pipeline.domain.errors import InputError, Problem
from pipeline.formats.findings import instead_of
from pipeline.formats.labels import BLIND, DRAW, read_labels
from pipeline.steps.keys import digest, file_digest
from pipeline.store.database import WHOLE_STUDY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from pipeline.domain.labels import LabelRow
    from pipeline.domain.pseudonym import Utterance
    from pipeline.steps.session import Summary
    from pipeline.steps.workplace import Workplace
    from pipeline.store.database import Store


def run(workplace: Workplace, table: Path | None = None) -> Summary:
    """Store the labels of a table, or of every table in the study's folder labels/; a second time nothing is added.

    Args:
        workplace: where the study is; its sessions must have been unitised.
        table: CSV or XLSX with columns uiting, codeur, soort_codeur and one a dimension, and for a draw trekking and
            blind; `None` for labels/.

    Returns:
        Number of rows with a label, and of labels that were new; 0 for tables that were read before.

    Raises:
        InputError: when rows point at units that do not exist or whose words changed, or at draws that do not exist or
            in which the unit was not drawn, or call blind what was not; nothing is stored then.
    """
    study = workplace.read_study()
    codebook = workplace.read_codebook(study)
    paths = (table,) if table else tables(workplace)
    if not paths:
        place = "labels/"
        raise InputError.single(place, "hier staan geen tabellen met labels", "Geef of zet er een CSV of XLSX in.")
    with workplace.open_store() as store:
        store.register_study(study, codebook)
        # A table that was read before is not read again: what was corrected since would be undone.
        fresh = {path: key for path in paths if store.finished_key(*_told(path)) != (key := file_digest(path))}
        rows = [(path, row) for path in fresh for row in read_labels(path, codebook)]
        found = (store.unitised(session) for session in store.sessions())
        units = {unit.id: unit for session in found if session for unit in session.utterances}
        drawn = {draw.id: draw.units for draw in store.draws()}
        problems = [
            problem
            for path, row in rows
            if (problem := _problem(path, row, units) or _problem_of_draw(path, row, drawn))
        ]
        problems.extend(_no_longer_blind(rows, store))
        problems.extend(_contradictions(rows))
        if problems:
            raise InputError(problems)
        # Of two labels that one coder gives at the same time, the one that was asked for counts as the later.
        rows.sort(key=lambda told: told[1].draw is not None)
        at = datetime.now(UTC).isoformat(timespec="seconds")  # noqa: TID251 - a step is where the real clock is read
        new = store.save_judgements(
            Judgement(
                utterance_id=row.utterance_id,
                text_sha=units[row.utterance_id].text_sha,
                dimension=dimension,
                labels=labels,
                coder=row.coder,
                coder_kind=row.coder_kind,
                codebook_version=codebook.version_key,
                at=at,
                draw=row.draw,
                blind=row.blind,
            )
            for _, row in rows
            for dimension, labels in row.labels.items()
        )
        for path, key in fresh.items():
            store.finish(*_told(path), key, {})
    return {"rijen": sum(bool(row.labels) for _, row in rows), "nieuwe labels": new}


def tables(workplace: Workplace) -> tuple[Path, ...]:
    """Give the tables in the study's folder labels/, by name."""
    folder = workplace.study / "labels"
    return tuple(sorted(path for path in folder.glob("*") if path.suffix.lower() in {".csv", ".xlsx"}))


def _told(path: Path) -> tuple[str, str]:
    """Give the place in the ledger of a table that was read."""
    return WHOLE_STUDY, f"labels {digest(str(path.resolve()))}"


def _contradictions(rows: Iterable[tuple[Path, LabelRow]]) -> Iterator[Problem]:
    """Find units of which two tables tell different things of one coder.

    Not when only one of them was asked for a draw: nobody should mend what he said blindly.
    """
    first: dict[tuple[str, str, str, str | None], tuple[Path, tuple[tuple[str, ...], bool]]] = {}
    for path, row in rows:
        for dimension, labels in row.labels.items():
            told = labels, row.blind
            earlier, said = first.setdefault((row.utterance_id, row.coder, dimension, row.draw), (path, told))
            if said != told:
                what = "een ander label" if said[0] != labels else "iets anders over blind coderen"
                yield Problem(
                    f"{path.name}, uiting {row.utterance_id}, kolom {dimension}",
                    f"dezelfde codeur geeft hier {what} dan in {earlier.name}",
                    "Houd één van beide over.",
                )


def _no_longer_blind(rows: Iterable[tuple[Path, LabelRow]], store: Store) -> Iterator[Problem]:
    """Find rows that call blind what their coder said before not to have been: what was seen cannot be unseen."""
    blind = [(path, row) for path, row in rows if row.draw is not None and row.blind]
    seen = {
        (one.utterance_id, one.coder, one.draw, one.dimension)
        for session in {row.utterance_id.rsplit(".", 2)[0] for _, row in blind}
        for one in store.judgements_by_draw(session)
        if not one.blind
    }
    for path, row in blind:
        if any((row.utterance_id, row.coder, row.draw, dimension) in seen for dimension in row.labels):
            yield Problem(
                f"{path.name}, uiting {row.utterance_id}, kolom {BLIND}",
                "deze codeur zag eerder wat het model van deze uiting zei, en dat kan niet blind meer worden",
                "Zet er weer nee, en laat iemand anders deze uiting blind coderen.",
            )


def _problem(path: Path, row: LabelRow, units: Mapping[str, Utterance]) -> Problem | None:
    place = f"{path.name}, uiting {row.utterance_id}"
    unit = units.get(row.utterance_id)
    if unit is None:
        return Problem(place, "deze uiting bestaat niet in de studie", "Controleer de id of neem eerst de sessie op.")
    if row.text_sha and row.text_sha != unit.text_sha:
        return Problem(
            place,
            "de woorden van deze uiting zijn anders dan toen ze gecodeerd werd",
            "Codeer deze uiting opnieuw, of zet het oude transcript terug.",
        )
    return None


def _problem_of_draw(path: Path, row: LabelRow, drawn: Mapping[str, AbstractSet[str]]) -> Problem | None:
    if row.draw is None or row.utterance_id in drawn.get(row.draw, ()):
        return None
    place = f"{path.name}, uiting {row.utterance_id}, kolom {DRAW}"
    if row.draw in drawn:
        cure = "Maak trekking en blind leeg: wat iemand uit zichzelf codeert, telt niet als steekproef."
        return Problem(place, "deze uiting is in deze trekking niet getrokken", cure)
    if not drawn:
        return Problem(place, "in deze studie is nog niets getrokken", "Maak een trekking met `raamwerk draw`.")
    return Problem(place, "deze trekking bestaat niet", instead_of(row.draw, drawn, "Deze trekkingen zijn er"))
