"""What becomes of a payment that arrives: posted, held, already known, the core's echo of ours, or refused.

Pure: `decide` gets the command and the facts that a batch has loaded, and returns a value. It never raises for what
a caller may send.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple, cast
from uuid import UUID

from services.payments.domain.allocation import Basis, Line, Owed, allocate, merged, order_for
from services.payments.domain.horizon import booked_too_early, horizon, too_early
from services.payments.domain.payment import PostPayment
from shared.errors import Refusal

UnappliedReason = Literal["account-unknown", "currency-mismatch", "effective-date-in-future", "posted-date-in-future"]


class Account(NamedTuple):
    """What payments knows of an account when it posts to it."""

    creditor_id: UUID
    currency: str
    product_class: str
    status: str
    business_date: date
    snapshot_on: date
    owed: Owed
    restrictions: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Creditor:
    """The days a creditor lives in: its business date (null before the first import), and the calendar's there."""

    business_date: date | None
    local_date: date


class KnownReference(NamedTuple):
    """What was first sent under a source reference."""

    content_hash: bytes
    payment_id: UUID | None


@dataclass(frozen=True, slots=True)
class OurPayment:
    """A payment of ours whose id the core sent back as its own reference."""

    payment_id: UUID
    creditor_id: UUID
    account_id: UUID
    amount_minor: int
    currency: str


class Posted(NamedTuple):
    """Post it, with this allocation and booking day."""

    posted_on: date
    allocation: tuple[Line, ...]
    basis: Basis
    review_reasons: Sequence[str] = ()
    """No restriction stops incoming money: it is posted, and these are for a person to look at."""


@dataclass(frozen=True, slots=True)
class Held:
    """Keep it, visibly, until its account is here, in its currency, and its day has come."""

    posted_on: date | None
    reason: UnappliedReason


@dataclass(frozen=True, slots=True)
class Duplicate:
    """It is here already: the answer is the first one's."""

    payment_id: UUID


@dataclass(frozen=True, slots=True)
class Echo:
    """The core has booked a payment of ours: nothing is posted, ours learns the day."""

    payment_id: UUID
    booked_on: date


Decision = Posted | Held | Duplicate | Echo | Refusal


def decide(
    command: PostPayment,
    *,
    account: Account | None,
    creditor: Creditor | None,
    known: KnownReference | None,
    ours: OurPayment | None,
    paid: Mapping[str, int],
) -> Decision:
    """Decide on one payment.

    Args:
        command: the payment.
        account: its account, or None when accounts has not announced it yet.
        creditor: the creditor's days, or None where the command names an account that is not known.
        known: what its source reference was first used for.
        ours: the payment of ours that the core's reference names.
        paid: what unreversed payments beyond the snapshot paid already, minor units by component.
    """
    if creditor is None:
        return Refusal("account-unknown", f"No account {command.account_id} is known here.", "account_id")
    if known is not None:
        return _known_before(command, known)
    if ours is not None:
        return _echo(command, ours, _last_day(account, creditor))
    misfit = _misfit(account, creditor, command.currency, command.effective_on, command.posted_on)
    refusal = _refuse(command, account, creditor, misfit)
    if refusal is not None:
        return refusal
    posted_on = command.posted_on or (command.effective_on if command.origin == "core" else None)
    if account is None or misfit is not None:
        return Held(posted_on or creditor.business_date, _reason(account, misfit))
    posted_on = posted_on or business_date_of(account, creditor)
    allocation, basis = allocation_of(command.amount_minor, command.allocation, account, posted_on, paid)
    return Posted(posted_on, allocation, basis, account.restrictions)


def why_held(
    account: Account, creditor: Creditor, currency: str, effective_on: date, posted_on: date | None
) -> UnappliedReason | None:
    """Why money cannot be posted yet to an account that is here; None when it can. The same facts give the same."""
    misfit = _misfit(account, creditor, currency, effective_on, posted_on)
    return None if misfit is None else _reason(account, misfit)


def business_date_of(account: Account, creditor: Creditor) -> date:
    """The business date of an account: what it says and what its creditor says come on their own, the later counts."""
    return max(account.business_date, creditor.business_date or account.business_date)


def allocation_of(
    amount_minor: int, directed: tuple[Line, ...] | None, account: Account, on: date, paid: Mapping[str, int]
) -> tuple[tuple[Line, ...], Basis]:
    """The allocation of a payment to a known account: as directed, else by the product's waterfall of that day."""
    if directed is not None:
        return merged(directed), "directed"
    order = order_for(account.product_class, account.status, on)
    return allocate(amount_minor, order, account.owed.after(paid)), "waterfall"


def _known_before(command: PostPayment, known: KnownReference) -> Duplicate | Refusal:
    if known.payment_id is not None and known.content_hash == command.content_hash:
        return Duplicate(known.payment_id)
    return _conflict(command, "was used before, with other content")


def _echo(command: PostPayment, ours: OurPayment, last_day: date) -> Echo | Refusal:
    sent = (command.account_id, command.amount_minor, command.currency)
    if sent != (ours.account_id, ours.amount_minor, ours.currency):
        return _conflict(command, "is the id of a payment with another account, amount or currency")
    booked_on = command.posted_on or command.effective_on
    return booked_too_early(booked_on, last_day) or Echo(ours.payment_id, booked_on)


def _conflict(command: PostPayment, why: str) -> Refusal:
    return Refusal("source-ref-conflict", f"{command.source} reference {command.source_ref!r} {why}.", "source_ref")


def _misfit(
    account: Account | None, creditor: Creditor, currency: str, effective_on: date, posted_on: date | None
) -> Refusal | None:
    if account is not None and currency != account.currency:
        return Refusal("currency-mismatch", f"The account is in {account.currency}.", "currency")
    return too_early(effective_on, posted_on, _last_day(account, creditor))


def _refuse(
    command: PostPayment, account: Account | None, creditor: Creditor, misfit: Refusal | None
) -> Refusal | None:
    directed = command.allocation
    if directed is not None and sum(line.amount_minor for line in directed) != command.amount_minor:
        return Refusal("allocation-mismatch", "The allocation does not sum to amount_minor.", "allocation")
    return None if command.is_booked else misfit or _back_dated(command, account, creditor)


def _back_dated(command: PostPayment, account: Account | None, creditor: Creditor) -> Refusal | None:
    """Refuse a booking of the past: the snapshots since then hold it, so it keeps a promise and lowers no balance."""
    if command.posted_on is None or command.may_be_back_dated:
        return None
    today = _business_date(account, creditor) or creditor.local_date
    if command.posted_on >= today:
        return None
    return Refusal("forbidden", f"A posted_on before {today} needs the scope payments:book.", "posted_on")


def _reason(account: Account | None, misfit: Refusal | None) -> UnappliedReason:
    return "account-unknown" if account is None or misfit is None else cast("UnappliedReason", misfit.code)


def _business_date(account: Account | None, creditor: Creditor) -> date | None:
    return creditor.business_date if account is None else business_date_of(account, creditor)


def _last_day(account: Account | None, creditor: Creditor) -> date:
    return horizon(creditor.local_date, _business_date(account, creditor))
