"""Record what a person allows, forbids and says about being contacted: consents, refusals, times, places, flags.

A revocation is recorded beside the consents that it ends, never in their place: which it ends is worked out by the
instants when a decision is made.
"""

from typing import Any
from uuid import UUID

from services.compliance.domain.record_ids import refusal_name
from services.compliance.handlers.actor import Actor
from services.compliance.handlers.publish import publish_consents
from services.compliance.handlers.restrict import Precondition
from services.compliance.handlers.subject import Held, lock_party, lock_record, record_id
from services.compliance.schemas.choices import (
    ConsentRequest,
    CreditorNoticeTerms,
    PointFlagsRequest,
    PreferenceRequest,
    PriorCollectorTerms,
    ReassignedCheckTerms,
    RevocationRequest,
)
from services.compliance.store.choices import (
    insert_consents,
    insert_preferences,
    load_consent,
    load_flags,
    load_preference,
    save_flags,
    update_consents,
    update_preference,
)
from shared.db.transaction import Tx
from shared.errors import Refusal

_DETAILS = {
    "creditor_notice": CreditorNoticeTerms,
    "prior_collector": PriorCollectorTerms,
    "reassigned_check": ReassignedCheckTerms,
}


async def grant_consent(tx: Tx, actor: Actor, request: ConsentRequest) -> UUID | Refusal:
    """Record a consent or another basis. Refuses as `lock_party` does, and `consent-details-mismatch`."""
    wanted = _DETAILS.get(request.basis)
    if (request.details is not None) != (wanted is not None) or (wanted and not isinstance(request.details, wanted)):
        return Refusal("consent-details-mismatch", f"The basis {request.basis} needs its own details.", "details")
    held = await lock_party(tx, actor, request.party_id, request.account_ids)
    if isinstance(held, Refusal):
        return held
    name = f"consent:{request.channel}:{request.purpose}"
    row = _choice(tx, actor, request, held, record_id(request.attempt_id, name)) | {
        "granted_at": request.granted_at or tx.clock.now(),
        "starts_on": request.starts_on,
        "ends_on": request.ends_on,
        "details": request.details and request.details.model_dump(mode="json"),
    }
    return await _record_consent(tx, row)


async def refuse(tx: Tx, actor: Actor, request: RevocationRequest) -> UUID | Refusal:
    """Record a revocation or refusal. Refuses as `lock_party` does."""
    held = await lock_party(tx, actor, request.party_id, request.account_ids)
    if isinstance(held, Refusal):
        return held
    # A voicemail is a call: who refuses the one refuses the medium.
    channel = "phone" if request.channel == "voicemail" else request.channel
    name = refusal_name(channel, request.contact_point_id)
    row = _choice(tx, actor, request, held, record_id(request.attempt_id, name)) | {
        "channel": channel,
        "revoked_at": request.revoked_at or tx.clock.now(),
    }
    return await _record_consent(tx, row)


async def revoke_consent(tx: Tx, actor: Actor, consent_id: UUID, precondition: Precondition) -> UUID | Refusal:
    """Revoke one consent from now on; a second time changes nothing. Refuses `consent-unknown`."""
    refused = await lock_record(tx, actor, await load_consent(tx, consent_id), "consent")
    if refused is not None:
        return refused
    row = await load_consent(tx, consent_id)
    if row is None:
        raise LookupError(f"consent {consent_id} is not there")
    precondition(row["version"])
    if row["revoked_at"] is None:
        change = {"revoked_at": tx.clock.now(), "version": max(row["version"], tx.least_version) + 1}
        await update_consents(tx, [{"consent_id": consent_id, **change}])
        publish_consents(tx, [row | change])
    return consent_id


async def state_preference(tx: Tx, actor: Actor, request: PreferenceRequest) -> UUID | Refusal:
    """Record an inconvenient time or place, or where the person is. Refuses `preference-mismatch`."""
    terms = {
        "inconvenient_time": request.inconvenient_time,
        "inconvenient_place": request.inconvenient_place,
        "location": request.location,
    }
    given = [(kind, one) for kind, one in terms.items() if one is not None]
    if len(given) != 1:
        return Refusal("preference-mismatch", "Give exactly one of a time, a place and a location.")
    held = await lock_party(tx, actor, request.party_id)
    if isinstance(held, Refusal):
        return held
    kind, one = given[0]
    name = "inconvenient" if kind.startswith("inconvenient") else kind
    row: dict[str, Any] = {
        "preference_id": record_id(request.attempt_id, name),
        "creditor_id": held.creditor_id,
        "party_id": request.party_id,
        "kind": kind,
        "known_at": request.known_at or tx.clock.now(),
        "ends_at": request.ends_at,
        "terms": one.model_dump(mode="json"),
        "source_id": request.attempt_id,
        "recorded_at": tx.clock.now(),
        "recorded_by": actor.sub,
        "version": tx.least_version + 1,
    }
    await insert_preferences(tx, [row])
    preference_id: UUID = row["preference_id"]
    return preference_id


async def withdraw_preference(tx: Tx, actor: Actor, preference_id: UUID, precondition: Precondition) -> UUID | Refusal:
    """End a preference now; a second time changes nothing. Refuses `preference-unknown`."""
    refused = await lock_record(tx, actor, await load_preference(tx, preference_id), "preference")
    if refused is not None:
        return refused
    row = await load_preference(tx, preference_id)
    if row is None:
        raise LookupError(f"preference {preference_id} is not there")
    precondition(row["version"])
    if row["withdrawn_at"] is None:
        change = {"withdrawn_at": tx.clock.now(), "version": max(row["version"], tx.least_version) + 1}
        await update_preference(tx, {"preference_id": preference_id, **change})
    return preference_id


async def flag_point(
    tx: Tx, actor: Actor, contact_point_id: UUID, request: PointFlagsRequest, precondition: Precondition | None
) -> UUID | Refusal:
    """Say what is known of a contact point besides. Refuses as `lock_party` does, and `contact-point-mismatch`."""
    held = await lock_party(tx, actor, request.party_id)
    if isinstance(held, Refusal):
        return held
    row = await load_flags(tx, contact_point_id)
    if row is not None and row["party_id"] != request.party_id:
        return Refusal("contact-point-mismatch", "The contact point is another party's.", "party_id")
    if row is not None and precondition is not None:
        precondition(row["version"])
    version = max(row["version"] if row else 0, tx.least_version) + 1
    await save_flags(
        tx,
        {
            "contact_point_id": contact_point_id,
            "creditor_id": held.creditor_id,
            **request.model_dump(),
            "recorded_at": tx.clock.now(),
            "recorded_by": actor.sub,
            "version": version,
        },
    )
    return contact_point_id


def _choice(
    tx: Tx, actor: Actor, request: ConsentRequest | RevocationRequest, held: Held, consent_id: UUID
) -> dict[str, Any]:
    return {
        "consent_id": consent_id,
        "creditor_id": held.creditor_id,
        "party_id": request.party_id,
        "channel": request.channel,
        "purpose": request.purpose,
        "contact_point_id": request.contact_point_id,
        "account_ids": list(request.account_ids),
        "basis": request.basis,
        "evidence": request.evidence.model_dump(mode="json"),
        "source_id": request.attempt_id,
        "recorded_at": tx.clock.now(),
        "recorded_by": actor.sub,
        "version": tx.least_version + 1,
    }


async def _record_consent(tx: Tx, row: dict[str, Any]) -> UUID:
    publish_consents(tx, await insert_consents(tx, [row]))
    consent_id: UUID = row["consent_id"]
    return consent_id
