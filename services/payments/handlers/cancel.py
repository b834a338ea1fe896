"""Cancel a promise or an arrangement that is open, or that the account has cancelled.

A cancel by request is final, and a second one changes nothing. One by the account's facts may still be judged anew, so
a request is recorded then too.
"""

from uuid import UUID

from services.payments.domain import arrangement, promise
from services.payments.domain.account_case import REQUEST
from services.payments.handlers.actor import Actor
from services.payments.handlers.reassess import Amendment, reassess
from services.payments.handlers.undertaking import Kind, Precondition, lock_undertaking
from shared.db.transaction import Tx
from shared.errors import Refusal


async def cancel(
    tx: Tx, actor: Actor, kind: Kind, obligation_id: UUID, *, precondition: Precondition | None = None
) -> UUID | Refusal:
    """Cancel on the creditor's business date, and return the id.

    Refuses: `promise-unknown`, `arrangement-unknown`, and `transition-refused` for what is
    kept, broken or completed.
    """
    locked = await lock_undertaking(tx, actor, kind, obligation_id, precondition)
    if isinstance(locked, Refusal):
        return locked
    row, account = locked
    is_open = row["status"] in (promise.OPEN if kind == "promise" else arrangement.OPEN)
    if not is_open and row["status"] != "cancelled":
        return Refusal("transition-refused", f"Only what is open is cancelled; this {kind} is {row['status']}.")
    if row["cancel_reason"] != REQUEST:
        fact = {
            "cancelled_on": account["business_date"],
            "cancelled_by": actor.sub,
            "cancel_reason": REQUEST,
        }
        await reassess(tx, [row["account_id"]], amendment=Amendment({obligation_id: fact}))
    return obligation_id
