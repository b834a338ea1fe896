"""Reads the stream log for live clients: what came after a position, for some topics and creditors.

Positions commit in order, so a reader never misses one. A position that is older than what is kept, or was never
given (a restored database), asks the client to begin anew.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One event for a live client. `body` is its payload as JSON, `position` the id to resume from."""

    position: int
    topic: str
    event_id: UUID
    key: str
    creditor_id: UUID | None
    time: datetime
    aggregate_version: int | None
    body: str


@dataclass(frozen=True, slots=True)
class StreamPage:
    """What came next. Go on from `position`, also when `events` is empty; `is_reset`: begin anew from there."""

    events: list[StreamEvent]
    position: int
    is_reset: bool = False


_EDGES = """
SELECT min(position) AS oldest, max(position) AS newest,
       (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM stream_log_position_seq) AS given
FROM stream_log
"""
_COLUMNS = "position, topic, event_id, key, creditor_id, time, aggregate_version, body"
_NEXT = f"SELECT {_COLUMNS} FROM stream_log WHERE position > $1 ORDER BY position LIMIT 1000"
_PAGE = f"""
SELECT {_COLUMNS} FROM stream_log
WHERE position > :after AND position <= :newest AND topic = ANY(CAST(:topics AS text[]))
  AND (CAST(:creditors AS uuid[]) IS NULL OR creditor_id = ANY(CAST(:creditors AS uuid[])))
ORDER BY position LIMIT :limit
"""


async def read_stream(
    engine: AsyncEngine,
    topics: Sequence[str],
    after_position: int | None,
    creditors: Collection[UUID] | None,
    *,
    limit: int = 500,
) -> StreamPage:
    """Return the events after a position, of some topics, for some creditors (None: for all).

    `after_position` None: a new client, which begins at the end.
    """
    async with engine.connect() as connection:
        oldest, newest, given = (await connection.execute(text(_EDGES))).one()
        end = newest if newest is not None else given
        first_kept = oldest if oldest is not None else given + 1
        if after_position is None:
            return StreamPage([], end)
        if after_position > end or after_position < first_kept - 1:
            return StreamPage([], end, is_reset=True)
        if after_position == end:
            return StreamPage([], end)
        rows = await connection.execute(
            text(_PAGE),
            {
                "after": after_position,
                "newest": end,
                "topics": list(topics),
                "creditors": None if creditors is None else list(creditors),
                "limit": limit,
            },
        )
        events = [_event(row) for row in rows.mappings()]
    # A short page has seen everything up to the end, also what the filter left out.
    return StreamPage(events, events[-1].position if len(events) == limit else end)


async def read_end(connection: Any) -> int:
    """Return the last position that was given, over a direct connection."""
    row = await connection.fetchrow(_EDGES)
    end: int = row["given"] if row["newest"] is None else row["newest"]
    return end


async def read_next(connection: Any, after_position: int) -> list[StreamEvent]:
    """Return the events of all topics and creditors that come next, at most 1,000, over a direct connection."""
    return [_event(row) for row in await connection.fetch(_NEXT, after_position)]


def _event(row: Any) -> StreamEvent:
    return StreamEvent(
        position=row["position"],
        topic=row["topic"],
        event_id=row["event_id"],
        key=row["key"],
        creditor_id=row["creditor_id"],
        time=row["time"],
        aggregate_version=row["aggregate_version"],
        body=row["body"],
    )
