"""A permit whose answer never reached contact is reported by the attempt for which it was asked, in either order."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from prometheus_client import REGISTRY
from sqlalchemy import text

from deploy.local.issuer import Issuer
from services.compliance.store.backlog import MEASURES
from shared.messaging.backlog import measure
from tests.conftest import GetEngine
from tests.integration.compliance.contact_desk import Desk, open_desk, rules_against

_EXPIRE = """
UPDATE permit SET expires_at = clock_timestamp()
  + CASE attempt_id WHEN :attempt THEN CAST(:later AS interval) ELSE interval '1 day' END
"""
"""Those of other tests are not meant: all have one database."""


@pytest_asyncio.fixture
async def desk(service_engine: GetEngine, issuer: Issuer) -> AsyncIterator[Desk]:
    async with open_desk(await service_engine("compliance"), issuer) as made:
        yield await made.open("A")


async def _ask(desk: Desk, attempt_id: UUID, **facts: Any) -> dict[str, Any]:
    return await desk.decide("A", attempt_id=str(attempt_id), **facts)


async def test_a_permit_whose_answer_was_lost_counts_until_its_attempt_is_given_up(desk: Desk) -> None:
    lost, other = uuid4(), uuid4()
    assert (await _ask(desk, lost))["permit"] is not None
    assert "policy.open_attempt" in rules_against(await _ask(desk, other))
    desk.clock.at += timedelta(hours=3)
    assert "policy.open_attempt" in rules_against(await _ask(desk, other))
    await desk.feed(desk.blocked("A", None, lost))
    assert (await _ask(desk, other))["permit"] is not None
    assert await desk.query("SELECT state FROM permit WHERE creditor_id = :creditor ORDER BY reserved_at") == [
        ("not_placed",),
        ("reserved",),
    ]


async def test_an_attempt_that_was_given_up_before_its_request_came_gets_no_permit(desk: Desk) -> None:
    lost = uuid4()
    await desk.feed(desk.blocked("A", None, lost))
    answer = await desk.post("/v1/contact-decisions", desk.request("A", attempt_id=str(lost)), role="contact_service")
    assert (answer.status_code, answer.json()["code"]) == (409, "attempt-given-up")
    assert await desk.query("SELECT state FROM permit WHERE creditor_id = :creditor") == []
    assert (await _ask(desk, uuid4()))["permit"] is not None


async def test_what_was_placed_counts_although_its_attempt_was_given_up(desk: Desk) -> None:
    attempt_id = uuid4()
    permit = (await _ask(desk, attempt_id))["permit"]
    attempt = desk.attempt("A", desk.clock.at, attempt_id=attempt_id, permit_id=UUID(permit["id"]))
    await desk.feed(desk.attempted(attempt), desk.blocked("A", None, attempt_id))
    assert await desk.query("SELECT state FROM permit WHERE creditor_id = :creditor") == [("placed",)]
    assert "policy.open_attempt" in rules_against(await _ask(desk, uuid4()))


async def test_a_permit_that_has_expired_and_is_not_reported_is_seen_in_the_metrics(desk: Desk) -> None:
    lost = uuid4()
    await _ask(desk, lost)
    assert await _unreported(desk, lost, timedelta(minutes=2)) == (0, 0)
    assert await _unreported(desk, lost, timedelta(hours=-1)) == (1, pytest.approx(3_600, abs=60))
    await desk.feed(desk.blocked("A", None, lost))
    assert await _unreported(desk, lost, timedelta(hours=-1)) == (0, 0)


async def _unreported(desk: Desk, attempt: UUID, expires_in: timedelta) -> tuple[Any, Any]:
    """What the metrics say of permits that expire so much later than now, by the database's clock."""
    async with desk.engine.begin() as connection:
        await connection.execute(text(_EXPIRE), {"later": expires_in, "attempt": attempt})
    await measure(desk.engine, desk.clock, MEASURES)
    names = ("arrears_held", "arrears_held_oldest_seconds")
    held, oldest = [REGISTRY.get_sample_value(name, {"kind": "permit"}) for name in names]
    return held, oldest
