"""Batches that overlap in any way never deadlock, and what needs to wait waits."""

import asyncio
import random
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import FixedClock
from shared.db.failures import is_transient
from shared.db.locks import Locks, lock, take, try_lock
from shared.db.transaction import Tx, open_transaction
from shared.ids import lock_key

CLOCK = FixedClock(datetime(2026, 3, 1, tzinfo=UTC))
_HELD = """
SELECT ((classid::bigint << 32) | objid::bigint) AS key, mode FROM pg_locks
WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted
"""


async def _held(tx: Tx) -> dict[int, str]:
    return {row["key"]: row["mode"] for row in await tx.fetch(_HELD)}


async def test_a_batch_holds_its_creditors_shared_and_its_accounts_exclusively(kernel_engine: AsyncEngine) -> None:
    creditors, accounts, moving = [uuid4(), uuid4()], [uuid4() for _ in range(500)], uuid4()
    async with open_transaction(kernel_engine, CLOCK) as tx:
        await lock(
            tx, creditors=[*creditors, moving, *creditors], accounts=accounts + accounts, exclusive_creditors=[moving]
        )
        assert await _held(tx) == {
            **{lock_key(creditor): "ShareLock" for creditor in creditors},
            lock_key(moving): "ExclusiveLock",
            **{lock_key(account): "ExclusiveLock" for account in accounts},
        }


async def test_no_locks_are_no_statement_and_locks_end_with_the_transaction(kernel_engine: AsyncEngine) -> None:
    account = uuid4()
    async with open_transaction(kernel_engine, CLOCK) as tx:
        await lock(tx)
        await take(tx, [])
        assert await _held(tx) == {}
        await take(tx, [Locks(accounts=frozenset([account]))])
    async with open_transaction(kernel_engine, CLOCK) as tx:
        assert await _held(tx) == {}
        assert await try_lock(tx, account)


async def test_the_locks_of_many_commands_are_taken_as_one(kernel_engine: AsyncEngine) -> None:
    a, b, x, y = uuid4(), uuid4(), uuid4(), uuid4()
    wanted = [
        Locks(frozenset([a]), frozenset([x])),
        Locks(frozenset([a, b]), frozenset([x, y])),
        Locks(frozenset([b]), exclusive=True),
    ]
    async with open_transaction(kernel_engine, CLOCK) as tx:
        await take(tx, wanted)
        assert await _held(tx) == {
            lock_key(a): "ShareLock",
            lock_key(b): "ExclusiveLock",
            lock_key(x): "ExclusiveLock",
            lock_key(y): "ExclusiveLock",
        }


async def test_two_ids_with_one_key_are_one_lock(kernel_engine: AsyncEngine) -> None:
    first = uuid4()
    second = UUID(bytes=uuid4().bytes[:8] + first.bytes[8:])
    async with open_transaction(kernel_engine, CLOCK) as tx:
        await lock(tx, accounts=[first, second])
        assert list(await _held(tx)) == [lock_key(first)]


async def test_locks_are_taken_in_the_order_of_their_keys(kernel_engine: AsyncEngine) -> None:
    """While one lock in the middle is held elsewhere, a batch holds those before it and none after it."""
    accounts = sorted((uuid4() for _ in range(400)), key=lock_key)
    creditor = uuid4()
    held_before = [lock_key(account) for account in accounts[:200]]
    async with open_transaction(kernel_engine, CLOCK) as holder, open_transaction(kernel_engine, CLOCK) as waiter:
        await lock(holder, accounts=[accounts[200]])
        mixed = random.Random(1).sample(accounts, len(accounts))
        waiting = asyncio.create_task(lock(waiter, creditors=[creditor], accounts=mixed))
        pid = waiter.driver.get_server_pid()
        while not await holder.fetchval("SELECT cardinality(pg_blocking_pids($1)) > 0", pid):  # noqa: ASYNC110 - see below
            await asyncio.sleep(0.01)  # another process waits: there is no event to await
        rows = await holder.fetch(_HELD.replace("pg_backend_pid()", "$1"), pid)
        assert sorted(row["key"] for row in rows) == sorted([*held_before, lock_key(creditor)])
        await holder.conn.rollback()
        await waiting


async def test_a_shared_creditor_lets_others_in_and_an_exclusive_one_waits_for_them(
    kernel_engine: AsyncEngine,
) -> None:
    creditor = uuid4()
    async with open_transaction(kernel_engine, CLOCK) as one, open_transaction(kernel_engine, CLOCK) as two:
        await lock(one, creditors=[creditor])
        await lock(two, creditors=[creditor])
        async with open_transaction(kernel_engine, CLOCK) as mover:
            await mover.execute("SET LOCAL lock_timeout = '50ms'")
            with pytest.raises(asyncpg.LockNotAvailableError) as caught:
                await lock(mover, exclusive_creditors=[creditor])
    assert is_transient(caught.value)
    async with open_transaction(kernel_engine, CLOCK) as one, open_transaction(kernel_engine, CLOCK) as two:
        await lock(one, exclusive_creditors=[creditor])
        assert not await try_lock(two, creditor)


async def test_overlapping_batches_in_any_order_never_deadlock(kernel_engine: AsyncEngine) -> None:
    creditors, accounts = [uuid4() for _ in range(4)], [uuid4() for _ in range(60)]
    inside: set[UUID] = set()
    done = 0

    async def work(seed: int) -> None:
        nonlocal done
        chance = random.Random(seed)
        for _ in range(15):
            mine = chance.sample(accounts, chance.randint(1, 40))
            books = chance.sample(creditors, chance.randint(1, 4))
            moving = chance.random() < 0.2
            async with open_transaction(kernel_engine, CLOCK) as tx:
                await lock(
                    tx,
                    creditors=[] if moving else books,
                    accounts=mine,
                    exclusive_creditors=books[:1] if moving else [],
                )
                assert inside.isdisjoint(mine)  # nobody else is at these accounts
                inside.update(mine)
                await asyncio.sleep(0)
                await tx.fetchval("SELECT 1")
                inside.difference_update(mine)
            done += 1

    async with asyncio.timeout(60):
        await asyncio.gather(*(work(seed) for seed in range(12)))
    assert done == 12 * 15
