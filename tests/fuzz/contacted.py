"""Contacts, decisions, restrictions and searches about members of a filled book, so that requests meet real rows.

All of it is made through the doors. What is returned names the ids that stand there, by the name of the parameter or
field that means them; the lists of accounts, parties and contact points go together, place by place.
"""

import json
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from shared.clock import SystemClock
from shared.contact_points import normalised
from shared.ids import contact_point_id, party_id
from tests.e2e.bank import Bank, Json, eventually
from tests.e2e.collectors_desk import CollectorsDesk

Ids = dict[str, list[str]]
MEMBERS = 10
_LINK = re.compile(r"/v1/opt-outs/([A-Za-z0-9_-]+)")
_LETTER: Json = {"text": "Letter, mailed 3 February", "received_on": "2026-02-06"}
_HERSELF: Json = {"date_of_birth": "1980-02-29", "postal_code": "43215"}
_ITEMS = (
    ("attempt_id", "contact", "/v1/contact-attempts", "attempt_id"),
    ("callback_id", "contact", "/v1/callbacks", "callback_id"),
    ("field_visit_id", "contact", "/v1/field-visits", "field_visit_id"),
    ("message_id", "contact", "/v1/messages", "message_id"),
    ("decision_id", "compliance", "/v1/contact-decisions", "decision_id"),
    ("restriction_id", "compliance", "/v1/restrictions", "restriction_id"),
    ("consent_id", "compliance", "/v1/consents", "consent_id"),
    ("preference_id", "compliance", "/v1/preferences", "preference_id"),
    ("dispute_id", "compliance", "/v1/disputes", "dispute_id"),
    ("complaint_id", "compliance", "/v1/complaints", "complaint_id"),
    ("skip_trace_id", "skiptrace", "/v1/skip-traces", "skip_trace_id"),
    ("inquiry_id", "skiptrace", "/v1/location-inquiries", "inquiry_id"),
)


def points(bank: Bank, n: int) -> list[Json]:
    """The ways to reach the `n`th member, unlike those of every other creditor; 555-01xx is fiction's own."""
    exchange = bank.creditor.int % 700 + 200
    return [
        {"kind": "phone", "value": f"+1614{exchange}01{n:02}", "label": "mobile"},
        {"kind": "email", "value": f"m{n}.{bank.creditor}@example.com", "label": "other"},
        {"kind": "address", "value": f"{_street(bank, n)}, Columbus, OH 43215", "label": "home"},
    ]


def _street(bank: Bank, n: int) -> str:
    return f"{bank.creditor.int % 10**6}{n:02} High Street"


def member(bank: Bank, n: int) -> Json:
    """The `n`th member, as the core names them."""
    return {
        "party_number": f"P-{n}",
        "role": "primary",
        "given_name": "Ana",
        "family_name": f"Diaz {bank.creditor}",
        "date_of_birth": "1980-02-29",
        "language": "en",
        "street": _street(bank, n),
        "city": "Columbus",
        "region": "OH",
        "postal_code": "43215",
        "contact_points": points(bank, n),
    }


