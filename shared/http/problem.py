"""Every answer that is no success is problem+json (RFC 9457) with a stable `code`; none shows what failed inside.

`Problem`, the errors of the framework and of the database are mapped here, once. `errors[]` names fields and rules,
never values; a `detail` may name a reference that the client sent, but nothing that looks like a card number.
"""

import logging
import re
from typing import Any

import asyncpg
import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from shared.db.failures import is_transient, sqlstate
from shared.errors import PROBLEMS, Problem
from shared.http.auth import authenticate
from shared.http.free_text import without_card_numbers
from shared.telemetry.failures import broken_rules

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:arrears:problem:"
_MAX_ERRORS = 100
_MALFORMED = 400
_BY_STATUS = {
    400: "malformed-request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    413: "body-too-large",
    415: "unsupported-media-type",
    503: "busy",
}
_UNSTORABLE_TEXT = frozenset({"22021", "22P05"})  # a NUL or a lone surrogate: JSON can hold it, PostgreSQL cannot

_log = logging.getLogger(__name__)


def problem_response(problem: Problem, *, errors: list[dict[str, Any]] | None = None) -> Response:
    """Return the answer for a problem. Without `errors`, a problem that names a field lists it there."""
    body: dict[str, Any] = {
        "type": TYPE_PREFIX + problem.code,
        "title": problem.title,
        "status": problem.status,
        "code": problem.code,
        "detail": without_card_numbers(problem.detail),
    } | problem.members
    if errors is None and problem.field is not None:
        errors = [{"field": problem.field, "code": problem.code, "message": body["detail"]}]
    if errors:
        body["errors"] = errors
    return Response(orjson.dumps(body), status_code=problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def is_database_error(error: BaseException) -> bool:
    """Say whether an error comes from the database or the way to it."""
    return isinstance(
        error, (DBAPIError, PoolTimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)
    )


def is_statement_error(error: BaseException) -> bool:
    """Say whether the server refused a statement, which may be the fault of one command of a batch.

    A connection that broke, or was not to be had, is no command's fault: trying the halves would only make it worse.
    """
    state = sqlstate(error)
    if state is None:
        if isinstance(error, DBAPIError):
            return not error.connection_invalidated
        return isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError)  # an argument out of range
    return not state.startswith(("08", "57P", "53"))


def problem_for(error: BaseException) -> Problem:
    """Return what the client is told of any exception. What is not expected is 500 and says nothing."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, PoolTimeoutError):
        return Problem("busy", "All connections are in use; try again.")
    if is_database_error(error):
        if sqlstate(error) in _UNSTORABLE_TEXT:
            return Problem("validation-error", "A text holds a character that cannot be stored.")
        if is_transient(error) and not isinstance(error, ValueError):
            return Problem(
                "unavailable", "The database did not answer in time; try again.", headers={"Retry-After": "1"}
            )
    return Problem("internal-error", "The service failed. Quote the X-Correlation-Id of this answer.")


async def _on_problem(_request: Request, error: Exception) -> Response:
    return problem_response(problem_for(error))


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - the registration below says so
    if error.status_code == _MALFORMED and (stranger := await _stranger(request)) is not None:
        return problem_response(stranger)
    code = _BY_STATUS.get(error.status_code)
    if code is None:
        code = "malformed-request" if error.status_code < 500 else "internal-error"  # noqa: PLR2004 - HTTP
    title = PROBLEMS[code][1]
    headers = dict(error.headers or {})
    if code == "method-not-allowed":
        headers["Allow"] = _allowed(request)
    return problem_response(Problem(code, f"{title}.", headers=headers))


def _allowed(request: Request) -> str:
    ways: dict[re.Pattern[str], set[str]] = request.app.state.methods
    path = request.scope["path"]
    return ", ".join(sorted(method for pattern, methods in ways.items() if pattern.match(path) for method in methods))


async def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - the registration below says so
    if (stranger := await _stranger(request)) is not None:
        return problem_response(stranger)
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return problem_response(Problem("malformed-request", "The body is not JSON."))
    if _is_wrong_media_type(request, found):
        return problem_response(Problem("unsupported-media-type", "Send the body as application/json."))
    errors = [
        {"field": rule["field"], "in": rule["in"], "code": rule["type"], "message": rule["message"]}
        for rule in broken_rules(found[:_MAX_ERRORS])
    ]
    registered = [item["code"] for item in errors if item["code"] in PROBLEMS and item["code"] != "validation-error"]
    code = registered[0] if registered else "validation-error"
    detail = f"{PROBLEMS[code][1]}: see errors."
    return problem_response(Problem(code, detail), errors=errors)


async def _stranger(request: Request) -> Problem | None:
    """Who has no token learns nothing of a body: the framework reads it before it asks who sent it."""
    try:
        await authenticate(request)
    except Problem as refused:
        return refused
    return None


def _is_wrong_media_type(request: Request, found: Any) -> bool:
    """Without a JSON content type the framework gives the body as bytes, and the schema refuses it as a whole."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = re.fullmatch(r"application/([^/]+\+)?json", media_type) is not None
    return not is_json and any(tuple(item["loc"]) == ("body",) and item["type"] != "missing" for item in found)


def install(app: FastAPI) -> None:
    """Register the handlers. What they do not take reaches the outermost middleware, which answers and logs it."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
