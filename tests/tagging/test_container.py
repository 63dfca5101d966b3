from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.errors import InputError
from pipeline.tagging.container import open_container
from tests.tagging import container_file as tiny

if TYPE_CHECKING:
    from pathlib import Path

WRITTEN = tiny.write()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "klein.bin"
    path.write_bytes(WRITTEN.data)
    return path


def test_sizes_pieces_and_replacements_are_read(path: Path) -> None:
    container = open_container(path)
    assert (container.shape.hidden, container.shape.layers, container.shape.rows) == (32, 1, len(tiny.PIECES) + 2)
    assert container.pieces == tiny.PIECES
    assert container.replacements == {"\u00ad": "", "\t": " ", "\ufb01": "fi"}
    assert (container.specials.begin, container.specials.padding, container.specials.end) == (0, 1, 2)


def test_every_tensor_has_the_values_that_were_written(path: Path) -> None:
    container = open_container(path)
    assert set(container.entries) == set(WRITTEN.expected)
    for name, expected in WRITTEN.expected.items():
        width = expected.shape[1] if expected.ndim > 1 else None
        np.testing.assert_array_equal(container.tensor(name, width), expected)


def test_single_rows_of_a_quantised_matrix_are_those_of_the_whole(path: Path) -> None:
    rows = open_container(path).rows("emb.word", 32, [7, 0, 3])
    np.testing.assert_array_equal(rows, WRITTEN.expected["emb.word"][[7, 0, 3]])


@settings(max_examples=60, deadline=None)
@given(length=st.integers(0, len(WRITTEN.data) - 1))
def test_a_file_that_is_cut_off_anywhere_is_refused(length: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("kort") / "kort.bin"
    path.write_bytes(WRITTEN.data[:length])
    with pytest.raises(InputError, match=r"kort\.bin"):
        open_container(path)


@pytest.mark.parametrize("at", [0, 4, 40])
def test_another_magic_version_or_block_size_is_refused(path: Path, at: int) -> None:
    data = bytearray(WRITTEN.data)
    data[at] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(InputError):
        open_container(path)
