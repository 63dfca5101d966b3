"""What a comparison starts from: gathered whole, and honest about which sessions the model has learnt from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.domain.pseudonym import UnitisedSession, Utterance, utterance_id
from pipeline.steps import draw, labels
from pipeline.steps.draw import Asked, sheet_path
from pipeline.steps.evidence import gather, sessions_learnt_from
from pipeline.steps.overview import overview
from tests.steps.tagged import bring_a_model, fill_in, lengthen, rows_of, tag
from tests.steps.test_steps import bring_up

if TYPE_CHECKING:
    from pipeline.domain.evidence import Evidence
    from pipeline.steps.workplace import Workplace

LONG = "wij hebben dat vorige week al met haar afgesproken"


def gathered(place: Workplace) -> Evidence:
    with place.open_store() as store:
        return gather(place, store, overview(place, store))


def session_of(*texts: str) -> UnitisedSession:
    units = (
        Utterance(utterance_id("s", turn, 1), "s", turn, 1, None, text, None, None, text == "ja")
        for turn, text in enumerate(texts, start=1)
    )
    return UnitisedSession("s", (), tuple(units))


def learnt(session: UnitisedSession, *texts: str) -> bool:
    known = [unit.text_sha for unit in session_of(*texts).utterances]
    return sessions_learnt_from(known, [session]) == {"s"}


def test_one_longer_unit_that_the_model_knows_is_enough() -> None:
    assert len(LONG.split()) == 9
    assert learnt(session_of(LONG, *(f"iets anders {number}" for number in range(200))), LONG)
    assert not learnt(session_of(LONG), "iets anders")


def test_eight_words_make_a_longer_unit_and_seven_do_not() -> None:
    words = LONG.split()
    assert learnt(session_of(" ".join(words[:8])), " ".join(words[:8]))
    assert not learnt(session_of(" ".join(words[:7])), " ".join(words[:7]))


@pytest.mark.parametrize(
    ("short", "others", "expected"),
    [(2, 0, False), (3, 0, True), (3, 56, True), (3, 57, False), (4, 76, False), (4, 75, True)],
)
def test_shorter_units_count_when_they_are_several_and_more_than_a_twentieth(
    short: int, others: int, expected: bool
) -> None:
    known = [f"dat klopt {number}" for number in range(short)]
    session = session_of(*known, *(f"iets anders {number}" for number in range(others)), *["ja"] * 300)
    assert learnt(session, *known) is expected


def test_minimal_units_never_count() -> None:
    assert not learnt(session_of(*["ja"] * 5), "ja")


def test_a_placeholder_with_another_number_is_the_same_word() -> None:
    session = session_of(f"[CLIENT_12] zegt dat {LONG}")
    assert learnt(session, f"[CLIENT_99] zegt dat {LONG}")


def test_everything_of_the_sessions_that_are_up_to_date_is_gathered(place: Workplace) -> None:
    lengthen(place)
    version = bring_a_model(place)
    bring_up(place)
    tag(place, "een", "drie")
    draw.run(place, Asked(labels=("sr.brug_burger",), seed=7))
    rows = rows_of(sheet_path(place, "trekking-1", 1))[:1]
    rows[0] |= {"codeur": "Anna", "frame": "client"}
    fill_in(rows, place.study / "labels" / "anna.csv")
    labels.run(place)
    found = gathered(place)
    assert set(found.units) == set(found.machine) == set(found.judgements) == {"een", "drie"}
    assert found.model_version == version
    assert [one.id for one in found.draws] == ["trekking-1"]
    (said,) = (one for each in found.judgements.values() for one in each)
    assert (said.utterance_id, said.draw, said.blind) == (rows[0]["uiting"], "trekking-1", True)
    units = [unit for unit in found.units["een"].utterances if not unit.minimal]
    assert len(found.machine["een"].predictions) == len(units)
    assert found.machine["een"].learnt_from == frozenset()


def test_a_model_that_learnt_from_a_session_says_so_also_when_that_session_is_not_up_to_date(place: Workplace) -> None:
    bring_up(place)
    with place.open_store() as store:
        units = store.unitised("twee")
    assert units is not None
    longest = max(units.utterances, key=lambda unit: len(unit.text.split()))
    bring_a_model(place, [longest.text_sha])
    tag(place, "een")
    found = gathered(place)
    assert set(found.machine) == {"een"}
    assert found.machine["een"].learnt_from == {"twee"}


@pytest.mark.parametrize("missing", [0, 1])
def test_a_session_is_unseen_only_when_all_of_it_was_answered_by_networks_that_left_it_out(
    place: Workplace, missing: int
) -> None:
    bring_up(place)
    with place.open_store() as store:
        units = store.unitised("een")
    assert units is not None
    full = [(unit.id, unit.text_sha) for unit in units.utterances if not unit.minimal]
    bring_a_model(place, [sha for _, sha in full], full[missing:])
    tag(place, "een")
    assert gathered(place).machine["een"].learnt_from == ({"een"} if missing else frozenset())


def units_in(place: Workplace, session: str) -> list[tuple[str, str]]:
    with place.open_store() as store:
        units = store.unitised(session)
    assert units is not None
    return [(unit.id, unit.text_sha) for unit in units.utterances if not unit.minimal]


def write_talks(place: Workplace, **lines: list[str]) -> None:
    """Let the sessions say nothing that another says, and then these lines."""
    for session in ("een", "twee", "drie"):
        own = [f"In sessie {session} gaat het nu over punt {number} van de lijst." for number in range(30)]
        said = [*own, *lines.get(session, [])]
        written = "\n".join(f"{'KM1' if at % 2 else 'SW1'}: {line}" for at, line in enumerate(said)) + "\n"
        (place.study / "transcripten" / f"{session}.txt").write_text(written, "utf-8")
    bring_up(place)


def learn_and_leave_out(place: Workplace, *sessions: str, also: tuple[str, ...] = ()) -> frozenset[str] | None:
    """Bring a model that learnt from sessions and keeps answers for all of them, and ask what it has seen."""
    units = {session: units_in(place, session) for session in (*sessions, *also)}
    left_out = [unit for session in sessions for unit in units[session]]
    bring_a_model(place, [sha for each in units.values() for _, sha in each], left_out)
    tag(place, "een")
    return gathered(place).machine["een"].learnt_from


def test_the_same_talk_under_two_names_is_seen_although_each_was_left_out(place: Workplace) -> None:
    write_talks(place)
    assert learn_and_leave_out(place, "een", "twee", "drie") == frozenset()
    texts = place.study / "transcripten"
    (texts / "twee.txt").write_text((texts / "een.txt").read_text("utf-8"), "utf-8")
    bring_up(place)
    assert learn_and_leave_out(place, "een", "twee", "drie") == {"een", "twee"}


@pytest.mark.parametrize(("line", "seen"), [(LONG, {"een", "twee"}), ("dat klopt wel", set())])
def test_a_longer_unit_said_in_another_session_is_enough(place: Workplace, line: str, seen: set[str]) -> None:
    spoken = [f"{line.capitalize()}."]
    write_talks(place, een=spoken, twee=spoken)
    assert learn_and_leave_out(place, "een", "twee", "drie") == seen


def test_words_said_elsewhere_that_the_model_never_learnt_from_show_nothing(place: Workplace) -> None:
    spoken = [f"{LONG.capitalize()}."]
    write_talks(place, een=spoken, twee=spoken)
    assert learn_and_leave_out(place, "drie") == frozenset()
    assert learn_and_leave_out(place, "drie", also=("twee",)) == {"een", "twee"}


def test_a_model_that_does_not_tell_what_it_learnt_from_is_not_taken_for_one_that_learnt_nothing(
    place: Workplace,
) -> None:
    bring_a_model(place, ())
    tag(place, "een")
    assert gathered(place).machine["een"].learnt_from is None


def test_without_a_model_there_are_units_and_no_machine_labels(place: Workplace) -> None:
    bring_up(place)
    found = gathered(place)
    assert found.model_version is None
    assert found.machine == {}
