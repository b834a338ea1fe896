"""Takes payments back, a batch at a time: each once, whole, unwinding its own allocation.

A payment can go back while it is held; its reversal is published when it is posted, so that consumers always learn
both. Callers hold the locks of the accounts and reassess what the money had fulfilled.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from services.payments.domain.payment import moved
from services.payments.domain.posting import business_date_of
from services.payments.domain.reversal import Booked, Decision, Original, Reversed, ReversePayment, Standing, decide
from services.payments.handlers.facts import publish_reversed
from services.payments.store.payments import update_payments
from services.payments.store.reversals import book_reversals, insert_reversals, load_standing
from services.payments.store.views import load_accounts, load_creditors
from services.payments.tables.payments import PAYMENT
from shared.db.sets import load_rows
from shared.db.transaction import Tx

Row = Mapping[str, Any]


async def reverse(tx: Tx, commands: Sequence[tuple[UUID, ReversePayment]]) -> list[Decision]:
    """Reverse payments that are here, in order; one decision per command.

    Args:
        tx: the transaction; the accounts of the payments are locked in it.
        commands: the payment and what is to happen to it.
    """
    if not commands:
        return []
    ids = {payment_id for payment_id, _ in commands}
    payments: dict[UUID, Row] = {
        row["payment_id"]: row for row in await load_rows(tx, PAYMENT, "payment_id", list(ids))
    }
    originals = await _originals(tx, payments)
    standing = await load_standing(tx, ids)
    decisions: list[Decision] = []
    reversals: list[dict[str, Any]] = []
    booked: dict[UUID, Booked] = {}
    for payment_id, command in commands:
        decision = decide(command, originals[payment_id], standing.get(payment_id))
        decisions.append(decision)
        if isinstance(decision, Reversed):
            reversals.append(_row(tx, command, payments[payment_id], decision))
            standing[payment_id] = Standing(command.reversal_id, command.origin, None)
        elif isinstance(decision, Booked):
            booked[payment_id] = decision
            standing[payment_id] = Standing(decision.reversal_id, "ours", decision.booked_on)
    await _save(tx, payments, reversals, booked)
    return decisions


async def _originals(tx: Tx, payments: Mapping[UUID, Row]) -> dict[UUID, Original]:
    creditors = await load_creditors(tx, {row["creditor_id"] for row in payments.values()})
    accounts = await load_accounts(tx, {row["account_id"] for row in payments.values()})

    def original(row: Row) -> Original:
        creditor, account = creditors[row["creditor_id"]], accounts.get(row["account_id"])
        return Original(
            row["payment_id"],
            row["account_id"],
            row["amount_minor"],
            row["currency"],
            business_date_of(account, creditor) if account else creditor.business_date,
            creditor.local_date,
        )

    return {payment_id: original(row) for payment_id, row in payments.items()}


def _row(tx: Tx, command: ReversePayment, payment: Row, decision: Reversed) -> dict[str, Any]:
    return {
        "reversal_id": command.reversal_id,
        "payment_id": payment["payment_id"],
        "creditor_id": payment["creditor_id"],
        "account_id": payment["account_id"],
        "amount_minor": payment["amount_minor"],
        "currency": payment["currency"],
        "reason": command.reason,
        "effective_on": command.effective_on,
        "posted_on": decision.posted_on,
        "origin": command.origin,
        "booked_on": None,
        "taken_at": tx.clock.now(),
        "taken_by": command.taken_by,
    }


async def _save(
    tx: Tx, payments: Mapping[UUID, Row], reversals: Sequence[dict[str, Any]], booked: Mapping[UUID, Booked]
) -> None:
    await insert_reversals(tx, reversals)
    await update_payments(
        tx,
        [
            {"payment_id": row["payment_id"], "status": moved(payments[row["payment_id"]]["status"], "reversed")}
            for row in reversals
        ],
    )
    again = await book_reversals(tx, {one.reversal_id: one.booked_on for one in booked.values()}) if booked else []
    for row in (*reversals, *again):
        if payments[row["payment_id"]]["unapplied_reason"] is None:
            publish_reversed(tx, row)
