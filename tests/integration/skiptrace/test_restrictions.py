"""A restriction holds on its days and for whom it binds: also for those who owe the debt with whoever it is for."""

from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from deploy.local.issuer import Issuer
from shared.messaging.message import RawMessage
from tests.conftest import GetEngine
from tests.integration.skiptrace.trace_desk import Desk, open_desk

OTHER = "C-9"
"""The number of a cosigner; it has no account of its own."""
NOON = time(12)


@pytest_asyncio.fixture
async def desk(service_engine: GetEngine, issuer: Issuer, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(await service_engine("skiptrace"), issuer, tmp_path) as made:
        opened = await made.open()
        await opened.feed(opened.party_message(OTHER, accounts=({"account_id": opened.account(), "role": "cosigner"},)))
        _go_to(opened, _today(opened) + timedelta(days=1))
        yield opened


def _today(desk: Desk) -> date:
    return desk.clock.today(desk.ZONE)


def _go_to(desk: Desk, day: date, at: time = NOON) -> None:
    """Move the clock to an hour of a day, where the creditor is."""
    desk.clock.ahead += datetime.combine(day, at, ZoneInfo(desk.ZONE)) - desk.clock.now()


def _placed(desk: Desk, kind: str, party: str, restriction_id: UUID | None = None, **facts: Any) -> RawMessage:
    """A restriction of a party on the debt that both owe."""
    about = {"restriction_id": restriction_id or uuid4(), "account_id": desk.account()}
    return desk.restriction(kind, party, **about | facts)


def _asked(desk: Desk, party: str) -> dict[str, Any]:
    return {"party_id": str(desk.party(party)), "account_id": str(desk.account())}


async def _inquiry(desk: Desk, party: str) -> list[str]:
    """The rules that stop an inquiry about a party."""
    person = {"name": f"Robin {uuid4()}"}
    body = _asked(desk, party) | {"third_party": person, "channel": "letter", "caller_name": "Alex Caller"}
    answer = await desk.post("/v1/location-inquiries", body)
    return [rule["id"] for rule in answer.json()["rules"] if rule["result"] == "fail"]


@pytest.mark.parametrize(("restricted", "sought"), [("L-1", OTHER), (OTHER, "L-1")])
async def test_a_stay_of_one_debtor_stops_the_search_for_the_other_until_it_is_lifted(
    desk: Desk, restricted: str, sought: str
) -> None:
    """11 USC 1301."""
    desk.knows(sought)
    await desk.request(**_asked(desk, sought))
    stay = uuid4()
    await desk.feed(_placed(desk, "bankruptcy_stay", restricted, stay))
    assert await desk.search() == 0, "also before the job has run"
    await desk.sweep()
    assert await desk.search() == 0
    assert await _inquiry(desk, sought) == ["location.restriction"]
    await desk.feed(_placed(desk, "bankruptcy_stay", restricted, stay, version=2, status="lifted"))
    await desk.sweep()
    assert await desk.search() == 1
    assert [case["status"] for case in await desk.traces(sought)] == ["candidates"]


async def test_nobody_asks_for_a_search_for_a_co_debtor_under_a_stay(desk: Desk) -> None:
    await desk.feed(_placed(desk, "bankruptcy_stay", "L-1"))
    answer = await desk.post("/v1/skip-traces", desk.body(**_asked(desk, OTHER)))
    assert answer.json()["code"] == "skip-trace-restricted"


async def test_a_dispute_of_one_debtor_stops_asking_about_the_other_and_a_cease_does_not(desk: Desk) -> None:
    await desk.request(**_asked(desk, OTHER))
    await desk.feed(_placed(desk, "cease", "L-1"))
    assert await _inquiry(desk, OTHER) == []
    await desk.feed(_placed(desk, "dispute_hold", "L-1"))
    assert await _inquiry(desk, OTHER) == ["location.restriction"]


async def test_a_restriction_holds_from_its_first_day_through_its_last(desk: Desk) -> None:
    first = _today(desk) + timedelta(days=1)
    days: dict[str, Any] = {"effective_on": first, "ends_on": first + timedelta(days=1), "status": "placed"}
    await desk.feed(_placed(desk, "bankruptcy_stay", "L-1", **days))
    asked = desk.body()
    made = await desk.post("/v1/skip-traces", asked)
    assert made.status_code == 201, "it does not hold yet"
    _go_to(desk, first, time(0, 1))
    assert await desk.search() == 0
    assert [case["status"] for case in await desk.traces()] == ["requested"]
    _go_to(desk, first + timedelta(days=1), time(23, 59))
    await desk.night()
    assert await desk.search() == 0
    _go_to(desk, first + timedelta(days=2), time(0, 1))
    await desk.night()
    assert await desk.search() == 1


async def test_a_case_that_a_restriction_kept_from_opening_opens_in_the_night_after_its_last_day(desk: Desk) -> None:
    await desk.feed(
        _placed(desk, "attorney", "L-1", ends_on=_today(desk)), desk.outcome("wrong_number", at=desk.clock.now())
    )
    assert await desk.traces() == []
    _go_to(desk, _today(desk) + timedelta(days=1))
    await desk.night()
    assert [case["trigger"] for case in await desk.traces()] == ["wrong_number"]


async def test_the_stay_of_a_co_debtor_ends_by_itself_too(desk: Desk) -> None:
    await desk.request(**_asked(desk, OTHER))
    await desk.feed(_placed(desk, "bankruptcy_stay", "L-1", ends_on=_today(desk)))
    await desk.sweep()
    assert await desk.search() == 0
    _go_to(desk, _today(desk) + timedelta(days=1))
    await desk.night()
    assert await desk.search() == 1
