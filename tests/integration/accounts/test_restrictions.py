"""Restrictions take an account out of the queues for calling, and give it back: whatever the order, however often."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import uuid4

from services.accounts.handlers.turn_restrictions import RestrictionCalendar
from shared.clock import FixedClock
from shared.ids import party_id
from tests.integration.accounts.desk import DAY, LOAN, Desk
from tests.integration.accounts.neighbours import get, restriction, tell

NOON = FixedClock(datetime(2026, 3, 11, 19, 0, tzinfo=UTC))
"""13:00 in the creditor's Denver, on the day after DAY."""
LIFTED = "2026-03-09T10:00:00Z"


def _at(day: date, hour: int) -> FixedClock:
    return FixedClock(datetime(day.year, day.month, day.day, hour, tzinfo=UTC))


async def _turn(desk: Desk, clock: FixedClock) -> None:
    calendar = RestrictionCalendar(desk.engine, clock, version_epoch=0)
    while await calendar.step():
        pass


async def test_a_restricted_account_leaves_its_queue_and_comes_back_when_the_restriction_is_lifted(desk: Desk) -> None:
    await desk.take(LOAN)
    assert (await desk.account())["queue"] == "mid"
    one = uuid4()
    await tell(desk, restriction(desk, restriction_id=one))
    seen = await desk.account()
    assert (seen["queue"], seen["restrictions"]) == ("restricted", ["cease"])
    await tell(desk, restriction(desk, restriction_id=one, version=2, lifted_at=LIFTED))
    seen = await desk.account()
    assert (seen["queue"], seen["restrictions"]) == ("mid", [])


async def test_others_learn_what_holds_and_since_when(desk: Desk) -> None:
    await desk.take(LOAN)
    one, two = uuid4(), uuid4()
    await tell(desk, restriction(desk, "scra", restriction_id=one, effective_on="2026-03-08"))
    await tell(desk, restriction(desk, "cease"), restriction(desk, "scra", restriction_id=two))
    await tell(desk, restriction(desk, "scra", restriction_id=two, version=2, lifted_at=LIFTED))
    stated = [
        [(one["kind"], one["since_on"]) for one in payload["restrictions"]]
        for _, payload, _ in await desk.events("account.updated")
    ]
    assert stated == [
        [("scra", "2026-03-08")],
        [("cease", "2026-03-07"), ("scra", "2026-03-07")],
        [("cease", "2026-03-07"), ("scra", "2026-03-08")],
    ]
    moves = [(topic, payload["queue"]) for topic, payload, _ in await desk.events("queue.item_entered")]
    assert moves == [("queue.item_entered", "mid"), ("queue.item_entered", "restricted")]
    # The reasons of the item say which of them hold.
    assert (await get(desk, "overview"))["queue"]["reasons"] == ["cease", "scra"]


async def test_any_order_of_its_states_ends_in_the_newest_also_before_the_account_is_known(desk: Desk) -> None:
    for nth, order in enumerate(permutations(range(3))):
        number = f"N{nth}"
        one = uuid4()
        states = [
            restriction(desk, restriction_id=one, number=number, version=1),
            restriction(desk, restriction_id=one, number=number, version=2, effective_on="2026-03-05"),
            restriction(desk, restriction_id=one, number=number, version=3, lifted_at=LIFTED),
        ]
        known_after = nth % 4
        for place, state in enumerate(order):
            if place == known_after:
                await desk.take(LOAN | {"core_account_number": number})
            await tell(desk, states[state], states[state])
        if known_after == 3:
            await desk.take(LOAN | {"core_account_number": number})
        seen = await desk.account(number)
        assert (seen["queue"], seen["restrictions"]) == ("mid", []), order


async def test_an_account_that_comes_after_its_restriction_is_opened_with_it(desk: Desk) -> None:
    await tell(desk, restriction(desk, "bankruptcy_stay"), clock=NOON)
    assert await desk.events("account.updated") == []
    await desk.take(LOAN)
    seen = await desk.account()
    assert (seen["queue"], seen["restrictions"]) == ("restricted", ["bankruptcy_stay"])
    (_, payload, _), = await desk.events("account.opened")  # fmt: skip
    assert payload["restrictions"] == [{"kind": "bankruptcy_stay", "since_on": "2026-03-07"}]


