"""Days past due, buckets and stages: pure functions of a date and of data.

`days_past_due` is contractual: business date minus the oldest due date not fully paid. `delinquent_days` is the same
less paused days. Buckets are the field's; where stages begin is data per creditor and product.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal

from services.accounts.domain.dues import Due, ProductClass
from services.accounts.domain.pauses import Pause, paused_days

Bucket = Literal["current", "b1_29", "b30_59", "b60_89", "b90_119", "b120_149", "b150_179", "b180_plus"]
Stage = Literal["current", "early", "mid", "late", "pre_charge_off", "recovery"]

BUCKET_FROM = (1, 30, 60, 90, 120, 150, 180)
"""From which day past due each bucket after `current` begins."""
BUCKETS: tuple[Bucket, ...] = (
    "current",
    "b1_29",
    "b30_59",
    "b60_89",
    "b90_119",
    "b120_149",
    "b150_179",
    "b180_plus",
)
_STAGES: tuple[Stage, ...] = ("current", "early", "mid", "late", "pre_charge_off")


@dataclass(frozen=True, slots=True)
class StagePolicy:
    """From which day past due each stage begins: data per creditor and product.

    Raises:
        ValueError: The days do not rise, or the first is below 1.
    """

    early_from: int = 1
    mid_from: int = 30
    late_from: int = 60
    pre_charge_off_from: int = 90

    def __post_init__(self) -> None:
        days = (0, *self.days)
        if any(later <= earlier for earlier, later in pairwise(days)):
            raise ValueError(f"the first days of the stages must rise from at least 1: {self.days}")

    @property
    def days(self) -> tuple[int, int, int, int]:
        """The four first days, in order."""
        return self.early_from, self.mid_from, self.late_from, self.pre_charge_off_from

    def stage(self, days_past_due: int) -> Stage:
        """The stage of a debt that is not charged off."""
        return _STAGES[bisect_right(self.days, days_past_due)]


LOAN_STAGES = StagePolicy()
SHARE_STAGES = StagePolicy(1, 15, 30, 45)


def default_stages(product_class: ProductClass) -> StagePolicy:
    """The shipped policy of a product, where the creditor has none of its own."""
    return SHARE_STAGES if product_class == "share_negative" else LOAN_STAGES


def days_past_due(oldest_unpaid_due_on: date | None, business_date: date) -> int:
    """Days since the oldest due date not fully paid; 0 when there is none, and never below 0."""
    return 0 if oldest_unpaid_due_on is None else max(0, (business_date - oldest_unpaid_due_on).days)


def bucket_of(days: int) -> Bucket:
    """The bucket of a number of days past due."""
    return BUCKETS[bisect_right(BUCKET_FROM, days)]


def past_due_by_bucket(past_due: Iterable[Due], business_date: date) -> dict[str, int]:
    """Past-due minor units by the bucket of each due's own age, so that a roll is seen in amounts, not accounts."""
    amounts: dict[str, int] = {}
    for due in past_due:
        bucket = bucket_of(days_past_due(due.due_on, business_date))
        amounts[bucket] = amounts.get(bucket, 0) + due.amount_minor
    return amounts


def next_aging_on(
    oldest_unpaid_due_on: date | None, next_due_on: date | None, business_date: date, stages: StagePolicy | None
) -> date | None:
    """The first business date after this one on which bucket, stage or past-due sum change by themselves.

    Nothing changes before it but the number of days: so a night looks only at the accounts whose date has come.

    Args:
        oldest_unpaid_due_on: The oldest due date past due, or None.
        next_due_on: The first unpaid due date that is not past due, or None.
        business_date: The date at which these two stand.
        stages: Where stages begin; None for a debt whose stage does not age (charged off).
    """
    changes = []
    # Some cores write the last day of the calendar for "never".
    if next_due_on is not None and next_due_on != date.max:
        changes.append(next_due_on + timedelta(days=1))
    if oldest_unpaid_due_on is not None:
        days = days_past_due(oldest_unpaid_due_on, business_date)
        edges = (BUCKET_FROM, stages.days if stages is not None else ())
        following = [each[bisect_right(each, days)] for each in edges if each and each[-1] > days]
        if following:
            changes.append(oldest_unpaid_due_on + timedelta(days=min(following)))
    return min(changes, default=None)


def delinquent_days(oldest_unpaid_due_on: date | None, business_date: date, pauses: Iterable[Pause]) -> int:
    """Days past due less those that a pause covers, never below 0.

    Days past due on a date are the days from the due date up to but not on that date. There is no grace: no policy
    states one.
    """
    if oldest_unpaid_due_on is None:
        return 0
    days = days_past_due(oldest_unpaid_due_on, business_date)
    return days - paused_days(pauses, oldest_unpaid_due_on, business_date)
