"""What becomes of a reversal: it takes back a whole payment once, books one of ours, changes nothing, or waits.

Pure, and independent of the order of arrival: a second reversal is a no-op, and one that comes before its payment
waits for it.
"""

from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Literal
from uuid import UUID

from services.payments.domain.horizon import booked_too_early, horizon, too_early
from services.payments.domain.payment import Origin
from shared.errors import Refusal

Reason = Literal["nsf", "returned", "misapplied", "duplicate", "error"]


@dataclass(frozen=True, slots=True)
class ReversePayment:
    """A reversal to apply. `reversal_id` is the id that it gets if it is the first.

    `account_id`, `amount_minor` and `currency` are null when the caller named the payment by its id: the whole amount
    comes back. `posted_on` null means the business date for ours.
    """

    reversal_id: UUID
    reason: str
    effective_on: date
    posted_on: date | None
    origin: Origin
    account_id: UUID | None = None
    amount_minor: int | None = None
    currency: str | None = None
    taken_by: str | None = None


@dataclass(frozen=True, slots=True)
class CoreReversal:
    """A reversal as core banking sent it: it names the payment by the reference that the core uses for it."""

    reversal_id: UUID
    creditor_id: UUID
    account_id: UUID
    amount_minor: int
    currency: str
    reason: str
    effective_on: date
    posted_on: date
    source_ref: str
    reversal_of: str
    received_at: datetime | None = None
    """Since when it has been waiting for its payment; None: it has just come."""

    @property
    def content_hash(self) -> bytes:
        """Equal for equal content."""
        content = (
            "reversal",
            self.account_id.hex,
            self.amount_minor,
            self.currency,
            self.effective_on.isoformat(),
            self.posted_on.isoformat(),
            self.reason,
            self.reversal_of,
        )
        return sha256(repr(content).encode()).digest()

    def command(self) -> ReversePayment:
        """The reversal, without the core's way to name its payment."""
        return ReversePayment(
            self.reversal_id,
            self.reason,
            self.effective_on,
            self.posted_on,
            "core",
            self.account_id,
            self.amount_minor,
            self.currency,
        )


@dataclass(frozen=True, slots=True)
class Original:
    """The payment to reverse. `business_date` is its creditor's (null before the first import)."""

    payment_id: UUID
    account_id: UUID
    amount_minor: int
    currency: str
    business_date: date | None
    local_date: date


@dataclass(frozen=True, slots=True)
class Standing:
    """The reversal that the payment already has."""

    reversal_id: UUID
    origin: str
    booked_on: date | None


@dataclass(frozen=True, slots=True)
class Reversed:
    """Reverse it, booked on this day (null: held for a creditor without a business date)."""

    posted_on: date | None


@dataclass(frozen=True, slots=True)
class Booked:
    """The core has booked our reversal: nothing is reversed, ours learns the day."""

    reversal_id: UUID
    booked_on: date


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The payment is reversed already: recorded, and nothing else."""

    reversal_id: UUID


Decision = Reversed | Booked | Unchanged | Refusal


def decide(command: ReversePayment, original: Original, standing: Standing | None) -> Decision:
    """Decide on the reversal of a payment that is here."""
    wrong = _mismatch(command, original)
    if wrong is not None:
        return Refusal("reversal-mismatch", f"The reversal's {wrong} is not the payment's.", wrong)
    last_day = horizon(original.local_date, original.business_date)
    if standing is not None:
        is_echo = command.origin == "core" and standing.origin == "ours" and standing.booked_on is None
        if is_echo:
            booked_on = command.posted_on or command.effective_on
            return booked_too_early(booked_on, last_day) or Booked(standing.reversal_id, booked_on)
        return Unchanged(standing.reversal_id)
    early = too_early(command.effective_on, command.posted_on, last_day)
    if early is not None:
        return early
    if command.origin == "core":
        return Reversed(command.posted_on or command.effective_on)
    return Reversed(command.posted_on or original.business_date)


def _mismatch(command: ReversePayment, original: Original) -> str | None:
    sent = {
        "account_id": (command.account_id, original.account_id),
        "amount_minor": (command.amount_minor, original.amount_minor),
        "currency": (command.currency, original.currency),
    }
    return next((field for field, (said, is_) in sent.items() if said is not None and said != is_), None)
