"""Reads of location inquiries."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from services.skiptrace.domain.location_inquiry import is_late, leave_ends
from services.skiptrace.schemas.inquiries import FindingView, InquiryView, ScriptView
from services.skiptrace.schemas.skip_traces import plain
from shared.db.transaction import Tx

_SELECT = """
SELECT i.*, coalesce(c.kind, 'third_party_collector') AS creditor_kind
FROM location_inquiry i LEFT JOIN creditor_view c USING (creditor_id)
"""
_ONE = f"{_SELECT} WHERE i.inquiry_id = $1"
_LIST = f"""
{_SELECT}
WHERE ($1::uuid IS NULL OR i.party_id = $1) AND ($2::uuid[] IS NULL OR i.creditor_id = ANY($2))
  AND ($3::uuid IS NULL OR i.inquiry_id < $3)
ORDER BY i.inquiry_id DESC LIMIT $4
"""
_GIVEN = frozenset({"rules", "basis", "script", "expires_at", "needs_review"})
_DEBT_COLLECTORS = frozenset({"third_party_collector", "debt_buyer", "attorney"})
_SHOWN = tuple(name for name in InquiryView.model_fields if name not in _GIVEN)


async def get_inquiry(tx: Tx, inquiry_id: UUID) -> InquiryView | None:
    """One inquiry, or None."""
    row = await tx.fetchrow(_ONE, inquiry_id)
    return None if row is None else _view(row)


async def list_inquiries(
    tx: Tx, party_id: UUID | None, creditors: Sequence[UUID] | None, before: UUID | None, limit: int
) -> list[InquiryView]:
    """Inquiries, newest first, blocked ones among them."""
    return [_view(row) for row in await tx.fetch(_LIST, party_id, creditors, before, limit)]


def _view(row: Any) -> InquiryView:
    return InquiryView(
        **plain(row, _SHOWN),
        rules=tuple(FindingView(**finding) for finding in row["findings"]),
        basis="law" if row["creditor_kind"] in _DEBT_COLLECTORS else "policy",
        script=None if row["script"] is None else ScriptView(**row["script"]),
        expires_at=leave_ends(row["channel"], row["asked_at"]) if row["script"] is not None else None,
        needs_review=bool(row["debt_was_mentioned"])
        or row["employer_was_named_on_request"] is False
        or is_late(row["channel"], row["asked_at"], row["made_at"]),
    )


async def get_seen_inquiry(tx: Tx, inquiry_id: UUID, may_see: Callable[[UUID], bool]) -> InquiryView | None:
    """One inquiry, or None when there is none of a creditor that may be seen."""
    row = await tx.fetchrow(_ONE, inquiry_id)
    return None if row is None or not may_see(row["creditor_id"]) else _view(row)
