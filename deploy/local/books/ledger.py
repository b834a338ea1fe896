"""I1 and I2 for accounts: its ledger holds each posting of payments once, and every event was applied once."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from deploy.local.books.databases import Row
from deploy.local.books.difference import Check
from deploy.local.books.expected import Facts
from deploy.local.books.topics import APPLIED_BY, Message

_ENTRY = ("account_id", "creditor_id", "amount_minor", "currency", "effective_on", "posted_on", "origin", "booked_on")
_REVERSAL = (*_ENTRY, "reversal_id")
_UUID7 = 7
_MS_BITS = 80


def check_ledger(facts: Facts) -> list[Check]:
    """The ledger of accounts, and the inbox of both services."""
    posted = {row["payment_id"]: row for rows in facts.payments.values() for row in rows}
    returned = {key: row for key, row in facts.reversals.items() if key in posted}
    entries = Check("the ledger of accounts has each posted payment once", "I1, I2")
    _hold(entries, "entry", posted, facts.rows.accounts["entry"], _ENTRY)
    for row in facts.rows.accounts["entry"]:
        if row["payment_id"] in posted:
            expected = facts.entry(posted[row["payment_id"]]).dues
            _compare(entries, row, "dues_minor", expected, {"accounts.entry": row["dues_minor"]})
    reversals = Check("the ledger of accounts has each reversal once", "I1, I2")
    _hold(reversals, "reversal", returned, facts.rows.accounts["reversal"], _REVERSAL)
    return [entries, reversals, *(_inbox(facts, service) for service in APPLIED_BY)]


def _hold(check: Check, kind: str, expected: Mapping[UUID, Row], found: list[Row], names: tuple[str, ...]) -> None:
    here = {row["payment_id"]: row for row in found}
    for payment_id, row in expected.items():
        check.examined += 1
        stored = here.pop(payment_id, None)
        if stored is None:
            _add(check, row, kind, _said(row), "nothing")
            continue
        for name in names:
            _compare(check, row, name, row[name], {f"accounts.{kind}": stored[name]})
    for row in here.values():
        _add(check, row, kind, "nothing: payments has no such posting", _said(row))


def _said(row: Row) -> str:
    return f"{row['amount_minor']} effective {row['effective_on']}"


def _inbox(facts: Facts, service: str) -> Check:
    """Each event of the topics that the service reads has one mark in its inbox, or is a dead letter."""
    check = Check(f"{service} applied each event once", "I2")
    tables: Mapping[str, Any] = getattr(facts.rows, service)
    marks = {row["id"] for row in tables["inbox"]}
    parked = {row["event_id"] for row in tables["dead_letter"]}
    since = tables["inbox_since"][0]["since"]
    told: dict[str, Message] = {}
    for message in facts.history.of(*APPLIED_BY[service]):
        if message.event_id is not None:
            told.setdefault(message.event_id, message)
    for event_id, message in told.items():
        check.examined += 1
        is_kept = since is not None and _day(event_id) >= since
        if is_kept and event_id not in marks and event_id not in parked:
            owner = message.body.get("account_id")
            check.add(
                f"event {event_id}",
                "inbox",
                f"1 mark in {service}",
                "none",
                account_id=None if owner is None else UUID(owner),
                facts=(f"message {message.where}",),
            )
    # Of one creditor alone it cannot be told whose mark it is, nor of a topic whose beginning is gone.
    if facts.is_everything and facts.history.is_whole:
        for event_id in sorted(marks - told.keys()):
            check.add(f"event {event_id}", "inbox", "a message on a topic", f"a mark in {service} alone")
    return check


def _day(event_id: str) -> Any:
    """The day on which a UUIDv7 was made; another id is kept in the default partition, for as long."""
    value = UUID(event_id)
    if value.version != _UUID7:
        return datetime.min.replace(tzinfo=UTC).date()
    return datetime.fromtimestamp((value.int >> _MS_BITS) / 1000, UTC).date()


def _compare(check: Check, row: Row, what: str, expected: object, places: Mapping[str, Any]) -> None:
    subject, where = f"payment {row['payment_id']}", row["account_id"]
    check.compare(subject, what, expected, places, account_id=where)


def _add(check: Check, row: Row, what: str, expected: str, found: str) -> None:
    check.add(f"payment {row['payment_id']}", what, expected, found, account_id=row["account_id"])
