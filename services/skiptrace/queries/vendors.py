"""Reads of vendors: their data, how they do, and what they cost."""

from collections.abc import Collection, Mapping
from typing import Any, Literal
from uuid import UUID

from services.skiptrace.domain.waterfall import Vendor
from services.skiptrace.schemas.skip_traces import plain
from services.skiptrace.schemas.vendors import BreakerView, CostView, VendorRequest, VendorView
from services.skiptrace.store.vendors import load_standings, load_vendors
from shared.db.transaction import Tx

_COSTS = """
SELECT * FROM cost_entry
WHERE vendor = $1 AND ($2::uuid[] IS NULL OR creditor_id = ANY($2))
  AND ($3::timestamptz IS NULL OR (at, entry_id) < ($3, $4))
ORDER BY at DESC, entry_id DESC LIMIT $5
"""


async def list_vendors(tx: Tx, endpoints: Collection[str], code: str | None = None) -> list[VendorView]:
    """Every vendor, or the one asked for, by its code."""
    rows = await load_vendors(tx)
    chosen = {name: row for name, row in rows.items() if code in {None, name}}
    standings = await load_standings(tx, chosen, tx.clock.now())
    return [_view(tx, row, standings[name], endpoints) for name, row in chosen.items()]


async def list_costs(
    tx: Tx, code: str, creditors: list[UUID] | None, after: tuple[Any, UUID] | None, limit: int
) -> list[CostView]:
    """The ledger of a vendor, newest first."""
    rows = await tx.fetch(_COSTS, code, creditors, *(after or (None, None)), limit)
    ids = ("entry_id", "skip_trace_id", "search_id")
    return [CostView(**plain(row, CostView.model_fields) | {name: str(row[name]) for name in ids}) for row in rows]


def _view(tx: Tx, row: Mapping[str, Any], vendor: Vendor, endpoints: Collection[str]) -> VendorView:
    now, breaker = tx.clock.now(), vendor.breaker
    state: Literal["closed", "open", "half_open"] = "closed"
    if breaker.open_until is not None:
        state = "open" if now < breaker.open_until else "half_open"
    return VendorView(
        **plain(row, VendorRequest.model_fields),
        code=row["code"],
        is_reachable=row["endpoint"] in endpoints,
        searches=vendor.searches,
        hits=vendor.hits,
        month_spent_minor=vendor.month_spent_minor,
        breaker=BreakerView(state=state, failures=breaker.failures, open_until=breaker.open_until),
        version=row["version"],
    )
