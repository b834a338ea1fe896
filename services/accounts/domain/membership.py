"""Which work item an account should have, given the queue that wants it now. Pure: old item in, new items out.

An account that changes queue leaves its item behind (`superseded`) and gets a new one, offered at once whatever was
withheld before. One that stays keeps its item, its holder and its place; only what the predicates say is brought up
to date.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Literal, NamedTuple
from uuid import UUID

from services.accounts.domain.work_item import Status, WorkItem, offer_again, supersede

ExitReason = Literal["moved", "left"]


class Placement(NamedTuple):
    """What the queue definitions say of one account at its creditor's business date; `queue` None: nobody wants it."""

    account_id: UUID
    creditor_id: UUID
    business_date: date
    queue: str | None
    priority: int
    reasons: tuple[str, ...]
    is_offerable: bool
    calling_group: str


class Move(NamedTuple):
    """What becomes of an account's work item. All None: nothing changes."""

    closed: WorkItem | None = None
    exit_reason: ExitReason | None = None
    opened: WorkItem | None = None
    changed: WorkItem | None = None


def place(item: WorkItem | None, placement: Placement, *, new_item_id: Callable[[], UUID], first_version: int) -> Move:
    """Moves an account to its queue. `new_item_id` is called only if it enters one."""
    if item is not None and item.queue == placement.queue:
        return Move(changed=_updated(item, placement))
    opened = None
    if placement.queue is not None:
        opened = WorkItem(
            work_item_id=new_item_id(),
            account_id=placement.account_id,
            creditor_id=placement.creditor_id,
            queue=placement.queue,
            priority=placement.priority,
            reasons=placement.reasons,
            is_offerable=placement.is_offerable,
            calling_group=placement.calling_group,
            status=Status.OPEN,
            holder=None,
            leased_until=None,
            withheld_until=None,
            version=first_version,
        )
    if item is None:
        return Move(opened=opened)
    return Move(closed=supersede(item), exit_reason="left" if opened is None else "moved", opened=opened)


def _updated(item: WorkItem, placement: Placement) -> WorkItem | None:
    """The item as the predicates see it now; None when that is as it was."""
    is_due = item.withheld_until is not None and item.withheld_until <= placement.business_date
    seen = {
        "priority": placement.priority,
        "reasons": placement.reasons,
        "is_offerable": placement.is_offerable,
        "calling_group": placement.calling_group,
    }
    if not is_due and all(getattr(item, name) == value for name, value in seen.items()):
        return None
    current = replace(item, **seen)  # type: ignore[arg-type]  # the same names and types
    return offer_again(current) if is_due else current
