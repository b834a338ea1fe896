"""Takes what came of a location inquiry: the outcome once, and what the person said as candidates of the case."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from services.skiptrace.domain.mapping import FoundPoint
from services.skiptrace.domain.policy import Policy
from services.skiptrace.handlers.actor import Actor
from services.skiptrace.handlers.publish import publish_inquiry
from services.skiptrace.handlers.reassess import judge_files
from services.skiptrace.handlers.sightings import NamedPoint, take_points
from services.skiptrace.schemas.inquiries import FoundLocation, InquiryReport
from services.skiptrace.store.files import load_files
from services.skiptrace.store.inquiries import Row, load_inquiry, update_inquiry
from shared.contact_points import address_line, normalised
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.ids import contact_point_id

SOURCE = "location_inquiry"
_CLOCKS_DIFFER = timedelta(minutes=1)
_UNREADABLE = {
    "phone": "This is no telephone number.",
    "address": "An address has a street; what is less belongs into the note.",
}
_UNKNOWN = Refusal("location-inquiry-unknown", "There is no such location inquiry.")


async def report_inquiry(
    tx: Tx, actor: Actor, policy: Policy, inquiry_id: UUID, report: InquiryReport
) -> UUID | Refusal:
    """Record the outcome of an allowed inquiry, and return its id.

    Refuses: `location-inquiry-unknown`, `location-inquiry-reported`, `location-inquiry-blocked` (it was never allowed),
    `validation-error` (the person was asked before there was leave, or what was said cannot be read).
    """
    found = await load_inquiry(tx, inquiry_id)
    if found is None or not actor.may_see(found["creditor_id"]):
        return _UNKNOWN
    party_id = found["party_id"]
    await lock(tx, creditors=[found["creditor_id"]], accounts=[party_id])
    row = await load_inquiry(tx, inquiry_id)
    if row is None:
        return _UNKNOWN
    if row["status"] != "allowed":
        code = "location-inquiry-blocked" if row["status"] == "blocked" else "location-inquiry-reported"
        return Refusal(code, "The inquiry is not waiting for an outcome.")
    now = tx.clock.now()
    made_at = report.made_at or now
    if not row["asked_at"] - _CLOCKS_DIFFER <= made_at <= now + _CLOCKS_DIFFER:
        return Refusal("validation-error", "The person was asked after leave was given, and before now.", "made_at")
    points = _points(report.found)
    if isinstance(points, Refusal):
        return points
    changed = _reported(row, report, min(max(made_at, row["asked_at"]), now), now)
    await update_inquiry(tx, changed)
    publish_inquiry(tx, changed)
    file = (await load_files(tx, [party_id]))[party_id]
    trace = next((one for one in file.traces if one["skip_trace_id"] == row["skip_trace_id"]), None)
    if trace is not None and not file.is_erased:
        named = [
            NamedPoint(contact_point_id(party_id, point.kind, point.value), point, SOURCE, inquiry_id)
            for point in points
        ]
        await take_points(tx, file, trace, named)
        await judge_files(tx, [file], policy, republish=[trace["skip_trace_id"]] if points else [])
    return inquiry_id


def _reported(row: Row, report: InquiryReport, made_at: datetime, now: datetime) -> Row:
    """The inquiry with what came of it."""
    return {
        **row,
        "status": "reported",
        "made_at": made_at,
        "outcome": report.outcome,
        "reported_at": now,
        "debt_was_mentioned": report.debt_was_mentioned,
        "employer_was_named_on_request": None
        if report.employer_was_named == "no"
        else report.employer_was_named == "on_request",
        "is_again_requested": report.is_again_requested,
        "is_known_now": report.is_known_now,
        "note": report.note,
    }


def _points(found: Iterable[FoundLocation]) -> list[FoundPoint] | Refusal:
    """What was said, in its one form. What cannot be read is refused, not dropped: the report is made once."""
    points = []
    for number, one in enumerate(found):
        address = {part: getattr(one, part) for part in ("street", "city", "region", "postal_code")}
        raw = one.phone if one.kind == "phone" else address_line(address)
        value = normalised(one.kind, raw) if raw else None
        if value is None:
            return Refusal("validation-error", _UNREADABLE[one.kind], f"found.{number}")
        parts = address if one.kind == "address" else {}
        points.append(FoundPoint(one.kind, value, one.label, None, None, frozenset(), parts))
    return points
