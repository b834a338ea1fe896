"""Turns the JSON of a predicate into its tree, or refuses it, naming the place."""

import re
from datetime import date
from typing import Any

from services.accounts.domain.predicates import (
    FIELDS,
    MAX_DEPTH,
    MAX_LIST,
    MAX_NODES,
    MAX_TEXT,
    OPERATORS,
    AllOf,
    AnyOf,
    Comparison,
    Field,
    Kind,
    Not,
    Predicate,
    Value,
)
from shared.errors import Refusal
from shared.events.payload import MAX_MINOR


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
