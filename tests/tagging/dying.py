"""Run as a script: die by SIGKILL at every step of a replacement, and of mending it, and tell what is found then.

    python tests/tagging/dying.py FOLDER MADE

MADE is "old" when the folder holds an old set at first, and "none" when it is not there yet. A step is anything done to
a file or folder. One JSON line a death: which set a reader finds, after mending that itself died at each of its steps.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from pipeline.tagging.swap import finish, put_in_place

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.listdir", "os.scandir", "fcntl.flock"}
OLD = {"a": b"old a", "b": b"old b", "last": b"old last", "only-old": b"old"}
NEW = {"a": b"new a", "b": b"new b", "last": b"new last", "only-new": b"new"}
SETS = {"none": {}, "old": OLD, "new": NEW}


def dies(work: Callable[[], None], step: int) -> bool:
    """Do the work in a process of its own that is killed just before a step; tell whether it came so far."""
    child = os.fork()
    if not child:
        left = step

        def count(event: str, _arguments: object) -> None:
            nonlocal left
            if event in STEPS:
                if not left:
                    os.kill(os.getpid(), signal.SIGKILL)
                left -= 1

        sys.addaudithook(count)
        work()
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def found(folder: Path) -> str:
    """Say which set lies in a folder; other files may lie there too."""
    whole = [
        name
        for name, files in SETS.items()
        if files and all(_content(folder / f) == files[f] for f in ("a", "b", "last"))
    ]
    if whole:
        extra = f"only-{whole[0]}"
        return whole[0] if _content(folder / extra) == SETS[whole[0]][extra] else f"{whole[0]} without {extra}"
    return "mixed" if any(_content(folder / name) is not None for name in ("a", "b", "last")) else "none"


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def main() -> None:
    """Kill at every step until none is left."""
    place, made = Path(sys.argv[1]), sys.argv[2]
    start, folder, copy = place / "start", place / "folder", place / "copy"
    FileLock(place / "warm").acquire().lock.release()  # what filelock does once in a process is no step of ours
    if made == "old":
        put_in_place(start, OLD, "last")
    step, dead = 0, True
    while dead:
        shutil.rmtree(folder, ignore_errors=True)
        if start.exists():
            shutil.copytree(start, folder)
        dead = dies(lambda: put_in_place(folder, NEW, "last"), step)
        afterwards, mending, mending_dead = set(), 0, True
        while mending_dead:
            shutil.rmtree(copy, ignore_errors=True)
            if folder.exists():
                shutil.copytree(folder, copy)
            mending_dead = dies(lambda: finish(copy, "last"), mending)
            finish(copy, "last")
            afterwards.add(found(copy))
            mending += 1
        put_in_place(folder, NEW, "last")
        left = sorted(path.name for path in folder.iterdir())
        sys.stdout.write(
            json.dumps({"dead": dead, "found": sorted(afterwards), "mended": mending, "left": left}) + "\n"
        )
        step += 1


if __name__ == "__main__":
    main()
