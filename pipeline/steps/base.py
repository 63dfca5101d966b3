"""Build the base encoder on first use."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from pipeline.steps.progress import bar
from pipeline.tagging.base import BUILT_BASE, ensure_base

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def prepare_base(base: str, folder: Path) -> None:
    """Make sure that the base encoder that is built here stands in its folder, complete and unharmed.

    Args:
        base: the encoder that is wanted; nothing is done for one that is not built here.
        folder: models/base, with kept_pieces.txt.
    """
    if base != BUILT_BASE:
        return
    with ExitStack() as stack:
        advance: Callable[[int], None] | None = None

        def report(_what: str, share: float) -> None:
            nonlocal advance
            if advance is None:  # no bar where nothing is to be built
                advance = stack.enter_context(bar("Basismodel klaarzetten (eenmalig)", 100))
            advance(round(100 * share))

        ensure_base(folder, folder / "kept_pieces.txt", report)
