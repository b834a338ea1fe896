"""Loads vendors with how they do, and saves their breakers, under the lock of the vendor's row."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.skiptrace.domain.breaker import CLOSED, FIRST_PAUSE, Breaker
from services.skiptrace.domain.waterfall import Vendor
from services.skiptrace.tables.vendors import VENDOR, VENDOR_BREAKER
from shared.db.sets import upsert_rows
from shared.db.transaction import Tx

Row = Mapping[str, Any]
TRACK_RECORD = timedelta(days=365)
"""How far back a vendor's hits and misses count."""

_LOCK = "SELECT code FROM vendor WHERE code = ANY($1::text[]) ORDER BY code FOR UPDATE"
_ALL = "SELECT * FROM vendor ORDER BY code"
_RECORD = """
SELECT vendor, count(*) FILTER (WHERE status = 'answered') AS searches, count(*) FILTER (WHERE outcome = 'hit') AS hits
FROM search WHERE asked_at >= $1 GROUP BY vendor
"""
# Of the month in which a vendor was asked, whenever the cost is booked: so its bill goes.
_SPENT = """
SELECT vendor, sum(CASE status WHEN 'asked' THEN reserved_minor ELSE cost_minor END)::bigint AS spent
FROM search WHERE asked_at >= $1 GROUP BY vendor
"""
_BREAKERS = "SELECT * FROM vendor_breaker"


async def lock_vendors(tx: Tx, codes: Collection[str]) -> None:
    """Hold vendors' rows until the transaction ends, in the order of their codes: budgets and breakers are theirs."""
    await tx.fetch(_LOCK, sorted(codes))


async def load_vendors(tx: Tx) -> dict[str, Row]:
    """Return every vendor's row by its code."""
    return {row["code"]: row for row in await tx.fetch(_ALL)}


async def load_standings(tx: Tx, rows: Mapping[str, Row], now: datetime) -> dict[str, Vendor]:
    """Return what the waterfall knows of vendors, at `now`."""
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    record = {row["vendor"]: row for row in await tx.fetch(_RECORD, now - TRACK_RECORD)}
    spent = {row["vendor"]: row["spent"] for row in await tx.fetch(_SPENT, month)}
    breakers = await load_breakers(tx)
    return {
        code: Vendor(
            code=code,
            currency=row["currency"],
            cost_hit_minor=row["cost_hit_minor"],
            cost_no_hit_minor=row["cost_no_hit_minor"],
            purposes=frozenset(row["purposes"]),
            searches=record[code]["searches"] if code in record else 0,
            hits=record[code]["hits"] if code in record else 0,
            month_budget_minor=row["month_budget_minor"],
            month_spent_minor=spent.get(code, 0),
            breaker=breakers.get(code, CLOSED),
        )
        for code, row in rows.items()
    }


async def load_breakers(tx: Tx) -> dict[str, Breaker]:
    """Return the breakers that have moved, by the vendor's code."""
    return {
        row["code"]: Breaker(
            row["failures"],
            row["open_until"],
            timedelta(seconds=row["pause_s"]),
            row["probed_at"],
        )
        for row in await tx.fetch(_BREAKERS)
    }


async def save_breakers(tx: Tx, breakers: Mapping[str, Breaker]) -> None:
    """Save breakers; their vendors' rows are held."""
    rows = [
        {
            "code": code,
            "failures": one.failures,
            "open_until": one.open_until,
            "pause_s": int((one.pause or FIRST_PAUSE).total_seconds()),
            "probed_at": one.probed_at,
        }
        for code, one in sorted(breakers.items())
    ]
    await upsert_rows(tx, VENDOR_BREAKER, rows, key=["code"])


async def save_vendor(tx: Tx, row: Row) -> None:
    """Make or change a vendor."""
    await upsert_rows(tx, VENDOR, [row], key=["code"])


_DUE = """
SELECT skip_trace_id, party_id, creditor_id FROM skip_trace
WHERE search_at <= $1 ORDER BY search_at, skip_trace_id LIMIT $2
"""


async def due_traces(tx: Tx, now: datetime, limit: int) -> list[tuple[UUID, UUID, UUID]]:
    """Cases that a worker has to look at: their id, party and creditor."""
    return [(row["skip_trace_id"], row["party_id"], row["creditor_id"]) for row in await tx.fetch(_DUE, now, limit)]
