"""Build the Dutch base encoder, once: an ordinary transformers `BertModel` with its tokenizer.

What is in the folder afterwards: `model.safetensors`, `config.json`, the tokenizer's files, and `base.json`, written
last, with a checksum of each of the others. A folder without a right `base.json` is no base.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.domain.errors import InputError, RaamwerkError
from pipeline.tagging.container import open_container
from pipeline.tagging.delivery import DATA_SHA256, PACKAGE, fetch_data, sha256_of
from pipeline.tagging.pieces import BEGIN, END, PADDING, build_tokenizer, check_kept, read_kept_pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from transformers import BertConfig

    from pipeline.tagging.container import Container

BUILT_BASE = "raamwerk/e5-small-nl"
"""Name in params.yaml of the base that is built here."""
RECIPE = 1
"""Raise it when the same pieces and weights would give other files; older bases are then built again."""
MARK = "base.json"
WORK_PREFIX = ".bouw-"
LAYER_NORM_EPSILON = 1e-12
EMBEDDINGS = {
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
WORDS, WORDS_NAME = "emb.word", "embeddings.word_embeddings.weight"
LAYER_PARTS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
"""Parts of a layer: name in the container to name in transformers."""
MATRICES = ("emb.pos", "emb.type")


def ensure_base(folder: Path, kept_pieces: Path, report: Callable[[str, float], None]) -> None:
    """Make sure that a folder holds the Dutch base, building it when it does not.

    May be killed at any moment: what it left is no base and is cleared by the next call. Two calls at once wait for
    each other.

    Args:
        folder: where the base lies, such as models/base; other files in it stay.
        kept_pieces: list of the pieces to keep.
        report: told what happens (Dutch) and how far it is, in [0, 1]; not called when there is nothing to do.

    Raises:
        InputError: when the list of pieces is damaged.
        RaamwerkError: when the weights cannot be fetched or are not the ones expected.
    """
    from filelock import FileLock

    if is_complete(folder, kept_pieces):
        return
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".slot"):
        if is_complete(folder, kept_pieces):
            return
        _clear(folder)
        with tempfile.TemporaryDirectory(prefix=WORK_PREFIX, dir=folder) as work:
            data = fetch_data(Path(work), report)
            built = Path(work) / "klaar"
            build_base(data, kept_pieces, built, report)
            _put_in_place(built, folder)
        report("Basismodel klaar", 1.0)


def is_complete(folder: Path, kept_pieces: Path) -> bool:
    """Tell whether a folder holds the base of these pieces, with every file as its checksum says."""
    if not kept_pieces.is_file():
        raise InputError.single(
            str(kept_pieces),
            "de lijst met woordstukken van het basismodel ontbreekt",
            "Haal dit bestand terug uit git.",
        )
    try:
        mark = json.loads((folder / MARK).read_text(encoding="utf-8"))
        wanted = mark["recipe"] == RECIPE and mark["kept_pieces_sha256"] == sha256_of(kept_pieces)
        return wanted and all(sha256_of(folder / name) == sha for name, sha in mark["files"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def build_base(data: Path, kept_pieces: Path, out: Path, report: Callable[[str, float], None]) -> None:
    """Turn a container into a folder that transformers can load.

    Args:
        data: the container.
        kept_pieces: list of the pieces to keep.
        out: folder to make.
        report: told what happens and how far it is, in [0, 1].

    Raises:
        InputError: when container or list is damaged or they do not belong together.
    """
    from safetensors.numpy import save_file

    kept = read_kept_pieces(kept_pieces)
    container = open_container(data)
    check_kept(container, kept, kept_pieces.name)
    report("Gewichten omzetten", 0.5)
    weights = _weights(container, kept)
    out.mkdir()
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})
    report("Woordstukken omzetten", 0.7)
    _configuration(container, kept).save_pretrained(out)
    build_tokenizer(container, kept).save_pretrained(out)
    mark = {
        "id": BUILT_BASE,
        "recipe": RECIPE,
        "source": PACKAGE,
        "source_sha256": DATA_SHA256,
        "kept_pieces_sha256": sha256_of(kept_pieces),
        "pieces": len(kept),
        "parameters": sum(weight.size for weight in weights.values()),
        "files": {path.name: sha256_of(path) for path in sorted(out.iterdir())},
    }
    (out / MARK).write_text(json.dumps(mark, indent=2) + "\n", encoding="utf-8")


def _weights(container: Container, kept: Sequence[int]) -> dict[str, NDArray[np.float32]]:
    width = container.shape.hidden
    names = dict(EMBEDDINGS)
    for layer in range(container.shape.layers):
        for short, part in LAYER_PARTS.items():
            for suffix, kind in (("w", "weight"), ("b", "bias")):
                names[f"l{layer}.{short}.{suffix}"] = f"encoder.layer.{layer}.{part}.{kind}"
    differing = {WORDS, *names} ^ set(container.entries)
    if differing:
        message = f"De gewichten van het basismodel hebben een andere indeling ({len(differing)} delen verschillen)."
        raise RaamwerkError(message)
    weights = {WORDS_NAME: container.rows(WORDS, width, kept)}
    for short, name in names.items():
        weights[name] = container.tensor(short, _columns(container, short))
    return weights


def _columns(container: Container, name: str) -> int | None:
    """Give the number of columns of a matrix, `None` for a vector."""
    part = name.split(".")[1]
    if name in MATRICES or (name.endswith(".w") and part in {"q", "k", "v", "ao", "fi"}):
        return container.shape.hidden
    return container.shape.intermediate if name.endswith(".fo.w") else None


def _configuration(container: Container, kept: Sequence[int]) -> BertConfig:
    from transformers import BertConfig

    shape = container.shape
    ids = {container.pieces[piece][0]: number for number, piece in enumerate(kept)}
    return BertConfig(  # type: ignore[no-untyped-call]
        architectures=["BertModel"],
        vocab_size=len(kept),
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.intermediate,
        max_position_embeddings=shape.positions,
        type_vocab_size=shape.token_types,
        layer_norm_eps=LAYER_NORM_EPSILON,
        hidden_act="gelu",
        pad_token_id=ids[PADDING],
        bos_token_id=ids[BEGIN],
        eos_token_id=ids[END],
        dtype="float32",
    )


def _clear(folder: Path) -> None:
    (folder / MARK).unlink(missing_ok=True)
    for left in folder.glob(f"{WORK_PREFIX}*"):
        shutil.rmtree(left)


def _put_in_place(built: Path, folder: Path) -> None:
    files = sorted(built.iterdir(), key=lambda path: path.name == MARK)
    for path in files:
        path.replace(folder / path.name)
