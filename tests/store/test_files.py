"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pipeline.store import files

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_made_with_the_folders_above_it_and_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "rapport" / "verslag.html"
    files.write_text(file, "lang" * 1000)
    files.write_text(file, "één\r\n")
    assert file.read_bytes() == b"\xc3\xa9\xc3\xa9n\r\n"
    assert [path.name for path in file.parent.iterdir()] == ["verslag.html"]


def test_permissions_follow_the_umask_unless_private(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        files.write_file(tmp_path / "open", b"x")
        files.write_file(tmp_path / "dicht", b"x", mode=files.PRIVATE)
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "open").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "dicht").stat().st_mode) == 0o600


def test_replacing_makes_a_file_private_that_was_not(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"oud")
    file.chmod(0o644)
    files.write_file(file, b"nieuw", mode=files.PRIVATE)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "bestaat"
    (folder / "al").mkdir(parents=True)
    with pytest.raises(OSError, match="bestaat"):
        files.write_file(folder, b"nieuw")
    assert [path.name for path in tmp_path.iterdir()] == ["bestaat"]
    assert (folder / "al").is_dir()


def test_what_a_killed_writer_left_is_removed_by_the_next_write(tmp_path: Path) -> None:
    script = (
        "import os, pathlib, signal\n"
        "from pipeline.store import files\n"
        "os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"files.write_file(pathlib.Path({str(tmp_path / 'x')!r}), b'half')\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    assert len(list(tmp_path.iterdir())) == 1
    assert not (tmp_path / "x").exists()
    files.write_file(tmp_path / "x", b"heel")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"x": b"heel"}


def test_what_a_living_writer_is_at_stays(tmp_path: Path) -> None:
    files.write_file(tmp_path / "x", b"1")
    busy = tmp_path / f".x.{files._HOST}-{os.getpid()}-0123abcd.tmp"
    other = tmp_path / f".y.{files._HOST}-{2**22 + 1}-0123abcd.tmp"
    busy.touch()
    other.touch()
    files.write_file(tmp_path / "x", b"2")
    assert busy.exists()
    assert other.exists()


def test_a_private_folder_is_made_once_and_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    files.make_private_folder(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o750)
    files.make_private_folder(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750
