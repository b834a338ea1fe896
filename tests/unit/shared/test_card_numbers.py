"""An account number is never a card number: what cards of the networks look like is refused, whatever a core says."""

from datetime import date
from uuid import uuid4

import pytest
from pydantic import ValidationError

from shared.card_numbers import is_card_number
from shared.events.core import CorePaymentReceived

# Test numbers that the networks and processors publish.
CARDS = [
    "4111111111111111",
    "4222222222222",
    "5555555555554444",
    "2223003122003222",
    "378282246310005",
    "6011000990139424",
    "3530111333300000",
    "30569309025904",
    "6200000000000005",
    "4111 1111 1111 1111",
    "3782-822463-10005",
]


@pytest.mark.parametrize("card", CARDS)
def test_a_card_number_is_known_however_it_is_grouped(card: str) -> None:
    assert is_card_number(card)


@pytest.mark.parametrize(
    "number", ["4111111111111112", "0001234567-L01", "9000000000000001", "1234567890123452", "411111111111", "L-1", ""]
)
def test_the_account_number_of_a_core_is_none(number: str) -> None:
    assert not is_card_number(number)


def test_money_of_the_core_for_a_card_number_is_refused_without_quoting_it() -> None:
    with pytest.raises(ValidationError) as caught:
        CorePaymentReceived(
            creditor_id=uuid4(),
            core_account_number="4111111111111111",
            amount_minor=1,
            currency="USD",
            effective_on=date(2026, 3, 1),
            channel="branch",
            source_ref="R-1",
        )
    [error] = caught.value.errors(include_input=False)
    assert (error["loc"], error["type"]) == (("core_account_number",), "card-number-refused")
    assert "4111" not in error["msg"]
