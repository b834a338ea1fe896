"""The metrics of the connection pool, by their `arrears_*` names."""

from shared.telemetry.metrics import histogram

POOL_WAIT = histogram(
    "arrears_db_pool_wait_seconds", "Time a transaction waited for a connection, also one that it did not get."
)
