"""A payment and the evaluation of a date at the same time: the payment is judged before the date moves or after it."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
import pytest_asyncio

from deploy.local.issuer import Issuer
from services.payments.store.evaluation import advance_evaluation
from shared.clock import SystemClock
from shared.db.account_creditors import AccountCreditors
from shared.db.locks import lock
from shared.db.transaction import Tx, open_transaction
from shared.jobs import run_chunk
from tests.conftest import GetEngine
from tests.integration.payments.money_desk import Desk, open_desk
from tests.integration.payments.obligation_book import Book, on

_WAITING = """
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@pytest_asyncio.fixture
async def desk(service_engine: GetEngine, issuer: Issuer) -> AsyncIterator[Desk]:
    async with open_desk(await service_engine("payments"), issuer) as made:
        yield made


async def wait_for_a_lock(tx: Tx) -> None:
    async with asyncio.timeout(20):
        while not await tx.fetchval(_WAITING):
            pass  # each look is a round trip to the server


@pytest.mark.parametrize("is_known_already", [False, True])
async def test_a_payment_by_its_bare_account_waits_for_the_date_that_is_moving(
    desk: Desk, *, is_known_already: bool
) -> None:
    await desk.open("A")
    if is_known_already:
        await desk.pay(desk.body("A", "before"))
    body = {**desk.body("A", "late"), "account_id": str(desk.account("A"))}
    del body["creditor_id"], body["core_account_number"]
    async with open_transaction(desk.engine, SystemClock()) as tx:
        await lock(tx, exclusive_creditors=[desk.creditor])
        paying = asyncio.ensure_future(desk.pay(body))
        await wait_for_a_lock(tx)
        assert not paying.done()
    assert (await paying).status_code == 201


async def test_an_arrangement_is_judged_on_the_date_that_was_moving_when_the_payment_came(desk: Desk) -> None:
    book = Book(desk.engine, creditor_id=desk.creditor)
    await book.open()
    made = await book.arrange((2, 1_000), (30, 1_000))
    body = {**desk.body("A", "late", 100), "account_id": str(book.account_id), "effective_on": str(on(1))}
    del body["creditor_id"], body["core_account_number"]
    async with open_transaction(desk.engine, SystemClock()) as tx:
        await lock(tx, exclusive_creditors=[desk.creditor])
        paying = asyncio.ensure_future(desk.pay(body))
        await wait_for_a_lock(tx)
        await advance_evaluation(tx, desk.creditor, on(3))
        await tx.commit()
    answer = await paying
    assert answer.status_code == 201, answer.text
    assert (await book.arrangement_now(made.id)).status == "broken"


async def test_the_creditors_of_accounts_are_read_once_and_forgotten_beyond_the_bound(desk: Desk) -> None:
    await desk.open("A", "B")
    creditors = AccountCreditors[UUID](lambda account_id: (account_id,), capacity=1)

    async def reads(tx: Tx) -> None:
        for number in ("A", "B", "A"):
            assert (await creditors.locks(tx, [desk.account(number)])).creditors == {desk.creditor}
        assert (await creditors.locks(tx, [desk.account("Z")])).creditors == frozenset()

    await run_chunk(desk.engine, SystemClock(), reads)
