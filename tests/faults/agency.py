"""A collection agency, whose every contact is under the law: its members, what it asks for, and what it was told.

Its client never gives up: it asks again under the same key. What was acknowledged stands in its book, to be found again
when all is at rest: attempts, outcomes, permits, restrictions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import httpx

from shared.clock import SystemClock
from shared.ids import contact_point_id, party_id
from shared.messaging.publisher import Publisher
from tests.e2e.bank import Json
from tests.e2e.stack_operator import Operator
from tests.faults.client import Client
from tests.faults.contact_book import ContactBook, Placed

BORN_ON = date(1980, 2, 29)
_AGO = timedelta(hours=3)
"""Tokens are older than any clock is wrong, and last as long again."""
_BLOCKED = 403
_PLACED = 201


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere in the United States, with the beginning of its telephone numbers."""

    city: str
    region: str
    postal_code: str
    area: str
    zone: str


PLACES = (
    Place("Columbus", "OH", "43215", "614", "America/New_York"),
    Place("Des Moines", "IA", "50309", "515", "America/Chicago"),
    Place("Denver", "CO", "80202", "303", "America/Denver"),
    Place("Honolulu", "HI", "96813", "808", "Pacific/Honolulu"),
    Place("Dededo", "GU", "96929", "671", "Pacific/Guam"),
)
"""Each in one zone as a whole, and in no state with hours or limits of its own."""


@dataclass(frozen=True, slots=True)
class Member:
    """Who owes: they live in one place, and their number (555-01xx is nobody's) may be of another."""

    home: Place
    phone: str
    zones: frozenset[str]


