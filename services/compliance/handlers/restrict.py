"""Place and lift restrictions. Both lock the party first, as a decision does: a cease and an allow never pass."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import UUID

from services.compliance.domain.restriction import CITATIONS, TRANSITIONS, status_on
from services.compliance.handlers.actor import Actor
from services.compliance.handlers.publish import publish_restrictions
from services.compliance.handlers.subject import lock_party, lock_record, record_id
from services.compliance.schemas.restrictions import LiftRequest, RestrictionRequest
from services.compliance.store.restrictions import insert_restrictions, load_restriction, update_restrictions
from services.compliance.store.subjects import day_of, load_zones
from shared.db.transaction import Tx
from shared.errors import Refusal

Precondition = Callable[[int], None]
"""Raises `precondition-failed` for a version that the caller has not seen (the If-Match of a request)."""
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lift:
    """Who lifts a restriction, and why."""

    by: str
    reason: str
    evidence: Mapping[str, Any] | None = None


async def place_restriction(tx: Tx, actor: Actor, request: RestrictionRequest) -> UUID | Refusal:
    """Place a restriction and return its id; one that an attempt caused is placed once.

    Refuses: `party-not-here`, `account-not-here`, `party-unknown`, `accounts-of-several-creditors`, `validation-error`.
    """
    held = await lock_party(tx, actor, request.party_id, request.account_ids)
    if isinstance(held, Refusal):
        return held
    effective_at = request.effective_at or tx.clock.now()
    if request.effective_on is not None:
        effective_at = datetime.combine(request.effective_on, time(), held.zone)
    effective_on = day_of(effective_at, held.zone)
    if request.ends_on is not None and request.ends_on < effective_on:
        return Refusal("validation-error", "It ends before it begins.", "ends_on")
    row: Row = {
        "restriction_id": record_id(request.attempt_id, request.kind),
        "creditor_id": held.creditor_id,
        "party_id": request.party_id,
        "account_ids": sorted(held.account_ids) if request.account_ids else [],
        "kind": request.kind,
        "effective_on": effective_on,
        "effective_at": effective_at,
        "ends_on": request.ends_on,
        "is_written": request.attempt_id is None if request.is_written is None else request.is_written,
        "evidence": request.evidence.model_dump(mode="json"),
        "citation": request.citation or CITATIONS[request.kind],
        "source": "person" if request.attempt_id is None else "contact",
        "source_id": request.attempt_id,
        "placed_by": actor.sub,
    }
    await place(tx, [row])
    restriction_id: UUID = row["restriction_id"]
    return restriction_id


async def place(tx: Tx, rows: Sequence[Row], *, causes: Mapping[UUID, UUID] | None = None) -> None:
    """Place those that do not stand yet, and publish them. The locks of their parties are held."""
    now = tx.clock.now()
    made = await insert_restrictions(tx, [{**row, "placed_at": now, "version": tx.least_version + 1} for row in rows])
    await publish_restrictions(tx, made, causes=causes)


async def lift_restriction(
    tx: Tx, actor: Actor, restriction_id: UUID, request: LiftRequest, precondition: Precondition
) -> UUID | Refusal:
    """Lift a restriction, with a reason and evidence; a second lift changes nothing. Refuses `restriction-unknown`."""
    refused = await lock_record(tx, actor, await load_restriction(tx, restriction_id), "restriction")
    if refused is not None:
        return refused
    lifting = Lift(actor.sub, request.reason, request.evidence.model_dump(mode="json"))
    await lift(tx, restriction_id, lifting, precondition)
    return restriction_id


async def lift(tx: Tx, restriction_id: UUID, lifting: Lift, precondition: Precondition | None = None) -> None:
    """Lift a restriction whose party is locked, and publish it."""
    row = await load_restriction(tx, restriction_id)
    if row is None:
        raise LookupError(f"restriction {restriction_id} was placed and is not there")
    if precondition is not None:
        precondition(row["version"])
    zones = await load_zones(tx, [row["creditor_id"]])
    dates = {name: row[name] for name in ("effective_on", "ends_on", "lifted_at")}
    status = status_on(day_of(tx.clock.now(), zones.get(row["creditor_id"])), **dates)
    if "lifted" not in TRANSITIONS[status]:
        return
    row |= {
        "lifted_at": tx.clock.now(),
        "lifted_by": lifting.by,
        "lift_reason": lifting.reason,
        "lift_evidence": lifting.evidence,
        "version": max(row["version"], tx.least_version) + 1,
    }
    names = ("restriction_id", "lifted_at", "lifted_by", "lift_reason", "lift_evidence", "version")
    await update_restrictions(tx, [{name: row[name] for name in names}])
    await publish_restrictions(tx, [row])
