"""What becomes of a payment that arrives: posted, held, already known, the core's echo of ours, or refused.

Pure: `decide` gets the command and the facts that a batch has loaded, and returns a value. It never raises for what
a caller may send.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Final, Literal, NamedTuple, cast
from uuid import UUID

from services.payments.domain.allocation import Basis, Line, Owed, allocate, merged, order_for
from services.payments.domain.horizon import booked_too_early, horizon, too_early
from shared.errors import Refusal

UnappliedReason = Literal["account-unknown", "currency-mismatch", "effective-date-in-future", "posted-date-in-future"]
Origin = Literal["core", "ours"]
CORE = "core"
CANONICAL_LENGTH: Final = 36


class PostPayment(NamedTuple):
    """A payment to post. `payment_id` is the id that it gets if it is new.

    `creditor_id` is null when the caller named a bare `account_id`: such an account must be known. `creditors` limits
    what the caller may see (null: everything). Amounts are minor units; `allocation` null means by waterfall.
    """

    payment_id: UUID
    account_id: UUID
    creditor_id: UUID | None
    core_account_number: str | None
    amount_minor: int
    currency: str
    effective_on: date
    posted_on: date | None
    channel: str
    source: str
    source_ref: str
    ach_trace: str | None = None
    allocation: tuple[Line, ...] | None = None
    reallocation_of: UUID | None = None
    creditors: frozenset[UUID] | None = None
    taken_by: str | None = None
    caused_by: UUID | None = None
    """The event that brought it, for the trace."""
    is_booked: bool = False
    """The core has it on its books and hears no refusal: what does not fit the account waits, in any order alike."""

    @property
    def origin(self) -> Origin:
        """Whose entry it is: the core's when core banking sent it, else ours."""
        return "core" if self.source == CORE else "ours"

    @property
    def content_hash(self) -> bytes:
        """Equal for equal content. The pair and the account id that follows from it are the same content."""
        posted_on = self.posted_on or (self.effective_on if self.source == CORE else None)
        lines = None if self.allocation is None else [(line.component, line.amount_minor) for line in self.allocation]
        content = (
            "payment",
            self.account_id.hex,
            self.amount_minor,
            self.currency,
            self.effective_on.isoformat(),
            posted_on and posted_on.isoformat(),
            self.channel,
            self.ach_trace,
            lines,
        )
        return sha256(repr(content).encode()).digest()


PaymentStatus = Literal["unapplied", "posted", "reversed"]

TRANSITIONS: Final[Mapping[PaymentStatus, frozenset[PaymentStatus]]] = {
    # Held money is posted when its account opens, or goes back before that.
    "unapplied": frozenset({"posted", "reversed"}),
    "posted": frozenset({"reversed"}),
    # One reversal takes the whole amount back; money that comes again is another payment.
    "reversed": frozenset(),
}


def moved(status: PaymentStatus, to: PaymentStatus) -> PaymentStatus:
    """The new status of a payment.

    Raises:
        ValueError: `TRANSITIONS` has no such step: a defect, for every decision looks at the status first.
    """
    if to not in TRANSITIONS[status]:
        raise ValueError(f"a payment never goes from {status} to {to}")
    return to


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
    refusal = _refuse(command, account, creditor)
    if refusal is not None:
        return refusal
    reason = why_held(account, creditor, command.currency, command.effective_on, command.posted_on)
    if account is None or reason is not None:
        return Held(_posted_on(command, creditor.business_date), reason or "account-unknown")
    business_date = latest(creditor.business_date, account.business_date)
    posted_on = _posted_on(command, business_date) or account.business_date
    allocation, basis = allocation_of(command.amount_minor, command.allocation, account, posted_on, paid)
    return Posted(posted_on, allocation, basis, account.restrictions)


def why_held(
    account: Account | None, creditor: Creditor, currency: str, effective_on: date, posted_on: date | None
) -> UnappliedReason | None:
    """Why money cannot be posted yet; None when it can. It says the same whenever it is asked with the same facts."""
    if account is None:
        return "account-unknown"
    if currency != account.currency:
        return "currency-mismatch"
    early = too_early(effective_on, posted_on, _last_day(account, creditor))
    return None if early is None else cast("UnappliedReason", early.code)


def _last_day(account: Account | None, creditor: Creditor) -> date:
    return horizon(creditor.local_date, latest(creditor.business_date, account.business_date if account else None))


def allocation_of(
    amount_minor: int, directed: tuple[Line, ...] | None, account: Account, on: date, paid: Mapping[str, int]
) -> tuple[tuple[Line, ...], Basis]:
    """The allocation of a payment to a known account: as directed, else by the product's waterfall of that day."""
    if directed is not None:
        return merged(directed), "directed"
    order = order_for(account.product_class, account.status, on)
    return allocate(amount_minor, order, account.owed.after(paid)), "waterfall"


def payment_id_in(source: str, source_ref: str) -> UUID | None:
    """The payment id that a reference of the core may be: the core books our payments under our ids."""
    if source != CORE or len(source_ref) != CANONICAL_LENGTH:
        return None
    try:
        return UUID(source_ref)
    except ValueError:
        return None


def latest(one: date | None, other: date | None) -> date | None:
    """The later of two days, as far as they are known."""
    if one is None or other is None:
        return one or other
    return max(one, other)


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


def _refuse(command: PostPayment, account: Account | None, creditor: Creditor) -> Refusal | None:
    directed = command.allocation
    if directed is not None and sum(line.amount_minor for line in directed) != command.amount_minor:
        return Refusal("allocation-mismatch", "The allocation does not sum to amount_minor.", "allocation")
    if command.is_booked:
        return None
    early = too_early(command.effective_on, command.posted_on, _last_day(account, creditor))
    if early is not None:
        return early
    if account is not None and command.currency != account.currency:
        return Refusal("currency-mismatch", f"The account is in {account.currency}.", "currency")
    return None


def _posted_on(command: PostPayment, business_date: date | None) -> date | None:
    if command.posted_on is not None:
        return command.posted_on
    return command.effective_on if command.origin == "core" else business_date
