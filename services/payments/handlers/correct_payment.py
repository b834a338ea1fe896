"""Corrects one payment by hand: reverses it, or moves its money to where it belongs.

A reallocation is a reversal as misapplied and a new payment that names the old one, in one transaction.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.payments.domain.allocation import Line
from services.payments.domain.payment import PostPayment
from services.payments.domain.posting import Posted
from services.payments.domain.reversal import Reversed, ReversePayment
from services.payments.handlers.actor import Actor
from services.payments.handlers.post_payments import conclude, post
from services.payments.handlers.reassess import reassess
from services.payments.handlers.reverse_payments import reverse
from services.payments.store.payments import Stored, load_stored
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.ids import new_id

REALLOCATION = "reallocation"
"""The source of a payment that a reallocation makes; its reference is the id of the misapplied one."""


@dataclass(frozen=True, slots=True)
class Reallocate:
    """Move the money of a payment. Null keeps what the payment has (its waterfall runs anew)."""

    payment_id: UUID
    account_id: UUID | None
    effective_on: date | None
    allocation: tuple[Line, ...] | None


async def reverse_payment(tx: Tx, actor: Actor, payment_id: UUID, *, reason: str, effective_on: date) -> UUID | Refusal:
    """Reverse one payment, whole; a payment that is reversed already stays as it is. Returns the payment's id."""
    payment = await _locked(tx, actor, payment_id, ())
    if isinstance(payment, Refusal):
        return payment
    command = ReversePayment(new_id(), reason, effective_on, None, "ours", taken_by=actor.sub)
    (decision,) = await reverse(tx, [(payment_id, command)])
    if isinstance(decision, Refusal):
        return decision
    await reassess(tx, {payment.row["account_id"]})
    return payment_id


async def reallocate_payment(tx: Tx, actor: Actor, command: Reallocate) -> Stored | Refusal:
    """Reverse a payment as misapplied and post its money again; returns the new payment."""
    targets = () if command.account_id is None else (command.account_id,)
    payment = await _locked(tx, actor, command.payment_id, targets)
    if isinstance(payment, Refusal):
        return payment
    if payment.row["status"] == "reversed":
        return Refusal("payment-already-reversed", "Its money went back already.")
    if payment.row["status"] == "unapplied":
        return Refusal("payment-not-posted", "It waits for its account: reverse it, and post it where it belongs.")
    new = _new_payment(actor, payment.row, command)
    taken_back = ReversePayment(new_id(), "misapplied", payment.row["effective_on"], None, "ours", taken_by=actor.sub)
    (decision,) = await reverse(tx, [(command.payment_id, taken_back)])
    if not isinstance(decision, Reversed):
        return decision if isinstance(decision, Refusal) else Refusal("payment-already-reversed", "It is reversed.")
    posting = await post(tx, [new])
    (made,) = posting.decisions
    if not isinstance(made, Posted):
        return made if isinstance(made, Refusal) else Refusal("account-unknown", "No such account.", "account_id")
    await conclude(tx, posting, posting.touched | {payment.row["account_id"]})
    return posting.made[new.payment_id]


def _new_payment(actor: Actor, old: Any, command: Reallocate) -> PostPayment:
    return PostPayment(
        payment_id=new_id(),
        account_id=command.account_id or old["account_id"],
        # The account must be known and of the creditor: a bare id is resolved within this one creditor.
        creditor_id=None,
        core_account_number=None,
        amount_minor=old["amount_minor"],
        currency=old["currency"],
        effective_on=command.effective_on or old["effective_on"],
        posted_on=None,
        channel=old["channel"],
        source=REALLOCATION,
        source_ref=str(old["payment_id"]),
        ach_trace=old["ach_trace"],
        allocation=command.allocation,
        reallocation_of=old["payment_id"],
        creditors=frozenset({old["creditor_id"]}),
        taken_by=actor.sub,
    )


async def _locked(tx: Tx, actor: Actor, payment_id: UUID, accounts: Iterable[UUID]) -> Stored | Refusal:
    """Lock a payment's account (it never changes) and those given, then read the payment."""
    found = (await load_stored(tx, [payment_id])).get(payment_id)
    if found is None or not actor.may_see(found.row["creditor_id"]):
        return Refusal("payment-unknown", f"There is no payment {payment_id}.")
    await lock(tx, creditors=[found.row["creditor_id"]], accounts=[found.row["account_id"], *accounts])
    return (await load_stored(tx, [payment_id]))[payment_id]
