"""One run at a time works on a study."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from pipeline.domain.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.steps.workplace import Workplace


@contextmanager
def exclusive(workplace: Workplace) -> Iterator[None]:
    """Hold the study's lock; the operating system frees it however the process ends.

    Raises:
        InputError: when another run holds it.
    """
    workplace.work.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(workplace.work / "bezig.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise InputError.single(
            str(workplace.study), "er is al een verwerking van deze studie bezig", "Wacht tot die klaar is."
        ) from error
    try:
        yield
    finally:
        lock.release()
