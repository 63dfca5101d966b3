from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.domain.cues import Cue
from pipeline.domain.errors import InputError
from pipeline.formats.codebook import read_codebook
from pipeline.formats.cues import FILE, read_cues

CORPORA = Path(__file__).parents[2] / "corpora"
CODEBOOK = read_codebook(CORPORA / "codebook" / "casuistiek")


def read(folder: Path, *lines: str) -> tuple[Cue, ...]:
    (folder / FILE).write_text("\n".join(lines), encoding="utf-8")
    return read_cues(folder, CODEBOOK)


@pytest.mark.parametrize("name", ["casuistiek", "beelden"])
def test_the_cues_that_ship_can_be_read(name: str) -> None:
    folder = CORPORA / "codebook" / name
    codebook = read_codebook(folder)
    cues = read_cues(folder, codebook)
    assert len(cues) > 50
    assert {cue.dimension for cue in cues} <= {dimension.id for dimension in codebook.unit_dimensions}


def test_a_codebook_without_cues_has_none(tmp_path: Path) -> None:
    assert read_cues(tmp_path, CODEBOOK) == ()


def test_a_cue_is_words_in_a_row(tmp_path: Path) -> None:
    line = '{"dimension": "sr", "label": "zelf", "pattern": [{"LOWER": "ik"}, {"ORTH": "Wmo", "OP": "?"}]}'
    assert read(tmp_path, "", line) == (Cue("sr", "zelf", ({"LOWER": "ik"}, {"ORTH": "Wmo", "OP": "?"})),)


@pytest.mark.parametrize(
    "pattern",
    [
        "[]",
        "[{}]",
        '[{"LOWR": "ik"}]',
        '[{"LOWER": 1}]',
        '[{"LOWER": ""}]',
        '[{"LOWER": "ik", "OP": "x"}]',
        '"ik"',
        "[1]",
        "3",
    ],
)
def test_a_pattern_that_cannot_be_matched_is_told_with_its_line(tmp_path: Path, pattern: str) -> None:
    good = '{"dimension": "sr", "label": "zelf", "pattern": [{"LOWER": "ik"}]}'
    with pytest.raises(InputError, match=r"signaalwoorden\.jsonl, regel 2: dit is geen signaalwoord"):
        read(tmp_path, good, f'{{"dimension": "sr", "label": "zelf", "pattern": {pattern}}}')


def test_unknown_dimensions_and_labels_are_told_together(tmp_path: Path) -> None:
    rest = '"pattern": [{"LOWER": "ik"}]}'
    with pytest.raises(InputError) as caught:
        read(
            tmp_path,
            '{"dimension": "sf", "label": "zelf", ' + rest,
            '{"dimension": "sr", "label": "zelv", ' + rest,
            "{",
        )
    assert "regel 1: deze dimensie staat niet in het codeboek" in str(caught.value)
    assert "regel 2: dit label staat niet bij 'sr'" in str(caught.value)
    assert "regel 3: dit is geen signaalwoord" in str(caught.value)
