"""One question: may this contact be made at `at`, on what is known at the time of the request?

A case is the request and its facts seen at one moment, with what several checks ask for worked out once. Attempts and
permits after the request's own time are not seen, so a dry run in the past knows what was known then. Of a request for
now everything was known: what seems to come a moment later was recorded by a process whose clock is ahead of ours.
"""

from collections.abc import Hashable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.compliance.domain.calendar_days import local, midnight
from services.compliance.domain.facts import (
    Channel,
    ContactPoint,
    Debt,
    Direction,
    Dispute,
    Facts,
    Location,
    Purpose,
    Request,
    Restriction,
)
from services.compliance.domain.history import History

STATED = "stated"
Key = UUID | str
"""What counts as one particular debt: the account, or the group of student loans (12 CFR 1006.14(b)(4))."""

US_ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "Pacific/Honolulu")
"""Where the consumer may be as long as nothing says where: the days of counting are then those of all of them."""
NEVER = datetime.max.replace(tzinfo=UTC)
NO_LEEWAY = timedelta(0)
_DAY = timedelta(days=1)


class Case:
    """A request and its facts at one moment; everything here is read only.

    `zones` are all zones where the consumer may be, `clocks` and `days` the time and the date there, `keys` the
    particular debts asked about, `in_force` the restrictions on them by kind and `disputes` the open ones. `at` is the
    moment that is looked at: that of the request, or later in the search for the earliest lawful time. `known` is until
    when the history is seen: the time of the request, and the `leeway` of clocks. `seen` is the later of the two: what
    stops a contact holds from before it, while what frees one waits for `at`. `memo` keeps what checks work out.
    """

    __slots__ = (
        "_days_back",
        "_local_times",
        "_tells_first",
        "at",
        "clocks",
        "days",
        "debts",
        "disputes",
        "facts",
        "groups",
        "history",
        "in_force",
        "is_located",
        "jurisdictions",
        "keys",
        "known",
        "memo",
        "missing",
        "point",
        "request",
        "seen",
        "zones",
    )

    def __init__(self, request: Request, facts: Facts, leeway: timedelta = NO_LEEWAY) -> None:
        self.request = request
        self.facts = facts
        self.at = request.at.astimezone(UTC)
        self.known = self.at + leeway
        self.history = History(request, facts, self.known)
        self.memo: dict[Hashable, Any] = {}
        self._tells_first: bool | None = None
        self.debts = {debt.account_id: debt for debt in facts.debts}
        self.groups = {debt.account_id: debt.group for debt in facts.debts if debt.group is not None}
        self.keys = frozenset(map(self.key, request.account_ids))
        self.point = _point(request, facts)
        self.jurisdictions = frozenset(place for location in facts.locations for place in location.jurisdictions)
        self.missing = _missing(self)
        self._see()

    def _see(self) -> None:
        """Work out what depends on the moment looked at."""
        self.seen = max(self.at, self.known)
        located = _located(self.facts.locations, self.at)
        zones = sorted({zone for location in located for zone in location.zones})
        self.is_located = bool(zones)
        self.zones: tuple[str, ...] = tuple(zones) or US_ZONES
        self.clocks: tuple[datetime, ...] = tuple([local(self.at, zone) for zone in self.zones])
        self.days: tuple[date, ...] = tuple([clock.date() for clock in self.clocks])
        self._days_back: dict[int, datetime] = {}
        self._local_times: dict[str, str] | None = None
        self.in_force = self._find_in_force() if self.facts.restrictions else {}
        self.disputes = self._find_disputes() if self.facts.disputes else []

    def later(self, at: datetime) -> "Case":
        """The same question for a later moment, on the same knowledge."""
        other = object.__new__(Case)
        for name in Case.__slots__:
            setattr(other, name, getattr(self, name))
        other.at = at
        other._see()
        return other

    def local_times(self) -> dict[str, str]:
        """The wall-clock time in every plausible zone, for the record; of a later moment nothing is recorded."""
        if self.at != self.request.at:
            return {}
        if self._local_times is None:
            times = [clock.isoformat(timespec="seconds") for clock in self.clocks]
            self._local_times = dict(zip(self.zones, times, strict=True))
        return self._local_times

    def key(self, account_id: UUID) -> Key:
        """The particular debt to which an account belongs."""
        return self.groups.get(account_id, account_id) if self.groups else account_id

    def keys_of(self, account_ids: Iterable[UUID]) -> frozenset[Key]:
        """The particular debts of these accounts."""
        return frozenset(map(self.key, account_ids)) if self.groups else frozenset(account_ids)

    def concerns(self, account_ids: frozenset[UUID]) -> bool:
        """Whether a fact about these accounts (none: all of the party's) is about a debt of the request."""
        return not account_ids or not self.keys.isdisjoint(self.keys_of(account_ids))

    @property
    def asked_debts(self) -> list[Debt]:
        """The debts of the request that are known."""
        return [self.debts[each] for each in self.request.account_ids if each in self.debts]

    def days_back(self, days: int) -> datetime:
        """The earliest instant that lies, in any plausible zone, on one of the `days` local days that end today."""
        found = self._days_back.get(days)
        if found is None:
            back = (days - 1) * _DAY
            found = min([midnight(zone, day - back) for zone, day in zip(self.zones, self.days, strict=True)])
            self._days_back[days] = found
        return found

    def after_days(self, moment: datetime, days: int) -> datetime:
        """The instant at which `days` local days, that of `moment` the first, are over in every plausible zone."""
        return max(midnight(zone, local(moment, zone).date() + days * _DAY) for zone in self.zones)

    def first_over(self, moment: datetime, days: int) -> datetime:
        """The instant at which `days` local days, that of `moment` the first, are over in the first plausible zone."""
        return min(midnight(zone, local(moment, zone).date() + days * _DAY) for zone in self.zones)

    def day_begins(self, day: date) -> datetime:
        """The instant at which it is this day, or later, in every plausible zone."""
        return max(midnight(zone, day) for zone in self.zones)

    def day_ends(self, day: date) -> datetime:
        """The instant at which this day is over in every plausible zone."""
        return self.day_begins(day + _DAY)

    def reply_to(self) -> datetime | None:
        """When the consumer's own contact began that this one answers, through the same medium; None: it is no answer.

        There is one answer to each (comment 6(b)(1)-2). A contact that the consumer has initiated and that still goes
        on is answered by what we say in it; so is our website while the consumer uses it (comment 6(b)(1)-2.iii).
        """
        request = self.request
        if request.direction is Direction.INBOUND:
            return self.at
        if request.channel is Channel.PORTAL:
            return self.history.session_since(self.at)
        return self.history.unanswered_since(request.channel) if request.purpose is Purpose.REPLY else None

    def tells_first(self) -> bool:
        """Whether we have conveyed nothing before to the consumer about some debt of the request."""
        if self._tells_first is None:
            untold = set(self.keys)
            for attempt in self.history.told():
                untold -= self.keys_of(attempt.debts_discussed or attempt.account_ids)
                if not untold:
                    break
            self._tells_first = bool(untold)
        return self._tells_first

    def _find_in_force(self) -> dict[str, list[Restriction]]:
        found: dict[str, list[Restriction]] = {}
        for each in self.facts.restrictions:
            if (
                each.effective_at <= self.seen
                and self.at < self.restriction_ends(each)
                and self.concerns(each.account_ids)
            ):
                found.setdefault(each.kind, []).append(each)
        return found

    def _find_disputes(self) -> list[Dispute]:
        return [
            each
            for each in self.facts.disputes
            if each.received_at <= self.seen
            and self.at < min(each.answered_at or NEVER, each.closed_at or NEVER)
            and self.key(each.account_id) in self.keys
        ]

    def restriction_ends(self, restriction: Restriction) -> datetime:
        """When the restriction is over; the end of time for one that has no end."""
        last_day = self.day_ends(restriction.ends_on) if restriction.ends_on is not None else NEVER
        return min(last_day, restriction.lifted_at or NEVER)


def _point(request: Request, facts: Facts) -> ContactPoint | None:
    wanted = request.contact_point_id
    for point in facts.contact_points if wanted is not None else ():
        if point.contact_point_id == wanted:
            return point
    return None


def _located(locations: tuple[Location, ...], at: datetime) -> list[Location]:
    """The data that say where the consumer is: what was stated, while it holds; else all others."""
    stated = [
        each
        for each in locations
        if each.source == STATED
        and (each.since is None or each.since <= at)
        and (each.until is None or at < each.until)
    ]
    return stated or [each for each in locations if each.source != STATED]


def _missing(case: Case) -> tuple[str, ...]:
    missing = set(case.facts.missing)
    if case.facts.creditor is None:
        missing.add("creditor")
    if case.facts.party is None:
        missing.add("party")
    if not case.request.account_ids or any(each not in case.debts for each in case.request.account_ids):
        missing.add("debts")
    return tuple(sorted(missing))
