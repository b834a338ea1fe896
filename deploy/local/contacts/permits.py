"""I4: every contact had a permit, used it once and in time, and was told to everybody; every message ends."""

from collections import Counter
from datetime import timedelta

from deploy.local.books.databases import Row
from deploy.local.books.difference import Check
from deploy.local.contacts.facts import Facts

_ALLOWS = frozenset({"allow", "allow_with"})
_ENDED = frozenset({"delivered", "bounced", "undeliverable", "opted_out", "blocked", "failed"})
_LATE = timedelta(minutes=2)


def check_permits(facts: Facts) -> list[Check]:
    """What holds of every contact, whatever the rules are."""
    return [_permitted(facts), _counted(facts), _told(facts), _ended(facts)]


def _permitted(facts: Facts) -> Check:
    check = Check("no contact was made without a permit for it", "I4")
    uses = Counter(row["permit_id"] for row in facts.placed)
    for attempt in facts.placed:
        check.examined += 1
        permit = facts.permits.get(attempt["permit_id"])
        if permit is None:
            check.add(name(attempt), "permit", "one that compliance gave", "none")
            continue
        for what, is_right in _fits(attempt, permit).items():
            if not is_right:
                check.add(name(attempt), "permit", what, f"permit {permit['permit_id']}")
        if uses[attempt["permit_id"]] > 1:
            check.add(name(attempt), "permit", "used once", f"used {uses[attempt['permit_id']]} times")
    return check


def _fits(attempt: Row, permit: Row) -> dict[str, bool]:
    same = ("party_id", "channel", "contact_point_id", "account_ids")
    return {
        "given by a decision that allows": permit["outcome"] in _ALLOWS,
        "for this contact": all(attempt[each] == permit[each] for each in same),
        "for its purpose": attempt["purpose"] == permit["purpose"],
        "placed before it expired": permit["reserved_at"] <= attempt["placed_at"] < permit["expires_at"],
        "kept as placed": permit["state"] == "placed",
    }


def _counted(facts: Facts) -> Check:
    check = Check("compliance counts every contact, with its outcome", "I4")
    known = {row["attempt_id"]: row["result_code"] for row in facts.compliance["attempt"]}
    for attempt in facts.contact["attempt"]:
        check.examined += 1
        if attempt["attempt_id"] not in known:
            check.add(name(attempt), "attempt", "counted by compliance", "nothing")
        else:
            found = {"compliance.attempt": known[attempt["attempt_id"]]}
            check.compare(name(attempt), "result", attempt["result_code"], found)
    return check


def _told(facts: Facts) -> Check:
    """Only where the topics still hold everything."""
    check = Check("every contact and every outcome was published once", "I4")
    if not facts.history.is_whole:
        return check
    for topic, rows in (
        ("contact.attempted", facts.contact["attempt"]),
        ("contact.completed", [row for row in facts.contact["attempt"] if row["result_code"] is not None]),
    ):
        told = Counter(message.event_id and message.body["attempt_id"] for message in facts.history.of(topic))
        for attempt in rows:
            check.examined += 1
            check.compare(name(attempt), topic, 1, {"the topic": told[str(attempt["attempt_id"])]})
    return check


def _ended(facts: Facts) -> Check:
    """One that is on its way has a time at which it ends by itself."""
    check = Check("every message has ended, or ends by itself", "I4")
    now = facts.contact["outbox"][0]["now"]
    for row in facts.contact["message"]:
        check.examined += 1
        ends = row["next_try_at"] if row["status"] == "queued" else row["lease_until"]
        if row["status"] not in _ENDED and (ends is None or ends < now - _LATE):
            check.add(f"message {row['message_id']}", "status", "ended", f"{row['status']} since {row['queued_at']}")
    return check


def name(attempt: Row) -> str:
    """A contact as the report calls it."""
    return f"{attempt['channel']} {attempt['attempt_id']} of {attempt['placed_at']:%Y-%m-%d %H:%M:%S}"
