"""Many at once, through several API processes' worth of pools and batchers: no limit is ever exceeded, no cease passed.

Each app has connections, a micro-batcher and two writers of its own, as a process has; what keeps them apart is the
locks of the database alone.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest_asyncio

from deploy.local.issuer import Issuer
from shared.db.engine import engine_for
from tests.conftest import GetDatabase
from tests.integration.compliance.contact_desk import Desk, open_desk

APPS = 4
REQUESTS = 200
MESSAGES = 3
"""The shipped policy: so many messages to a person in seven days."""
CONTACTS_OF_A_PERSON = 3
"""Washington: so many contacts with a person in seven days, about all debts together."""
ALLOWED = {"allow", "allow_with"}


@pytest_asyncio.fixture
async def desks(service_database: GetDatabase, issuer: Issuer) -> AsyncIterator[list[Desk]]:
    """The same creditor through several apps on one database."""
    dsn = (await service_database("compliance")).service_dsn
    async with AsyncExitStack() as stack:
        opened: list[Desk] = []
        for _ in range(APPS):
            engine = engine_for(dsn, application_name="race", pool_size=4)
            stack.push_async_callback(engine.dispose)
            desk = await stack.enter_async_context(open_desk(engine, issuer))
            desk.creditor = opened[0].creditor if opened else desk.creditor
            opened.append(desk)
        yield opened


async def _ask(desks: Sequence[Desk], number: str, times: int, **facts: Any) -> list[dict[str, Any]]:
    return list(await asyncio.gather(*(desks[n % len(desks)].decide(number, **facts) for n in range(times))))


def _permits(answers: Sequence[dict[str, Any]]) -> int:
    permits = [one["permit"]["id"] for one in answers if one["permit"] is not None]
    assert len(permits) == len(set(permits))
    assert all((one["outcome"] in ALLOWED) == (one["permit"] is not None) for one in answers)
    return len(permits)


async def test_of_two_hundred_at_once_one_call_is_let_out(desks: list[Desk]) -> None:
    await desks[0].open("A")
    assert _permits(await _ask(desks, "A", REQUESTS)) == 1


async def test_rounds_of_many_at_once_never_exceed_seven_calls_in_seven_days(desks: list[Desk]) -> None:
    desk = desks[0]
    await desk.open("A")
    for rule_id in ("policy.min_gap", "policy.max_per_day"):
        path = f"/v1/creditors/{desk.creditor}/policies/{rule_id}"
        assert (await desk.post(path, {"is_on": False}, method="PUT")).status_code == 200
    let_out = 0
    for _ in range(9):
        answers = await _ask(desks, "A", 50)
        let_out += _permits(answers)
        for permit in (one["permit"] for one in answers if one["permit"] is not None):
            attempt = desk.attempt("A", desk.clock.at, permit_id=UUID(permit["id"]))
            await desk.feed(desk.attempted(attempt), desk.completed(attempt, "no_answer"))
        for each in desks:
            each.clock.at += timedelta(minutes=10)
    assert let_out == 7
    assert {one["outcome"] for one in answers} == {"block_until"}


async def test_two_hundred_at_once_never_exceed_a_limit_on_messages(desks: list[Desk]) -> None:
    desk = desks[0]
    await desk.open("A")
    consent = {"party_id": str(desk.party("A")), "channel": "sms", "purpose": "contact", "basis": "direct"}
    assert (await desk.post("/v1/consents", consent | {"evidence": "Said so"})).status_code == 201
    for each in desks:
        each.clock.at += timedelta(minutes=1)
    answers = await _ask(desks, "A", REQUESTS, channel="sms")
    assert _permits(answers) == MESSAGES
    assert Counter(one["outcome"] for one in answers if one["permit"] is None) == {"block_until": REQUESTS - MESSAGES}


async def test_no_call_is_let_out_after_a_cease_was_taken(desks: list[Desk]) -> None:
    desk = desks[0]
    await desk.open(*(f"P{n}" for n in range(20)))
    order: list[tuple[str, str]] = []

    async def ask(n: int) -> None:
        made = await desks[n % APPS].decide(f"P{n % 20}")
        order.append((f"P{n % 20}", "allowed" if made["permit"] else "blocked"))

    async def cease(n: int) -> None:
        await desks[n % APPS].restrict(f"P{n}", "cease")
        order.append((f"P{n}", "ceased"))

    await asyncio.gather(*(ask(n) for n in range(40)), *(cease(n) for n in range(20)), *(ask(n) for n in range(40)))
    # Stored order is what counts: answers may pass each other on their way back, transactions may not.
    rows = await desk.query(
        "SELECT p.party_id, p.permit_id, r.restriction_id FROM permit p JOIN restriction r USING (party_id)"
        " WHERE p.creditor_id = :creditor AND p.reserved_at > r.placed_at"
    )
    assert rows == []
    for number in {number for number, _ in order}:
        assert (await desk.decide(number))["outcome"] == "block"


async def test_requests_for_debts_that_overlap_do_not_deadlock(desks: list[Desk]) -> None:
    desk = desks[0]
    await desk.open("A")
    numbers = [f"D{n}" for n in range(6)]
    await desk.feed(*(desk.account_message(each, party="A") for each in numbers))
    ids = [str(desk.account(each)) for each in numbers]
    rotations = [ids[n:] + ids[:n] for n in range(6)] + [ids[n::-1] for n in range(1, 6)]
    answers = await asyncio.gather(
        *(desks[n % APPS].decide("A", account_ids=rotations[n % len(rotations)]) for n in range(110))
    )
    assert _permits(answers) == 1


async def test_two_hundred_at_once_about_several_debts_of_one_person_exceed_no_limit_of_any(desks: list[Desk]) -> None:
    """Every debt has calls of its own; a permit for several of them counts for each."""
    desk = desks[0]
    await desk.open("A")
    numbers = [f"D{n}" for n in range(5)]
    await desk.feed(*(desk.account_message(each, party="A") for each in numbers))
    ids = [str(desk.account(each)) for each in numbers]
    for rule_id in ("policy.min_gap", "policy.max_per_day"):
        path = f"/v1/creditors/{desk.creditor}/policies/{rule_id}"
        assert (await desk.post(path, {"is_on": False}, method="PUT")).status_code == 200
    asked = [ids[n % 5 : n % 5 + 1 + n % 3] for n in range(REQUESTS)]
    answers = await asyncio.gather(*(desks[n % APPS].decide("A", account_ids=about) for n, about in enumerate(asked)))
    assert _permits(answers) >= 2
    held = Counter(
        account for about, answer in zip(asked, answers, strict=True) if answer["permit"] for account in about
    )
    assert set(held.values()) == {1}
    assert set(held) == set(ids)


async def test_two_hundred_at_once_for_one_person_exceed_no_limit_over_all_debts(desks: list[Desk]) -> None:
    """wa.contacts_7d counts the contacts with a person, whichever debt each is about."""
    desk, phone = desks[0], "+12065550123"
    numbers = [f"D{n}" for n in range(20)]
    await desk.feed(
        desk.creditor_message(),
        desk.party_message("A", phones=(phone,), city="Seattle", region="WA", postal_code="98101"),
        *(desk.account_message(each, party="A") for each in numbers),
    )
    path = f"/v1/creditors/{desk.creditor}/policies/policy.min_gap"
    assert (await desk.post(path, {"is_on": False}, method="PUT")).status_code == 200
    point = str(desk.phone("A", phone))
    answers = await asyncio.gather(
        *(
            desks[n % APPS].decide("A", account_ids=[str(desk.account(numbers[n % 20]))], contact_point_id=point)
            for n in range(REQUESTS)
        )
    )
    assert _permits(answers) == CONTACTS_OF_A_PERSON
