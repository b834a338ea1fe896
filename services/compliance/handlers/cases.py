"""Disputes, representations and complaints: recorded once, then moved on, each with the hold that it calls for.

Whether a dispute stops the collection of its debt is a question to the rules in force; the hold that it places is a
restriction like any other, with the id of the dispute in its own, and ends when the dispute is answered or closed.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.compliance.domain.dispute import CLOSED, TRANSITIONS, holding_rule
from services.compliance.domain.facts import Role
from services.compliance.domain.record_ids import attorney_restriction_id, caused_id
from services.compliance.domain.restriction import CITATIONS
from services.compliance.domain.rules import RuleBook
from services.compliance.handlers.actor import Actor
from services.compliance.handlers.publish import publish_disputes
from services.compliance.handlers.restrict import Lift, Precondition, lift, place
from services.compliance.handlers.subject import lock_party, lock_record, record_id
from services.compliance.schemas.cases import (
    ComplaintClose,
    ComplaintRequest,
    DisputeRequest,
    DisputeStep,
    RepresentationRequest,
    RepresentationStep,
)
from services.compliance.store.cases import insert_cases, load_case, update_case
from services.compliance.store.subjects import day_of, load_roles, load_zones
from shared.db.transaction import Tx
from shared.errors import Refusal

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Disputes:
    """Opens and moves disputes by the rules of one book."""

    book: RuleBook

    async def open(self, tx: Tx, actor: Actor, request: DisputeRequest) -> UUID | Refusal:
        """Record a dispute, with the hold that the rules ask for. Refuses as `lock_party` does."""
        held = await lock_party(tx, actor, request.party_id, [request.account_id])
        if isinstance(held, Refusal):
            return held
        now = tx.clock.now()
        row = {
            "dispute_id": record_id(request.attempt_id, f"dispute:{request.account_id}"),
            "creditor_id": held.creditor_id,
            "status": "opened",
            "recorded_by": actor.sub,
            **request.model_dump(exclude={"attempt_id"}),
            "received_at": request.received_at or now,
        }
        await self.record(tx, [row])
        dispute_id: UUID = row["dispute_id"]
        return dispute_id

    async def record(self, tx: Tx, rows: list[Row], *, causes: dict[UUID, UUID] | None = None) -> None:
        """Record disputes whose parties are locked, each once, and place the holds that the rules ask for."""
        if not rows:
            return
        creditors = {row["creditor_id"] for row in rows}
        roles, zones = await load_roles(tx, creditors), await load_zones(tx, creditors)
        held = [self._with_hold(row, roles.get(row["creditor_id"])) for row in rows]
        made = await insert_cases(tx, "dispute", [{**row, "version": tx.least_version + 1} for row, _citation in held])
        publish_disputes(tx, made, causes=causes)
        new = {row["dispute_id"] for row in made}
        holds = [
            _hold(
                row,
                row["hold_id"],
                "dispute_hold",
                source="dispute",
                citation=citation,
                effective_on=day_of(row["received_at"], zones.get(row["creditor_id"])),
            )
            for row, citation in held
            if citation is not None and row["dispute_id"] in new
        ]
        by_hold = {row["hold_id"]: (causes or {}).get(row["dispute_id"]) for row, _citation in held}
        await place(tx, holds, causes={key: cause for key, cause in by_hold.items() if cause is not None})

    def _with_hold(self, row: Row, role: Role | None) -> tuple[Row, str | None]:
        """The row, with the id of its hold and the rule's citation where a rule in force asks for one.

        While the creditor is not known its role is not: then it is held as a debt collector's would be.
        """
        on = row["received_at"].date()
        rules = self.book.select(role or Role.THIRD_PARTY_COLLECTOR, frozenset(), on)
        is_whole = row.get("disputed_minor") is None
        rule = holding_rule(rules, kind=row["kind"], is_written=row["is_written"], is_whole=is_whole)
        if rule is None:
            return {**row, "hold_id": None}, None
        return {**row, "hold_id": caused_id(row["dispute_id"], "dispute_hold")}, rule.citation


async def move_dispute(
    tx: Tx, actor: Actor, dispute_id: UUID, step: DisputeStep, precondition: Precondition
) -> UUID | Refusal:
    """Move a dispute on; its hold ends when it is answered or closed.

    Refuses `dispute-unknown`, and `transition-refused` for a step that its state does not allow.
    """
    refused = await lock_record(tx, actor, await load_case(tx, "dispute", dispute_id), "dispute")
    if refused is not None:
        return refused
    row = await load_case(tx, "dispute", dispute_id) or {}
    precondition(row["version"])
    if step.status != row["status"] and step.status not in TRANSITIONS[row["status"]]:
        return Refusal("transition-refused", f"A dispute that is {row['status']} is never {step.status}.", "status")
    now = tx.clock.now()
    change = {
        "status": step.status,
        "answered_at": row["answered_at"] or step.answered_at,
        "closed_at": row["closed_at"] or (now if step.status in CLOSED else None),
        "version": max(row["version"], tx.least_version) + 1,
    }
    await update_case(tx, "dispute", {"dispute_id": dispute_id, **change})
    publish_disputes(tx, [row | change])
    was_open = row["answered_at"] is None and row["closed_at"] is None
    if row["hold_id"] is not None and was_open and (change["answered_at"] or change["closed_at"]):
        await lift(tx, row["hold_id"], Lift(actor.sub, f"the dispute is {step.status}"))
    return dispute_id


async def record_representation(tx: Tx, actor: Actor, request: RepresentationRequest) -> UUID | Refusal:
    """Record an attorney; direct contact about these debts is restricted at once. Refuses as `lock_party` does."""
    held = await lock_party(tx, actor, request.party_id, request.account_ids)
    if isinstance(held, Refusal):
        return held
    now = tx.clock.now()
    row = {
        "representation_id": record_id(request.attempt_id, "representation"),
        "creditor_id": held.creditor_id,
        "is_direct_allowed": False,
        "recorded_by": actor.sub,
        "version": tx.least_version + 1,
        **request.model_dump(exclude={"attempt_id"}),
        "account_ids": list(request.account_ids),
        "known_at": request.known_at or now,
    }
    made = await insert_cases(tx, "representation", [row])
    day = day_of(row["known_at"], held.zone)
    await place(
        tx,
        [
            _hold(
                each,
                attorney_restriction_id(each["representation_id"]),
                "attorney",
                source="representation",
                effective_on=day,
            )
            for each in made
        ],
    )
    representation_id: UUID = row["representation_id"]
    return representation_id


async def move_representation(
    tx: Tx, actor: Actor, representation_id: UUID, step: RepresentationStep, precondition: Precondition
) -> UUID | Refusal:
    """Change a representation; its restriction ends with it. Refuses `representation-unknown`."""
    refused = await lock_record(tx, actor, await load_case(tx, "representation", representation_id), "representation")
    if refused is not None:
        return refused
    row = await load_case(tx, "representation", representation_id) or {}
    precondition(row["version"])
    change = step.model_dump(exclude_unset=True) | {"version": max(row["version"], tx.least_version) + 1}
    await update_case(tx, "representation", {"representation_id": representation_id, **change})
    if row["ended_at"] is None and step.ended_at is not None:
        await lift(tx, attorney_restriction_id(representation_id), Lift(actor.sub, "the representation has ended"))
    return representation_id


async def take_complaint(tx: Tx, actor: Actor, request: ComplaintRequest) -> UUID | Refusal:
    """Record a complaint, with a hold where whoever takes it asks for one. Refuses as `lock_party` does."""
    accounts = None if request.account_id is None else [request.account_id]
    held = await lock_party(tx, actor, request.party_id, accounts)
    if isinstance(held, Refusal):
        return held
    now = tx.clock.now()
    complaint_id = record_id(None, "complaint")
    row = {
        "complaint_id": complaint_id,
        "creditor_id": held.creditor_id,
        "status": "opened",
        "recorded_by": actor.sub,
        "version": tx.least_version + 1,
        **request.model_dump(exclude={"is_hold"}),
        "received_at": request.received_at or now,
        "hold_id": caused_id(complaint_id, "complaint_hold") if request.is_hold else None,
    }
    await insert_cases(tx, "complaint", [row])
    if request.is_hold:
        day = day_of(row["received_at"], held.zone)
        await place(tx, [_hold(row, row["hold_id"], "complaint_hold", source="complaint", effective_on=day)])
    return complaint_id


async def close_complaint(
    tx: Tx, actor: Actor, complaint_id: UUID, request: ComplaintClose, precondition: Precondition
) -> UUID | Refusal:
    """Close a complaint; its hold ends. A second time changes nothing. Refuses `complaint-unknown`."""
    refused = await lock_record(tx, actor, await load_case(tx, "complaint", complaint_id), "complaint")
    if refused is not None:
        return refused
    row = await load_case(tx, "complaint", complaint_id) or {}
    precondition(row["version"])
    if row["status"] == "closed":
        return complaint_id
    change = {
        "status": "closed",
        "resolution": request.resolution,
        "closed_at": tx.clock.now(),
        "version": max(row["version"], tx.least_version) + 1,
    }
    await update_case(tx, "complaint", {"complaint_id": complaint_id, **change})
    if row["hold_id"] is not None:
        await lift(tx, row["hold_id"], Lift(actor.sub, "the complaint is closed"))
    return complaint_id


def _hold(row: Row, restriction_id: UUID, kind: str, *, source: str, effective_on: Any, citation: str = "") -> Row:
    """The restriction that a case places: it holds from when the case was received."""
    account_id = row.get("account_id")
    return {
        "restriction_id": restriction_id,
        "creditor_id": row["creditor_id"],
        "party_id": row["party_id"],
        "account_ids": row.get("account_ids") or ([] if account_id is None else [account_id]),
        "kind": kind,
        "effective_on": effective_on,
        "effective_at": row.get("received_at") or row["known_at"],
        "is_written": bool(row.get("is_written", True)),
        "evidence": {"text": None, "reference": f"{source} {row[f'{source}_id']}", "received_on": None},
        "citation": citation or CITATIONS[kind],
        "source": source,
        "source_id": row[f"{source}_id"],
        "placed_by": row["recorded_by"],
    }
