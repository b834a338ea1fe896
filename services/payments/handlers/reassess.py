"""Judge the promises and arrangements of the accounts that a batch touched, save what changed and publish it.

Called inside the transaction of whatever touched the accounts (a posting, a reversal, a state of the account, a new
business date, a command), with the accounts' locks held and after its rows were saved. Run again it changes nothing.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

from services.payments.domain.account_case import (
    AccountCase,
    Verdict,
    check_arrangement_step,
    check_promise_step,
    judge_account,
)
from services.payments.domain.account_facts import AccountFacts
from services.payments.store.case_facts import load_account_facts, load_entries, load_judged_dates
from services.payments.store.obligation_forms import (
    activations,
    arrangement_state,
    arrangement_terms,
    judged_arrangement,
    judged_promise,
    made_charged_off,
    promise_state,
    promise_terms,
    starts,
)
from services.payments.store.obligations import (
    Obligations,
    Row,
    load_obligations,
    save_arrangements,
    save_promises,
)
from services.payments.store.payments import update_payments
from shared.db.transaction import Tx

_PROMISE_STATE: Final = ("status", "paid_minor", "resolved_on")
_ARRANGEMENT_STATE: Final = ("status", "paid_minor", "next_due_on", "resolved_on")


@dataclass(frozen=True, slots=True)
class Reassessed:
    """What a reassessment did. `completed`: the arrangements that it completed, by account."""

    completed: Mapping[UUID, tuple[UUID, ...]] = field(default_factory=dict)
    changed: int = 0
    """How many promises and arrangements were published anew."""


@dataclass(frozen=True, slots=True)
class Amendment:
    """A fact that a command adds to a row before it is judged: columns by the id of the promise or arrangement."""

    columns: Mapping[UUID, Mapping[str, Any]] = field(default_factory=dict)


async def reassess(
    tx: Tx,
    account_ids: Collection[UUID],
    *,
    amendment: Amendment | None = None,
    causes: Mapping[UUID, UUID] | None = None,
) -> Reassessed:
    """Judge all promises and arrangements of the accounts again: at most five reads and three writes in all.

    `causes` names, by account, the event that led to this; the events published for that account carry it.
    """
    found = await load_obligations(tx, account_ids)
    touched = found.account_ids
    if not touched:
        return Reassessed()
    step = _Step(tx, amendment or Amendment())
    words = {account_id: step.amended(found, account_id) for account_id in touched}
    entries = await load_entries(tx, {account_id: starts(*of_account) for account_id, of_account in words.items()})
    facts = await load_account_facts(tx, touched)
    dates = await load_judged_dates(tx, {row["creditor_id"] for row in found.rows()})
    for account_id, (promises, arrangements) in words.items():
        case = AccountCase(
            promises=[promise_terms(row) for row in promises],
            arrangements=[arrangement_terms(row) for row in arrangements],
            entries=entries.get(account_id, []),
            business_date=dates[(promises or arrangements)[0]["creditor_id"]],
            account=facts.get(account_id, AccountFacts()),
            activations=activations(arrangements),
            made_charged_off=made_charged_off(promises, arrangements),
        )
        verdict = judge_account(case)
        step.cause = (causes or {}).get(account_id)
        for row in promises:
            step.take_promise(row, verdict)
        for row in arrangements:
            step.take_arrangement(row, verdict, case.business_date)
    await save_promises(tx, step.promises)
    await save_arrangements(tx, step.arrangements)
    return Reassessed({account: tuple(ids) for account, ids in step.completed.items()}, step.published)


async def note_completed(
    tx: Tx, payments: Mapping[UUID, UUID], completed: Mapping[UUID, tuple[UUID, ...]]
) -> dict[UUID, list[UUID]]:
    """Note on payments (with their accounts) the arrangements that they completed; return those of each that did."""
    done = {payment_id: list(completed[account]) for payment_id, account in payments.items() if completed.get(account)}
    await update_payments(
        tx, [{"payment_id": payment_id, "arrangements_completed": ids} for payment_id, ids in done.items()]
    )
    return done


class _Step:
    """Collects what one reassessment changes, and publishes it: rows that stay as they are cost nothing."""

    def __init__(self, tx: Tx, amendment: Amendment) -> None:
        self._tx = tx
        self._amendment = amendment
        self.cause: UUID | None = None
        self.promises: list[Row] = []
        self.arrangements: list[Row] = []
        self.completed: dict[UUID, list[UUID]] = defaultdict(list)
        self.published = 0

    def amended(self, found: Obligations, account_id: UUID) -> tuple[list[Row], list[Row]]:
        columns = self._amendment.columns
        return (
            [row | dict(columns.get(row["promise_id"], {})) for row in found.promises.get(account_id, ())],
            [row | dict(columns.get(row["arrangement_id"], {})) for row in found.arrangements.get(account_id, ())],
        )

    def take_promise(self, row: Row, verdict: Verdict) -> None:
        new = judged_promise(row, verdict)
        is_amended = row["promise_id"] in self._amendment.columns
        if is_amended or row["version"] == 0 or any(row[name] != new[name] for name in _PROMISE_STATE):
            check_promise_step(row["status"], new["status"])
            new["version"] = max(row["version"], self._tx.least_version) + 1
            self._tx.emit(
                f"promise.{new['status']}", promise_state(row | new), version=new["version"], causation=self.cause
            )
            self.published += 1
        if is_amended or any(row[name] != value for name, value in new.items()):
            self.promises.append(new)

    def take_arrangement(self, row: Row, verdict: Verdict, business_date: date) -> None:
        new = judged_arrangement(row, verdict)
        is_amended = row["arrangement_id"] in self._amendment.columns
        if is_amended or row["version"] == 0 or any(row[name] != new[name] for name in _ARRANGEMENT_STATE):
            check_arrangement_step(row["status"], new["status"])
            new["version"] = max(row["version"], self._tx.least_version) + 1
            topic = "activated" if new["status"] == "active" else new["status"]
            state = arrangement_state(row | new, verdict, business_date)
            self._tx.emit(f"arrangement.{topic}", state, version=new["version"], causation=self.cause)
            self.published += 1
            if new["status"] == "completed" != row["status"]:
                self.completed[row["account_id"]].append(row["arrangement_id"])
        if is_amended or any(row[name] != value for name, value in new.items()):
            self.arrangements.append(new)
