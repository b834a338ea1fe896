"""Leave to ask a third party where a consumer is: decided under the lock of the consumer, so that two never get it.

What is allowed counts at once, made or not, until its outcome says that nobody was spoken to. What is blocked is kept
as evidence too, with the rules that blocked it.
"""

import re
from dataclasses import asdict
from typing import Any
from uuid import UUID

from services.skiptrace.domain.identity import third_party_id
from services.skiptrace.domain.location_inquiry import Asked, Consumer, Decision, Inquiry, decide
from services.skiptrace.domain.policy import FALLBACK_ZONE
from services.skiptrace.domain.script import script_for
from services.skiptrace.handlers.actor import Actor
from services.skiptrace.handlers.publish import publish_inquiry
from services.skiptrace.schemas.inquiries import InquiryRequest, ThirdParty
from services.skiptrace.store.files import File, load_files
from services.skiptrace.store.inquiries import earlier_inquiries, insert_inquiry, load_creditor
from services.skiptrace.tables.facts import ACCOUNT_VIEW
from shared.contact_points import normalised
from shared.db.locks import lock
from shared.db.sets import load_rows
from shared.db.transaction import Tx
from shared.errors import Problem, Refusal
from shared.ids import new_id
from shared.time_zones import address_zones, phone_zones

_POSTAL_CODE = re.compile(r"\b([0-9]{5})(?:-[0-9]{4})?\s*$", re.ASCII)
"""At the end of a line of address: a number before it may be that of a house."""


class InquiryBlockedError(Problem):
    """Rules forbid the inquiry. `row` is what is kept of it, in a transaction of its own."""

    def __init__(self, row: dict[str, Any]) -> None:
        failed = [finding["id"] for finding in row["findings"] if finding["result"] == "fail"]
        super().__init__(
            "location-inquiry-blocked", f"Forbidden by {', '.join(failed)}.", members={"rules": row["findings"]}
        )
        self.row = row


async def ask_third_party(tx: Tx, actor: Actor, request: InquiryRequest, *, employer: str) -> UUID | Refusal:
    """Allow an inquiry, and return its id. Refuses: `account-not-here`, `account-unknown`, `party-not-on-account`.

    Raises:
        InquiryBlockedError: a rule forbids it.
    """
    known = await load_rows(tx, ACCOUNT_VIEW, "account_id", [request.account_id])
    if not known:
        return Refusal("account-not-here", "The account is not known here yet; it arrives with its first snapshot.")
    creditor_id = known[0]["creditor_id"]
    if not actor.may_see(creditor_id):
        return Refusal("account-unknown", "There is no such account.")
    await lock(tx, creditors=[creditor_id], accounts=[request.party_id])
    file = (await load_files(tx, [request.party_id]))[request.party_id]
    if all(account["account_id"] != request.account_id for account in file.accounts):
        return Refusal("party-not-on-account", "The party is not the account's.", "party_id")
    creditor = await load_creditor(tx, creditor_id)
    person_ids = known_by(request.party_id, request.third_party)
    earlier = [
        Inquiry(row["made_at"] or row["asked_at"], row["channel"], str(row["account_id"]), row["outcome"])
        for row in await earlier_inquiries(tx, request.party_id, person_ids)
    ]
    decision = _decide(tx, file, request, earlier, creditor["time_zone"] if creditor is not None else FALLBACK_ZONE)
    row = _row(tx, actor, request, file, decision) | {"creditor_id": creditor_id}
    if not decision.is_allowed:
        raise InquiryBlockedError(row)
    script = script_for(
        request.language,
        caller=request.caller_name,
        consumer=_name_of(file),
        employer=employer,
        consumer_is_deceased="deceased" in file.restrictions,
    )
    allowed = row | {"status": "allowed", "script": asdict(script)}
    await insert_inquiry(tx, allowed)
    publish_inquiry(tx, allowed)
    inquiry_id: UUID = row["inquiry_id"]
    return inquiry_id


def known_by(party_id: UUID, person: ThirdParty) -> list[UUID]:
    """The ids of a third party: one for each thing that the person is known by, so that none hides an earlier talk."""
    ids = [third_party_id(party_id, "name", person.name)]
    for kind, raw in (("phone", person.phone), ("email", person.email), ("address", person.address)):
        value = normalised(kind, raw) if raw else None
        if value is not None:
            ids.append(third_party_id(party_id, kind, value))
    return ids


def _decide(tx: Tx, file: File, request: InquiryRequest, earlier: list[Inquiry], creditors_zone: str) -> Decision:
    zones = zones_of(request.third_party)
    asked = Asked(
        at=tx.clock.now(),
        channel=request.channel,
        account_id=str(request.account_id),
        relationship=request.third_party.relationship,
        local_zone=min(zones, default=creditors_zone),
        ground=request.ground,
        ground_evidence=request.ground_evidence,
        believes_person_knows_now=request.believes_person_knows_now,
        zones=zones,
    )
    consumer = Consumer(
        file.restrictions, file.open_trace is not None, request.attorney_is_silent, request.attorney_evidence
    )
    return decide(asked, consumer, earlier)


def _row(tx: Tx, actor: Actor, request: InquiryRequest, file: File, decision: Decision) -> dict[str, Any]:
    trace = file.open_trace
    person = request.third_party
    return {
        "inquiry_id": new_id(),
        "account_id": request.account_id,
        "party_id": request.party_id,
        "skip_trace_id": None if trace is None else trace["skip_trace_id"],
        "third_party_ids": known_by(request.party_id, person),
        "third_party_name": person.name,
        "third_party_contact": person.phone or person.email or person.address,
        "relationship": person.relationship,
        "channel": request.channel,
        "ground": request.ground,
        "ground_evidence": request.ground_evidence,
        "status": "blocked",
        "outcome": None,
        "findings": [
            {
                "id": finding.rule_id,
                "citation": finding.citation,
                "result": "pass" if finding.passed else "fail",
                "fact": finding.fact,
            }
            for finding in decision.findings
        ],
        "script": None,
        "asked_by": actor.sub,
        "asked_at": tx.clock.now(),
        "made_at": None,
        "reported_at": None,
        "debt_was_mentioned": None,
        "employer_was_named_on_request": None,
        "is_again_requested": False,
        "is_known_now": False,
        "note": None,
    }


def _name_of(file: File) -> str:
    names = () if file.party is None else (file.party["given_name"], file.party["family_name"])
    return " ".join(name for name in names if name) or "this person"


def zones_of(person: ThirdParty) -> frozenset[str]:
    """All zones in which a third party may be, by its telephone number and the postal code of its address."""
    value = normalised("phone", person.phone) if person.phone else None
    code = _POSTAL_CODE.search(person.address or "")
    by_phone = phone_zones(value) if value is not None else ()
    by_address = address_zones(None, code[1]) if code is not None else ()
    return frozenset((*by_phone, *by_address))
