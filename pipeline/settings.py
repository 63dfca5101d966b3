"""Where things are: the only place that reads the environment. Nothing here changes a result.

| variable | meaning | default |
| --- | --- | --- |
| RAAMWERK_HOME | keys and the private Prefect folder | ~/.raamwerk |
| RAAMWERK_DATABASE | address of the database, such as postgresql+psycopg://user@host/name | SQLite in STUDY/.raamwerk |
| RAAMWERK_ROOT | folder with corpora/ and models/ | the repository |
| RAAMWERK_KEYS | folder of the keys | one of its own in RAAMWERK_HOME/sleutels |
| RAAMWERK_PREFECT | a Prefect server of your own, such as http://127.0.0.1:4200/api | a temporary one |
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pipeline.domain.errors import InputError
from pipeline.steps.workplace import Workplace

REPOSITORY = Path(__file__).resolve().parents[1]
SERVER_PATIENCE_SECONDS = 180
"""The first start of Prefect's database took up to 75 s elsewhere; its own limit of 20 s is too short."""


def home() -> Path:
    """Give the folder for keys and Prefect, private to this user."""
    return Path(os.environ.get("RAAMWERK_HOME") or Path.home() / ".raamwerk").expanduser().absolute()


def root() -> Path:
    """Give the folder that holds corpora/ and models/."""
    return Path(os.environ.get("RAAMWERK_ROOT") or REPOSITORY).expanduser().absolute()


def workplace(study: Path) -> Workplace:
    """Say where the study in a folder is worked on.

    Args:
        study: folder with study.yaml.

    Raises:
        InputError: when the folder is no study.
    """
    study = study.expanduser().absolute()
    if not (study / "study.yaml").is_file():
        raise InputError.single(
            str(study),
            "hier staat geen study.yaml" if study.is_dir() else "deze map bestaat niet",
            "Geef de map van een studie; een voorbeeld is corpora/voorbeeld.",
        )
    work = study / ".raamwerk"
    keys = os.environ.get("RAAMWERK_KEYS")
    return Workplace(
        study=study,
        work=work,
        output=study / "rapport",
        key_chain=home() / "sleutels",
        own_keys=Path(keys).expanduser().absolute() if keys else None,
        database=os.environ.get("RAAMWERK_DATABASE") or f"sqlite:///{work / 'raamwerk.db'}",
        codebooks=root() / "corpora" / "codebook",
        lists=root() / "corpora" / "lists",
        models=root() / "models",
        params=root() / "params.yaml",
    )


def flow_environment() -> dict[str, str]:
    """Give the environment for a process that runs a flow: private home, no telemetry, no outgoing connections.

    Prefect settings from outside do not count: they might send the runs of a study to another machine.
    """
    prefect = home() / "prefect"
    prefect.mkdir(mode=0o700, parents=True, exist_ok=True)
    outside = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return {
        **outside,
        "PREFECT_HOME": str(prefect),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_ENABLED": "false",
        "PREFECT_LOGGING_TO_API_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
        "DO_NOT_TRACK": "1",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "16",
    }


def own_prefect_server() -> str | None:
    """Give the address of the Prefect server that the user chose, `None` when a temporary one is to be started."""
    return os.environ.get("RAAMWERK_PREFECT") or None


def quiet_libraries() -> None:
    """Keep libraries from calling a hub, chatting, or filling memory; an environment set by the user wins.

    torch keeps prepared sums for every size of batch it ever met. Units differ so much in length that a thousand of
    them cost several hundred megabytes, while few are met again.
    """
    for name, value in {
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "TRANSFORMERS_VERBOSITY": "error",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "16",
        "DO_NOT_TRACK": "1",
        "DVC_NO_ANALYTICS": "1",
    }.items():
        os.environ.setdefault(name, value)


def private_files() -> None:
    """Make every file that is written from now on readable by this user alone."""
    if sys.platform != "win32":
        os.umask(0o077)
