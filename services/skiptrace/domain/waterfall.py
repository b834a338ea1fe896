"""Which vendor to ask next: the one with the least expected cost for a hit, within the budgets and the purpose.

Searching ends with the first hit. Where vendors find people independently of each other, asking in rising order of
(expected cost) / (chance of a hit) costs least on average; the tests compare this with every other order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from services.skiptrace.domain.breaker import CLOSED, Breaker

MAX_ATTEMPTS = 3
"""Failed attempts at one vendor for one case, after which it is given up for this case."""
RETRY_AFTER = (timedelta(minutes=1), timedelta(minutes=10))
"""How long after the first and the second failure a vendor is tried again; others are asked meanwhile."""


@dataclass(frozen=True, slots=True)
class Vendor:
    """What is known of a vendor when a search is planned. Amounts are minor units of `currency`.

    `month_budget_minor` None: no limit; `month_spent_minor` counts what is charged and what is reserved this month.
    """

    code: str
    currency: str
    cost_hit_minor: int
    cost_no_hit_minor: int
    purposes: frozenset[str]
    searches: int = 0
    hits: int = 0
    month_budget_minor: int | None = None
    month_spent_minor: int = 0
    breaker: Breaker = CLOSED

    @property
    def hit_rate(self) -> Fraction:
        """The chance of a hit: what was seen, with one hit and one miss added, so that a new vendor is tried too."""
        return Fraction(self.hits + 1, self.searches + 2)

    @property
    def cost_per_hit(self) -> Fraction:
        """The expected cost of a search divided by its chance of a hit, minor units."""
        missed = 1 - self.hit_rate
        return Fraction(self.hit_rate * self.cost_hit_minor + missed * self.cost_no_hit_minor, self.hit_rate)

    @property
    def reserve_minor(self) -> int:
        """The most that one search may cost."""
        return max(self.cost_hit_minor, self.cost_no_hit_minor)


@dataclass(frozen=True, slots=True)
class Tried:
    """What one case has had from one vendor: an answer, or failures of which the last was at `failed_at`.

    `held_minor`: what its failed attempts may cost. To the vendor they are one search, and so is the next.
    """

    is_answered: bool
    attempts: int
    failed_at: datetime | None = None
    held_minor: int = 0

    @property
    def is_over(self) -> bool:
        """Whether it is not to be asked again for this case."""
        return self.is_answered or self.attempts >= MAX_ATTEMPTS


@dataclass(frozen=True, slots=True)
class Wanted:
    """The case for which a vendor is chosen. `left_minor`: its budget less what is charged and reserved."""

    purpose: str
    currency: str
    left_minor: int
    tried: Mapping[str, Tried]

    def needs_minor(self, vendor: Vendor) -> int:
        """What is to be reserved for the next attempt at a vendor, besides what earlier ones hold."""
        tried = self.tried.get(vendor.code)
        return max(0, vendor.reserve_minor - (tried.held_minor if tried is not None else 0))


@dataclass(frozen=True, slots=True)
class Choice:
    """What to do next: ask `vendor`, or wait until `wait_until`, or neither: nobody is left.

    `is_for_money`: somebody was left who could have been paid for with a larger budget.
    """

    vendor: Vendor | None = None
    wait_until: datetime | None = None
    is_for_money: bool = False


def choose(vendors: Iterable[Vendor], wanted: Wanted, now: datetime) -> Choice:
    """Choose the next step of a case at `now`. Vendors that fail or whose breaker is open are passed over, not lost."""
    ready: list[Vendor] = []
    waits: list[datetime] = []
    is_for_money = False
    for vendor in vendors:
        tried = wanted.tried.get(vendor.code)
        if not _may_serve(vendor, wanted) or (tried is not None and tried.is_over):
            continue
        if not _is_paid_for(vendor, wanted):
            is_for_money = True
            continue
        free_at = max(vendor.breaker.free_at(now), _again_at(tried, now))
        if free_at <= now:
            ready.append(vendor)
        else:
            waits.append(free_at)
    if ready:
        return Choice(min(ready, key=lambda vendor: (vendor.cost_per_hit, vendor.code)))
    if waits:
        return Choice(wait_until=min(waits))
    return Choice(is_for_money=is_for_money)


def _may_serve(vendor: Vendor, wanted: Wanted) -> bool:
    return wanted.purpose in vendor.purposes and vendor.currency == wanted.currency


def _is_paid_for(vendor: Vendor, wanted: Wanted) -> bool:
    needs, limit = wanted.needs_minor(vendor), vendor.month_budget_minor
    return needs <= max(0, wanted.left_minor) and (
        limit is None or needs == 0 or vendor.month_spent_minor + needs <= limit
    )


def _again_at(tried: Tried | None, now: datetime) -> datetime:
    if tried is None or tried.failed_at is None:
        return now
    return tried.failed_at + RETRY_AFTER[min(tried.attempts, len(RETRY_AFTER)) - 1]
