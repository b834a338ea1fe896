"""How an arrangement stands with its money, by brute force from "What the words mean" alone."""

from collections.abc import Iterable, Sequence
from datetime import date

from deploy.local.books.terms import ONE_DAY, Arrangement, Money, Standing, in_order


def arrangement_standing(
    one: Arrangement,
    mine: Sequence[Money],
    business_date: date,
    paid_off_on: date | None = None,
    cancelled_on: date | None = None,
) -> Standing:
    """Where an arrangement stands with its own money; `paid_off_on`: the first day with nothing owed on the account.

    Money that is effective after it was cancelled or paid off is no part of it.
    """
    mine = [money for money in mine if all(money.effective <= day for day in (cancelled_on, paid_off_on) if day)]
    got, total = sum(money.amount for money in mine), sum(amount for _, amount in one.installments)
    paid, next_due_on = min(got, total), _next_due_on(one, got)
    if cancelled_on is not None:
        return Standing("cancelled", paid, cancelled_on)
    if one.activated is None:
        return Standing("proposed", paid, None, next_due_on)
    done_on = _done_on(one, mine, total)
    if paid_off_on is not None:
        done_on = min(done_on or paid_off_on, paid_off_on)
    # What nothing is owed on can not be broken any more.
    broken_on = _broken_on(one, mine, business_date if paid_off_on is None else min(business_date, paid_off_on))
    if broken_on is not None:
        return Standing("broken", paid, broken_on, next_due_on)
    if done_on is not None:
        return Standing("completed", paid, max(done_on, one.made_on))
    owed = sum(amount for due_on, amount in one.installments if due_on < business_date)
    return Standing("at_risk" if owed and got < owed - one.tolerance else "active", paid, None, next_due_on)


def paid_off_on(made_on: date, payoffs: Iterable[tuple[date, date | None]]) -> date | None:
    """The first payoff from the start of an arrangement on, or its start where nothing was owed then."""
    days = []
    for since, again_on in payoffs:
        if since >= made_on:
            days.append(since)
        elif again_on is None or made_on < again_on:
            days.append(made_on)
    return min(days, default=None)


def _broken_on(one: Arrangement, mine: Sequence[Money], until: date) -> date | None:
    """The first day on which the money effective in time was short of an instalment, grace included."""
    owed = 0
    for due_on, amount in one.installments:
        owed += amount
        last_day = due_on + one.grace * ONE_DAY
        in_time = sum(money.amount for money in mine if money.effective <= last_day)
        if until > last_day and in_time < owed - one.tolerance:
            return last_day + ONE_DAY
    return None


def _done_on(one: Arrangement, mine: Sequence[Money], total: int) -> date | None:
    got = 0
    for money in in_order(mine):
        got += money.amount
        if got >= total - one.tolerance:
            return money.effective
    return None


def _next_due_on(one: Arrangement, got: int) -> date | None:
    owed = 0
    for due_on, amount in one.installments:
        owed += amount
        if got < owed - one.tolerance:
            return due_on
    return None
