"""Content keys: same input, same codebook, same model, same rules: same key, and nothing to do."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.formats.reading import READER_VERSION
from pipeline.pseudonymise.door import PSEUDONYMISE_VERSION
from pipeline.tagging.weights import TAG_VERSION, version_of
from pipeline.unitise.cutting import splitter
from pipeline.unitise.utterances import UNITISE_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.domain.codebook import Codebook
    from pipeline.domain.study import Session, Study
    from pipeline.steps.workplace import Workplace

INGEST, PSEUDONYMISE, UNITISE, TAG = "ingest", "pseudonymise", "unitise", "tag"
SESSION_STEPS = (INGEST, PSEUDONYMISE, UNITISE, TAG)
"""The steps that a session goes through, in order; also the scopes of the ledger."""


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """What the ledger must hold for a session that needs no work."""

    ingest: str
    pseudonymise: str
    unitise: str
    tag: str

    def of(self, step: str) -> str:
        """Give the key of a step of `SESSION_STEPS`."""
        return str(getattr(self, step))


def digest(*parts: str) -> str:
    """Give one key for several parts, in order."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def session_keys(workplace: Workplace, study: Study, codebook: Codebook, session: Session) -> SessionKeys:
    """Compute the keys that a session has when everything is up to date.

    Args:
        workplace: where the study is.
        study: as declared now.
        codebook: of the study.
        session: one of its sessions.
    """
    roster = workplace.roster(session)
    ingest = digest(
        file_digest(workplace.transcript(session)),
        file_digest(roster) if roster else "-",
        READER_VERSION,
        splitter(),
        json.dumps(dict(study.columns), sort_keys=True),
    )
    rules = (PSEUDONYMISE_VERSION, version("deduce"), _folder_digest(workplace.lists))
    pseudonymise = digest(ingest, *rules, _fingerprint(workplace))
    unitise = digest(pseudonymise, UNITISE_VERSION)
    tag = digest(unitise, codebook.version_key, TAG_VERSION, model_version(workplace, codebook) or "-")
    return SessionKeys(ingest, pseudonymise, unitise, tag)


def file_digest(path: Path) -> str:
    """Give the SHA-256 of a file, read in pieces; "-" for one that cannot be read, which its reader will explain."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return "-"


def metadata_digest(
    study: Study, codebook: Codebook, keys: Mapping[str, str], failed: Mapping[str, tuple[str, ...]]
) -> str:
    """Give the key of what is made of all sessions together.

    Args:
        study: as declared now; every value of sessions.csv counts.
        codebook: of the study.
        keys: tag key of every session that takes part.
        failed: reasons per session that does not.
    """
    return digest(repr(study), codebook.version_key, repr(sorted(keys.items())), repr(sorted(failed.items())))


@cache
def _folder_digest(folder: Path) -> str:
    return digest(*(f"{path.relative_to(folder)}={file_digest(path)}" for path in sorted(folder.rglob("*.txt"))))


@cache
def code_digest(*rooms: str) -> str:
    """Give the key of the code and templates of rooms whose work is cheap to do again after any change of them."""
    folders = [Path(__file__).parents[1] / room for room in rooms]
    paths = sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in {".py", ".html", ".css"})
    return digest(*(f"{path.name}={file_digest(path)}" for path in paths))


@cache
def _fingerprint(workplace: Workplace) -> str:
    return workplace.open_keys().fingerprint()


def model_version(workplace: Workplace, codebook: Codebook) -> str | None:
    """Give the version of the tagger for a codebook, `None` when there is none yet."""
    folder = workplace.find_tagger(codebook)
    return version_of(folder) if folder else None
