"""Facts explain every row: built anew from the topics, what skiptrace knows and judges is what it was."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest_asyncio

from deploy.local.issuer import Issuer
from services.skiptrace.app import SERVICE
from shared.db.engine import engine_for
from shared.messaging.message import RawMessage
from shared.messaging.rebuild import RebuildReport, rebuild
from tests.conftest import GetDatabase, GetEngine
from tests.integration.skiptrace.trace_desk import NOW, Desk, open_desk


@pytest_asyncio.fixture
async def desk(service_engine: GetEngine, issuer: Issuer, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(await service_engine("skiptrace"), issuer, tmp_path) as made:
        yield made


async def _rebuild(desk: Desk, get_database: GetDatabase, told: Sequence[RawMessage], *, check: bool) -> RebuildReport:
    assert SERVICE.rebuild is not None
    how = SERVICE.rebuild(desk.settings)
    engine = engine_for((await get_database("skiptrace")).owner_dsn)

    async def history() -> AsyncIterator[Sequence[RawMessage]]:
        yield [message for message in told if message.topic in how.topics]

    async def is_at_rest() -> bool:
        return True

    try:
        return await rebuild(engine, desk.clock, how, history, check=check, is_at_rest=is_at_rest)
    finally:
        await engine.dispose()


async def test_a_book_built_anew_is_the_same_and_a_spoilt_row_is_named_and_put_right(
    desk: Desk, service_database: GetDatabase
) -> None:
    told = [
        desk.creditor_message(),
        *(
            message
            for number in ("A", "B", "C")
            for message in (desk.party_message(number), desk.account_message(number))
        ),
        desk.outcome("wrong_number", "A"),
        desk.outcome("no_answer", "B", at=NOW - timedelta(days=2)),
        desk.restriction("cease", "B"),
        desk.erasure("C"),
    ]
    desk.knows("A")
    await desk.feed(*told)
    await desk.search()
    phone = next(
        one for one in await desk.candidates((await desk.traces("A"))[0]["skip_trace_id"]) if one["kind"] == "phone"
    )
    talk = desk.outcome("rpc_promise", "A", contact_point_id=phone["id"], at=desk.clock.now())
    await desk.feed(talk)
    told.append(talk)
    await desk.published()

    report = await _rebuild(desk, service_database, told, check=True)
    assert (report.messages, report.differing, report.differences) == (len(told), 0, [])

    owner = await asyncpg.connect((await service_database("skiptrace")).owner_dsn)
    try:
        await owner.execute("UPDATE party_view SET city = 'Nowhere' WHERE party_id = $1", desk.party("A"))
        await owner.execute("UPDATE skip_trace SET status = 'exhausted', reason = 'no_candidate_left'")
        await owner.execute("DELETE FROM contact_try WHERE party_id = $1", desk.party("B"))
    finally:
        await owner.close()
    report = await _rebuild(desk, service_database, told, check=False)
    assert {each.table for each in report.differences} == {"party_view", "skip_trace", "contact_try"}
    assert (await _rebuild(desk, service_database, told, check=True)).differing == 0
    assert (await desk.traces("A"))[0]["status"] == "located"
