"""JSON logs: one line per entry, a constant message, facts as fields, and nothing personal (redaction.py).

Every logger of the process goes through here, those of uvicorn and other libraries too. Ids that are bound to the
context (`bind`) stand in each entry of the request or message that they belong to.
"""

import logging
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson
import structlog

from shared.telemetry.failures import failure
from shared.telemetry.redaction import redact

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "color_message", "taskName"}


def bind(**fields: Any) -> None:
    """Add ids to every entry of this task and of those that it starts."""
    structlog.contextvars.bind_contextvars(**fields)


def unbind_all() -> None:
    """Forget the ids of this task."""
    structlog.contextvars.clear_contextvars()


class _JsonFormatter(logging.Formatter):
    """Makes one line of JSON of an entry of the standard library or of structlog."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """Return the line. The traceback of the standard library never stands in it."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(record.msg, dict):  # from structlog, context included
            fields: MutableMapping[str, Any] = dict(record.msg)
            error = error or _error_of(fields.pop("exc_info", None))
        else:
            extra = {
                name: value
                for name, value in record.__dict__.items()
                if name not in _STANDARD and not name.startswith("_")
            }
            fields = {"event": record.getMessage(), **structlog.contextvars.get_contextvars(), **extra}
        fields.pop("exception", None)
        fields = redact(None, record.levelname, fields)
        fields["level"] = record.levelname.lower()
        fields["logger"] = record.name
        fields["service"] = self._service
        fields["timestamp"] = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        if error is not None:
            fields["exception"] = failure(error)  # holds no text of the error but our own
        return orjson.dumps(fields, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _error_of(given: Any) -> BaseException | None:
    """Return the exception that structlog was given: itself, a tuple, or `True` for the one that is handled."""
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        return given[1] if isinstance(given[1], BaseException) else None
    return sys.exc_info()[1] if given else None


def configure_logging(service: str, *, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send every log entry of this process to `stream` (standard output) as JSON. Call it once, at start."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(_JsonFormatter(service))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "aiokafka", "sqlalchemy", "alembic", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.disabled = False
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("aiokafka").setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False  # no entry says which
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
