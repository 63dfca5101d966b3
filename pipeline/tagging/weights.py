"""Keep a trained tagger in a folder, and read it back: safetensors and JSON, never a pickle.

`tagger.json` names the checksums of the weight files and of the base, so files of different taggers cannot mix and
a tagger cannot run on another base. The version of a tagger is the beginning of the SHA-256 of `tagger.json`. Who reads
a folder first finishes a replacement that was interrupted (`swap`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from pipeline.domain.codebook import DimensionKind
from pipeline.domain.errors import InputError
from pipeline.domain.params import TaggerParams
from pipeline.tagging.answers import read_answers
from pipeline.tagging.heads import Head
from pipeline.tagging.network import build_network, head_weights, learnt_weights, put_weights
from pipeline.tagging.swap import content_of, finish, is_settled, put_in_place
from pipeline.tagging.words import read_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pipeline.tagging.answers import KeptAnswers
    from pipeline.tagging.encoder import Encoder
    from pipeline.tagging.network import Network
    from pipeline.tagging.words import Words

PLOTS = "plots"
"""Folder of the tables for `dvc plots`, within that of the tagger."""
ENCODER, HEADS, WORDS, ANSWERS, MANIFEST, METRICS, CARD = (
    "encoder.safetensors",
    "heads.safetensors",
    "words.safetensors",
    "answers.safetensors",
    "tagger.json",
    "metrics.json",
    "card.md",
)
FORMAT = 4
TAG_VERSION = "4"
"""Raise it when the same tagger would answer otherwise: other inputs, sums or decisions; part of content keys."""
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
        trained_on: `Utterance.text_sha` of the units it learnt from, sorted, each once; those of the tagger that it
            went on from included.
        went_on_from: version of that tagger, empty when it began at the base.
        files: checksums of the weight files by name.
    """

    codebook: str
    codebook_version: str
    base: str
    base_sha: str
    params: TaggerParams
    heads: tuple[Head, ...]
    trained_on: tuple[str, ...]
    went_on_from: str
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StoredTagger:
    """A whole tagger as read from its folder, independent of what happens to the folder afterwards.

    Attributes:
        version: 12 hex digits that change with anything that changes its answers.
        manifest: what `tagger.json` says.
        weights: its numbers, as `manifest` says.
    """

    version: str
    manifest: Manifest
    weights: Weights


@dataclass(frozen=True, slots=True)
class Weights:
    """The numbers of a tagger, as they are kept: safetensors.

    Attributes:
        learnt: learnt layers of the encoder in 8 bits.
        heads: heads and look back.
        words: what words say, in 8 bits (`fit_words`).
        answers: what was said of units by networks that left them out (`answers`); empty while there are none yet.
    """

    learnt: bytes
    heads: bytes
    words: bytes
    answers: bytes = b""

    @property
    def files(self) -> dict[str, bytes]:
        """Give the numbers by name of their file."""
        return {ENCODER: self.learnt, HEADS: self.heads, WORDS: self.words, ANSWERS: self.answers}

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> Weights:
        """Make them of files by name."""
        return cls(files[ENCODER], files[HEADS], files[WORDS], files.get(ANSWERS, b""))


def pack(network: Network, words: bytes) -> Weights:
    """Write the numbers of a network as they are kept, beside those of words."""
    from safetensors.torch import save

    return Weights(save(learnt_weights(network)), save(head_weights(network)), words)


def unpack(weights: Weights, heads: Sequence[Head], encoder: Encoder, params: TaggerParams) -> Network:
    """Make a network of kept numbers, ready to answer.

    Raises:
        ValueError: when the numbers do not fit heads, encoder and parameters.
    """
    from safetensors.torch import load

    network = build_network(heads, encoder, params.learnt_layers, params.context)
    put_weights(network, load(weights.learnt), load(weights.heads))
    network.evaluate()
    return network


def can_go_on(stored: StoredTagger, base_sha: str, params: TaggerParams) -> bool:
    """Tell whether the learnt layers of a tagger fit a network that is to be trained."""
    told = stored.manifest.params
    return stored.manifest.base_sha == base_sha and told.learnt_layers == params.learnt_layers


def same_questions(stored: StoredTagger, heads: Sequence[Head], params: TaggerParams) -> bool:
    """Tell whether a tagger answers the very questions that are to be answered, looking back as far."""
    asked = [(head.dimension, head.kind, head.labels) for head in heads]
    known = [(head.dimension, head.kind, head.labels) for head in stored.manifest.heads]
    return asked == known and stored.manifest.params.context == params.context


def go_on(network: Network, stored: StoredTagger, *, heads_too: bool) -> None:
    """Give a fresh network what a tagger has learnt: its layers, and for the same questions its heads and look back."""
    from safetensors.torch import load

    weights = stored.weights
    put_weights(network, load(weights.learnt), load(weights.heads) if heads_too else head_weights(network))


