"""What the brute-force models say of a story: computed from its facts alone, by sentences, not by the services."""

from datetime import date
from typing import Any

from deploy.local.books.account import AccountModel
from deploy.local.books.commitments import CHARGE_OFF, Case, End, judge
from deploy.local.books.postings import Entry, Snapshot
from deploy.local.books.terms import Arrangement, Money, Promise
from deploy.local.books.turning_points import charged_off_on, payoffs
from tests.integration.any_order.story import AccountStory, Payment, Story


def standing_of(account: AccountStory, day: date) -> tuple[Any, ...]:
    """(balance, past due, days past due, oldest, bucket, stage) on a business date."""
    found = _model(account).standing(day)
    oldest = found.oldest.isoformat() if found.oldest else None
    return found.balance, found.past_due, found.days_past_due, oldest, found.bucket, found.stage


def _model(account: AccountStory) -> AccountModel:
    snapshots = [
        Snapshot(
            row.on, 0, row.balance, row.past_due, row.oldest, row.installment, row.frequency, row.next_due, row.status,
            row.is_absent,
        )
        for row in account.rows
    ]  # fmt: skip
    entries = {one.ref: _entry(one) for one in account.payments}
    return AccountModel(account.product, snapshots, entries)


def _entry(one: Payment) -> Entry:
    return Entry(
        one.ref, one.amount, one.dues, one.effective, one.posted, one.is_core, one.booked,
        # A reversal of ours that the core has booked is the core's, on that day.
        reversal_posted=one.reversal_booked or one.reversed_on,
        reversal_is_core=one.is_core or one.reversal_booked is not None,
    )  # fmt: skip


def words_of(story: Story, account: AccountStory) -> list[str]:
    """The status of each promise and arrangement at the end, in the order in which they were made."""
    promises, arrangements = [], []
    for n, word in enumerate(account.words):
        made = _instant(word.at, n)
        if word.kind == "promise":
            due_on, amount = word.installments[0]
            promises.append(Promise(str(n), amount, due_on, story.start, made))
        else:
            terms = tuple(word.installments)
            activated = (story.start, made)
            arrangements.append(
                Arrangement(str(n), terms, story.start, made, word.grace, word.tolerance, activated=activated)
            )
    money = [_money(account, one) for one in account.payments if one.reversed_on is None]
    model = _model(account)
    charged_off = charged_off_on(model)
    ends = [End(charged_off, CHARGE_OFF)] if charged_off else []
    found = judge(Case(promises, arrangements, money, ends, payoffs(model)), story.end)
    states = {**found.promises, **found.arrangements}
    return [states[str(n)].status for n in range(len(account.words))]


def _instant(at: int, nth: int) -> int:
    """The place of a promise or an arrangement among the calls at the START: after `at` payments, `nth` of its kind."""
    return at * 100 + nth + 50


def _money(account: AccountStory, one: Payment) -> Money:
    """What was not called at the START, or moved there by a correction, came after whatever was made there."""
    if one.phase != 0 or one.moved_from is not None:
        return Money(one.ref, one.amount, one.effective, one.posted, 10**6)
    calls = [other for other in account.payments if other.phase == 0 and other.moved_from is None]
    return Money(one.ref, one.amount, one.effective, one.posted, calls.index(one) * 100 + 100)
