"""Ends statements that wait for a client which stands still: else nobody ends their transactions, and their locks.

PostgreSQL ends a transaction that is idle and a session that is silent, but heeds no time-out at all, not even that of
statements, while it waits for the data of a COPY, or for room to send what was asked. A worker that was frozen there
kept the accounts of its batch, and whoever had taken over its partitions waited for as long as it stood still.
"""

from datetime import timedelta

from shared.db.transaction import Tx

# A role sees what its own sessions do, and may end them. The owner's (migrations, rebuild) may take their time.
# Behind a pooler that takes no settings a session has no time-out of its own.
_END = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND state = 'active' AND wait_event_type = 'Client'
  AND query_start < clock_timestamp()
    - coalesce($1::interval, nullif(current_setting('statement_timeout'), '0')::interval, interval '30 s')
"""


async def end_frozen(tx: Tx, *, after: timedelta | None = None) -> int:
    """End the sessions of this role whose statement waits for its client, and is older than any may become.

    `after`: that age; by default the session's `statement_timeout`, or 30 s without one. Returns how many were ended.
    """
    ended: int = await tx.fetchval(_END, after)
    return ended
