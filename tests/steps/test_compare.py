"""The verbs that compare and plan: what they write, and that nothing forbidden is in any file."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING, Any

import pytest
from pyarrow import parquet

from benchmarks.compare import make_evidence
from pipeline.domain.coding import CoderKind, Judgement
from pipeline.domain.errors import InputError
from pipeline.formats.export import cell, parquet_bytes
from pipeline.statistics.results import RESULT_TABLES
from pipeline.statistics.tables import TABLES
from pipeline.steps import compare, ingest, power, pseudonymise, unitise
from pipeline.steps.power import PlanRequest, read_plan
from tests.world import ROWS, typed

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.domain.evidence import Evidence
    from pipeline.steps.workplace import Workplace

FORBIDDEN = {"p", "t", "schatting", "standaardfout", "vrijheidsgraden", "onder", "boven", "waarneembaar", "hedges_g"}
"""Columns that a component of class C leaves empty."""


def bring_up(place: Workplace) -> None:
    """Make units of every session; nothing is tagged, so no session is ready."""
    for session in ROWS:
        for step in (ingest, pseudonymise, unitise):
            step.run(place, session)


def read(place: Workplace) -> dict[str, list[dict[str, Any]]]:
    content: dict[str, list[dict[str, Any]]] = json.loads((place.output / "results.json").read_text("utf-8"))
    return content


def read_csv(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text("utf-8-sig")), delimiter=";"))


def test_compare_writes_every_table_three_ways_with_the_same_values(place: Workplace) -> None:
    bring_up(place)
    assert compare.run(place)["tabellen"] == len((*TABLES, *RESULT_TABLES))
    found = read(place)
    assert tuple(found) == (*TABLES, *RESULT_TABLES)
    folder = place.output / "tabellen"
    for name, rows in found.items():
        header, *written = read_csv(folder / f"{name}.csv")
        assert len(written) == len(rows), name
        table = parquet.read_table(folder / "parquet" / f"{name}.parquet")
        assert table.column_names == header
        assert table.num_rows == len(rows)
        for one, cells in zip(rows, written, strict=True):
            assert [cell(value) for value in one.values()] == cells, name


def test_the_same_study_gives_the_same_bytes_and_nothing_to_do(place: Workplace) -> None:
    bring_up(place)
    compare.run(place)
    files = sorted(path for path in place.output.rglob("*") if path.is_file())
    before = {path: path.read_bytes() for path in files}
    assert compare.run(place) == {}
    (place.output / "results.json").unlink()
    compare.run(place)
    assert {path: path.read_bytes() for path in files} == before


def test_other_code_in_any_room_that_figures_come_from_is_something_to_do(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_up(place)
    for room in ("domain", "statistics", "formats"):
        monkeypatch.setattr(compare, "code_digest", lambda *_rooms: "as it was")
        compare.run(place)
        assert compare.run(place) == {}
        monkeypatch.setattr(compare, "code_digest", lambda *rooms, room=room: room if room in rooms else "as it was")
        assert compare.run(place) != {}, room


def test_new_labels_are_something_to_do(place: Workplace) -> None:
    bring_up(place)
    compare.run(place)
    study = place.read_study()
    with place.open_store() as store:
        units = store.unitised("een")
        assert units is not None
        unit = units.utterances[0]
        book = place.read_codebook(study)
        store.save_judgements(
            [
                Judgement(
                    unit.id, unit.text_sha, "sr", (), "anna", CoderKind.MENS, book.version_key,
                    "2020-01-01T00:00:00+00:00",
                )
            ]
        )  # fmt: skip
    # The session is not ready, so its labels are not looked at yet.
    assert compare.run(place) == {}


def test_a_component_that_coincides_with_the_site_has_no_p_in_any_file(place: Workplace) -> None:
    bring_up(place)
    rows = {
        "een": "een,noord,1,2019-03-01,transcripten/een.txt,deelnemers.csv,ja,2",
        "twee": "twee,noord,1,2019-06-01,transcripten/twee.txt,deelnemers.csv,ja,0",
        "drie": "drie,zuid,1,2019-04-01,transcripten/drie.txt,deelnemers.csv,nee,1",
    }
    header = (place.study / "sessions.csv").read_text("utf-8").splitlines()[0]
    (place.study / "sessions.csv").write_text("\n".join([header, *rows.values()]) + "\n", "utf-8")
    compare.run(place)
    found = read(place)
    assert [one["klasse"] for one in found["kenmerken"]] == ["C"]
    for name, listed in found.items():
        for one in listed:
            forbidden = FORBIDDEN if "kenmerk" in one else {"p"}
            tests = [
                key for key, value in one.items() if value is not None and (key in forbidden or key.startswith("p_"))
            ]
            assert tests == [], name
    text = (place.output / "results.json").read_text("utf-8")
    assert "niet te scheiden van de werkplaats" in text
    assert "Vergelijken kan pas na een steekproef van 40 uitingen per sessie." in text


def drawn() -> Evidence:
    """24 sessions with blind labels; `kenmerk_1` is the same in all sessions of a site."""
    evidence = make_evidence(24, 60, 3, seed=5)
    rows = tuple(
        replace(one, components={**one.components, "kenmerk_1": one.site in {"noord", "zuyd"}})
        for one in evidence.study.sessions
    )
    return replace(evidence, study=replace(evidence.study, sessions=rows))


def test_with_draws_every_file_keeps_to_the_classes_and_can_be_computed_again(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "gather", lambda _workplace, _store, _seen: drawn())
    compare.run(place)
    folder = place.output / "tabellen"
    for path in sorted(folder.glob("*.csv")):
        header, *rows = read_csv(path)
        tests = [at for at, name in enumerate(header) if name in FORBIDDEN or name.startswith("p_")]
        own = [row for row in rows if "kenmerk" in header and row[header.index("kenmerk")].startswith("kenmerk_1")]
        assert all(row[at] == "" for row in own for at in tests), path.name
    written = {
        name: parquet.read_table(folder / "parquet" / f"{name}.parquet").to_pylist()
        for name in ("effecten", "sessiecijfers")
    }
    shown = next(
        one for one in written["effecten"] if (one["uitkomst"], one["kenmerk"]) == ("sr.brug_burger", "kenmerk_0")
    )
    # The component alternates within sites, so the estimate is the mean over sites of differences of means.
    sites: dict[str, dict[bool, list[float]]] = {}
    for one in written["sessiecijfers"]:
        if one["uitkomst"] == "sr.brug_burger":
            sites.setdefault(one["blok"], {True: [], False: []})[one["kenmerk_kenmerk_0"]].append(one["cijfer"])
    differences = [fmean(levels[True]) - fmean(levels[False]) for levels in sites.values()]
    assert shown["schatting"] == pytest.approx(fmean(differences))
    assert shown["p_holm"] > 0
    before = (place.output / "results.json").read_bytes()
    (place.output / "results.json").unlink()
    compare.run(place)
    assert (place.output / "results.json").read_bytes() == before


def test_power_uses_the_figures_of_a_study_with_blind_labels(
    place: Workplace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(power, "gather", lambda _workplace, _store, _seen: drawn())
    asked = PlanRequest(sessions=(8,), labels=(40,), replications=10)
    assert power.run(place, "sr.brug_burger", asked) == 0
    said = "".join(capsys.readouterr())
    assert said.count("(uit de studie)") == 5
    assert "Uitkomst: Sociale reflexiviteit: Brug_burger" in said


def test_power_says_that_a_study_without_a_model_is_planned_on_labels_of_people_alone(
    place: Workplace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = PlanRequest(sessions=(8,), labels=(40,), replications=5)
    said = []
    for evidence in (replace(drawn(), machine={}, model_version=None), drawn()):
        monkeypatch.setattr(power, "gather", lambda _workplace, _store, _seen, found=evidence: found)
        assert power.run(place, "sr.brug_burger", asked) == 0
        said.append("labels van mensen alleen" in "".join(capsys.readouterr()))
    assert said == [True, False]


def test_a_column_of_several_kinds_is_written_as_text() -> None:
    data = parquet_bytes(("a", "b", "c", "d", "e"), [(1, 0.5, True, "x", None), (2.5, None, None, 3, None)])
    table = parquet.read_table(io.BytesIO(data)).to_pylist()
    assert table == [
        {"a": 1.0, "b": 0.5, "c": True, "d": "x", "e": None},
        {"a": 2.5, "b": None, "c": None, "d": "3", "e": None},
    ]
    assert parquet.read_table(io.BytesIO(parquet_bytes(("a",), []))).num_rows == 0


# Power


def test_a_plan_is_read_as_it_is_typed() -> None:
    plan = read_plan(["verschil=7,5", "sessies=8,10", "labels=40", "aandeel=8", "werkplaatsen=3", "nabootsingen=500"])
    assert (plan.difference, plan.sessions, plan.labels) == (0.075, (8, 10), (40,))
    assert (plan.figures.rate, plan.sites, plan.replications) == (0.08, 3, 500)


@pytest.mark.parametrize(
    "typed_in",
    [
        ["aandeel=8%", "sessies=8;10", "verschil=7,5 %"],
        ["aandeel= 8 %", "sessies=8, 10", "verschil=7.5%"],
    ],
)
def test_a_plan_may_be_typed_as_people_write_it(typed_in: list[str]) -> None:
    assert read_plan(typed_in) == read_plan(["aandeel=8", "sessies=8,10", "verschil=7.5"])


@pytest.mark.parametrize("written", ["x=3", "verschil", "verschil=veel", "labels=40,", "sessies=8:10", "uitingen=8%"])
def test_what_cannot_be_read_is_named(written: str) -> None:
    with pytest.raises(InputError, match="niet te lezen"):
        read_plan([written])


@pytest.mark.parametrize(
    ("written", "cure"),
    [
        ("verschil=0", "niet 0"),
        ("verschil=nan", "tussen -100 en 100"),
        ("verschil=-100", "tussen -100 en 100"),
        ("aandeel=inf", "tussen 0 en 100"),
        ("aandeel=150", "tussen 0 en 100"),
        ("aandeel=0", "tussen 0 en 100"),
        ("deel=0", "tussen 0 en 100"),
        ("deel=100%", "tussen 0 en 100"),
        ("gevoeligheid=120", "0 tot en met 100"),
        ("spreiding=-1", "0 tot en met 100"),
        ("uitingen=0", "ten minste één"),
        ("sessies=8,1", "2 of meer"),
        ("labels=0", "1 of meer"),
        ("nabootsingen=99", "ten minste 100 en ten hoogste 100.000"),
        ("nabootsingen=100001", "ten minste 100 en ten hoogste 100.000"),
    ],
)
def test_a_value_that_cannot_be_is_named_before_anything_is_told(written: str, cure: str) -> None:
    result = typed("power", "--given", written)
    assert result.exit_code == 2
    assert f"{written} kan niet" in result.output
    assert cure in " ".join(result.output.split())
    assert "aangenomen" not in result.output


@pytest.mark.parametrize("written", ["gevoeligheid=100", "specificiteit=0", "spreiding=0", "nabootsingen=100000"])
def test_values_at_the_end_may_be(written: str) -> None:
    assert read_plan([written]) != PlanRequest()


def test_power_without_a_study_prints_and_writes_a_table(tmp_path: Path) -> None:
    out = tmp_path / "plan.csv"
    given = [
        word for one in ("nabootsingen=100", "sessies=8,30", "labels=40", "verschil=8") for word in ("--given", one)
    ]
    result = typed("power", *given, "--out", str(out))
    assert result.exit_code == 0
    header, *rows = read_csv(out)
    assert header == list(power.HEADER)
    assert [row[2] for row in rows] == ["32", "120"]
    chance, margin = (float(cell.replace(",", ".")) for cell in rows[0][5:7])
    assert float(rows[1][5].replace(",", ".")) > 0.9
    squared = 1.96**2 / 100
    lower = chance + squared / 2 - (squared * chance * (1 - chance) + squared**2 / 4) ** 0.5
    assert chance > 0.5, "so that the lower arm is the longer one"
    assert margin == pytest.approx(chance - lower / (1 + squared), abs=1e-4)
    shown = [f"{100 * number:.1f}".replace(".", ",") for number in (chance, margin)]
    assert f"{shown[0]} % ± {shown[1]}" in result.output
    assert "100 keer nagebootst" in result.output
    assert "Kleinste plan" in result.output
    assert "samen 4800 labels" in result.output
    assert " procentpunt" in result.output
    assert " punt" not in result.output


def test_plans_that_cannot_be_worked_out_have_not_missed_the_difference(capsys: pytest.CaptureFixture[str]) -> None:
    assert power.run(None, None, read_plan(["verschil=95"])) == 2
    said = "".join(capsys.readouterr())
    assert "door te rekenen" in said
    assert "nagebootst" not in said
    assert "vindt het verschil" not in said


def test_power_takes_from_a_study_what_it_has(place: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    bring_up(place)
    asked = PlanRequest(sessions=(8,), labels=(40,), replications=10)
    assert power.run(place, None, asked) == 0
    said = "".join(capsys.readouterr())
    assert "nog geen blinde labels" in said
    assert "aandeel van de uitingen: 19,0 % (aangenomen)" in said
    with pytest.raises(InputError, match="geen aandeel"):
        power.run(place, "sr.bestaat_niet", asked)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["spreiding=50"], "50,0 % past niet bij een aandeel van 19,0 %"),
        (["aandeel=0,1"], "6,0 % past niet bij een aandeel van 0,1 %"),
    ],
)
def test_figures_that_cannot_go_together_are_refused_before_anything_is_told(
    given: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InputError, match=words):
        power.run(None, None, read_plan(given))
    assert not "".join(capsys.readouterr())


def test_more_labels_than_a_session_has_units_are_not_planned(capsys: pytest.CaptureFixture[str]) -> None:
    assert power.run(None, None, read_plan(["labels=100000", "sessies=12"])) == 2
    assert "hoogstens 600 uitingen" in "".join(capsys.readouterr())
    asked = replace(read_plan(["labels=40,601", "sessies=40", "verschil=15"]), replications=20)
    assert power.run(None, None, asked) == 0
    assert "en 40 labels per sessie, samen 6400 labels" in "".join(capsys.readouterr())


def test_labels_of_short_sessions_are_counted_as_at_most(
    place: Workplace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(power, "gather", lambda _workplace, _store, _seen: drawn())
    monkeypatch.setattr(power, "_lengths", lambda _evidence: (30, 90))
    monkeypatch.setattr(power, "_chosen", lambda _study, _outcomes, _wanted: None)
    asked = PlanRequest(sessions=(40,), labels=(40,), difference=0.2, replications=20)
    assert power.run(place, None, asked) == 0
    assert "samen hoogstens" in "".join(capsys.readouterr())


def test_an_outcome_without_a_study_is_an_error() -> None:
    result = typed("power", "--outcome", "sr.brug_burger")
    assert result.exit_code == 2
    assert "hoort bij een studie" in result.output


@pytest.mark.parametrize(
    ("outcome", "why"), [("gesprek.woorden_klantmanager", "wordt geteld"), ("inzicht", "wordt per sessie ingevuld")]
)
def test_an_outcome_that_needs_no_labels_is_not_planned_by_labels(
    place: Workplace, monkeypatch: pytest.MonkeyPatch, outcome: str, why: str
) -> None:
    monkeypatch.setattr(power, "gather", lambda _workplace, _store, _seen: drawn())
    with pytest.raises(InputError, match=why) as found:
        power.run(place, outcome, PlanRequest())
    assert "sr.brug_burger" in found.value.problems[0].cure
    assert "gesprek." not in found.value.problems[0].cure
