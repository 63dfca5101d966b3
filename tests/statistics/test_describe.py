from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.coding import Prediction
from pipeline.domain.description import Separation
from pipeline.statistics.describe import count_words, describe_study
from tests.statistics.builders import (
    AGREEMENTS,
    CLIENT,
    CODEBOOK,
    DURATION,
    FRAME,
    METHOD,
    OTHER_CODEBOOK,
    make_row,
    make_session,
    make_study,
    predict,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.domain.description import ComponentDescription, LabelShare, SessionDescription
    from pipeline.domain.study import Component, Value

ROLES = {"PROF_SW_1": "sociaal_werker", "PROF_KM_2": "klantmanager"}
SPOKEN = (
    ("PROF_SW_1", "zij slaapt slecht"),
    ("PROF_KM_2", "ja"),
    ("PROF_KM_2", "zij moet bewijsstukken inleveren en wel voor vrijdag"),
    (None, "wie was dat"),
    ("PROF_SW_1", "haar hoofd is vol"),
)


FRAMES = (("leefwereld",), ("rechtmatigheid",), ("geen_frame",), ("leefwereld",))


def one_session(frame: tuple[tuple[str, ...], ...] = FRAMES) -> SessionDescription:
    session = make_session("noord-1", SPOKEN, ROLES, seconds=30)
    predictions = (
        *predict(session, "frame", frame),
        *predict(
            session, "reframing", (("geen_reframing",), ("herkaderen",), ("geen_reframing",), ("geen_reframing",))
        ),
        *predict(session, "sr", (("brug_burger", "brug_beleid"), (), (), ("brug_burger",))),
    )
    study = make_study(make_row("noord-1"))
    return describe_study(study, CODEBOOK, {"noord-1": session}, {"noord-1": predictions}).sessions[0]


def shares(found: Iterable[LabelShare]) -> dict[str, tuple[int, float]]:
    return {share.label: (share.units, share.share) for share in found}


def test_what_is_counted_includes_minimal_units_and_their_words() -> None:
    one = one_session()
    assert (one.turns, one.units, one.full_units, one.speakers, one.words) == (5, 5, 4, 2, 3 + 1 + 8 + 3 + 4)
    assert one.minutes == 2.5


def test_minutes_are_unknown_without_times() -> None:
    session = make_session("noord-1", SPOKEN)
    assert (
        describe_study(make_study(make_row("noord-1")), CODEBOOK, {"noord-1": session}, {}).sessions[0].minutes is None
    )


def test_talk_share_leaves_minimal_units_out_and_keeps_unknown_speakers_last() -> None:
    talk = one_session().talk
    assert [(one.role, one.speakers, one.units, one.words) for one in talk] == [
        ("klantmanager", 1, 1, 8),
        ("sociaal_werker", 1, 2, 7),
        (None, 0, 1, 3),
    ]
    assert [one.word_share for one in talk] == pytest.approx([8 / 18, 7 / 18, 3 / 18])
    assert [one.unit_share for one in talk] == [0.25, 0.5, 0.25]


def test_machine_shares_have_the_tagged_units_as_denominator() -> None:
    one = one_session()
    frame = one.shares_of("frame")
    assert frame.units == 4
    assert shares(frame.labels) == {
        "leefwereld": (2, 0.5),
        "activering": (0, 0.0),
        "rechtmatigheid": (1, 0.25),
        "geen_frame": (1, 0.25),
    }
    assert shares(frame.roll_ups) == {"werk_inkomen": (1, 0.25)}
    assert shares(one.shares_of("sr").labels) == {"brug_burger": (2, 0.5), "brug_beleid": (1, 0.25)}
    assert one.shares_of("sr_niveau") is None


def test_a_roll_up_counts_a_unit_once_and_only_its_own_labels() -> None:
    frame = one_session((("activering",), ("rechtmatigheid",), ("geen_frame",), ("activering",))).shares_of("frame")
    assert shares(frame.roll_ups) == {"werk_inkomen": (3, 0.75)}


def test_a_label_holds_only_for_the_words_it_was_given_to() -> None:
    session = make_session("noord-1", SPOKEN)
    first, *rest = predict(session, "frame", [("leefwereld",)] * 4)
    stale = Prediction(first.utterance_id, "0" * 16, "frame", ("leefwereld",), (), "m", CODEBOOK.version_key)
    one = describe_study(make_study(make_row("noord-1")), CODEBOOK, {"noord-1": session}, {"noord-1": (stale, *rest)})
    assert one.sessions[0].shares_of("frame").units == 3


def test_a_prediction_for_a_minimal_unit_is_not_counted() -> None:
    session = make_session("noord-1", SPOKEN)
    minimal = session.utterances[1]
    extra = Prediction(minimal.id, minimal.text_sha, "frame", ("leefwereld",), (), "m", CODEBOOK.version_key)
    one = describe_study(make_study(make_row("noord-1")), CODEBOOK, {"noord-1": session}, {"noord-1": (extra,)})
    assert one.sessions[0].shares == ()


def test_of_two_predictions_for_one_unit_the_last_counts() -> None:
    session = make_session("noord-1", [("A", "iets over geld")])
    both = (*predict(session, "frame", [("leefwereld",)]), *predict(session, "frame", [("activering",)]))
    one = describe_study(make_study(make_row("noord-1")), CODEBOOK, {"noord-1": session}, {"noord-1": both})
    assert shares(one.sessions[0].shares_of("frame").labels)["activering"] == (1, 1.0)


@pytest.mark.parametrize(("dimension", "label"), [("frame", "onbekend"), ("anders", "leefwereld"), ("fase", "begin")])
def test_a_prediction_that_does_not_fit_the_codebook_is_refused(dimension: str, label: str) -> None:
    session = make_session("noord-1", [("A", "iets over geld")])
    wrong = predict(session, dimension, [(label,)])
    with pytest.raises(ValueError, match=r"noord-1\.0001\.01 does not fit codebook klein 1\.0"):
        describe_study(make_study(make_row("noord-1")), CODEBOOK, {"noord-1": session}, {"noord-1": wrong})


def test_the_course_puts_every_tagged_unit_in_one_tenth_by_position() -> None:
    session = make_session("noord-1", [("A", f"zin nummer {n}") for n in range(20)])
    frames = [("leefwereld",)] * 10 + [("activering",)] * 10
    one = describe_study(
        make_study(make_row("noord-1")), CODEBOOK, {"noord-1": session}, {"noord-1": predict(session, "frame", frames)}
    ).sessions[0]
    assert [decile.units for decile in one.course] == [2] * 10
    assert [shares(decile.shares)["leefwereld"][1] for decile in one.course] == [1.0] * 5 + [0.0] * 5


def test_a_session_of_fewer_than_ten_units_has_empty_tenths() -> None:
    assert [decile.units for decile in one_session().course] == [1, 0, 1, 0, 0, 1, 0, 1, 0, 0]
    assert one_session().course[1].shares == ()


def test_bridges_and_reframing_are_marked_where_they_were_seen() -> None:
    marks = [(mark.label, mark.turn, mark.utterance_id, mark.position) for mark in one_session().marks]
    assert marks == [
        ("brug_burger", 1, "noord-1.0001.01", 0.125),
        ("brug_beleid", 1, "noord-1.0001.01", 0.125),
        ("herkaderen", 3, "noord-1.0003.01", 0.375),
        ("brug_burger", 5, "noord-1.0005.01", 0.875),
    ]


def test_frames_are_counted_by_profession_in_the_order_of_talk() -> None:
    rows = one_session().role_labels
    assert [(row.role, row.units) for row in rows] == [("klantmanager", 1), ("sociaal_werker", 2), (None, 1)]
    assert shares(rows[1].shares)["leefwereld"] == (2, 1.0)


def test_only_sessions_of_the_study_with_units_are_described_and_the_others_are_named() -> None:
    study = make_study(make_row("noord-1"), make_row("noord-2"))
    elsewhere = make_session("zuyd-1", SPOKEN)
    found = describe_study(study, CODEBOOK, {"noord-2": make_session("noord-2", ()), "zuyd-1": elsewhere}, {})
    assert [one.session.id for one in found.sessions] == ["noord-2"]
    assert found.absent == ("noord-1",)
    assert found.sessions[0].talk == ()


def test_the_study_knows_what_leads_and_what_is_marked() -> None:
    found = describe_study(make_study(), CODEBOOK, {}, {})
    assert (found.leading, found.marked) == ("frame", ("reframing", "sr"))


def test_any_codebook_will_do() -> None:
    session = make_session("s-1", [("A", "een zin"), ("B", "nog een zin")])
    predictions = (
        *predict(session, "toon", [("koel",), ("warm",)], OTHER_CODEBOOK),
        *predict(session, "werkzaam", [("tijd",), ()], OTHER_CODEBOOK),
        *predict(session, "kleur", [("kleur_10",), ("kleur_0",)], OTHER_CODEBOOK),
    )
    found = describe_study(make_study(make_row("s-1")), OTHER_CODEBOOK, {"s-1": session}, {"s-1": predictions})
    assert (found.leading, found.marked) == ("kleur", ("werkzaam",))
    assert shares(found.sessions[0].shares_of("toon").labels) == {"koel": (1, 0.5), "lauw": (0, 0.0), "warm": (1, 0.5)}


def test_in_a_study_of_interviews_talk_is_divided_by_group() -> None:
    session = make_session("s-1", [("A", "een zin")])
    grouped = type(session)(
        "s-1", tuple(type(one)(one.pseudonym, groep="klant") for one in session.speakers), session.utterances
    )
    found = describe_study(make_study(make_row("s-1")), CODEBOOK, {"s-1": grouped}, {})
    assert [talk.role for talk in found.sessions[0].talk] == ["klant"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("ja", 1),
        ("[KIND_208] slaapt niet", 3),
        ("'s ochtends, zo'n auto-ongeluk…", 4),
        ("van [PROF_KM_417]'s", 3),
    ],
)
def test_words_are_counted_and_a_placeholder_is_one(text: str, words: int) -> None:
    assert count_words(text) == words