def save_tagger(folder: Path, weights: Weights, manifest: Manifest, papers: Mapping[str, str]) -> str:
    """Write a tagger; a reader finds the one that was there or the new one, also after a kill at any moment.

    Args:
        folder: folder of the tagger; everything else in it goes.
        weights: its numbers.
        manifest: `files` is filled in here.
        papers: further files by name (metrics, card).

    Returns:
        The version of the tagger.
    """
    complete = replace(manifest, files={name: _sha256(content) for name, content in weights.files.items()})
    written = _written(complete)
    all_files = {**weights.files, MANIFEST: written, **{name: text.encode() for name, text in papers.items()}}
    put_in_place(folder, all_files, binding=MANIFEST)
    return _version(written)


def _written(manifest: Manifest) -> bytes:
    content = {"format": FORMAT, **asdict(manifest)}
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _version(written: bytes) -> str:
    return _sha256(written)[:12]


def version_of(folder: Path) -> str:
    """Give the version of the tagger in a folder, without looking at its weights.

    Raises:
        InputError: when the folder is no tagger.
    """
    return _version(_present(folder))


def codebook_version_of(folder: Path) -> str:
    """Give `Codebook.version_key` of the codebook that a tagger learnt with, without looking at its weights.

    Raises:
        InputError: when the folder is no tagger.
    """
    return _parsed(folder, _present(folder)).codebook_version


def read_manifest(folder: Path) -> Manifest:
    """Read `tagger.json` and check that the weight files are the ones it names.

    Raises:
        InputError: when the folder is no tagger, or is damaged.
    """
    return read_tagger(folder).manifest


def read_tagger(folder: Path) -> StoredTagger:
    """Read a whole tagger, every file once; when it is replaced meanwhile, the new one.

    Raises:
        InputError: when the folder is no tagger, or is damaged.
    """
    while True:
        finish(folder, MANIFEST)
        written = content_of(folder / MANIFEST)
        try:
            return _stored(folder, written)
        except InputError:
            if is_settled(folder, MANIFEST, written):
                raise


def _stored(folder: Path, written: bytes | None) -> StoredTagger:
    found = _there(folder, written)
    manifest = _parsed(folder, found)
    weights = {}
    for name, sha in manifest.files.items():
        content = content_of(folder / name)
        if content is None or _sha256(content) != sha:
            raise InputError.single(str(folder / name), "dit bestand ontbreekt of hoort niet bij tagger.json", RETRAIN)
        weights[name] = content
    return StoredTagger(_version(found), manifest, Weights.of(weights))


def _present(folder: Path) -> bytes:
    finish(folder, MANIFEST)
    return _there(folder, content_of(folder / MANIFEST))


def _there(folder: Path, written: bytes | None) -> bytes:
    if written is None:
        raise InputError.single(str(folder), "hier staat geen tagger (tagger.json ontbreekt)", RETRAIN)
    return written


def _parsed(folder: Path, written: bytes) -> Manifest:
    try:
        content = json.loads(written)
    except ValueError as error:
        raise InputError.single(str(folder / MANIFEST), "dit is geen JSON", RETRAIN) from error
    if isinstance(content, dict) and isinstance(content.get("format"), int) and content["format"] < FORMAT:
        found = "deze tagger is van een eerdere versie van Raamwerk"
        raise InputError.single(str(folder), found, "Train hem opnieuw met 'raamwerk train', of verwijder de map.")
    try:
        return _manifest(content)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError.single(str(folder / MANIFEST), "de inhoud is niet die van een tagger", RETRAIN) from error


def _manifest(content: dict[str, Any]) -> Manifest:
    if content["format"] != FORMAT or set(content["files"]) != {ENCODER, HEADS, WORDS, ANSWERS}:
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
        went_on_from=content["went_on_from"],
        files=dict(content["files"]),
    )


def restore(stored: StoredTagger, encoder: Encoder, folder: Path) -> tuple[Network, Words, KeptAnswers]:
    """Put the saved weights on an encoder, and read what words say and what was said before.

    Args:
        stored: the tagger.
        encoder: stays as it is.
        folder: where the tagger lies, for messages only.

    Returns:
        The two readers, ready to answer, and answers for units that they learnt from.

    Raises:
        InputError: when the encoder is another one than the tagger was trained on, or the weights do not fit it.
    """
    manifest = stored.manifest
    if encoder.sha != manifest.base_sha:
        raise InputError.single(
            str(folder),
            f"de tagger is getraind op een ander basismodel ({manifest.base_sha[:12]}… en niet {encoder.sha[:12]}…)",
            f"Zet het basismodel '{manifest.base}' terug, of train de tagger opnieuw.",
        )
    try:
        network = unpack(stored.weights, manifest.heads, encoder, manifest.params)
        words = read_words(stored.weights.words, manifest.heads)
        return network, words, read_answers(stored.weights.answers, manifest.heads)
    except ValueError as error:
        raise InputError.single(str(folder), "de gewichten passen niet bij tagger.json", RETRAIN) from error