class Members:
    """The first members of a filled book, and what is done with them."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self._desk = CollectorsDesk(bank)
        self.parties = [party_id(bank.creditor, f"P-{n}") for n in range(MEMBERS)]
        self.accounts = [bank.account_id(f"A-{n}") for n in range(MEMBERS)]
        self.made: Ids = {}

    def point(self, n: int, kind: str) -> str:
        """The id of the `n`th member's way of this kind."""
        (value,) = (each["value"] for each in points(self.bank, n) if each["kind"] == kind)
        return str(contact_point_id(self.parties[n], kind, normalised(kind, value) or ""))

    async def done(self, role: str, service: str, path: str, body: Json, method: str = "POST") -> Json:
        """Call a service that must do as it is told."""
        return await self._desk.done(role, method, service, path, body)

    def about(self, n: int, kind: str = "phone", channel: str = "phone") -> Json:
        """One contact with the `n`th member about the account."""
        contact = {"party_id": str(self.parties[n]), "account_ids": [self.accounts[n]], "channel": channel}
        return contact | {"contact_point_id": self.point(n, kind), "purpose": "collection"}

    async def live(self) -> Ids:
        """Do something of everything; return the ids."""
        await self.agree()
        await self._calls()
        await self._messages()
        await self._plans()
        await self.dial_list("A-6")
        await self._law()
        await self._search()
        return await self._ids()

    async def agree(self) -> None:
        """Whoever agreed to be called at any hour can be called whenever this runs."""
        for n in range(MEMBERS):
            await self._consent(n, "any", "time")

    async def _consent(self, n: int, channel: str, purpose: str) -> None:
        body = {"party_id": str(self.parties[n]), "channel": channel, "purpose": purpose, "basis": "direct"}
        await self.done("compliance_officer", "compliance", "/v1/consents", body | {"evidence": "Said so on a call"})

    async def _calls(self) -> None:
        """One is under way, one was a talk, one a wrong number, which opens a search; one is forbidden."""
        await self._desk.vendor_knows(f"+1614{self.bank.creditor.int % 700 + 200}0199")
        made = [await self.done("collector", "contact", "/v1/contact-attempts", self.about(n)) for n in (0, 1, 2)]
        talk, wrong = (f"/v1/contact-attempts/{each['attempt_id']}" for each in made[1:])
        await self.done("collector", "contact", f"{talk}/verification", _HERSELF)
        said = {"result_code": "rpc_refused", "debts_discussed": [self.accounts[1]], "next_step": {"kind": "refusal"}}
        await self.done("collector", "contact", f"{talk}/outcome", said)
        await self.done("collector", "contact", f"{wrong}/outcome", {"result_code": "wrong_number"})
        cease = {"kind": "cease", "party_id": str(self.parties[3]), "evidence": _LETTER}
        await self.done("compliance_officer", "compliance", "/v1/restrictions", cease)
        await self._desk.ask("collector", "POST", "contact", "/v1/contact-attempts", self.about(3))

    async def _messages(self) -> None:
        await self._consent(4, "sms", "contact")
        await self._consent(4, "email", "contact")
        for kind, channel in (("phone", "sms"), ("email", "email"), ("address", "letter")):
            body = self.about(4, kind, channel) | {"template": "payment_due"}
            sent = await self.done("collector", "contact", "/v1/messages", body)
        self.made["letter_id"] = [sent["message_id"]]
        own = {"channel": "email", "language": "en", "creditor_id": str(self.bank.creditor), "subject": "A message"}
        own["body"] = "Hello {{ given_name }}, please call {{ phone }}."
        await self.done("supervisor", "contact", "/v1/templates/own_words", own, "PUT")
        self.made["code"] = ["own_words", "payment_due"]

    async def _plans(self) -> None:
        whom = {"party_id": str(self.parties[5]), "account_ids": [self.accounts[5]]}
        at = (SystemClock().now() + timedelta(days=2)).isoformat()
        await self.done("collector", "contact", "/v1/callbacks", whom | {"callback_at": at})
        await self.done("supervisor", "contact", "/v1/field-visits", whom | {"scheduled_on": "2026-02-10"})

    async def dial_list(self, number: str) -> None:
        """Have a list made of the queue of this account."""
        queue = (await self.bank.account(number))["queue"]
        made = await self.done("supervisor", "contact", "/v1/dial-lists", {"queue": queue, "size": 100})
        path = f"/v1/dial-lists/{made['dial_list_id']}"
        reads = ("integrator", "GET", "contact")
        await eventually(lambda: self.bank.call(*reads, path), lambda found: found.json()["status"] == "ready")
        listed = await self.bank.call(*reads, f"{path}/records")
        self.made["dial_list_id"] = [made["dial_list_id"]]
        self.made["record_id"] = [json.loads(line)["record_id"] for line in listed.text.splitlines()]
        self.made["queue"] = [queue]

    async def _law(self) -> None:
        party = {"party_id": str(self.parties[7])}
        officer, compliance = "compliance_officer", "compliance"
        dispute = party | {"account_id": self.accounts[7], "kind": "fdcpa_validation", "is_written": True}
        await self.done(officer, compliance, "/v1/disputes", dispute)
        complaint = party | {"category": "manner", "via": "letter", "statement": "You called me at work."}
        await self.done(officer, compliance, "/v1/complaints", complaint)
        named = {"party_id": str(self.parties[8]), "attorney_name": "A. Attorney", "attorney_phone": "+12175550111"}
        made = await self.done(officer, compliance, "/v1/representations", named)
        self.made["representation_id"] = [made["representation_id"]]
        await self.done(officer, compliance, "/v1/preferences", party | {"inconvenient_place": {"place": "work"}})
        stop = party | {"channel": "email", "purpose": "contact", "evidence": "Said so"}
        await self.done(officer, compliance, "/v1/consents/revocations", stop)
        flags = f"/v1/contact-points/{self.point(6, 'email')}/flags"
        about = {"party_id": str(self.parties[6]), "is_employer_provided": True}
        await self.done(officer, compliance, flags, about, "PUT")
        for n in range(MEMBERS):
            await self.done("collector", compliance, "/v1/contact-decisions", self.about(n))

    async def _search(self) -> None:
        trace: Json = {"party_id": str(self.parties[9]), "account_id": self.accounts[9], "budget_minor": 500}
        trace["permissible_purpose"] = "fcra_collection"
        made = await self.done("collector", "skiptrace", "/v1/skip-traces", trace)
        note = {"kind": "public_record", "note": "The county lists a deed."}
        await self.done("collector", "skiptrace", f"/v1/skip-traces/{made['skip_trace_id']}/evidence", note)
        asked: Json = {"party_id": str(self.parties[9]), "account_id": self.accounts[9], "channel": "phone"}
        asked["third_party"] = {"name": "Robin Example", "relationship": "neighbour", "phone": "+12175550147"}
        asked["caller_name"] = "Alex Caller"
        await self._desk.ask("collector", "POST", "skiptrace", "/v1/location-inquiries", asked)

    async def _ids(self) -> Ids:
        """What stands there now, each list not empty."""
        kinds = ("phone", "email", "address")
        ids = self.made | {
            "party_id": list(map(str, self.parties)),
            "account_id": self.accounts,
            "contact_point_id": [self.point(n, kind) for kind in kinds for n in range(MEMBERS)],
            "pack_id": [one["pack_id"] for one in await self._list("compliance", "/v1/rule-packs")],
            "rule_id": [
                one["rule_id"] for one in await self._list("compliance", f"/v1/creditors/{self.bank.creditor}/policies")
            ],
            "candidate_id": [one["id"] for one in await self._candidates()],
        }
        for name, service, path, field in _ITEMS:
            ids[name] = [one[field] for one in await self._list(service, path)]
        sent = await eventually(
            lambda: self._list("contact", "/v1/messages"), lambda found: all(one["sent_at"] for one in found)
        )
        ids["token"] = [link for one in sent for link in _LINK.findall(one["body"])]
        assert all(ids.values()), f"nothing stands under {[name for name, found in ids.items() if not found]}"
        return ids

    async def _list(self, service: str, path: str) -> Sequence[Json]:
        answer = await self.bank.call("supervisor", "GET", service, path)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        found: Any = answer.json()
        items: Sequence[Json] = found["items"] if isinstance(found, dict) else found
        return items

    async def _candidates(self) -> Sequence[Json]:
        """What the search for the member with the wrong number has found."""

        async def found() -> Sequence[Json]:
            traces = await self._list("skiptrace", f"/v1/skip-traces?party_id={self.parties[2]}")
            return [
                one
                for trace in traces
                for one in await self._list("skiptrace", f"/v1/skip-traces/{trace['skip_trace_id']}/candidates")
            ]

        return await eventually(found, bool)
