"""The life of a work item: one account in one queue, held by at most one collector at a time.

An item is `open`, `assigned` (leased), or withheld until a business date because it was `completed` or `snoozed`; it
ends `superseded`, when its account belongs in another queue or in none. Leases run on the wall clock, withholding on
business dates. A lease that has run out still counts for its holder until somebody else takes the item.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from shared.errors import Refusal

LEASE = timedelta(minutes=30)
ONE_DAY = timedelta(days=1)


class Status(StrEnum):
    """Where a work item stands."""

    OPEN = "open"
    ASSIGNED = "assigned"
    COMPLETED = "completed"
    SNOOZED = "snoozed"
    SUPERSEDED = "superseded"


class Action(StrEnum):
    """What can happen to a work item."""

    LEASE = "lease"
    RELEASE = "release"
    COMPLETE = "complete"
    SNOOZE = "snooze"
    ESCALATE = "escalate"
    # a business date has come on which a withheld item is offered again
    OFFER = "offer"
    # its account has left the queue
    SUPERSEDE = "supersede"


TRANSITIONS: dict[tuple[Status, Action], Status] = {
    (Status.OPEN, Action.LEASE): Status.ASSIGNED,
    # an expired lease, and a withheld item whose date has come, are offered to the next who asks
    (Status.ASSIGNED, Action.LEASE): Status.ASSIGNED,
    (Status.COMPLETED, Action.LEASE): Status.ASSIGNED,
    (Status.SNOOZED, Action.LEASE): Status.ASSIGNED,
    (Status.ASSIGNED, Action.RELEASE): Status.OPEN,
    (Status.ASSIGNED, Action.COMPLETE): Status.COMPLETED,
    (Status.ASSIGNED, Action.SNOOZE): Status.SNOOZED,
    # escalating marks the account and gives the item back; the mark is what moves it to another queue
    (Status.ASSIGNED, Action.ESCALATE): Status.OPEN,
    (Status.COMPLETED, Action.OFFER): Status.OPEN,
    (Status.SNOOZED, Action.OFFER): Status.OPEN,
    (Status.OPEN, Action.SUPERSEDE): Status.SUPERSEDED,
    (Status.ASSIGNED, Action.SUPERSEDE): Status.SUPERSEDED,
    (Status.COMPLETED, Action.SUPERSEDE): Status.SUPERSEDED,
    (Status.SNOOZED, Action.SUPERSEDE): Status.SUPERSEDED,
}


_NOT_AHEAD = {
    Action.COMPLETE: ("follow-up-in-past", "follow_up_on"),
    Action.SNOOZE: ("snooze-in-past", "until"),
}


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One account in one queue. `version` counts its published states; `holder` is the `sub` of a token."""

    work_item_id: UUID
    account_id: UUID
    creditor_id: UUID
    queue: str
    priority: int
    reasons: tuple[str, ...]
    is_offerable: bool
    calling_group: str
    status: Status
    holder: str | None
    leased_until: datetime | None
    withheld_until: date | None
    version: int


def is_offered(item: WorkItem, *, now: datetime, business_date: date) -> bool:
    """Whether `next` may lease the item: it waits for nobody, and for no date."""
    if item.status is Status.SUPERSEDED or not item.is_offerable:
        return False
    if item.leased_until is not None and item.leased_until > now:
        return False
    return item.withheld_until is None or item.withheld_until <= business_date


def lease(item: WorkItem, *, holder: str, now: datetime) -> WorkItem:
    """The item, held by `holder` for `LEASE`. The caller has asked `is_offered` under the account's lock."""
    return replace(
        item,
        status=TRANSITIONS[item.status, Action.LEASE],
        holder=holder,
        leased_until=now + LEASE,
        withheld_until=None,
        version=item.version + 1,
    )


def give_back(item: WorkItem, action: Action, *, sub: str, may_release_others: bool = False) -> WorkItem | Refusal:
    """Release or escalate: the item without its holder, offered again at once.

    Refuses with `work-item-superseded` or `not-lease-holder`.
    """
    refused = _refusal(item, sub, is_exempt=may_release_others and item.status is Status.ASSIGNED)
    return refused or _unleased(item, action, withheld_until=None)


def withhold(
    item: WorkItem, action: Action, *, sub: str, business_date: date, until: date | None
) -> WorkItem | Refusal:
    """Complete or snooze: the item without its holder, offered again on business date `until` (default: the next day).

    Refuses with `work-item-superseded` or `not-lease-holder`; a date that has come is `follow-up-in-past` or
    `snooze-in-past`.
    """
    if refused := _refusal(item, sub, is_exempt=False):
        return refused
    if until is not None and until <= business_date:
        code, field = _NOT_AHEAD[action]
        return Refusal(code, f"must be after the business date {business_date}", field)
    return _unleased(item, action, withheld_until=until or business_date + ONE_DAY)


def offer_again(item: WorkItem) -> WorkItem:
    """A withheld item whose date has come. Not published: it only joins the head of the queue again."""
    return replace(item, status=TRANSITIONS[item.status, Action.OFFER], withheld_until=None)


def supersede(item: WorkItem) -> WorkItem:
    """The item, closed because its account has left the queue. Whoever holds it learns so when acting on it."""
    return replace(item, status=TRANSITIONS[item.status, Action.SUPERSEDE], version=item.version + 1)


def _refusal(item: WorkItem, sub: str, *, is_exempt: bool) -> Refusal | None:
    if item.status is Status.SUPERSEDED:
        return Refusal("work-item-superseded", "the account has left this queue")
    if is_exempt or (item.status is Status.ASSIGNED and item.holder == sub):
        return None
    return Refusal("not-lease-holder", "the work item is not leased to this token's subject")


def _unleased(item: WorkItem, action: Action, *, withheld_until: date | None) -> WorkItem:
    return replace(
        item,
        status=TRANSITIONS[item.status, action],
        holder=None,
        leased_until=None,
        withheld_until=withheld_until,
        version=item.version + 1,
    )
