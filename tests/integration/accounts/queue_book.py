"""A book of accounts written straight into the tables, for tests of queues: any facts, without a snapshot behind them.

`Book` runs each step as the edge would: one transaction, committed at its end.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from services.accounts.domain.actor import Actor
from services.accounts.domain.queues import QueueDefinition
from services.accounts.handlers.next_item import next_item
from services.accounts.handlers.queue_membership import QueueChanges, refresh_queues
from services.accounts.schemas.work_items import WorkItemOut
from services.accounts.store.queue_definitions import save_definition
from services.accounts.tables.accounts import ACCOUNT
from services.accounts.tables.creditors import CREDITOR
from shared.clock import Clock
from shared.db.locks import lock
from shared.db.sets import insert_rows
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.ids import new_id
from shared.jobs import run_chunk

T = TypeVar("T")
BUSINESS_DATE = date(2026, 3, 15)
CURRENT: dict[str, Any] = {
    "product_class": "closed_end_loan", "currency": "USD", "status": "open", "opened_on": None,
    "charged_off_on": None, "credit_limit_minor": None, "snapshot_on": BUSINESS_DATE, "is_absent": False,
    "principal_minor": None, "interest_minor": None, "fees_minor": None, "balance_minor": 50_000,
    "past_due_minor": 0, "oldest_unpaid_due_on": None, "bucket": "current", "stage": "current",
    "next_due_on": None, "next_aging_on": None, "open_promise_due_on": None, "broken_promise_on": None,
    "broken_promise_count": 0, "arrangement_status": None, "follow_up_due_on": None, "escalated_at": None,
    "restrictions": [], "restricted_since": [], "ended_by": [], "ended_on": [],
    "calling_group": "", "queue": None, "version": 1,
}  # fmt: skip
MID: dict[str, Any] = {
    "past_due_minor": 10_000,
    "oldest_unpaid_due_on": date(2026, 2, 1),
    "bucket": "b30_59",
    "stage": "mid",
}
CURED: dict[str, Any] = {"past_due_minor": 0, "oldest_unpaid_due_on": None, "bucket": "current", "stage": "current"}


@dataclass
class Book:
    """One creditor's accounts in a database."""

    engine: AsyncEngine
    clock: Clock
    creditor_id: UUID = field(default_factory=uuid4)

    async def run(self, step: Callable[[Tx], Awaitable[T]]) -> T:
        """One transaction, committed."""
        return await run_chunk(self.engine, self.clock, step)

    async def open_creditor(self, creditor_id: UUID | None = None) -> None:
        row = {
            "creditor_id": creditor_id or self.creditor_id, "name": "Bank", "kind": "creditor", "currency": "USD",
            "time_zone": "America/New_York", "business_date": BUSINESS_DATE, "version": 1,
        }  # fmt: skip
        await self.run(lambda tx: insert_rows(tx, CREDITOR, [row]))

    async def move_date(self, to: date) -> None:
        sql = "UPDATE creditor SET business_date = $2 WHERE creditor_id = $1"
        await self.run(lambda tx: tx.execute(sql, self.creditor_id, to))

    async def add(self, facts: Sequence[Mapping[str, Any]], creditor_id: UUID | None = None) -> list[UUID]:
        """Accounts with these facts, in no queue yet."""
        rows = []
        for fact in facts:
            account_id = uuid4()
            row = {"account_id": account_id, "creditor_id": creditor_id or self.creditor_id, "party_id": uuid4()}
            rows.append({**row, "core_account_number": account_id.hex, **CURRENT, **fact})
        await self.run(lambda tx: insert_rows(tx, ACCOUNT, rows))
        return [row["account_id"] for row in rows]

    async def change(self, account_id: UUID, facts: Mapping[str, Any]) -> QueueChanges:
        """New facts of an account, and the queue that follows from them, as a handler does it."""
        columns = ", ".join(f"{name} = ${n}" for n, name in enumerate(facts, start=2))

        async def step(tx: Tx) -> QueueChanges:
            await lock(tx, creditors=[self.creditor_id], accounts=[account_id])
            await tx.execute(f"UPDATE account SET {columns} WHERE account_id = $1", account_id, *facts.values())
            return await refresh_queues(tx, [account_id], await self._dates(tx))

        return await self.run(step)

    async def refresh(self, account_ids: Sequence[UUID]) -> QueueChanges:
        async def step(tx: Tx) -> QueueChanges:
            await lock(tx, creditors=[self.creditor_id], accounts=account_ids)
            return await refresh_queues(tx, account_ids, await self._dates(tx))

        return await self.run(step)

    async def _dates(self, tx: Tx) -> dict[UUID, date]:
        rows = await tx.fetch("SELECT creditor_id, business_date FROM creditor")
        return {row["creditor_id"]: row["business_date"] for row in rows}

    async def define(self, *definitions: QueueDefinition) -> None:
        """Only these definitions from now on."""

        async def step(tx: Tx) -> None:
            await tx.execute("DELETE FROM queue_definition")
            for definition in definitions:
                await save_definition(tx, definition, version=1, revision=new_id(), updated_by="test")

        await self.run(step)

    async def next(self, queue: str, sub: str = "ann", creditors: frozenset[UUID] | None = None) -> WorkItemOut | None:
        """What `next` gives to a token of this creditor, or of `creditors`."""
        actor = Actor(sub, creditors or frozenset({self.creditor_id}))
        item = await self.run(lambda tx: next_item(tx, queue, actor))
        assert not isinstance(item, Refusal), item
        return item

    async def events(self) -> list[tuple[str, int | None, dict[str, Any]]]:
        """Topic, version and payload of what is in the outbox, in order; it is emptied."""

        async def step(tx: Tx) -> list[tuple[str, int | None, dict[str, Any]]]:
            rows = await tx.fetch("SELECT topic, aggregate_version, body::jsonb AS body FROM outbox ORDER BY id")
            await tx.execute("DELETE FROM outbox")
            return [(row["topic"], row["aggregate_version"], row["body"]) for row in rows]

        return await self.run(step)

    async def clear(self) -> None:
        """No accounts, work items or events any more."""

        async def step(tx: Tx) -> None:
            for table in ("account", "work_item", "account_history", "outbox"):
                await tx.execute(f"DELETE FROM {table}")

        await self.run(step)

    async def fetch(self, sql: str, *args: Any) -> list[Any]:
        return await self.run(lambda tx: tx.fetch(sql, *args))
