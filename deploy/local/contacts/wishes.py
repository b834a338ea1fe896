"""What a person has said stands: after a cease, an attorney, a bankruptcy or an opt-out nothing came but what may.

A contact is held against what was known when it was decided on; what came after that could not stop it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from deploy.local.books.databases import Row
from deploy.local.books.difference import Check
from deploy.local.contacts.consents import medium
from deploy.local.contacts.facts import Facts, did_leave
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
_OF_THE_DEBT = frozenset({"bankruptcy_stay", "dispute_hold", "identity_theft"})
"""Restrictions that hold for a debt, whichever of its debtors they were placed for."""
_CONFIRMS_WITHIN = timedelta(minutes=5)
"""One text may say that the refusal of texts was heard (47 CFR 64.1200(a)(12))."""
_ELECTRONIC = frozenset({"email", "sms"})
_BY_A_REFUSED_MEDIUM = _UNASKED | {"remedy_notice"}
_OWN_WORD = frozenset({"direct", "consumer_used"})
"""What takes a refusal back when it comes later."""


def check_wishes(facts: Facts) -> list[Check]:
    """Restrictions, opt-outs, refusals and wrong numbers."""
    return [_restricted(facts), _opted_out(facts), _refused(facts), _wrong_numbers(facts)]


def _restricted(facts: Facts) -> Check:
    check = Check("nobody was contacted against a cease, an attorney, a bankruptcy or another hold", "I4, I8")
    of_anybody: dict[UUID, dict[UUID, Row]] = {}
    for row in facts.compliance["restriction"]:
        for each in {row["party_id"], *_debts_held(facts, row)}:
            of_anybody.setdefault(each, {})[row["restriction_id"]] = row
    for attempt in facts.placed:
        check.examined += 1
        concerned = [of_anybody.get(each, {}) for each in (attempt["party_id"], *attempt["account_ids"])]
        for row in {key: row for rows in concerned for key, row in rows.items()}.values():
            is_bound = any(facts.binds(rule, attempt) for rule in _rules(row, attempt))
            if is_bound and attempt["purpose"] in FORBIDS.get(row["kind"], ()) and _holds(facts, row, attempt):
                found = f"{row['kind']} since {row['placed_at']:%Y-%m-%d %H:%M:%S} ({row['citation']})"
                check.add(name(attempt), "contact", "none", found, account_id=attempt["account_ids"][0])
    return check


def _debts_held(facts: Facts, row: Row) -> Iterable[UUID]:
    """The debts that a restriction holds, whoever of their debtors is contacted."""
    if row["kind"] not in _OF_THE_DEBT:
        return ()
    return row["account_ids"] or facts.told_of.get(row["restriction_id"], ())


def _rules(row: Row, attempt: Row) -> tuple[str, ...]:
    """The rules by which a restriction forbids: what was written by law, what was only said by a policy."""
    if row["kind"] == "bankruptcy_stay":
        return ("bk.stay",) if row["party_id"] == attempt["party_id"] else ("bk.codebtor",)
    if row["kind"] == "discharged":
        return ("bk.discharge",)
    policy = _POLICIES.get(row["kind"], "")
    return ("regf.cease", policy) if row["kind"] == "cease" and row["is_written"] else (policy,)


def _holds(facts: Facts, row: Row, attempt: Row) -> bool:
    at: datetime = facts.permitted_at(attempt)
    is_over = row["lifted_at"] is not None and row["lifted_at"] <= at
    has_ended = row["ends_on"] is not None and row["ends_on"] < facts.latest_day(attempt, at)
    is_known = row["placed_at"] < at and row["effective_at"] < at
    return is_known and not is_over and not has_ended and _is_about(facts, row, attempt)


def _is_about(facts: Facts, row: Row, attempt: Row) -> bool:
    """Whether a restriction is about a debt of the contact; another debtor's, if it names it or was told of it."""
    if row["account_ids"]:
        return bool(set(row["account_ids"]) & set(attempt["account_ids"]))
    if row["party_id"] == attempt["party_id"]:
        return True
    told = facts.told_of.get(row["restriction_id"], {})
    return any(each in told and told[each] < facts.permitted_at(attempt) for each in attempt["account_ids"])


