"""Who owes a debt beside its primary party is searched for too, and no longer than the debt is owed."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from deploy.local.issuer import Issuer
from tests.conftest import GetEngine
from tests.integration.skiptrace.trace_desk import Desk, open_desk

OTHER = "C-9"
"""The number of the other party; it has no account of its own."""


@pytest_asyncio.fixture
async def desk(service_engine: GetEngine, issuer: Issuer, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(await service_engine("skiptrace"), issuer, tmp_path) as made:
        yield await made.open()


def _part(desk: Desk, role: str, version: int = 1, **facts: Any) -> Any:
    parts = ({"account_id": desk.account(), "role": role},)
    return desk.party_message(OTHER, version, accounts=parts, **facts)


def _asked(desk: Desk) -> dict[str, str]:
    return {"party_id": str(desk.party(OTHER)), "account_id": str(desk.account())}


@pytest.mark.parametrize("role", ["joint", "cosigner", "guarantor"])
async def test_another_debtor_is_searched_for_and_found(desk: Desk, role: str) -> None:
    await desk.feed(_part(desk, role))
    desk.knows(OTHER)
    made = await desk.request(**_asked(desk))
    await desk.search()
    assert [case["status"] for case in await desk.traces(OTHER)] == ["candidates"]
    assert {one["party_id"] for one in await desk.candidates(made["skip_trace_id"])} == {str(desk.party(OTHER))}


@pytest.mark.parametrize("role", ["authorized_user", "representative"])
async def test_who_does_not_owe_is_not_searched_for(desk: Desk, role: str) -> None:
    await desk.feed(_part(desk, role))
    answer = await desk.post("/v1/skip-traces", desk.body(**_asked(desk)))
    assert (answer.status_code, answer.json()["code"]) == (422, "party-not-on-account")


async def test_a_wrong_number_of_another_debtor_opens_a_case_and_the_payoff_ends_it(desk: Desk) -> None:
    await desk.feed(_part(desk, "cosigner"))
    await desk.feed(desk.invalidated(OTHER, account_id=desk.account(), contact_point_id=uuid4()))
    [case] = await desk.traces(OTHER)
    assert (case["trigger"], case["account_id"]) == ("wrong_number", str(desk.account()))
    await desk.feed(desk.account_message(version=2, balance_minor=0, past_due_minor=0, status="closed"))
    await desk.sweep()
    assert [(one["status"], one["reason"]) for one in await desk.traces(OTHER)] == [("cancelled", "account_settled")]


async def test_no_search_leaves_between_the_payoff_and_the_job_that_ends_the_case(desk: Desk) -> None:
    await desk.feed(_part(desk, "cosigner"))
    await desk.request(**_asked(desk))
    await desk.feed(desk.account_message(version=2, balance_minor=0, past_due_minor=0, status="closed"))
    assert await desk.search() == 0
    assert [(one["status"], one["reason"]) for one in await desk.traces(OTHER)] == [("cancelled", "account_settled")]


async def test_who_has_left_the_debt_is_searched_for_no_more(desk: Desk) -> None:
    await desk.feed(_part(desk, "joint"))
    await desk.request(**_asked(desk))
    await desk.feed(desk.party_message(OTHER, 2, accounts=()))
    assert [case["status"] for case in await desk.traces(OTHER)] == ["cancelled"]
