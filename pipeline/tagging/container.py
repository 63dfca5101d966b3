"""Read the container in which a 4-bit multilingual-e5-small is delivered (`base-model.md` 1).

Only reads: which pieces to keep, and what becomes of the numbers, is decided in `base`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.domain.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

MAGIC = b"E5S1"
VERSION = 1
BLOCK = 32
"""Weights in one quantised block."""
BLOCK_BYTES = 2 + BLOCK // 2
"""A half-precision scale and two weights a byte."""
ZERO_POINT = 8
PLAIN, QUANTISED = 0, 1


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the encoder.

    Attributes:
        hidden: width of a token's vector.
        layers: number of layers.
        heads: attention heads a layer.
        intermediate: width inside the feed-forward part.
        rows: rows of the word embeddings, at least the number of pieces.
        positions: most tokens in one input.
        token_types: rows of the token-type embeddings.
    """

    hidden: int
    layers: int
    heads: int
    intermediate: int
    rows: int
    positions: int
    token_types: int


@dataclass(frozen=True, slots=True)
class Specials:
    """Ids of the pieces with a task of their own."""

    begin: int
    end: int
    padding: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a tensor lies.

    Attributes:
        kind: `PLAIN` (float32) or `QUANTISED` (4 bit in blocks).
        count: number of weights.
        offset: first byte, from the start of the file.
        size: number of bytes.
    """

    kind: int
    count: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Container:
    """An opened container; the weights stay on disk until they are asked for.

    Attributes:
        shape: sizes of the encoder.
        specials: ids of special pieces.
        pieces: (piece, score) in order of id.
        replacements: what the normaliser makes of a character; empty text deletes it.
        entries: the tensors by name.
        data: all bytes of the file, mapped read-only.
    """

    shape: Shape
    specials: Specials
    pieces: tuple[tuple[str, float], ...]
    replacements: Mapping[str, str]
    entries: Mapping[str, Entry]
    data: NDArray[np.uint8]

    def tensor(self, name: str, width: int | None = None) -> NDArray[np.float32]:
        """Give a whole tensor.

        Args:
            name: as in `entries`.
            width: number of columns; without it the tensor is a vector.

        Returns:
            *Shape* (weights,) or (weights / width, width).
        """
        flat = self._weights(self.entries[name], 0, self.entries[name].count)
        return flat if width is None else flat.reshape(-1, width)

    def rows(self, name: str, width: int, wanted: Sequence[int]) -> NDArray[np.float32]:
        """Give some rows of a matrix, without expanding the others.

        Args:
            name: as in `entries`.
            width: number of columns; a multiple of `BLOCK` for a quantised tensor.
            wanted: row numbers.

        Returns:
            *Shape* (wanted, width).
        """
        out = np.empty((len(wanted), width), np.float32)
        for at, row in enumerate(wanted):
            out[at] = self._weights(self.entries[name], row * width, width)
        return out

    def _weights(self, entry: Entry, first: int, count: int) -> NDArray[np.float32]:
        if entry.kind == PLAIN:
            start = entry.offset + first * 4
            return self.data[start : start + count * 4].view("<f4").astype(np.float32)
        start = entry.offset + first // BLOCK * BLOCK_BYTES
        blocks = self.data[start : start + count // BLOCK * BLOCK_BYTES].reshape(-1, BLOCK_BYTES)
        scales = np.ascontiguousarray(blocks[:, :2]).view("<f2").astype(np.float32)
        nibbles = np.concatenate([blocks[:, 2:] & 0x0F, blocks[:, 2:] >> 4], axis=1)
        return ((nibbles.astype(np.float32) - ZERO_POINT) * scales).reshape(-1)


class _Cursor:
    """Steps through the head of the file; never past its end."""

    def __init__(self, data: NDArray[np.uint8]) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        if size < 0 or self.at + size > len(self.data):
            message = f"{size} bytes wanted at {self.at} of {len(self.data)}"
            raise EOFError(message)
        self.at += size
        return self.data[self.at - size : self.at].tobytes()

    def numbers(self, form: str) -> tuple[int, ...]:
        return struct.unpack(f"<{form}", self.take(struct.calcsize(f"<{form}")))

    def number(self, form: str) -> int:
        return self.numbers(form)[0]


def open_container(path: Path) -> Container:
    """Open a container and check its structure.

    Args:
        path: the data file.

    Raises:
        InputError: when the file is no such container, is cut off, or holds a tensor of the wrong size.
    """
    size = path.stat().st_size
    data = np.memmap(path, np.uint8, mode="r") if size else np.empty(0, np.uint8)
    cursor = _Cursor(np.asarray(data))
    try:
        return _read(cursor)
    except (EOFError, UnicodeDecodeError, ValueError) as error:
        raise InputError.single(
            path.name,
            f"dit is geen (volledig) gewichtenbestand van e5-small ({error})",
            "Verwijder het bestand en laat Raamwerk het opnieuw ophalen.",
        ) from error


def _read(cursor: _Cursor) -> Container:
    if cursor.take(4) != MAGIC or cursor.number("I") != VERSION:
        message = "begin van het bestand klopt niet"
        raise ValueError(message)
    shape = Shape(*cursor.numbers("7i"))
    cursor.take(4)  # epsilon as float32; the exact value is written in the configuration
    if cursor.number("i") != BLOCK:
        message = "onbekende blokgrootte"
        raise ValueError(message)
    count, *special_ids = cursor.numbers("5i")
    begin, end, padding, unknown = special_ids
    pieces = _read_pieces(cursor, count)
    replacements = _read_replacements(cursor)
    entries = _read_entries(cursor)
    return Container(shape, Specials(begin, end, padding, unknown), pieces, replacements, entries, cursor.data)


def _read_pieces(cursor: _Cursor, count: int) -> tuple[tuple[str, float], ...]:
    length = cursor.number("Q")
    offsets = np.frombuffer(cursor.take(4 * (count + 1)), "<u4").tolist()
    scores = np.frombuffer(cursor.take(4 * count), "<f4").tolist()
    text = cursor.take(length)
    if offsets != sorted(offsets) or offsets[-1] != length:
        message = "woordstukken lopen niet door"
        raise ValueError(message)
    return tuple((text[offsets[i] : offsets[i + 1]].decode(), scores[i]) for i in range(count))


def _read_replacements(cursor: _Cursor) -> dict[str, str]:
    count, size = cursor.numbers("iI")
    end = cursor.at + size
    replacements = {}
    for _ in range(count):
        point, length = cursor.numbers("IB")
        replacements[chr(point)] = "".join(map(chr, cursor.numbers(f"{length}I")))
    if cursor.at != end:
        message = "tekentabel heeft een andere lengte"
        raise ValueError(message)
    return replacements


def _read_entries(cursor: _Cursor) -> dict[str, Entry]:
    entries = {}
    for _ in range(cursor.number("i")):
        name = cursor.take(cursor.number("H")).decode()
        entry = Entry(*cursor.numbers("BIQQ"))
        _check(name, entry, len(cursor.data))
        entries[name] = entry
    return entries


def _check(name: str, entry: Entry, length: int) -> None:
    expected = {PLAIN: 4 * entry.count, QUANTISED: entry.count // BLOCK * BLOCK_BYTES}.get(entry.kind)
    if expected != entry.size or entry.offset + entry.size > length:
        message = f"tensor {name} heeft een andere grootte"
        raise ValueError(message)
