"""The command as a person types it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.testing import CliRunner

from pipeline.cli import app
from tests.world import TALKS, make_study

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
