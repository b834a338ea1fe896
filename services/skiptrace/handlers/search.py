"""Plans searches and records what became of them: two transactions, with the call of the vendor between them.

A search is in the tables, with its money reserved, before it goes out, and it goes out again with the same reference if
nobody recorded an answer: so no crash loses a search, and none is paid for twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.skiptrace.domain.breaker import CLOSED, Breaker
from services.skiptrace.domain.identity import reference, search_id
from services.skiptrace.domain.mapping import Answer, Layout, Subject, layout_from
from services.skiptrace.domain.skip_trace import NO_SEARCH, OPEN
from services.skiptrace.domain.waterfall import Choice, Tried, Vendor, Wanted, choose
from services.skiptrace.handlers.costs import cost_line, settle
from services.skiptrace.handlers.publish import publish_searched
from services.skiptrace.handlers.reassess import Policy, judge_files
from services.skiptrace.handlers.sightings import NamedPoint, take_points
from services.skiptrace.store import cases
from services.skiptrace.store.files import File, Row, load_files
from services.skiptrace.store.vendors import (
    due_traces,
    load_breakers,
    load_standings,
    load_vendors,
    lock_vendors,
    save_breakers,
)
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.ids import contact_point_id

LEASE = timedelta(minutes=5)
"""A search that nobody has recorded after so long is sent again: the process that sent it is gone."""


@dataclass(frozen=True, slots=True)
class Order:
    """A search that is to go out now."""

    search_id: UUID
    creditor_id: UUID
    party_id: UUID
    vendor: str
    endpoint: str
    layout: Layout
    subject: Subject
    purpose: str
    reference: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A search that was not answered. `may_be_billed`: its money stays reserved until the vendor's bill tells."""

    code: str
    may_be_billed: bool


async def plan_searches(tx: Tx, policy: Policy, endpoints: Iterable[str], limit: int) -> list[Order]:
    """Decide on the cases that are due, and reserve what their next searches may cost; return those that go out."""
    due = await due_traces(tx, tx.clock.now(), limit)
    if not due:
        return []
    await lock(tx, creditors={creditor for _, _, creditor in due}, accounts={party for _, party, _ in due})
    rows = {
        code: row
        for code, row in (await load_vendors(tx)).items()
        if row["is_enabled"] and row["endpoint"] in set(endpoints)
    }
    await lock_vendors(tx, rows)
    planner = _Planner(tx, rows, await load_standings(tx, rows, tx.clock.now()))
    files = await load_files(tx, {party for _, party, _ in due})
    for file in files.values():
        for trace in file.traces:
            if _is_due(tx, trace):
                planner.take(file, trace)
    await cases.save_searches(tx, planner.searches)
    await cases.add_costs(tx, planner.costs)
    await save_breakers(tx, planner.breakers)
    await judge_files(tx, list(files.values()), policy, choices=planner.choices, republish=planner.asked)
    return planner.orders


def _is_due(tx: Tx, trace: Row) -> bool:
    return bool(trace["search_at"] is not None and trace["search_at"] <= tx.clock.now())


