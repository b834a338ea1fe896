"""What may be kept of an exception, in a log, a dead letter or a job: never a value that a person typed.

Its type, its place in the code, and its text where a programmer has written it; of data that a schema refuses, the
place and the rule. The text of any other exception may quote what it could not read, and is left out.
"""

import re
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from shared.errors import ArrearsError
from shared.telemetry.redaction import scrub

_MAX_FRAMES = 30
_MAX_RULES = 5
_TOLD = (ArrearsError, ImportError, AttributeError, NameError, TypeError, AssertionError)
"""Errors whose text is written by programmers about programs; that of any other may quote what a person typed."""
_QUOTING = frozenset({"value_error", "assertion_error", "union_tag_invalid", "get_attribute_error", "iteration_error"})
"""Rules whose message may hold the value, or the text of an exception that does."""
_NAME = re.compile(r"(?!.*\d{7})[A-Za-z_][A-Za-z0-9_-]{0,63}")
_OURS = re.compile(r"(?:services|shared|deploy|tests|benchmarks)[/\\].*")


def broken_rules(found: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return `field`, `in`, `type` and `message` of the errors of a schema, without a value in any of them.

    A name that nobody would give to a field, a key that the sender made up, becomes `?`.
    """
    return [_broken_rule(item) for item in found]


def _broken_rule(item: Mapping[str, Any]) -> dict[str, str]:
    path = [str(part) if isinstance(part, int) or _NAME.fullmatch(part) else "?" for part in item["loc"]]
    return {
        "field": ".".join(path[1:] or path),
        "path": ".".join(path),
        "in": path[0] if path else "",
        "type": str(item["type"]),
        "message": "Value is not valid." if item["type"] in _QUOTING else str(item["msg"]),
    }


def rules_text(error: ValidationError) -> str:
    """Return the first rules that a document breaks, and where, on one line."""
    rules = broken_rules(error.errors(include_url=False, include_input=False, include_context=False)[:_MAX_RULES])
    return "; ".join(f"{rule['path']}: {rule['message']} ({rule['type']})" for rule in rules)


def failure_text(error: BaseException) -> str:
    """Return one line about an exception, to be stored with the work that failed."""
    kind = type(error).__name__
    if isinstance(error, ValidationError):
        return f"{kind}: {rules_text(error)}"
    facts = {name.removesuffix("_name"): value for name, value in _database_facts(error).items()}
    told = ", ".join(f"{name} {value}" for name, value in facts.items())
    text = kind + (f" ({told})" if told else "")
    if isinstance(error, _TOLD):
        text += f": {scrub(str(error))}"
    frames = _frames(error)
    return f"{text} at {frames[-1]}" if frames else text


def failure(error: BaseException) -> dict[str, Any]:
    """Return what a log may say of an exception: its type, its place, and its text where that is no person's."""
    told = _told(error) | {"frames": _frames(error)}
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and cause is not error:
        told["cause"] = _told(cause)
    return told


def _told(error: BaseException) -> dict[str, Any]:
    told: dict[str, Any] = {"type": f"{type(error).__module__}.{type(error).__qualname__}", **_database_facts(error)}
    if isinstance(error, _TOLD):
        told["message"] = scrub(str(error))
    return told


def _database_facts(error: BaseException) -> dict[str, str]:
    facts = {}
    for name in ("sqlstate", "constraint_name", "table_name", "column_name"):
        found = getattr(error, name, None) or getattr(getattr(error, "orig", None), name, None)
        if isinstance(found, str):
            facts[name] = found
    return facts


def _frames(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)[-_MAX_FRAMES:]
    return [f"{_shortened(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]


def _shortened(filename: str) -> str:
    ours = _OURS.search(filename)
    return ours[0] if ours else filename
