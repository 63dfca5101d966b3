"""Take labels in from a table, as judgements of a coder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Final

from pipeline.domain.coding import SETTLER, Judgement
from pipeline.domain.errors import InputError, Problem
from pipeline.formats.findings import instead_of
from pipeline.formats.labels import BLIND, DRAW, lookalikes, read_labels
from pipeline.statistics.outcomes import corrects, with_gates
from pipeline.steps.keys import digest, file_digest
from pipeline.steps.progress import say
from pipeline.store.database import WHOLE_STUDY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from pipeline.domain.codebook import Codebook
    from pipeline.domain.draw import Draw
    from pipeline.domain.labels import LabelRow
    from pipeline.domain.pseudonym import Utterance
    from pipeline.formats.labels import LabelTable
    from pipeline.steps.session import Summary
    from pipeline.steps.workplace import Workplace
    from pipeline.store.database import Store

_NOT_MEANT: Final = (".", "~$")
"""How names of files begin that are no table: hidden ones, and what Excel keeps beside one that is open."""
_MOVED: Final = "Misschien hoort deze id bij een andere rij: de woorden op deze rij zijn van {}."


def run(workplace: Workplace, table: Path | None = None) -> Summary:
    """Store the labels of a table, or of every table in the study's folder labels/; a second time nothing is added.

    What was left out, was there already or is changed by it is said as it happens.

    Args:
        workplace: where the study is; its sessions must have been unitised.
        table: CSV or XLSX with columns uiting, codeur, soort_codeur and one a dimension, and for a draw trekking and
            blind; `None` for labels/.

    Returns:
        Number of rows with a label, and of labels that were new; 0 for tables that were read before.

    Raises:
        InputError: when a table cannot be read, or rows point at units that do not exist or whose words changed, or at
            draws that do not exist or in which the unit was not drawn, or call blind what was not, or name a coder
            almost as another one; with all problems of all tables, and nothing is stored then.
    """
    study = workplace.read_study()
    codebook = workplace.read_codebook(study)
    paths = (table,) if table else tables(workplace)
    if not table:
        _say_skipped(workplace)
    if not paths:
        place = "labels/"
        raise InputError.single(place, "hier staan geen tabellen met labels", "Geef of zet er een CSV of XLSX in.")
    with workplace.open_store() as store:
        store.register_study(study, codebook)
        # A table that was read before is not read again: what was corrected since would be undone.
        fresh = {path: key for path in paths if store.finished_key(*_told(path)) != (key := file_digest(path))}
        read = [read_labels(path, codebook) for path in fresh]
        rows = [_Placed(one.name, number, row) for one in read for number, row in one.rows]
        found = [session for name in store.sessions() if (session := store.unitised(name))]
        units = {unit.id: unit for session in found for unit in session.utterances}
        draws = store.draws()
        said = _judged(store)
        _check(read, rows, units, {draw.id: draw.units for draw in draws}, said)
        # Of two labels that one coder gives at the same time, the one that was asked for counts as the later.
        rows.sort(key=lambda placed: placed.row.draw is not None)
        at = datetime.now(UTC).isoformat(timespec="seconds")  # noqa: TID251 - a step is where the real clock is read
        given = [
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
            for row in (placed.row for placed in rows)
            for dimension, labels in row.labels.items()
        ]
        new = store.save_judgements(given)
        for path, key in fresh.items():
            store.finish(*_told(path), key, {})
        now = _judged(store) if fresh else []
    if fresh:
        told = (_left_out(read), _known(len(given) - new), _changed(given, said), _complete(draws, now, codebook))
        for line in chain.from_iterable(told):
            say(line)
    return {"rijen": sum(bool(placed.row.labels) for placed in rows), "nieuwe labels": new}


def _judged(store: Store) -> list[Judgement]:
    return [one for name in store.sessions() for one in store.judgements_by_draw(name)]


def tables(workplace: Workplace) -> tuple[Path, ...]:
    """Give the tables in the study's folder labels/, by name; not the hidden and temporary files that lie there too."""
    return tuple(path for path in _files(workplace) if not path.name.startswith(_NOT_MEANT))


@dataclass(frozen=True, slots=True)
class _Placed:
    """A row of a table, and where it stands."""

    name: str
    number: int
    row: LabelRow

    @property
    def at(self) -> str:
        return f"{self.name}, rij {self.number}"

    @property
    def of_unit(self) -> str:
        return f"{self.at}, uiting {self.row.utterance_id}"


