"""Books of the payments service, made by SQL: what it knows of a creditor's accounts, and what was undertaken on them.

Rows are those that the service itself would have written; a case verifies what it does with them.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from benchmarks.book import BALANCE_MINOR, CREDITOR, DAY, INSTALLMENT_MINOR
from shared.db.transaction import Tx

INTEREST_MINOR = 2_000
"""What a waterfall pays first; the rest of a payment is principal: two lines each."""
PROMISED_MINOR = 1_000
ARRANGED_MINOR = 1_200_000

_CREDITOR = """
INSERT INTO creditor_view (creditor_id, aggregate_version, currency, time_zone, business_date)
VALUES ($1, 1, 'USD', 'America/Denver', $2)
"""
_ACCOUNTS = f"""
INSERT INTO account_view (account_id, creditor_id, party_id, aggregate_version, product_class, status, stage, currency,
  balance_minor, past_due_minor, oldest_unpaid_due_on, business_date, snapshot_on, principal_minor, interest_minor,
  fees_minor)
SELECT id, $2, id, 1, 'closed_end_loan', 'open', CASE n % 2 WHEN 0 THEN 'current' ELSE 'early' END, 'USD',
  {BALANCE_MINOR}, {INSTALLMENT_MINOR} * (n % 2), CASE n % 2 WHEN 1 THEN $3::date - 9 END, $3, $3::date - 1,
  {BALANCE_MINOR - INTEREST_MINOR}, {INTEREST_MINOR}, 0
FROM unnest($1::uuid[]) WITH ORDINALITY AS a(id, n)
"""
_PROMISES = f"""
INSERT INTO promise (promise_id, creditor_id, account_id, currency, amount_minor, due_on, tolerance_minor, grace_days,
  made_on, made_at, made_by, made_charged_off, status, paid_minor, next_review_on, version)
SELECT uuidv7(), $2, id, 'USD', {PROMISED_MINOR}, $3::date + 21, 0, 0, $3, now() - interval '1 day', 'collector',
  FALSE, 'made', 0, $3::date + 22, 1
FROM unnest($1::uuid[]) AS a(id)
"""
_ARRANGEMENTS = f"""
WITH made AS (
  INSERT INTO arrangement (arrangement_id, creditor_id, account_id, currency, total_minor, tolerance_minor, grace_days,
    made_on, made_at, made_by, approved_at, approved_by, activated_on, made_charged_off, status, paid_minor,
    next_due_on, next_review_on, version)
  SELECT uuidv7(), $2, id, 'USD', {ARRANGED_MINOR}, 0, 0, $3, now() - interval '1 day', 'collector', now(),
    'collector', $3, FALSE, 'active', 0, $3::date + 30, $3::date + 31, 1
  FROM unnest($1::uuid[]) AS a(id) RETURNING arrangement_id
)
INSERT INTO arrangement_installment (arrangement_id, position, due_on, amount_minor)
SELECT arrangement_id, n, $3::date + 30 * n, {ARRANGED_MINOR} / 12 FROM made CROSS JOIN generate_series(1, 12) AS n
"""
_PAST = f"""
WITH paid AS (
  INSERT INTO payment (payment_id, creditor_id, account_id, core_account_number, amount_minor, currency, effective_on,
    posted_on, channel, source, source_ref, origin, status, allocation_basis, arrangements_completed, taken_at)
  SELECT uuidv7(), $2, ($1::uuid[])[1 + n % cardinality($1::uuid[])], 'L' || n, 5000, 'USD',
    $3::date - 30 - (n / cardinality($1::uuid[]))::int, $3::date - 30 - (n / cardinality($1::uuid[]))::int, 'ach',
    'core', 'H' || lpad(n::text, 11, '0'), 'core', 'posted', 'waterfall', '{{}}', now() - interval '30 days'
  FROM generate_series($4::bigint, $5::bigint - 1) AS n RETURNING payment_id, source_ref
), allocated AS (
  INSERT INTO allocation (payment_id, component, line, amount_minor)
  SELECT payment_id, component, line, amount
  FROM paid CROSS JOIN (VALUES ('interest', 1, {INTEREST_MINOR}), ('principal', 2, {5000 - INTEREST_MINOR}))
    AS l(component, line, amount)
)
INSERT INTO source_reference (creditor_id, source, source_ref, kind, content_hash, payment_id)
SELECT $2, 'core', source_ref, 'payment', sha256(source_ref::bytea), payment_id FROM paid
"""
_PIECE = 250_000


async def fill_payments(
    tx: Tx, account_ids: Sequence[UUID], *, promised: Sequence[UUID] = (), arranged: Sequence[UUID] = (), on: date = DAY
) -> None:
    """Make the creditor and its accounts; some have promised a payment, some are within an arrangement."""
    await tx.execute(_CREDITOR, CREDITOR, on)
    for begin in range(0, len(account_ids), _PIECE):
        await tx.execute(_ACCOUNTS, account_ids[begin : begin + _PIECE], CREDITOR, on)
    await tx.execute(_PROMISES, list(promised), CREDITOR, on)
    await tx.execute(_ARRANGEMENTS, list(arranged), CREDITOR, on)


async def add_past_payments(tx: Tx, account_ids: Sequence[UUID], begin: int, end: int) -> None:
    """Add payments of the months before, the nth of each account a day before the last."""
    await tx.execute(_PAST, list(account_ids), CREDITOR, DAY, begin, end)
