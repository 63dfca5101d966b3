"""Where long turns are cut (`domain.md` 6.1)."""

from __future__ import annotations

import importlib
import itertools
import sys
from typing import TYPE_CHECKING

import spacy
from hypothesis import given
from hypothesis import strategies as st

from pipeline.unitise import cutting
from pipeline.unitise.cutting import cut

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

SENTENCE = "Ze belde dinsdag nog over die brief van de woningbouw, en daarna heb ik niks meer gehoord."  # 16 words


def segments(text: str) -> list[str]:
    borders = (0, *cut(text), len(text))
    return [text[start:end] for start, end in itertools.pairwise(borders)]


def test_a_turn_of_sixty_words_stays_whole() -> None:
    assert cut(" ".join(["woord"] * 60)) == ()


def test_a_turn_of_sixty_one_words_is_cut() -> None:
    assert len(cut(" ".join(["woord"] * 61))) == 1


def test_a_long_turn_is_cut_between_sentences_into_even_parts() -> None:
    parts = segments(" ".join([SENTENCE] * 9))  # 144 words: three times three sentences
    assert [part.strip() for part in parts] == [" ".join([SENTENCE] * 3)] * 3


def test_an_ellipsis_is_not_the_end_of_a_sentence() -> None:
    text = " ".join(["woord"] * 40) + " ... " + " ".join(["woord"] * 10) + ". " + " ".join(["woord"] * 40)
    assert cut(text) == (text.index(".", 250) + 2,)


def test_unpunctuated_speech_is_cut_before_a_conjunction() -> None:
    text = " ".join(["woord"] * 52) + " maar " + " ".join(["woord"] * 30)
    assert cut(text) == (text.index("maar"),)


def test_an_abbreviation_does_not_end_a_sentence() -> None:
    text = ("dat gaat dan bijv. via de gemeente " * 6 + "klaar. ") + "en zo ging het verder " * 6
    assert text[cut(text)[0] :].startswith("en zo")


@given(st.text(alphabet="ab é😀.,!?… \n'-", max_size=900))
def test_nothing_is_lost_and_cuts_stand_before_words(text: str) -> None:
    places = cut(text)
    assert list(places) == sorted(set(places))
    for place in places:
        assert 0 < place < len(text)
        assert not text[place].isspace()
        assert text[place - 1].isspace() or not text[place - 1].isalnum()


@given(st.integers(61, 400))
def test_no_segment_is_longer_than_sixty_words(count: int) -> None:
    assert all(len(part.split()) <= 60 for part in segments(" ".join(["ja", "dus"] * count)[: 4 * count]))


def test_a_bigger_dutch_pipeline_is_used_when_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = cutting.PIPELINES[-1]
    package = tmp_path / name
    language = spacy.blank("nl")
    language.add_pipe("sentencizer", config={"punct_chars": ["|"]})
    package.mkdir()
    language.to_disk(package / "data")
    (package / "__init__.py").write_text(
        "from pathlib import Path\nfrom spacy.util import load_model_from_path\n__version__ = '1.0'\n"
        "def load(**overrides):\n    return load_model_from_path(Path(__file__).parent / 'data', **overrides)\n"
    )
    information = tmp_path / f"{name}-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    cutting._language.cache_clear()
    try:
        assert cutting.splitter() == f"{name} 1.0"
        text = " ".join(["woord"] * 45) + ". | " + " ".join(["woord"] * 45)
        assert text[cut(text)[0] :].lstrip("| ").startswith("woord")
    finally:
        cutting._language.cache_clear()
        sys.modules.pop(name, None)
