"""Do beforehand what takes long the first time: build the base encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.steps.base import prepare_base
from pipeline.steps.outcome import OK
from pipeline.steps.progress import say
from pipeline.tagging.base import BUILT_BASE

if TYPE_CHECKING:
    from pathlib import Path


def run(base: Path) -> int:
    """Build the base encoder, unless it stands there complete.

    Returns:
        Exit status.
    """
    prepare_base(BUILT_BASE, base)
    say(f"Het basismodel staat klaar in {base}")
    return OK