def describe_component(component: Component, *rows: tuple[str, int | None, Value]) -> ComponentDescription:
    """Each row: site, round, value."""
    sessions = [
        make_row(f"{site}-{number}", site, round_, {component.id: value})
        for number, (site, round_, value) in enumerate(rows)
    ]
    study = make_study(*sessions, components=(component,))
    units = {session.id: make_session(session.id, ()) for session in sessions}
    return describe_study(study, CODEBOOK, units, {}).components[0]


@pytest.mark.parametrize(
    ("rows", "separation"),
    [
        ([("a", 1, None), ("b", 1, None)], Separation.ONBEKEND),
        ([("a", 1, True), ("b", 1, True), ("b", 2, None)], Separation.GELIJK),
        ([("a", 1, True), ("a", 2, True), ("b", 1, False), ("b", 2, False)], Separation.WERKPLAATS),
        ([("a", 1, True), ("a", 2, False), ("b", 1, True), ("b", 2, False)], Separation.RONDE),
        (
            [("a", 1, True), ("a", 1, True), ("a", 2, False), ("b", 1, False), ("b", 2, True)],
            Separation.WERKPLAATS_EN_RONDE,
        ),
        ([("a", 1, True), ("a", 2, False), ("b", 1, False), ("b", 2, True)], Separation.WISSELT),
        ([("a", None, True), ("a", None, False), ("b", None, True)], Separation.WISSELT),
        ([("a", 1, True), ("a", 1, False), ("a", 2, False), ("b", 2, True)], Separation.WISSELT),
    ],
)
def test_a_component_is_told_apart_from_site_and_round_only_where_it_varies_within_them(
    rows: list[tuple[str, int | None, Value]], separation: Separation
) -> None:
    assert describe_component(CLIENT, *rows).separation is separation


