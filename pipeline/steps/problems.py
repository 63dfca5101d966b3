"""Which sessions could not be processed, and why; kept beside the database until they can."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipeline.domain.errors import InternalError, RaamwerkError
from pipeline.store.files import write_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.steps.workplace import Workplace


def failed_sessions(workplace: Workplace) -> Mapping[str, tuple[str, ...]]:
    """Give the reasons per session that could not be processed, in Dutch."""
    path = workplace.work / "problemen.json"
    if not path.is_file():
        return {}
    return {session: tuple(reasons) for session, reasons in json.loads(path.read_text("utf-8")).items()}


@contextmanager
def noted(workplace: Workplace, session_id: str) -> Iterator[None]:
    """Note why work on a session failed, or that it no longer does; the error goes on to the caller.

    Raises:
        InternalError: in place of an unexpected error, whose message might repeat what somebody said.
    """
    try:
        yield
    except RaamwerkError as error:
        _note(workplace, session_id, error)
        raise
    except Exception as error:  # noqa: BLE001 - told by place, not by message
        told = InternalError.of(error)
        _note(workplace, session_id, told)
        raise told from None
    known = dict(failed_sessions(workplace))
    if known.pop(session_id, None):
        _write(workplace, known)


def forget_others(workplace: Workplace, sessions: tuple[str, ...]) -> None:
    """Drop the notes on sessions that the study no longer has."""
    known = failed_sessions(workplace)
    kept = {session: reasons for session, reasons in known.items() if session in sessions}
    if kept != dict(known):
        _write(workplace, kept)


def _note(workplace: Workplace, session_id: str, error: RaamwerkError) -> None:
    _write(workplace, {**failed_sessions(workplace), session_id: tuple(str(error).splitlines())})


def _write(workplace: Workplace, failed: Mapping[str, tuple[str, ...]]) -> None:
    text = json.dumps(failed, ensure_ascii=False, indent=1, sort_keys=True)
    write_text(workplace.work / "problemen.json", text + "\n")
