"""Collecting everything that is wrong with one input, so that its owner can mend it in one go."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from pipeline.domain.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable


class Findings:
    """The problems found so far in one input."""

    def __init__(self) -> None:
        self._problems: dict[Problem, None] = {}

    def __len__(self) -> int:
        return len(self._problems)

    @property
    def listed(self) -> tuple[Problem, ...]:
        """The problems, in the order in which they were noted."""
        return tuple(self._problems)

    def add(self, place: str, found: str, cure: str) -> None:
        """Note one problem; see `Problem` for the three parts. The same problem again counts once."""
        self._problems[Problem(place, found, cure)] = None

    def take(self, error: InputError, place: str) -> None:
        """Note the problems of an error that another reader raised, under the name this input has here."""
        for problem in error.problems:
            self.add(place, problem.found, problem.cure)

    def stop_if_any(self) -> None:
        """End the reading when something was wrong.

        Raises:
            InputError: with all problems noted, when there are any.
        """
        if self._problems:
            raise InputError(self._problems)


def one_of(choices: Iterable[str]) -> str:
    """List choices for a person: "a, b of c"."""
    listed = list(choices)
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} of {listed[-1]}"


def instead_of(found: str, choices: Iterable[str], what: str) -> str:
    """Say which choices there are, the nearest one first if it looks like a slip of the pen.

    Args:
        found: what was written.
        choices: what could have been written; at least one.
        what: the choices in words, such as "Deze sleutels bestaan".

    Returns:
        Sentences for `Problem.cure`.
    """
    listed = list(choices)
    folded = {choice.casefold(): choice for choice in listed}
    nearest = difflib.get_close_matches(found.casefold(), folded, n=1)
    hint = f"Bedoel je '{folded[nearest[0]]}'? " if nearest else ""
    return f"{hint}{what}: {', '.join(listed)}."
