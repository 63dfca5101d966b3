"""What went wrong with what somebody gave us, said so that they can mend it (in Dutch)."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


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
    """One input (a file, a folder) cannot be used; carries every problem found in it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        if not self.problems:
            message = "an InputError needs at least one problem"
            raise ValueError(message)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    @classmethod
    def single(cls, place: str, found: str, cure: str) -> InputError:
        """Make the error for one problem."""
        return cls((Problem(place, found, cure),))
