"""A small study in a private folder, with the repository's own codebooks and lists."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pipeline import settings
from tests.world import make_study

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.steps.workplace import Workplace


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    """Give the workplace of a study that nothing was done with yet."""
    monkeypatch.setenv("RAAMWERK_HOME", str(tmp_path / "home"))
    for name in ("RAAMWERK_DATABASE", "RAAMWERK_KEYS", "RAAMWERK_ROOT"):
        monkeypatch.delenv(name, raising=False)
    # Without a tagger of its own, so that what is tested does not depend on what was trained last.
    return replace(settings.workplace(make_study(tmp_path / "wereld")), models=tmp_path / "models")
