"""The life of a work item and its place in a queue, as pure functions."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest

from services.accounts.domain.membership import Move, Placement, place
from services.accounts.domain.work_item import (
    TRANSITIONS,
    Action,
    Status,
    WorkItem,
    give_back,
    is_offered,
    lease,
    withhold,
)
from shared.errors import Refusal

NOW = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
TODAY = date(2026, 3, 15)
OPEN = WorkItem(
    work_item_id=UUID(int=1), account_id=UUID(int=2), creditor_id=UUID(int=3), queue="mid", priority=10,
    reasons=("mid",), is_offerable=True, calling_group="", status=Status.OPEN, holder=None, leased_until=None,
    withheld_until=None, version=1,
)  # fmt: skip
HELD = lease(OPEN, holder="ann", now=NOW)
WANTED = Placement(OPEN.account_id, OPEN.creditor_id, TODAY, "mid", 10, ("mid",), is_offerable=True, calling_group="")


def _place(item: WorkItem | None, placement: Placement) -> Move:
    return place(item, placement, new_item_id=lambda: UUID(int=9), first_version=1)


@pytest.mark.parametrize(("status", "action"), list(product(Status, Action)))
def test_every_pair_of_status_and_action_has_its_answer(status: Status, action: Action) -> None:
    if status is Status.SUPERSEDED:
        assert (status, action) not in TRANSITIONS
    elif action in {Action.LEASE, Action.SUPERSEDE}:
        assert (status, action) in TRANSITIONS
    elif action is Action.OFFER:
        assert ((status, action) in TRANSITIONS) == (status in {Status.COMPLETED, Status.SNOOZED})
    else:
        assert ((status, action) in TRANSITIONS) == (status is Status.ASSIGNED)


def test_a_lease_holds_for_thirty_minutes() -> None:
    assert (HELD.status, HELD.holder, HELD.leased_until) == (Status.ASSIGNED, "ann", NOW + timedelta(minutes=30))
    assert not is_offered(HELD, now=NOW + timedelta(minutes=29), business_date=TODAY)
    assert is_offered(HELD, now=NOW + timedelta(minutes=30), business_date=TODAY)


def test_an_expired_lease_counts_until_somebody_else_takes_the_item() -> None:
    taken = lease(HELD, holder="bob", now=NOW + timedelta(minutes=31))
    assert isinstance(give_back(HELD, Action.RELEASE, sub="ann"), WorkItem)
    refusal = give_back(taken, Action.RELEASE, sub="ann")
    assert isinstance(refusal, Refusal)
    assert refusal.code == "not-lease-holder"


@pytest.mark.parametrize("action", [Action.COMPLETE, Action.SNOOZE])
def test_a_withheld_item_waits_for_the_next_business_date_by_default(action: Action) -> None:
    item = withhold(HELD, action, sub="ann", business_date=TODAY, until=None)
    assert isinstance(item, WorkItem)
    assert (item.holder, item.leased_until, item.withheld_until) == (None, None, TODAY + timedelta(days=1))
    assert not is_offered(item, now=NOW, business_date=TODAY)
    assert is_offered(item, now=NOW, business_date=TODAY + timedelta(days=1))


@pytest.mark.parametrize(
    ("action", "code"), [(Action.COMPLETE, "follow-up-in-past"), (Action.SNOOZE, "snooze-in-past")]
)
def test_an_item_is_not_withheld_until_a_date_that_has_come(action: Action, code: str) -> None:
    refusal = withhold(HELD, action, sub="ann", business_date=TODAY, until=TODAY)
    assert isinstance(refusal, Refusal)
    assert refusal.code == code


def test_only_the_holder_acts_and_a_supervisor_may_release() -> None:
    for refusal in (
        withhold(HELD, Action.COMPLETE, sub="bob", business_date=TODAY, until=None),
        withhold(OPEN, Action.COMPLETE, sub="bob", business_date=TODAY, until=None),
        give_back(HELD, Action.ESCALATE, sub="bob"),
        give_back(OPEN, Action.RELEASE, sub="bob", may_release_others=True),
    ):
        assert isinstance(refusal, Refusal)
        assert refusal.code == "not-lease-holder"
    released = give_back(HELD, Action.RELEASE, sub="bob", may_release_others=True)
    assert isinstance(released, WorkItem)
    assert (released.status, released.holder) == (Status.OPEN, None)


def test_whoever_acts_on_an_item_that_has_left_is_told_so() -> None:
    left = _place(HELD, WANTED._replace(queue=None)).closed
    assert left is not None
    refusal = withhold(left, Action.COMPLETE, sub="ann", business_date=TODAY, until=None)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "work-item-superseded"


def test_an_account_that_stays_keeps_its_item_and_its_holder() -> None:
    assert _place(HELD, WANTED) == Move()
    moved = _place(HELD, WANTED._replace(priority=99, reasons=("other",))).changed
    assert moved == replace(HELD, priority=99, reasons=("other",))


def test_an_account_that_changes_queue_gets_a_new_item_offered_at_once() -> None:
    withheld = withhold(HELD, Action.SNOOZE, sub="ann", business_date=TODAY, until=TODAY + timedelta(days=30))
    assert isinstance(withheld, WorkItem)
    move = _place(withheld, WANTED._replace(queue="late"))
    assert move.closed is not None
    assert move.opened is not None
    assert (move.closed.status, move.exit_reason) == (Status.SUPERSEDED, "moved")
    assert is_offered(move.opened, now=NOW, business_date=TODAY)


def test_an_account_that_nobody_wants_leaves() -> None:
    move = _place(OPEN, WANTED._replace(queue=None))
    assert (move.exit_reason, move.opened) == ("left", None)
    assert _place(None, WANTED._replace(queue=None)) == Move()


def test_a_withheld_item_joins_the_queue_again_when_its_date_has_come() -> None:
    withheld = withhold(HELD, Action.COMPLETE, sub="ann", business_date=TODAY, until=None)
    assert isinstance(withheld, WorkItem)
    assert _place(withheld, WANTED).changed is None
    again = _place(withheld, WANTED._replace(business_date=TODAY + timedelta(days=1))).changed
    assert again is not None
    assert (again.status, again.withheld_until) == (Status.OPEN, None)
