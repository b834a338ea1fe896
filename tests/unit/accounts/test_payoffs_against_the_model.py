"""The times with nothing owed equal the brute-force model's on random histories, told whole or from any snapshot on."""

from datetime import date, timedelta
from random import Random
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.local.books import postings as model
from deploy.local.books import turning_points
from deploy.local.books.account import AccountModel
from services.accounts.domain.ledger import Booking, Entry, Reversal
from services.accounts.domain.turning_points import Close, Payoff, payoffs

HALF = 0.5
EPOCH = date(2024, 2, 20)
days = st.integers(0, 30).map(lambda n: EPOCH + timedelta(days=n))


@st.composite
def entries(draw: st.DrawFn, number: int) -> model.Entry:
    posted, is_core = draw(days), draw(st.booleans())
    returned = posted + timedelta(days=draw(st.integers(0, 15))) if draw(st.integers(0, 3)) == 0 else None
    amount = draw(st.sampled_from([5, 10, 20, 30]))
    return model.Entry(
        id=str(number),
        amount=amount,
        dues=amount,
        effective=posted + timedelta(days=draw(st.sampled_from([-9, -1, 0, 0, 0, 2]))),
        posted=posted,
        is_core=is_core,
        booked=None if is_core or draw(st.booleans()) else posted + timedelta(days=draw(st.integers(0, 3))),
        reversal_posted=returned,
        reversal_is_core=draw(st.booleans()),
    )


@st.composite
def histories(draw: st.DrawFn) -> AccountModel:
    closes = {draw(days): draw(st.sampled_from([-5, 0, 10, 20, 30, 40])) for _ in range(draw(st.integers(1, 5)))}
    return AccountModel(
        "credit_card",
        [model.Snapshot(on, 0, balance) for on, balance in sorted(closes.items())],
        {str(n): draw(entries(n)) for n in range(draw(st.integers(0, 5)))},
    )


def _booking(posted: date, booked: date | None, *, is_core: bool) -> Booking:
    return Booking("core" if is_core else "ours", posted, booked)


def _entry(one: model.Entry) -> Entry:
    booking = _booking(one.posted, one.booked, is_core=one.is_core)
    return Entry(UUID(int=int(one.id)), one.amount, one.dues, one.effective, booking)


def _reversals(history: AccountModel) -> dict[UUID, Reversal]:
    return {
        (key := UUID(int=int(one.id))): Reversal(
            key, one.effective, _booking(one.reversal_posted, None, is_core=one.reversal_is_core)
        )
        for one in history.entries.values()
        if one.reversal_posted is not None
    }


@settings(max_examples=1500)
@given(histories(), st.integers(0, 4), st.randoms(use_true_random=False))
def test_the_payoffs_of_any_history_equal_the_model_told_whole_or_on_top_of_what_is_known(
    history: AccountModel, at: int, chance: Random
) -> None:
    closes = [Close(one.on, one.balance) for one in history.snapshots]
    money, reversals = [_entry(one) for one in history.entries.values()], _reversals(history)
    expected = tuple(Payoff(*times) for times in turning_points.payoffs(history))
    assert set(payoffs(closes, money, reversals)) == set(expected)

    # What was known when the close `at` ruled: some of the money on top of it, and all that it holds.
    at = min(at, len(closes) - 1)
    held = [one for one in money if one.booking.contained_on <= closes[at].on]
    on_top = [one for one in money if one not in held and one.payment_id not in reversals and chance.random() < HALF]
    known = held + on_top
    earlier = payoffs(closes[: at + 1], known, reversals)
    assert set(payoffs(closes[at:], money, reversals, earlier)) == set(expected)
