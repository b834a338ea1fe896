"""Which component of a debt a payment pays. Waterfalls are data with dates; `allocate` conserves money exactly.

Amounts are whole minor units of the account's currency. A waterfall is a policy of the institution within the law:
12 CFR 1026.36(c)(1) for mortgages (a periodic payment covers principal, interest and escrow before fees), 12 CFR
1026.53 for cards (what the core does with the excess over the minimum is the core's; it may send its allocation).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final, Literal, NamedTuple

Component = Literal["interest", "principal", "principal_only", "fees", "costs", "escrow"]
Basis = Literal["directed", "waterfall"]

PRINCIPAL: Final[Component] = "principal"


class Line(NamedTuple):
    """One part of a payment: the component that it paid."""

    component: Component
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The order in which an undirected payment pays components, for a product or for charged-off debt."""

    applies_to: str
    effective_from: date
    order: tuple[Component, ...]


CHARGED_OFF: Final = "charged_off"
_ALWAYS: Final = date.min

WATERFALLS: Final[tuple[Waterfall, ...]] = (
    Waterfall("closed_end_loan", _ALWAYS, ("interest", "principal", "fees")),
    Waterfall("credit_card", _ALWAYS, ("interest", "principal", "fees")),
    Waterfall("commercial", _ALWAYS, ("interest", "principal", "fees")),
    Waterfall("share_negative", _ALWAYS, ("interest", "principal", "fees")),
    Waterfall("mortgage", _ALWAYS, ("interest", "principal", "escrow", "fees")),
    Waterfall(CHARGED_OFF, _ALWAYS, ("costs", "principal", "interest")),
)
"""Shipped policy. A change of policy is a new row with its date, never an edit: old payments keep their reason."""

_UNKNOWN_PRODUCT: Final[tuple[Component, ...]] = ("interest", "principal", "fees")


class Owed(NamedTuple):
    """What is known to be owed, by component, as of a snapshot. None is unknown; escrow and costs never are known."""

    principal: int | None = None
    interest: int | None = None
    fees: int | None = None
    costs: int | None = None
    escrow: int | None = None

    @property
    def is_known(self) -> bool:
        """Whether any component is known, so that what was paid already matters."""
        return self != _UNKNOWN

    def after(self, paid: Mapping[str, int]) -> dict[Component, int | None]:
        """What is left of each component once `paid` (minor units by component) is taken off; never below zero.

        A negative part went back after the snapshot: it is owed again.
        """
        principal_paid = paid.get("principal", 0) + paid.get("principal_only", 0)
        return {
            "principal": _left(self.principal, principal_paid),
            "interest": _left(self.interest, paid.get("interest", 0)),
            "fees": _left(self.fees, paid.get("fees", 0)),
            "costs": _left(self.costs, paid.get("costs", 0)),
            "escrow": _left(self.escrow, paid.get("escrow", 0)),
        }


_UNKNOWN: Final = Owed()


def _left(owed: int | None, paid: int) -> int | None:
    return None if owed is None else max(0, owed - paid)


@lru_cache(maxsize=1024)
def order_for(
    product_class: str, status: str, on: date, waterfalls: tuple[Waterfall, ...] = WATERFALLS
) -> tuple[Component, ...]:
    """The order that applies to an account on a day: the latest row that is effective by then.

    Charged-off debt has its own, whatever the product. A product that this release does not know is taken as a loan.
    """
    wanted = CHARGED_OFF if status == CHARGED_OFF else product_class
    rows = [row for row in waterfalls if row.applies_to == wanted and row.effective_from <= on]
    return max(rows, key=lambda row: row.effective_from).order if rows else _UNKNOWN_PRODUCT


def allocate(amount_minor: int, order: Iterable[Component], left: Mapping[Component, int | None]) -> tuple[Line, ...]:
    """Split `amount_minor` (> 0) along `order` over what is left of each component; the sum is the amount.

    Only what is known to be owed is paid; an unknown principal takes all that reaches it. What exceeds everything
    goes to principal, where a credit balance stands.
    """
    rest = amount_minor
    paid: dict[Component, int] = {}
    for component in order:
        known = left.get(component)
        room = (rest if component == PRINCIPAL else 0) if known is None else min(known, rest)
        if room:
            paid[component] = room
            rest -= room
    if rest:
        paid[PRINCIPAL] = paid.get(PRINCIPAL, 0) + rest
    return tuple(Line(component, amount) for component, amount in paid.items())


def merged(lines: Iterable[Line]) -> tuple[Line, ...]:
    """The same allocation with one line per component, in the order of first mention."""
    amounts: dict[Component, int] = {}
    for line in lines:
        amounts[line.component] = amounts.get(line.component, 0) + line.amount_minor
    return tuple(Line(component, amount) for component, amount in amounts.items())


def is_contained(*, origin: str, posted_on: date, booked_on: date | None, snapshot_on: date) -> bool:
    """Whether a snapshot already holds an entry, so that it must not count again on top of its figures.

    A core entry (or ours that the core has booked) is in the snapshot of its own day; ours alone only in a later one.
    """
    if origin == "core":
        return posted_on <= snapshot_on
    if booked_on is not None:
        return booked_on <= snapshot_on
    return posted_on < snapshot_on
