"""How often: seven calls in seven days, seven days after a talk, and the limits of New York City and Massachusetts.

12 CFR 1006.14(b)(2), 6 RCNY 5-77, 940 CMR 7.04(1)(f) and 209 CMR 18.16(1)(d), counted one by one from the outcomes as
they are known today. A day is a day of the person's calendar; where several are possible, only what is wrong by all of
them is named. Debts are counted each by itself, also student loans that the law counts together.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice, pairwise
from uuid import UUID

from deploy.local.books.databases import Row
from deploy.local.books.difference import Check
from deploy.local.contacts.clocks import ANYWHERE, wall_clocks
from deploy.local.contacts.consents import is_asked_for
from deploy.local.contacts.facts import CALLS, Facts, did_leave
from deploy.local.contacts.permits import name

MOST_CALLS = 7
DAYS = 7
NOT_PLACED = frozenset({"agent_skipped"})
NOT_CONNECTED = NOT_PLACED | {"busy", "not_in_service", "network_failure"}
NOT_THE_CONSUMER = frozenset({"attorney_call", "agency_call", "creditor_call"})
TALKS = frozenset({"inbound_rpc"})
"""Conversations, beside every result that begins with `rpc_`."""
Debt = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the law of a state or city holds: of people who live there, or are called at a number from there."""

    state: str
    area_codes: frozenset[str]
    postal_prefixes: frozenset[str] = field(default=frozenset())
    """Of a city: what the postal codes of its addresses begin with."""

    def is_of(self, facts: Facts, attempt: Row) -> bool:
        """Whether a contact was with somebody there."""
        value, party = attempt["value"] or "", facts.parties.get(attempt["party_id"])
        if value.startswith("+1") and value[2:5] in self.area_codes:
            return True
        if party is None or (party["region"] or "").strip().upper() != self.state:
            return False
        return not self.postal_prefixes or (party["postal_code"] or "").strip()[:3] in self.postal_prefixes


NEW_YORK_CITY = Place(
    "NY",
    frozenset({"212", "332", "347", "646", "718", "917", "929"}),
    frozenset({"100", "101", "102", "103", "104", "111", "112", "113", "114", "116"}),
)
MASSACHUSETTS = Place("MA", frozenset({"339", "351", "413", "508", "617", "774", "781", "857", "978"}))
_BEGAN = date(2026, 9, 1)
_OF_THE_CITY = frozenset({"collection", "remedy_notice", "service", "reply"})
_OWN = frozenset({"home", "mobile"})
"""The numbers that the limit of two in seven days is for: any other has one of its own."""


def check_limits(facts: Facts) -> list[Check]:
    """The counters."""
    return [_seven_in_seven(facts), _cooldown(facts), _three_in_the_city(facts), _two_in_massachusetts(facts)]


def _seven_in_seven(facts: Facts) -> Check:
    check = Check("no debt was called about more than seven times in seven days (12 CFR 1006.14(b)(2)(i)(A))", "I4")
    calls: dict[Debt, list[Row]] = defaultdict(list)
    for attempt in facts.placed:
        if attempt["channel"] in CALLS and attempt["result_code"] not in NOT_CONNECTED | NOT_THE_CONSUMER:
            for account_id in _called_about(attempt):
                if not is_asked_for(facts, attempt, account_id):
                    calls[attempt["party_id"], account_id].append(attempt)
    for account_id, last, first in _beyond(facts, check, calls, MOST_CALLS):
        if facts.binds("regf.call_freq.7in7", last):
            found = f"the eighth since {first['placed_at']:%Y-%m-%d %H:%M:%S}"
            check.add(name(last), "calls", "at most seven in seven days", found, account_id=account_id)
    return check


def _beyond(
    facts: Facts, check: Check, contacts: Mapping[Debt, Sequence[Row]], most: int
) -> Iterator[tuple[UUID, Row, Row]]:
    """Each contact that is one too many in seven days, with its debt and the first of those before it."""
    for (_, account_id), made in contacts.items():
        check.examined += 1
        for nth, last in enumerate(made):
            before = list(islice(_counted_with(facts, made[:nth], last), most))
            if len(before) == most:
                yield account_id, last, before[-1]


def _counted_with(facts: Facts, made: Sequence[Row], last: Row) -> Iterator[Row]:
    """Those that counted when the last was decided on, the latest first: not to a number that was known to be wrong."""
    for one in reversed(made):
        if last["placed_at"] - one["placed_at"] > timedelta(days=DAYS + 1):
            return
        if facts.days_between(one["placed_at"], last) < DAYS and not facts.was_wrong(one, facts.permitted_at(last)):
            yield one


