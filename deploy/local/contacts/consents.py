"""What a person agreed to: more calls, or calls at any hour. Where it may have been agreed to, nothing is named."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from deploy.local.books.databases import Row
from deploy.local.contacts.clocks import ANYWHERE, wall_clocks
from deploy.local.contacts.facts import CALLS, Facts

_DAYS = 7
_DAY = timedelta(days=1)


def medium(channel: str) -> str:
    """The medium of a channel: a voicemail is a call."""
    return "phone" if channel in CALLS else channel


def is_asked_for(facts: Facts, attempt: Row, account_id: UUID, since: datetime | None = None) -> bool:
    """Whether the person may have agreed to more calls about a debt, `since` then, for this number and day.

    Consent lasts seven days (comment 14(b)(3)(i)-2). Its days are those of the person, which may differ by one.
    """
    return any(
        row["granted_at"] + timedelta(days=_DAYS + 1) > attempt["placed_at"]
        and (since is None or since <= row["granted_at"])
        and (not row["account_ids"] or account_id in row["account_ids"])
        and _is_on_its_days(row, attempt["placed_at"])
        for row in _held(facts, attempt, "call_frequency")
    )


def may_come_at_any_hour(facts: Facts, attempt: Row) -> bool:
    """Whether the person agreed to contacts at hours that are not usual, or not convenient."""
    return any(True for _ in _held(facts, attempt, "time"))


def _held(facts: Facts, attempt: Row, purpose: str) -> Iterable[Row]:
    """Consents that were given before the contact and not revoked when it was decided on."""
    for row in facts.consents.get(attempt["party_id"], ()):
        if row["purpose"] != purpose or row["granted_at"] is None or row["granted_at"] > attempt["placed_at"]:
            continue
        is_held = row["revoked_at"] is None or facts.permitted_at(attempt) < row["revoked_at"]
        is_medium = row["channel"] == "any" or medium(row["channel"]) == medium(attempt["channel"])
        if is_held and is_medium and row["contact_point_id"] in {None, attempt["contact_point_id"]}:
            yield row


def _is_on_its_days(row: Row, at: datetime) -> bool:
    days = [clock.date() for clock in wall_clocks(at, ANYWHERE)]
    has_begun = row["starts_on"] is None or row["starts_on"] <= max(days) + _DAY
    return has_begun and (row["ends_on"] is None or min(days) - _DAY <= row["ends_on"])
