"""Draw the pictures of the report: numbers in, SVG out; colours and patterns lie in `static/report.css`.

Machine shares are drawn open: tinted and patterned areas, hollow marks. What was counted is drawn solid.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from pipeline.report.svg import across, element, image
from pipeline.report.wording import decimal, percent, whole_percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

BAR_HEIGHT = 30
COURSE_HEIGHT = 168
LANE_HEIGHT = 20
STRIP_HEIGHT = 26
TALK_HEIGHT = 18
ROOM_FOR_NUMBER = 0.085
"""Smallest share whose number still fits in its part of a bar on a telephone."""
NICE_MAXIMA = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)
_DODGE = (0, -5, 5, -8, 8)
_CLOSE = 0.035
_COLUMN_GAP = 0.006
_EDGE = 0.02


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a whole.

    Attributes:
        series: CSS class that gives colour and pattern.
        name: name of the label.
        share: in [0, 1].
    """

    series: str
    name: str
    share: float


@dataclass(frozen=True, slots=True)
class Point:
    """A session in a strip of dots.

    Attributes:
        name: name of the session.
        share: in [0, 1].
    """

    name: str
    share: float


def in_words(parts: Sequence[Part]) -> str:
    """Read the parts of a whole aloud, the ones of nothing left out."""
    return ", ".join(f"{part.name} {percent(part.share)}" for part in parts if part.share > 0)


def stacked_bar(title: str, parts: Sequence[Part]) -> Markup:
    """Draw the parts of one session side by side, with numbers where they fit."""
    starts = [0.0, *accumulate(part.share for part in parts)]
    shapes = []
    for part, start in zip(parts, starts, strict=False):
        if part.share > 0:
            shapes.append(
                element(
                    "rect",
                    {"class": part.series, "x": across(start), "width": across(part.share), "y": 1, "height": 28},
                    element("title", {}, f"{part.name}: {percent(part.share)}"),
                )
            )
        if part.share >= ROOM_FOR_NUMBER:
            middle = across(start + part.share / 2)
            shapes.append(
                element("text", {"class": f"in {part.series}", "x": middle, "y": 20}, whole_percent(part.share))
            )
    return image(title, in_words(parts), BAR_HEIGHT, *shapes)


def course(title: str, columns: Sequence[Sequence[Part]]) -> Markup:
    """Draw a session from left to right in columns of equal numbers of units; a column may be empty."""
    width = 1 / len(columns)
    shapes = []
    for index, parts in enumerate(columns):
        top = 0.0
        for part in parts:
            tall = part.share * COURSE_HEIGHT
            if tall > 0:
                place = {
                    "class": part.series,
                    "x": across(index * width + _COLUMN_GAP),
                    "width": across(width - 2 * _COLUMN_GAP),
                }
                shapes.append(
                    element(
                        "rect",
                        {**place, "y": top, "height": tall},
                        element("title", {}, f"deel {index + 1}, {part.name}: {percent(part.share)}"),
                    )
                )
            top += tall
    words = "; ".join(f"deel {index}: {in_words(parts) or 'leeg'}" for index, parts in enumerate(columns, start=1))
    return image(title, words, COURSE_HEIGHT + 1, *shapes)


def lane(title: str, positions: Sequence[float], shape: str) -> Markup:
    """Draw a line of time with a hollow mark at each position.

    Args:
        title: what the marks are.
        positions: in [0, 1].
        shape: "circle" or "diamond".
    """
    half = LANE_HEIGHT / 2
    line = element("line", {"class": "rail", "x1": "0", "x2": "100%", "y1": half, "y2": half})
    marks = [
        element("svg", {"x": across(position), "y": half, "class": "mark"}, _MARKS[shape]) for position in positions
    ]
    words = ", ".join(whole_percent(position) for position in positions)
    return image(title, f"Op {words} van het gesprek." if words else "Niet gezien.", LANE_HEIGHT, line, *marks)


_MARKS = {
    "circle": element("circle", {"r": 4.5}),
    "diamond": element("path", {"d": "M0-5.6 5.6 0 0 5.6-5.6 0Z"}),
}


def nice_maximum(shares: Sequence[float]) -> float:
    """Give the round share at which an axis that holds all these shares ends."""
    return next(maximum for maximum in NICE_MAXIMA if maximum >= max(shares, default=0) or maximum == NICE_MAXIMA[-1])


def strip(title: str, points: Sequence[Point], maximum: float) -> Markup:
    """Draw one hollow dot a session on an axis from 0 to `maximum`; dots that would cover each other step aside."""
    half = STRIP_HEIGHT / 2
    grid = [
        element("line", {"class": "tick", "x1": across(x), "x2": across(x), "y1": 0, "y2": STRIP_HEIGHT})
        for x in (_EDGE, 0.5, 1 - _EDGE)
    ]
    rail = element("line", {"class": "rail", "x1": across(_EDGE), "x2": across(1 - _EDGE), "y1": half, "y2": half})
    dots = []
    nth, last = 0, -1.0
    for point in sorted(points, key=lambda one: one.share):
        place = _EDGE + (1 - 2 * _EDGE) * point.share / maximum
        nth = nth + 1 if place - last < _CLOSE else 0
        last = place
        dots.append(
            element(
                "circle",
                {"class": "dot", "cx": across(place), "cy": half + _DODGE[nth % len(_DODGE)], "r": 4.5},
                element("title", {}, f"{point.name}: {percent(point.share)}"),
            )
        )
    words = ", ".join(f"{point.name} {percent(point.share)}" for point in points)
    return image(title, words, STRIP_HEIGHT, *grid, rail, *dots)


def axis(maximum: float) -> tuple[str, str, str]:
    """Give the words under a strip: at its begin, middle and end."""
    half = 100 * maximum / 2
    return "0%", f"{decimal(half, 0 if half.is_integer() else 1)}%", whole_percent(maximum)


def talk_bar(title: str, share: float, series: str) -> Markup:
    """Draw one solid bar from the left."""
    return image(
        title,
        percent(share),
        TALK_HEIGHT,
        element("rect", {"class": "track", "width": "100%", "y": 2, "height": TALK_HEIGHT - 4, "rx": 2}),
        element("rect", {"class": series, "width": across(share), "y": 2, "height": TALK_HEIGHT - 4, "rx": 2}),
    )
