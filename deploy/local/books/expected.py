"""What every account, promise and arrangement must be: computed from the facts alone, by the rules of this package.

The facts are the snapshots as stored, the payments and reversals as payments took them, the terms of promises and
arrangements with the cancels that people asked for, and each creditor's business date. Amounts are minor units.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any
from uuid import UUID

from deploy.local.books.account import AccountModel, Standing
from deploy.local.books.commitments import CHARGE_OFF, Case, End, Judged, judge
from deploy.local.books.databases import Row, Rows
from deploy.local.books.difference import text
from deploy.local.books.postings import Entry, Snapshot
from deploy.local.books.summary import Summary, summary
from deploy.local.books.terms import Arrangement, Money, Promise
from deploy.local.books.topics import ACCOUNT_STATES, History
from deploy.local.books.turning_points import charged_off_on, payoffs

PAY_DUES = frozenset({"interest", "principal", "escrow"})
CORE = "core"
ENDING = {"bankruptcy_stay": "bankruptcy", "discharged": "discharge"}
"""The restrictions that cancel promises and arrangements, and the reason that they are."""


@dataclass(frozen=True, slots=True)
class Expected:
    """One account as it must be, with its promises and arrangements."""

    row: Row
    business_date: date
    standing: Standing
    judged: Judged = field(default_factory=Judged)
    summary: Summary = field(default_factory=Summary)

    @property
    def name(self) -> str:
        """The account as a person knows it."""
        return f"account {self.row['core_account_number']}"


class Facts:
    """The facts by account, and what follows from them."""

    def __init__(self, rows: Rows, history: History, *, is_everything: bool = True) -> None:
        self.rows = rows
        self.history = history
        self.is_everything = is_everything
        self.snapshots = grouped(rows.accounts["account_snapshot"])
        self.payments = grouped(row for row in rows.payments["payment"] if row["unapplied_reason"] is None)
        self.reversals = {row["payment_id"]: row for row in rows.payments["reversal"]}
        self.pauses = grouped(rows.accounts["pause"])
        self.promises = grouped(rows.payments["promise"])
        self.arrangements = grouped(rows.payments["arrangement"])
        self._business_dates = {row["creditor_id"]: row["business_date"] for row in rows.accounts["creditor"]}
        self._policies = {
            (row["creditor_id"], row["product_class"]): (
                row["early_from"],
                row["mid_from"],
                row["late_from"],
                row["pre_charge_off_from"],
            )
            for row in rows.accounts["aging_policy"]
        }

    @cached_property
    def allocations(self) -> dict[UUID, dict[str, int]]:
        """What each payment paid, minor units by component, as stored."""
        found: dict[UUID, dict[str, int]] = defaultdict(dict)
        for row in self.rows.payments["allocation"]:
            found[row["payment_id"]][row["component"]] = row["amount_minor"]
        return found

    @cached_property
    def installments(self) -> dict[UUID, tuple[tuple[date, int], ...]]:
        """The instalments of each arrangement, in order."""
        found: dict[UUID, list[tuple[date, int]]] = defaultdict(list)
        for row in self.rows.payments["arrangement_installment"]:
            found[row["arrangement_id"]].append((row["due_on"], row["amount_minor"]))
        return {key: tuple(parts) for key, parts in found.items()}

    @cached_property
    def _ended_by(self) -> dict[str, list[tuple[str, date]]]:
        """The restrictions that each account was under, and since when, as its last state tells."""
        found: dict[str, tuple[int, list[tuple[str, date]]]] = {}
        for message in self.history.of(*ACCOUNT_STATES):
            version = message.version or 0
            if version > found.get(message.body["account_id"], (0,))[0]:
                stated = message.body.get("ended_by")
                stated = message.body.get("restrictions", ()) if stated is None else stated
                since = [(one["kind"], date.fromisoformat(one["since_on"])) for one in stated]
                found[message.body["account_id"]] = (version, since)
        return {account_id: since for account_id, (_, since) in found.items()}

    @cached_property
    def _published(self) -> dict[str, dict[str, int]]:
        """The allocation of each payment as it was published first: what others have counted with."""
        found: dict[str, dict[str, int]] = {}
        for message in self.history.of("payment.posted"):
            body = message.body
            found.setdefault(body["payment_id"], {one["component"]: one["amount_minor"] for one in body["allocation"]})
        return found

    @cached_property
    def accounts(self) -> dict[UUID, Expected]:
        """Every account that has a row and a snapshot, as it must be."""
        return {
            row["account_id"]: self._expected(row)
            for row in self.rows.accounts["account"]
            if any(not one["is_absent"] for one in self.snapshots.get(row["account_id"], ()))
            and self._business_dates.get(row["creditor_id"]) is not None
        }

    def ruling(self, account_id: UUID) -> Row:
        """The latest row of an account that states it."""
        return max(
            (row for row in self.snapshots[account_id] if not row["is_absent"]), key=lambda row: row["business_date"]
        )

    def _expected(self, row: Row) -> Expected:
        account_id = row["account_id"]
        business_date = self._business_dates[row["creditor_id"]]
        product = self.ruling(account_id)["product_class"]
        model = AccountModel(
            product,
            [snapshot(one) for one in self.snapshots[account_id]],
            {str(one["payment_id"]): self.entry(one) for one in self.payments.get(account_id, ())},
            self._policies.get((row["creditor_id"], product)),
        )
        standing = model.standing(business_date)
        if account_id not in self.promises and account_id not in self.arrangements:
            return Expected(row, business_date, standing)
        case = self._case(account_id, model)
        judged = judge(case, business_date)
        return Expected(row, business_date, standing, judged, summary(case, judged, standing.oldest))

    def _case(self, account_id: UUID, model: AccountModel) -> Case:
        charged_off = charged_off_on(model)
        ends = [] if charged_off is None else [End(charged_off, CHARGE_OFF)]
        ended_by = sorted(self._ended_by.get(str(account_id), ()))
        ends += [End(since_on, ENDING[kind]) for kind, since_on in ended_by if kind in ENDING]
        return Case(
            promises=[promise(one) for one in self.promises.get(account_id, ())],
            arrangements=[self._arrangement(one) for one in self.arrangements.get(account_id, ())],
            entries=[
                Money(
                    str(one["payment_id"]), one["amount_minor"], one["effective_on"], one["posted_on"], one["taken_at"]
                )
                for one in self.payments.get(account_id, ())
                if one["payment_id"] not in self.reversals
            ],
            ends=ends,
            payoffs=payoffs(model),
        )

    def entry(self, row: Row) -> Entry:
        """A posted payment as the model takes it."""
        payment_id = row["payment_id"]
        allocation = self._published.get(str(payment_id)) or self.allocations.get(payment_id, {})
        is_whole = row["allocation_basis"] == "waterfall"
        back = self.reversals.get(payment_id)
        return Entry(
            # Payments of one day stand in the order of their references.
            id=f"{row['source_ref']}\0{row['source']}\0{payment_id}",
            amount=row["amount_minor"],
            dues=row["amount_minor"] if is_whole else sum(allocation.get(part, 0) for part in PAY_DUES),
            effective=row["effective_on"],
            posted=row["posted_on"],
            is_core=row["origin"] == CORE,
            booked=row["booked_on"],
            # A reversal of ours that the core has booked is the core's, on that day.
            reversal_posted=None if back is None else back["booked_on"] or back["posted_on"],
            reversal_is_core=back is None or back["origin"] == CORE or back["booked_on"] is not None,
        )

    def _arrangement(self, row: Row) -> Arrangement:
        activated = None if row["approved_at"] is None else (row["activated_on"], row["approved_at"])
        return Arrangement(
            str(row["arrangement_id"]),
            self.installments.get(row["arrangement_id"], ()),
            row["made_on"],
            row["made_at"],
            row["grace_days"],
            row["tolerance_minor"],
            activated,
            requested(row),
            row["made_charged_off"],
        )

    def lines(self, account_id: UUID) -> tuple[str, ...]:
        """The facts behind an account, as a person reads them."""
        found = []
        for row in sorted(self.snapshots.get(account_id, ()), key=lambda one: one["business_date"]):
            said = {name: row[name] for name in ("balance_minor", "past_due_minor", "oldest_unpaid_due_on", "status")}
            found.append(f"snapshot of {row['business_date']}: {'absent' if row['is_absent'] else text(said)}")
        for row in sorted(self.payments.get(account_id, ()), key=lambda one: one["effective_on"]):
            back = self.reversals.get(row["payment_id"])
            returned = "" if back is None else f", reversed {back['booked_on'] or back['posted_on']}"
            days = f"effective {row['effective_on']}, posted {row['booked_on'] or row['posted_on']} by {row['origin']}"
            found.append(f"payment {row['payment_id']}: {row['amount_minor']} {days}{returned}")
        if account_id in self.accounts:
            found.append(f"business date {self.accounts[account_id].business_date}")
        return tuple(found)


def snapshot(row: Row) -> Snapshot:
    """A stored row as the model takes it; a mark of absence beside a row of the same day came after it."""
    return Snapshot(
        on=row["business_date"],
        received=int(row["is_absent"]),
        balance=row["balance_minor"],
        past_due=row["past_due_minor"],
        oldest=row["oldest_unpaid_due_on"],
        installment=row["installment_minor"],
        frequency=row["frequency"],
        next_due=row["next_due_on"],
        status=row["status"],
        is_absent=row["is_absent"],
        charged_off=row["charged_off_on"],
    )


def promise(row: Row) -> Promise:
    """A stored promise as the model takes it."""
    return Promise(
        str(row["promise_id"]),
        row["amount_minor"],
        row["due_on"],
        row["made_on"],
        row["made_at"],
        row["grace_days"],
        row["tolerance_minor"],
        requested(row),
        row["made_charged_off"],
    )


def requested(row: Row) -> date | None:
    """The day on which somebody cancelled it; every other cancel follows from other facts."""
    day: date | None = row["cancelled_on"]
    return day if row["cancel_reason"] == "request" else None


def grouped(rows: Iterable[Row], key: str = "account_id") -> dict[Any, list[Row]]:
    """Rows by account."""
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[key]].append(row)
    return dict(found)
