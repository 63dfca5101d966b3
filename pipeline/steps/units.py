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
        UnitRow(unit.id, unit.text_sha, unit.text, speaker.functie if speaker else None)
        for session in sessions
        for unit in session.utterances
        if not unit.minimal
        for speaker in (session.speaker_of(unit),)
    ]
    write_file(path, units_table(rows, coder, codebook))
    say(f"Vul {path} in met Excel en bewaar hem als CSV in {workplace.study / 'labels'}.")
    say(f"Lees hem daarna in: raamwerk labels {workplace.study}")
    for dimension in codebook.unit_dimensions:
        several = " (meer mag, met + ertussen; geen als niets past)" if dimension.kind is DimensionKind.MULTI else ""
        say(f"  kolom {dimension.id}: {', '.join(dimension.choices)}{several}")
    return {"sessies": len(sessions), "uitingen": len(rows)}
