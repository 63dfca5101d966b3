"""What a layer says of a piece of text, and how the layers' opinions become one span."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.pseudonymise.people import Identity

ROSTER = "deelnemerslijst"
PATTERN = "patroon"
GAZETTEER = "namenlijst"
CAPITAL = "hoofdletter"
STRANGE = "onbekend woord"
"""No list has the word, and it is not made of words that a list has; only in lower-case speech."""
DEDUCE = "deduce"
AGAIN = "herhaling"
"""The same name was found elsewhere in the session."""

_RANK = {ROSTER: 0, PATTERN: 1, GAZETTEER: 2, CAPITAL: 3, DEDUCE: 4, AGAIN: 5, STRANGE: 6}
_SEPARATOR = 2
"""At most a full stop and a space stand between two names."""
_THINGS = frozenset({"EMAIL", "URL", "ADRES", "ORG", "PLAATS", "NUMMER", "TELEFOON"})


@dataclass(frozen=True, slots=True)
class Vote:
    """One layer holds that a piece of a turn must go.

    Attributes:
        start: code-point offset in the raw text of the turn.
        end: likewise, exclusive.
        kind: type of the placeholder.
        voter: which layer.
        who: the person of this session, where the layer knows; else `None`.
        partial: the layer saw only a first name or only a surname of `who`, whose other name is known.
    """

    start: int
    end: int
    kind: str
    voter: str
    who: Identity | None = None
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Find:
    """Votes that overlap, taken together: the widest reach, and the kind and person of the best informed voter.

    Attributes:
        start: code-point offset in the raw text of the turn.
        end: likewise, exclusive.
        kind: type of the placeholder.
        who: the person of this session, or `None`.
        voters: all layers that voted here, sorted.
    """

    start: int
    end: int
    kind: str
    who: Identity | None
    voters: tuple[str, ...]


def unite(votes: Iterable[Vote]) -> tuple[Find, ...]:
    """Take all votes together: whatever one layer wants gone goes."""
    finds: list[Find] = []
    heap: list[Vote] = []
    reach = -1
    for vote in sorted(votes, key=lambda vote: (vote.start, vote.end)):
        if heap and vote.start >= reach:
            finds.extend(_finds(heap))
            heap = []
        heap.append(vote)
        reach = max(vote.end, reach) if len(heap) > 1 else vote.end
    finds.extend(_finds(heap))
    return tuple(finds)


def _finds(heap: list[Vote]) -> list[Find]:
    """Take overlapping votes together; several known persons side by side ("Mees Zoë") stay several."""
    if not heap:
        return []
    known = [vote for vote in heap if vote.voter == ROSTER]
    if len({id(vote.who) for vote in known}) < 2 or any(vote.kind in _THINGS for vote in heap):  # noqa: PLR2004
        return [_find(heap)]
    first, last = min(vote.start for vote in heap), max(vote.end for vote in heap)
    voters = tuple(sorted({vote.voter for vote in heap}))
    finds: list[Find] = []
    for vote, following in zip(known, [*known[1:], None], strict=True):
        start = vote.start if finds else first
        finds.append(Find(start, last if following is None else _end(vote, following), vote.kind, vote.who, voters))
    return finds


def _end(vote: Vote, following: Vote) -> int:
    """Give where a person ends beside another; words in between that a layer wants gone go with the first."""
    between = following.start - vote.end
    return vote.end if between <= _SEPARATOR else following.start - 1


def _find(heap: list[Vote]) -> Find:
    best = min(heap, key=lambda vote: (_RANK[vote.voter], vote.start - vote.end, vote.kind == "PERSOON"))
    if best.who is not None:
        best = _wider_thing(best, heap) or (_other_person(best, heap) if best.partial else None) or best
    voters = tuple(sorted({vote.voter for vote in heap}))
    return Find(min(v.start for v in heap), max(v.end for v in heap), best.kind, best.who, voters)


def _is_wider(vote: Vote, known: Vote) -> bool:
    return vote.start <= known.start and vote.end >= known.end and (vote.start, vote.end) != (known.start, known.end)


def _wider_thing(known: Vote, heap: list[Vote]) -> Vote | None:
    """Give the vote for a thing that a name is part of: an e-mail address, a street called after somebody."""
    for vote in heap:
        if vote.kind in _THINGS and _is_wider(vote, known):
            return vote
    return None


def _other_person(known: Vote, heap: list[Vote]) -> Vote | None:
    """Give the vote for a longer name around a known first name or surname: "Jan Pietersen" is not our Jan Visser."""
    for vote in heap:
        if vote.voter == GAZETTEER and _is_wider(vote, known):
            return vote
    return None
