"""Write the units of a study as a table in which a person fills in labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.domain.codebook import DimensionKind
from pipeline.domain.errors import InputError
from pipeline.domain.labels import UnitRow
from pipeline.formats.units import units_table
from pipeline.steps.progress import say
from pipeline.store.files import write_file

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.domain.codebook import Codebook
    from pipeline.domain.pseudonym import UnitisedSession, Utterance
    from pipeline.steps.session import Summary
    from pipeline.steps.workplace import Workplace


def run(workplace: Workplace, coder: str, out: Path | None = None) -> Summary:
    """Write every unit that is not minimal, in order, with who speaks; the columns of labels are empty.

    The labels of the model are not in it: seeing them would pull a coder's judgement towards the model.

    Args:
        workplace: where the study is.
        coder: name or number of the person who will fill it in.
        out: CSV to write; `None` for uitingen-CODER.csv in the study's folder.

    Returns:
        Number of sessions and units.

    Raises:
        InputError: when the file is there already: a coder's work may stand in it.
    """
    path = out or workplace.study / f"uitingen-{coder}.csv"
    if path.exists():
        raise InputError.single(path.name, "dit bestand bestaat al", "Geef met --out een andere naam.")
    study = workplace.read_study()
    codebook = workplace.read_codebook(study)
    with workplace.open_store() as store:
        store.register_study(study, codebook)
        sessions = [session for name in store.sessions() if (session := store.unitised(name))]
    rows = [
        unit_row(session, at) for session in sessions for at, unit in enumerate(session.utterances) if not unit.minimal
    ]
    write_file(path, units_table(rows, coder, codebook))
    tell_how(workplace, path, codebook)
    return {"sessies": len(sessions), "uitingen": len(rows)}


def unit_row(session: UnitisedSession, at: int, preceding: int = 0) -> UnitRow:
    """Give a unit as a coder sees it.

    Args:
        session: where it was said.
        at: its place in `UnitisedSession.utterances`, from 0.
        preceding: how many of the units before it are shown too, minimal ones included; fewer at the beginning.
    """

    def functie(unit: Utterance) -> str | None:
        speaker = session.speaker_of(unit)
        return speaker.functie if speaker else None

    unit = session.utterances[at]
    before = session.utterances[max(at - preceding, 0) : at]
    told = tuple(f"{functie(earlier) or 'onbekend'}: {earlier.text}" for earlier in before)
    return UnitRow(unit.id, unit.text_sha, unit.text, functie(unit), told)


def tell_how(workplace: Workplace, path: Path, codebook: Codebook) -> None:
    """Say how a table is filled in and where it goes then."""
    say(f"Vul {path} in met Excel en bewaar hem als CSV in {workplace.study / 'labels'}.")
    say(f"Lees hem daarna in: raamwerk labels {workplace.study}")
    for dimension in codebook.unit_dimensions:
        several = " (meer mag, met + ertussen; geen als niets past)" if dimension.kind is DimensionKind.MULTI else ""
        say(f"  kolom {dimension.id}: {', '.join(dimension.choices)}{several}")
