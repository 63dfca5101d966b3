"""Who may be mentioned: a roster or a plain list, whichever the file is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.domain.errors import InputError
from pipeline.domain.transcript import Person
from pipeline.formats.names import read_names

if TYPE_CHECKING:
    from pathlib import Path


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["namen.txt", "namen.csv", "namen"])
def test_a_list_has_one_name_a_line_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    text = "﻿Namen:\r\n- Anna de Vries\r\n\r\nBakker, Jan de\r\nAnna de Vries\r\n"
    found = read_names(written(tmp_path, name, text))
    assert found.speakers == ()
    assert found.persons == (Person("Anna de Vries", "PERSOON"), Person("Bakker, Jan de", "PERSOON"))


@pytest.mark.parametrize("name", ["deelnemers.csv", "deelnemers.txt"])
def test_a_roster_is_read_as_a_roster_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    found = read_names(written(tmp_path, name, "spreker;naam;functie;soort\nKM1;Ilse;klantmanager;\n;Kees;;CLIENT\n"))
    assert [(speaker.label, speaker.name, speaker.functie) for speaker in found.speakers] == [
        ("KM1", "Ilse", "klantmanager")
    ]
    assert found.persons == (Person("Kees", "CLIENT"),)


def test_lines_that_are_no_name_are_told_by_number_and_never_repeated(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_names(written(tmp_path, "namen.txt", f"Anna\nBas;klantmanager\n12\n{'x' * 101}\n"))
    found = str(caught.value)
    assert [problem.place for problem in caught.value.problems] == [
        "namen.txt, regel 2",
        "namen.txt, regel 3",
        "namen.txt, regel 4",
    ]
    assert "Bas" not in found


def test_a_list_without_a_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="geen namen"):
        read_names(written(tmp_path, "namen.txt", "Naam\n-\n"))
