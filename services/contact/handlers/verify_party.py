"""Keeps that the right party was verified in a contact: which facts fitted, never the answers."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from services.contact.domain.attempt import may_become
from services.contact.domain.verification import Attested, Factor, Known, Verification, verify
from services.contact.handlers.actor import Actor
from services.contact.store.attempts import load_attempts, update_attempts
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.errors import Refusal

_KNOWN = "SELECT date_of_birth, postal_code, family_name, street FROM party_view WHERE party_id = $1"


async def verify_party(
    tx: Tx, actor: Actor, attempt_id: UUID, answers: Mapping[Factor, date | str], attested: tuple[Attested, ...]
) -> Verification | Refusal:
    """Hold the answers against what is known of the party of an open attempt.

    Refuses: `attempt-unknown`, `attempt-closed`. A failed verification may be tried again.
    """
    found = await load_attempts(tx, [attempt_id])
    if attempt_id not in found or not actor.may_see(found[attempt_id]["creditor_id"]):
        return Refusal("attempt-unknown", "There is no such contact attempt.")
    await lock(tx, creditors=[found[attempt_id]["creditor_id"]], accounts=[attempt_id])
    row = (await load_attempts(tx, [attempt_id]))[attempt_id]
    if row["status"] == "closed":
        return Refusal("attempt-closed", "The attempt has its outcome.")
    known = await tx.fetchrow(_KNOWN, row["party_id"])
    verification = verify(Known(None, None, None, None) if known is None else Known(**dict(known)), answers, attested)
    if verification.is_verified and may_become(row["status"], "right_party"):
        change = {
            "attempt_id": attempt_id,
            "status": "right_party",
            "verified_at": tx.clock.now(),
            "verified_by": list(verification.matched),
        }
        await update_attempts(tx, [change])
    return verification
