"""The cost ledger: money is reserved before a search goes out, then charged or released when its cost is known."""

from datetime import datetime
from typing import Any

from services.skiptrace.domain.identity import cost_entry_id
from services.skiptrace.store import cases
from services.skiptrace.store.files import File, Row
from shared.db.transaction import Tx


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


async def settle(tx: Tx, file: File, trace: Row, search: Row, done: Row) -> None:
    """Turn what was reserved into what it cost. What may be billed stays reserved, until an answer settles it."""
    now, trace_id = tx.clock.now(), trace["skip_trace_id"]
    lines: list[Row] = []
    if done["status"] == "answered":
        # An earlier attempt that may have been billed is this very search to the vendor: its money is free again.
        earlier = [
            one
            for one in file.searches[trace_id]
            if one["vendor"] == search["vendor"] and one["status"] == "failed" and one["cost_minor"] > 0
        ]
        lines += [cost_line(one, "released", -one["reserved_minor"], now) for one in earlier]
        await cases.save_searches(tx, [{**one, "cost_minor": 0} for one in earlier])
        lines.append(cost_line(search, "charged", done["cost_minor"], now))
    if done["status"] == "answered" or done["cost_minor"] == 0:
        lines.append(cost_line(search, "released", -search["reserved_minor"], now))
    await cases.add_costs(tx, lines)
    await cases.answer_search(tx, done)
    file.held[trace_id] = file.held.get(trace_id, 0) + sum(line["amount_minor"] for line in lines)
    file.searches[trace_id] = [
        done if one["search_id"] == done["search_id"] else one for one in file.searches[trace_id]
    ]
