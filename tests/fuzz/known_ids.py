"""Hooks of schemathesis: most generated ids become ids of the filled book, so that requests meet rows and not 404.

Only a well-formed id takes the place of another, and a name that of a name in a request that is meant to be right: what
is meant to be wrong stays wrong. The ids of a request are those of one member of the book where they can be. A stateful
run has ids of its own answers and is left alone. `KNOWN_IDS` names the ids of each parameter and field, as JSON.
"""

import json
import os
import re
from itertools import count
from typing import Any
from uuid import UUID
from zlib import crc32

import schemathesis
from schemathesis.core import NOT_SET

_KNOWN: dict[str, list[str]] = json.loads(os.environ.get("KNOWN_IDS", "{}"))
_MEANS = {"account_ids": "account_id", "debts_discussed": "account_id", "template": "code"}
_FEWER = {"/v1/letters/{message_id}/pdf": "letter_id"}
"""Paths whose parameter means fewer things than its name does elsewhere."""
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_LEFT_ALONE = 4
"""One in so many keeps the id that was made up: what is not there must be answered well too."""
_REQUESTS = count()
_LINES = "application/x-ndjson"


@schemathesis.hook
def before_call(_context: schemathesis.HookContext, case: schemathesis.Case[Any], _kwargs: dict[str, Any]) -> None:
    """Put known ids into the path, the query and the body: of each request those of the next member."""
    if case.media_type == _LINES and case.body is not NOT_SET:
        # Whatever is made up in place of a text is one when it is sent, and right: it must not be judged as wrong.
        case.body = str(case.body)
    if case.meta is None or case.meta.phase.name == "stateful":
        return
    is_right = case.meta.generation.mode is schemathesis.GenerationMode.POSITIVE
    place = next(_REQUESTS)
    for part in (case.path_parameters, case.query, case.body):
        if isinstance(part, dict):
            part.update(
                {
                    name: _known(_FEWER.get(case.path, name), value, place, is_right=is_right)
                    for name, value in part.items()
                }
            )


@schemathesis.serializer(_LINES)
def lines(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    """The lines of a body, as they were made up."""
    return str(value).encode("utf-8", "replace")


def _is_id(value: Any) -> bool:
    try:
        UUID(value)
    except (ValueError, TypeError, AttributeError):
        return False
    return True


def _known(name: str, value: Any, place: int, *, is_right: bool) -> Any:
    if isinstance(value, dict):
        return {field: _known(field, item, place, is_right=is_right) for field, item in value.items()}
    if isinstance(value, list):
        return [_known(name, item, place, is_right=is_right) for item in value]
    known = _KNOWN.get(_MEANS.get(name, name))
    if not known or not isinstance(value, str) or (place + crc32(name.encode())) % _LEFT_ALONE == 0:
        return value
    is_well_formed = _is_id(value) if _is_id(known[0]) else is_right and _NAME.fullmatch(value) is not None
    return known[place % len(known)] if is_well_formed else value
