"""Agree on a payment arrangement: active at once within the maker's authority, else proposed for a supervisor."""

from datetime import date
from typing import Any
from uuid import UUID

from services.payments.domain.arrangement import Installment
from services.payments.domain.authority import exceeded
from services.payments.domain.schedule import check_terms, even_schedule, explicit_schedule
from services.payments.handlers.actor import Actor
from services.payments.handlers.reassess import reassess
from services.payments.handlers.undertaking import lock_account
from services.payments.schemas.obligations import ArrangementRequest, ScheduleTerms
from services.payments.store.obligations import Row, has_open_arrangement, insert_arrangement
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.ids import new_id


async def propose_arrangement(tx: Tx, actor: Actor, request: ArrangementRequest) -> UUID | Refusal:
    """Make an arrangement from the creditor's business date on; return its id. An active one cancels open promises.

    Refuses: `account-not-here`, `account-unknown`, `currency-mismatch`, `account-not-eligible`, `schedule-invalid`,
    `due-on-in-past`, `arrangement-open`.
    """
    account = await lock_account(tx, actor, request.account_id, request.currency)
    if isinstance(account, Refusal):
        return account
    installments = _installments(request, account["business_date"])
    if isinstance(installments, Refusal):
        return installments
    if await has_open_arrangement(tx, request.account_id):
        return Refusal("arrangement-open", "The account has an open arrangement; cancel it first.")
    limits = exceeded(actor.roles, installments, tolerance_minor=request.tolerance_minor, grace_days=request.grace_days)
    arrangement_id = new_id()
    row = _row(tx, actor, request, account) | {
        "arrangement_id": arrangement_id,
        "total_minor": sum(one.amount_minor for one in installments),
        "approved_at": None if limits else tx.clock.now(),
        "activated_on": None if limits else account["business_date"],
        "status": "proposed" if limits else "active",
    }
    await insert_arrangement(tx, row, installments)
    await reassess(tx, [request.account_id])
    return arrangement_id


def _installments(request: ArrangementRequest, business_date: date) -> tuple[Installment, ...] | Refusal:
    terms = request.installments
    if isinstance(terms, ScheduleTerms):
        made = even_schedule(
            count=terms.count,
            first_due_on=terms.first_due_on,
            frequency=terms.frequency,
            total_minor=terms.total_minor,
        )
    else:
        made = explicit_schedule([Installment(one.due_on, one.amount_minor) for one in terms])
    if isinstance(made, Refusal):
        return made
    return check_terms(made, tolerance_minor=request.tolerance_minor, business_date=business_date) or made


def _row(tx: Tx, actor: Actor, request: ArrangementRequest, account: Any) -> Row:
    return {
        "creditor_id": account["creditor_id"],
        "account_id": request.account_id,
        "currency": request.currency,
        "tolerance_minor": request.tolerance_minor,
        "grace_days": request.grace_days,
        "made_on": account["business_date"],
        "made_at": tx.clock.now(),
        "made_by": actor.sub,
        "made_charged_off": account["status"] == "charged_off",
        "paid_minor": 0,
        "version": 0,
    }
