"""Show how far a long step is: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import TaskID

SECONDS_PER_LINE = 5.0
"""Without a terminal a long step says a line this often, a short one nothing."""


@cache
def console() -> Console:
    """Give the console for progress and messages (standard error, so that output can be piped)."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


@cache
def _bars() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console(),
        transient=True,
    )


def say(message: str) -> None:
    """Show one line."""
    console().print(message, markup=False)


@contextmanager
def bar(description: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how much of a known amount of work is done.

    Args:
        description: what is being done, in Dutch.
        total: amount of work, at least 0.

    Yields:
        A function that takes the amount done so far, in [0, total].
    """
    if console().is_terminal and sys.stderr.isatty():
        with _shown() as bars:
            task: TaskID = bars.add_task(description, total=max(total, 1))
            try:
                yield lambda done: bars.update(task, completed=done)
            finally:
                bars.remove_task(task)
    else:
        yield _plain(description, total)


@contextmanager
def _shown() -> Iterator[Progress]:
    bars = _bars()
    outermost = not bars.tasks
    if outermost:
        bars.start()
    try:
        yield bars
    finally:
        if outermost:
            bars.stop()


def _plain(description: str, total: int) -> Callable[[int], None]:
    said, shown = time.monotonic(), 0

    def advance(done: int) -> None:
        nonlocal said, shown
        if done != shown and time.monotonic() - said >= SECONDS_PER_LINE:
            said, shown = time.monotonic(), done
            say(f"{description}: {done} van {total}")

    return advance
