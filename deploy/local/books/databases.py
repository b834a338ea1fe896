"""Reads both services' tables, each in one state of its database, with one query a table.

The queries name columns of the services' own tables: a change there that the checker does not know fails loudly.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

Row = Mapping[str, Any]
Tables = dict[str, list[Row]]
"""Rows by the name of their table."""

_ALL = "SELECT * FROM {table} WHERE $1::uuid IS NULL OR creditor_id = $1"
_EVENT_IDS = "SELECT event_id::text AS id, $1::uuid AS creditor_id FROM inbox"
# The inbox is kept for a month: before the first of its partitions nothing is known of what was applied.
_INBOX_SINCE = """
SELECT min(to_date(right(c.relname, 8), 'YYYYMMDD')) AS since, $1::uuid AS creditor_id
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'inbox'::regclass AND c.relname ~ '^inbox_[0-9]{8}$'
"""
# Poison has no creditor: it is read in any case. A notice that a partition stopped is no message that was parked.
_DEAD_LETTERS = """
SELECT topic, partition, "offset", produced_at, key, value, event_id::text AS event_id, code, replayed_at
FROM dead_letter WHERE $1::uuid IS NULL OR creditor_id IS NULL OR creditor_id = $1
"""
_MONEY_COLUMNS = """
SELECT table_name, column_name, data_type, $1::uuid AS creditor_id FROM information_schema.columns
WHERE table_schema = 'public' AND column_name LIKE '%\\_minor' ORDER BY table_name, column_name
"""
_OUTBOX = "SELECT count(*) AS waiting, $1::uuid AS creditor_id FROM outbox"
_JOBS = """
SELECT kind, status, error FROM job
WHERE status <> 'done' AND ($1::uuid IS NULL OR creditor_id IS NULL OR creditor_id = $1)
"""
_COMMON = {
    "inbox": _EVENT_IDS,
    "inbox_since": _INBOX_SINCE,
    "dead_letter": _DEAD_LETTERS,
    "money_column": _MONEY_COLUMNS,
    "outbox": _OUTBOX,
    "job": _JOBS,
}
PAYMENTS = {
    **_COMMON,
    "payment": _ALL.format(table="payment"),
    "allocation": """
        SELECT a.payment_id, a.component, a.amount_minor FROM allocation a JOIN payment p USING (payment_id)
        WHERE $1::uuid IS NULL OR p.creditor_id = $1 ORDER BY a.payment_id, a.line""",
    "reversal": _ALL.format(table="reversal"),
    "held_reversal": _ALL.format(table="held_reversal"),
    "promise": _ALL.format(table="promise"),
    "arrangement": _ALL.format(table="arrangement"),
    "arrangement_installment": """
        SELECT i.* FROM arrangement_installment i JOIN arrangement a USING (arrangement_id)
        WHERE $1::uuid IS NULL OR a.creditor_id = $1 ORDER BY i.arrangement_id, i.position""",
    "account_view": _ALL.format(table="account_view"),
    "creditor_view": _ALL.format(table="creditor_view"),
    "evaluation": _ALL.format(table="evaluation"),
}
ACCOUNTS = {
    **_COMMON,
    "creditor": _ALL.format(table="creditor"),
    "aging_policy": _ALL.format(table="aging_policy"),
    "account": _ALL.format(table="account"),
    "account_snapshot": """
        SELECT s.* FROM account_snapshot s LEFT JOIN account a USING (account_id)
        WHERE $1::uuid IS NULL OR a.creditor_id = $1""",
    "entry": _ALL.format(table="entry"),
    "reversal": _ALL.format(table="reversal"),
    "promise_view": _ALL.format(table="promise_view"),
    "arrangement_view": _ALL.format(table="arrangement_view"),
    "work_item": "SELECT * FROM work_item WHERE closed_at IS NULL AND ($1::uuid IS NULL OR creditor_id = $1)",
    "pause": "SELECT * FROM pause WHERE cancelled_on IS NULL AND ($1::uuid IS NULL OR creditor_id = $1)",
    "held_snapshot": _ALL.format(table="held_snapshot"),
}


@dataclass(frozen=True, slots=True)
class Rows:
    """What both databases hold, of one creditor or of all."""

    payments: Tables
    accounts: Tables


async def read_rows(payments_dsn: str, accounts_dsn: str, creditor_id: UUID | None) -> Rows:
    """Reads everything, each database in one state."""
    payments, accounts = await asyncio.gather(
        read_tables(payments_dsn, PAYMENTS, creditor_id), read_tables(accounts_dsn, ACCOUNTS, creditor_id)
    )
    return Rows(payments, accounts)


async def read_tables(dsn: str, queries: Mapping[str, str], creditor_id: UUID | None) -> Tables:
    """Runs each query with the creditor (None: all of them) as its parameter, all on one state of the database."""
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return {name: await connection.fetch(query, creditor_id) for name, query in queries.items()}
    finally:
        await connection.close()


@dataclass(frozen=True, slots=True)
class Unrest:
    """What a service has still to do by itself: events to send, jobs to run."""

    waiting: int
    jobs: tuple[str, ...]


async def read_unrest(dsn: str) -> Unrest:
    """What is still to come in one service."""
    found = await read_tables(dsn, {"outbox": _OUTBOX, "job": _JOBS}, None)
    running = tuple(row["kind"] for row in found["job"] if row["status"] != "failed")
    return Unrest(found["outbox"][0]["waiting"], running)
