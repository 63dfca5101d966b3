"""Keep a trained tagger in a folder, and read it back: safetensors and JSON, never a pickle.

`tagger.json` names the checksums of the two weight files and of the base, so files of different taggers cannot mix and
a tagger cannot run on another base. The version of a tagger is the beginning of the SHA-256 of `tagger.json`.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.domain.codebook import DimensionKind
from pipeline.domain.errors import InputError
from pipeline.domain.params import TaggerParams
from pipeline.tagging.delivery import sha256_of
from pipeline.tagging.heads import Head
from pipeline.tagging.network import adapter_weights, build_network, head_weights, merged, put_weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.tagging.encoder import Encoder
    from pipeline.tagging.network import Network

ADAPTER, HEADS, MANIFEST, METRICS, CARD = (
    "adapter.safetensors",
    "heads.safetensors",
    "tagger.json",
    "metrics.json",
    "card.md",
)
FORMAT = 1
RETRAIN = "Train de tagger opnieuw, of haal de map terug uit git."


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `tagger.json` says.

    Attributes:
        codebook: id of the codebook.
        codebook_version: `Codebook.version_key` of the codebook it learnt with.
        base: name of the encoder.
        base_sha: `Encoder.sha` of the encoder.
        params: what training was told.
        heads: what it answers, thresholds included.
        trained_on: `Utterance.text_sha` of the units it learnt from, sorted, each once.
        files: checksums of the weight files by name.
    """

    codebook: str
    codebook_version: str
    base: str
    base_sha: str
    params: TaggerParams
    heads: tuple[Head, ...]
    trained_on: tuple[str, ...]
    files: Mapping[str, str]


def save_tagger(folder: Path, network: Network, manifest: Manifest, papers: Mapping[str, str]) -> str:
    """Write a tagger, replacing the one that was there only when everything is written.

    Args:
        folder: folder of the tagger; everything else in it goes.
        network: its adapter not merged.
        manifest: `files` is filled in here.
        papers: further files by name (metrics, card).

    Returns:
        The version of the tagger.
    """
    from safetensors.torch import save_file

    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as work:
        new = Path(work) / "nieuw"
        new.mkdir()
        save_file(adapter_weights(network), new / ADAPTER)
        save_file(head_weights(network), new / HEADS)
        complete = replace(manifest, files={name: sha256_of(new / name) for name in (ADAPTER, HEADS)})
        (new / MANIFEST).write_bytes(_written(complete))
        for name, text in papers.items():
            (new / name).write_bytes(text.encode())
        if folder.exists():
            folder.rename(Path(work) / "oud")
        new.rename(folder)
    return version_of(folder)


def _written(manifest: Manifest) -> bytes:
    content = {"format": FORMAT, **asdict(manifest)}
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def version_of(folder: Path) -> str:
    """Give the version of the tagger in a folder: 12 hex digits that change with anything that changes its answers."""
    return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()[:12]


def read_manifest(folder: Path) -> Manifest:
    """Read `tagger.json` and check that the weight files are the ones it names.

    Raises:
        InputError: when the folder is no tagger, or is damaged.
    """
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError.single(str(folder), "hier staat geen tagger (tagger.json ontbreekt)", RETRAIN) from error
    except ValueError as error:
        raise InputError.single(str(folder / MANIFEST), "dit is geen JSON", RETRAIN) from error
    try:
        manifest = _manifest(content)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError.single(str(folder / MANIFEST), "de inhoud is niet die van een tagger", RETRAIN) from error
    for name, sha in manifest.files.items():
        if not (folder / name).is_file() or sha256_of(folder / name) != sha:
            raise InputError.single(str(folder / name), "dit bestand ontbreekt of hoort niet bij tagger.json", RETRAIN)
    return manifest


def _manifest(content: dict[str, Any]) -> Manifest:
    if content["format"] != FORMAT or set(content["files"]) != {ADAPTER, HEADS}:
        message = "unknown format"
        raise ValueError(message)
    heads = []
    for head in content["heads"]:
        fields: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in head.items()
        }
        fields["kind"] = DimensionKind(fields["kind"])
        heads.append(Head(**fields))
    return Manifest(
        codebook=content["codebook"],
        codebook_version=content["codebook_version"],
        base=content["base"],
        base_sha=content["base_sha"],
        params=TaggerParams(**content["params"]),
        heads=tuple(heads),
        trained_on=tuple(content["trained_on"]),
        files=dict(content["files"]),
    )


def read_network(folder: Path, manifest: Manifest, encoder: Encoder) -> Network:
    """Put the saved weights on an encoder.

    Args:
        folder: of the tagger.
        manifest: of the same folder.
        encoder: stays as it is.

    Returns:
        The network with its adapter merged, ready to answer.

    Raises:
        InputError: when the encoder is another one than the tagger was trained on, or the weights do not fit it.
    """
    from safetensors.torch import load_file

    if encoder.sha != manifest.base_sha:
        raise InputError.single(
            str(folder),
            f"de tagger is getraind op een ander basismodel ({manifest.base_sha[:12]}… en niet {encoder.sha[:12]}…)",
            f"Zet het basismodel '{manifest.base}' terug, of train de tagger opnieuw.",
        )
    network = build_network(manifest.heads, encoder, manifest.params.lora_rank)
    try:
        put_weights(network, load_file(folder / ADAPTER), load_file(folder / HEADS))
    except ValueError as error:
        raise InputError.single(str(folder), "de gewichten passen niet bij tagger.json", RETRAIN) from error
    return merged(network)
