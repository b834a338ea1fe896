"""Ids that others compute are computed as the surface says; our own are ordered by time."""

from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ids import account_id, contact_point_id, lock_key, new_id, party_id

CREDITOR = UUID("0b0e7a52-9a53-4b7e-9d8b-4f0f8b9a3c11")
numbers = st.text(min_size=1).filter(lambda number: number.strip() == number)


def test_the_id_of_an_account_is_the_uuid5_of_its_number_in_the_namespace_of_its_creditor() -> None:
    assert account_id(CREDITOR, "0012-L1") == uuid5(CREDITOR, "0012-L1")
    assert account_id(CREDITOR, "0012-L1").version == 5


def test_the_id_of_a_party_is_the_uuid5_of_party_and_its_number() -> None:
    assert party_id(CREDITOR, "77") == uuid5(CREDITOR, "party:77")


@given(number=numbers, space=st.text(" \t\n\r", max_size=3))
def test_white_space_around_a_number_does_not_matter(number: str, space: str) -> None:
    assert account_id(CREDITOR, space + number + space) == account_id(CREDITOR, number)
    assert party_id(CREDITOR, space + number + space) == party_id(CREDITOR, number)


@pytest.mark.parametrize(("one", "other"), [("12", "012"), ("a1", "A1"), ("1-1", "11"), ("1 1", "11")])
def test_case_leading_zeros_and_suffixes_make_another_account(one: str, other: str) -> None:
    assert account_id(CREDITOR, one) != account_id(CREDITOR, other)


@given(number=numbers)
def test_an_account_is_never_the_party_of_the_same_number_nor_anothers(number: str) -> None:
    other = UUID(int=CREDITOR.int ^ 1)
    assert len({account_id(CREDITOR, number), party_id(CREDITOR, number), account_id(other, number)}) == 3


def test_the_same_value_of_another_kind_is_another_contact_point() -> None:
    party = party_id(CREDITOR, "77")
    assert contact_point_id(party, "phone", " +15551234567 ") == contact_point_id(party, "phone", "+15551234567")
    assert contact_point_id(party, "phone", "x") != contact_point_id(party, "email", "x")


def test_new_ids_are_uuid7_in_the_order_of_their_making() -> None:
    made = [new_id() for _ in range(5000)]
    assert made == sorted(set(made))
    assert all(isinstance(value, UUID) and value == UUID(str(value)) for value in made)
    assert {value.version for value in made} == {7}


@given(value=st.uuids())
def test_a_lock_key_is_the_low_half_of_the_id_as_a_signed_bigint(value: UUID) -> None:
    key = lock_key(value)
    assert -(2**63) <= key < 2**63
    assert key % 2**64 == value.int % 2**64
