"""Read params.yaml into checked parameters; every problem is reported at once, with its line."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.domain.errors import InputError
from pipeline.domain.params import TaggerParams
from pipeline.formats.findings import Findings
from pipeline.formats.yaml_lines import read_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.formats.yaml_lines import YamlSection

SECTION: Final = "tagger"


@dataclass(frozen=True, slots=True)
class _Range:
    """A number that is asked for: whole or not, and the closed interval in which it lies."""

    least: float
    most: float
    whole: bool = True

    def read(self, section: YamlSection, key: str, findings: Findings) -> float:
        """Give the number under a key; the least one (and a finding) when there is none that fits."""
        if not section.has(key):
            section.text(key)
            return self.least
        text = section.optional_text(key)
        if text is None:
            return self.least
        try:
            number = int(text) if self.whole else float(text)
        except ValueError:
            number = math.nan
        if self.least <= number <= self.most:
            return number
        kind = "een geheel getal" if self.whole else "een getal (met een punt)"
        cure = f"Vul {kind} in van {self.least:g} tot en met {self.most:g}."
        findings.add(section.place_of(key), f"'{key}' heeft de waarde '{text}'", cure)
        return self.least


_NUMBERS: Final = {
    "context": _Range(0, 10),
    "learnt_layers": _Range(0, 100),
    "learning_rate_encoder": _Range(1e-7, 0.1, whole=False),
    "learning_rate_heads": _Range(1e-7, 0.1, whole=False),
    "epochs": _Range(1, 100),
    "least_steps": _Range(1, 10_000),
    "batch": _Range(1, 512),
    "as_recognised": _Range(0, 1, whole=False),
    "without_roles": _Range(0, 1, whole=False),
    "seed": _Range(0, 2**31 - 1),
    "folds": _Range(2, 100),
    "unsure": _Range(0, 1, whole=False),
}


def read_params(path: Path) -> TaggerParams:
    """Read the parameters of the tagger.

    Args:
        path: params.yaml; other sections than `tagger` are left alone.

    Raises:
        InputError: with every unknown, missing, doubled or ill-typed parameter.
    """
    findings = Findings()
    document = read_yaml(path, path.name, findings)
    findings.stop_if_any()
    if not document.has(SECTION):
        raise InputError.single(path.name, f"er is geen onderdeel '{SECTION}'", "Haal het bestand terug uit git.")
    section = document.section(SECTION)
    section.only("base", *_NUMBERS)
    base = section.text("base")
    numbers = {key: wanted.read(section, key, findings) for key, wanted in _NUMBERS.items()}
    findings.stop_if_any()
    return TaggerParams(
        base=base,
        context=int(numbers["context"]),
        learnt_layers=int(numbers["learnt_layers"]),
        learning_rate_encoder=numbers["learning_rate_encoder"],
        learning_rate_heads=numbers["learning_rate_heads"],
        epochs=int(numbers["epochs"]),
        least_steps=int(numbers["least_steps"]),
        batch=int(numbers["batch"]),
        as_recognised=numbers["as_recognised"],
        without_roles=numbers["without_roles"],
        seed=int(numbers["seed"]),
        folds=int(numbers["folds"]),
        unsure=numbers["unsure"],
    )