def test_sessions_per_value_per_site_with_the_missing_ones_counted_apart() -> None:
    found = describe_component(
        METHOD, ("a", 1, "vrij"), ("a", 2, "vaste_fasen"), ("b", 1, "vaste_fasen"), ("b", 2, None)
    )
    assert [(count.value, count.per_site, count.sessions) for count in found.values] == [
        ("vrij", (1, 0), 1),
        ("vaste_fasen", (1, 1), 2),
    ]
    assert found.missing == 1
    assert found.varying_sites == ("a",)


def test_a_number_has_its_range_per_site() -> None:
    found = describe_component(DURATION, ("a", 1, 60), ("a", 1, 90.5), ("a", 2, 70), ("b", 1, None))
    assert [(one.site, one.sessions, one.low, one.median, one.high) for one in found.ranges] == [("a", 3, 60, 70, 90.5)]


def test_missing_outcomes_and_components_are_no_obstacle() -> None:
    study = make_study(make_row("a-1", "a"), components=(CLIENT, DURATION), outcomes=(AGREEMENTS,))
    found = describe_study(study, CODEBOOK, {"a-1": make_session("a-1", ())}, {})
    assert [one.separation for one in found.components] == [Separation.ONBEKEND] * 2


@given(
    st.lists(
        st.tuples(
            st.sampled_from(FRAME.choices),
            st.sampled_from(["SW", "KM", None]),
            st.lists(st.sampled_from(["brug_burger", "brug_beleid"]), unique=True).map(tuple),
        ),
        min_size=1,
        max_size=60,
    )
)
def test_shares_sum_to_one_and_counts_to_the_tagged_units(drawn: list[tuple[str, str | None, tuple[str, ...]]]) -> None:
    session = make_session(
        "s", [(speaker, f"zin {n}") for n, (_, speaker, _) in enumerate(drawn)], {"SW": "sociaal_werker"}
    )
    predictions = (
        *predict(session, "frame", [(frame,) for frame, _, _ in drawn]),
        *predict(session, "sr", [bridges for _, _, bridges in drawn]),
    )
    one = describe_study(make_study(make_row("s")), CODEBOOK, {"s": session}, {"s": predictions}).sessions[0]
    assert sum(share.share for share in one.shares_of("frame").labels) == pytest.approx(1)
    assert sum(talk.unit_share for talk in one.talk) == pytest.approx(1)
    assert sum(talk.word_share for talk in one.talk) == pytest.approx(1)
    assert sum(decile.units for decile in one.course) == sum(row.units for row in one.role_labels) == len(drawn)
    for part in (*one.course, *one.role_labels):
        assert sum(share.units for share in part.shares) == part.units
    assert len(one.marks) == sum(len(bridges) for _, _, bridges in drawn)
    assert all(0 < mark.position < 1 for mark in one.marks)
