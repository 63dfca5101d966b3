"""Tells whether a word that no list has is made of words that a list has, as Dutch makes them without end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_ENDINGS = (
    "",
    "en",
    "n",
    "s",
    "e",
    "er",
    "ers",
    "ere",
    "st",
    "ste",
    "t",
    "d",
    "de",
    "te",
    "den",
    "ten",
    "je",
    "jes",
    "tje",
    "tjes",
    "pje",
    "pjes",
    "etje",
    "etjes",
    "ing",
    "ingen",
    "end",
    "ende",
    "baar",
    "bare",
    "loos",
    "loze",
    "heid",
    "heden",
    "lijk",
    "lijke",
    "ig",
    "ige",
    "achtig",
    "achtige",
    "isch",
    "ische",
    "matig",
    "matige",
)
_PREFIXES = ("ge", "ver", "be", "her", "ont", "on", "er", "aan", "af", "op", "uit", "in", "door", "om", "voor", "na")
_LINKS = ("", "s", "en", "e", "n", "er")
_SHORTEST_STEM = 2
_SHORTEST_PART = 3
_LONGEST = 40
_VOWELS = "aeiou"


def is_built(form: str, known: Callable[[str], bool]) -> bool:
    """Tell whether a word is known, inflected, or put together of known words.

    Args:
        form: a folded word.
        known: tells whether a list has a word.
    """
    if len(form) > _LONGEST or _is_inflected(form, known) or _is_prefixed(form, known):
        return True
    return any(
        _is_first_part(form[:at], known) and (_is_inflected(form[at:], known) or _is_longer(form[at:], known))
        for at in range(_SHORTEST_PART, len(form) - _SHORTEST_PART + 1)
    )


def _is_longer(form: str, known: Callable[[str], bool]) -> bool:
    """Tell whether what is left is itself prefixed or put together of two ("arbeids-markt-beleid")."""
    if _is_prefixed(form, known):
        return True
    return any(
        _is_first_part(form[:at], known) and _is_inflected(form[at:], known)
        for at in range(_SHORTEST_PART, len(form) - _SHORTEST_PART + 1)
    )


def _is_first_part(form: str, known: Callable[[str], bool]) -> bool:
    return any(
        form.endswith(link) and len(form) - len(link) >= _SHORTEST_PART and known(form[: len(form) - len(link)])
        for link in _LINKS
    )


def _is_prefixed(form: str, known: Callable[[str], bool]) -> bool:
    return any(
        form.startswith(prefix) and _is_inflected(form.removeprefix(prefix), known)
        for prefix in (*_PREFIXES, *(f"{first}ge" for first in _PREFIXES), *(f"{first}te" for first in _PREFIXES))
        if len(form) - len(prefix) > _SHORTEST_PART
    )


def _is_inflected(form: str, known: Callable[[str], bool]) -> bool:
    """Tell whether a word is known but for its ending, spelt as a Dutch stem is ("beslis" in "beslissen")."""
    for ending in _ENDINGS:
        stem = form.removesuffix(ending)
        if len(stem) < _SHORTEST_STEM or (ending and (stem == form or len(stem) < _SHORTEST_PART)):
            continue
        if any(known(spelt) for spelt in _spellings(stem, full=not ending)):
            return True
    return False


def _spellings(stem: str, *, full: bool) -> tuple[str, ...]:
    if full or len(stem) < _SHORTEST_PART:
        return (stem,)
    spelt = [stem, f"{stem}en", f"{stem}e"]
    if stem[-1] == stem[-2]:
        spelt.append(stem[:-1])
    if stem[-1] not in _VOWELS and stem[-2] in _VOWELS:
        spelt.append(f"{stem[:-2]}{stem[-2] * 2}{stem[-1]}")
        spelt.append(f"{stem}{stem[-1]}en")
    if stem[-1] in "vz":
        spelt.append(f"{stem[:-1]}{'f' if stem[-1] == 'v' else 's'}")
    if stem[-2:-1] and stem[-3:-1] in {"aa", "ee", "oo", "uu"}:
        spelt.append(f"{stem[:-2]}{stem[-1]}en")
    return tuple(spelt)