def _called_about(attempt: Row) -> list[UUID]:
    """The debts discussed; of a call in which nobody talked, the first."""
    return list(attempt["debts_discussed"] or attempt["account_ids"][:1])


def _cooldown(facts: Facts) -> Check:
    check = Check("nobody was called about a debt within seven days of talking about it (1006.14(b)(2)(i)(B))", "I4")
    for account_id, talk, call in _calls_after_talks(facts, check):
        # A talk ends what was agreed to before it.
        is_asked = is_asked_for(facts, call, account_id, since=talk["placed_at"])
        if call["result_code"] in NOT_CONNECTED | NOT_THE_CONSUMER or is_asked:
            continue
        if facts.permitted_at(call) <= talk["completed_at"] or not facts.binds("regf.call_freq.cooldown", call):
            continue
        if facts.days_between(talk["placed_at"], call) < DAYS:
            found = f"talked on {talk['placed_at']:%Y-%m-%d %H:%M:%S}"
            check.add(name(call), "call", "after the seventh day", found, account_id=account_id)
    return check


def _calls_after_talks(facts: Facts, check: Check) -> Iterator[tuple[UUID, Row, Row]]:
    """Each call with the last talk about its debt before it."""
    of_debt: dict[Debt, list[Row]] = defaultdict(list)
    for attempt in facts.contact["attempt"]:
        if attempt["channel"] in CALLS:
            for account_id in {*attempt["account_ids"], *attempt["debts_discussed"]}:
                of_debt[attempt["party_id"], account_id].append(attempt)
    for (_, account_id), rows in of_debt.items():
        check.examined += 1
        talk: Row | None = None
        for before, after in pairwise(rows):
            if _is_talk(before) and account_id in before["debts_discussed"]:
                talk = before
            if talk is not None and after["direction"] == "outbound" and account_id in _called_about(after):
                yield account_id, talk, after


def _is_talk(attempt: Row) -> bool:
    result = attempt["result_code"] or ""
    return result.startswith("rpc_") or result in TALKS


def _three_in_the_city(facts: Facts) -> Check:
    check = Check("nobody in New York City was contacted more than three times in seven days (6 RCNY 5-77)", "I4")
    made = [
        each for each in facts.placed if did_leave(each) and each["result_code"] not in NOT_PLACED | NOT_THE_CONSUMER
    ]
    for account_id, last, first in _beyond(facts, check, _by_debt(facts, made), 3):
        if last["purpose"] not in _OF_THE_CITY or not _is_past_due(facts, account_id, last):
            continue
        if NEW_YORK_CITY.is_of(facts, last) and facts.binds("nyc.contacts_7d", last):
            found = f"the fourth since {first['placed_at']:%Y-%m-%d %H:%M:%S}"
            check.add(name(last), "contacts", "at most three in seven days", found, account_id=account_id)
    return check


def _is_past_due(facts: Facts, account_id: UUID, attempt: Row) -> bool:
    """Whether a debt was past due on the day, as its oldest due date of today says, and the limit in force."""
    today = min(clock.date() for clock in wall_clocks(attempt["placed_at"], ANYWHERE))
    account = facts.accounts.get(account_id)
    oldest = None if account is None else account["oldest_unpaid_due_on"]
    return today >= _BEGAN and oldest is not None and oldest < today


def _two_in_massachusetts(facts: Facts) -> Check:
    check = Check("nobody in Massachusetts was called or texted more than twice in seven days (940 CMR 7.04)", "I4")
    made = [
        each
        for each in facts.placed
        if each["channel"] in CALLS | {"sms"}
        and each["label"] in _OWN
        and each["result_code"] not in NOT_CONNECTED | NOT_THE_CONSUMER
    ]
    for account_id, last, first in _beyond(facts, check, _by_debt(facts, made), 2):
        # Of collectors it is ma.dob.calls_7d, which says the same; no law is ever switched off.
        if MASSACHUSETTS.is_of(facts, last) and facts.binds("ma.ag.calls_7d", last):
            found = f"the third since {first['placed_at']:%Y-%m-%d %H:%M:%S}"
            check.add(name(last), "calls", "at most two in seven days", found, account_id=account_id)
    return check


def _by_debt(facts: Facts, made: Iterable[Row]) -> dict[Debt, list[Row]]:
    """Contacts by person and each consumer debt for which they were made."""
    found: dict[Debt, list[Row]] = defaultdict(list)
    for attempt in made:
        for account_id in {*attempt["account_ids"], *attempt["debts_discussed"]}:
            if facts.is_consumers(account_id):
                found[attempt["party_id"], account_id].append(attempt)
    return found
