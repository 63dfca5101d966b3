from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.statistics.describe import describe_study
from pipeline.statistics.tables import tables
from tests.statistics.builders import AGREEMENTS, CLIENT, CODEBOOK, make_row, make_session, make_study, predict

if TYPE_CHECKING:
    from pipeline.domain.description import StudyDescription


def small_world() -> StudyDescription:
    session = make_session("noord-1", [("A", "een hele zin"), ("B", "ja"), ("B", "nog een")], {"A": "klantmanager"})
    study = make_study(
        make_row("noord-1", round_=2, components={"client_aanwezig": True}, outcomes={"n_afspraken": 3}),
        make_row("noord-2", components={"client_aanwezig": False}),
        components=(CLIENT,),
        outcomes=(AGREEMENTS,),
    )
    predictions = predict(session, "frame", [("leefwereld",), ("activering",)])
    units = {"noord-1": session, "noord-2": make_session("noord-2", ())}
    return describe_study(study, CODEBOOK, units, {"noord-1": predictions})


def test_every_row_is_as_long_as_its_header() -> None:
    for header, rows in tables(small_world()).values():
        assert all(len(row) == len(header) for row in rows)
        assert len(set(header)) == len(header)


def test_the_table_of_sessions_holds_counts_components_and_outcomes() -> None:
    header, rows = tables(small_world())["sessies"]
    assert dict(zip(header, rows[0], strict=True)) == {
        "sessie": "noord-1",
        "werkplaats": "noord",
        "ronde": 2,
        "datum": None,
        "beurten": 3,
        "uitingen": 3,
        "uitingen_niet_minimaal": 2,
        "sprekers": 2,
        "woorden": 6,
        "minuten": None,
        "client_aanwezig": True,
        "n_afspraken": 3,
    }
    assert rows[1][-1] is None


def test_machine_shares_are_named_uncorrected_in_their_column() -> None:
    found = tables(small_world())
    for name in ("aandelen", "functie_label", "verloop"):
        assert found[name][0][-1] == "aandeel_machine_niet_gecorrigeerd"
    assert ("noord-1", "frame", "leefwereld", "label", 1, 2, 0.5) in found["aandelen"][1]
    assert ("noord-1", "frame", "werk_inkomen", "samen", 1, 2, 0.5) in found["aandelen"][1]
    assert ("noord-1", "klantmanager", "frame", "leefwereld", 1, 1, 1.0) in found["functie_label"][1]
    assert ("noord-1", 6, "frame", "activering", 1, 1, 1.0) in found["verloop"][1]


def test_the_components_say_whether_they_can_be_told_apart() -> None:
    assert tables(small_world())["componenten"][1] == (
        ("client_aanwezig", True, "noord", 1, "wisselt"),
        ("client_aanwezig", False, "noord", 1, "wisselt"),
    )


def test_nothing_described_gives_headers_without_rows() -> None:
    found = tables(describe_study(make_study(), CODEBOOK, {}, {}))
    assert all(header and not rows for header, rows in found.values())
