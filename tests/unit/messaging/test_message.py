"""What a subscription locks, and that a topic is served once."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from shared.db.locks import Locks
from shared.db.transaction import Tx
from shared.events.accounts import BusinessDateAdvanced
from shared.events.core import CorePaymentReceived
from shared.ids import account_id
from shared.messaging.dead_letter import Selection
from shared.messaging.message import Message, Rejected, Subscription, by_topic, group_of, locks_of


async def _nothing(_tx: Tx, _messages: Sequence[Message[Any]]) -> Sequence[Rejected]:
    return []


def test_a_payment_of_the_core_locks_the_account_that_its_number_makes() -> None:
    creditor = uuid4()
    payload = CorePaymentReceived(
        creditor_id=creditor,
        core_account_number=" 0017 ",
        amount_minor=1,
        currency="USD",
        effective_on=date(2026, 1, 2),
        channel="ach",
        source_ref="r",
    )
    assert locks_of([payload]) == Locks(frozenset({creditor}), frozenset({account_id(creditor, "0017")}))


def test_a_business_date_locks_its_creditor_alone() -> None:
    creditor = uuid4()
    payload = BusinessDateAdvanced(creditor_id=creditor, business_date=date(2026, 1, 2), previous=None)
    assert locks_of([payload]) == Locks(frozenset({creditor}))


def test_a_topic_has_one_handler() -> None:
    one = Subscription(("payment.posted", "payment.reversed"), _nothing)
    assert set(by_topic([one])) == {"payment.posted", "payment.reversed"}
    with pytest.raises(ValueError, match=r"payment\.posted"):
        by_topic([one, Subscription(("payment.posted",), _nothing)])


def test_the_bulk_loop_is_a_group_of_its_own() -> None:
    assert group_of("accounts", "main") == "accounts"
    assert group_of("accounts", "bulk") == "accounts.bulk"


def test_a_selection_of_dead_letters_names_exactly_one_thing() -> None:
    Selection(everything=True)
    for arguments in ({}, {"key": "a", "everything": True}):
        with pytest.raises(ValueError, match="choose one"):
            Selection(**arguments)  # type: ignore[arg-type]
