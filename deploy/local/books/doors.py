"""Asks the services over HTTP, as a front end does: queue definitions with their depth, and every account."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

_PAGE = 200
_TIMEOUT = httpx.Timeout(60)


@dataclass(frozen=True, slots=True)
class Answers:
    """What `GET /v1/queues` and `GET /v1/accounts` said."""

    queues: list[dict[str, Any]]
    accounts: Mapping[UUID, dict[str, Any]]


async def ask(accounts_url: str, token: str, creditor_id: UUID | None) -> Answers:
    """Reads all queues, and all accounts page by page.

    Raises:
        httpx.HTTPError: no answer, or a refusal.
    """
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=accounts_url, headers=headers, timeout=_TIMEOUT) as http:
        queues = (await _get(http, "/v1/queues"))["items"]
        accounts: dict[UUID, dict[str, Any]] = {}
        narrowed = {} if creditor_id is None else {"creditor_id": str(creditor_id)}
        page: dict[str, Any] = {"next_cursor": ""}
        while page["next_cursor"] is not None:
            cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else {}
            page = await _get(http, "/v1/accounts", limit=_PAGE, **narrowed, **cursor)
            accounts |= {UUID(item["account_id"]): item for item in page["items"]}
    return Answers(queues, accounts)


async def _get(http: httpx.AsyncClient, path: str, **params: Any) -> dict[str, Any]:
    answer = await http.get(path, params=params)
    answer.raise_for_status()
    body: dict[str, Any] = answer.json()
    return body
