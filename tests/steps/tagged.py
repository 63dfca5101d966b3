"""A study that is tagged by a model that nobody trained, so that what rests on machine labels can be tried at once."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.domain.coding import Prediction
from pipeline.formats.params import read_params
from pipeline.steps import ingest, pseudonymise, unitise
from pipeline.steps.keys import model_version, session_keys
from pipeline.steps.session import units_of
from pipeline.tagging.answers import write_answers
from pipeline.tagging.weights import Manifest, Weights, save_tagger

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.domain.pseudonym import Utterance
    from pipeline.steps.workplace import Workplace

REPOSITORY = Path(__file__).parents[2]
TURNS = 60
"""Added to each transcript, so that a draw does not take everything."""


def lengthen(place: Workplace) -> None:
    """Give every session more turns; those of one session are said in no other."""
    for transcript in (place.study / "transcripten").iterdir():
        said = f"In sessie {transcript.stem} zegt iemand dit {{}}nog eens."
        lines = (f"{'KM1' if turn % 2 else 'SW1'}: {said.format('en dat ' * turn)}" for turn in range(TURNS))
        with transcript.open("a", encoding="utf-8") as stream:
            stream.write("\n".join(lines) + "\n")


def bring_a_model(
    place: Workplace, trained_on: Iterable[str] = ("0" * 16,), left_out: Sequence[tuple[str, str]] = ()
) -> str:
    """Put a tagger without weights in place and give its version; `left_out` are units it keeps honest answers for."""
    codebook = place.read_codebook(place.read_study())
    manifest = Manifest(
        codebook=codebook.id,
        codebook_version=codebook.version_key,
        base="niets",
        base_sha="0" * 64,
        params=read_params(REPOSITORY / "params.yaml"),
        heads=(),
        trained_on=tuple(sorted(trained_on)),
        went_on_from="",
        files={},
    )
    return save_tagger(
        place.models / "tagger" / codebook.id, Weights(b"", b"", b"", write_answers(left_out, {})), manifest, {}
    )


def tag(place: Workplace, *sessions: str) -> None:
    """Bring sessions up to date; the model says of every fifth unit that it bridges to the citizen."""
    study = place.read_study()
    codebook = place.read_codebook(study)
    version = model_version(place, codebook) or bring_a_model(place)
    for session in sessions:
        for step in (ingest, pseudonymise, unitise):
            step.run(place, session)
        key = session_keys(place, study, codebook, study.session(session)).tag
        with place.open_store() as store:
            units = [unit for unit in units_of(store, session).utterances if not unit.minimal]
            said = [_said(unit, version, hit=at % 5 == 0) for at, unit in enumerate(units)]
            store.save_predictions(session, said, key=key)


def _said(unit: Utterance, version: str, *, hit: bool) -> Prediction:
    labels = ("brug_burger",) if hit else ()
    share = 0.8125 if hit else 0.1875
    return Prediction(unit.id, unit.text_sha, "sr", labels, (("brug_burger", share),), version, "casuistiek")


def rows_of(sheet: Path) -> list[dict[str, str]]:
    """Read a sheet as Excel does."""
    return list(csv.DictReader(io.StringIO(sheet.read_text(encoding="utf-8-sig"), newline=""), delimiter=";"))


def fill_in(rows: list[dict[str, str]], path: Path) -> None:
    """Save rows as a coder does."""
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
