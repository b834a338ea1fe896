"""Decides on the cases that are due: which vendor is asked next, and which searches nobody will answer any more.

A search is in the tables, with its money reserved, before it goes out, and it goes out again with the same reference if
nobody recorded an answer: so no crash loses a search, and none is paid for twice. `record_answer` takes the answers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from services.skiptrace.domain.breaker import Breaker
from services.skiptrace.domain.identity import reference, search_id
from services.skiptrace.domain.mapping import Layout, Subject, layout_from
from services.skiptrace.domain.policy import Policy
from services.skiptrace.domain.purpose import check_purpose
from services.skiptrace.domain.skip_trace import NO_SEARCH, OPEN
from services.skiptrace.domain.unanswered import is_overdue
from services.skiptrace.domain.waterfall import Choice, Tried, Vendor, Wanted, choose
from services.skiptrace.handlers.costs import cost_line, settle_unanswered
from services.skiptrace.handlers.publish import publish_searched
from services.skiptrace.handlers.reassess import judge_files
from services.skiptrace.store import cases
from services.skiptrace.store.files import File, Row, load_files
from services.skiptrace.store.vendors import due_traces, load_standings, load_vendors, lock_vendors, save_breakers
from shared.db.locks import lock
from shared.db.transaction import Tx

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


async def plan_searches(tx: Tx, policy: Policy, endpoints: Iterable[str], limit: int) -> list[Order]:
    """Decide on the cases that are due, and reserve what their next searches may cost; return those that go out."""
    due = await due_traces(tx, tx.clock.now(), limit)
    if not due:
        return []
    await lock(tx, creditors={creditor for _, _, creditor in due}, accounts={party for _, party, _ in due})
    await lock_vendors(tx, await load_vendors(tx))
    rows = await load_vendors(tx)  # as they stand under the locks
    planner = _Planner(tx, rows, await load_standings(tx, rows, tx.clock.now()), set(endpoints))
    files = await load_files(tx, {party for _, party, _ in due})
    for file in files.values():
        for trace in file.traces:
            if _is_due(tx, trace):
                planner.take(file, trace)
    await cases.save_searches(tx, planner.searches)
    await cases.add_costs(tx, planner.costs)
    await save_breakers(tx, planner.breakers)
    await judge_files(tx, list(files.values()), policy, choices=planner.choices, republish=planner.moved)
    return planner.orders


def _is_due(tx: Tx, trace: Row) -> bool:
    return bool(trace["search_at"] is not None and trace["search_at"] <= tx.clock.now())


class _Planner:
    """Plans the searches of one batch; each plan counts against the budgets that the next one sees."""

    def __init__(self, tx: Tx, rows: Mapping[str, Row], standings: Mapping[str, Vendor], endpoints: set[str]) -> None:
        self._tx = tx
        self._now = tx.clock.now()
        self._rows = rows
        self._vendors = {
            code: one
            for code, one in standings.items()
            if rows[code]["is_enabled"] and rows[code]["endpoint"] in endpoints
        }
        self.orders: list[Order] = []
        self.searches: list[Row] = []
        self.costs: list[Row] = []
        self.breakers: dict[str, Breaker] = {}
        self.choices: dict[UUID, Choice] = {}
        self.moved: set[UUID] = set()
        """Cases whose searches or costs have changed."""

    def take(self, file: File, trace: Row) -> None:
        trace_id, may_be_asked = trace["skip_trace_id"], _may_be_asked(file, trace)
        for one in file.searches[trace_id]:
            will_go_out = one["status"] == "asked" and one["vendor"] in self._vendors and may_be_asked
            if is_overdue(one, self._now) and not will_go_out:
                self._settle(file, trace, one)
        lost = next((one for one in file.searches[trace_id] if one["status"] == "asked"), None)
        if lost is not None:
            self.choices[trace_id] = Choice(wait_until=self._now + LEASE)
            if lost["vendor"] in self._vendors and may_be_asked:
                self._order(file, trace, lost)
            return
        wanted = _wanted(file, trace)
        choice = choose(self._vendors.values(), wanted, self._now)
        if choice.vendor is None or not may_be_asked:
            self.choices[trace_id] = choice
            return
        # The judgement leaves the case alone while it is asked: it is looked at again when the lease has run out.
        self.choices[trace_id] = Choice(vendor=choice.vendor, wait_until=self._now + LEASE)
        self._ask(file, trace, choice.vendor, wanted.needs_minor(choice.vendor))

    def _settle(self, file: File, trace: Row, search: Row) -> None:
        bills = self._rows[search["vendor"]]["bills_unanswered"] and not _is_charged(file, trace, search["vendor"])
        done, lines = settle_unanswered(search, bills=bills, now=self._now)
        self.searches.append(done)
        self._book(file, trace, done, lines)
        if search["status"] == "asked":
            publish_searched(self._tx, trace, done)

    def _ask(self, file: File, trace: Row, vendor: Vendor, needs_minor: int) -> None:
        trace_id = trace["skip_trace_id"]
        attempt = sum(one["vendor"] == vendor.code for one in file.searches[trace_id]) + 1
        search = {
            "search_id": search_id(trace_id, vendor.code, attempt),
            "skip_trace_id": trace_id,
            "creditor_id": trace["creditor_id"],
            "vendor": vendor.code,
            "attempt": attempt,
            "permissible_purpose": trace["permissible_purpose"],
            "status": "asked",
            "outcome": None,
            "candidates": 0,
            "currency": vendor.currency,
            "reserved_minor": needs_minor,
            "cost_minor": 0,
            "failure": None,
            "transaction_ref": None,
            "asked_at": self._now,
            "answered_at": None,
            "settled_at": None,
        }
        self.searches.append(search)
        self._book(file, trace, search, [cost_line(search, "reserved", needs_minor, self._now)])
        breaker = vendor.breaker.let_through(self._now)
        self.breakers[vendor.code] = breaker
        spent = vendor.month_spent_minor + needs_minor
        self._vendors[vendor.code] = replace(vendor, month_spent_minor=spent, breaker=breaker)
        self._order(file, trace, search)

    def _book(self, file: File, trace: Row, search: Row, lines: Sequence[Row]) -> None:
        trace_id = trace["skip_trace_id"]
        known = {one["search_id"]: one for one in file.searches[trace_id]}
        file.searches[trace_id] = list((known | {search["search_id"]: search}).values())
        file.held[trace_id] = file.held.get(trace_id, 0) + sum(line["amount_minor"] for line in lines)
        self.costs += lines
        self.moved.add(trace_id)

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


def _is_charged(file: File, trace: Row, vendor: str) -> bool:
    """Whether an attempt at a vendor is charged already: all of them have one reference, and are on its bill once."""
    return any(
        one["vendor"] == vendor and one["settled_at"] is not None and one["cost_minor"] > 0
        for one in file.searches[trace["skip_trace_id"]]
    )


def _may_be_asked(file: File, trace: Row) -> bool:
    return bool(
        trace["status"] in OPEN
        and file.party is not None
        and not file.is_erased
        and not file.restrictions & NO_SEARCH
        # The debt may have been paid by another debtor a moment ago: the job that ends this case comes after.
        and check_purpose(trace["permissible_purpose"], file.debt) is None
        and not file.open_candidates
    )


def _wanted(file: File, trace: Row) -> Wanted:
    tried: dict[str, Tried] = {}
    for one in file.searches[trace["skip_trace_id"]]:
        before = tried.get(one["vendor"])
        tried[one["vendor"]] = Tried(
            is_answered=one["status"] == "answered",
            attempts=(before.attempts if before else 0) + 1,
            failed_at=one["answered_at"] if one["status"] == "failed" else None,
            held_minor=(before.held_minor if before else 0) + (one["cost_minor"] if one["status"] == "failed" else 0),
        )
    left = trace["budget_minor"] - file.held.get(trace["skip_trace_id"], 0)
    return Wanted(trace["permissible_purpose"], trace["currency"], left, tried)
