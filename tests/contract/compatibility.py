"""Says what a change of a JSON Schema breaks: contracts only grow (invariant 12)."""

from typing import Any

_FREE = {"title", "description", "examples", "default", "deprecated", "$defs", "$schema"}
_STRUCTURE = {"properties", "required", "items", "additionalProperties", "anyOf", "enum", "const"}


def breaking_changes(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Return what an old consumer, or a replay of old messages, would stumble over; empty when `new` only grew."""
    keep_required = old.get("x-owner") != "core"
    found = [
        f"{name} changed" for name in ("x-topic", "x-type", "x-owner", "x-kind", "x-key") if _differs(old, new, name)
    ]
    return found + _compare(old, new, (old, new), "", keep_required=keep_required)


def _differs(old: dict[str, Any], new: dict[str, Any], name: str) -> bool:
    return bool(old.get(name) != new.get(name))


def _compare(
    old: dict[str, Any],
    new: dict[str, Any],
    roots: tuple[dict[str, Any], dict[str, Any]],
    at: str,
    *,
    keep_required: bool,
) -> list[str]:
    old, new = _resolve(old, roots[0]), _resolve(new, roots[1])
    found = _values(old, new, at)
    names = (set(old) | set(new)) - _FREE - _STRUCTURE
    found += [
        f"{at or '/'}: {name} changed"
        for name in sorted(names)
        if not name.startswith("x-") and _differs(old, new, name)
    ]
    before, after = old.get("properties", {}), new.get("properties", {})
    found += [f"{at}/{name} was removed" for name in sorted(set(before) - set(after))]
    required, was = set(new.get("required", ())), set(old.get("required", ()))
    found += [f"{at}/{name} is newly required" for name in sorted(required - was)]
    if keep_required:  # a consumer of ours may rely on it; an outside producer may leave it out from now on
        found += [f"{at}/{name} is no longer always sent" for name in sorted((was - required) & set(after))]
    for name in sorted(set(before) & set(after)):
        found += _compare(before[name], after[name], roots, f"{at}/{name}", keep_required=keep_required)
    if "items" in old and "items" in new:
        found += _compare(old["items"], new["items"], roots, f"{at}[]", keep_required=keep_required)
    return found + _alternatives(old, new, roots, at, keep_required=keep_required)


def _alternatives(
    old: dict[str, Any],
    new: dict[str, Any],
    roots: tuple[dict[str, Any], dict[str, Any]],
    at: str,
    *,
    keep_required: bool,
) -> list[str]:
    """The branches of `anyOf` (pydantic's optional fields) keep their number and order."""
    before, after = old.get("anyOf", []), new.get("anyOf", [])
    if len(before) != len(after):
        return [f"{at}: anyOf changed"]
    found = []
    for first, second in zip(before, after, strict=True):
        found += _compare(first, second, roots, at, keep_required=keep_required)
    return found


def _values(old: dict[str, Any], new: dict[str, Any], at: str) -> list[str]:
    """Enum values may come (consumers keep those that they do not know); none may go."""
    before = set(old.get("enum", [old["const"]] if "const" in old else []))
    after = set(new.get("enum", [new["const"]] if "const" in new else []))
    if not before and after:
        return [f"{at}: is now limited to {sorted(after)}"]
    return [f"{at}: value {value!r} was removed" for value in sorted(before - after)] if after else []


def _resolve(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    definition: dict[str, Any] = root["$defs"][reference.rpartition("/")[2]]
    return {**definition, **{name: value for name, value in schema.items() if name != "$ref"}}
