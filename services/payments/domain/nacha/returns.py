"""What the entry of a return file asks for, and which payment it means.

Only a returned debit of ours takes money back. Everything else in such a file (dishonoured and contested returns,
notifications of change, returned credits, prenotes, international entries) is reported for a person to read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal
from uuid import UUID

from services.payments.domain.nacha.reader import Entry

Result = Literal["reversed", "unmatched", "ambiguous", "already_reversed", "reported"]
Kind = Literal["return", "dishonored_return", "contested_return", "notification_of_change", "forward_entry", "iat"]

RETURNED_DEBITS: Final = frozenset({"26", "36", "46", "56"})
INSUFFICIENT_FUNDS: Final = frozenset({"R01", "R09"})
FIRST_DISHONORED: Final = 61
FIRST_CONTESTED: Final = 71
LAST_CONTESTED: Final = 77
MATCH_DAYS: Final = 70
"""How far apart a payment and its return may be: 60 days for an unauthorised debit, and the days it takes to arrive."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A payment that an entry may mean: an ACH payment of the creditor with the same trace or reference."""

    payment_id: UUID
    account_id: UUID
    amount_minor: int
    effective_on: date
    ach_trace: str | None
    source_ref: str
    is_reallocated: bool
    """Its money stands under another payment since: that one is meant."""


def kind_of(entry: Entry) -> Kind:
    """What sort of entry this is, by its class and its addenda."""
    if entry.sec == "IAT":
        return "iat"
    if entry.change_code is not None:
        return "notification_of_change"
    if entry.return_code is None:
        return "forward_entry"
    number = int(entry.return_code[1:])
    if FIRST_DISHONORED <= number < FIRST_CONTESTED:
        return "dishonored_return"
    return "contested_return" if FIRST_CONTESTED <= number <= LAST_CONTESTED else "return"


def why_reported(entry: Entry) -> str | None:
    """Why the entry moves no money here; None when it is a returned debit, to be reversed."""
    kind = kind_of(entry)
    if kind == "iat":
        return "An international entry (IAT) is for a person to decide."
    if kind == "notification_of_change":
        return f"Notification of change {entry.change_code}: correct the payment method, no money moves."
    if kind == "forward_entry":
        return "A forward entry or prenote, not a return." if entry.amount_minor == 0 else "Not a return."
    if kind != "return":
        return f"{entry.return_code} is an answer between the banks about an earlier return."
    if entry.transaction_code not in RETURNED_DEBITS:
        return f"Transaction code {entry.transaction_code} is no returned debit."
    return "A zero amount (a returned prenote)." if entry.amount_minor == 0 else None


def reason_of(entry: Entry) -> Literal["nsf", "returned"]:
    """The reversal reason: R01 insufficient and R09 uncollected funds are NSF, every other code is a return."""
    return "nsf" if entry.return_code in INSUFFICIENT_FUNDS else "returned"


def match(
    entry: Entry, candidates: Iterable[Candidate], days: Sequence[date]
) -> Candidate | Literal["unmatched", "ambiguous"]:
    """The payment that a returned debit means: by original trace and amount, else by individual id and amount.

    Traces come round again, so a payment is meant only if it was effective on, or within 70 days before, one of `days`
    (the file's creation, the creditor's business date). None or several: nobody guesses.
    """
    near = [
        one
        for one in candidates
        if one.amount_minor == entry.amount_minor
        and not one.is_reallocated
        and any(0 <= (day - one.effective_on).days <= MATCH_DAYS for day in days)
    ]
    found = [one for one in near if one.ach_trace is not None and one.ach_trace == entry.original_trace]
    found = found or [one for one in near if entry.individual_id and one.source_ref == entry.individual_id]
    if not found:
        return "unmatched"
    return found[0] if len(found) == 1 else "ambiguous"


def effective_on(file_created_on: date, business_date: date | None, payment_effective_on: date) -> date:
    """The day on which a return takes its money back: the file's, within the book's present and after the payment."""
    latest = file_created_on if business_date is None else min(file_created_on, business_date)
    return max(latest, payment_effective_on)
