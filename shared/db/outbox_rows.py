"""How the events of a transaction become rows of its outbox: one insert, in the order in which they were emitted.

The order of `id` within one account is the order of its events, because the account is locked while they are written.
"""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

_COLUMNS = {
    "event_id": "uuid",
    "topic": "text",
    "key": "text",
    "type": "text",
    "source": "text",
    "subject": "text",
    "time": "timestamptz",
    "aggregate_version": "bigint",
    "correlation_id": "uuid",
    "causation_id": "uuid",
    "traceparent": "text",
    "creditor_id": "uuid",
    "body": "text",
}
_NAMES = ", ".join(_COLUMNS)
_ARRAYS = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(_COLUMNS.values(), start=1))

INSERT_EVENTS = f"""
INSERT INTO outbox ({_NAMES})
SELECT {_NAMES} FROM unnest({_ARRAYS}) WITH ORDINALITY AS event({_NAMES}, n) ORDER BY n
"""

_values = attrgetter(*_COLUMNS)


def event_arrays(events: Sequence[Any]) -> list[list[Any]]:
    """Return one array per column of the outbox."""
    return [list(column) for column in zip(*map(_values, events), strict=True)]