class Agency(Client):
    """One agency. `is_awake`: its members have agreed to be called at any hour."""

    def __init__(self, operator: Operator, http: httpx.AsyncClient, core: Publisher, rng: Random) -> None:
        super().__init__(operator, http, core, rng)
        self.kind = "third_party_collector"
        for name in ("contact", "compliance", "skiptrace"):
            self.urls[name] = [operator.stack.url(name)]
        self.contacts = ContactBook()
        self.members: dict[str, Member] = {}
        self.ahead = timedelta(0)
        """How far its clock, and that of all that it asks, is ahead of the machine's."""

    def now(self) -> datetime:
        """What the clock shows that is right here."""
        return SystemClock().now().astimezone(UTC) + self.ahead

    def set_clock(self, ahead: timedelta) -> None:
        """Move the clock; tokens are of the new time."""
        self.ahead = ahead
        self._tokens.clear()

    async def open(self, numbers: Sequence[str]) -> None:
        """Make the agency and import its accounts."""
        for index, number in enumerate(numbers):
            home, line = PLACES[index % len(PLACES)], PLACES[2 * index % len(PLACES)]
            self.members[number] = Member(home, f"+1{line.area}55501{index:02d}", frozenset({home.zone, line.zone}))
        await super().open(numbers)

    def row(self, number: str) -> Json:
        """An account's line in the extract, with a member who can be reached."""
        member = self.members[number]
        party = {
            "party_number": f"P-{number}",
            "role": "primary",
            "given_name": "Ana",
            "family_name": "Diaz",
            "date_of_birth": BORN_ON.isoformat(),
            "language": "en",
            "street": "1 High Street",
            "city": member.home.city,
            "region": member.home.region,
            "postal_code": member.home.postal_code,
            "contact_points": [{"kind": "phone", "value": member.phone, "label": "home"}],
        }
        owed = {"past_due_minor": 25_000, "oldest_unpaid_due_on": "2026-01-10"}
        return super().row(number) | owed | {"parties": [party]}

    def party_id(self, number: str) -> str:
        """The member of an account."""
        return str(party_id(self.creditor, f"P-{number}"))

    # What it asks for

    async def ring(self, number: str, key: str) -> httpx.Response:
        """Ask to call a member until it is answered, and note a call that may be made."""
        was_stopped = number in self.contacts.stopped
        answer = await self.insist(
            "collector", "POST", "contact", "/v1/contact-attempts", json=self.wish(number), key=key
        )
        return self.called(number, answer, was_stopped=was_stopped)

    async def try_to_ring(self, number: str, key: str) -> httpx.Response:
        """Ask once, whatever the answer is."""
        was_stopped = number in self.contacts.stopped
        url = f"{self._url('contact')}/v1/contact-attempts"
        answer = await self._once("collector", "POST", url, key=key, json=self.wish(number))
        return self.called(number, answer, was_stopped=was_stopped)

    def called(self, number: str, answer: httpx.Response, *, was_stopped: bool = False) -> httpx.Response:
        """Note what was answered. `was_stopped`: it was asked for after the member's word to stop was acknowledged."""
        if answer.status_code == _PLACED:
            made = answer.json()
            placed = Placed(number, made["permit_id"], datetime.fromisoformat(made["placed_at"]))
            if self.contacts.attempts.setdefault(made["attempt_id"], placed) != placed:
                self.book.complaints.append(f"attempt {made['attempt_id']} is answered in two ways")
            if was_stopped:
                self.book.complaints.append(f"{number} is called {self.contacts.stopped[number]}")
        elif answer.status_code not in {_BLOCKED, 503}:
            self.complain(answer)
        return answer

    async def report(self, attempt_id: str, result_code: str, **more: Any) -> Json:
        """Write down what came of a call."""
        path = f"/v1/contact-attempts/{attempt_id}/outcome"
        body = {"result_code": result_code} | more
        answer = await self.insist("collector", "POST", "contact", path, json=body, key=f"outcome-{attempt_id}")
        if answer.is_success:
            self.contacts.outcomes[attempt_id] = result_code
        else:
            self.complain(answer)
        told: Json = answer.json()
        return told

    async def talk(self, attempt_id: str, result_code: str) -> Json:
        """Write down that the right party was reached, and what they said."""
        number = self.contacts.attempts[attempt_id].number
        answers = {
            "date_of_birth": BORN_ON.isoformat(),
            "postal_code": self.members[number].home.postal_code,
        }
        path = f"/v1/contact-attempts/{attempt_id}/verification"
        await self.insist("collector", "POST", "contact", path, json=answers)
        return await self.report(attempt_id, result_code, debts_discussed=[self.account_id(number)])

    async def permit(self, number: str, key: str, url: str) -> Json:
        """Ask compliance itself for a permit, as contact does; returns the decision."""
        body = self.wish(number) | {"direction": "outbound"}
        answer = await self._once("contact_service", "POST", f"{url}/v1/contact-decisions", key=key, json=body)
        if not answer.is_success:
            self.complain(answer)
            return {"permit": None, "outcome": "refused"}
        decision: Json = answer.json()
        if decision["permit"] is not None:
            self.contacts.permits[decision["permit"]["id"]] = number
        return decision

    async def restrict(self, number: str, kind: str) -> None:
        """A letter comes in: from its acknowledgement on nobody may call."""
        body = {"kind": kind, "party_id": self.party_id(number), "evidence": "Letter"}
        made = await self._stop("compliance_officer", "/v1/restrictions", body, f"{kind}-{number}")
        self.contacts.restrictions[made["restriction_id"]] = number
        self.contacts.stopped[number] = f"after {kind}"

    async def dispute(self, number: str) -> None:
        """The member disputes the debt in writing, within the validation period."""
        body = {
            "account_id": self.account_id(number),
            "party_id": self.party_id(number),
            "kind": "fdcpa_validation",
            "is_written": True,
            "statement": "I do not owe this.",
        }
        made = await self._stop("collector", "/v1/disputes", body, f"dispute-{number}")
        self.contacts.restrictions[made["restriction_id"]] = number
        self.contacts.stopped[number] = "after a dispute"

    async def _stop(self, role: str, path: str, body: Json, key: str) -> Json:
        answer = await self.insist(role, "POST", "compliance", path, json=body, key=key)
        if not answer.is_success:
            self.complain(answer)
        made: Json = answer.json()
        return made

    async def wake(self) -> None:
        """Every member agrees to be called at any hour (12 CFR 1006.6(b)(1)): the round may be run at any."""
        consent = {"channel": "any", "purpose": "time", "basis": "direct", "evidence": "Works at night"}
        for number in self.members:
            body = consent | {"party_id": self.party_id(number)}
            key = f"consent-{number}"
            answer = await self.insist("compliance_officer", "POST", "compliance", "/v1/consents", json=body, key=key)
            if not answer.is_success:
                self.complain(answer)

    async def switch_off(self, *policies: str) -> None:
        """Leave the limits of law alone: the creditor switches some that are policy off."""
        for policy in policies:
            path = f"/v1/creditors/{self.creditor}/policies/{policy}"
            answer = await self.insist("compliance_officer", "PUT", "compliance", path, json={"is_on": False})
            if not answer.is_success:
                self.complain(answer)

    def wish(self, number: str) -> Json:
        """A call to the member of an account, about it."""
        point = contact_point_id(party_id(self.creditor, f"P-{number}"), "phone", self.members[number].phone)
        return {
            "party_id": self.party_id(number),
            "account_ids": [self.account_id(number)],
            "channel": "phone",
            "contact_point_id": str(point),
            "purpose": "collection",
        }

    def _authorization(self, role: str) -> dict[str, str]:
        issuer, begins = self.operator.stack.issuer, self.now() - _AGO
        token = issuer.mint(role, [self.creditor], 2 * _AGO, f"{role}-of-{self.creditor}", at=begins)
        return {"Authorization": f"Bearer {token}"}


def refusing(answer: httpx.Response) -> Mapping[str, Json]:
    """The rules that refused a contact, by name."""
    return {rule["id"]: rule for rule in answer.json().get("rules", ())}