def _files(workplace: Workplace) -> list[Path]:
    folder = workplace.study / "labels"
    return sorted(path for path in folder.glob("*") if path.suffix.lower() in {".csv", ".xlsx"})


def _say_skipped(workplace: Workplace) -> None:
    for path in _files(workplace):
        if path.name.startswith(_NOT_MEANT):
            say(f"labels/{path.name} is overgeslagen: dit is een verborgen of tijdelijk bestand, geen tabel van jou.")


def _left_out(read: Iterable[LabelTable]) -> Iterator[str]:
    """Say what tables hold that did not become a label."""
    for table in read:
        nameless = sum(not row.labels for _, row in table.rows)
        parts = [
            f"{_rows(table.untouched)} leeg gelaten" if table.untouched else "",
            f"{_rows(nameless)} met een naam en zonder labels" if nameless else "",
            *(f"de kolom {name} ontbreekt" for name in table.missing),
            *(f"de kolom {name} is helemaal leeg" for name in table.empty),
            *(f"de kolom {name} is niet gelezen" for name in table.ignored),
        ]
        if any(parts):
            yield f"{table.name}: {'; '.join(filter(None, parts))}."


def _rows(number: int) -> str:
    return f"{number} {'rij' if number == 1 else 'rijen'}"


def _known(number: int) -> Iterator[str]:
    if number:
        yield f"{number} {'label was' if number == 1 else 'labels waren'} er al."


def _changed(given: Iterable[Judgement], said: Iterable[Judgement]) -> Iterator[str]:
    """Say how many answers that were given blindly are answered anew by their coder, for each coder and draw."""
    blind = {_asked(one): one for one in said if one.draw is not None and one.blind}
    anew = [
        one
        for one in given
        if (old := blind.get(_asked(one))) and (set(old.labels), old.blind) != (set(one.labels), one.blind)
    ]
    for coder, draw in sorted({(one.coder, str(one.draw)) for one in anew}):
        own = [one for one in anew if (one.coder, one.draw) == (coder, draw)]
        units = len({one.utterance_id for one in own})
        every = len({one.utterance_id for one in blind.values() if (one.coder, one.draw) == (coder, draw)})
        seen = sum(not one.blind for one in own)
        line = (
            f"{coder} verandert in {draw} {len(own)} eerder blind gegeven {'label' if len(own) == 1 else 'labels'}, "
            f"bij {units} van de {every} uitingen. "
            "Het laatste antwoord voor de trekking telt; het eerste blijft bewaard."
        )
        yield f"{line} Niet meer blind, dus niet meer meegeteld: {seen}." if seen else line


def _asked(one: Judgement) -> tuple[str, str, str | None, str]:
    return one.utterance_id, one.coder, one.draw, one.dimension


def _complete(draws: Iterable[Draw], said: Iterable[Judgement], codebook: Codebook) -> Iterator[str]:
    """Say of each draw in how many of its sessions every drawn unit was coded blindly, for each core dimension.

    Only what a comparison would count, with what follows from a gate that was left shut.
    """
    counting = [one for one in said if corrects(one, codebook)]
    coded = {(one.draw, one.dimension, one.utterance_id) for one in with_gates(counting, codebook)}
    core = [dimension.id for dimension in codebook.unit_dimensions if dimension.core]
    for draw in draws:
        asked: dict[str, list[str]] = {session: [] for session in draw.sessions}
        for stratum in draw.strata:
            asked[stratum.session].extend(stratum.drawn)
        whole = (
            (name, sum(all((draw.id, name, unit) in coded for unit in units) for units in asked.values()))
            for name in core
        )
        counts = ", ".join(f"{number} van {len(asked)} voor {name}" for name, number in whole)
        yield f"{draw.id}, sessies die compleet blind gecodeerd zijn: {counts}."


def _told(path: Path) -> tuple[str, str]:
    """Give the place in the ledger of a table that was read."""
    return WHOLE_STUDY, f"labels {digest(str(path.resolve()))}"


def _check(
    read: Iterable[LabelTable],
    rows: Sequence[_Placed],
    units: Mapping[str, Utterance],
    drawn: Mapping[str, AbstractSet[str]],
    said: Sequence[Judgement],
) -> None:
    """Refuse tables with problems, all of them at once.

    Args:
        read: the tables.
        rows: theirs.
        units: all of the study, by id.
        drawn: units of each draw.
        said: what coders said before.

    Raises:
        InputError: when there are any.
    """
    problems = [problem for table in read for problem in table.problems]
    known = (SETTLER, *(one.coder for one in said))
    problems.extend(lookalikes(((placed.at, placed.row.coder) for placed in rows), known))
    for table in read:
        problems.extend(_misplaced([placed for placed in rows if placed.name == table.name], units, drawn))
    problems.extend(_no_longer_blind(rows, said))
    problems.extend(_contradictions(rows))
    if problems:
        raise InputError(problems)


