"""The closed, typed vocabulary in which a queue says which accounts it wants.

A predicate is data: `{"all": [..]}`, `{"any": [..]}`, `{"not": p}` or `{"field", "op", "value"}`. `predicate_parser`
turns it into an immutable tree or refuses it, naming the place. Meaning is two-valued: a comparison with a fact that
is not known is false, and so its `not` is true; `all` of nothing is true, `any` of nothing is false.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Literal, get_args

from shared.events.accounts import AccountStatus, Bucket, ProductClass, Stage
from shared.events.payments import ArrangementStatus

MAX_DEPTH = 8
MAX_NODES = 200
MAX_LIST = 100
MAX_TEXT = 64

Op = Literal["eq", "ne", "lt", "lte", "gt", "gte", "in", "contains", "is_null", "not_null"]
Value = int | date | str | tuple[int, ...] | tuple[date, ...] | tuple[str, ...] | None


class Kind(StrEnum):
    """What a field holds, which decides the operators and the values that it takes."""

    INTEGER = "integer"
    DATE = "date"
    CHOICE = "choice"
    SET = "set"
    PRESENCE = "presence"


_ORDERED: frozenset[str] = frozenset({"eq", "ne", "lt", "lte", "gt", "gte", "in", "is_null", "not_null"})
OPERATORS: dict[Kind, frozenset[str]] = {
    Kind.INTEGER: _ORDERED,
    Kind.DATE: _ORDERED,
    Kind.CHOICE: frozenset({"eq", "ne", "in", "is_null", "not_null"}),
    # of a set, `is_null` means empty
    Kind.SET: frozenset({"contains", "is_null", "not_null"}),
    Kind.PRESENCE: frozenset({"is_null", "not_null"}),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One fact of an account that a predicate may ask about."""

    name: str
    kind: Kind
    choices: frozenset[str] = frozenset()


def _field(name: str, kind: Kind, choices: tuple[str, ...] = ()) -> tuple[str, Field]:
    return name, Field(name, kind, frozenset(choices))


FIELDS: dict[str, Field] = dict(
    [
        _field("balance_minor", Kind.INTEGER),
        _field("past_due_minor", Kind.INTEGER),
        # business date - oldest unpaid due date, at least 0
        _field("days_past_due", Kind.INTEGER),
        # balance - credit limit; unknown where there is no limit
        _field("over_limit_minor", Kind.INTEGER),
        _field("broken_promise_count", Kind.INTEGER),
        # business date - broken_promise_on; unknown where none was broken
        _field("days_since_broken_promise", Kind.INTEGER),
        # business date - the earliest unpaid due date of an open promise or arrangement; negative while it is to come
        _field("days_after_follow_up", Kind.INTEGER),
        _field("oldest_unpaid_due_on", Kind.DATE),
        _field("open_promise_due_on", Kind.DATE),
        _field("broken_promise_on", Kind.DATE),
        _field("follow_up_due_on", Kind.DATE),
        _field("bucket", Kind.CHOICE, get_args(Bucket)),
        _field("stage", Kind.CHOICE, get_args(Stage)),
        _field("product_class", Kind.CHOICE, get_args(ProductClass)),
        _field("status", Kind.CHOICE, get_args(AccountStatus)),
        _field("arrangement_status", Kind.CHOICE, get_args(ArrangementStatus)),
        # restriction kinds are compliance's to name: any text is taken
        _field("restrictions", Kind.SET),
        _field("escalated_at", Kind.PRESENCE),
    ]
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A fact of the account compared with a constant."""

    field: str
    op: Op
    value: Value = None


@dataclass(frozen=True, slots=True)
class AllOf:
    """True when every part is; of nothing, true."""

    parts: tuple["Predicate", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True when one part is; of nothing, false."""

    parts: tuple["Predicate", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True when its part is false."""

    part: "Predicate"


Predicate = Comparison | AllOf | AnyOf | Not

ALWAYS: Predicate = AllOf(())


def size(predicate: Predicate) -> int:
    """How many conditions and connectives a predicate holds."""
    match predicate:
        case AllOf(parts) | AnyOf(parts):
            return 1 + sum(size(part) for part in parts)
        case Not(part):
            return 1 + size(part)
        case Comparison():
            return 1


def predicate_json(predicate: Predicate) -> dict[str, Any]:
    """The JSON form of a predicate: `parse_predicate` of it gives the same tree."""
    match predicate:
        case AllOf(parts):
            return {"all": [predicate_json(part) for part in parts]}
        case AnyOf(parts):
            return {"any": [predicate_json(part) for part in parts]}
        case Not(part):
            return {"not": predicate_json(part)}
        case Comparison(field, op, None):
            return {"field": field, "op": op}
        case Comparison(field, op, value):
            return {"field": field, "op": op, "value": _plain(value)}


def _plain(value: Value) -> object:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value
