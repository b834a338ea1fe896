"""`next` offers who may be called now, by the clocks of every place where the party may be, and the best of those."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from services.accounts.domain.actor import Actor
from services.accounts.domain.calling_hours import UNKNOWN
from services.accounts.handlers.next_item import next_item
from services.accounts.schemas.work_items import WorkItemOut
from shared.clock import FixedClock
from shared.ids import contact_point_id, party_id
from shared.jobs import run_chunk
from tests.integration.accounts.desk import DAY, LOAN, Desk
from tests.integration.accounts.neighbours import restriction, tell, told

SEATTLE = "+12065550123"
BOSTON = "+16175550123"
TOLL_FREE = "+18005550123"
NOWHERE: dict[str, Any] = {"phone": None, "email": None}


def _utc(hour: int, minute: int = 0, *, month: int = 3, day: int = 12) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


async def _open(desk: Desk, *parties: dict[str, Any]) -> list[str]:
    """Accounts A0, A1, .. of parties of their own, the first the best."""
    rows = [
        LOAN | NOWHERE | {"core_account_number": f"A{n}", "party_number": f"P{n}", "past_due_minor": 20_000 - n} | party
        for n, party in enumerate(parties)
    ]
    await desk.take(*rows)
    return [str(desk.id_of(f"A{n}")) for n in range(len(parties))]


async def _next(desk: Desk, at: datetime, queue: str = "mid") -> str | None:
    actor = Actor("ann", frozenset({desk.creditor_id}))
    item = await run_chunk(desk.engine, FixedClock(at), lambda tx: next_item(tx, queue, actor))
    assert item is None or isinstance(item, WorkItemOut), item
    return None if item is None else str(item.account_id)


async def _group(desk: Desk, number: str) -> tuple[str, str]:
    """On the account, and on its work item."""
    rows = await run_chunk(
        desk.engine,
        FixedClock(_utc(12)),
        lambda tx: tx.fetch(
            "SELECT a.calling_group, w.calling_group FROM account a JOIN work_item w ON w.account_id = a.account_id"
            " WHERE a.account_id = $1 AND w.closed_at IS NULL",
            desk.id_of(number),
        ),
    )
    account, item = rows[0]
    return account, item


async def test_next_passes_over_the_better_account_whose_party_may_not_be_called_now(desk: Desk) -> None:
    west, east = await _open(desk, {"phone": SEATTLE}, {"phone": BOSTON})
    assert await _next(desk, _utc(12, 30)) == east  # 8:30 in Boston, 5:30 in Seattle
    assert await _next(desk, _utc(12, 30)) is None
    assert await _next(desk, _utc(15)) == west  # 8:00 in Seattle


async def test_next_passes_over_who_was_restricted_a_moment_ago(desk: Desk) -> None:
    better, other = await _open(desk, {"phone": BOSTON}, {"phone": BOSTON})
    one, owner = uuid4(), party_id(desk.creditor_id, "P0")
    await tell(desk, restriction(desk, number="A0", party_id=owner, restriction_id=one))
    assert [await _next(desk, _utc(15)), await _next(desk, _utc(15))] == [other, None]
    lifted: dict[str, Any] = {"version": 2, "lifted_at": "2026-03-09T10:00:00Z"}
    await tell(desk, restriction(desk, number="A0", party_id=owner, restriction_id=one, **lifted))
    assert await _next(desk, _utc(15)) == better


async def test_the_hours_are_half_open_and_keep_to_daylight_saving(desk: Desk) -> None:
    # A lease lasts half an hour: the expired one of the asking before goes to whoever asks next.
    (east,) = await _open(desk, {"phone": BOSTON})
    asked = [
        _utc(12, 59, month=3, day=6), _utc(13, month=3, day=6),  # winter: 8:00 is 13:00 UTC
        _utc(11, 59), _utc(12),  # summer, from 8 March on: 8:00 is 12:00 UTC
        datetime(2026, 3, 13, 0, 59, tzinfo=UTC), datetime(2026, 3, 13, 1, tzinfo=UTC),  # 20:59 and 21:00
    ]  # fmt: skip
    assert [await _next(desk, at) for at in asked] == [None, east, None, east, east, None]


async def test_where_phone_and_address_disagree_it_must_be_day_in_both(desk: Desk) -> None:
    (both,) = await _open(desk, {"phone": BOSTON, "region": "WA", "postal_code": "98101"})
    assert [await _next(desk, at) for at in (_utc(14, 59), _utc(15))] == [None, both]
    assert await _next(desk, datetime(2026, 3, 13, 1, 30, tzinfo=UTC)) is None  # 18:30 in Seattle, 21:30 in Boston


async def test_a_party_whose_place_is_unknown_is_offered_while_it_is_day_everywhere(desk: Desk) -> None:
    (unknown,) = await _open(desk, {"phone": TOLL_FREE})
    assert await _group(desk, "A0") == (UNKNOWN, UNKNOWN)
    # 8:00 in Honolulu is 18:00 UTC, 14:00 in New York.
    assert [await _next(desk, at) for at in (_utc(17, 59), _utc(18))] == [None, unknown]


async def test_a_party_whom_no_call_can_reach_stays_in_work_at_any_hour(desk: Desk) -> None:
    (letters,) = await _open(desk, {})
    assert await _next(desk, _utc(3)) == letters


async def test_the_work_of_the_office_has_no_calling_hours(desk: Desk) -> None:
    (east,) = await _open(desk, {"phone": BOSTON})
    await tell(desk, restriction(desk, number="A0", party_id=party_id(desk.creditor_id, "P0")))
    assert await _next(desk, _utc(3)) is None
    assert await _next(desk, _utc(3), "restricted") == east


async def test_a_new_number_changes_when_every_account_of_the_party_is_offered(desk: Desk) -> None:
    await _open(desk, {"phone": BOSTON, "party_number": "P"}, {"phone": BOSTON, "party_number": "P"})
    assert await _group(desk, "A1") == ("America/New_York", "America/New_York")
    moved = LOAN | NOWHERE | {"core_account_number": "A0", "party_number": "P", "phone": SEATTLE}
    await desk.take(moved, day=DAY + timedelta(days=1))
    await desk.run_jobs()
    both = "America/Los_Angeles America/New_York"  # the other account still states the number in Boston
    assert await _group(desk, "A0") == (both, both)
    assert await _group(desk, "A1") == (both, both)


async def test_an_account_that_passes_to_another_person_is_offered_at_that_persons_hours(desk: Desk) -> None:
    await _open(desk, {"phone": BOSTON}, {"phone": SEATTLE})
    moved = LOAN | NOWHERE | {"core_account_number": "A0", "party_number": "P1", "phone": SEATTLE}
    await desk.take(moved, day=DAY + timedelta(days=1))
    await desk.run_jobs()
    assert await _group(desk, "A0") == ("America/Los_Angeles", "America/Los_Angeles")


async def test_the_number_of_another_says_nothing_of_where_the_party_is(desk: Desk) -> None:
    await _open(desk, {"phone": BOSTON, "region": "WA"})
    party = party_id(desk.creditor_id, "P0")
    phone = contact_point_id(party, "phone", BOSTON)
    about: dict[str, Any] = {"party_id": party, "contact_point_id": phone, "number": "A0"}
    await tell(desk, told(desk, "contact_point.invalidated", **about, kind="phone", at="2026-03-11T12:00:00Z"))
    await desk.run_jobs()
    assert await _group(desk, "A0") == ("America/Los_Angeles", "America/Los_Angeles")
    await tell(desk, told(desk, "contact_point.verified", **about, kind="phone", verified_at="2026-03-12T12:00:00Z"))
    await desk.run_jobs()
    both = "America/Los_Angeles America/New_York"
    assert await _group(desk, "A0") == (both, both)
