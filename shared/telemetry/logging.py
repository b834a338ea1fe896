"""JSON logs: one line per entry, a constant message, facts as fields, and nothing personal (redaction.py).

Every logger of the process goes through here, those of uvicorn and other libraries too. Ids that are bound to the
context (`bind`) stand in each entry of the request or message that they belong to.
"""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, TextIO

import orjson
import structlog

from shared.errors import ArrearsError
from shared.telemetry.redaction import redact, scrub

_MAX_FRAMES = 30
_TOLD = (ArrearsError, ImportError, AttributeError, NameError, TypeError, AssertionError)
"""Errors whose text is written by programmers about programs; that of any other may quote what a person typed."""

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "color_message", "taskName"}


def bind(**fields: Any) -> None:
    """Add ids to every entry of this task and of those that it starts."""
    structlog.contextvars.bind_contextvars(**fields)


def unbind_all() -> None:
    """Forget the ids of this task."""
    structlog.contextvars.clear_contextvars()


def failure(error: BaseException) -> dict[str, Any]:
    """Return what a log may say of an exception: its type, its place, and its text where that is no person's."""
    told: dict[str, Any] = {"type": f"{type(error).__module__}.{type(error).__qualname__}"}
    for name in ("sqlstate", "constraint_name", "table_name", "column_name"):
        found = getattr(error, name, None) or getattr(getattr(error, "orig", None), name, None)
        if isinstance(found, str):
            told[name] = found
    if isinstance(error, _TOLD):
        told["message"] = scrub(str(error))
    frames = traceback.extract_tb(error.__traceback__)[-_MAX_FRAMES:]
    told["frames"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and cause is not error:
        told["cause"] = {key: value for key, value in failure_of_cause(cause).items() if key != "frames"}
    return told


def failure_of_cause(error: BaseException) -> dict[str, Any]:
    """Return what a log may say of the cause of an exception, without going further back."""
    told: dict[str, Any] = {"type": f"{type(error).__module__}.{type(error).__qualname__}"}
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        told["sqlstate"] = state
    if isinstance(error, _TOLD):
        told["message"] = scrub(str(error))
    return told


def _add_record(_logger: object, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take level, logger, `extra` and exception over from the record of the standard library."""
    record: logging.LogRecord = fields.pop("_record")
    fields.pop("_from_structlog", None)
    for name, value in record.__dict__.items():
        if name not in _STANDARD and not name.startswith("_"):
            fields.setdefault(name, value)
    fields["level"] = record.levelname.lower()
    fields["logger"] = record.name
    if record.exc_info and record.exc_info[1] is not None:
        fields["exception"] = failure(record.exc_info[1])
    fields.pop("exc_info", None)
    return fields


def _dumps(_logger: object, _method: str, fields: MutableMapping[str, Any]) -> str:
    return orjson.dumps(fields, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def configure_logging(service: str, *, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send every log entry of this process to `stream` (standard output) as JSON. Call it once, at start."""

    def add_service(_logger: object, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        fields["service"] = service
        return fields

    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.contextvars.merge_contextvars],
        processors=[
            _add_record,
            add_service,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redact,
            _dumps,
        ],
        keep_exc_info=True,
        keep_stack_info=False,
    )
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(formatter)
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
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
