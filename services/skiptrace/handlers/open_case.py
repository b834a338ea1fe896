"""The row of a case that was just requested: by hand, or by the event that asks for one now."""

from datetime import datetime
from typing import Any
from uuid import UUID

from services.skiptrace.domain.identity import skip_trace_id
from services.skiptrace.domain.policy import Policy
from services.skiptrace.domain.purpose import check_purpose
from services.skiptrace.domain.skip_trace import NO_CASE_BY_ITSELF, NOT_LOOKED
from services.skiptrace.domain.triggers import PastCase, Trigger, Try, nobody_reached, opening
from services.skiptrace.store.files import File, Row, is_past_due


def opened_by_event(file: File, policy: Policy, now: datetime) -> dict[str, Any] | None:
    """The case that an event opens now, or None."""
    if file.is_erased or file.restrictions & NO_CASE_BY_ITSELF:
        return None
    owing = [account for account in file.accounts if is_past_due(account)]
    if not owing or check_purpose(policy.purpose, file.debt) is not None:
        return None
    trigger = _trigger(file, policy, now)
    if trigger is None:
        return None
    known = [account for account in owing if account["account_id"] == trigger.account_id]
    account = max(known or owing, key=lambda one: (one["past_due_minor"], one["balance_minor"], one["account_id"]))
    return new_trace(
        skip_trace_id(file.party_id, len(file.traces) + 1),
        account,
        file.party_id,
        trigger=trigger.kind,
        purpose=policy.purpose,
        budget_minor=policy.budget_minor,
        by="events",
        now=now,
        sought_since=trigger.at,
    )


def _trigger(file: File, policy: Policy, now: datetime) -> Trigger | None:
    cases = [PastCase(trace["resolved_at"], trace["reason"] not in NOT_LOOKED) for trace in file.traces]
    told = [Trigger(row["kind"], row["at"], row["account_id"], row["contact_point_id"]) for row in file.triggers]
    tries = [Try(row["at"], row["is_right_party"], row["account_id"]) for row in file.tries]
    unreached = nobody_reached(tries, cases, now, after=policy.no_contact_after, at_least=policy.no_contact_tries)
    return opening([*told, *([unreached] if unreached else [])], cases)


def new_trace(
    trace_id: UUID,
    account: Row,
    party_id: UUID,
    *,
    trigger: str,
    purpose: str,
    budget_minor: int,
    by: str,
    now: datetime,
    sought_since: datetime | None = None,
) -> dict[str, Any]:
    """The row of a case that is not judged yet."""
    return {
        "skip_trace_id": trace_id,
        "creditor_id": account["creditor_id"],
        "account_id": account["account_id"],
        "party_id": party_id,
        "trigger": trigger,
        "permissible_purpose": purpose,
        "currency": account["currency"],
        "budget_minor": budget_minor,
        "status": "requested",
        "reason": None,
        "sought_since": sought_since or now,
        "requested_at": now,
        "requested_by": by,
        "cancelled_by": None,
        "cancelled_at": None,
        "resolved_at": None,
        "search_at": now,
        "version": 0,
    }
