"""How far into the future money may be dated: to the last day that has come, by the business date or by the calendar.

Pure. A core that books what we have taken may do so on its next business day; a day further ahead is a mistake.
"""

from datetime import date, timedelta
from typing import Final

from shared.errors import Refusal

BOOKED_AHEAD: Final = timedelta(days=7)
"""The longest way to a next business day, over a weekend and holidays."""


def horizon(local_date: date, business_date: date | None) -> date:
    """The last day that has come: the business date's or the calendar's at the creditor, whichever is later."""
    return local_date if business_date is None else max(local_date, business_date)


def too_early(effective_on: date, posted_on: date | None, last_day: date) -> Refusal | None:
    """Why an entry cannot count yet, if one of its days has not come."""
    if effective_on > last_day:
        return Refusal("effective-date-in-future", f"effective_on is after {last_day}.", "effective_on")
    if posted_on is not None and posted_on > last_day:
        return Refusal("posted-date-in-future", f"posted_on is after {last_day}.", "posted_on")
    return None


def booked_too_early(booked_on: date, last_day: date) -> Refusal | None:
    """Why the core cannot have booked an entry of ours on this day, if it cannot."""
    if booked_on > last_day + BOOKED_AHEAD:
        detail = f"posted_on is more than {BOOKED_AHEAD.days} days after {last_day}."
        return Refusal("posted-date-in-future", detail, "posted_on")
    return None
