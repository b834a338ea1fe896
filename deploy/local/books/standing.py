"""I1 and I5 for accounts: every balance, past due sum, day count, bucket and stage, wherever it is kept or told."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from deploy.local.books.difference import Check
from deploy.local.books.expected import Expected, Facts
from deploy.local.books.topics import ACCOUNT_STATES, CREDITOR_STATES, Message

_FIELDS = ("balance_minor", "past_due_minor", "oldest_unpaid_due_on", "bucket", "stage")
# What payments keeps of them.
_VIEWED = ("balance_minor", "past_due_minor", "oldest_unpaid_due_on", "stage")
Answers = Mapping[UUID, Mapping[str, Any]]


def check_standing(facts: Facts, answers: Answers) -> list[Check]:
    """Every account, and every creditor's business date."""
    return [_missing(facts), _standings(facts, answers), _versions(facts), _business_dates(facts)]


def _missing(facts: Facts) -> Check:
    check = Check("each account that a snapshot states is there", "I5")
    here = {row["account_id"] for row in facts.rows.accounts["account"]}
    for account_id, rows in facts.snapshots.items():
        if any(not row["is_absent"] for row in rows):
            check.examined += 1
            if account_id not in here:
                check.add(f"account {account_id}", "account", "a row of accounts", "none", account_id=account_id)
    return check


def _standings(facts: Facts, answers: Answers) -> Check:
    check = Check("each balance, past due sum, bucket and stage follows from the facts", "I1, I5")
    told = latest(facts, "account_id", *ACCOUNT_STATES)
    views = {row["account_id"]: row for row in facts.rows.payments["account_view"]}
    for account_id, one in facts.accounts.items():
        check.examined += 1
        answer, view = answers.get(account_id, {}), views.get(account_id, {})
        message = told.get(str(account_id))
        for name, value in _values(facts, one).items():
            places: dict[str, Any] = {}
            if name in _FIELDS:
                places["accounts.account"] = one.row[name]
            if name in _FIELDS and message is not None:
                places[f"message {message.where}"] = _day(name, message.body[name])
            if name in _VIEWED and view:
                places["payments.account_view"] = view[name]
            if name in answer:
                places["GET /v1/accounts"] = _day(name, answer[name])
            if any(found != value for found in places.values()):
                check.compare(one.name, name, value, places, account_id=account_id, facts=facts.lines(account_id))
        for place, found in (("GET /v1/accounts", answer), ("payments.account_view", view), ("the topics", message)):
            if not found:
                check.add(one.name, "account", "told", f"nothing in {place}", account_id=account_id)
    return check


def _values(facts: Facts, one: Expected) -> dict[str, Any]:
    now = one.standing
    return {
        "balance_minor": now.balance,
        "past_due_minor": now.past_due,
        "days_past_due": now.days_past_due,
        "delinquent_days": _delinquent_days(facts, one),
        "oldest_unpaid_due_on": now.oldest,
        "bucket": now.bucket,
        "stage": now.stage,
    }


def _delinquent_days(facts: Facts, one: Expected) -> int:
    """Days past due less paused days: each day from the oldest due date on that no pause covers."""
    pauses = facts.pauses.get(one.row["account_id"], ())
    if one.standing.oldest is None or not pauses:
        return one.standing.days_past_due
    days = (one.standing.oldest + timedelta(days=nth) for nth in range(one.standing.days_past_due))
    return sum(not any(pause["starts_on"] <= day < pause["ends_on"] for pause in pauses) for day in days)


def _versions(facts: Facts) -> Check:
    """The state that rules is the last that was published, in both services."""
    check = Check("each account stands at the version that was published last", "I5")
    told = latest(facts, "account_id", *ACCOUNT_STATES)
    views = {row["account_id"]: row["aggregate_version"] for row in facts.rows.payments["account_view"]}
    for account_id, one in facts.accounts.items():
        message = told.get(str(account_id))
        if message is not None:
            check.examined += 1
            places = {"accounts.account": one.row["version"], "payments.account_view": views.get(account_id)}
            behind = (f"message {message.where}",)
            check.compare(one.name, "version", message.version, places, account_id=account_id, facts=behind)
    return check


def _business_dates(facts: Facts) -> Check:
    check = Check("both services live on each creditor's business date", "I5")
    views = {row["creditor_id"]: row["business_date"] for row in facts.rows.payments["creditor_view"]}
    judged = {row["creditor_id"]: row["evaluated_on"] for row in facts.rows.payments["evaluation"]}
    told = latest(facts, "creditor_id", *CREDITOR_STATES)
    for row in facts.rows.accounts["creditor"]:
        check.examined += 1
        creditor_id = row["creditor_id"]
        places = {"payments.creditor_view": views.get(creditor_id)}
        if creditor_id in judged:
            places["payments.evaluation"] = judged[creditor_id]
        message = told.get(str(creditor_id))
        if message is not None:
            places[f"message {message.where}"] = _day("business_date_on", message.body["business_date"])
        check.compare(f"creditor {creditor_id}", "business_date", row["business_date"], places)
    return check


def latest(facts: Facts, key: str, *topics: str) -> dict[str, Message]:
    """The message of the highest version of each aggregate; the others are older states of it."""
    found: dict[str, Message] = {}
    for message in facts.history.of(*topics):
        before = found.get(message.body[key])
        if before is None or (message.version or 0) > (before.version or 0):
            found[message.body[key]] = message
    return found


def _day(name: str, value: Any) -> Any:
    return date.fromisoformat(value) if name.endswith("_on") and value is not None else value
