"""Payments over HTTP and from the core, reversals, a promise and an arrangement meet on one account at the same time.

Whatever the order in which the locks are given, the end is the one of doing them one by one: it is computed here from
the list of what was sent. Hypothesis makes the rushes, and shortens the one that fails.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local.issuer import Issuer
from tests.conftest import GetEngine
from tests.integration.payments.money_desk import DAY, Desk, open_desk

PROMISED = 700
INSTALLMENTS = ({"due_on": "2026-03-20", "amount_minor": 1_000}, {"due_on": "2026-04-20", "amount_minor": 1_000})
_MONEY = st.integers(1, 900)
_ACTION = st.one_of(
    st.tuples(st.just("post"), _MONEY),
    st.tuples(st.just("core"), _MONEY),
    st.tuples(st.just("reverse"), st.integers(0, 30)),  # which of the payments of the rushes before
)
RUSHES = st.lists(st.lists(_ACTION, min_size=2, max_size=8), min_size=1, max_size=4)


@pytest_asyncio.fixture
async def desk(service_engine: GetEngine, issuer: Issuer) -> AsyncIterator[Desk]:
    async with open_desk(await service_engine("payments"), issuer, is_one_clock=True) as made:
        await made.open()
        yield made


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rushes=RUSHES)
async def test_a_rush_ends_as_its_actions_one_by_one(desk: Desk, rushes: Sequence[Sequence[tuple[str, int]]]) -> None:
    number = str(uuid4())
    await desk.feed(desk.account_message(number))
    account = {"account_id": str(desk.account(number)), "currency": "USD"}
    agreed = await desk.post("/v1/arrangements", account | {"installments": list(INSTALLMENTS)})
    promised = await desk.post("/v1/promises", account | {"due_on": "2026-03-20", "amount_minor": PROMISED})
    assert (agreed.status_code, promised.status_code) == (201, 201), (agreed.text, promised.text)
    amounts: dict[str, int] = {}  # by source reference, in the order sent
    taken_back: set[str] = set()
    for rush in rushes:
        ids = {payment["source_ref"]: payment["payment_id"] for payment in await _payments(desk, number)}
        before = list(ids)
        await asyncio.gather(
            *(_act(desk, number, *action, ids=ids, amounts=amounts, taken=taken_back) for action in rush)
        )
        counted = sum(amount for ref, amount in amounts.items() if ref not in taken_back)
        found = {payment["source_ref"]: payment for payment in await _payments(desk, number)}
        assert {ref: payment["amount_minor"] for ref, payment in found.items()} == amounts
        assert {ref for ref, payment in found.items() if payment["status"] == "reversed"} == taken_back
        assert set(before) <= set(found)
        arrangement = (await desk.get(agreed.headers["Location"])).json()
        assert [each["paid_minor"] for each in arrangement["installments"]] == [
            min(counted, 1_000),
            min(max(counted - 1_000, 0), 1_000),
        ]
        assert arrangement["status"] == ("completed" if counted >= 2 * 1_000 else "active")
        promise = (await desk.get(promised.headers["Location"])).json()
        assert promise["status"] == ("kept" if counted >= PROMISED else "made")


async def _act(
    desk: Desk, number: str, verb: str, value: int, *, ids: dict[str, str], amounts: dict[str, int], taken: set[str]
) -> None:
    if verb == "reverse":
        if ids:
            ref = list(ids)[value % len(ids)]
            taken.add(ref)
            body = {"reason": "nsf", "effective_on": DAY}
            answer = await desk.post(f"/v1/payments/{ids[ref]}/reversals", body)
            assert answer.status_code == 201, answer.text
        return
    ref = str(uuid4())
    amounts[ref] = value
    if verb == "core":
        await desk.feed(desk.core(number, ref, value))
        return
    answer = await desk.pay(desk.body(number, ref, value))
    assert answer.status_code == 201, answer.text


async def _payments(desk: Desk, number: str) -> list[dict[str, Any]]:
    return await desk.payments(account_id=str(desk.account(number)))
