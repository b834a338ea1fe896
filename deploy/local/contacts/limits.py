"""How often and when: seven calls in seven days, seven days after a talk, from 8 in the morning until 9 at night.

12 CFR 1006.14(b)(2) and 1006.6(b)(1), counted from the outcomes as they are known today. A day is a day of the
person's calendar; where several are possible, only what is wrong by all of them is named.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from itertools import pairwise
from uuid import UUID

from deploy.local.books.databases import Row
from deploy.local.books.difference import Check
from deploy.local.contacts.clocks import wall_clocks
from deploy.local.contacts.facts import CALLS, Facts
from deploy.local.contacts.permits import name

MOST_CALLS = 7
DAYS = 7
OPENS, CLOSES = time(8), time(21)
NOT_CONNECTED = frozenset({"busy", "not_in_service", "network_failure", "agent_skipped"})
NOT_THE_CONSUMER = frozenset({"attorney_call", "agency_call", "creditor_call"})
TALKS = frozenset({"inbound_rpc"})
"""Conversations, beside every result that begins with `rpc_`."""
_LASTS = timedelta(days=DAYS + 1)
_TIMED = CALLS | {"in_person", "email", "sms"}
Debt = tuple[UUID, UUID]


def check_limits(facts: Facts) -> list[Check]:
    """The counters and the hours."""
    return [_seven_in_seven(facts), _cooldown(facts), _hours(facts)]


def _seven_in_seven(facts: Facts) -> Check:
    check = Check("no debt was called about more than seven times in seven days (12 CFR 1006.14(b)(2)(i)(A))", "I4")
    calls: dict[Debt, list[Row]] = defaultdict(list)
    for attempt in facts.placed:
        if _counts(facts, attempt) and facts.binds("regf.call_freq.7in7", attempt):
            for account_id in _called_about(attempt):
                calls[attempt["party_id"], account_id].append(attempt)
    for (_, account_id), placed in calls.items():
        check.examined += 1
        for first, last in zip(placed, placed[MOST_CALLS:], strict=False):
            if _days_between(facts, first["placed_at"], last) < DAYS:
                found = f"the eighth since {first['placed_at']:%Y-%m-%d %H:%M:%S}"
                check.add(name(last), "calls", "at most seven in seven days", found, account_id=account_id)
    return check


def _counts(facts: Facts, attempt: Row) -> bool:
    """Not one that did not connect, went to somebody else, was to a wrong number, or was consented to."""
    result = attempt["result_code"] or ""
    if attempt["channel"] not in CALLS or result in NOT_CONNECTED | NOT_THE_CONSUMER:
        return False
    wrong = any(
        row["contact_point_id"] == attempt["contact_point_id"] and row["invalid_at"] is not None
        for row in facts.contact["standing"]
    )
    return not wrong and not _is_asked_for(facts, attempt)


def _is_asked_for(facts: Facts, attempt: Row) -> bool:
    """Consent to more calls lasts seven days (comment 14(b)(3)(i)-2): what may be under one is left out."""
    return any(
        row["purpose"] == "call_frequency"
        and row["granted_at"] is not None
        and row["granted_at"] <= attempt["placed_at"] < row["granted_at"] + _LASTS
        for row in facts.consents.get(attempt["party_id"], ())
    )


def _called_about(attempt: Row) -> list[UUID]:
    """The debts discussed; of a call in which nobody talked, the first."""
    return list(attempt["debts_discussed"] or attempt["account_ids"][:1])


def _days_between(facts: Facts, earlier: datetime, attempt: Row) -> int:
    """The most calendar days between the two that any zone of the person shows."""
    zones = facts.zones(attempt) or frozenset({"UTC"})
    pairs = zip(wall_clocks(earlier, zones), wall_clocks(attempt["placed_at"], zones), strict=True)
    return max((after.date() - before.date()).days for before, after in pairs)


def _cooldown(facts: Facts) -> Check:
    check = Check("nobody was called about a debt within seven days of talking about it (1006.14(b)(2)(i)(B))", "I4")
    for account_id, talk, call in _calls_after_talks(facts, check):
        result = call["result_code"] or ""
        if result in NOT_CONNECTED | NOT_THE_CONSUMER or _is_asked_for(facts, call):
            continue
        if facts.permitted_at(call) <= talk["completed_at"] or not facts.binds("regf.call_freq.cooldown", call):
            continue
        if _days_between(facts, talk["placed_at"], call) < DAYS:
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


def _hours(facts: Facts) -> Check:
    check = Check("nobody was contacted before 8 or from 21 on, wherever they may be (1006.6(b)(1)(i))", "I4")
    for attempt in facts.placed:
        rule = "regf.time.8to21_messages" if attempt["channel"] in {"email", "sms"} else "regf.time.8to21"
        if attempt["channel"] not in _TIMED or attempt["purpose"] == "reply" or not facts.binds(rule, attempt):
            continue
        check.examined += 1
        clocks = wall_clocks(attempt["placed_at"], facts.zones(attempt))
        closed = [clock for clock in clocks if not OPENS <= clock.time() < CLOSES]
        if closed and not _may_come_at_any_hour(facts, attempt):
            found = ", ".join(f"{clock:%H:%M} in {clock.tzinfo}" for clock in closed)
            check.add(name(attempt), "time", "from 8:00 to 21:00", found)
    return check


def _may_come_at_any_hour(facts: Facts, attempt: Row) -> bool:
    return any(
        row["purpose"] == "time"
        and row["granted_at"] is not None
        and row["granted_at"] <= attempt["placed_at"]
        and (row["revoked_at"] is None or attempt["placed_at"] < row["revoked_at"])
        and row["channel"] in {"any", attempt["channel"]}
        for row in facts.consents.get(attempt["party_id"], ())
    )
