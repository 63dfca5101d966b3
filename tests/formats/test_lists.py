from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from pipeline.domain.errors import InputError
from pipeline.domain.lists import LIST_IDS
from pipeline.formats.lists import read_name_lists

SHIPPED = Path(__file__).parents[2] / "corpora" / "lists"


def write(folder: Path, **items: str) -> Path:
    for list_id in LIST_IDS:
        (folder / list_id).mkdir()
        (folder / list_id / "items.txt").write_text(items.get(list_id, "# herkomst\nIets\n"), encoding="utf-8")
    return folder


def test_entries_are_read_without_remarks_and_empty_lines(tmp_path: Path) -> None:
    lists = read_name_lists(write(tmp_path, voornamen="# wie\n\nFatma \nZoë\n"))
    assert lists.of("voornamen").items == {"Fatma", "Zoë"}


def test_exceptions_are_read_where_they_are(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "plaatsen" / "exceptions.txt").write_text("Best\n", encoding="utf-8")
    lists = read_name_lists(tmp_path)
    assert lists.of("plaatsen").exceptions == {"Best"}
    assert lists.of("voornamen").exceptions == frozenset()


def test_the_fingerprint_changes_with_an_entry_and_not_with_a_remark(tmp_path: Path) -> None:
    first = read_name_lists(write(tmp_path)).sha
    (tmp_path / "voornamen" / "items.txt").write_text("# anders\nIets\n", encoding="utf-8")
    assert read_name_lists(tmp_path).sha == first
    (tmp_path / "voornamen" / "items.txt").write_text("Iets\nFatma\n", encoding="utf-8")
    assert read_name_lists(tmp_path).sha != first


def test_all_problems_are_reported_at_once_with_their_line(tmp_path: Path) -> None:
    write(tmp_path, voornamen="Fatma\n---\n", plaatsen="# leeg\n")
    (tmp_path / "achternamen" / "items.txt").unlink()
    (tmp_path / "organisaties" / "items.txt").write_bytes(b"caf\xe9\n")
    with pytest.raises(InputError) as caught:
        read_name_lists(tmp_path)
    message = str(caught.value)
    assert "items.txt, regel 2" in message
    assert "dit bestand is er niet" in message
    assert "de lijst is leeg" in message
    assert "geen UTF-8" in message


def test_the_shipped_lists_are_read() -> None:
    lists = read_name_lists(SHIPPED)
    assert "Fatma" in lists.of("voornamen").items
    assert len(lists.of("gewone_woorden").items) > 30_000


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*/*.txt")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_shipped_lists_say_where_they_come_from_and_are_sorted_without_doubles(path: Path) -> None:
    if path.name.startswith("LICENCE"):
        return
    lines = path.read_text(encoding="utf-8").splitlines()
    entries = [line for line in lines if not line.startswith("#")]
    assert lines[0].startswith("# ")
    assert entries == sorted(set(entries), key=_key)


def _key(entry: str) -> tuple[str, str]:
    plain = "".join(char for char in unicodedata.normalize("NFKD", entry.lower()) if not unicodedata.combining(char))
    return plain, entry
