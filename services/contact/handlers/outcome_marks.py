"""The marks that an outcome leaves on contact points: wrong and dead numbers, and media refused at one value."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.contact.domain.contact_points import KIND_OF, value_key
from services.contact.domain.placing import PointOfParty
from services.contact.handlers.marks import OptOutSaid, PointInvalid
from services.contact.handlers.outcome_facts import Closed
from shared.events.contact import InvalidReason


def points_of(closed: Sequence[Closed]) -> set[UUID]:
    """The contact points that outcomes speak of."""
    own = {one.row["contact_point_id"] for one in closed}
    named = {said.contact_point_id for one in closed for said in one.outcome.heard}
    return {point for point in own | named if point is not None}


def invalid_points(closed: Closed, points: Mapping[UUID, PointOfParty]) -> list[PointInvalid]:
    """The contact points that the outcome has shown not to reach the party: its own, or others that were named."""
    own = closed.row["contact_point_id"]
    wrong = {said.contact_point_id or own for said in closed.outcome.heard if said.kind == "wrong_number"}
    if closed.outcome.meaning.is_wrong_value:
        wrong.add(own)
    found = [_invalid(closed, each, points[each], _wrong(points[each])) for each in wrong if each in points]
    if closed.outcome.report.result_code == "not_in_service" and own in points and own not in wrong:
        found.append(_invalid(closed, own, points[own], "not_in_service"))
    return found


def _wrong(point: PointOfParty) -> InvalidReason:
    """An address is no wrong one for whoever else lives there."""
    return "undeliverable" if point.facts.kind == "address" else "wrong_number"


def _invalid(closed: Closed, point_id: UUID, point: PointOfParty, reason: InvalidReason) -> PointInvalid:
    row = closed.row
    return PointInvalid(
        point_id,
        row["party_id"],
        row["creditor_id"],
        point.facts.kind,
        value_key(point.facts.kind, point.value),
        reason,
        closed.completed_at,
        row["account_ids"][0],
        row["attempt_id"],
    )


def opt_outs(closed: Closed, points: Mapping[UUID, PointOfParty]) -> list[OptOutSaid]:
    """A medium that is refused at one number or address; refused as a whole, compliance alone keeps it."""
    found: list[OptOutSaid] = []
    for said in closed.outcome.heard:
        point = points.get(said.contact_point_id) if said.contact_point_id else None
        if said.kind != "stop_medium" or point is None:
            continue
        channel = said.channel or closed.row["channel"]
        kind = KIND_OF[channel]
        if point.facts.kind == kind:
            key = value_key(kind, point.value)
            found.append(OptOutSaid(channel, kind, key, "collector", closed.completed_at, closed.row["message_id"]))
    return found