def _contradictions(rows: Iterable[_Placed]) -> Iterator[Problem]:
    """Find units of which two tables tell different things of one coder.

    Not when only one of them was asked for a draw: nobody should mend what he said blindly.
    """
    first: dict[tuple[str, str, str, str | None], tuple[_Placed, tuple[tuple[str, ...], bool]]] = {}
    for placed in rows:
        row = placed.row
        for dimension, labels in row.labels.items() if row.utterance_id and row.coder else ():
            told = labels, row.blind
            earlier, said = first.setdefault((row.utterance_id, row.coder, dimension, row.draw), (placed, told))
            if said != told and earlier.name != placed.name:
                what = "een ander label" if said[0] != labels else "iets anders over blind coderen"
                yield Problem(
                    f"{placed.of_unit}, kolom {dimension}",
                    f"dezelfde codeur geeft hier {what} dan in {earlier.name}, rij {earlier.number}",
                    "Houd één van beide over.",
                )


def _no_longer_blind(rows: Iterable[_Placed], said: Iterable[Judgement]) -> Iterator[Problem]:
    """Find rows that call blind what their coder said before not to have been: what was seen cannot be unseen."""
    seen = {_asked(one) for one in said if not one.blind}
    for placed in rows:
        row = placed.row
        asked = row.draw is not None and row.blind
        if asked and any((row.utterance_id, row.coder, row.draw, dimension) in seen for dimension in row.labels):
            yield Problem(
                f"{placed.of_unit}, kolom {BLIND}",
                "deze codeur zag eerder wat het model van deze uiting zei, en dat kan niet blind meer worden",
                "Zet er weer nee, en laat iemand anders deze uiting blind coderen.",
            )


def _misplaced(
    rows: Sequence[_Placed], units: Mapping[str, Utterance], drawn: Mapping[str, AbstractSet[str]]
) -> Iterator[Problem]:
    """Find the rows of one table whose unit does not exist, was not drawn, or has other words than were coded."""
    near = {placed.row.utterance_id for placed in rows}
    near.update(*(drawn.get(placed.row.draw or "", ()) for placed in rows))
    by_words: dict[str, list[str]] = {}
    for unit in sorted(near & units.keys()):
        by_words.setdefault(units[unit].text_sha, []).append(unit)
    for placed in rows:
        row = placed.row
        if row.utterance_id:
            owner = next(iter(by_words.get(row.text_sha or "", ())), row.utterance_id)
            if problem := _problem_of_unit(placed, units.get(row.utterance_id), owner, drawn):
                yield problem
        if row.draw is not None and row.draw not in drawn:
            yield _no_such_draw(f"{placed.at}, kolom {DRAW}", row.draw, drawn)


def _problem_of_unit(
    placed: _Placed, unit: Utterance | None, owner: str, drawn: Mapping[str, AbstractSet[str]]
) -> Problem | None:
    row = placed.row
    other_words = unit is None or row.text_sha not in (None, unit.text_sha)
    moved = _MOVED.format(owner) if other_words and owner != row.utterance_id else ""
    if unit is None:
        cure = moved or "Controleer de id of neem eerst de sessie op."
        return Problem(placed.of_unit, "deze uiting bestaat niet in de studie", cure)
    if row.draw is not None and row.utterance_id not in drawn.get(row.draw, (row.utterance_id,)):
        cure = moved or "Maak trekking en blind leeg: wat iemand uit zichzelf codeert, telt niet als steekproef."
        return Problem(f"{placed.of_unit}, kolom {DRAW}", "deze uiting is in deze trekking niet getrokken", cure)
    if moved:
        return Problem(placed.of_unit, "de woorden van deze rij zijn die van een andere uiting", moved)
    if other_words:
        cure = "Codeer deze uiting opnieuw, of zet het oude transcript terug."
        return Problem(placed.of_unit, "de woorden van deze uiting zijn anders dan toen ze gecodeerd werd", cure)
    return None


def _no_such_draw(place: str, name: str, drawn: Mapping[str, AbstractSet[str]]) -> Problem:
    if not drawn:
        return Problem(place, "in deze studie is nog niets getrokken", "Maak een trekking met `raamwerk draw`.")
    return Problem(place, "deze trekking bestaat niet", instead_of(name, drawn, "Deze trekkingen zijn er"))
