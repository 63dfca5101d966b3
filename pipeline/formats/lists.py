"""Reads the look-up lists in `corpora/lists`: one folder a list, one entry a line, `#` for remarks."""

from __future__ import annotations

import hashlib
import unicodedata
from typing import TYPE_CHECKING

from pipeline.domain.errors import InputError, Problem
from pipeline.domain.lists import LIST_IDS, NameList, NameLists

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST = 80


def read_name_lists(folder: Path) -> NameLists:
    """Read all lists under a folder.

    Args:
        folder: holds a folder for each of `LIST_IDS`, with `items.txt` and, if wanted, `exceptions.txt`.

    Raises:
        InputError: when a list is missing, is not UTF-8, is empty, or holds a line that cannot be an entry.
    """
    problems: list[Problem] = []
    lists = []
    for list_id in LIST_IDS:
        items = _read_entries(folder / list_id / "items.txt", problems)
        if items is None:
            place = str(folder / list_id / "items.txt")
            problems.append(Problem(place, "dit bestand is er niet", "Zet de lijst terug, één naam per regel."))
            continue
        if not items:
            place = str(folder / list_id / "items.txt")
            problems.append(Problem(place, "de lijst is leeg", "Zet er minstens één naam in, één per regel."))
        exceptions = _read_entries(folder / list_id / "exceptions.txt", problems)
        lists.append(NameList(list_id, items, exceptions or frozenset()))
    if problems:
        raise InputError(problems)
    return NameLists(tuple(lists), _sha(lists))


def _read_entries(path: Path, problems: list[Problem]) -> frozenset[str] | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        problems.append(Problem(str(path), "het bestand is geen UTF-8", "Sla het op als UTF-8 en lees het opnieuw in."))
        return frozenset()
    entries = set()
    for row, line in enumerate(text.splitlines(), start=1):
        entry = unicodedata.normalize("NFC", line.strip())
        if not entry or entry.startswith("#"):
            continue
        if len(entry) > _LONGEST or not any(char.isalnum() for char in entry) or "\t" in entry:
            found = "hier staat geen enkele naam"
            problems.append(Problem(f"{path}, regel {row}", found, "Zet één naam of woord op de regel, zonder tabs."))
            continue
        entries.add(entry)
    return frozenset(entries)


def _sha(lists: list[NameList]) -> str:
    digest = hashlib.sha256()
    for entry in lists:
        for part in (entry.id, *sorted(entry.items), "-", *sorted(entry.exceptions), "="):
            digest.update(part.encode() + b"\n")
    return digest.hexdigest()[:12]
