"""What the verbs for one file share: no study, database or vault; nothing is kept but the file that is asked for."""

from __future__ import annotations

import os
import secrets
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline.domain.errors import InputError
from pipeline.domain.pseudonym import PseudonymKey
from pipeline.formats.codebook import read_codebook
from pipeline.formats.lines import json_lines
from pipeline.formats.lists import read_name_lists
from pipeline.formats.reading import read_transcript
from pipeline.pseudonymise.door import Outcome, Pseudonymiser, Request
from pipeline.steps.progress import say
from pipeline.store.files import write_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pipeline.domain.codebook import Codebook
    from pipeline.domain.transcript import Roster, Transcript

CODEBOOK = "casuistiek"
"""The codebook that is meant when none is named."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """What ships with the program and needs no study.

    Attributes:
        codebooks: folder of the codebooks.
        lists: folder of the name lists.
        models: folder with base encoder and taggers.
    """

    codebooks: Path
    lists: Path
    models: Path

    @classmethod
    def of(cls, root: Path) -> Shelf:
        """Give the shelf of the folder that holds corpora/ and models/."""
        return cls(root / "corpora" / "codebook", root / "corpora" / "lists", root / "models")

    def codebook(self, named: Path | None) -> Codebook:
        """Read a codebook: a folder, or the id of one that ships; `None` for the usual one."""
        return read_codebook(self.codebook_folder(named))

    def codebook_folder(self, named: Path | None) -> Path:
        """Give the folder of a codebook: a folder, or the id of one that ships; `None` for the usual one."""
        folder = named or self.codebooks / CODEBOOK
        shipped = len(folder.parts) == 1 and not folder.is_dir()
        return self.codebooks / folder if shipped else folder

    @property
    def base(self) -> Path:
        """Folder of the base encoder, built on first use."""
        return self.models / "base"

    def tagger(self, codebook: Codebook) -> Path:
        """Give the folder of the tagger that ships for a codebook.

        Raises:
            InputError: when there is none.
        """
        folder = self.models / "tagger" / codebook.id
        if not (folder / "tagger.json").is_file():
            place = "model"
            raise InputError.single(
                place,
                f"voor codeboek '{codebook.id}' is geen model meegeleverd",
                "Wijs met --model de map van een model aan, of kies met --codebook een ander codeboek.",
            )
        return folder


class Door:
    """Pseudonymises files one after another, with a key that is thrown away with it.

    The secret is new every time, so numbers of placeholders tell nothing and differ from run to run; within a run the
    same name has the same pseudonym in all files.
    """

    def __init__(self, lists: Path) -> None:
        """Open it.

        Args:
            lists: folder of the name lists.
        """
        self._pseudonymiser = Pseudonymiser(read_name_lists(lists))
        self._key = PseudonymKey(secrets.token_bytes(32))
        self._files = 0

    def pseudonymise(
        self, transcript: Transcript, cuts: tuple[tuple[int, ...], ...] | None = None, roster: Roster | None = None
    ) -> Outcome:
        """Pseudonymise one file.

        Args:
            transcript: as delivered.
            cuts: per turn, where a new segment begins; `None` for nowhere.
            roster: who is known beforehand, or `None`.
        """
        self._files += 1
        none = ((),) * len(transcript.turns)
        request = Request(f"bestand-{self._files}", transcript, none if cuts is None else cuts, roster)
        outcome = self._pseudonymiser.pseudonymise(request, self._key)
        self._key = outcome.key
        return outcome


def read(path: Path) -> Transcript:
    """Read a transcript and say what its reader warns of."""
    transcript = read_transcript(path)
    for warning in transcript.warnings:
        say(f"{path.name}: let op: {warning}")
    return transcript


def without_speakers(roster: Roster | None, transcript: Transcript) -> Roster | None:
    """Leave out of a roster who speaks under that very name: one person, one pseudonym."""
    if roster is None:
        return None
    speaking = {speaker.name for speaker in transcript.speakers}
    return replace(roster, persons=tuple(person for person in roster.persons if person.name not in speaking))


def check_out(out: Path | None, sources: Sequence[Path | None]) -> None:
    """Refuse, before any work, to write over a file that is read.

    Raises:
        InputError: when the output is one of the sources, or a folder.
    """
    if out is None:
        return
    if out.is_dir():
        raise InputError.single(out.name, "dit is een map", "Geef met --out de naam van een bestand.")
    if out.exists() and any(source is not None and source.exists() and out.samefile(source) for source in sources):
        found = "dit bestand wordt ook gelezen en zou worden overschreven"
        raise InputError.single(out.name, found, "Geef met --out een andere naam.")


def deliver(rows: Iterable[Mapping[str, object]], out: Path | None) -> None:
    """Write rows as JSON lines: a file whole or not at all, or to standard output.

    Raises:
        InputError: when the file cannot be written.
    """
    data = json_lines(rows)
    if out is None:
        _to_standard_output(data)
        return
    try:
        write_file(out, data)
    except OSError as error:
        cure = "Controleer of de map bestaat en of je er mag schrijven, of geef met --out een andere plek."
        raise InputError.single(str(out), "dit bestand kan niet worden geschreven", cure) from error


def _to_standard_output(data: bytes) -> None:
    """Write bytes as they are, whatever the terminal's encoding; a reader that stops early (`head`) is no error."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
