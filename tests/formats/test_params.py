from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.errors import InputError
from pipeline.domain.params import TaggerParams
from pipeline.formats.params import read_params

if TYPE_CHECKING:
    from collections.abc import Callable

SHIPPED = Path(__file__).parents[2] / "params.yaml"
GOOD = {
    "base": "raamwerk/e5-small-nl",
    "context": 3,
    "learnt_layers": 8,
    "learning_rate_encoder": 0.0005,
    "learning_rate_heads": 0.001,
    "epochs": 2,
    "batch": 16,
    "seed": 1,
    "folds": 4,
    "as_recognised": 0.2,
    "without_roles": 0.1,
    "unsure": 0.15,
    "least_steps": 10,
}


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def put(text: str) -> Path:
        path = tmp_path / "params.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return put


def test_the_shipped_parameters_are_read() -> None:
    params = read_params(SHIPPED)
    assert params.base == "raamwerk/e5-small-nl"
    assert params.context <= 3, "the domain gives a model two or three preceding units"


def test_every_parameter_arrives(write: Callable[[str], Path]) -> None:
    assert read_params(write(yaml.safe_dump({"tagger": GOOD}))) == TaggerParams(**GOOD)


def test_other_sections_are_left_alone(write: Callable[[str], Path]) -> None:
    assert read_params(write(yaml.safe_dump({"anders": {"x": 1}, "tagger": GOOD}))).batch == 16


def test_all_problems_are_reported_at_once_with_their_line(write: Callable[[str], Path]) -> None:
    lines = ["tagger:"]
    lines += [f"  {name}: {value}" for name, value in GOOD.items() if name not in {"seed", "epochs", "batch"}]
    lines += ["  epochs: veel", "  batch: 0", "  snelheid: 3"]
    with pytest.raises(InputError) as caught:
        read_params(write("\n".join(lines)))
    named = {"epochs", "batch", "snelheid", "seed"}
    found = [
        (problem.place, *(name for name in named if f"'{name}'" in problem.found)) for problem in caught.value.problems
    ]
    assert sorted(found) == sorted(
        [
            ("params.yaml, regel 13", "batch"),
            ("params.yaml, regel 14", "snelheid"),
            ("params.yaml, regel 2", "seed"),
            ("params.yaml, regel 12", "epochs"),
        ]
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("batch", "true"),
        ("batch", "1.5"),
        ("batch", "[3]"),
        ("learning_rate_heads", "0,001"),
        ("learning_rate_heads", ".nan"),
        ("learning_rate_heads", "inf"),
        ("folds", "1"),
        ("base", "''"),
        ("base", "[a]"),
        ("seed", "-1"),
        ("seed", ""),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_with_its_line(
    write: Callable[[str], Path], name: str, value: str
) -> None:
    text = yaml.safe_dump({"tagger": {k: v for k, v in GOOD.items() if k != name}}) + f"  {name}: {value}\n"
    with pytest.raises(InputError, match="regel 14: ") as caught:
        read_params(write(text))
    assert len(caught.value.problems) == 1


def test_a_rate_may_be_written_with_an_exponent(write: Callable[[str], Path]) -> None:
    text = yaml.safe_dump({"tagger": GOOD}).replace("0.0005", "5e-4")
    assert read_params(write(text)).learning_rate_encoder == pytest.approx(0.0005)


def test_a_doubled_parameter_is_refused(write: Callable[[str], Path]) -> None:
    with pytest.raises(InputError, match="regel 15"):
        read_params(write(yaml.safe_dump({"tagger": GOOD}) + "  seed: 5\n"))


@pytest.mark.parametrize("text", ["", "- 1\n", "tagger: 3\n", "tagger: [\n", "tagger: !!python/object:os.system x\n"])
def test_what_is_no_mapping_is_refused(write: Callable[[str], Path], text: str) -> None:
    with pytest.raises(InputError, match=r"params\.yaml"):
        read_params(write(text))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"params\.yaml"):
        read_params(tmp_path / "params.yaml")


@given(text=st.text(max_size=200))
def test_any_text_gives_parameters_or_a_clear_error(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("params") / "params.yaml"
    path.write_text(text, encoding="utf-8", newline="")
    with pytest.raises(InputError):
        read_params(path)


@given(units=st.integers(1, 50_000), batch=st.integers(1, 512), epochs=st.integers(1, 20))
def test_a_small_set_gets_as_many_passes_as_it_needs_and_no_more(units: int, batch: int, epochs: int) -> None:
    params = replace(TaggerParams(**GOOD), batch=batch, epochs=epochs, least_steps=150)
    passes = params.for_units(units).epochs
    steps = math.ceil(units / batch)
    assert passes >= epochs
    assert passes * steps >= 150
    assert passes == epochs or (passes - 1) * steps < 150
