"""An account's timeline: every fact about it, in the order of the days for which the facts count.

Within a day: money first, then the close of that day, then what followed from both, and what other services told: of
the account, and of the people behind it. Pages go by the sort key of the last row, so a fact that arrives meanwhile
never shifts a page.
"""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from services.accounts.schemas.timeline import TimelineItem
from services.accounts.store.accounts import creditor_of
from shared.db.transaction import Tx
from shared.errors import Refusal

Position = tuple[date, int, datetime, UUID, str]
"""The sort key: day, order within the day, time of recording, id, kind."""

# In the sort key, a snapshot, which has no time of its own, has the start of its day in UTC; and an account leaves a
# queue a moment before it enters the next.
_FACTS = """
SELECT effective_on AS on_day, 0 AS nth, received_at AS sort_at, received_at AS at, payment_id AS id, 'payment' AS kind,
       jsonb_build_object('payment_id', payment_id, 'amount_minor', amount_minor, 'currency', currency,
           'posted_on', posted_on, 'booked_on', booked_on, 'origin', origin, 'channel', channel,
           'source', source, 'source_ref', source_ref, 'allocation', allocation) AS detail
FROM entry WHERE account_id = $1
UNION ALL
SELECT effective_on, 0, received_at, received_at, reversal_id, 'reversal',
       jsonb_build_object('reversal_id', reversal_id, 'payment_id', payment_id, 'amount_minor', amount_minor,
           'currency', currency, 'reason', reason, 'posted_on', posted_on, 'booked_on', booked_on, 'origin', origin)
FROM reversal WHERE account_id = $1
UNION ALL
SELECT business_date, 1, business_date::timestamp AT TIME ZONE 'UTC', NULL, account_id,
       CASE WHEN is_absent THEN 'snapshot.absent' ELSE 'snapshot' END,
       CASE WHEN is_absent THEN '{}'::jsonb ELSE jsonb_build_object('status', status, 'balance_minor', balance_minor,
           'principal_minor', principal_minor, 'interest_minor', interest_minor, 'fees_minor', fees_minor,
           'past_due_minor', past_due_minor, 'oldest_unpaid_due_on', oldest_unpaid_due_on,
           'next_due_on', LEAST(next_due_on, DATE '9999-12-31')) END
FROM account_snapshot WHERE account_id = $1
UNION ALL
SELECT business_date, 2, at, at, history_id, kind, detail
FROM account_history WHERE account_id = $1
UNION ALL
SELECT starts_on, 2, made_at, made_at, pause_id, 'pause',
       jsonb_build_object('pause_id', pause_id, 'starts_on', GREATEST(starts_on, '0001-01-01'),
           'ends_on', LEAST(ends_on, '9999-12-31'), 'reason', reason, 'evidence', evidence, 'made_on', made_on,
           'by', made_by)
FROM pause WHERE account_id = $1
UNION ALL
SELECT cancelled_on, 2, cancelled_at, cancelled_at, pause_id, 'pause.cancelled',
       jsonb_build_object('pause_id', pause_id, 'by', cancelled_by)
FROM pause WHERE account_id = $1 AND cancelled_at IS NOT NULL
UNION ALL
SELECT entered_on, 2, entered_at, entered_at, work_item_id, 'queue.entered',
       jsonb_build_object('queue', queue, 'work_item_id', work_item_id)
FROM work_item WHERE account_id = $1
UNION ALL
SELECT exited_on, 2, closed_at - interval '1 microsecond', closed_at, work_item_id, 'queue.exited',
       jsonb_build_object('queue', queue, 'work_item_id', work_item_id, 'exit_reason', exit_reason)
FROM work_item WHERE account_id = $1 AND closed_at IS NOT NULL
UNION ALL
SELECT (o.at AT TIME ZONE c.time_zone)::date, 2, o.at, o.at, o.id, o.kind, o.detail
FROM outside_event o JOIN creditor c ON c.creditor_id = o.creditor_id WHERE o.account_id = $1
UNION ALL
SELECT (o.at AT TIME ZONE c.time_zone)::date, 2, o.at, o.at, o.id, o.kind, o.detail
FROM outside_event o JOIN creditor c ON c.creditor_id = o.creditor_id
WHERE o.account_id IS NULL AND o.party_id IN (SELECT party_id FROM account_party WHERE account_id = $1)
  AND (NOT o.detail ? 'account_ids' OR o.detail->'account_ids' ? $1::uuid::text)
"""
_FORWARD = f"""
SELECT * FROM ({_FACTS}) f
WHERE $2::date IS NULL OR (on_day, nth, sort_at, id, kind) > ($2::date, $3::bigint, $4::timestamptz, $5::uuid, $6::text)
ORDER BY on_day, nth, sort_at, id, kind LIMIT $7::int
"""
_BACKWARD = f"""
SELECT * FROM ({_FACTS}) f
WHERE $2::date IS NULL OR (on_day, nth, sort_at, id, kind) < ($2::date, $3::bigint, $4::timestamptz, $5::uuid, $6::text)
ORDER BY on_day DESC, nth DESC, sort_at DESC, id DESC, kind DESC LIMIT $7::int
"""

SORT_KEY = (date, int, datetime, UUID, str)
"""The types of a cursor of this list."""


async def list_timeline(
    tx: Tx,
    account_id: UUID,
    creditors: Collection[UUID] | None,
    *,
    after: Position | None,
    limit: int,
    newest_first: bool = False,
) -> list[tuple[TimelineItem, Position]] | Refusal:
    """Facts of an account with their sort keys, from the oldest on, or from the newest back.

    Refuses with `account-unknown`, also for a creditor that is not among `creditors` (None: all).
    """
    creditor_id = await creditor_of(tx, account_id)
    if creditor_id is None or (creditors is not None and creditor_id not in creditors):
        return Refusal("account-unknown", "there is no such account")
    rows = await tx.fetch(_BACKWARD if newest_first else _FORWARD, account_id, *(after or (None,) * 5), limit)
    return [
        (
            TimelineItem(on=row["on_day"], at=row["at"], kind=row["kind"], id=row["id"], detail=row["detail"]),
            (row["on_day"], row["nth"], row["sort_at"], row["id"], row["kind"]),
        )
        for row in rows
    ]
