"""Read time stamps in the shapes in which people and programs type them; everything becomes seconds."""

from __future__ import annotations

import math
import re

CLOCK = r"(?:\d{1,3}[:.])?\d{1,3}[:.]\d{2}(?:[.,:-]\d{1,3})?"
"""A bare clock time: 12:31, 12.31, 00:12:31, 00.12.31, 00:12:31.4, 00:12:31-5."""
BRACKETED = rf"[\[(#]\s?(?:{CLOCK})(?:\s?(?:-->|[-–—/]|tot)\s?(?:{CLOCK}))?\s?[\])#]"
"""A time, or a span of time, between brackets or hashes."""
SECONDS_IN_MINUTE = 60
MAX_SECONDS = 1_000 * 3600.0
"""Times above a thousand hours are no times of a recording."""

_PARTS = re.compile(r"(?:(\d{1,3})([:.]))?(\d{1,3})([:.])(\d{2})(?:[.,:-](\d{1,3}))?")
_EACH = re.compile(CLOCK)
_ARROW = re.compile(
    r"\s*(?:(\d{1,4}):)?(\d{1,3}):(\d{1,2})(?:[.,](\d{1,6}))?\s*--?>\s*(?:(\d{1,4}):)?(\d{1,3}):(\d{1,2})(?:[.,](\d{1,6}))?(?:\s|$)"
)


def parse_clock(text: str) -> float | None:
    """Give a clock time in seconds, `None` when it is none.

    Two parts are minutes and seconds ("12.31" is twelve minutes and 31 seconds), three are hours, minutes and seconds;
    a last part after another separator is a fraction ("12:31.40", "00:12:31-5").
    """
    match = _PARTS.fullmatch(text.strip().strip("[]()#").strip())
    if not match:
        return None
    first, first_mark, second, second_mark, third, fraction = match.groups()
    if first is not None and first_mark == ":" and second_mark == "." and fraction is None:
        first, second, third, fraction = None, first, second, third
    if int(third) >= SECONDS_IN_MINUTE or (first is not None and int(second) >= SECONDS_IN_MINUTE):
        return None
    return _seconds(first, second, third, fraction)


def _seconds(hours: str | None, minutes: str, seconds: str, fraction: str | None) -> float:
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    return whole + float(f"0.{fraction}") if fraction else float(whole)


def parse_span(text: str) -> tuple[float | None, float | None]:
    """Give start and end of a stamp such as "[00:12:31]" or "[00:12:31 - 00:12:40]"; `None` for what is not there."""
    whole = parse_clock(text)
    if whole is not None:
        return whole, None
    times = [parse_clock(found) for found in _EACH.findall(text)[:2]]
    return (times[0] if times else None), (times[1] if len(times) > 1 else None)


def parse_arrow(line: str) -> tuple[float, float] | None:
    """Give start and end of the time line of a subtitle ("00:03:12.400 --> 00:03:18,900 …"), `None` for other lines."""
    match = _ARROW.match(line)
    if not match:
        return None
    start, end = match.groups()[:4], match.groups()[4:]
    return _seconds(*start), _seconds(*end)


def in_range(value: float) -> float | None:
    """Give a number of seconds if it can be a time of a recording, `None` otherwise."""
    return float(value) if math.isfinite(value) and 0 <= value <= MAX_SECONDS else None
