"""When: from 8 in the morning until 9 at night, and not at a time that the person called inconvenient.

12 CFR 1006.6(b)(1)(i), where the person may be by the number used and the state they live in. Of a person who has said
where they are nothing is named.
"""

from datetime import date, datetime, time

from deploy.local.books.databases import Row
from deploy.local.books.difference import Check
from deploy.local.contacts.clocks import wall_clocks
from deploy.local.contacts.consents import may_come_at_any_hour
from deploy.local.contacts.facts import CALLS, Facts, has_ended
from deploy.local.contacts.permits import name

OPENS, CLOSES = time(8), time(21)
_TIMED = CALLS | {"in_person", "email", "sms"}


def check_hours(facts: Facts) -> list[Check]:
    """The hours of everybody, and each person's own."""
    return [_hours(facts), _inconvenient(facts)]


def _hours(facts: Facts) -> Check:
    check = Check("nobody was contacted before 8 or from 21 on, wherever they may be (1006.6(b)(1)(i))", "I4")
    for attempt in facts.placed:
        rule = "regf.time.8to21_messages" if attempt["channel"] in {"email", "sms"} else "regf.time.8to21"
        if attempt["channel"] not in _TIMED or not _is_judged(facts, rule, attempt):
            continue
        check.examined += 1
        clocks = wall_clocks(attempt["placed_at"], facts.zones(attempt))
        closed = [clock for clock in clocks if not OPENS <= clock.time() < CLOSES]
        if closed and not may_come_at_any_hour(facts, attempt):
            found = ", ".join(f"{clock:%H:%M} in {clock.tzinfo}" for clock in closed)
            check.add(name(attempt), "time", "from 8:00 to 21:00", found)
    return check


def _inconvenient(facts: Facts) -> Check:
    check = Check("nobody was contacted at a time that they had called inconvenient (1006.6(b)(1)(i))", "I4")
    for attempt in facts.placed:
        if not _is_judged(facts, "regf.time.designated", attempt):
            continue
        check.examined += 1
        at = facts.permitted_at(attempt)
        clocks = wall_clocks(at, facts.zones(attempt))
        for row in facts.preferences.get(attempt["party_id"], ()):
            shown = [clock for clock in clocks if _is_named(row, at) and _covers(row["terms"], clock)]
            if shown and not may_come_at_any_hour(facts, attempt):
                found = ", ".join(f"{clock:%a %H:%M} in {clock.tzinfo}" for clock in shown)
                check.add(name(attempt), "time", "one that is convenient", found)
    return check


def _is_judged(facts: Facts, rule: str, attempt: Row) -> bool:
    """A reply may come at any time, once: whether it is the one is not judged."""
    is_elsewhere = facts.is_elsewhere(attempt, attempt["placed_at"])
    return attempt["purpose"] != "reply" and not is_elsewhere and facts.binds(rule, attempt)


def _is_named(row: Row, at: datetime) -> bool:
    """Whether a person had named an inconvenient time by then, and it held."""
    was_known = row["known_at"] < at and row["recorded_at"] < at
    return row["kind"] == "inconvenient_time" and was_known and not has_ended(row, at)


def _covers(terms: Row, clock: datetime) -> bool:
    minute = clock.hour * 60 + clock.minute
    is_over = terms["until_on"] is not None and date.fromisoformat(terms["until_on"]) < clock.date()
    is_within = terms["start_minute"] <= minute < terms["end_minute"]
    return clock.weekday() in terms["weekdays"] and is_within and not is_over
