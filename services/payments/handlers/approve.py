"""Approve a proposal: a supervisor's step, never on one's own proposal. It is active from then on."""

from uuid import UUID

from services.payments.domain.authority import check_approver
from services.payments.handlers.actor import Actor
from services.payments.handlers.reassess import Amendment, reassess
from services.payments.handlers.undertaking import Kind, Precondition, lock_undertaking
from services.payments.store.obligations import first_due_on
from shared.db.transaction import Tx
from shared.errors import Refusal


async def approve(
    tx: Tx, actor: Actor, kind: Kind, obligation_id: UUID, *, precondition: Precondition | None = None
) -> UUID | Refusal:
    """Approve a proposed arrangement and return its id. Money counts from when it was proposed.

    Refuses: `arrangement-unknown`, `promise-unknown`, `transition-refused` (a promise is never
    proposed), `same-person`, and `due-on-in-past` where the first due date has passed while it waited.
    """
    locked = await lock_undertaking(tx, actor, kind, obligation_id, precondition)
    if isinstance(locked, Refusal):
        return locked
    row, account = locked
    if row["status"] != "proposed":
        return Refusal("transition-refused", f"Only a proposal is approved; this {kind} is {row['status']}.")
    refused = check_approver(proposed_by=row["made_by"], approver=actor.sub)
    if refused is not None:
        return refused
    if await first_due_on(tx, obligation_id) < account["business_date"]:
        return Refusal("due-on-in-past", "The first due date has passed while the proposal waited; make a new one.")
    approval = {
        "approved_at": tx.clock.now(),
        "approved_by": actor.sub,
        "activated_on": account["business_date"],
    }
    await reassess(tx, [row["account_id"]], amendment=Amendment({obligation_id: approval}))
    return obligation_id
