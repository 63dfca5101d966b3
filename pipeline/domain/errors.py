"""What went wrong with what somebody gave us, said so that they can mend it (in Dutch)."""

from __future__ import annotations

import re
import traceback
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SHOWN_OF_A_KIND: Final = 10
"""Problems that differ only in their row are written out this often; the others are counted."""
_ROW: Final = re.compile(r", (rij \d+|uiting \S+?)(?=,|$)")
_VARYING: Final = re.compile(r"'[^']*'|\d+")


class RaamwerkError(Exception):
    """Anything a user can mend; its message is in plain Dutch and safe to show.

    A message may name files, rows and columns, never what people said in a session.
    """


class InternalError(RaamwerkError):
    """A mistake of ours, told by its kind and place: its own message might repeat what somebody said."""

    @classmethod
    def of(cls, error: BaseException) -> InternalError:
        """Say where an unexpected error arose, and nothing of what it says."""
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if "pipeline" in frame.filename] or frames
        place = f"{Path(ours[-1].filename).name}, regel {ours[-1].lineno}" if ours else "onbekende plaats"
        return cls(
            f"Onverwachte fout ({type(error).__name__} in {place}). "
            "Dit ligt aan Raamwerk, niet aan jou: meld deze regel. Wat al klaar was, is bewaard."
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an input.

    Attributes:
        place: where, as the user would look for it: "sessions.csv, rij 4, kolom ronde".
        found: what was found there, or what is missing.
        cure: what to do about it, as a full imperative sentence.
    """

    place: str
    found: str
    cure: str

    def __str__(self) -> str:
        return f"{self.place}: {self.found}. {self.cure}"


class InputError(RaamwerkError):
    """One input (a file, a folder) cannot be used; carries every problem found in it.

    Its message shows the first few of those that differ only in their row, and counts the others.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        if not self.problems:
            message = "an InputError needs at least one problem"
            raise ValueError(message)
        super().__init__("\n".join(_lines(self.problems)))

    @classmethod
    def single(cls, place: str, found: str, cure: str) -> InputError:
        """Make the error for one problem."""
        return cls((Problem(place, found, cure),))


def _lines(problems: Iterable[Problem]) -> Iterator[str]:
    """Write problems out in their order; of many of a kind the first, and after the last of those how many follow."""
    listed = [(problem, _kind(problem)) for problem in problems]
    rows: dict[tuple[str, str], list[str]] = {}
    for problem, kind in listed:
        rows.setdefault(kind, []).append(problem.place)
    shown: Counter[tuple[str, str]] = Counter()
    for problem, kind in listed:
        shown[kind] += 1
        if shown[kind] <= SHOWN_OF_A_KIND:
            yield str(problem)
            if shown[kind] == SHOWN_OF_A_KIND and (further := rows[kind][SHOWN_OF_A_KIND:]):
                yield f"{kind[0]}: en nog {_counted(further)} met zo'n probleem."


def _kind(problem: Problem) -> tuple[str, str]:
    """Give what problems have in common that differ only in their row, and in what they quote or count."""
    if not _ROW.search(problem.place):
        return str(problem), ""
    return _ROW.sub("", problem.place), _VARYING.sub("", problem.found)


def _counted(places: Iterable[str]) -> str:
    listed = list(places)
    if len(set(listed)) < len(listed):
        return f"{len(listed)} keer"
    return f"{len(listed)} {'rij' if len(listed) == 1 else 'rijen'}"
