"""A small book as the checker reads it, all in order: one loan, one payment of the core, one work item.

Every row may be changed before it is checked. Rows hold the columns that the checker asks for.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid5

from deploy.local.books.databases import Rows
from deploy.local.books.doors import Answers
from deploy.local.books.expected import Facts
from deploy.local.books.topics import History, Message
from deploy.local.books.verify import check_all

CREDITOR = UUID(int=1)
ACCOUNT = uuid5(CREDITOR, "L-1")
PAYMENT, ITEM = UUID(int=2), UUID(int=3)
DAY = date(2026, 2, 1)
EVENTS = [f"01a20000-0000-7000-8000-00000000000{n}" for n in range(1, 7)]
Json = dict[str, Any]
OWNED: Json = {"creditor_id": CREDITOR, "account_id": ACCOUNT}
MONEY: Json = {
    **OWNED, "payment_id": PAYMENT, "amount_minor": 5_000, "currency": "USD", "effective_on": DAY, "posted_on": DAY,
    "origin": "core", "booked_on": None,
}  # fmt: skip
STATE: Json = {
    "balance_minor": 95_000, "past_due_minor": 5_000, "oldest_unpaid_due_on": date(2026, 1, 10), "bucket": "b1_29",
    "stage": "early",
}  # fmt: skip


def _payments() -> dict[str, list[Any]]:
    payment = {
        **MONEY, "channel": "branch", "source": "core", "source_ref": "P-1", "ach_trace": None, "status": "posted",
        "unapplied_reason": None, "allocation_basis": "waterfall", "taken_at": datetime(2026, 2, 1, tzinfo=UTC),
    }  # fmt: skip
    return {
        "payment": [payment],
        "allocation": [{"payment_id": PAYMENT, "component": "principal", "amount_minor": 5_000}],
        "reversal": [], "held_reversal": [], "promise": [], "arrangement": [], "arrangement_installment": [],
        "account_view": [{**OWNED, **STATE, "aggregate_version": 2}],
        "creditor_view": [{"creditor_id": CREDITOR, "business_date": date(2026, 2, 2)}],
        "evaluation": [],
        **_common(EVENTS[1], EVENTS[2], EVENTS[3]),
    }  # fmt: skip


def _common(*events: str) -> dict[str, list[Any]]:
    return {
        "inbox": [{"id": event} for event in events],
        "inbox_since": [{"since": date(2020, 1, 1)}],
        "dead_letter": [],
        "money_column": [{"table_name": "payment", "column_name": "amount_minor", "data_type": "bigint"}],
        "outbox": [{"waiting": 0}],
        "job": [],
    }


def _accounts() -> dict[str, list[Any]]:
    snapshot = {
        "account_id": ACCOUNT, "is_absent": False, "business_date": date(2026, 1, 31), "status": "open",
        "product_class": "closed_end_loan", "balance_minor": 100_000, "past_due_minor": 10_000, "charged_off_on": None,
        "oldest_unpaid_due_on": date(2026, 1, 10), "installment_minor": 10_000, "frequency": "monthly",
        "next_due_on": date(2026, 2, 10), "credit_limit_minor": None,
    }  # fmt: skip
    row = {
        **OWNED, **STATE, "core_account_number": "L-1", "queue": "early_stage", "version": 2, "restrictions": [],
        "escalated_at": None,
    }  # fmt: skip
    item = {
        **OWNED, "work_item_id": ITEM, "queue": "early_stage", "priority": 5_000, "reasons": ["early_stage"],
        "is_offerable": True,
    }  # fmt: skip
    return {
        "creditor": [{"creditor_id": CREDITOR, "business_date": date(2026, 2, 2)}],
        "account": [row], "account_snapshot": [snapshot], "entry": [{**MONEY, "dues_minor": 5_000}],
        "work_item": [item], "aging_policy": [], "reversal": [], "promise_view": [], "arrangement_view": [],
        "held_snapshot": [], "pause": [],
        **_common(EVENTS[0]),
    }  # fmt: skip


def _plain(row: Json) -> Json:
    return {name: str(value) if isinstance(value, (UUID, date)) else value for name, value in row.items()}


def message(topic: str, offset: int, body: Json | None, event_id: str | None = None, version: int = 1) -> Message:
    return Message(topic, 0, offset, 0, event_id, version, None if body is None else _plain(body))


def _messages() -> list[Message]:
    core = {
        "creditor_id": CREDITOR, "core_account_number": "L-1", "amount_minor": 5_000, "currency": "USD",
        "effective_on": DAY, "channel": "branch", "source_ref": "P-1",
    }  # fmt: skip
    posted = {
        **MONEY, "channel": "branch", "source": "core", "source_ref": "P-1", "allocation_basis": "waterfall",
        "allocation": [{"component": "principal", "amount_minor": 5_000}],
    }  # fmt: skip
    state = {**OWNED, **STATE, "business_date": date(2026, 2, 2)}
    entered = {**OWNED, "work_item_id": ITEM, "queue": "early_stage", "priority": 5_000}
    return [
        message("core.payment.received", 0, core),
        message("payment.posted", 0, posted, EVENTS[0]),
        message("creditor.updated", 0, {"creditor_id": CREDITOR, "business_date": date(2026, 2, 2)}, EVENTS[1]),
        message("account.opened", 0, {**state, "balance_minor": 100_000}, EVENTS[2]),
        message("account.updated", 0, state, EVENTS[3], version=2),
        message("queue.item_entered", 0, entered, EVENTS[4]),
    ]


def _answers() -> Answers:
    predicate = {"all": [{"field": "stage", "op": "eq", "value": "early"}]}
    queue = {
        "code": "early_stage", "rank": 10, "predicate": predicate, "offer_when": None, "reasons": [], "depth": 1,
        "priority": {"past_due_minor": 1}, "creditor_id": None,
    }  # fmt: skip
    account = _plain({**STATE, "days_past_due": 23, "delinquent_days": 23, "queue": "early_stage"})
    return Answers([queue], {ACCOUNT: account})


@dataclass
class MadeUp:
    """The book; change what you like, and ask what differs."""

    payments: dict[str, list[Any]] = field(default_factory=_payments)
    accounts: dict[str, list[Any]] = field(default_factory=_accounts)
    messages: list[Message] = field(default_factory=_messages)
    answers: Answers = field(default_factory=_answers)

    def differences(self) -> list[tuple[str, str, str, str]]:
        """(subject, field, expected, found) of each."""
        topics: dict[str, list[Message]] = {}
        for one in self.messages:
            topics.setdefault(one.topic, []).append(one)
        facts = Facts(Rows(self.payments, self.accounts), History(topics, is_whole=True))
        checks = check_all(facts, self.answers)
        return [(one.subject, one.field, one.expected, one.found) for check in checks for one in check.differences]
