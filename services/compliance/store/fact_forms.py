"""Rows into the facts of a decision: debts, what stands against a contact, and the contacts of the past. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.compliance.domain import facts as f
from services.compliance.domain.parts import PRIMARY
from services.compliance.domain.results import LOCATION_TALK

Row = Mapping[str, Any]

_PROFESSIONALS: Final[Mapping[str, f.Recipient]] = {
    "attorney_call": f.Recipient.CONSUMER_ATTORNEY,
    "agency_call": f.Recipient.CREDIT_BUREAU,
    "creditor_call": f.Recipient.CREDITOR,
}

# A word that a later release of contact may use counts as what the rules count most.
_CHANNELS: Final = {each.value: each for each in f.Channel}
_DIRECTIONS: Final = {each.value: each for each in f.Direction}
_PURPOSES: Final = {each.value: each for each in f.Purpose}
_ROLES: Final = {each.value: each for each in f.Role}
_INQUIRED: Final[Mapping[str | None, str | None]] = {None: None, "no_answer": "no_answer", "not_connected": "busy"}
"""What a location inquiry came to, as a contact; any other outcome is a talk."""
_WRITTEN: Final = frozenset({"letter", "email"})
_WRONG: Final = frozenset({"erroneous", "incomplete"})


def role(kind: str) -> f.Role:
    """The role of a creditor's kind; one that is not known here is held to what binds a debt collector."""
    return _ROLES.get(kind, f.Role.THIRD_PARTY_COLLECTOR)


def parts(row: Row) -> list[tuple[UUID, str]]:
    """Who has a part in a debt, with the role: its primary party, and those that were imported with it."""
    return [(row["party_id"], PRIMARY), *zip(row["parties"] or (), row["roles"] or (), strict=True)]


def debt(row: Row, at: datetime) -> f.Debt:
    """A debt as accounts published it last; days past due run on by the calendar of `at`."""
    oldest = row["oldest_unpaid_due_on"]
    status = "paid" if row["status"] == "closed" or row["balance_minor"] <= 0 else row["status"]
    return f.Debt(
        account_id=row["account_id"],
        status=status,
        product_class=row["product_class"],
        is_consumer=row["product_class"] != "commercial",
        days_past_due=0 if oldest is None else max(0, (at.date() - oldest).days),
        secured_by="real_estate" if row["product_class"] == "mortgage" else None,
    )


def restriction(row: Row) -> f.Restriction:
    """A restriction with its dates."""
    return f.Restriction(
        restriction_id=row["restriction_id"],
        kind=row["kind"],
        effective_at=row["effective_at"],
        account_ids=frozenset(row["account_ids"]),
        is_written=row["is_written"],
        ends_on=row["ends_on"],
        lifted_at=row["lifted_at"],
    )


def representation(row: Row) -> f.Representation:
    """A representation; an attorney is reachable by an address, a phone or an e-mail with the name."""
    means = (row["attorney_address"], row["attorney_phone"], row["attorney_email"])
    return f.Representation(
        representation_id=row["representation_id"],
        known_at=row["known_at"],
        is_reachable=True if row["attorney_name"] and any(means) else None,
        account_ids=frozenset(row["account_ids"]),
        is_direct_allowed=row["is_direct_allowed"],
        unresponsive_since=row["unresponsive_since"],
        ended_at=row["ended_at"],
    )


def dispute(row: Row) -> f.Dispute:
    """A dispute with its clock."""
    return f.Dispute(
        dispute_id=row["dispute_id"],
        account_id=row["account_id"],
        kind=row["kind"],
        received_at=row["received_at"],
        is_written=row["is_written"],
        is_whole=row["disputed_minor"] is None,
        answered_at=row["answered_at"],
        closed_at=row["closed_at"],
    )


def attempt(row: Row) -> f.Attempt:
    """A contact of the past; whom it reached is said by its permit, or by its outcome."""
    code = row["result_code"]
    recipient = _PROFESSIONALS.get(code or "", f.Recipient.CONSUMER)
    return f.Attempt(
        attempt_id=row["attempt_id"],
        at=row["at"],
        channel=_CHANNELS.get(row["channel"], f.Channel.PHONE),
        account_ids=tuple(row["account_ids"]),
        result_code=code,
        direction=_DIRECTIONS.get(row["direction"], f.Direction.OUTBOUND),
        debts_discussed=tuple(row["debts_discussed"]),
        contact_point_id=row["contact_point_id"],
        purpose=_PURPOSES.get(row["purpose"], f.Purpose.COLLECTION),
        recipient=recipient if row["recipient_id"] is None else f.Recipient.THIRD_PARTY,
        recipient_id=row["recipient_id"],
        permit_id=row["permit_id"],
        ended_at=row["completed_at"],
        is_bounced=row["is_bounced"],
    )


def inquiry(row: Row, recipient_id: UUID) -> f.Attempt:
    """A location inquiry as a contact with the third party; one that is not reported yet may have been made."""
    return f.Attempt(
        attempt_id=row["inquiry_id"],
        at=row["asked_at"],
        channel=_CHANNELS.get(row["channel"], f.Channel.PHONE),
        account_ids=(row["account_id"],),
        result_code=_inquired(row),
        purpose=f.Purpose.LOCATION,
        recipient=f.Recipient.THIRD_PARTY,
        recipient_id=recipient_id,
    )


def _inquired(row: Row) -> str | None:
    """The result of a location inquiry. What was written is a communication, though nobody answered it."""
    if row["channel"] in _WRITTEN and row["outcome"] == "no_answer":
        return LOCATION_TALK
    return _INQUIRED.get(row["outcome"], LOCATION_TALK)


def location_answer(row: Row, recipient_id: UUID) -> f.LocationAnswer:
    """What came of a location inquiry, as far as it bears on another one (12 CFR 1006.10(c))."""
    return f.LocationAnswer(
        recipient_id=recipient_id,
        asked_at=row["asked_at"],
        is_again_requested=row["is_again_requested"],
        is_believed_wrong=row["outcome"] in _WRONG and row["is_known_now"],
    )


def permit(row: Row) -> f.Permit:
    """A permit that is out."""
    return f.Permit(
        permit_id=row["permit_id"],
        reserved_at=row["reserved_at"],
        channel=_CHANNELS.get(row["channel"], f.Channel.PHONE),
        account_ids=tuple(row["account_ids"]),
        contact_point_id=row["contact_point_id"],
        recipient_id=row["recipient_id"],
    )
