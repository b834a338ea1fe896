"""Messages on their way: leased for hand-over, saved with what became of them, found by what a gateway calls them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.contact.domain.receipts import Receipt
from services.contact.domain.shipped_templates import SHIPPED
from services.contact.domain.templates import TemplateText
from services.contact.tables.messages import EARLY_RECEIPT, OUT_MESSAGE
from shared.db.sets import insert_rows, update_rows
from shared.db.transaction import Tx

Row = Mapping[str, Any]

_LEASE = """
UPDATE out_message AS m SET next_try_at = $2 FROM (
  SELECT message_id FROM out_message WHERE status = 'queued' AND next_try_at <= $1 AND channel = ANY($4::varchar[])
  ORDER BY next_try_at, message_id LIMIT $3 FOR UPDATE SKIP LOCKED
) AS due WHERE m.message_id = due.message_id RETURNING m.*
"""
_OVERDUE = """
SELECT message_id FROM out_message WHERE (status IN ('sending', 'sent') AND lease_until <= $1)
  OR (status = 'queued' AND give_up_at <= $1)
ORDER BY coalesce(lease_until, give_up_at) LIMIT $2
"""
_FORGET_EARLY = "DELETE FROM early_receipt WHERE at <= $1"
_BY_REF = """
SELECT m.* FROM unnest($1::varchar[], $2::varchar[]) AS r (channel, ref) JOIN out_message m USING (channel, ref)
UNION SELECT m.* FROM out_message m WHERE m.message_id = ANY($3::uuid[])
"""
_LOAD = """
SELECT m.*, a.placed_at, c.time_zone FROM out_message m LEFT JOIN contact_attempt a USING (attempt_id)
LEFT JOIN creditor_view c ON c.creditor_id = m.creditor_id WHERE m.message_id = ANY($1::uuid[])
"""
_LOCK = "SELECT * FROM out_message WHERE message_id = ANY($1::uuid[]) ORDER BY message_id FOR UPDATE"
_TAKE_EARLY = """
DELETE FROM early_receipt AS e USING unnest($1::varchar[], $2::varchar[]) AS r (channel, ref)
WHERE e.channel = r.channel AND e.ref = r.ref RETURNING e.channel, e.ref, e.status, e.reason, e.at, e.is_permanent
"""
_NAMES = """
SELECT p.party_id, p.given_name, p.family_name, p.language, p.street, p.city, p.region, p.postal_code,
  c.name AS creditor, a.currency, a.past_due_minor, a.balance_minor, a.days_past_due, a.business_date
FROM party_view p JOIN account_view a ON a.account_id = $2 JOIN creditor_view c ON c.creditor_id = a.creditor_id
WHERE p.party_id = $1
"""
_TEMPLATE = """
SELECT code, channel, language, version, subject, body FROM template
WHERE code = $1 AND channel = $2 AND language = $3 AND (creditor_id = $4 OR creditor_id IS NULL)
ORDER BY creditor_id NULLS LAST LIMIT 1
"""


async def insert_message(tx: Tx, row: Row) -> None:
    """Save a new message."""
    await insert_rows(tx, OUT_MESSAGE, [row])


async def lease_due(tx: Tx, now: datetime, until: datetime, limit: int, channels: Collection[str]) -> list[Row]:
    """Take messages whose time has come; nobody else takes them before `until`."""
    return list(await tx.fetch(_LEASE, now, until, limit, list(channels)))


async def overdue_messages(tx: Tx, now: datetime, limit: int) -> list[UUID]:
    """Messages whose hand-over, receipt or life has run out, the oldest first."""
    return [row["message_id"] for row in await tx.fetch(_OVERDUE, now, limit)]


async def forget_early(tx: Tx, before: datetime) -> None:
    """Forget receipts of messages that are not ours, or no longer open."""
    await tx.execute(_FORGET_EARLY, before)


async def load_messages(tx: Tx, message_ids: Collection[UUID]) -> dict[UUID, Row]:
    """Messages by id, with when the last hand-over of each began, and the time zone of its creditor."""
    return {row["message_id"]: row for row in await tx.fetch(_LOAD, list(message_ids))}


async def lock_messages(tx: Tx, message_ids: Collection[UUID]) -> dict[UUID, Row]:
    """Messages by id, locked until the transaction ends."""
    return {row["message_id"]: row for row in await tx.fetch(_LOCK, list(message_ids))}


async def load_by_ref(tx: Tx, refs: Sequence[tuple[str, str]]) -> list[Row]:
    """Messages by channel and the id that their gateway gave, or by their own id."""
    ids = [UUID(ref) for _, ref in refs if _is_id(ref)]
    return list(await tx.fetch(_BY_REF, [channel for channel, _ in refs], [ref for _, ref in refs], ids))


async def update_messages(tx: Tx, rows: Sequence[Row]) -> None:
    """Set the given columns of messages."""
    await update_rows(tx, OUT_MESSAGE, rows, key=["message_id"])


async def keep_early(tx: Tx, receipts: Sequence[Receipt]) -> None:
    """Keep receipts of messages that are not known by these ids, or not yet: one of each message."""
    rows = [{name: getattr(one, name) for name in Receipt.__slots__} for one in receipts]
    await insert_rows(tx, EARLY_RECEIPT, rows, on_conflict="nothing")


async def take_early(tx: Tx, refs: Sequence[tuple[str, str]]) -> list[Receipt]:
    """Take the receipts that have come early for messages, by channel and the id that their gateway gave."""
    if not refs:
        return []
    rows = await tx.fetch(_TAKE_EARLY, [channel for channel, _ in refs], [ref for _, ref in refs])
    return [Receipt(**dict(row)) for row in rows]


async def load_names(tx: Tx, party_id: UUID, account_id: UUID) -> Row | None:
    """What a template may say of a party and the first account of a message; None when one of them is not here."""
    found: Row | None = await tx.fetchrow(_NAMES, party_id, account_id)
    return found


async def find_template(tx: Tx, code: str, channel: str, language: str, creditor_id: UUID) -> TemplateText | None:
    """The creditor's own template, else the deployment's, else the shipped one; None: none in this language."""
    row = await tx.fetchrow(_TEMPLATE, code, channel, language, creditor_id)
    if row is not None:
        return TemplateText(**dict(row))
    return next(
        (one for one in SHIPPED if (one.code, one.channel, one.language) == (code, channel, language)),
        None,
    )


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
