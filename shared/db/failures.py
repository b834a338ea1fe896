"""Which failure of the database says "try again": the connection broke, a deadlock, a lock that was not given in time.

Both paths of a transaction are covered: errors of asyncpg, and those that SQLAlchemy wraps around them.
"""

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

_TRANSIENT_STATES = {
    "40001",  # serialization failure
    "40P01",  # deadlock detected
    "55P03",  # lock not available (lock_timeout)
    "57P01",  # admin shutdown
    "57P02",  # crash shutdown
    "57P03",  # cannot connect now
    "57P05",  # idle session time-out: the session was ended
    "25P03",  # idle in transaction time-out: the session was ended
    "25006",  # read only: the server is not, or not yet, the one to write to
}
# The connection; no disk, memory or connections left; an error of the system below the server.
_TRANSIENT_CLASSES = ("08", "53", "58")
# asyncpg says these in place of a SQLSTATE when the connection breaks under it; its other errors without one are
# mistakes in the call (a wrong argument), which no second try heals.
_BROKEN = ("is closed", "was closed", "in progress")


def sqlstate(error: BaseException) -> str | None:
    """Return the SQLSTATE of an error of either path, or None."""
    seen: BaseException | None = error
    while seen is not None:
        state = getattr(seen, "sqlstate", None)
        if isinstance(state, str):
            return state
        seen = getattr(seen, "orig", None) or seen.__cause__
    return None


def is_transient(error: BaseException) -> bool:
    """Say whether the same work may succeed when it is tried again later, as it stands."""
    state = sqlstate(error)
    if state is not None:
        return state in _TRANSIENT_STATES or state.startswith(_TRANSIENT_CLASSES)
    if isinstance(error, DBAPIError):
        cause = error.orig and (error.orig.__cause__ or error.orig)
        return error.connection_invalidated or (cause is not None and is_transient(cause))
    if isinstance(error, (asyncpg.InterfaceError, asyncpg.InternalClientError)):
        return any(words in str(error) for words in _BROKEN)
    return isinstance(error, (OSError, TimeoutError, PoolTimeoutError))
