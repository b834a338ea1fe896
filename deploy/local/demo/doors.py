"""The doors that the demo goes through: the HTTP API as a front end uses it, nothing else.

Every POST carries an `Idempotency-Key` made from what it does, so that a demo that was killed can be run again.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid5

import httpx

from deploy.local.demo.cards import CURRENCY
from deploy.local.demo.plan import GRACE_DAYS, Arrangement, Promise

CREDITOR = UUID("0c0ffee0-2005-4831-8000-000000000001")
CREATED = 201
NOT_FOUND = 404
CONFLICT = 409


class DoorError(Exception):
    """The API answered with something that the demo does not expect; the text is what it said."""


@dataclass(frozen=True, slots=True)
class Doors:
    """The two services, as clients that carry a token each."""

    accounts: httpx.AsyncClient
    payments: httpx.AsyncClient

    async def creditor(self) -> dict[str, Any] | None:
        """The demo's creditor, or nothing on a first run."""
        page = _read(await self.accounts.get("/v1/creditors"))
        return next((one for one in page["items"] if one["creditor_id"] == str(CREDITOR)), None)

    async def put_creditor(self) -> None:
        """Makes the creditor; again is no change."""
        body = {"name": "Demo Card Bank", "kind": "creditor", "currency": CURRENCY, "time_zone": "America/New_York"}
        _read(await self.accounts.put(f"/v1/creditors/{CREDITOR}", json=body))

    async def import_snapshots(self, on: date, pieces: Iterator[bytes]) -> dict[str, Any]:
        """The core's extract as of a day, streamed."""

        async def body() -> AsyncIterator[bytes]:
            for piece in pieces:
                yield piece

        answer = await self.accounts.post(
            "/v1/imports/account-snapshots",
            params={"creditor_id": str(CREDITOR), "business_date": on.isoformat()},
            headers={"Content-Type": "text/csv"},
            content=body(),
            timeout=300,
        )
        return _read(answer)

    async def open_day(self, day: date) -> dict[str, Any]:
        """Opens a business date and ages the book for it."""
        body = {"creditor_id": str(CREDITOR), "business_date": day.isoformat()}
        return _read(await self.accounts.post("/v1/aging-runs", json=body, headers=_key("aging", day), timeout=300))

    async def queues(self) -> dict[str, int]:
        """How many accounts are in each queue."""
        return {one["code"]: one["depth"] for one in _read(await self.accounts.get("/v1/queues"))["items"]}

    async def make_promise(self, promise: Promise) -> bool:
        """Records a promise. False: the account has it already, from an earlier run."""
        body = {
            "account_id": str(account_id(promise.number)),
            "due_on": promise.due_on.isoformat(),
            "amount_minor": promise.amount_minor,
            "currency": CURRENCY,
        }
        answer = await self.payments.post("/v1/promises", json=body, headers=_key("promise", promise.number))
        return _made(answer)

    async def make_arrangement(self, arrangement: Arrangement) -> bool:
        """Agrees an arrangement. False: the account has one already."""
        body = {
            "account_id": str(account_id(arrangement.number)),
            "currency": CURRENCY,
            "installments": [
                {"due_on": due_on.isoformat(), "amount_minor": arrangement.amount_minor}
                for due_on in arrangement.due_dates
            ],
            "grace_days": GRACE_DAYS,
        }
        answer = await self.payments.post(
            "/v1/arrangements", json=body, headers=_key("arrangement", arrangement.number)
        )
        return _made(answer)

    async def send_returns(self, file: bytes) -> dict[str, Any]:
        """Feeds a Nacha return file."""
        answer = await self.payments.post(
            "/v1/imports/nacha-returns",
            params={"creditor_id": str(CREDITOR)},
            content=file,
            headers={"Content-Type": "text/plain", **_key("nacha", "returns")},
            timeout=120,
        )
        return _read(answer)

    async def queue_changes(self, is_listening: asyncio.Event) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """The live stream of queue changes: (event, data), until the caller stops listening."""
        async with self.accounts.stream("GET", "/v1/queues/stream", timeout=None) as answer:
            answer.raise_for_status()
            is_listening.set()
            event = ""
            async for line in answer.aiter_lines():
                if line.startswith("event:"):
                    event = line[6:].strip()
                elif line.startswith("data:"):
                    yield event, json.loads(line[5:])


def account_id(number: str) -> UUID:
    """UUIDv5 of the creditor and the core account number: anyone can compute it."""
    return uuid5(CREDITOR, number)


def _key(*words: object) -> dict[str, str]:
    return {"Idempotency-Key": "demo-" + "-".join(str(word) for word in words)}


def _made(answer: httpx.Response) -> bool:
    if answer.status_code == CONFLICT:
        return False
    _read(answer)
    return answer.status_code == CREATED and "idempotency-replayed" not in answer.headers


def _read(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_error:
        raise DoorError(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:500]}")
    content: dict[str, Any] = answer.json()
    return content
