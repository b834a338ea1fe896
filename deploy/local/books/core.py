"""I3: what core banking published is posted, held in sight, or a dead letter: nothing is lost or taken wrongly."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from deploy.local.books.databases import Row
from deploy.local.books.difference import Check
from deploy.local.books.expected import CORE, Facts
from deploy.local.books.topics import CORE_PAYMENTS, CORE_SNAPSHOTS, Message

Reference = tuple[str, str]
_MS = 1000


def check_core(facts: Facts) -> list[Check]:
    """Both feeds of the core."""
    return [_payments(facts), _snapshots(facts)]


def _payments(facts: Facts) -> Check:
    check = Check("each payment of the core is posted, held or parked", "I3")
    here = _Here(facts)
    for message in facts.history.of(CORE_PAYMENTS):
        check.examined += 1
        if here.is_parked(message):
            continue
        try:
            sent = _Sent(message.body)
        except (KeyError, TypeError, ValueError, AttributeError):
            check.add(f"message {message.where}", "message", "a dead letter", "nothing")
            continue
        if sent.reversal_of is None:
            _hold_payment(check, here, sent, message)
        elif not here.has_reversal(sent):
            subject = f"reversal {sent.reference} of the core"
            behind = (f"message {message.where}: reverses {sent.reversal_of}",)
            check.add(subject, "reversal", "made or held", "nothing", account_id=sent.account_id, facts=behind)
    return check


class _Sent:
    """A payment or a reversal as the core states it. Raises when it states none."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self.creditor_id = UUID(body["creditor_id"])
        self.number = body["core_account_number"].strip()
        self.account_id = uuid5(self.creditor_id, self.number)
        self.reference = body["source_ref"].strip()
        self.reversal_of = body["reversal_of"].strip() if body.get("reversal_of") is not None else None
        effective_on = date.fromisoformat(body["effective_on"])
        posted_on = date.fromisoformat(body["posted_on"]) if body.get("posted_on") is not None else effective_on
        self.posted_on = posted_on
        self.content = {
            "account_id": self.account_id,
            "amount_minor": body["amount_minor"],
            "currency": body["currency"],
            "effective_on": effective_on,
            "posted_on": posted_on,
            "channel": body["channel"],
            "ach_trace": body.get("ach_trace"),
        }
        self.allocation: dict[str, int] = defaultdict(int)
        for line in body.get("allocation") or ():
            self.allocation[line["component"]] += line["amount_minor"]

    @property
    def key(self) -> Reference:
        """What makes it known."""
        return str(self.creditor_id), self.reference


class _Here:
    """What payments has of the core's, by reference."""

    def __init__(self, facts: Facts) -> None:
        tables = facts.rows.payments
        self.by_reference = {_key(row): row for row in tables["payment"] if row["source"] == CORE}
        self.ours = {str(row["payment_id"]): row for row in tables["payment"] if row["origin"] != CORE}
        self.allocations = facts.allocations
        self._reversals = facts.reversals
        self._held = {_key(row) for row in tables["held_reversal"]}
        self._parked = {_place(row) for row in tables["dead_letter"] if row["replayed_at"] is None}

    def is_parked(self, message: Message) -> bool:
        return (message.topic, message.partition, message.offset, message.produced_at) in self._parked

    def echoed(self, sent: _Sent) -> Row | None:
        """The payment of ours whose id the core sent back."""
        row = self.ours.get(sent.reference.lower())
        return row if row is not None and row["creditor_id"] == sent.creditor_id else None

    def has_reversal(self, sent: _Sent) -> bool:
        original = self.by_reference.get((str(sent.creditor_id), sent.reversal_of or ""))
        if original is None:
            original = self.ours.get((sent.reversal_of or "").lower())
        return sent.key in self._held or (original is not None and original["payment_id"] in self._reversals)


def _hold_payment(check: Check, here: _Here, sent: _Sent, message: Message) -> None:
    behind = (f"message {message.where}: {sent.content['amount_minor']} effective {sent.content['effective_on']}",)
    subject = f"payment {sent.reference} of the core"
    ours = here.echoed(sent)
    row = here.by_reference.get(sent.key)
    if ours is not None and row is None:
        if ours["booked_on"] is None:
            check.add(
                subject, "echo", f"booked {sent.posted_on}", "not booked", account_id=sent.account_id, facts=behind
            )
        return
    if row is None:
        check.add(subject, "payment", "posted or held", "nothing", account_id=sent.account_id, facts=behind)
        return
    for name, value in sent.content.items():
        check.compare(subject, name, value, {"payments.payment": row[name]}, account_id=sent.account_id, facts=behind)
    if sent.allocation:
        stored = {"payments.allocation": here.allocations.get(row["payment_id"], {})}
        check.compare(subject, "allocation", dict(sent.allocation), stored, account_id=sent.account_id, facts=behind)


def _snapshots(facts: Facts) -> Check:
    """Each is stored under its day (a later one of the same day may have replaced it), held, or parked."""
    check = Check("each snapshot of the core is stored, held or parked", "I3")
    tables = facts.rows.accounts
    stored = {(row["account_id"], row["business_date"]) for row in tables["account_snapshot"] if not row["is_absent"]}
    held = {
        (uuid5(row["creditor_id"], row["core_account_number"]), row["business_date"]) for row in tables["held_snapshot"]
    }
    parked = {_place(row) for row in tables["dead_letter"] if row["replayed_at"] is None}
    for message in facts.history.of(CORE_SNAPSHOTS):
        check.examined += 1
        if (message.topic, message.partition, message.offset, message.produced_at) in parked:
            continue
        try:
            creditor_id, number = UUID(message.body["creditor_id"]), message.body["core_account_number"].strip()
            key = uuid5(creditor_id, number), date.fromisoformat(message.body["business_date"])
        except (KeyError, TypeError, ValueError, AttributeError):
            check.add(f"message {message.where}", "message", "a dead letter", "nothing")
            continue
        if key not in stored | held:
            check.add(f"account {number}", f"snapshot of {key[1]}", "stored or held", "nothing", account_id=key[0])
    return check


def _key(row: Row) -> Reference:
    return str(row["creditor_id"]), row["source_ref"]


def _place(row: Row) -> tuple[str, int, int, int]:
    return row["topic"], row["partition"], row["offset"], round(row["produced_at"].timestamp() * _MS)
