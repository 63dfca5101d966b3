"""Write a tiny container by hand, from the description of the format and not with the reader's code."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np

HIDDEN, LAYERS, INTERMEDIATE, POSITIONS = 32, 1, 64, 16
PIECES = (
    ("<s>", 0.0),
    ("<pad>", 0.0),
    ("</s>", 0.0),
    ("<unk>", 0.0),
    ("\u2581", -2.0),
    ("\u2581de", -3.0),
    ("\u2581dek", -4.5),
    ("en", -3.5),
    ("k", -6.0),
    ("<mask>", 0.0),
)
PARTS = ("q", "k", "v", "ao", "fi", "fo")
NORMS = ("aln", "oln")


@dataclass
class Written:
    """A file and what it must give back.

    Attributes:
        data: the bytes.
        expected: every tensor by name, as float32.
    """

    data: bytes
    expected: dict[str, np.ndarray] = field(default_factory=dict)


def write(seed: int = 0) -> Written:
    tensors = _tensors(np.random.default_rng(seed))
    head = _head(rows=len(PIECES) + 2)
    directory = sum(2 + len(name) + struct.calcsize("<BIQQ") for name in tensors)
    offset = len(head) + 4 + directory
    listed, body = struct.pack("<i", len(tensors)), b""
    for name, (kind, values, packed) in tensors.items():
        listed += struct.pack("<H", len(name)) + name.encode()
        listed += struct.pack("<BIQQ", kind, values.size, offset + len(body), len(packed))
        body += packed
    return Written(head + listed + body, {name: values for name, (_, values, _) in tensors.items()})


def _head(rows: int) -> bytes:
    head = b"E5S1" + struct.pack("<I", 1)
    head += struct.pack("<7ifi", HIDDEN, LAYERS, 2, INTERMEDIATE, rows, POSITIONS, 2, 1e-12, 32)
    blob = [piece.encode() for piece, _ in PIECES]
    ends = np.cumsum([0, *map(len, blob)]).astype("<u4")
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, sum(map(len, blob)))
    head += ends.tobytes() + np.array([score for _, score in PIECES], "<f4").tobytes() + b"".join(blob)
    table = b""
    for character, replacement in (("\u00ad", ""), ("\t", " "), ("\ufb01", "fi")):
        table += struct.pack("<IB", ord(character), len(replacement))
        table += b"".join(struct.pack("<I", ord(c)) for c in replacement)
    return head + struct.pack("<iI", 3, len(table)) + table


def _tensors(draw: np.random.Generator) -> dict[str, tuple[int, np.ndarray, bytes]]:
    """Draw every tensor: kind, values as float32, bytes as they lie in the file."""
    matrices = {"emb.word": (len(PIECES) + 2, HIDDEN)}
    vectors: dict[str, tuple[int, ...]] = {
        "emb.pos": (POSITIONS, HIDDEN),
        "emb.type": (2, HIDDEN),
        "emb.ln.w": (HIDDEN,),
        "emb.ln.b": (HIDDEN,),
    }
    for layer in range(LAYERS):
        for part in PARTS:
            out = INTERMEDIATE if part == "fi" else HIDDEN
            matrices[f"l{layer}.{part}.w"] = (out, INTERMEDIATE if part == "fo" else HIDDEN)
            vectors[f"l{layer}.{part}.b"] = (out,)
        for norm in NORMS:
            vectors |= {f"l{layer}.{norm}.w": (HIDDEN,), f"l{layer}.{norm}.b": (HIDDEN,)}
    tensors = {name: _quantised(draw, *shape) for name, shape in matrices.items()}
    for name, shape in vectors.items():
        values = draw.normal(size=shape).astype("<f4")
        tensors[name] = (0, values, values.tobytes())
    return tensors


def _quantised(draw: np.random.Generator, rows: int, columns: int) -> tuple[int, np.ndarray, bytes]:
    packed, values = bytearray(), np.empty((rows, columns), np.float32)
    for row in range(rows):
        for block in range(0, columns, 32):
            scale = np.float16(draw.uniform(0.01, 0.2))
            nibbles = [int(n) for n in draw.integers(0, 16, 32)]
            packed += struct.pack("<e", scale)
            packed += bytes(nibbles[at] | nibbles[at + 16] << 4 for at in range(16))
            values[row, block : block + 32] = [(nibble - 8) * float(scale) for nibble in nibbles]
    return 1, values, bytes(packed)
