"""How the promises of an account stand with its money, by brute force from "What the words mean" alone."""

from collections.abc import Iterable, Mapping
from datetime import date

from deploy.local.books.terms import ONE_DAY, Money, Promise, Standing, counts, in_order


def promise_standings(
    promises: Iterable[Promise], entries: Iterable[Money], business_date: date, cancelled: Mapping[str, date]
) -> dict[str, Standing]:
    """Promises share money, earliest due first: each takes from the earliest money that it may use."""
    entries = in_order(entries)
    purse = {money.id: money.amount for money in entries}
    found = {}
    for promise in sorted(promises, key=lambda one: (one.due_on, one.made, one.id)):
        if promise.id in cancelled:
            found[promise.id] = Standing("cancelled", 0, cancelled[promise.id])
            continue
        last_day = promise.due_on + promise.grace * ONE_DAY
        got, reached_on = 0, None
        for money in entries:
            if money.effective <= last_day and counts(money, promise.made_on, promise.made):
                part = min(purse[money.id], promise.amount - got)
                purse[money.id] -= part
                got += part
                if reached_on is None and got >= promise.amount - promise.tolerance:
                    reached_on = money.effective
        found[promise.id] = _promise_standing(promise, got, reached_on, business_date)
    return found


def _promise_standing(promise: Promise, got: int, reached_on: date | None, business_date: date) -> Standing:
    """`kept` when reached; after due_on + grace `partially_kept` or `broken`."""
    last_day = promise.due_on + promise.grace * ONE_DAY
    if reached_on is not None:
        return Standing("kept", got, max(reached_on, promise.made_on))
    if business_date > last_day:
        return Standing("partially_kept" if got else "broken", got, last_day + ONE_DAY)
    return Standing("made", got, None, promise.due_on)
