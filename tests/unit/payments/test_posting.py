"""What becomes of a payment, decided without a database."""

from datetime import date, timedelta
from itertools import product
from typing import get_args
from uuid import UUID, uuid4

import pytest

from services.payments.domain.allocation import Line, Owed
from services.payments.domain.payment import TRANSITIONS, PaymentStatus, PostPayment, moved
from services.payments.domain.posting import (
    Account,
    Creditor,
    Decision,
    Duplicate,
    Echo,
    Held,
    KnownReference,
    OurPayment,
    Posted,
    decide,
)
from shared.errors import Refusal

DAY = date(2026, 3, 2)
NEXT = date(2026, 3, 3)
CREDITOR, ACCOUNT = uuid4(), uuid4()
STATUSES: tuple[PaymentStatus, ...] = get_args(PaymentStatus)
account = Account(CREDITOR, "USD", "credit_card", "open", DAY, DAY, Owed(1000, 50, 10))
creditor = Creditor(DAY, DAY)
payment = PostPayment(uuid4(), ACCOUNT, CREDITOR, "1", 100, "USD", DAY, None, "ach", "lockbox", "r-1")


def post(
    command: PostPayment = payment,
    to: Account | None = account,
    days: Creditor | None = creditor,
    known: KnownReference | None = None,
    ours: OurPayment | None = None,
) -> Decision:
    return decide(command, account=to, creditor=days, known=known, ours=ours, paid={})


@pytest.mark.parametrize("step", list(product(STATUSES, STATUSES)))
def test_a_payment_moves_only_as_its_table_says(step: tuple[PaymentStatus, PaymentStatus]) -> None:
    before, after = step
    if after in TRANSITIONS[before]:
        assert moved(before, after) == after
    else:
        with pytest.raises(ValueError, match="never goes"):
            moved(before, after)


def test_ours_is_posted_on_the_business_date_and_the_cores_on_its_effective_date() -> None:
    assert post() == Posted(DAY, (Line("interest", 50), Line("principal", 50)), "waterfall")
    of_core = post(payment._replace(source="core", effective_on=date(2026, 2, 1)))
    assert isinstance(of_core, Posted)
    assert of_core.posted_on == date(2026, 2, 1)


def test_a_directed_allocation_is_taken_as_it_is_or_refused() -> None:
    lines = (Line("fees", 40), Line("principal_only", 60))
    assert post(payment._replace(allocation=lines)) == Posted(DAY, lines, "directed")
    refused = post(payment._replace(allocation=lines[:1]))
    assert isinstance(refused, Refusal)
    assert refused.code == "allocation-mismatch"


def test_an_account_named_by_its_id_alone_must_be_known() -> None:
    refused = post(payment._replace(creditor_id=None), to=None, days=None)
    assert isinstance(refused, Refusal)
    assert refused.code == "account-unknown"


def test_money_for_an_account_that_is_not_here_is_held() -> None:
    assert post(to=None) == Held(DAY, "account-unknown")
    assert post(to=None, days=Creditor(None, DAY)) == Held(None, "account-unknown")


@pytest.mark.parametrize(("business_date", "today"), [(NEXT, DAY), (DAY, NEXT)])
def test_an_effective_date_may_reach_the_business_date_or_today(business_date: date, today: date) -> None:
    days = Creditor(business_date, today)
    assert isinstance(post(payment._replace(effective_on=NEXT), days=days), Posted)
    refused = post(payment._replace(effective_on=date(2026, 3, 4)), days=days)
    assert isinstance(refused, Refusal)
    assert refused.code == "effective-date-in-future"


def test_another_currency_is_refused() -> None:
    refused = post(payment._replace(currency="EUR"))
    assert isinstance(refused, Refusal)
    assert refused.code == "currency-mismatch"


def test_the_same_content_is_a_duplicate_and_other_content_a_conflict() -> None:
    first = uuid4()
    known = KnownReference(payment.content_hash, first)
    assert post(payment._replace(payment_id=uuid4(), taken_by="someone"), known=known) == Duplicate(first)
    for change in ({"amount_minor": 101}, {"effective_on": NEXT}, {"currency": "EUR"}, {"ach_trace": "1" * 15}):
        refused = post(payment._replace(**change), known=known)
        assert isinstance(refused, Refusal)
        assert refused.code == "source-ref-conflict"


def test_the_pair_and_the_id_that_follows_from_it_are_the_same_content() -> None:
    assert payment._replace(core_account_number=None).content_hash == payment.content_hash


def test_an_echo_may_be_booked_on_the_next_business_day_and_not_far_ahead() -> None:
    ours = OurPayment(UUID(int=7), CREDITOR, ACCOUNT, 100, "USD")
    echo = payment._replace(source="core", source_ref=str(ours.payment_id))
    ahead = DAY + timedelta(days=7)
    assert post(echo._replace(posted_on=ahead), ours=ours) == Echo(ours.payment_id, ahead)
    refused = post(echo._replace(posted_on=ahead + timedelta(days=1)), ours=ours)
    assert isinstance(refused, Refusal)
    assert refused.code == "posted-date-in-future"


def test_an_echo_of_ours_books_it_and_another_amount_under_its_id_is_a_conflict() -> None:
    ours = OurPayment(UUID(int=7), CREDITOR, ACCOUNT, 100, "USD")
    echo = payment._replace(source="core", source_ref=str(ours.payment_id), posted_on=NEXT)
    assert post(echo, ours=ours) == Echo(ours.payment_id, NEXT)
    refused = post(echo._replace(amount_minor=99), ours=ours)
    assert isinstance(refused, Refusal)
    assert refused.code == "source-ref-conflict"


@pytest.mark.parametrize(("is_allowed", "day"), [(False, DAY), (False, NEXT), (True, DAY - timedelta(days=1))])
def test_a_booking_of_the_past_is_for_those_who_speak_for_the_core(is_allowed: bool, day: date) -> None:
    sent = payment._replace(posted_on=day, may_be_back_dated=is_allowed)
    assert isinstance(post(sent, days=Creditor(DAY, NEXT)), Posted)


@pytest.mark.parametrize("business_date", [DAY, None])
@pytest.mark.parametrize("to", [account, None])
def test_a_booking_before_the_business_date_is_refused_to_others(
    to: Account | None, business_date: date | None
) -> None:
    sent = payment._replace(posted_on=DAY - timedelta(days=1), may_be_back_dated=False)
    refused = post(sent, to=to, days=Creditor(business_date, DAY))
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.field) == ("forbidden", "posted_on")
