"""The queues that a new book starts with, as data in the vocabulary of `predicates`; a supervisor may change each.

Every default needs something to work on: an amount past due, or an open promise or arrangement. An account with
neither is in no queue, whatever else is true of it.
"""

from typing import Any

from services.accounts.domain.queues import QueueDefinition, parse_definition
from shared.errors import Refusal

Json = dict[str, Any]

HIGH_BALANCE_MINOR = 1_000_000
REPEATED_BROKEN_PROMISES = 2
OVER_LIMIT_FROM_DAYS = 30
BROKEN_PROMISE_DAYS = 30
RESTRICTION_KINDS = (
    "bankruptcy_stay",
    "discharged",
    "deceased",
    "cease",
    "attorney",
    "dispute_hold",
    "scra",
    "identity_theft",
    "litigation",
    "complaint_hold",
    "disaster",
    "hardship",
)

_PAST_DUE: Json = {"field": "past_due_minor", "op": "gt", "value": 0}
_OPEN_PROMISE: Json = {"field": "open_promise_due_on", "op": "not_null"}
_OPEN_ARRANGEMENT: Json = {"field": "arrangement_status", "op": "in", "value": ["active", "at_risk"]}
_TO_WORK_ON: Json = {"any": [_PAST_DUE, _OPEN_PROMISE, _OPEN_ARRANGEMENT]}
_REPEATED: Json = {"field": "broken_promise_count", "op": "gte", "value": REPEATED_BROKEN_PROMISES}
_OVER_LIMIT: Json = {
    "all": [
        {"field": "over_limit_minor", "op": "gt", "value": 0},
        {"field": "days_past_due", "op": "gte", "value": OVER_LIMIT_FROM_DAYS},
    ]
}
_BY_PAST_DUE: Json = {"past_due_minor": 1}
_BY_BALANCE: Json = {"balance_minor": 1}


def _stage(stage: str) -> Json:
    return {"all": [_PAST_DUE, {"field": "stage", "op": "eq", "value": stage}]}


def _queue(name: str, predicate: Json, priority: Json, **extra: object) -> Json:
    return {"name": name, "predicate": predicate, "priority": priority, **extra}


_BY_RANK: dict[str, Json] = {
    "restricted": _queue(
        "Restricted: not callable",
        {"all": [_TO_WORK_ON, {"field": "restrictions", "op": "not_null"}]},
        _BY_BALANCE,
        reasons=[
            {"code": kind, "when": {"field": "restrictions", "op": "contains", "value": kind}}
            for kind in RESTRICTION_KINDS
        ],
        keeps_calling_hours=False,
    ),
    "escalated": _queue(
        "Escalated to a supervisor",
        {"all": [_PAST_DUE, {"field": "escalated_at", "op": "not_null"}]},
        _BY_BALANCE,
        skills=["supervisor"],
        keeps_calling_hours=False,
    ),
    "broken_promise": _queue(
        "Broken promise",
        {
            "all": [
                _PAST_DUE,
                {"field": "days_since_broken_promise", "op": "lte", "value": BROKEN_PROMISE_DAYS},
                {"not": _OPEN_PROMISE},
            ]
        },
        _BY_PAST_DUE,
    ),
    "arrangement_follow_up": _queue(
        "Promise or arrangement to follow up",
        {"any": [_OPEN_PROMISE, _OPEN_ARRANGEMENT]},
        _BY_PAST_DUE,
        offer_when={"field": "days_after_follow_up", "op": "gt", "value": 0},
        reasons=[
            {"code": "open_promise", "when": _OPEN_PROMISE},
            {"code": "open_arrangement", "when": _OPEN_ARRANGEMENT},
        ],
    ),
    "high_risk": _queue(
        "High risk",
        {"all": [_PAST_DUE, {"any": [_REPEATED, _OVER_LIMIT]}]},
        _BY_BALANCE,
        reasons=[
            {"code": "repeated_broken_promises", "when": _REPEATED},
            {"code": "over_limit", "when": _OVER_LIMIT},
        ],
    ),
    "recovery": _queue("Recovery", _stage("recovery"), _BY_BALANCE),
    "pre_charge_off": _queue("Before charge-off", _stage("pre_charge_off"), _BY_BALANCE),
    "high_balance": _queue(
        "High balance",
        {"all": [_PAST_DUE, {"field": "balance_minor", "op": "gte", "value": HIGH_BALANCE_MINOR}]},
        _BY_BALANCE,
    ),
    "negative_shares": _queue(
        "Negative shares",
        {"all": [_PAST_DUE, {"field": "product_class", "op": "eq", "value": "share_negative"}]},
        _BY_PAST_DUE,
    ),
    "late": _queue("Late: 60 days and more", _stage("late"), _BY_PAST_DUE),
    "mid": _queue("Mid: 30 days and more", _stage("mid"), _BY_PAST_DUE),
    "early_stage": _queue("Early: from the first day", _stage("early"), _BY_PAST_DUE),
}


def _defaults() -> tuple[QueueDefinition, ...]:
    definitions = []
    for position, (code, raw) in enumerate(_BY_RANK.items(), start=1):
        # ranks in tens leave room for a queue between two others
        definition = parse_definition(code, {**raw, "rank": position * 10})
        if isinstance(definition, Refusal):
            msg = f"default queue {code}: {definition.detail} at {definition.field}"
            raise TypeError(msg)
        definitions.append(definition)
    return tuple(definitions)


DEFAULT_QUEUES: tuple[QueueDefinition, ...] = _defaults()
