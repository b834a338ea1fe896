"""The doors that the agency goes through: what its collectors, its dialer and its members do, over HTTP alone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar
from uuid import uuid4

import httpx

from deploy.local.demo.agency import AGENCY, PLACED_ON, Member, placement_csv
from deploy.local.demo.cards import CURRENCY
from deploy.local.demo.doors import DoorError

T = TypeVar("T")
Json = dict[str, Any]
PATIENCE_S = 60.0
_PAGE = 200
_POLL_S = 0.1
_ON_THE_WAY = frozenset({"account-not-here", "party-not-here", "party-unknown", "contact-point-unknown"})


@dataclass(frozen=True, slots=True)
class Services:
    """Where the five services and the stand-ins are, with a token of the agency."""

    urls: Mapping[str, str]
    person_search_url: str
    text_gateway_url: str
    token: str


class CallDoors:
    """The services and the stand-ins for people and vendors. Use `open_doors`."""

    def __init__(self, services: Services, clients: Mapping[str, httpx.AsyncClient]) -> None:
        self._services = services
        self._clients = clients

    @property
    def contact(self) -> httpx.AsyncClient:
        """The client of contact, for the dialer."""
        return self._clients["contact"]

    async def place_accounts(self, placed: Sequence[Member]) -> bool:
        """Makes the agency and imports its accounts. False: it was here before."""
        page = await self.read("accounts", "/v1/creditors")
        if any(one["creditor_id"] == str(AGENCY) and one["business_date"] for one in page["items"]):
            return False
        role = {"name": "Harbor Recovery, for Demo Card Bank", "kind": "third_party_collector"}
        body = role | {"currency": CURRENCY, "time_zone": "America/New_York"}
        await self._done(await self._clients["accounts"].put(f"/v1/creditors/{AGENCY}", json=body))
        answer = await self._clients["accounts"].post(
            "/v1/imports/account-snapshots",
            params={"creditor_id": str(AGENCY), "business_date": PLACED_ON.isoformat()},
            headers={"Content-Type": "text/csv"},
            content=placement_csv(placed),
        )
        await self._done(answer)
        return True

    async def consent(self, member: Member, channel: str, purpose: str) -> None:
        """A member agrees: to calls at any hour, or to texts."""
        body = {
            "party_id": str(member.party_id),
            "channel": channel,
            "purpose": purpose,
            "basis": "direct",
            "evidence": "Said so on a recorded call",
        }
        await self.post("compliance", "/v1/consents", body)

    async def cease_letter(self, member: Member) -> None:
        """A letter comes in: stop."""
        body = {
            "kind": "cease",
            "party_id": str(member.party_id),
            "evidence": {"text": "Letter: do not contact me again", "received_on": date.today().isoformat()},  # noqa: DTZ011, TID251 (when the post came, not a business date)
        }
        await self.post("compliance", "/v1/restrictions", body)

    async def call(self, member: Member, phone: str | None = None) -> httpx.Response:
        """Asks to call a member on a number."""
        body = self._contact(member, "phone", phone) | {"purpose": "collection"}
        return await self.ask("contact", "/v1/contact-attempts", body)

    async def text(self, member: Member) -> httpx.Response:
        """Asks to send a member a text."""
        body = self._contact(member, "sms") | {"purpose": "collection", "template": "please_call"}
        return await self.ask("contact", "/v1/messages", body)

    async def reply(self, member: Member, words: str) -> None:
        """The member answers a text."""
        async with httpx.AsyncClient() as http:
            body = {"from": member.phone, "body": words}
            await self._done(await http.post(f"{self._services.text_gateway_url}/simulated-replies", json=body))

    async def vendor_knows(self, member: Member, phone: str) -> None:
        """A vendor of person searches knows another number of a member."""
        names = {"given_name": member.given_name, "family_name": member.family_name}
        person = {
            "matched_on": ["family_name", "given_name", "date_of_birth"],
            "phones": [{"number": phone, "line_type": "mobile", "last_seen": PLACED_ON.isoformat()}],
            "addresses": [],
            "emails": [],
        }
        body = {"subject": names | {"date_of_birth": member.born_on.isoformat()}, "person": person}
        async with httpx.AsyncClient() as http:
            await self._done(await http.put(f"{self._services.person_search_url}/people", json=body))

    async def outcome(self, attempt_id: str, member: Member, result_code: str, step: Json | None = None) -> Json:
        """A collector closes a call; one with the right party names the debt and what comes next."""
        body: Json = {"result_code": result_code}
        if result_code.startswith("rpc_"):
            path = f"/v1/contact-attempts/{attempt_id}/verification"
            await self._done(await self._clients["contact"].post(path, json=member.answers))
            body |= {"debts_discussed": [str(member.account_id)]} | ({"next_step": step} if step else {})
        return await self.post("contact", f"/v1/contact-attempts/{attempt_id}/outcome", body)

    async def everything(self, service: str, path: str, **params: str) -> list[Json]:
        """All items of a list."""
        found: list[Json] = []
        cursor: Json = {}
        while True:
            page = await self.read(service, path, limit=str(_PAGE), **params, **cursor)
            found += page["items"]
            if not page.get("next_cursor"):
                return found
            cursor = {"cursor": page["next_cursor"]}

    async def read(self, service: str, path: str, **params: str) -> Json:
        """GET."""
        return await self._done(await self._clients[service].get(path, params=params))

    async def post(self, service: str, path: str, body: Json) -> Json:
        """POST, which must succeed."""
        return await self._done(await self.ask(service, path, body))

    async def ask(self, service: str, path: str, body: Json) -> httpx.Response:
        """POST under a key of its own, again while what it names is still on its way there."""
        key = {"Idempotency-Key": str(uuid4())}

        async def once() -> httpx.Response:
            return await self._clients[service].post(path, json=body, headers=key)

        return await until(once, lambda answer: not answer.is_error or answer.json().get("code") not in _ON_THE_WAY)

    def _contact(self, member: Member, channel: str, phone: str | None = None) -> Json:
        return {
            "party_id": str(member.party_id),
            "account_ids": [str(member.account_id)],
            "channel": channel,
            "contact_point_id": str(member.point_id(phone)),
        }

    @staticmethod
    async def _done(answer: httpx.Response) -> Json:
        if answer.is_error:
            asked = f"{answer.request.method} {answer.request.url.path}"
            raise DoorError(f"{asked}: {answer.status_code} {answer.text[:500]}")
        content: Json = answer.json()
        return content


async def until(ask: Callable[[], Awaitable[T]], holds: Callable[[T], bool]) -> T:
    """Asks until the answer holds, and returns it. Raises DoorError when it never does."""
    give_up = asyncio.get_running_loop().time() + PATIENCE_S
    while not holds(answer := await ask()):
        if asyncio.get_running_loop().time() > give_up:
            raise DoorError(f"it did not come to pass in {PATIENCE_S:g} s: {answer}")
        await asyncio.sleep(_POLL_S)
    return answer


@asynccontextmanager
async def open_doors(services: Services) -> AsyncIterator[CallDoors]:
    """Clients of every service, with the agency's token."""
    headers = {"Authorization": f"Bearer {services.token}"}
    clients = {
        name: httpx.AsyncClient(base_url=url, headers=headers, timeout=60) for name, url in services.urls.items()
    }
    try:
        yield CallDoors(services, clients)
    finally:
        for client in clients.values():
            await client.aclose()
