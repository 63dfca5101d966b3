"""What must stay true of cue words: a text gets the labels that its cues point to (reading them: tests/formats)."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.domain.codebook import DimensionKind
from pipeline.domain.cues import Cue
from pipeline.formats.codebook import read_codebook
from pipeline.formats.cues import FILE, read_cues
from pipeline.tagging.cues import cue_labels
from pipeline.tagging.heads import Head

CODEBOOKS = Path(__file__).parents[2] / "corpora" / "codebook"
FRAME = Head("frame", DimensionKind.SINGLE, ("a", "b", "c"), none_label="c", precedence=("b", "a"))
BARE = Head("bare", DimensionKind.SINGLE, ("a", "b"))
SR = Head("sr", DimensionKind.MULTI, ("x", "y"), thresholds=(0.5, 0.5))
LEVEL = Head("level", DimensionKind.ORDINAL, ("0", "1", "2"), none_label="0", thresholds=(0.5, 0.5))
CUES = (
    Cue("frame", "a", ({"LOWER": "slaapt"},)),
    Cue("frame", "a", ({"LOWER": "slecht"},)),
    Cue("frame", "b", ({"LOWER": "werk"},)),
    Cue("sr", "x", ({"LOWER": "ik"}, {"LOWER": "merk"})),
    Cue("sr", "y", ({"LOWER": "jullie"},)),
    Cue("level", "1", ({"LOWER": "merk"},)),
    Cue("level", "2", ({"LOWER": "vraag"},)),
    Cue("bare", "b", ({"LOWER": "werk"},)),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mag het raam open?", ("c", "a", (), "0")),
        ("Hij slaapt niet.", ("a", "a", (), "0")),
        ("Hij slaapt slecht door het werk.", ("a", "b", (), "0")),
        ("Hij slaapt op zijn werk.", ("b", "b", (), "0")),
        ("IK MERK dat jullie kijken, en vraag me iets af.", ("c", "a", ("x", "y"), "2")),
        ("Ik, merk je dat?", ("c", "a", (), "1")),
    ],
)
def test_a_text_gets_the_labels_that_its_cues_point_to(text: str, expected: tuple[object, ...]) -> None:
    frame, bare, sr, level = expected
    assert cue_labels((FRAME, BARE, SR, LEVEL), CUES, [text]) == [
        {"frame": (frame,), "bare": (bare,), "sr": sr, "level": (level,)}
    ]


def test_without_cues_every_text_gets_the_empty_label() -> None:
    assert (
        cue_labels((FRAME, BARE, SR, LEVEL), (), ["Hij slaapt.", ""])
        == [{"frame": ("c",), "bare": ("a",), "sr": (), "level": ("0",)}] * 2
    )


@pytest.mark.parametrize("folder", sorted(CODEBOOKS.iterdir()), ids=lambda folder: folder.name)
def test_cues_that_ship_can_be_read_and_matched(folder: Path) -> None:
    codebook = read_codebook(folder)
    cues = read_cues(folder, codebook)
    lines = (folder / FILE).read_text(encoding="utf-8").splitlines()
    assert len(cues) == sum(bool(line.strip()) for line in lines) > 0
    heads = [Head(one.id, one.kind, one.choices, one.none_label) for one in codebook.unit_dimensions]
    assert len(cue_labels(heads, cues, ["Ik merk dat ik jou te laat bel."])) == 1
