"""Take a promise to pay: it is the person's own word, so it is made at once, without any authority."""

from uuid import UUID

from services.payments.handlers.actor import Actor
from services.payments.handlers.reassess import reassess
from services.payments.handlers.undertaking import lock_account
from services.payments.schemas.obligations import PromiseRequest
from services.payments.store.obligations import insert_promise
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.ids import new_id


async def make_promise(tx: Tx, actor: Actor, request: PromiseRequest) -> UUID | Refusal:
    """Make a promise from the creditor's business date on, and return its id.

    Refuses: `account-not-here`, `account-unknown`, `currency-mismatch`, `account-not-eligible`, `due-on-in-past`.
    """
    account = await lock_account(tx, actor, request.account_id, request.currency)
    if isinstance(account, Refusal):
        return account
    business_date = account["business_date"]
    if request.due_on < business_date:
        detail = f"The due date {request.due_on} is before the business date {business_date}."
        return Refusal("due-on-in-past", detail, "due_on")
    promise_id = new_id()
    await insert_promise(
        tx,
        {
            "promise_id": promise_id,
            "creditor_id": account["creditor_id"],
            "account_id": request.account_id,
            "currency": request.currency,
            "amount_minor": request.amount_minor,
            "due_on": request.due_on,
            "tolerance_minor": 0,
            "grace_days": 0,
            "method": request.method,
            "made_on": business_date,
            "made_at": tx.clock.now(),
            "made_by": actor.sub,
            "made_charged_off": account["status"] == "charged_off",
            "status": "made",
            "paid_minor": 0,
            "version": 0,
        },
    )
    await reassess(tx, [request.account_id])
    return promise_id
