from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.pseudonym import PseudonymKey
from pipeline.pseudonymise.ring import KeyRing, compatible

SECRET = b"0123456789abcdef"


def test_numbers_within_a_kind_are_never_given_twice_and_grow_when_half_full() -> None:
    ring = KeyRing(PseudonymKey(SECRET))
    numbers = [int(ring.pseudonym("PLAATS", f"plaats {at}").rpartition("_")[2]) for at in range(1200)]
    assert len(set(numbers)) == 1200
    assert max(numbers[:500]) <= 999
    assert max(numbers[500:]) > 999


def test_numbers_do_not_follow_the_order_of_appearance() -> None:
    ring = KeyRing(PseudonymKey(SECRET))
    numbers = [int(ring.pseudonym("PERSOON", f"naam {at}").rpartition("_")[2]) for at in range(30)]
    assert numbers != sorted(numbers)


def test_a_person_keeps_the_kind_given_first() -> None:
    ring = KeyRing(PseudonymKey(SECRET))
    first = ring.pseudonym("PROF", "Fenna Kuiper")
    assert ring.pseudonym("PROF_KM", "fenna kuiper") == first
    assert ring.pseudonym("KIND", "Fenna Kuiper") != first


def test_further_forms_are_remembered_once_and_sorted() -> None:
    ring = KeyRing(PseudonymKey(SECRET))
    for form in ("Fenna", "Kuiper", "Fenna", "Fenna Kuiper"):
        ring.pseudonym("CLIENT", "Fenna Kuiper", form)
    (entry,) = ring.key().entries
    assert entry.also == ("Fenna", "Kuiper")


@given(names=st.lists(st.text(min_size=1, max_size=8), max_size=20))
def test_a_key_that_is_stored_and_opened_again_gives_the_same(names: list[str]) -> None:
    ring = KeyRing(PseudonymKey(SECRET))
    first = [ring.pseudonym("PERSOON", name) for name in names]
    again = KeyRing(ring.key())
    assert [again.pseudonym("PERSOON", name) for name in names] == first
    assert again.key() == ring.key()


def test_only_kinds_that_can_be_one_person_fit() -> None:
    assert compatible("PROF", "PROF_KM")
    assert compatible("PERSOON", "CLIENT")
    assert not compatible("CLIENT", "PROF_SW")
    assert not compatible("KIND", "CLIENT")
