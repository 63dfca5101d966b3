"""Write SVG elements, every attribute and text escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Mapping


def element(name: str, attributes: Mapping[str, str | float], *children: str) -> Markup:
    """Write one element.

    Args:
        name: such as "rect".
        attributes: name to value; numbers are written with at most two decimals.
        children: texts, which are escaped, or elements.
    """
    pairs = "".join(f' {key}="{escape(_plain(value))}"' for key, value in attributes.items())
    inside = "".join(escape(child) for child in children)
    return Markup(f"<{name}{pairs}>{inside}</{name}>" if inside else f"<{name}{pairs}/>")  # noqa: S704 - escaped above


def image(title: str, description: str, height: float, *children: str) -> Markup:
    """Write a picture as wide as its place; horizontal positions inside it are percentages, vertical ones pixels.

    Args:
        title: what it shows, read aloud by a screen reader.
        description: the numbers in it, in words.
        height: in CSS pixels.
        children: elements.
    """
    return element(
        "svg",
        {"role": "img", "width": "100%", "height": height},
        element("title", {}, title),
        element("desc", {}, description),
        *children,
    )


def across(part: float) -> str:
    """Write a horizontal position or width as a percentage of the picture.

    Args:
        part: in [0, 1].
    """
    return f"{_plain(100 * part)}%"


def _plain(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
