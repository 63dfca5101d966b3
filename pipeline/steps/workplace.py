"""Where a study is worked on: its folder, its database, its keys, and the artefacts it is tagged with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.domain.errors import InputError
from pipeline.formats.codebook import read_codebook
from pipeline.formats.study import check_questions, read_study
from pipeline.store.database import open_store
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
        keys: folder of the keys, outside the study.
        database: SQLAlchemy address.
        codebooks: folder of the codebooks that ship.
        lists: folder of the name lists.
        models: folder with base encoder and taggers.
        params: file with the parameters of the tagger.
    """

    study: Path
    work: Path
    output: Path
    keys: Path
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
        own = self.study / study.codebook
        codebook = read_codebook(own if own.is_dir() else self.codebooks / study.codebook)
        check_questions(study, codebook)
        return codebook

    def open_store(self) -> Store:
        """Open the database, making or upgrading it."""
        self.work.mkdir(mode=0o700, parents=True, exist_ok=True)
        return open_store(self.database)

    def open_keys(self) -> KeyStore:
        """Open the key store of this study."""
        return KeyStore(self.keys)

    def open_vault(self) -> Vault:
        """Open the vault of raw transcripts."""
        return Vault(self.work / "kluis", self.open_keys())

    def tagger_folder(self, codebook: Codebook) -> Path:
        """Give the folder of the tagger for a codebook.

        Raises:
            InputError: when there is none yet.
        """
        folder = self.models / "tagger" / codebook.id
        if not (folder / "tagger.json").is_file():
            raise InputError.single(
                str(folder),
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
