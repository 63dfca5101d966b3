"""The vault of raw sessions."""

from __future__ import annotations

import shutil
import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.domain.errors import RaamwerkError
from pipeline.domain.transcript import Event, EventKind, Speaker, Transcript, Turn
from pipeline.store.database import open_store
from pipeline.store.keys import KeyStore
from pipeline.store.vault import Vault
from tests.store import world

if TYPE_CHECKING:
    from pathlib import Path

RAW = Transcript(
    "docx",
    (
        Turn(1, "Truus", "Jantje sliep é 👋 e\u0301", 0.1, 2.5, (Event(EventKind.LACHEN, 6, "[lacht]"),), 0.9),
        Turn(2, None, ""),
    ),
    (Speaker("Truus", "Truus de Vries", "klantmanager", "inbrenger", "klantmanager", ("tante Truus",)),),
    known_names=("Piet Paulusma",),
    header=("Verslag van Truus",),
    warnings=("regel 3: geen spreker",),
)
CUTS = ((7, 13), ())


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "studie" / "kluis", KeyStore(tmp_path / "sleutels"))


def test_a_session_comes_back_exactly(vault: Vault) -> None:
    assert not vault.holds("noord-1")
    vault.put("noord-1", RAW, CUTS)
    assert vault.holds("noord-1")
    assert vault.get("noord-1") == (RAW, CUTS)


def test_nothing_raw_can_be_read_from_the_disk(vault: Vault, tmp_path: Path) -> None:
    vault.put("noord-1", RAW, CUTS)
    everything = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert everything
    for word in (b"Jantje", b"Truus", b"Vries", b"Paulusma", b"sliep", b"Verslag"):
        assert not any(word in content for content in everything)
    assert stat.S_IMODE(vault.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((vault.folder / "noord-1.age").stat().st_mode) == 0o600


def test_putting_again_replaces_the_session(vault: Vault) -> None:
    vault.put("a", RAW, CUTS)
    other = Transcript("txt", (Turn(1, None, "anders"),), ())
    vault.put("a", other, ((),))
    assert vault.get("a") == (other, ((),))
    assert [path.name for path in vault.folder.iterdir()] == ["a.age"]


def test_every_turn_needs_its_cuts(vault: Vault) -> None:
    with pytest.raises(ValueError, match="2 turns need as many"):
        vault.put("a", RAW, ((),))
    assert not vault.holds("a")


@pytest.mark.parametrize("name", ["../a", "A", "", "a/b", "a.b", "-a", "a\n"])
def test_only_ids_of_sessions_name_a_file(vault: Vault, name: str) -> None:
    with pytest.raises(ValueError, match="a session id has"):
        vault.put(name, RAW, CUTS)
    with pytest.raises(ValueError, match="a session id has"):
        vault.holds(name)


def test_a_session_that_is_not_there_is_explained(vault: Vault) -> None:
    with pytest.raises(RaamwerkError, match="sessie 'a' ligt niet in de kluis"):
        vault.get("a")


def test_a_file_that_was_swapped_or_damaged_is_refused(vault: Vault) -> None:
    vault.put("a", RAW, CUTS)
    shutil.copy(vault.folder / "a.age", vault.folder / "b.age")
    with pytest.raises(RaamwerkError, match=r"b\.age hoort bij een andere sessie"):
        vault.get("b")
    content = bytearray((vault.folder / "a.age").read_bytes())
    content[-5] ^= 1
    (vault.folder / "a.age").write_bytes(content)
    with pytest.raises(RaamwerkError, match=r"a\.age is niet te ontsleutelen"):
        vault.get("a")


def test_a_file_of_a_newer_program_is_refused(vault: Vault, tmp_path: Path) -> None:
    vault.put("a", RAW, CUTS)
    (vault.folder / "a.age").write_bytes(KeyStore(tmp_path / "sleutels").encrypt(b'{"version": 2}'))
    with pytest.raises(RaamwerkError, match="andere versie van Raamwerk"):
        vault.get("a")


def test_a_vault_whose_keys_are_gone_takes_and_gives_nothing(vault: Vault, tmp_path: Path) -> None:
    vault.put("a", RAW, CUTS)
    shutil.rmtree(tmp_path / "sleutels")
    with pytest.raises(RaamwerkError, match="liggen versleutelde sessies, maar de sleutel ligt niet in"):
        vault.put("b", RAW, CUTS)
    with pytest.raises(RaamwerkError, match="liggen versleutelde sessies, maar de sleutel ligt niet in"):
        vault.get("a")
    assert not (tmp_path / "sleutels").exists()
    assert not vault.holds("b")


def test_a_vault_with_the_keys_of_another_study_takes_nothing_more(vault: Vault, tmp_path: Path) -> None:
    vault.put("a", RAW, CUTS)
    KeyStore(tmp_path / "ander").load()
    shutil.copy(tmp_path / "ander" / "identiteit.txt", tmp_path / "sleutels")
    with pytest.raises(RaamwerkError, match="niet te ontsleutelen"):
        vault.put("b", RAW, CUTS)


def test_a_study_whose_key_folder_is_gone_is_told_so_before_a_new_key_is_made(vault: Vault, tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/x.db") as store:
        vault.check_keys(store)
        store.register_study(world.study("a"), world.BOOK)
        vault.check_keys(store)
        KeyStore(tmp_path / "sleutels").load()
        store.save_pseudonymised(world.transcript("a", "hoi"), key="k")
        vault.check_keys(store)
        shutil.rmtree(tmp_path / "sleutels")
        with pytest.raises(RaamwerkError, match="al gepseudonimiseerd, maar de sleutel ligt niet in"):
            vault.check_keys(store)
    assert not (tmp_path / "sleutels").exists()


NAMES = st.none() | st.text(max_size=10)
SECONDS = st.none() | st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def turns(draw: st.DrawFn, number: int, labels: tuple[str, ...]) -> Turn:
    text = draw(st.text(max_size=40))
    events = st.builds(Event, st.sampled_from(EventKind), st.integers(0, len(text)), st.text(max_size=9))
    return Turn(
        number,
        draw(st.none() | st.sampled_from(labels)) if labels else None,
        text,
        draw(SECONDS),
        draw(SECONDS),
        tuple(draw(st.lists(events, max_size=3))),
        draw(SECONDS),
    )


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    labels = tuple(draw(st.lists(st.text(max_size=10), unique=True, max_size=4)))
    texts = st.lists(st.text(), max_size=3).map(tuple)
    return Transcript(
        draw(st.text(max_size=8)),
        tuple(draw(turns(number, labels)) for number in range(1, draw(st.integers(1, 6)))),
        tuple(Speaker(label, draw(NAMES), draw(NAMES), draw(NAMES), draw(NAMES), draw(texts)) for label in labels),
        draw(texts),
        draw(texts),
        draw(texts),
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(raw=transcripts(), data=st.data())
def test_any_session_comes_back_exactly(vault: Vault, raw: Transcript, data: st.DataObject) -> None:
    cuts = tuple(tuple(data.draw(st.lists(st.integers(0, 50), max_size=3))) for _ in raw.turns)
    vault.put("a", raw, cuts)
    assert vault.get("a") == (raw, cuts)
