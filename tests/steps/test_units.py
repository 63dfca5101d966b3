"""A coder's table: written, filled in, read back."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest

from pipeline.domain.errors import InputError
from pipeline.steps import labels, units
from tests.steps.test_steps import bring_up

if TYPE_CHECKING:
    from pipeline.steps.workplace import Workplace


def test_a_table_that_a_coder_filled_in_partly_comes_back_as_labels(place: Workplace) -> None:
    bring_up(place)
    assert units.run(place, "anna") == {"sessies": 3, "uitingen": 16}
    written = place.study / "uitingen-anna.csv"
    rows = list(csv.DictReader(io.StringIO(written.read_text(encoding="utf-8-sig")), delimiter=";"))
    assert rows[1]["uiting"] == "een.0002.01"
    assert rows[1]["functie"] == "klantmanager"
    assert "Kowalczyk" not in written.read_text(encoding="utf-8")
    rows[1]["frame"] = "client"
    rows[2]["sr"] = "zelf+brug_burger"
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    (place.study / "labels").mkdir()
    (place.study / "labels" / "anna.csv").write_text(text.getvalue(), encoding="utf-8-sig")
    assert labels.run(place) == {"rijen": 2, "nieuwe labels": 2}
    with place.open_store() as store:
        found = {(one.utterance_id, one.dimension): one.labels for one in store.judgements("een")}
    assert found == {
        ("een.0002.01", "frame"): ("client",),
        ("een.0003.01", "sr"): ("brug_burger", "zelf"),
    }


def test_a_coder_s_table_is_never_written_over(place: Workplace) -> None:
    bring_up(place)
    units.run(place, "anna")
    with pytest.raises(InputError, match="bestaat al"):
        units.run(place, "anna")


def test_two_tables_in_which_one_coder_says_different_things_are_refused(place: Workplace) -> None:
    bring_up(place)
    folder = place.study / "labels"
    folder.mkdir()
    for name, label in (("a", "client"), ("b", "beleid")):
        (folder / f"{name}.csv").write_text(
            f"uiting;codeur;soort_codeur;frame\neen.0002.01;Anna;mens;{label}\n", encoding="utf-8"
        )
    with pytest.raises(InputError, match=r"ander label dan in a\.csv"):
        labels.run(place)


def test_a_correction_is_not_undone_by_reading_the_folder_again(place: Workplace) -> None:
    bring_up(place)
    folder = place.study / "labels"
    folder.mkdir()
    head = "uiting;codeur;soort_codeur;frame\n"
    (folder / "eerst.csv").write_text(head + "een.0002.01;Anna;mens;client\n", encoding="utf-8")
    labels.run(place)
    later = place.study / "later.csv"
    later.write_text(head + "een.0002.01;Anna;mens;beleid\n", encoding="utf-8")
    labels.run(place, later)
    assert labels.run(place) == {"rijen": 0, "nieuwe labels": 0}
    with place.open_store() as store:
        assert [one.labels for one in store.judgements("een")] == [("beleid",)]
