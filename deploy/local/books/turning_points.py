"""Since when an account is charged off, and in which times nothing was owed on it, from "What the words mean" alone."""

from datetime import date
from itertools import zip_longest

from deploy.local.books.account import AccountModel
from deploy.local.books.postings import contained


def charged_off_on(account: AccountModel) -> date | None:
    """The day of the charge-off that stands: as the core states it, else that of the first snapshot so."""
    real = account.ruling()[1]
    if real.status != "charged_off":
        return None
    if real.charged_off is not None and real.charged_off <= real.on:
        return real.charged_off
    others = [one.on for one in account.snapshots if not one.is_absent and one.status != "charged_off"]
    return min(one.on for one in account.snapshots if not one.is_absent and one.on > max(others, default=date.min))


def payoffs(account: AccountModel) -> list[tuple[date, date | None]]:
    """The times with nothing owed: since when, and which snapshot said otherwise again (None: none has).

    One begins on the effective day of the money that brought the balance to zero, without such money on that of the
    first snapshot that says so. A payment that was returned is told as if it had never been.
    """
    rows = sorted((one for one in account.snapshots if not one.is_absent), key=lambda one: one.on)
    found: list[tuple[date, date | None]] = []
    since: date | None = None
    for row, following in zip_longest(rows, rows[1:]):
        owed, money = row.balance, []
        for entry in account.entries.values():
            is_in = contained(row, entry.posted, entry.booked, is_core=entry.is_core)
            if entry.reversal_posted is not None:
                if is_in and not contained(row, entry.reversal_posted, None, is_core=entry.reversal_is_core):
                    owed += entry.amount
            elif not is_in and (
                following is None or contained(following, entry.posted, entry.booked, is_core=entry.is_core)
            ):
                money.append((entry.effective, entry.amount))
        if owed <= 0:
            since = since or row.on
            continue
        if since is not None:
            found.append((since, row.on))
        since = _paid_off_on(owed, money)
        if since is not None and following is not None:
            since = min(since, following.on)
    return found if since is None else [*found, (since, None)]


def _paid_off_on(owed: int, money: list[tuple[date, int]]) -> date | None:
    """The day of the money after which nothing was owed."""
    for day, amount in sorted(money):
        owed -= amount
        if owed <= 0:
            return day
    return None
