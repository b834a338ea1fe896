"""The cost ledger: money is reserved before a search goes out, then charged or released when its cost is known.

Of a search that may be on the vendor's bill and whose answer never came the cost is not known. For a day its money
stays reserved: another attempt, which is the same search to the vendor, may be answered. After that it is settled as
the vendor's terms say (`bills_unanswered`): charged with the most that it may cost, or released.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.skiptrace.domain.identity import cost_entry_id
from services.skiptrace.store import cases
from services.skiptrace.store.files import File, Row
from shared.db.transaction import Tx

NEVER_ANSWERED = "never-answered"
"""The failure of a search that nobody recorded, and that could not go out again."""


def cost_line(search: Row, kind: str, amount_minor: int, at: datetime) -> dict[str, Any]:
    """A line of the cost ledger for a search."""
    return {
        "entry_id": cost_entry_id(search["search_id"], kind),
        "search_id": search["search_id"],
        "skip_trace_id": search["skip_trace_id"],
        "creditor_id": search["creditor_id"],
        "vendor": search["vendor"],
        "kind": kind,
        "amount_minor": amount_minor,
        "currency": search["currency"],
        "at": at,
    }


def earlier_attempts(file: File, search: Row) -> list[Row]:
    """The failed attempts of the same search whose money is not free; `cost_minor` is what they hold."""
    return [
        one
        for one in file.searches[search["skip_trace_id"]]
        if one["vendor"] == search["vendor"]
        and one["status"] == "failed"
        and (one["cost_minor"] > 0 or one["settled_at"] is None)
    ]


async def settle(tx: Tx, file: File, trace: Row, search: Row, done: Row) -> None:
    """Turn what was reserved into what it cost. What may be billed stays reserved for now."""
    now, trace_id = tx.clock.now(), trace["skip_trace_id"]
    lines: list[Row] = []
    if done["status"] == "answered":
        earlier = earlier_attempts(file, search)
        lines += [_taken_back(one, now) for one in earlier]
        settled = [{**one, "cost_minor": 0, "settled_at": one["settled_at"] or now} for one in earlier]
        await cases.save_searches(tx, settled)
        lines.append(cost_line(search, "charged", done["cost_minor"], now))
    if done["settled_at"] is not None:
        lines.append(cost_line(search, "released", -search["reserved_minor"], now))
    await cases.add_costs(tx, lines)
    await cases.answer_search(tx, done)
    file.held[trace_id] = file.held.get(trace_id, 0) + sum(line["amount_minor"] for line in lines)
    file.searches[trace_id] = [
        done if one["search_id"] == done["search_id"] else one for one in file.searches[trace_id]
    ]


def _taken_back(earlier: Row, now: datetime) -> Row:
    """An earlier attempt that may have been billed is this very search to the vendor: its money is free again."""
    if earlier["settled_at"] is None:
        return cost_line(earlier, "released", -earlier["reserved_minor"], now)
    return cost_line(earlier, "corrected", -earlier["cost_minor"], now)


def settle_unanswered(search: Row, *, bills: bool, now: datetime) -> tuple[dict[str, Any], Sequence[Row]]:
    """A search that nobody will answer any more as it is kept, and the lines of the ledger that settle it."""
    cost = search["reserved_minor"] if bills else 0
    lines = [cost_line(search, "charged", cost, now)] if bills else []
    lines.append(cost_line(search, "released", -search["reserved_minor"], now))
    done = {
        **search,
        "status": "failed",
        "outcome": "failed",
        "failure": search["failure"] or NEVER_ANSWERED,
        "cost_minor": cost,
        "answered_at": search["answered_at"] or now,
        "settled_at": now,
    }
    return done, lines
