"""Errors as Prefect may keep them: which step of which session, never what anybody said or wrote.

Prefect stores the text of an exception in its database for good. The reasons stand in `problems`, beside the study.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipeline.domain.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator


class StepError(Exception):
    """A step failed in a way that may pass by itself (a locked database, a full disk)."""


class MendableError(StepError):
    """A step failed on something that a person must mend first; trying again does not help."""


@contextmanager
def untold(step: str, scope: str) -> Iterator[None]:
    """Put a bare error in the place of any error.

    Args:
        step: name of the step.
        scope: id of the session, or of the study.

    Raises:
        MendableError: in place of an `InputError`.
        StepError: in place of any other error.
    """
    try:
        yield
    except InputError:
        message = f"{step} {scope}"
        raise MendableError(message) from None
    except StepError:
        raise
    except Exception as error:  # noqa: BLE001 - its message might repeat what somebody said
        message = f"{step} {scope}: {type(error).__name__}"
        raise StepError(message) from None
