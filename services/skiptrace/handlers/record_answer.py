"""Records what became of a search, once: money, breaker, candidates, and what follows for the case."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.skiptrace.domain.breaker import CLOSED
from services.skiptrace.domain.mapping import Answer
from services.skiptrace.domain.policy import Policy
from services.skiptrace.handlers.costs import earlier_attempts, settle
from services.skiptrace.handlers.plan_searches import Order
from services.skiptrace.handlers.publish import publish_searched
from services.skiptrace.handlers.reassess import judge_files
from services.skiptrace.handlers.sightings import NamedPoint, take_points
from services.skiptrace.store.files import File, Row, load_files
from services.skiptrace.store.vendors import load_breakers, load_vendors, lock_vendors, save_breakers
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.ids import contact_point_id


@dataclass(frozen=True, slots=True)
class Failure:
    """A search that was not answered. `may_be_billed`: its money stays reserved for a day, see `costs`."""

    code: str
    may_be_billed: bool


async def record_answer(tx: Tx, policy: Policy, order: Order, said: Answer | Failure) -> None:
    """Record an answer or a failure; of a search that is no longer asked, nothing."""
    await lock(tx, creditors=[order.creditor_id], accounts=[order.party_id])
    await lock_vendors(tx, [order.vendor])
    files = await load_files(tx, [order.party_id])
    file = files[order.party_id]
    trace, search = _find(file, order.search_id)
    if trace is None or search is None or search["status"] != "asked":
        return
    now = tx.clock.now()
    breaker = (await load_breakers(tx)).get(order.vendor, CLOSED)
    if isinstance(said, Failure):
        done = _failed(search, said, now)
        await save_breakers(tx, {order.vendor: breaker.failed(now)})
    else:
        done = await _answered(tx, file, trace, search, said)
        if breaker != CLOSED:
            await save_breakers(tx, {order.vendor: breaker.succeeded()})
    await settle(tx, file, trace, search, done)
    publish_searched(tx, trace, done)
    await judge_files(tx, [file], policy, republish=[trace["skip_trace_id"]])


def _find(file: File, wanted: UUID) -> tuple[Row | None, Row | None]:
    for trace in file.traces:
        for search in file.searches[trace["skip_trace_id"]]:
            if search["search_id"] == wanted:
                return trace, search
    return None, None


async def _answered(tx: Tx, file: File, trace: Row, search: Row, said: Answer) -> dict[str, Any]:
    code, party_id = search["vendor"], trace["party_id"]
    points = [
        NamedPoint(contact_point_id(party_id, one.kind, one.value), one, code, search["search_id"])
        for one in said.points
    ]
    brought = 0 if file.is_erased else await take_points(tx, file, trace, points)
    vendor, now = (await load_vendors(tx))[code], tx.clock.now()
    cost = vendor["cost_hit_minor"] if said.is_billed_as_hit else vendor["cost_no_hit_minor"]
    held = search["reserved_minor"] + sum(one["cost_minor"] for one in earlier_attempts(file, search))
    return {
        **search,
        "status": "answered",
        "outcome": "hit" if brought else "no_hit",
        "candidates": brought,
        # Never above what all attempts hold, whatever has become of the prices meanwhile: budgets hold.
        "cost_minor": min(cost, held),
        "transaction_ref": said.transaction_ref,
        "answered_at": now,
        "settled_at": now,
    }


def _failed(search: Row, failure: Failure, now: datetime) -> dict[str, Any]:
    return {
        **search,
        "status": "failed",
        "outcome": "failed",
        "failure": failure.code,
        "cost_minor": search["reserved_minor"] if failure.may_be_billed else 0,
        "answered_at": now,
        "settled_at": None if failure.may_be_billed else now,
    }
