"""What a search costs whose answer never came: held for a day, then charged or released by the vendor's terms."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from deploy.local.issuer import Issuer
from deploy.local.simulators.person_search import Faults
from tests.conftest import GetEngine
from tests.integration.skiptrace.trace_desk import Desk, open_desk

ROOT = Path(__file__).parents[3]
HELD_FOR = timedelta(hours=24)


@pytest_asyncio.fixture
async def desk(service_engine: GetEngine, issuer: Issuer, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(await service_engine("skiptrace"), issuer, tmp_path) as made:
        yield await made.open()
        await _set_terms(made, bills_unanswered=True)


async def _set_terms(desk: Desk, *, bills_unanswered: bool) -> None:
    shown = {"code", "is_reachable", "searches", "hits", "month_spent_minor", "breaker", "version"}
    vendor = (await desk.get("/v1/vendors/person_search")).json()
    body = {name: value for name, value in vendor.items() if name not in shown}
    answer = await desk.put("/v1/vendors/person_search", body | {"bills_unanswered": bills_unanswered})
    assert answer.status_code == 200, answer.text


async def _kill_while_the_vendor_is_asked(desk: Desk) -> None:
    """Let a worker process send the search, and kill it when the vendor has the request and it has no answer."""
    desk.vendor.faults = Faults(delay_s=30)
    settings = desk.settings
    endpoints = {
        name: {"url": one.url, "username": one.username, "password": one.password.get_secret_value()}
        for name, one in settings.vendor_endpoints.items()
    }
    environment = {
        "SKIPTRACE_DATABASE_URL": settings.database_url.get_secret_value(),
        "SKIPTRACE_KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "SKIPTRACE_JWKS_URL": str(settings.jwks_url),
        "SKIPTRACE_JWT_ISSUER": settings.jwt_issuer,
        "SKIPTRACE_VENDOR_ENDPOINTS": json.dumps(endpoints),
        "SKIPTRACE_VENDOR_TIMEOUT_S": "30",
    }
    before = desk.vendor.ledger.requests
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.skiptrace.searching_once", cwd=ROOT, env=os.environ | environment
    )
    try:
        async with asyncio.timeout(60):
            while desk.vendor.ledger.requests == before:
                assert process.returncode is None, "it ended before it asked"
                await asyncio.sleep(0.02)
    finally:
        process.kill()
        await process.wait()
    desk.vendor.released.set()
    desk.vendor.faults = Faults()


async def _searches(desk: Desk, trace_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await desk.get(f"/v1/skip-traces/{trace_id}/searches")).json()["items"]
    return found


async def _ledger(desk: Desk) -> list[tuple[str, int]]:
    rows = await desk.query("SELECT kind, amount_minor FROM cost_entry WHERE creditor_id = :creditor ORDER BY at, kind")
    return [(kind, amount) for kind, amount in rows]


@pytest.mark.parametrize(("bills_unanswered", "cost"), [(True, 75), (False, 0)])
async def test_the_money_of_a_killed_search_is_settled_after_a_day_by_the_vendors_terms(
    desk: Desk, bills_unanswered: bool, cost: int
) -> None:
    await _set_terms(desk, bills_unanswered=bills_unanswered)
    made = await desk.request()
    await _kill_while_the_vendor_is_asked(desk)
    # Somebody talks to the person meanwhile: the case has ended, and may not search any more.
    await desk.feed(desk.outcome("rpc_promise", at=desk.clock.now(), completed_at=desk.clock.now()))
    [case] = await desk.traces()
    assert (case["status"], case["spent_minor"]) == ("located", 75)
    desk.clock.ahead = HELD_FOR - timedelta(minutes=1)
    assert await desk.search() == 0
    [search] = await _searches(desk, made["skip_trace_id"])
    assert (search["status"], search["settled_at"]) == ("asked", None)

    await desk.published()
    desk.clock.ahead = HELD_FOR + timedelta(minutes=1)
    assert await desk.search() == 0
    [search] = await _searches(desk, made["skip_trace_id"])
    assert (search["status"], search["failure"], search["cost_minor"]) == ("failed", "never-answered", cost)
    assert search["settled_at"] is not None
    [case] = await desk.traces()
    assert (case["status"], case["spent_minor"]) == ("located", cost)
    told = await desk.published()
    assert [(topic, body["outcome"], body["cost_minor"]) for topic, body in told if "outcome" in body] == [
        ("skiptrace.searched", "failed", cost)
    ]
    assert [body["spent_minor"] for topic, body in told if topic == "skiptrace.located"] == [cost]
    charged = [("charged", 75)] if bills_unanswered else []
    assert await _ledger(desk) == [("reserved", 75), *charged, ("released", -75)]
    assert await desk.query(
        "SELECT search_at FROM skip_trace WHERE creditor_id = :creditor"
    ) == [(None,)], "nobody looks at the case any more"  # fmt: skip


async def test_a_killed_search_of_an_open_case_goes_out_again_however_late(desk: Desk) -> None:
    desk.knows()
    made = await desk.request()
    await _kill_while_the_vendor_is_asked(desk)
    desk.clock.ahead = 3 * HELD_FOR
    assert await desk.search() == 1
    [search] = await _searches(desk, made["skip_trace_id"])
    assert (search["status"], search["outcome"], search["cost_minor"]) == ("answered", "hit", 75)
    assert await _ledger(desk) == [("reserved", 75), ("charged", 75), ("released", -75)]


async def test_an_answer_that_comes_after_the_charge_is_paid_for_once(desk: Desk) -> None:
    desk.knows()
    desk.vendor.faults = Faults(count=3)
    made = await desk.request()
    assert await desk.search() == 1
    desk.clock.ahead = HELD_FOR + timedelta(minutes=1)  # the worker was down for a day
    assert await desk.search() == 1
    lost, found = await _searches(desk, made["skip_trace_id"])
    assert (lost["status"], lost["cost_minor"], found["status"], found["cost_minor"]) == ("failed", 0, "answered", 75)
    assert [case["spent_minor"] for case in await desk.traces()] == [75]
    assert sum(amount for _, amount in await _ledger(desk)) == 75
    assert ("corrected", -75) in await _ledger(desk)
    assert (await desk.get("/v1/vendors/person_search")).json()["month_spent_minor"] >= 75


async def test_all_attempts_of_one_search_are_charged_once(desk: Desk) -> None:
    """The vendor does and bills it once: all attempts have one reference (docs/contracts/person-search.md)."""
    desk.vendor.faults = Faults(count=100)
    made = await desk.request(budget_minor=300)
    for after in (timedelta(), timedelta(minutes=2), timedelta(minutes=15)):
        desk.clock.ahead = after
        assert await desk.search() == 1
    desk.clock.ahead = HELD_FOR + timedelta(hours=1)
    assert await desk.search() == 0
    searches = await _searches(desk, made["skip_trace_id"])
    assert len(searches) == 3
    assert sorted(one["cost_minor"] for one in searches) == [0, 0, 75]
    assert all(one["settled_at"] for one in searches)
    assert sum(amount for _, amount in await _ledger(desk)) == 75
    assert [case["spent_minor"] for case in await desk.traces()] == [75]


async def test_a_search_that_failed_and_may_be_billed_is_settled_when_the_case_has_found_somebody_else(
    desk: Desk,
) -> None:
    await _set_terms(desk, bills_unanswered=False)
    desk.vendor.faults = Faults(count=3)
    made = await desk.request()
    assert await desk.search() == 1
    await desk.feed(desk.outcome("rpc_promise", at=desk.clock.now(), completed_at=desk.clock.now()))
    assert [case["spent_minor"] for case in await desk.traces()] == [75]
    desk.clock.ahead = HELD_FOR + timedelta(minutes=1)
    assert await desk.search() == 0
    [search] = await _searches(desk, made["skip_trace_id"])
    assert (search["failure"], search["cost_minor"]) == ("answered-503", 0)
    assert [case["spent_minor"] for case in await desk.traces()] == [0]
