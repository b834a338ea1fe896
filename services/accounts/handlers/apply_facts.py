"""Applies what payments published: money in and out, promises, arrangements. One handler for all of them.

Payments and reversals are facts: each is kept once by the payment's id, for ever, in any order; only the day on which
the core booked one is added later. Promises and arrangements are states: an older version is ignored.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table

from services.accounts.domain.ledger import Booking, paying_dues
from services.accounts.handlers.recompute import recompute
from services.accounts.store.creditors import load_creditors
from services.accounts.store.history import HistoryFact, record_history
from services.accounts.tables.commitments import ARRANGEMENT_VIEW, PROMISE_VIEW
from services.accounts.tables.entries import ENTRY, REVERSAL
from shared.db.sets import insert_rows, load_rows, upsert_rows
from shared.db.transaction import Tx
from shared.events.payments import ArrangementState, PaymentPosted, PaymentReversed, PromiseState
from shared.messaging.message import Message, Rejected

Row = dict[str, Any]

_KNOWN = "SELECT payment_id FROM {table} WHERE payment_id = ANY($1::uuid[])"
_BOOK = """
UPDATE {table} AS t SET booked_on = b.booked_on
FROM unnest($1::uuid[], $2::date[]) AS b(payment_id, booked_on)
WHERE t.payment_id = b.payment_id AND t.booked_on IS NULL
"""


async def apply_facts(tx: Tx, messages: Sequence[Message[Any]], *, version_epoch: int = 0) -> Sequence[Rejected]:
    """Takes a batch of `payment.*`, `promise.*` and `arrangement.*` messages and re-evaluates the accounts touched."""
    await keep_facts(tx, messages)
    causes = {message.payload.account_id: message.event_id for message in messages if message.event_id is not None}
    touched = {message.payload.account_id for message in messages}
    await recompute(tx, touched, changed_from=_changed_from(messages), causes=causes, version_epoch=version_epoch)
    return ()


def _changed_from(messages: Sequence[Message[Any]]) -> dict[UUID, date]:
    """The first snapshot date that contains what the postings among them say, for each account."""
    found: dict[UUID, date] = {}
    for message in messages:
        payload = message.payload
        if isinstance(payload, PaymentPosted):
            # Its echo moves it from where it was contained without one.
            was = Booking(payload.origin, payload.posted_on).contained_on
            day = min(was, payload.booked_on or was)
        elif isinstance(payload, PaymentReversed):
            day = date.min  # it takes the payment out of every snapshot that holds it
        else:
            continue
        found[payload.account_id] = min(day, found.get(payload.account_id, day))
    return found


async def keep_facts(tx: Tx, messages: Sequence[Message[Any]]) -> None:
    """Writes down what a batch says, without judging any account by it."""
    now = tx.clock.now()
    await _keep_postings(
        tx, ENTRY, [_entry_row(each.payload, now) for each in messages if each.topic == "payment.posted"]
    )
    await _keep_postings(
        tx, REVERSAL, [_reversal_row(each.payload, now) for each in messages if each.topic == "payment.reversed"]
    )
    await _keep_states(tx, _PROMISES, messages)
    await _keep_states(tx, _ARRANGEMENTS, messages)


def _entry_row(payload: PaymentPosted, now: datetime) -> Row:
    allocation: dict[str, int] = {}
    for line in payload.allocation:
        allocation[line.component] = allocation.get(line.component, 0) + line.amount_minor
    return {
        "payment_id": payload.payment_id,
        "account_id": payload.account_id,
        "creditor_id": payload.creditor_id,
        "amount_minor": payload.amount_minor,
        "dues_minor": paying_dues(payload.amount_minor, payload.allocation_basis, allocation.items()),
        "currency": payload.currency,
        "effective_on": payload.effective_on,
        "posted_on": payload.posted_on,
        "origin": payload.origin,
        "booked_on": payload.booked_on,
        "channel": payload.channel,
        "source": payload.source,
        "source_ref": payload.source_ref,
        "allocation": allocation,
        "received_at": now,
    }


def _reversal_row(payload: PaymentReversed, now: datetime) -> Row:
    return {
        "payment_id": payload.payment_id,
        "reversal_id": payload.reversal_id,
        "account_id": payload.account_id,
        "creditor_id": payload.creditor_id,
        "amount_minor": payload.amount_minor,
        "currency": payload.currency,
        "reason": payload.reason,
        "effective_on": payload.effective_on,
        "posted_on": payload.posted_on,
        "origin": payload.origin,
        "booked_on": payload.booked_on,
        "received_at": now,
    }


async def _keep_postings(tx: Tx, table: Table, rows: Sequence[Row]) -> None:
    """Keeps what is new, and the booking day of what was known without one: it only goes from null to a date.

    The lock of its account is held, so nobody else writes what is not here: it is copied, in half the time of an
    insert that must look for each row again.
    """
    if not rows:
        return
    first: dict[UUID, Row] = {}
    booked: dict[UUID, date] = {}
    for row in rows:
        known = first.setdefault(row["payment_id"], row)
        if row["booked_on"] is not None:
            known["booked_on"] = booked.setdefault(row["payment_id"], row["booked_on"])
    kept = {payment_id for (payment_id,) in await tx.fetch(_KNOWN.format(table=table.name), list(first))}
    await insert_rows(tx, table, [row for payment_id, row in first.items() if payment_id not in kept])
    if booked:
        await tx.execute(_BOOK.format(table=table.name), list(booked.keys()), list(booked.values()))


@dataclass(frozen=True, slots=True)
class _View:
    """A table that follows the states of one kind of aggregate."""

    noun: str
    table: Table
    row: Callable[[Any], Row]

    @property
    def key(self) -> str:
        return f"{self.noun}_id"


async def _keep_states(tx: Tx, view: _View, messages: Sequence[Message[Any]]) -> None:
    """Keeps the newest version of each aggregate, and tells the timeline where its status changed."""
    newest: dict[UUID, Row] = {}
    for message in messages:
        if message.topic.partition(".")[0] != view.noun:
            continue
        row = {**view.row(message.payload), "version": message.aggregate_version or 0}
        known = newest.get(row[view.key])
        if known is None or known["version"] < row["version"]:
            newest[row[view.key]] = row
    if not newest:
        return
    stored = {row[view.key]: row for row in await load_rows(tx, view.table, view.key, sorted(newest))}
    fresh = [row for key, row in newest.items() if key not in stored or stored[key]["version"] < row["version"]]
    await upsert_rows(tx, view.table, fresh, key=[view.key])
    turned = [row for row in fresh if row[view.key] not in stored or stored[row[view.key]]["status"] != row["status"]]
    await _tell(tx, view, turned)


async def _tell(tx: Tx, view: _View, rows: Sequence[Row]) -> None:
    creditors = await load_creditors(tx, {row["creditor_id"] for row in rows}) if rows else {}
    facts = []
    for row in rows:
        creditor = creditors.get(row["creditor_id"])
        on = creditor.business_date if creditor else None
        detail = {
            name: row[name] for name in (view.key, "status", "paid_minor", "due_on", "next_due_on") if name in row
        }
        facts.append(
            HistoryFact(
                row["account_id"], row["creditor_id"], on or row["made_on"], f"{view.noun}.{row['status']}", detail
            )
        )
    await record_history(tx, facts)


def _promise_row(payload: PromiseState) -> Row:
    return {name: getattr(payload, name) for name in _PROMISE_COLUMNS}


def _arrangement_row(payload: ArrangementState) -> Row:
    row = {name: getattr(payload, name) for name in _ARRANGEMENT_COLUMNS}
    return {**row, "terms": {"installments": [each.model_dump(mode="json") for each in payload.installments]}}


_COMMON = ("account_id", "creditor_id", "status", "currency", "paid_minor", "tolerance_minor", "grace_days")
_SINCE = ("made_on", "made_at", "resolved_on")
_PROMISE_COLUMNS = ("promise_id", *_COMMON, "amount_minor", "due_on", *_SINCE)
_ARRANGEMENT_COLUMNS = ("arrangement_id", *_COMMON, "total_minor", "next_due_on", *_SINCE)
_PROMISES = _View("promise", PROMISE_VIEW, _promise_row)
_ARRANGEMENTS = _View("arrangement", ARRANGEMENT_VIEW, _arrangement_row)
