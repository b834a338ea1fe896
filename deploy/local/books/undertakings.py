"""I9 and I5 for promises and arrangements: each stands as its money says, wherever its state is kept or told."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from deploy.local.books.databases import Row
from deploy.local.books.difference import Check
from deploy.local.books.expected import Expected, Facts
from deploy.local.books.standing import latest
from deploy.local.books.terms import OPEN, Standing
from deploy.local.books.topics import ARRANGEMENT_STATES, PROMISE_STATES


def check_undertakings(facts: Facts) -> list[Check]:
    """Every promise and every arrangement."""
    promises = Check("each promise stands as its money says", "I5, I9")
    _hold(promises, facts, "promise", PROMISE_STATES)
    arrangements = Check("each arrangement is closed exactly when its sum is paid", "I5, I9")
    _hold(arrangements, facts, "arrangement", ARRANGEMENT_STATES)
    _installments(arrangements, facts)
    return [promises, arrangements, _one_open(facts)]


def _hold(check: Check, facts: Facts, kind: str, topics: tuple[str, ...]) -> None:
    key = f"{kind}_id"
    told = latest(facts, key, *topics)
    views = {row[key]: row for row in facts.rows.accounts[f"{kind}_view"]}
    for row in facts.rows.payments[kind]:
        account = facts.accounts.get(row["account_id"])
        if account is None:
            check.add(f"{kind} {row[key]}", "account", "a row of accounts", "none", account_id=row["account_id"])
            continue
        check.examined += 1
        message, view = told.get(str(row[key])), views.get(row[key])
        where = "the topics" if message is None else f"message {message.where}"
        now = getattr(account.judged, f"{kind}s")[str(row[key])]
        for name, value in _values(kind, now).items():
            places = {
                f"payments.{kind}": row[name],
                f"accounts.{kind}_view": None if view is None else view[name],
                where: None if message is None else _day(name, message.body[name]),
            }
            if any(found != value for found in places.values()):
                subject, behind = _subject(account, kind, row), _lines(facts, kind, row)
                check.compare(subject, name, value, places, account_id=row["account_id"], facts=behind)


def _values(kind: str, now: Standing) -> dict[str, Any]:
    values = {"status": now.status, "paid_minor": now.paid, "resolved_on": now.resolved_on}
    return values if kind == "promise" else values | {"next_due_on": now.next_due_on}


def _installments(check: Check, facts: Facts) -> None:
    for row in facts.rows.payments["arrangement"]:
        parts = facts.installments.get(row["arrangement_id"], ())
        places = {"payments.arrangement": row["total_minor"]}
        subject = f"arrangement {row['arrangement_id']}"
        total = sum(amount for _, amount in parts)
        check.compare(subject, "total_minor", total, places, account_id=row["account_id"])


def _one_open(facts: Facts) -> Check:
    """What activation and charge-off leave: one open arrangement, and nothing open on what was charged off since."""
    check = Check("each account has one open arrangement at most", "I9")
    for account_id, rows in facts.arrangements.items():
        check.examined += 1
        now = facts.accounts.get(account_id)
        places = [row for row in rows if row["status"] in OPEN and row["superseded_at"] is None]
        if now is not None and len(places) > 1:
            behind = [f"arrangement {row['arrangement_id']}: {row['status']}" for row in places]
            check.add(now.name, "arrangements", "1 open", f"{len(places)} open", account_id=account_id, facts=behind)
    return check


def _subject(account: Expected, kind: str, row: Row) -> str:
    return f"{account.name}, {kind} {row[f'{kind}_id']}"


def _lines(facts: Facts, kind: str, row: Row) -> tuple[str, ...]:
    """The terms, and the facts of the account."""
    account_id: UUID = row["account_id"]
    if kind == "promise":
        terms = f"{row['amount_minor']} by {row['due_on']}"
    else:
        parts: Mapping[UUID, tuple[tuple[date, int], ...]] = facts.installments
        terms = ", ".join(f"{amount} by {due_on}" for due_on, amount in parts.get(row["arrangement_id"], ()))
    agreed = f"{kind} of {row['made_on']} ({row['made_at']}): {terms}, grace {row['grace_days']} days"
    ended = () if row["cancelled_on"] is None else (f"cancelled {row['cancelled_on']}: {row['cancel_reason']}",)
    return (agreed, *ended, *facts.lines(account_id))


def _day(name: str, value: Any) -> Any:
    return date.fromisoformat(value) if name.endswith("_on") and value is not None else value
