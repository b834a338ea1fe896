"""A collector's desk: calls one member about one loan, writes down what came of it, and asks what is allowed.

The member works at night and has agreed to be called at any hour (12 CFR 1006.6(b)(1)), so that a journey does not
depend on when it runs; the hours of everybody else are tested where the clock is ours.
"""

import json
from typing import Any

import httpx

from shared.ids import contact_point_id, party_id
from tests.e2e.bank import LOAN, Bank, Json, eventually

MEMBER: Json = {
    "party_number": "P-1",
    "role": "primary",
    "given_name": "Ana",
    "family_name": "Diaz",
    "date_of_birth": "1980-02-29",
    "language": "en",
    "street": "1 High Street",
    "city": "Columbus",
    "region": "OH",
    "postal_code": "43215",
}
HOME = "1 high street, columbus, oh 43215"
"""The contact point that the import makes of it."""
HERSELF: Json = {"date_of_birth": "1980-02-29", "postal_code": "43215"}
"""What only she answers."""
_KIND = {"email": "email", "letter": "address"}
ON_THE_WAY = {"account-not-here", "party-not-here", "party-unknown", "account-unknown", "contact-point-unknown"}


class CollectorsDesk:
    """One loan (L-1) of one member (P-1), whose numbers are unlike those of every other journey."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self.account = bank.account_id("L-1")
        self._member = party_id(bank.creditor, "P-1")
        self.party = str(self._member)
        # The last digits of 555-01xx are fiction's own; the exchange before them tells journeys apart.
        unlike = bank.creditor.int % 700
        self.old_number = f"+1614{unlike + 200}0134"
        self.new_number = f"+1614{unlike + 200}0177"
        self.email = f"ana.{bank.creditor}@example.com"
        self.member = MEMBER | {"family_name": f"Diaz {bank.creditor}"}

    async def open(self) -> "CollectorsDesk":
        """Import the loan, 21 days past due; the member agrees to be called at night."""
        points = [
            {"kind": "phone", "value": self.old_number, "label": "mobile"},
            {"kind": "email", "value": self.email, "label": "other"},
        ]
        await self.bank.import_close("2026-01-31", LOAN | {"parties": [self.member | {"contact_points": points}]})
        consent = {"party_id": self.party, "channel": "phone", "purpose": "time", "basis": "direct"}
        consent["evidence"] = "Works at night; asked to be called at any hour"
        await self.done("compliance_officer", "POST", "compliance", "/v1/consents", consent)
        return self

    def point(self, kind: str, value: str) -> str:
        return str(contact_point_id(self._member, kind, value))

    # What a collector does

    async def call(self, number: str) -> httpx.Response:
        """Ask to call a number, again while what it needs is still on its way."""
        return await self.ask("collector", "POST", "contact", "/v1/contact-attempts", self._contact("phone", number))

    async def place(self, number: str) -> str:
        """Call a number, which must be allowed; returns the attempt."""
        answer = await self.call(number)
        assert answer.status_code == 201, answer.text
        attempt: str = answer.json()["attempt_id"]
        return attempt

    async def verify(self, attempt: str) -> Json:
        """Hold what the person answers against what is known."""
        return await self.done("collector", "POST", "contact", f"/v1/contact-attempts/{attempt}/verification", HERSELF)

    async def report(self, attempt: str, result_code: str, **more: Any) -> Json:
        """Write down what came of a call."""
        path = f"/v1/contact-attempts/{attempt}/outcome"
        return await self.done("collector", "POST", "contact", path, {"result_code": result_code} | more)

    async def talk(self, number: str, result_code: str, **more: Any) -> Json:
        """Reach the member on a number, and write down what she said of the loan."""
        attempt = await self.place(number)
        assert (await self.verify(attempt))["is_verified"]
        return await self.report(attempt, result_code, debts_discussed=[self.account], **more)

    async def send(self, channel: str, purpose: str, template: str) -> httpx.Response:
        """Ask to send a message."""
        body = self._contact(channel, HOME if channel == "letter" else self.email) | {
            "purpose": purpose,
            "template": template,
        }
        return await self.ask("collector", "POST", "contact", "/v1/messages", body)

    async def message_where(self, sent: httpx.Response, status: str) -> Json:
        """A message that was taken, once it stands so."""
        assert sent.status_code == 202, sent.text
        return await eventually(
            lambda: self.bank.read("contact", f"/v1/messages/{sent.json()['message_id']}"),
            lambda message: bool(message["status"] == status),
        )

    # What is allowed, and what is known

    async def decision(self, channel: str, value: str, at: str | None = None, purpose: str = "collection") -> Json:
        """What compliance says of a contact, without placing it."""
        body = self._contact(channel, value) | {"purpose": purpose, "direction": "outbound"}
        if at is not None:
            body["at"] = at
        return await self.done("collector", "POST", "compliance", "/v1/contact-decisions", body)

    async def skip_traces(self) -> list[Json]:
        found: list[Json] = (await self.bank.read("skiptrace", "/v1/skip-traces", party_id=self.party))["items"]
        return found

    async def candidates(self, skip_trace: Json) -> list[Json]:
        path = f"/v1/skip-traces/{skip_trace['skip_trace_id']}/candidates"
        found: list[Json] = (await self.bank.read("skiptrace", path))["items"]
        return found

    async def contact_points(self) -> dict[str, Json]:
        """Every way to reach the member that contact knows, by its value."""
        page = await self.bank.read("contact", "/v1/contact-points", party_id=self.party)
        return {one["value"]: one for one in page["items"]}

    async def vendor_knows(self, *numbers: str) -> None:
        """Let the vendor of person searches know numbers of the member."""
        phones = [
            {"number": number, "line_type": "mobile", "first_seen": "2025-11-01", "last_seen": "2026-01-28"}
            for number in numbers
        ]
        subject = {name: self.member[name] for name in ("given_name", "family_name", "date_of_birth")}
        person = {"matched_on": ["family_name", "given_name", "date_of_birth"], "phones": phones}
        person |= {"addresses": [], "emails": []}
        url = f"{self.bank.operator.stack.stand_ins.person_search.url}/people"
        async with httpx.AsyncClient() as http:
            (await http.put(url, json={"subject": subject, "person": person})).raise_for_status()

    def assert_nothing_forbidden(self, contacts: int) -> None:
        """The checker has looked at so many contacts of ours, and finds none that a rule forbade."""
        done = self.bank.operator.verify_contacts(self.bank.creditor)
        assert done.returncode == 0, done.stdout + done.stderr
        checks = {each["name"]: each["examined"] for each in json.loads(done.stdout)["checks"]}
        assert checks["no contact was made without a permit for it"] == contacts, checks

    async def ask(self, role: str, method: str, service: str, path: str, body: Json) -> httpx.Response:
        """Call a service, again while what the request names is still on its way to it."""
        return await eventually(
            lambda: self.bank.call(role, method, service, path, json=body),
            lambda answer: answer.is_success or answer.json()["code"] not in ON_THE_WAY,
        )

    async def done(self, role: str, method: str, service: str, path: str, body: Json) -> Json:
        """Call a service that must do as it is told."""
        answer = await self.ask(role, method, service, path, body)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        told: Json = answer.json()
        return told

    def _contact(self, channel: str, value: str) -> Json:
        """One contact with the member about her loan."""
        return {
            "party_id": self.party,
            "account_ids": [self.account],
            "channel": channel,
            "contact_point_id": self.point(_KIND.get(channel, "phone"), value),
            "purpose": "collection",
        }
