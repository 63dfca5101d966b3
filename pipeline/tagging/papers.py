"""The figures of a tagger as files: `metrics.json` for `dvc metrics`, tables for `dvc plots`."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.tagging.evaluate import DimensionScore, Evaluation, Figures

DIGITS = 4


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A point of the learning curve.

    Attributes:
        units: labelled units that were learnt from.
        macro_f1: by dimension, on the first fold.
    """

    units: int
    macro_f1: Mapping[str, float]


def metrics_of(evaluation: Evaluation | None, curve: Sequence[CurvePoint]) -> str:
    """Write the figures as JSON, nested by dimension, rounded to four decimals."""
    if evaluation is None:
        return json.dumps({"folds": 0, "dimensions": {}}, indent=1) + "\n"
    content = {
        "sessions": evaluation.sessions,
        "groups": evaluation.groups,
        "units": evaluation.units,
        "folds": evaluation.folds,
        "dimensions": {score.dimension: _dimension(score) for score in evaluation.dimensions},
        "curve": {str(point.units): _rounded(point.macro_f1) for point in curve},
    }
    return json.dumps(content, indent=1) + "\n"


def _dimension(score: DimensionScore) -> dict[str, object]:
    return {
        "units": score.units,
        **_figures(score.tagger),
        "interval": {name: [round(end, DIGITS) for end in ends] for name, ends in score.intervals.items()},
        "ece": round(score.ece, DIGITS),
        "wrong_when_idle": round(score.idle, DIGITS),
        "risk": {f"{coverage:.2f}": round(wrong, DIGITS) for coverage, wrong in score.risk},
        **({"coders": _figures(score.coders)} if score.coders else {}),
        "others": {way: _figures(figures) for way, figures in score.others.items()},
        "labels": {
            label: {
                "count": score.counts[label],
                "given": score.given[label],
                **dict(zip(("precision", "recall", "f1"), (round(x, DIGITS) for x in values), strict=True)),
                **{f"f1_{way}": round(other.labels[label][2], DIGITS) for way, other in score.others.items()},
            }
            for label, values in score.tagger.labels.items()
        },
        "facets": {
            f"{facet}={value}": {"units": units, "labels": labels, "macro_f1": round(macro, DIGITS)}
            for (facet, value), (units, labels, macro) in score.facets.items()
        },
    }


def _figures(figures: Figures) -> dict[str, float]:
    named = {"macro_f1": figures.macro_f1, "any_f1": figures.any_f1, "kappa": figures.kappa}
    return _rounded({name: value for name, value in named.items() if value is not None})


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, DIGITS) for name, value in values.items()}


def plots_of(evaluation: Evaluation) -> dict[str, str]:
    """Write tables for plots, by name of the file: confusion a dimension, reliability."""
    files = {
        f"confusion_{score.dimension}.csv": _csv(
            ("actual", "predicted"),
            (
                (actual, predicted)
                for actual, row in score.confusion.items()
                for predicted, times in row.items()
                for _ in range(times)
            ),
        )
        for score in evaluation.dimensions
        if score.confusion
    }
    files["reliability.csv"] = _csv(
        ("dimension", "said", "was"),
        (
            (score.dimension, f"{said:.4f}", f"{was:.4f}")
            for score in evaluation.dimensions
            for said, was in score.reliability
        ),
    )
    return files


def curve_table(curve: Sequence[CurvePoint]) -> str:
    """Write the learning curve as a table for a plot."""
    rows = ((name, point.units, f"{value:.{DIGITS}f}") for point in curve for name, value in point.macro_f1.items())
    return _csv(("dimension", "units", "macro_f1"), rows)


def read_curve(table: str) -> tuple[CurvePoint, ...]:
    """Read it back, the smallest number of units first."""
    points: dict[int, dict[str, float]] = {}
    for row in csv.DictReader(io.StringIO(table)):
        points.setdefault(int(row["units"]), {})[row["dimension"]] = float(row["macro_f1"])
    return tuple(CurvePoint(units, points[units]) for units in sorted(points))


def _csv(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue()
