"""A permit whose answer is lost, or that nobody used, is taken back by the attempt that it was asked for."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import BaseModel

from services.contact.api.doors import once
from services.contact.domain.placing import Placing
from services.contact.gateways.compliance import ComplianceUnavailableError, Question
from services.contact.handlers.ask_attempts import LOST_AFTER
from services.contact.handlers.attempting import use
from services.contact.handlers.permits import Permits
from services.contact.handlers.place_attempts import place_attempts
from shared.db.transaction import Tx
from shared.errors import Problem, Refusal
from shared.http.auth import Principal
from shared.http.idempotency import IdempotencyKey, ReplayedError
from tests.integration.contact.house import House, worker

COLLECTOR = Principal("collector")


def placing(house: House, number: str = "a1") -> Placing:
    return Placing(house.party(number), (house.account(number),), "phone", house.phone(number), "collection")


def permits(house: House) -> Permits:
    found: Permits = house.app.state.desk.permits
    return found


async def asked(house: House) -> list[dict[str, Any]]:
    return await house.rows(f"SELECT * FROM asked_attempt WHERE creditor_id = '{house.creditor}'")


async def permit_states(house: House, number: str = "a1") -> list[str]:
    async with house.compliance.app.state.engine.connect() as connection:
        rows = await connection.exec_driver_sql(
            f"SELECT state FROM permit WHERE party_id = '{house.party(number)}' ORDER BY permit_id"
        )
        return [row[0] for row in rows]


async def test_an_api_that_is_killed_between_the_question_and_the_call_leaves_a_permit_that_the_sweep_takes_back(
    house: House,
) -> None:
    await permits(house).get(COLLECTOR, placing(house), "wish-1")
    # The process dies here: nothing was placed, nothing was told.
    assert (await permit_states(house), len(await asked(house))) == (["reserved"], 1)
    assert (await house.call("a1")).status_code == 403, "until it is told of, the permit counts"
    house.clock.at += LOST_AFTER + timedelta(seconds=1)
    await worker(house).step()
    [event] = [body for topic, body in await house.carry() if body.get("reason") == "not_placed"]
    assert event["permit_id"] is None
    assert event["rules"] == ["contact.answer_lost"]
    assert await permit_states(house) == ["not_placed"]
    assert await asked(house) == []
    assert (await house.call("a1")).status_code == 201


async def test_the_sweep_tells_once_and_leaves_what_was_asked_just_now(house: House) -> None:
    await permits(house).get(COLLECTOR, placing(house, "a1"), "wish-1")
    house.clock.at += LOST_AFTER + timedelta(seconds=1)
    await permits(house).get(COLLECTOR, placing(house, "b2"), "wish-2")
    await asyncio.gather(*(worker(house).step() for _ in range(3)))
    lost = [body for _, body in await house.published() if body.get("reason") == "not_placed"]
    assert [body["party_id"] for body in lost] == [str(house.party("a1"))]
    assert [row["party_id"] for row in await asked(house)] == [house.party("b2")]


async def test_an_attempt_that_was_given_up_is_never_placed(house: House) -> None:
    permitted = await permits(house).get(COLLECTOR, placing(house), "wish-1")
    command = permitted.command(placing(house), "collector")
    house.clock.at += LOST_AFTER + timedelta(seconds=1)
    await worker(house).step()
    house.clock.at -= LOST_AFTER
    [late] = await permits(house)._transactions.write(lambda tx: place_attempts(tx, [command]))
    assert isinstance(late, Refusal)
    assert late.detail.startswith("contact.given_up")
    assert await house.rows(f"SELECT 1 FROM contact_attempt WHERE party_id = '{house.party('a1')}'") == []


async def test_the_answer_that_is_lost_on_its_way_is_told_at_once_and_a_late_decision_gives_no_permit(
    house: House,
) -> None:
    compliance = permits(house)._compliance
    asking = compliance._client._http
    questions: list[httpx.Request] = []

    class _Cut(httpx.AsyncBaseTransport):
        """The network: it carries the question, and loses the answer."""

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            questions.append(request)
            await line.handle_async_request(request)
            raise httpx.ReadError("cut")

    line, asking._transport = asking._transport, _Cut()
    try:
        answer = await house.call("a1")
    finally:
        asking._transport = line
    assert (answer.status_code, answer.json()["code"]) == (503, "compliance-unavailable")
    assert len({request.headers["Idempotency-Key"] for request in questions}) == 1
    assert await permit_states(house) == ["reserved"]
    await house.carry()
    assert await permit_states(house) == ["not_placed"]
    assert (await house.call("a1")).status_code == 201


async def test_a_question_that_compliance_decides_after_it_was_given_up_reserves_nothing(house: House) -> None:
    await house.compliance.kill()
    assert (await house.call("a1")).status_code == 503
    await house.compliance.start()
    [event] = [body for topic, body in await house.carry() if topic == "contact.blocked"]
    late = Question(
        house.party("a1"), [house.account("a1")], "phone", house.phone("a1"), "collection", UUID(event["attempt_id"])
    )
    with pytest.raises(ComplianceUnavailableError, match="attempt-given-up"):
        await permits(house)._compliance.ask(late)
    assert await permit_states(house) == []


async def test_a_refusal_after_the_permit_gives_it_back_at_once(house: House) -> None:
    async def refused() -> None:
        raise Problem("dial-record-used", "The record is released.")

    permitted = await permits(house).get(COLLECTOR, placing(house), "wish-1")
    with pytest.raises(Problem, match="The record is released"):
        await use(permits(house), permitted, COLLECTOR, placing(house), refused)
    await house.carry()
    assert await permit_states(house) == ["not_placed"]


async def test_the_same_wish_asked_again_is_the_same_attempt_with_the_same_permit(house: House) -> None:
    first, again = [await permits(house).get(COLLECTOR, placing(house), "wish-1") for _ in range(2)]
    assert (first.attempt_id, first.permit.id) == (again.attempt_id, again.permit.id)
    assert await permit_states(house) == ["reserved"]


async def test_what_compliance_refuses_leaves_no_question_open(house: House) -> None:
    await house.placed("a1")
    await house.carry()
    assert (await house.call("a1")).status_code == 403
    assert await asked(house) == []


async def test_a_wish_that_another_process_granted_meanwhile_is_answered_as_it_was(house: House) -> None:
    key = IdempotencyKey(str(house.creditor), "/v1/contact-attempts", "the same body", 201)
    granted = Answered(by="another process")

    async def work(_wish: str) -> Answered:
        async def grant(_tx: Tx) -> Answered:
            return granted

        await house.app.state.edge.run(grant, principal=COLLECTOR, idempotency=key)
        raise Problem("contact-blocked", "What the other process has placed is open.")

    with pytest.raises(ReplayedError) as replayed:
        await once(house.app.state.desk, COLLECTOR, key, work)
    assert replayed.value.answer.body == granted.model_dump_json()


class Answered(BaseModel):
    """An answer that is stored under its key."""

    by: str
