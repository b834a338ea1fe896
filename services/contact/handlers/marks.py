"""Marks that hold for a value, whoever has it: opt-outs, wrong numbers, addresses that bounce. And what they cause.

Each new mark is published once for each party that is known to have the value, under the id of that party's contact
point; a point that comes later with a marked value is published when it comes.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from services.contact.domain.contact_points import CHANNELS_OF, medium_of
from services.contact.store.marks import (
    Learnt,
    Refused,
    Wrong,
    learn,
    mark_wrong,
    marks_of_points,
    points_of_values,
    refuse_values,
)
from shared.db.transaction import Tx
from shared.events.contact import ContactChannel, ContactPointInvalidated, MessageOptedOut


class OptOutSaid(NamedTuple):
    """Somebody wants no more of a channel at a value."""

    channel: ContactChannel
    kind: str
    value_key: str
    source: str
    at: datetime
    message_id: UUID | None = None


class PointInvalid(NamedTuple):
    """A contact point does not reach its party. `is_wrong_value`: somebody said that the value is not theirs."""

    contact_point_id: UUID
    party_id: UUID
    creditor_id: UUID
    kind: str
    value_key: str
    reason: str
    at: datetime
    account_id: UUID | None = None
    attempt_id: UUID | None = None

    @property
    def is_wrong_value(self) -> bool:
        """True where the mark holds for the value, not only for this party's point."""
        return self.reason in ("wrong_number", "not_in_service")


async def opt_out(tx: Tx, said: Collection[OptOutSaid]) -> None:
    """Keep opt-outs, each of its whole medium, and publish those that are new."""
    said = [one._replace(channel=medium_of(one.channel)) for one in said]
    fresh = await refuse_values(tx, [Refused(one.channel, one.value_key, one.source, one.at) for one in said])
    new = {key: one for one in said if (key := (one.channel, one.value_key, one.at)) in fresh}
    points = defaultdict(list)
    for point in await points_of_values(tx, [(one.kind, one.value_key) for one in new.values()]):
        points[point["value_key"]].append(point)
    for one in new.values():
        for point in points[one.value_key]:
            _publish_opt_out(tx, point, channel=one.channel, source=one.source, at=one.at, message_id=one.message_id)


async def invalidate(tx: Tx, found: Sequence[PointInvalid]) -> None:
    """Keep and publish that contact points do not reach their parties, for every party that has the value."""
    if not found:
        return
    await learn(
        tx, [Learnt(one.contact_point_id, one.party_id, one.creditor_id, one.at, None, one.reason) for one in found]
    )
    wrong = [one for one in found if one.is_wrong_value]
    await mark_wrong(tx, [Wrong(one.kind, one.value_key, one.party_id, one.at) for one in wrong])
    for one in found:
        _publish_invalid(
            tx, one._asdict(), reason=one.reason, at=one.at, account_id=one.account_id, attempt_id=one.attempt_id
        )
    by_value = {(one.kind, one.value_key): one for one in wrong}
    told = {one.contact_point_id for one in found}
    for point in await points_of_values(tx, list(by_value)):
        if point["contact_point_id"] not in told and point["verified_at"] is None:
            mark = by_value[point["kind"], point["value_key"]]
            _publish_invalid(tx, point, reason=mark.reason, at=mark.at)


async def publish_marks(tx: Tx, contact_point_ids: Collection[UUID]) -> None:
    """Publish, for contact points that have just come, the marks that stand already on their values."""
    for row in await marks_of_points(tx, contact_point_ids):
        if row["channel"] is None:
            _publish_invalid(tx, row, reason="wrong_number", at=row["wrong_at"])
        elif row["channel"] in CHANNELS_OF[row["kind"]]:
            _publish_opt_out(
                tx, row, channel=row["channel"], source=row["source"], at=row["opted_out_at"], message_id=None
            )


def _publish_opt_out(tx: Tx, point: Any, *, channel: str, source: str, at: datetime, message_id: UUID | None) -> None:
    event = {
        "creditor_id": point["creditor_id"],
        "party_id": point["party_id"],
        "contact_point_id": point["contact_point_id"],
        "channel": channel,
        "source": source,
        "message_id": message_id,
        "at": at,
    }
    tx.emit("message.opted_out", MessageOptedOut.model_validate(event))


def _publish_invalid(
    tx: Tx,
    point: Any,
    *,
    reason: str,
    at: datetime,
    account_id: UUID | None = None,
    attempt_id: UUID | None = None,
) -> None:
    event = {
        "creditor_id": point["creditor_id"],
        "party_id": point["party_id"],
        "contact_point_id": point["contact_point_id"],
        "kind": point["kind"],
        "reason": reason,
        "account_id": account_id,
        "attempt_id": attempt_id,
        "at": at,
    }
    tx.emit("contact_point.invalidated", ContactPointInvalidated.model_validate(event))
