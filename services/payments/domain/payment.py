"""A payment as it is sent: what it says, whose entry it is, what makes it the same content again; and its statuses.

Pure values. Amounts are whole minor units of `currency`.
"""

from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Final, Literal, NamedTuple
from uuid import UUID

from services.payments.domain.allocation import Line

Origin = Literal["core", "ours"]
CORE: Final = "core"
"""The source of what core banking sent."""

PaymentStatus = Literal["unapplied", "posted", "reversed"]

TRANSITIONS: Final[Mapping[PaymentStatus, frozenset[PaymentStatus]]] = {
    # Held money is posted when its account opens, or goes back before that.
    "unapplied": frozenset({"posted", "reversed"}),
    "posted": frozenset({"reversed"}),
    # One reversal takes the whole amount back; money that comes again is another payment.
    "reversed": frozenset(),
}
_CANONICAL_LENGTH: Final = 36


def moved(status: PaymentStatus, to: PaymentStatus) -> PaymentStatus:
    """The new status of a payment.

    Raises:
        ValueError: `TRANSITIONS` has no such step: a defect, for every decision looks at the status first.
    """
    if to not in TRANSITIONS[status]:
        raise ValueError(f"a payment never goes from {status} to {to}")
    return to


class PostPayment(NamedTuple):
    """A payment to post. `payment_id` is the id that it gets if it is new.

    `creditor_id` is null when the caller named a bare `account_id`: such an account must be known. `creditors` limits
    what the caller may see (null: everything). `allocation` null means by waterfall.
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
    may_be_back_dated: bool = True
    """Whether its sender may state a `posted_on` before the business date."""

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


def payment_id_in(source: str, source_ref: str) -> UUID | None:
    """The payment id that a reference of the core may be: the core books our payments under our ids."""
    if source != CORE or len(source_ref) != _CANONICAL_LENGTH:
        return None
    try:
        return UUID(source_ref)
    except ValueError:
        return None
