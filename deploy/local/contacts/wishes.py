"""What a person has said stands: after a cease, an attorney, a bankruptcy or an opt-out nothing came but what may.

A contact is held against what was known when it was decided on; what came after that could not stop it.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from deploy.local.books.databases import Row
from deploy.local.books.difference import Check
from deploy.local.contacts.facts import Facts
from deploy.local.contacts.permits import name

_SEEKING_MONEY = frozenset({"collection", "location"})
_UNASKED = _SEEKING_MONEY | {"service"}
FORBIDS: Mapping[str, frozenset[str]] = {
    "cease": _UNASKED | {"reply"},
    "attorney": _UNASKED | {"remedy_notice"},
    "bankruptcy_stay": _UNASKED | {"remedy_notice"},
    "discharged": _UNASKED | {"remedy_notice"},
    "deceased": _UNASKED,
    "identity_theft": _UNASKED | {"remedy_notice"},
    "dispute_hold": _SEEKING_MONEY,
    "disaster": _SEEKING_MONEY,
}
"""By restriction: the purposes for which nobody may be contacted."""
_POLICIES = {
    "attorney": "policy.attorney_restriction",
    "cease": "policy.cease_oral",
    "deceased": "policy.deceased",
    "disaster": "policy.disaster",
    "dispute_hold": "policy.dispute_hold",
    "identity_theft": "policy.identity_theft",
}
_CONFIRMS_WITHIN = timedelta(minutes=5)
"""One text may say that the refusal of texts was heard (47 CFR 64.1200(a)(12))."""


def check_wishes(facts: Facts) -> list[Check]:
    """Restrictions, opt-outs and wrong numbers."""
    return [_restricted(facts), _opted_out(facts), _wrong_numbers(facts)]


def _restricted(facts: Facts) -> Check:
    check = Check("nobody was contacted against a cease, an attorney, a bankruptcy or another hold", "I4, I8")
    of_party: dict[UUID, list[Row]] = {}
    for row in facts.compliance["restriction"]:
        of_party.setdefault(row["party_id"], []).append(row)
    for attempt in facts.placed:
        check.examined += 1
        for row in of_party.get(attempt["party_id"], ()):
            rule = _POLICIES.get(row["kind"])
            is_bound = rule is None or facts.binds(rule, attempt)
            if is_bound and attempt["purpose"] in FORBIDS.get(row["kind"], ()) and _holds(facts, row, attempt):
                found = f"{row['kind']} since {row['placed_at']:%Y-%m-%d %H:%M:%S} ({row['citation']})"
                check.add(name(attempt), "contact", "none", found, account_id=attempt["account_ids"][0])
    return check


def _holds(facts: Facts, row: Row, attempt: Row) -> bool:
    at: datetime = facts.permitted_at(attempt)
    covers = not row["account_ids"] or bool(set(row["account_ids"]) & set(attempt["account_ids"]))
    is_over = row["lifted_at"] is not None and row["lifted_at"] <= at
    has_ended = row["ends_on"] is not None and row["ends_on"] < facts.latest_day(attempt, at)
    return covers and row["placed_at"] < at and row["effective_at"] < at and not is_over and not has_ended


def _opted_out(facts: Facts) -> Check:
    check = Check("nothing went to an address or number that had opted out (1006.6(e), 1006.14(h))", "I4")
    refused: dict[tuple[Any, str], datetime] = {}
    for row in facts.contact["opt_out"]:
        key = (row["contact_point_id"], _medium(row["channel"]))
        refused[key] = min(row["opted_out_at"], refused.get(key, row["opted_out_at"]))
    confirmed: set[tuple[Any, str]] = set()
    for attempt in facts.placed:
        check.examined += 1
        key = (attempt["contact_point_id"], _medium(attempt["channel"]))
        since = refused.get(key)
        if since is None or since >= facts.permitted_at(attempt):
            continue
        if attempt["purpose"] == "reply" and key not in confirmed and attempt["placed_at"] - since <= _CONFIRMS_WITHIN:
            confirmed.add(key)
        else:
            check.add(name(attempt), "contact", "none", f"opted out at {since:%Y-%m-%d %H:%M:%S}")
    return check


def _medium(channel: str) -> str:
    """A voicemail is a call: who refuses the one refuses the other."""
    return "phone" if channel == "voicemail" else channel


def _wrong_numbers(facts: Facts) -> Check:
    check = Check("no number or address was used again that was known to be wrong", "I4")
    for attempt, row in _with_standing(facts):
        check.examined += 1
        wrong, right = row["invalid_at"], row["verified_at"]
        if wrong is not None and wrong < facts.permitted_at(attempt) and (right is None or right < wrong):
            check.add(name(attempt), "contact", "none", f"{row['invalid_reason']} since {wrong:%Y-%m-%d %H:%M:%S}")
    return check


def _with_standing(facts: Facts) -> Iterator[tuple[Row, Row]]:
    of_point = {row["contact_point_id"]: row for row in facts.contact["standing"]}
    for attempt in facts.placed:
        row = of_point.get(attempt["contact_point_id"])
        if row is not None:
            yield attempt, row
