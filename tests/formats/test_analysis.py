"""The choices for the comparison in study.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.domain.errors import InputError
from pipeline.domain.study import TALK_OUTCOMES, Analysis
from pipeline.formats.codebook import read_codebook
from pipeline.formats.study import check_questions, read_study
from tests.formats.test_study import CORPORA, HEADER, NOORD, YAML, ZUYD

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.domain.study import Study

CHOICES = """\
analyse:
  kleinste_verschil: 7,5
  blokken: werkplaats_en_ronde
  per: {duur_min: 15}
  rekening_houden_met: [n_deelnemers]
  samen:
    - kenmerken: [client_aanwezig, methode]
"""


def study(folder: Path, more: str = "") -> Study:
    for name in ("t/noord-1.txt", "t/zuyd-1.txt", "d/zuyd-1.csv"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("", "utf-8")
    (folder / "study.yaml").write_text(YAML + more, "utf-8")
    (folder / "sessions.csv").write_text("\n".join([HEADER, NOORD, ZUYD]), "utf-8")
    return read_study(folder)


def test_choices_are_read(tmp_path: Path) -> None:
    assert study(tmp_path, CHOICES).analysis == Analysis(
        smallest_difference=0.075,
        by_round=True,
        per={"duur_min": 15.0},
        adjusted_for=("n_deelnemers",),
        together=(("client_aanwezig", "methode"),),
    )


def test_without_choices_the_usual_ones_hold(tmp_path: Path) -> None:
    assert study(tmp_path).analysis == Analysis(0.05, None, {}, (), ())


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("kleinste_verschil: veel", "geen getal boven 0"),
        ("kleinste_verschil: 0", "geen getal boven 0"),
        ("kleinste_verschil: 100", "100 procentpunt kan niet"),
        ("blokken: ronde", "geen indeling in blokken"),
        ("per: {client_aanwezig: 2}", "'client_aanwezig' kan hier niet staan"),
        ("per: {duur_min: lang}", "geen getal boven 0"),
        ("rekening_houden_met: [weer]", "'weer' kan hier niet staan"),
        ("samen: [{kenmerken: [duur_min, weer]}]", "'weer' kan hier niet staan"),
        ("toets: t", "toets"),
    ],
)
def test_choices_that_cannot_be_are_reported(tmp_path: Path, written: str, said: str) -> None:
    with pytest.raises(InputError, match=r"study\.yaml") as error:
        study(tmp_path, f"analyse:\n  {written}\n")
    assert said in str(error.value)


def test_a_question_may_be_about_a_mean_level_or_the_talk(tmp_path: Path) -> None:
    codebook = read_codebook(CORPORA / "codebook" / "casuistiek")
    asked = "  - {vraag: V, component: client_aanwezig, uitkomst: UIT, datum: 2018-03-01}\n"
    for outcome in ("sr_niveau.gemiddeld_niveau", TALK_OUTCOMES[0], "gesprek.gelijkmatigheid"):
        check_questions(study(tmp_path, asked.replace("UIT", outcome)), codebook)
    with pytest.raises(InputError, match="staat niet in codeboek"):
        check_questions(study(tmp_path, asked.replace("UIT", "frame.gemiddeld_niveau")), codebook)
