"""What becomes of a reversal, decided without a database."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest

from services.payments.domain.reversal import (
    Booked,
    CoreReversal,
    Original,
    Reversed,
    ReversePayment,
    Standing,
    Unchanged,
    decide,
)
from shared.errors import Refusal

DAY = date(2026, 3, 2)
NEXT = date(2026, 3, 3)
ACCOUNT = uuid4()
original = Original(uuid4(), ACCOUNT, 1000, "USD", DAY, NEXT)
by_hand = ReversePayment(uuid4(), "nsf", DAY, None, "ours")
of_core = ReversePayment(uuid4(), "returned", DAY, NEXT, "core", ACCOUNT, 1000, "USD")


def test_ours_is_booked_on_the_business_date_and_the_cores_on_its_own_day() -> None:
    assert decide(by_hand, original, None) == Reversed(DAY)
    assert decide(of_core, original, None) == Reversed(NEXT)
    assert decide(replace(of_core, posted_on=None), original, None) == Reversed(DAY)


def test_ours_of_a_creditor_without_a_business_date_has_no_day_yet() -> None:
    assert decide(by_hand, replace(original, business_date=None), None) == Reversed(None)


@pytest.mark.parametrize(("field", "value"), [("account_id", uuid4()), ("amount_minor", 999), ("currency", "EUR")])
def test_a_reversal_that_does_not_fit_its_payment_is_refused(field: str, value: UUID | int | str) -> None:
    refused = decide(replace(of_core, **{field: value}), original, None)  # type: ignore[arg-type]
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.field) == ("reversal-mismatch", field)


def test_a_second_reversal_changes_nothing_and_the_cores_of_ours_books_it_once() -> None:
    ours = Standing(uuid4(), "ours", None)
    assert decide(of_core, original, ours) == Booked(ours.reversal_id, NEXT)
    assert decide(by_hand, original, ours) == Unchanged(ours.reversal_id)
    assert decide(of_core, original, replace(ours, booked_on=NEXT)) == Unchanged(ours.reversal_id)
    assert decide(of_core, original, replace(ours, origin="core")) == Unchanged(ours.reversal_id)
    far_ahead = decide(replace(of_core, posted_on=NEXT + timedelta(days=8)), original, ours)
    assert isinstance(far_ahead, Refusal)
    assert far_ahead.code == "posted-date-in-future"


@pytest.mark.parametrize(
    ("business_date", "today", "is_taken"), [(NEXT, DAY, True), (DAY, NEXT, True), (DAY, DAY, False)]
)
def test_a_reversal_takes_effect_by_the_business_date_or_today(
    business_date: date, today: date, *, is_taken: bool
) -> None:
    decision = decide(
        replace(by_hand, effective_on=NEXT), replace(original, business_date=business_date, local_date=today), None
    )
    assert isinstance(decision, Reversed) is is_taken


def test_the_same_reversal_of_the_core_has_the_same_content_whatever_id_we_give_it() -> None:
    sent = CoreReversal(uuid4(), uuid4(), ACCOUNT, 1000, "USD", "nsf", DAY, DAY, "r-1", "c-1")
    assert replace(sent, reversal_id=uuid4()).content_hash == sent.content_hash
    assert replace(sent, reversal_of="c-2").content_hash != sent.content_hash
    assert sent.command() == ReversePayment(sent.reversal_id, "nsf", DAY, DAY, "core", ACCOUNT, 1000, "USD")
