"""Which queue an account belongs to, by reading the definitions as anybody may: `GET /v1/queues`.

An evaluator of predicates written from their meaning alone: a comparison with something unknown is false, `all` of
nothing is true, `any` of nothing is false. Shares nothing with the services.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from operator import eq, ge, gt, le, lt, ne
from typing import Any

Facts = Mapping[str, Any]
Json = Mapping[str, Any]
DATES = ("oldest_unpaid_due_on", "open_promise_due_on", "broken_promise_on", "follow_up_due_on")
EPOCH = date(1970, 1, 1)
_COMPARE = {"eq": eq, "ne": ne, "lt": lt, "lte": le, "gt": gt, "gte": ge}


def holds(predicate: Json, facts: Facts, business_date: date) -> bool:
    """Whether the JSON predicate is true of an account."""
    if "all" in predicate:
        return all(holds(part, facts, business_date) for part in predicate["all"])
    if "any" in predicate:
        return any(holds(part, facts, business_date) for part in predicate["any"])
    if "not" in predicate:
        return not holds(predicate["not"], facts, business_date)
    name, op = predicate["field"], predicate["op"]
    known = fact(facts, name, business_date)
    if op in {"is_null", "not_null"}:
        return bool((known is None or known == []) == (op == "is_null"))
    return known is not None and _compare(op, known, _wanted(name, predicate["value"]))


def fact(facts: Facts, name: str, business_date: date) -> Any:
    """The value of a field, None where it is not known."""
    match name:
        case "days_past_due":
            return max(_days_since(facts["oldest_unpaid_due_on"], business_date) or 0, 0)
        case "days_since_broken_promise":
            return _days_since(facts["broken_promise_on"], business_date)
        case "days_after_follow_up":
            return _days_since(facts["follow_up_due_on"], business_date)
        case "over_limit_minor":
            limit = facts["credit_limit_minor"]
            return None if limit is None else facts["balance_minor"] - limit
    return facts[name]


def _days_since(then: date | None, business_date: date) -> int | None:
    return None if then is None else (business_date - then).days


def _wanted(name: str, value: Any) -> Any:
    if name not in DATES:
        return value
    return [date.fromisoformat(one) for one in value] if isinstance(value, list) else date.fromisoformat(value)


def _compare(op: str, known: Any, wanted: Any) -> bool:
    if op == "in":
        return known in wanted
    if op == "contains":
        return wanted in known
    return bool(_COMPARE[op](known, wanted))


def queue_of(definitions: Sequence[Json], facts: Facts, creditor_id: str, business_date: date) -> Json | None:
    """The matching queue of lowest rank, or none."""
    for definition in sorted(definitions, key=lambda one: (one["rank"], one["code"])):
        if definition["creditor_id"] in {None, creditor_id} and holds(definition["predicate"], facts, business_date):
            return definition
    return None


def priority(definition: Json, facts: Facts) -> int:
    """The weighted sum of closed fields, dates in days since 1970; larger comes first."""
    total = 0
    for name, weight in definition["priority"].items():
        value = facts[name]
        if name in DATES:
            value = _days_since(EPOCH, value) if value is not None else 0
        total += weight * value
    return total


def reasons(definition: Json, facts: Facts, business_date: date) -> list[str]:
    """The codes shown beside a work item; without any, the code of the queue."""
    found = [one["code"] for one in definition["reasons"] if holds(one["when"], facts, business_date)]
    return found or [definition["code"]]


def is_offered(definition: Json, facts: Facts, business_date: date) -> bool:
    """Whether its items are offered now, or wait for `offer_when`."""
    return definition["offer_when"] is None or holds(definition["offer_when"], facts, business_date)