def _opted_out(facts: Facts) -> Check:
    check = Check("nothing went to an address or number that had opted out (1006.6(e), 1006.14(h))", "I4")
    refused: dict[tuple[Any, str], set[datetime]] = {}
    for row in facts.contact["opt_out"]:
        refused.setdefault((row["contact_point_id"], medium(row["channel"])), set()).add(row["opted_out_at"])
    confirmed: set[tuple[Any, str, datetime]] = set()
    for attempt in facts.placed:
        check.examined += 1
        key = (attempt["contact_point_id"], medium(attempt["channel"]))
        holding = [since for since in refused.get(key, ()) if _holds_opt_out(facts, since, attempt)]
        if not holding:
            continue
        since = min(holding)
        is_in_time = attempt["placed_at"] - since <= _CONFIRMS_WITHIN
        if attempt["purpose"] == "reply" and is_in_time and (*key, since) not in confirmed:
            if did_leave(attempt):
                confirmed.add((*key, since))
        else:
            check.add(name(attempt), "contact", "none", f"opted out at {since:%Y-%m-%d %H:%M:%S}")
    return check


def _holds_opt_out(facts: Facts, since: datetime, attempt: Row) -> bool:
    """Whether an opt-out was known when the contact was decided on, and not taken back."""
    return since < facts.permitted_at(attempt) and not _is_taken_back(facts, since, attempt)


def _refused(facts: Facts) -> Check:
    check = Check("nobody was contacted by a medium that they had asked us to leave (1006.14(h)(1))", "I4")
    for attempt in facts.placed:
        check.examined += 1
        for row in facts.consents.get(attempt["party_id"], ()):
            if (
                _is_refusal(row, attempt)
                and _forbids(facts, row, attempt)
                and not _is_taken_back(facts, row["revoked_at"], attempt)
            ):
                check.add(name(attempt), "contact", "none", f"refused at {row['revoked_at']:%Y-%m-%d %H:%M:%S}")
    return check


def _is_refusal(row: Row, attempt: Row) -> bool:
    """Whether a row refuses the medium of a contact, or this number or address alone."""
    is_medium = row["channel"] == "any" or medium(row["channel"]) == medium(attempt["channel"])
    is_point = row["contact_point_id"] in {None, attempt["contact_point_id"]}
    return row["granted_at"] is None and row["purpose"] == "contact" and is_medium and is_point


def _forbids(facts: Facts, row: Row, attempt: Row) -> bool:
    """Whether a refusal was known and forbade the contact; whether a reply was the one allowed is not judged."""
    if max(row["revoked_at"], row["recorded_at"]) >= facts.permitted_at(attempt):
        return False
    if row["basis"] == "opted_out":
        is_asked = attempt["purpose"] != "reply" and attempt["channel"] in _ELECTRONIC
        return is_asked and facts.binds("regf.optout", attempt)
    return attempt["purpose"] in _BY_A_REFUSED_MEDIUM and facts.binds("regf.medium", attempt)


def _is_taken_back(facts: Facts, refused_at: datetime, attempt: Row) -> bool:
    return any(
        row["purpose"] == "contact"
        and row["basis"] in _OWN_WORD
        and row["granted_at"] is not None
        and refused_at < row["granted_at"] <= attempt["placed_at"]
        and (row["channel"] == "any" or medium(row["channel"]) == medium(attempt["channel"]))
        for row in facts.consents.get(attempt["party_id"], ())
    )


def _wrong_numbers(facts: Facts) -> Check:
    check = Check("no number or address was used again that was known to be wrong", "I4")
    for attempt in facts.placed:
        at, marks = facts.permitted_at(attempt), facts.marks.get(attempt["contact_point_id"], ())
        wrong = max(((when, why) for when, why in marks if why is not None and when < at), default=None)
        check.examined += 1
        if wrong is not None and not any(why is None and wrong[0] <= when <= at for when, why in marks):
            check.add(name(attempt), "contact", "none", f"{wrong[1]} since {wrong[0]:%Y-%m-%d %H:%M:%S}")
    return check