async def test_what_is_a_persons_own_holds_while_the_account_is_theirs_and_what_is_of_the_debt_longer(
    desk: Desk,
) -> None:
    await desk.take(LOAN)
    other = party_id(desk.creditor_id, "P2")
    await tell(desk, restriction(desk, "cease"), restriction(desk, "discharged", party_id=other))
    assert (await desk.account())["restrictions"] == ["cease"]
    await desk.take(LOAN | {"party_number": "P2"}, day=DAY + timedelta(days=1))
    seen = await desk.account()
    assert (seen["queue"], seen["restrictions"]) == ("restricted", ["discharged"])
    assert [each["kind"] for each in (await get(desk, "overview"))["restrictions"]] == ["discharged"]
    _, payload, _ = (await desk.events("account.updated"))[-1]
    assert (payload["party_id"], [each["kind"] for each in payload["restrictions"]]) == (str(other), ["discharged"])
    await tell(desk, restriction(desk, "bankruptcy_stay", party_id=other))
    await desk.take(LOAN | {"party_number": "P3"}, day=DAY + timedelta(days=2))
    assert (await desk.account())["restrictions"] == ["bankruptcy_stay"]
    await desk.take(LOAN, day=DAY + timedelta(days=3))
    assert (await desk.account())["restrictions"] == ["bankruptcy_stay", "cease"]


async def test_an_account_is_opened_with_what_is_its_own_persons(desk: Desk) -> None:
    await tell(desk, restriction(desk, "cease", party_id=party_id(desk.creditor_id, "P2")))
    await desk.take(LOAN)
    assert (await desk.account())["queue"] == "mid"


async def test_several_restrictions_hold_as_long_as_one_of_them_does(desk: Desk) -> None:
    await desk.take(LOAN)
    one, two = uuid4(), uuid4()
    await tell(desk, restriction(desk, "cease", restriction_id=one), restriction(desk, "attorney", restriction_id=two))
    assert (await desk.account())["restrictions"] == ["attorney", "cease"]
    await tell(desk, restriction(desk, "cease", restriction_id=one, version=2, lifted_at=LIFTED))
    assert (await desk.account())["queue"] == "restricted"
    await tell(desk, restriction(desk, "attorney", restriction_id=two, version=2, lifted_at=LIFTED))
    assert (await desk.account())["queue"] == "mid"


async def test_a_restriction_begins_and_ends_on_its_days_of_the_creditors_calendar(desk: Desk) -> None:
    await desk.take(LOAN)
    first, last = date(2026, 3, 20), date(2026, 3, 22)
    await tell(desk, restriction(desk, "disaster", effective_on=first, ends_on=last), clock=NOON)

    async def queue() -> Any:
        return (await desk.account())["queue"]

    assert await queue() == "mid"
    await _turn(desk, _at(first, 5))  # 23:00 of the day before in Denver
    assert await queue() == "mid"
    await _turn(desk, _at(first, 6))
    assert await queue() == "restricted"
    await _turn(desk, _at(last + timedelta(days=1), 5))
    assert await queue() == "restricted", "the last day is one of its days"
    await _turn(desk, _at(last + timedelta(days=1), 6))
    assert await queue() == "mid"
    states = [payload["restrictions"] for _, payload, _ in await desk.events("account.updated")]
    assert states == [[{"kind": "disaster", "since_on": "2026-03-20"}], []]


async def test_neither_a_night_nor_money_nor_a_file_takes_a_restriction_away(desk: Desk) -> None:
    await desk.take(LOAN)
    await tell(desk, restriction(desk))
    await desk.age(DAY + timedelta(days=30))
    await desk.apply(desk.posted(1_000, DAY + timedelta(days=1)))
    await desk.take(LOAN | {"balance_minor": 99_000}, day=DAY + timedelta(days=2))
    seen = await desk.account()
    assert (seen["queue"], seen["restrictions"]) == ("restricted", ["cease"])


async def test_account_360_shows_what_holds_with_its_citation(desk: Desk) -> None:
    await desk.take(LOAN)
    ended = restriction(desk, "disaster", effective_on="2026-01-01", ends_on="2026-01-31")
    await tell(desk, restriction(desk), ended)
    (shown,) = (await get(desk, "overview"))["restrictions"]
    assert (shown["kind"], shown["since_on"], shown["ends_on"]) == ("cease", "2026-03-07", None)
    assert (shown["citation"], shown["is_party_wide"]) == ("12 CFR 1006.6(c)(1)", True)
