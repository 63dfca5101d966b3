"""Where a study is worked on: its folder, its database, its keys, and the artefacts it is tagged with."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.domain.errors import InputError
from pipeline.formats.codebook import read_codebook
from pipeline.formats.study import check_questions, read_study
from pipeline.steps.progress import say
from pipeline.store.database import open_store
from pipeline.store.files import PRIVATE, write_text
from pipeline.store.keys import KeyStore
from pipeline.store.vault import Vault

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.domain.codebook import Codebook
    from pipeline.domain.study import Session, Study
    from pipeline.store.database import Store


@dataclass(frozen=True, slots=True)
class Workplace:
    """The places that a step reads and writes; made by `pipeline.settings`.

    Attributes:
        study: folder of the study (study.yaml, sessions.csv, transcripts).
        work: folder for everything that can be made again (database, vault).
        output: folder for report and tables.
        key_chain: folder with a folder of keys for each study, outside the studies.
        own_keys: folder of the keys of this study where the user named one, otherwise `None`.
        database: SQLAlchemy address.
        codebooks: folder of the codebooks that ship.
        lists: folder of the name lists.
        models: folder with base encoder and taggers.
        params: file with the parameters of the tagger.
    """

    study: Path
    work: Path
    output: Path
    key_chain: Path
    own_keys: Path | None
    database: str
    codebooks: Path
    lists: Path
    models: Path
    params: Path

    def read_study(self) -> Study:
        """Read and check the study's declaration."""
        return read_study(self.study)

    def read_codebook(self, study: Study) -> Codebook:
        """Read the study's codebook, its own folder or one that ships, and check the study's questions against it."""
        codebook = read_codebook(self.codebook_folder(study))
        check_questions(study, codebook)
        return codebook

    def codebook_folder(self, study: Study) -> Path:
        """Give the folder of the study's codebook: its own, or one that ships."""
        own = self.study / study.codebook
        return own if own.is_dir() else self.codebooks / study.codebook

    def open_store(self) -> Store:
        """Open the database, making or upgrading it."""
        self.work.mkdir(mode=0o700, parents=True, exist_ok=True)
        store = open_store(self.database)
        if store.copied_to:
            say(f"De database is bijgewerkt; een kopie van de oude staat in {store.copied_to}")
        return store

    def open_keys(self) -> KeyStore:
        """Open the key store of this study.

        Its folder has a random name, kept in the study, so that two studies with the same name never share a key and a
        study that is moved or renamed keeps its own.
        """
        if self.own_keys:
            return KeyStore(self.own_keys)
        self.work.mkdir(mode=0o700, parents=True, exist_ok=True)
        note = self.work / "sleutelmap.txt"
        if not note.is_file():
            write_text(note, f"{self.study.name}-{secrets.token_hex(4)}\n", mode=PRIVATE)
        return KeyStore(self.key_chain / note.read_text("utf-8").strip())

    def open_vault(self) -> Vault:
        """Open the vault of raw transcripts."""
        return Vault(self.work / "kluis", self.open_keys())

    def own_tagger(self, codebook: Codebook) -> Path:
        """Give the folder for a tagger that learns from this study: with the study, never with the program."""
        return self.work / "model" / codebook.id

    def find_tagger(self, codebook: Codebook) -> Path | None:
        """Give the folder of the tagger for a codebook: the study's own, or else the one that ships, or `None`."""
        folders = (self.own_tagger(codebook), self.models / "tagger" / codebook.id)
        return next((folder for folder in folders if (folder / "tagger.json").is_file()), None)

    def tagger_folder(self, codebook: Codebook) -> Path:
        """Give the folder of the tagger for a codebook.

        Raises:
            InputError: when there is none yet.
        """
        folder = self.find_tagger(codebook)
        if folder is None:
            place = "model"
            raise InputError.single(
                place,
                f"voor codeboek '{codebook.id}' is nog geen model getraind",
                "Train er een met `raamwerk train STUDIE` zodra er labels zijn, of kies een ander codeboek.",
            )
        return folder

    @property
    def base_folder(self) -> Path:
        """Folder of the base encoder, built on first use."""
        return self.models / "base"

    def transcript(self, session: Session) -> Path:
        """Give the path of a session's transcript."""
        return self.study / session.transcript

    def roster(self, session: Session) -> Path | None:
        """Give the path of a session's roster, if it has one."""
        return self.study / session.roster if session.roster else None