class _Planner:
    """Plans the searches of one batch; each plan counts against the budgets that the next one sees."""

    def __init__(self, tx: Tx, rows: Mapping[str, Row], vendors: dict[str, Vendor]) -> None:
        self._tx = tx
        self._rows = rows
        self._vendors = vendors
        self.orders: list[Order] = []
        self.searches: list[Row] = []
        self.costs: list[Row] = []
        self.breakers: dict[str, Breaker] = {}
        self.choices: dict[UUID, Choice] = {}
        self.asked: list[UUID] = []

    def take(self, file: File, trace: Row) -> None:
        now, trace_id = self._tx.clock.now(), trace["skip_trace_id"]
        searches = file.searches[trace_id]
        lost = next((one for one in searches if one["status"] == "asked"), None)
        if lost is not None:
            self._ask_again(file, trace, lost)
            return
        choice = choose(self._vendors.values(), _wanted(file, trace, searches), now)
        if choice.vendor is None or not _may_be_asked(file, trace):
            self.choices[trace_id] = choice
            return
        # The judgement leaves the case alone while it is asked: it is looked at again when the lease has run out.
        self.choices[trace_id] = Choice(vendor=choice.vendor, wait_until=now + LEASE)
        self._ask(file, trace, searches, choice.vendor)

    def _ask(self, file: File, trace: Row, searches: Sequence[Row], vendor: Vendor) -> None:
        now = self._tx.clock.now()
        attempt = sum(one["vendor"] == vendor.code for one in searches) + 1
        search = {
            "search_id": search_id(trace["skip_trace_id"], vendor.code, attempt),
            "skip_trace_id": trace["skip_trace_id"],
            "creditor_id": trace["creditor_id"],
            "vendor": vendor.code,
            "attempt": attempt,
            "permissible_purpose": trace["permissible_purpose"],
            "status": "asked",
            "outcome": None,
            "candidates": 0,
            "currency": vendor.currency,
            "reserved_minor": vendor.reserve_minor,
            "cost_minor": 0,
            "failure": None,
            "transaction_ref": None,
            "asked_at": now,
            "answered_at": None,
        }
        self.searches.append(search)
        self.costs.append(cost_line(search, "reserved", vendor.reserve_minor, now))
        self.asked.append(trace["skip_trace_id"])
        file.held[trace["skip_trace_id"]] = file.held.get(trace["skip_trace_id"], 0) + vendor.reserve_minor
        file.searches[trace["skip_trace_id"]] = [*searches, search]
        breaker = vendor.breaker.let_through(now)
        self.breakers[vendor.code] = breaker
        self._vendors[vendor.code] = _with(vendor, spent=vendor.reserve_minor, breaker=breaker)
        self._order(file, trace, search)

    def _ask_again(self, file: File, trace: Row, lost: Row) -> None:
        self.choices[trace["skip_trace_id"]] = Choice(wait_until=self._tx.clock.now() + LEASE)
        if lost["vendor"] in self._rows and _may_be_asked(file, trace):
            self._order(file, trace, lost)

    def _order(self, file: File, trace: Row, search: Row) -> None:
        row = self._rows[search["vendor"]]
        if file.party is None:
            raise LookupError("a party without its data is not searched for")
        names = ("given_name", "family_name", "date_of_birth", "street", "city", "region", "postal_code")
        self.orders.append(
            Order(
                search_id=search["search_id"],
                creditor_id=trace["creditor_id"],
                party_id=trace["party_id"],
                vendor=search["vendor"],
                endpoint=row["endpoint"],
                layout=layout_from(row["layout"]),
                subject=Subject(**{name: file.party[name] for name in names}),
                purpose=search["permissible_purpose"],
                reference=reference(trace["skip_trace_id"], search["vendor"]),
            )
        )


def _with(vendor: Vendor, *, spent: int, breaker: Breaker) -> Vendor:
    return replace(vendor, month_spent_minor=vendor.month_spent_minor + spent, breaker=breaker)


def _may_be_asked(file: File, trace: Row) -> bool:
    return bool(
        trace["status"] in OPEN
        and file.party is not None
        and not file.is_erased
        and not file.restrictions & NO_SEARCH
        and not any(row["status"] == "unverified" for row in file.candidates)
    )


def _wanted(file: File, trace: Row, searches: Sequence[Row]) -> Wanted:
    tried: dict[str, Tried] = {}
    for one in searches:
        before = tried.get(one["vendor"])
        tried[one["vendor"]] = Tried(
            is_answered=one["status"] == "answered",
            attempts=(before.attempts if before else 0) + 1,
            failed_at=one["answered_at"] if one["status"] == "failed" else None,
        )
    left = trace["budget_minor"] - file.held.get(trace["skip_trace_id"], 0)
    return Wanted(trace["permissible_purpose"], trace["currency"], left, tried)


async def record_answer(tx: Tx, policy: Policy, order: Order, said: Answer | Failure) -> None:
    """Record what became of a search, once: money, breaker, candidates, and what follows for the case."""
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
        vendor = (await load_vendors(tx))[order.vendor]
        points = [
            NamedPoint(contact_point_id(order.party_id, one.kind, one.value), one, order.vendor, order.search_id)
            for one in said.points
        ]
        is_kept = not file.is_erased
        brought = await take_points(tx, file, trace, points) if is_kept else 0
        cost = vendor["cost_hit_minor"] if said.is_billed_as_hit else vendor["cost_no_hit_minor"]
        done = {
            **search,
            "status": "answered",
            "outcome": "hit" if brought else "no_hit",
            "candidates": brought,
            # Never above what was reserved, whatever has become of the prices meanwhile: budgets hold.
            "cost_minor": min(cost, search["reserved_minor"]),
            "transaction_ref": said.transaction_ref,
            "answered_at": now,
        }
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


def _failed(search: Row, failure: Failure, now: Any) -> dict[str, Any]:
    return {
        **search,
        "status": "failed",
        "outcome": "failed",
        "failure": failure.code,
        "cost_minor": search["reserved_minor"] if failure.may_be_billed else 0,
        "answered_at": now,
    }
