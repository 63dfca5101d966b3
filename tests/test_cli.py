"""The command as a person types it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.testing import CliRunner

from pipeline import settings
from pipeline.cli import app
from tests.steps.tagged import lengthen, tag
from tests.world import TALKS, make_study, typed

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_looking_at_one_transcript_shows_what_is_in_it_and_keeps_nothing(tmp_path: Path) -> None:
    transcript = tmp_path / "gesprek.txt"
    transcript.write_text(TALKS["een"], encoding="utf-8")
    shown = CliRunner().invoke(app, ["ingest", str(transcript)])
    assert shown.exit_code == 0
    assert "7 beurten van 3 sprekers" in shown.output
    assert "klantmanager" in shown.output
    assert list(tmp_path.iterdir()) == [transcript]


def test_a_folder_that_is_no_study_is_refused_with_a_cure(tmp_path: Path) -> None:
    shown = CliRunner().invoke(app, ["run", str(tmp_path)])
    assert shown.exit_code == 2
    assert "study.yaml" in shown.stderr
    assert "Geef de map van een studie" in shown.stderr


def test_one_bad_session_does_not_stop_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAAMWERK_HOME", str(tmp_path / "home"))
    study = make_study(tmp_path / "wereld")
    (study / "transcripten" / "een.txt").write_bytes(b"")
    shown = CliRunner().invoke(app, ["ingest", str(study)])
    assert shown.exit_code == 1
    assert "twee: beurten 6" in shown.output
    assert "drie: beurten 6" in shown.output


def test_a_draw_and_its_second_wave_are_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wortel").mkdir()
    (tmp_path / "wortel" / "corpora").symlink_to(settings.REPOSITORY / "corpora")
    monkeypatch.setenv("RAAMWERK_ROOT", str(tmp_path / "wortel"))
    monkeypatch.setenv("RAAMWERK_HOME", str(tmp_path / "home"))
    study = make_study(tmp_path / "wereld")
    place = settings.workplace(study)
    lengthen(place)
    tag(place, "een", "twee", "drie")
    made = typed("draw", str(study), "--labels", "sr.brug_burger, sr.zelf", "--labels", "frame.client", "--seed", "3")
    assert made.exit_code == 0, made.output
    assert made.stdout == "sessies 3, uitingen 150\n", "fifty each, for labels that are rare"
    assert "Zeldzaam volgens het model" in made.stderr
    with place.open_store() as store:
        targets = store.draws()[0].design.targets
    assert targets == {("sr", "brug_burger"), ("sr", "zelf"), ("frame", "client")}
    unsaid = typed("draw", str(study), "--extend", "trekking-1", "--more", "5")
    assert unsaid.exit_code == 2
    assert "Geef --effects-not-seen als nog niemand" in unsaid.stderr
    wave = typed("draw", str(study), "--extend", "trekking-1", "--more", "5", "--effects-not-seen")
    assert wave.stdout == "sessies 3, uitingen 15\n"
    whole = typed("draw", str(study), "--no-strata", "--name", "geheel", "--per-session", "25")
    assert whole.stdout == "sessies 3, uitingen 75\n"
