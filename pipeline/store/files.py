"""How is a file written so that it is there whole or not at all?

A temporary file in the same folder is written, flushed to the disk and renamed. What a killed process left behind is
removed when the same file is written again.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PRIVATE = 0o600
"""Mode of a file that only its owner reads."""
PRIVATE_FOLDER = 0o700
"""Mode of a folder that only its owner enters."""
_USUAL = 0o666
_HOST = hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def write_file(path: Path, data: bytes, *, mode: int = _USUAL) -> None:
    """Write a file in one go, replacing what was there.

    Args:
        path: where; missing folders above it are made.
        data: the whole content.
        mode: permissions of the file, less the umask; `PRIVATE` for what nobody else may read.

    Raises:
        OSError: when it cannot be written; then the old file is untouched and no temporary file is left.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_left_behind(path)
    temporary = path.with_name(f".{path.name}.{_HOST}-{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        _write_new(temporary, data, mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _flush_folder(path.parent)


def write_text(path: Path, text: str, *, mode: int = _USUAL) -> None:
    """Write a text as UTF-8 in one go, line ends as they are (see `write_file`)."""
    write_file(path, text.encode(), mode=mode)


def make_private_folder(folder: Path) -> None:
    """Make a folder that only its owner enters; folders above it get the usual permissions, as does one that exists."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        folder.mkdir(mode=PRIVATE_FOLDER)


def _write_new(path: Path, data: bytes, mode: int) -> None:
    """Write a file that must not exist yet, down to the disk."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Make a rename survive a power cut (Windows does so by itself and cannot open folders)."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _remove_left_behind(path: Path) -> None:
    """Remove temporary files of this target whose process on this machine has ended."""
    pattern = re.compile(re.escape(f".{path.name}.{_HOST}-") + r"(\d+)-[0-9a-f]{8}\.tmp")
    for candidate in path.parent.iterdir():
        match = pattern.fullmatch(candidate.name)
        if match and not _runs(int(match[1])):
            candidate.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    """Tell whether a process runs; on Windows, where asking would stop it, say that it does."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
