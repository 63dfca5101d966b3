"""Replace a set of files in a folder as one, so that a kill at any moment loses neither the old set nor the new one.

The new set is written aside in the folder. One rename then makes it the set that counts: from that moment its files
are moved into place one by one, the one that binds them last, and whoever finds this unfinished finishes it. Until
then the old set stands untouched.

Moving needs no lock: each file of a new set is moved once, whoever does it, and every set has a place of its own to
come from. Only those who put a set in wait for each other.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

READY = ".klaar-"
"""Begin of the name of the folder with a new set that counts and is not yet all in place."""
WORK = ".bouw-"
LOCK = ".slot"


def put_in_place(folder: Path, files: Mapping[str, bytes], binding: str) -> None:
    """Replace what is in a folder by these files.

    Args:
        folder: made when it is not there; everything else in it goes.
        files: contents by name.
        binding: name of the file by which a reader knows whether the others belong to it.
    """
    from filelock import FileLock

    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / LOCK):
        finish(folder, binding)
        with tempfile.TemporaryDirectory(prefix=WORK, dir=folder) as work:
            new = Path(work) / "nieuw"
            new.mkdir()
            for name, content in files.items():
                (new / name).write_bytes(content)
            new.rename(folder / Path(work).name.replace(WORK, READY))
        finish(folder, binding)
        for path in folder.iterdir():
            if path.name not in files and path.name != LOCK:
                _remove(path)


def finish(folder: Path, binding: str) -> None:
    """Put in place what an interrupted `put_in_place` had ready; does nothing where nothing is.

    Args:
        folder: need not exist.
        binding: as given to `put_in_place`.
    """
    for ready in folder.glob(f"{READY}*"):
        with suppress(FileNotFoundError):  # somebody else finished it first
            for path in sorted(ready.iterdir(), key=lambda path: path.name == binding):
                with suppress(FileNotFoundError):
                    path.replace(folder / path.name)
            ready.rmdir()


def is_settled(folder: Path, binding: str, seen: bytes | None) -> bool:
    """Tell whether a folder stood still since its binding file was read.

    Args:
        folder: after `finish`, and after reading.
        binding: as given to `put_in_place`.
        seen: what was in the binding file, `None` when it was not there.
    """
    if next(folder.glob(f"{READY}*"), None) is not None:
        return False
    return content_of(folder / binding) == seen


def content_of(path: Path) -> bytes | None:
    """Give the content of a file, `None` when it is not there."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
