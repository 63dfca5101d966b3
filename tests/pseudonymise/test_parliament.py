from __future__ import annotations

import re
import time
from dataclasses import dataclass

import pytest
from defusedxml import ElementTree

from pipeline.formats.reading import read_transcript
from pipeline.pseudonymise.door import Outcome, Request
from tests.pseudonymise.world import KEY, SHARED, pseudonymiser

DAY = SHARED / "data" / "tweede-kamer" / "vlos-2014-10-15.xml"
SPACE = "{http://www.tweedekamer.nl/ggm/vergaderverslag/v1.0}"

pytestmark = pytest.mark.skipif(not DAY.exists(), reason="the shared parliamentary day is not here")


@dataclass(frozen=True)
class Day:
    outcome: Outcome
    seconds: float


@pytest.fixture(scope="module")
def day() -> Day:
    spoken = read_transcript(DAY)
    request = Request("kamer", spoken, tuple(() for _ in spoken.turns))
    start = time.perf_counter()
    outcome = pseudonymiser().pseudonymise(request, KEY)
    return Day(outcome, time.perf_counter() - start)


def names_of_speakers() -> set[str]:
    """Every verslagnaam and achternaam (also without its prefix) of those who have the floor or break in."""
    names = set()
    for turn in ElementTree.parse(DAY).getroot().iter():
        if turn.tag not in {f"{SPACE}woordvoerder", f"{SPACE}interrumpant"}:
            continue
        speaker = turn.find(f"{SPACE}spreker")
        for field in ("verslagnaam", "achternaam"):
            name = (speaker.findtext(f"{SPACE}{field}") or "").strip()
            names |= {name, re.sub(r" (van|de|der|den|'t|in)\b.*$", "", name)}
    return names - {""}


def test_no_name_of_a_speaker_remains_in_the_parliamentary_day(day: Day) -> None:
    text = "\n".join(turn.text for turn in day.outcome.transcript.turns)
    left = {name for name in names_of_speakers() if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)}
    assert len(names_of_speakers()) >= 36
    assert left == set()


def test_every_speaker_of_the_day_has_a_pseudonym(day: Day) -> None:
    assert len(day.outcome.transcript.turns) == 604
    assert len(day.outcome.transcript.speakers) == 36


def test_the_day_takes_well_under_a_minute(day: Day) -> None:
    assert day.seconds < 30
