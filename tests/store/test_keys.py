"""The key that links pseudonyms to names, and who can read it."""

from __future__ import annotations

import multiprocessing
import shutil
import stat
from typing import TYPE_CHECKING

import pyrage
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.domain.errors import RaamwerkError
from pipeline.domain.pseudonym import PseudonymEntry, PseudonymKey
from pipeline.store.keys import KeyStore
from pipeline.store.plain import key_of, plain_key

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = PseudonymEntry("KIND", "Jantje", 208, ("Jan", "Jantje é"))


def _grown(key: PseudonymKey, *entries: PseudonymEntry) -> PseudonymKey:
    return PseudonymKey(key.secret, (*key.entries, *entries))


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    return KeyStore(tmp_path / "sleutels" / "proef")


def test_the_first_time_makes_a_key_for_the_owner_only(keys: KeyStore) -> None:
    assert not keys.complete()
    key = keys.load()
    assert len(key.secret) == 32
    assert key.entries == ()
    assert keys.complete()
    assert stat.S_IMODE(keys.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys.folder.iterdir()} == {0o600}
    assert KeyStore(keys.folder).load() == key


def test_every_study_has_its_own_key(keys: KeyStore, tmp_path: Path) -> None:
    other = KeyStore(tmp_path / "sleutels" / "ander")
    assert keys.load().secret != other.load().secret
    assert keys.fingerprint() != other.fingerprint()


def test_a_key_that_has_grown_comes_back_and_its_names_lie_encrypted(keys: KeyStore) -> None:
    key = _grown(keys.load(), ENTRY)
    keys.save(key)
    assert KeyStore(keys.folder).load() == key
    for path in keys.folder.iterdir():
        assert b"Jan" not in path.read_bytes()
        assert key.secret not in path.read_bytes()
        assert key.secret.hex().encode() not in path.read_bytes()


def test_the_age_format_of_others_can_read_the_key(keys: KeyStore) -> None:
    keys.save(_grown(keys.load(), ENTRY))
    line = (keys.folder / "identiteit.txt").read_text().splitlines()[-1]
    identity = pyrage.x25519.Identity.from_str(line)
    assert b"Jantje" in pyrage.decrypt((keys.folder / "sleutel.age").read_bytes(), [identity])


def test_the_fingerprint_stays_when_the_key_grows_and_does_not_contain_it(keys: KeyStore) -> None:
    before = keys.fingerprint()
    keys.save(_grown(keys.load(), ENTRY))
    assert keys.fingerprint() == before
    assert len(before) == 16
    assert before not in keys.load().secret.hex()


def test_a_lost_identity_is_an_error_and_makes_no_new_one(keys: KeyStore) -> None:
    keys.load()
    (keys.folder / "identiteit.txt").unlink()
    for use in (keys.load, keys.fingerprint, lambda: keys.encrypt(b"x"), lambda: keys.save(PseudonymKey(b"x" * 32))):
        with pytest.raises(RaamwerkError, match=r"identiteit\.txt is weg"):
            use()
    assert not (keys.folder / "identiteit.txt").exists()


def test_reading_where_no_keys_ever_were_is_an_error_and_makes_none(keys: KeyStore) -> None:
    with pytest.raises(RaamwerkError, match=r"identiteit\.txt bestaat niet"):
        keys.decrypt(b"x", what="x.age")
    assert not keys.folder.exists()


def test_a_wrong_identity_is_an_error_everywhere_and_changes_nothing(keys: KeyStore, tmp_path: Path) -> None:
    keys.load()
    sealed = keys.encrypt(b"x")
    other = KeyStore(tmp_path / "ander")
    other.load()
    shutil.copy(other.folder / "identiteit.txt", keys.folder)
    before = (keys.folder / "sleutel.age").read_bytes()
    for use in (
        keys.load,
        lambda: keys.encrypt(b"x"),
        lambda: keys.save(PseudonymKey(b"x" * 32)),
        lambda: keys.decrypt(sealed, what="x.age"),
    ):
        with pytest.raises(RaamwerkError, match="niet te ontsleutelen"):
            use()
    assert (keys.folder / "sleutel.age").read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"# alleen commentaar\n", b"AGE-SECRET-KEY-1NIETGOED\n", b"\xff\xfe\x00"])
def test_a_damaged_identity_is_an_error(keys: KeyStore, content: bytes) -> None:
    keys.load()
    (keys.folder / "identiteit.txt").write_bytes(content)
    with pytest.raises(RaamwerkError, match=r"identiteit\.txt is geen geldige sleutel"):
        keys.load()


@pytest.mark.parametrize("content", [b"", b"geen age", b"age-encryption.org/v1\n-> X25519 "])
def test_a_damaged_key_is_an_error(keys: KeyStore, content: bytes) -> None:
    keys.load()
    (keys.folder / "sleutel.age").write_bytes(content)
    with pytest.raises(RaamwerkError, match=r"sleutel\.age is niet te ontsleutelen"):
        keys.load()


def test_a_key_of_a_newer_program_is_refused(keys: KeyStore) -> None:
    keys.load()
    (keys.folder / "sleutel.age").write_bytes(keys.encrypt(b'{"version": 2}'))
    with pytest.raises(RaamwerkError, match="andere versie van Raamwerk"):
        keys.load()


def test_a_start_that_died_between_identity_and_key_is_finished(keys: KeyStore) -> None:
    keys.load()
    (keys.folder / "sleutel.age").unlink()
    assert keys.load() == keys.load()


def test_numbers_of_another_process_are_never_lost(keys: KeyStore) -> None:
    old = keys.load()
    keys.save(_grown(old, ENTRY))
    with pytest.raises(RaamwerkError, match="intussen door iets anders veranderd"):
        keys.save(_grown(old, PseudonymEntry("KIND", "Pietje", 3)))
    with pytest.raises(RaamwerkError, match="intussen door iets anders veranderd"):
        keys.save(PseudonymKey(b"y" * 32, (ENTRY,)))
    assert keys.load() == _grown(old, ENTRY)


def _grow(folder: Path, start: int) -> None:
    keys = KeyStore(folder)
    for number in range(start, start + 10):
        with keys.exclusive():
            keys.save(_grown(keys.load(), PseudonymEntry("KIND", f"kind {number}", number)))


@pytest.mark.slow
def test_processes_that_start_together_share_one_key_and_lose_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "sleutels"
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_grow, args=(folder, start)) for start in (1, 101, 201, 301)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert len({entry.number for entry in KeyStore(folder).load().entries}) == 40


ENTRIES = st.builds(
    PseudonymEntry, st.text(max_size=8), st.text(), st.integers(min_value=1), st.lists(st.text(), max_size=3).map(tuple)
)


@given(st.builds(PseudonymKey, st.binary(min_size=16, max_size=64), st.lists(ENTRIES, max_size=5).map(tuple)))
def test_keys_survive_as_plain_data(key: PseudonymKey) -> None:
    assert key_of(plain_key(key)) == key


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(data=st.binary())
def test_what_is_encrypted_comes_back(keys: KeyStore, data: bytes) -> None:
    sealed = keys.encrypt(data)
    assert keys.decrypt(sealed, what="x") == data
    assert len(data) < 8 or data not in sealed
