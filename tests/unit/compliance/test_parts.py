"""Who a party is to the debts that it is contacted about: 12 CFR 1006.2(e), 1006.6(a)."""

import pytest

from services.compliance.domain.facts import Recipient
from services.compliance.domain.parts import Part, recipient_of

CONSUMER, THIRD, EXECUTOR = Recipient.CONSUMER, Recipient.THIRD_PARTY, Recipient.PERSONAL_REPRESENTATIVE


@pytest.mark.parametrize("role", ["primary", "joint", "cosigner", "guarantor"])
def test_whoever_owes_the_debt_is_the_consumer(role: str) -> None:
    assert recipient_of([Part([role])]) is CONSUMER
    assert recipient_of([Part(["authorized_user", role])]) is CONSUMER


def test_an_authorized_user_is_a_third_party() -> None:
    assert recipient_of([Part(["authorized_user"])]) is THIRD


def test_a_representative_is_the_consumer_of_an_estate_and_of_the_living_nobody_knows() -> None:
    assert recipient_of([Part(["representative"], is_of_estate=True)]) is EXECUTOR
    assert recipient_of([Part(["representative"])]) is None


@pytest.mark.parametrize("roles", [[], ["of a later release"]])
def test_a_part_that_is_not_known_is_nobodys(roles: list[str]) -> None:
    assert recipient_of([Part(roles)]) is None
    assert recipient_of([Part(["primary"]), Part(roles)]) is None
    assert recipient_of([]) is None


def test_of_several_debts_the_least_protected_place_counts() -> None:
    assert recipient_of([Part(["primary"]), Part(["authorized_user"])]) is THIRD
    assert recipient_of([Part(["primary"]), Part(["representative"], is_of_estate=True)]) is EXECUTOR
    assert recipient_of([Part(["representative"], is_of_estate=True), Part(["authorized_user"])]) is THIRD
