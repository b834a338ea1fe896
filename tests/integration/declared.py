"""Holds every answer that a test gets to the committed document of its service: the headers that a client acts on."""

import re
from functools import cache
from typing import Any

import httpx
import orjson
from starlette.routing import compile_path

from deploy.contracts import FOLDER
from shared.http.idempotency import REPLAYED_HEADER
from shared.http.openapi import HEADERS


def held_to_its_document(service: str) -> dict[str, list[Any]]:
    """The `event_hooks=` of a client of a service: what is sent is declared, and what is declared is sent.

    A repetition has what was stored, and an account as of a past day no version that could be changed.
    """

    async def check(answer: httpx.Response) -> None:
        request = answer.request
        declared = _declared(service, request.method.lower(), request.url.path, str(answer.status_code))
        if declared is None:
            return
        sent = {name for name in HEADERS if name in answer.headers}
        where = f"{request.method} {request.url.path} {answer.status_code}"
        assert sent <= declared, f"{where}: sent and not declared"
        is_first = REPLAYED_HEADER not in sent and "as_of" not in request.url.params
        if answer.is_success and is_first:
            assert declared - {REPLAYED_HEADER} <= sent, f"{where}: declared and not sent"

    return {"response": [check]}


def _declared(service: str, method: str, path: str, status: str) -> set[str] | None:
    """The headers that an answer may have; None: no operation of the document is asked for."""
    for pattern, item in _paths(service):
        if method in item and pattern.match(path):
            return set(item[method]["responses"].get(status, {}).get("headers", ()))
    return None


@cache
def _paths(service: str) -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    document = orjson.loads((FOLDER / f"{service}.json").read_bytes())
    # In the order of the document a word comes before a parameter that would take it.
    return [(compile_path(path)[0], item) for path, item in document["paths"].items()]
