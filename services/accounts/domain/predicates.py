"""The closed, typed vocabulary in which a queue says which accounts it wants.

A predicate is data: `{"all": [..]}`, `{"any": [..]}`, `{"not": p}` or `{"field", "op", "value"}`. `parse_predicate`
turns it into an immutable tree or refuses it, naming the place. Meaning is two-valued: a comparison with a fact that
is not known is false, and so its `not` is true; `all` of nothing is true, `any` of nothing is false.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Literal, get_args

from shared.errors import Refusal
from shared.events.accounts import AccountStatus, Bucket, ProductClass, Stage
from shared.events.payload import MAX_MINOR
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


class DefinitionError(Exception):
    """Carries a refusal out of the recursion of a parser; the domain's public parsers return it as a value."""

    def __init__(self, code: str, detail: str, path: str) -> None:
        super().__init__(detail)
        self.refusal = Refusal(code, detail, path)


def parse_predicate(raw: object, *, path: str = "predicate") -> Predicate | Refusal:
    """The tree that `raw` (decoded JSON) describes.

    Refuses with `predicate-invalid`, `predicate-too-large`, `predicate-field-unknown`, `predicate-operator-invalid` or
    `predicate-value-invalid`; the refusal's field is the path of the bad part, e.g. `predicate.all[1].value`.
    """
    try:
        return read_predicate(raw, path)
    except DefinitionError as invalid:
        return invalid.refusal


def read_predicate(raw: object, path: str) -> Predicate:
    """As `parse_predicate`, for parsers of something larger: raises `DefinitionError` with the refusal."""
    return _Parser().parse(raw, path, 1)


class _Parser:
    """Counts what it has read, so that no definition can be made large enough to hurt a batch."""

    def __init__(self) -> None:
        self.nodes = 0

    def parse(self, raw: object, path: str, depth: int) -> Predicate:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise DefinitionError(
                "predicate-too-large", f"at most {MAX_NODES} conditions, {MAX_DEPTH} levels deep", path
            )
        match raw:
            case {"all": list(parts), **rest} if not rest:
                return AllOf(self._parts(parts, f"{path}.all", depth))
            case {"any": list(parts), **rest} if not rest:
                return AnyOf(self._parts(parts, f"{path}.any", depth))
            case {"not": dict(part), **rest} if not rest:
                return Not(self.parse(part, f"{path}.not", depth + 1))
            case {"field": name, "op": op, **rest} if rest.keys() <= {"value"}:
                return _comparison(name, op, rest, path)
        raise DefinitionError(
            "predicate-invalid",
            'expected {"all": [..]}, {"any": [..]}, {"not": {..}} or {"field": .., "op": .., "value": ..}',
            path,
        )

    def _parts(self, parts: list[object], path: str, depth: int) -> tuple[Predicate, ...]:
        return tuple(self.parse(part, f"{path}[{index}]", depth + 1) for index, part in enumerate(parts))


def _comparison(name: object, op: object, rest: dict[Any, Any], path: str) -> Comparison:
    field = FIELDS.get(name) if isinstance(name, str) else None
    if field is None:
        raise DefinitionError("predicate-field-unknown", f"one of {', '.join(sorted(FIELDS))}", f"{path}.field")
    if not isinstance(op, str) or op not in OPERATORS[field.kind]:
        allowed = ", ".join(sorted(OPERATORS[field.kind]))
        raise DefinitionError("predicate-operator-invalid", f"{field.name} takes {allowed}", f"{path}.op")
    place = f"{path}.value"
    if op in {"is_null", "not_null"}:
        if rest.get("value") is not None:
            raise DefinitionError("predicate-value-invalid", f"{op} takes no value", place)
        return Comparison(field.name, op)  # type: ignore[arg-type]  # checked against OPERATORS above
    if "value" not in rest:
        raise DefinitionError("predicate-value-invalid", f"{op} needs a value", place)
    return Comparison(field.name, op, _value(field, op, rest["value"], place))  # type: ignore[arg-type]


def _value(field: Field, op: str, raw: object, path: str) -> Value:
    if op != "in":
        return _scalar(field, raw, path)
    if not isinstance(raw, list) or not 1 <= len(raw) <= MAX_LIST:
        raise DefinitionError("predicate-value-invalid", f"in takes a list of 1 to {MAX_LIST} values", path)
    return tuple(_scalar(field, item, f"{path}[{index}]") for index, item in enumerate(raw))  # type: ignore[return-value]


def _scalar(field: Field, raw: object, path: str) -> int | date | str:
    match field.kind:
        case Kind.INTEGER:
            # bool is an int to Python, not to a reader of the definition
            if type(raw) is int and -MAX_MINOR <= raw <= MAX_MINOR:
                return raw
            expected = f"a whole number within {MAX_MINOR}"
        case Kind.DATE:
            if isinstance(raw, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", raw):
                try:
                    return date.fromisoformat(raw)
                except ValueError:
                    pass
            expected = "a date that exists, YYYY-MM-DD"
        case Kind.CHOICE:
            if isinstance(raw, str) and raw in field.choices:
                return raw
            expected = f"one of {', '.join(sorted(field.choices))}"
        case _:
            # PostgreSQL text holds no NUL
            if isinstance(raw, str) and 1 <= len(raw) <= MAX_TEXT and "\x00" not in raw and raw.isprintable():
                return raw
            expected = f"printable text of 1 to {MAX_TEXT} characters"
    raise DefinitionError("predicate-value-invalid", f"{field.name} takes {expected}", path)


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
