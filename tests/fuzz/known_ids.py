"""A hook of schemathesis: most generated ids become ids of the filled book, so that requests meet rows and not 404.

Only a well-formed id takes the place of another, so what is meant to be wrong stays wrong; a stateful run has ids of
its own answers and is left alone. `KNOWN_IDS` names the ids of each parameter and field, as JSON.
"""

import json
import os
from typing import Any
from uuid import UUID

import schemathesis

_KNOWN: dict[str, list[str]] = json.loads(os.environ.get("KNOWN_IDS", "{}"))
_LEFT_ALONE = 4
"""One in so many keeps the id that was made up: what is not there must be answered well too."""


@schemathesis.hook
def before_call(_context: schemathesis.HookContext, case: schemathesis.Case[Any], _kwargs: dict[str, Any]) -> None:
    """Put known ids into the path, the query and the first level of the body."""
    if case.meta is not None and case.meta.phase.name == "stateful":
        return
    for part in (case.path_parameters, case.query, case.body):
        if isinstance(part, dict):
            part.update({name: _known(name, value) for name, value in part.items() if name in _KNOWN})


def _known(name: str, value: Any) -> Any:
    try:
        made_up = UUID(value) if isinstance(value, str) else None
    except ValueError:
        return value
    known = _KNOWN[name]
    if made_up is None or not known or made_up.int % _LEFT_ALONE == 0:
        return value
    return known[made_up.int % len(known)]
