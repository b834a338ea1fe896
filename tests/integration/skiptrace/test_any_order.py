"""Any permutation of the same messages, in any batches, some of them twice, ends in the same state."""

import random
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from deploy.local.issuer import Issuer
from shared.messaging.message import RawMessage
from tests.conftest import GetEngine
from tests.integration.skiptrace.trace_desk import FOUND_PHONE, NOW, TALK, Desk, open_desk


@pytest_asyncio.fixture
async def desk(service_engine: GetEngine, issuer: Issuer, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(await service_engine("skiptrace"), issuer, tmp_path) as made:
        yield made


def _story(desk: Desk) -> list[RawMessage]:
    """Three people: one with a wrong number and back mail, one who pays, one who is found before anybody searched."""
    messages = [desk.creditor_message()]
    for number in ("A", "B", "C"):
        messages += [desk.party_message(number, 1), desk.party_message(number, 2, city="Peoria")]
        messages += [desk.account_message(number, 1), desk.account_message(number, 2, past_due_minor=50_000)]
    messages += [
        desk.outcome("wrong_number", "A", at=NOW - timedelta(hours=5)),
        desk.invalidated("A", at=NOW - timedelta(hours=5)),
        desk.invalidated("A", kind="address", reason="undeliverable", at=NOW - timedelta(hours=4)),
        desk.outcome("wrong_number", "B", at=NOW - timedelta(hours=3)),
        desk.account_message("B", 3, balance_minor=0, past_due_minor=0, oldest_unpaid_due_on=None),
        *(desk.outcome("no_answer", "C", at=NOW - timedelta(days=50 - day)) for day in range(5)),
        desk.outcome("rpc_promise", "C", at=NOW - timedelta(days=1)),
        desk.restriction("cease", "C"),
    ]
    return messages


async def _state(desk: Desk) -> Any:
    views = {}
    for table, columns in {
        "party_view": "party_id, aggregate_version, city",
        "account_view": "account_id, aggregate_version, past_due_minor, balance_minor",
        "contact_try": "attempt_id, is_right_party",
        "trace_trigger": "trigger_id, kind",
        "skip_trace": "skip_trace_id, party_id, account_id",
    }.items():
        views[table] = sorted(
            map(tuple, await desk.query(f"SELECT {columns} FROM {table} WHERE creditor_id = :creditor"))
        )
    marks = await desk.query(
        "SELECT contact_point_id, invalid_at, verified_at FROM point_mark WHERE party_id IN "
        f"('{desk.party('A')}', '{desk.party('B')}', '{desk.party('C')}')"
    )
    return views | {"point_mark": sorted((row[0], str(row[1]), str(row[2])) for row in marks)}


@pytest.mark.parametrize("seed", range(8))
async def test_the_order_of_messages_does_not_matter(desk: Desk, seed: int) -> None:
    story = _story(desk)
    drawn = random.Random(seed)
    told = [*story, *drawn.sample(story, 8)]
    drawn.shuffle(told)
    while told:
        size = drawn.randint(1, 6)
        await desk.feed(*told[:size])
        told = told[size:]
    found = await _state(desk)

    # Whether B's case was opened before B had paid, and C's before the talk was known, is a matter of order. What is
    # open is not.
    assert [case["status"] for case in await desk.traces("A")] == ["requested"]
    assert {case["status"] for case in await desk.traces("B")} <= {"cancelled"}
    assert {case["status"] for case in await desk.traces("C")} <= {"located", "cancelled"}
    found["skip_trace"] = [row for row in found["skip_trace"] if row[1] == desk.party("A")]
    [case] = found["skip_trace"]
    assert case[1:] == (desk.party("A"), desk.account("A"))
    assert len(found["trace_trigger"]) == 3
    assert len(found["contact_try"]) == 8
    assert all(row[1:] == (2, "Peoria") for row in found["party_view"])
    before = await _state(desk)
    await desk.feed(*drawn.sample(story, len(story)))
    assert await _state(desk) == before


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("at_once", [True, False], ids=["in one batch", "one by one"])
async def test_a_wrong_number_after_a_talk_opens_a_case_however_late_they_are_told(
    desk: Desk, order: tuple[int, ...], at_once: bool
) -> None:
    await desk.open("A")
    noon = desk.clock.now()
    told = [
        desk.outcome("wrong_number", "A", at=noon - timedelta(hours=4)),
        desk.outcome("rpc_promise", "A", contact_point_id=uuid4(), at=noon - timedelta(hours=3)),
        desk.outcome("wrong_number", "A", contact_point_id=uuid4(), at=noon - timedelta(hours=2)),
    ]
    drawn = [told[place] for place in order]
    for batch in [drawn] if at_once else [[each] for each in drawn]:
        await desk.feed(*batch)
    cases = await desk.traces("A")
    assert [case["status"] for case in cases if case["status"] != "located"] == ["requested"]
    ended = [datetime.fromisoformat(case["resolved_at"]) for case in cases if case["status"] == "located"]
    assert set(ended) <= {noon - timedelta(hours=3) + TALK}


async def test_a_talk_and_a_wrong_number_that_are_told_together_end_one_case_and_open_another(desk: Desk) -> None:
    await desk.open("A")
    noon = desk.clock.now()
    await desk.feed(desk.outcome("wrong_number", "A", at=noon - timedelta(hours=4)))
    [first] = await desk.traces("A")
    await desk.feed(
        desk.outcome("rpc_promise", "A", contact_point_id=uuid4(), at=noon - timedelta(hours=3)),
        desk.outcome("wrong_number", "A", contact_point_id=uuid4(), at=noon - timedelta(hours=2)),
    )
    cases = {case["skip_trace_id"]: case["status"] for case in await desk.traces("A")}
    assert cases.pop(first["skip_trace_id"]) == "located"
    assert list(cases.values()) == ["requested"]


@pytest.mark.parametrize("seed", range(4))
async def test_words_on_a_candidate_hold_by_their_instants_whatever_comes_first(desk: Desk, seed: int) -> None:
    await desk.open("A")
    desk.knows("A")
    await desk.request("A")
    await desk.search()
    point = desk.phone("A", FOUND_PHONE)
    later = desk.clock.now() + timedelta(hours=2)
    words = [
        desk.outcome("rpc_promise", "A", contact_point_id=point, at=later),
        desk.outcome("wrong_number", "A", contact_point_id=point, at=later - timedelta(hours=1)),
        desk.invalidated("A", contact_point_id=point, at=later - timedelta(minutes=30)),
    ]
    random.Random(seed).shuffle(words)
    desk.clock.ahead = timedelta(hours=3)
    for word in words:
        await desk.feed(word)
    candidate = (await desk.get(f"/v1/contact-point-candidates/{point}")).json()
    assert candidate["status"] == "verified"
    [case] = await desk.traces("A")
    assert case["status"] == "located"
