"""The correlation and trace of the request that this task serves; the outermost middleware sets it.

It goes into every transaction of the request, and with its events out to Kafka.
"""

from contextvars import ContextVar

from shared.db.transaction import Context

_current: ContextVar[Context | None] = ContextVar("arrears_request_context", default=None)


def current_context() -> Context:
    """Return the context of the request that is being served, or an empty one outside a request."""
    return _current.get() or Context()


def set_context(context: Context) -> None:
    """Set the context of the request that this task begins to serve."""
    _current.set(context)
