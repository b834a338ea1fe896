"""Posts payments, a batch at a time: from HTTP (micro-batched), from core banking, and by reallocation alike.

One statement per table: account views, creditor views, the claim of the source references, what was paid beyond the
snapshots, then one insert each for payments, allocations and events. In between, `decide` takes the items one by one,
and a later item sees what an earlier one did. A refusal is a value; it leaves no trace and never fails a neighbour.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from services.payments.domain.allocation import Basis, merged
from services.payments.domain.payment import PaymentStatus, PostPayment, payment_id_in
from services.payments.domain.posting import (
    Account,
    Creditor,
    Decision,
    Duplicate,
    Echo,
    Held,
    KnownReference,
    OurPayment,
    Posted,
    UnappliedReason,
    decide,
)
from services.payments.domain.reversal import Reversed
from services.payments.handlers.facts import publish_posted, publish_unapplied
from services.payments.handlers.reassess import note_completed, reassess
from services.payments.handlers.reverse_payments import reverse
from services.payments.schemas.payments import PaymentAnswer
from services.payments.store.payments import (
    Stored,
    book_payments,
    insert_payments,
    load_ours,
    load_stored,
)
from services.payments.store.references import Claim, Key, claim, settle
from services.payments.store.reversals import hold_reversals, take_held
from services.payments.store.views import load_accounts, load_creditors, load_paid
from shared.db.transaction import Tx
from shared.errors import Refusal


@dataclass(slots=True)
class Posting:
    """What a batch came to: a decision per command, in order, and the payments that it made."""

    commands: list[PostPayment]
    decisions: list[Decision] = field(default_factory=list)
    made: dict[UUID, Stored] = field(default_factory=dict)
    used: dict[Key, Claim] = field(default_factory=dict)
    reversed: set[UUID] = field(default_factory=set)
    """Payments of this batch whose reversal had been waiting for them."""

    @property
    def touched(self) -> set[UUID]:
        """The accounts whose posted money changed."""
        return {one.row["account_id"] for one in self.made.values() if one.row["unapplied_reason"] is None}

    @property
    def causes(self) -> dict[UUID, UUID]:
        """The event that touched each account, for the trace."""
        return {one.account_id: one.caused_by for one in self.commands if one.caused_by is not None}


class _Asked(NamedTuple):
    """A command, the reference that it uses (None: nobody can tell whose it is), and our payment that it echoes."""

    command: PostPayment
    key: Key | None = None
    claim: Claim | None = None
    ours: OurPayment | None = None


@dataclass(slots=True)
class _Facts:
    """What a batch decides on."""

    taken_at: datetime
    accounts: dict[UUID, Account]
    creditors: dict[UUID, Creditor]
    known: dict[Key, KnownReference]
    paid: dict[UUID, dict[str, int]]


async def post_payments(tx: Tx, commands: Sequence[PostPayment]) -> list[PaymentAnswer | Refusal]:
    """Post a batch and answer each command: the payment as it stands, or why it was refused.

    The accounts and creditors of the batch are locked. What the payments fulfil is reassessed in this transaction.
    """
    posting = await post(tx, commands)
    await conclude(tx, posting, posting.touched)
    return await _answers(tx, posting)


async def post(tx: Tx, commands: Sequence[PostPayment]) -> Posting:
    """Post a batch without reassessing; the caller concludes it."""
    accounts = await load_accounts(tx, {command.account_id for command in commands})
    posting = Posting([_resolved(command, accounts.get(command.account_id)) for command in commands])
    ours = await _load_ours(tx, posting.commands)
    asked = [_asked(command, ours) for command in posting.commands]
    claims = {one.key: one.claim for one in reversed(asked) if one.key is not None and one.claim is not None}
    facts = _Facts(
        taken_at=tx.clock.now(),
        accounts=accounts,
        creditors=await load_creditors(tx, {key[0] for key in claims}),
        known=await claim(tx, claims),
        paid=await load_paid(tx, _undirected(posting.commands, accounts)),
    )
    _decide(tx, posting, asked, facts)
    await settle(tx, {key: one for key, one in claims.items() if key not in facts.known}, posting.used)
    await insert_payments(tx, list(posting.made.values()))
    await _book(tx, posting)
    await _reverse_awaited(tx, posting)
    return posting


async def conclude(tx: Tx, posting: Posting, touched: set[UUID]) -> None:
    """Reassess what the touched accounts undertook, and note on the payments what they completed."""
    completed = (await reassess(tx, touched, causes=posting.causes)).completed
    if not completed:
        return
    posted = {
        payment_id: payment.row["account_id"]
        for payment_id, payment in posting.made.items()
        if payment.row["unapplied_reason"] is None
    }
    for payment_id, ids in (await note_completed(tx, posted, completed)).items():
        made = posting.made[payment_id]
        posting.made[payment_id] = Stored({**made.row, "arrangements_completed": ids}, made.allocation)


def _resolved(command: PostPayment, account: Account | None) -> PostPayment:
    """Give a bare account id its creditor, where the caller may see it."""
    if command.creditor_id is not None or account is None:
        return command
    if command.creditors is not None and account.creditor_id not in command.creditors:
        return command
    return command._replace(creditor_id=account.creditor_id)


async def _load_ours(tx: Tx, commands: Sequence[PostPayment]) -> dict[UUID, OurPayment]:
    ids = {payment_id_in(command.source, command.source_ref) for command in commands}
    return await load_ours(tx, {payment_id for payment_id in ids if payment_id is not None})


def _asked(command: PostPayment, ours: Mapping[UUID, OurPayment]) -> _Asked:
    if command.creditor_id is None:
        return _Asked(command)
    key = (command.creditor_id, command.source, command.source_ref)
    payment_id = payment_id_in(command.source, command.source_ref) if ours else None
    echoed = ours.get(payment_id) if payment_id is not None else None
    if echoed is not None and echoed.creditor_id == command.creditor_id:
        return _Asked(command, key, Claim(*key, "echo", command.content_hash, echoed.payment_id), echoed)
    return _Asked(command, key, Claim(*key, "payment", command.content_hash, command.payment_id))


def _undirected(commands: Sequence[PostPayment], accounts: Mapping[UUID, Account]) -> dict[UUID, Account]:
    """Accounts where what was paid already matters: their components are known, and a waterfall runs over them."""
    found: dict[UUID, Account] = {}
    for command in commands:
        account = accounts.get(command.account_id) if command.allocation is None else None
        if account is not None and account.owed.is_known:
            found[command.account_id] = account
    return found


def _decide(tx: Tx, posting: Posting, asked: Sequence[_Asked], facts: _Facts) -> None:
    for command, key, claimed, ours in asked:
        paid = facts.paid.setdefault(command.account_id, {})
        decision = decide(
            command,
            account=facts.accounts.get(command.account_id) if key else None,
            creditor=facts.creditors[key[0]] if key else None,
            known=facts.known.get(key) if key else None,
            ours=ours,
            paid=paid,
        )
        posting.decisions.append(decision)
        if key is None or claimed is None or isinstance(decision, (Refusal, Duplicate)):
            continue
        posting.used[key] = claimed
        facts.known[key] = KnownReference(claimed.content_hash, claimed.payment_id)
        if isinstance(decision, (Posted, Held)):
            payment = _made(command, decision, facts.taken_at)
            posting.made[command.payment_id] = payment
            _publish(tx, payment, command.caused_by)
            # What is held has paid nothing yet.
            for line in payment.allocation if isinstance(decision, Posted) else ():
                paid[line.component] = paid.get(line.component, 0) + line.amount_minor


def _made(command: PostPayment, decision: Posted | Held, taken_at: datetime) -> Stored:
    status: PaymentStatus = "posted"
    reason: UnappliedReason | None = None
    basis: Basis | None
    review_reasons: Sequence[str] = ()
    if isinstance(decision, Posted):
        allocation, basis, review_reasons = decision.allocation, decision.basis, decision.review_reasons
    else:
        status, reason = "unapplied", decision.reason
        allocation, basis = merged(command.allocation or ()), "directed" if command.allocation else None
    row: dict[str, Any] = {
        "payment_id": command.payment_id,
        "creditor_id": command.creditor_id,
        "account_id": command.account_id,
        "core_account_number": command.core_account_number,
        "amount_minor": command.amount_minor,
        "currency": command.currency,
        "effective_on": command.effective_on,
        "posted_on": decision.posted_on,
        "channel": command.channel,
        "source": command.source,
        "source_ref": command.source_ref,
        "ach_trace": command.ach_trace,
        "origin": command.origin,
        "booked_on": None,
        "status": status,
        "unapplied_reason": reason,
        "allocation_basis": basis,
        "arrangements_completed": [],
        "reallocation_of": command.reallocation_of,
        "review_reasons": list(review_reasons),
        "taken_at": taken_at,
        "taken_by": command.taken_by,
    }
    return Stored(row, allocation)


def _publish(tx: Tx, payment: Stored, cause: UUID | None) -> None:
    if payment.row["unapplied_reason"] is None:
        publish_posted(tx, payment, cause=cause)
    else:
        publish_unapplied(tx, payment.row, cause=cause)


async def _book(tx: Tx, posting: Posting) -> None:
    """Give payments of ours the day on which the core booked them, and publish them again if they are posted."""
    days = {one.payment_id: one.booked_on for one in reversed(posting.decisions) if isinstance(one, Echo)}
    for payment in (await book_payments(tx, days)).values():
        if payment.row["unapplied_reason"] is None:
            publish_posted(tx, payment)


async def _reverse_awaited(tx: Tx, posting: Posting) -> None:
    """Apply the reversals of the core that came before their payment. One that does not fit it goes on waiting."""
    keys = {key: used for key, used in posting.used.items() if used.source == "core" and used.kind == "payment"}
    held = await take_held(tx, {(key[0], key[2]) for key in keys})
    commands = [(keys[one.creditor_id, "core", one.reversal_of].payment_id, one) for one in held]
    decisions = await reverse(tx, [(payment_id, one.command()) for payment_id, one in commands if payment_id])
    for (payment_id, _), decision in zip(commands, decisions, strict=True):
        if isinstance(decision, Reversed) and payment_id:
            posting.reversed.add(payment_id)
    made = zip(held, decisions, strict=True)
    await hold_reversals(tx, [(one, decision.code) for one, decision in made if isinstance(decision, Refusal)])


async def _answers(tx: Tx, posting: Posting) -> list[PaymentAnswer | Refusal]:
    before = {one.payment_id for one in posting.decisions if isinstance(one, (Duplicate, Echo))} | posting.reversed
    stored = {**posting.made, **(await load_stored(tx, before) if before else {})}
    answers: list[PaymentAnswer | Refusal] = []
    for command, decision in zip(posting.commands, posting.decisions, strict=True):
        if isinstance(decision, Refusal):
            answers.append(decision)
        else:
            first = decision.payment_id if isinstance(decision, (Duplicate, Echo)) else command.payment_id
            answers.append(PaymentAnswer.of(stored[first].row, stored[first].allocation))
    return answers
