"""What a complete file leaves out: accounts that are gone from the core's book.

An absent account has nothing past due and nothing falls due until it returns; its balance goes on. A file that leaves
out more than a tenth of the delinquent accounts is more likely broken than right: then none is changed.
"""

from dataclasses import dataclass
from uuid import UUID

from services.accounts.handlers.recompute import recompute
from services.accounts.store.imports import Counts, Import, LineIssue, add_counts, save_issues
from shared.db.locks import lock
from shared.db.transaction import Tx

CHUNK = 500
MAX_ABSENT_SHARE = 10
"""One in so many delinquent accounts may be absent."""

_MISSING_DELINQUENT = """
SELECT count(*) FROM account a
WHERE a.creditor_id = $2 AND a.past_due_minor > 0 AND a.snapshot_on <= $3
  AND NOT EXISTS (SELECT FROM import_row r WHERE r.import_id = $1 AND r.account_id = a.account_id)
"""
_MISSING = """
SELECT a.account_id FROM account a
WHERE a.creditor_id = $2 AND a.account_id > $3
  AND NOT EXISTS (SELECT FROM import_row r WHERE r.import_id = $1 AND r.account_id = a.account_id)
ORDER BY a.account_id LIMIT $4
"""
_STATED_SINCE = """
EXISTS (SELECT FROM account_snapshot r WHERE r.account_id = {mark}.account_id AND NOT r.is_absent
  AND r.business_date > {mark}.business_date AND r.business_date <= {until})
"""
_ABSENT_BEFORE = f"""
SELECT a.account_id FROM unnest($1::uuid[]) AS a(account_id)
WHERE EXISTS (
  SELECT FROM account_snapshot m WHERE m.account_id = a.account_id AND m.is_absent AND m.business_date < $2
    AND NOT {_STATED_SINCE.format(mark="m", until="$2")})
"""
# Of the marks of one absence the first and the last are kept: a row in between that arrives late must not end it.
_FORGET_BETWEEN = f"""
DELETE FROM account_snapshot m
WHERE m.account_id = ANY($1::uuid[]) AND m.is_absent AND m.business_date < $2
  AND NOT {_STATED_SINCE.format(mark="m", until="$2")}
  AND EXISTS (SELECT FROM account_snapshot p WHERE p.account_id = m.account_id AND p.is_absent
    AND p.business_date < m.business_date AND NOT {_STATED_SINCE.format(mark="p", until="m.business_date")})
"""
_MARK = """
INSERT INTO account_snapshot
  (account_id, is_absent, business_date, product_class, status, balance_minor, past_due_minor)
SELECT account_id, TRUE, $2, product_class, status, 0, 0 FROM account WHERE account_id = ANY($1::uuid[])
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Absent:
    """One chunk of accounts that the file left out. `after` None: it was the last."""

    absent: int
    after: UUID | None


async def refuse_absences(tx: Tx, started: Import) -> bool:
    """Says so, with a warning, when the file leaves out too many delinquent accounts to be believed."""
    missing = await tx.fetchval(_MISSING_DELINQUENT, started.import_id, started.creditor_id, started.business_date)
    if missing * MAX_ABSENT_SHARE <= started.delinquent_before:
        return False
    message = f"{missing} of {started.delinquent_before} delinquent accounts are not in the file: none was changed"
    await warn(tx, started, "absences-above-limit", message)
    return True


async def warn(tx: Tx, started: Import, code: str, message: str) -> None:
    """Keeps a warning about the file as a whole."""
    added = await save_issues(tx, started.import_id, [LineIssue(0, None, code, message)])
    await add_counts(tx, started.import_id, Counts(warnings=added))


async def mark_absent(tx: Tx, started: Import, after: UUID, *, version_epoch: int = 0) -> Absent:
    """Marks the next accounts that the file left out, and judges anew those that an earlier file had not left out."""
    rows = await tx.fetch(_MISSING, started.import_id, started.creditor_id, after, CHUNK)
    missing = [row["account_id"] for row in rows]
    if not missing:
        return Absent(0, None)
    await lock(tx, creditors=[started.creditor_id], accounts=missing)
    gone = {row["account_id"] for row in await tx.fetch(_ABSENT_BEFORE, missing, started.business_date)}
    await tx.execute(_FORGET_BETWEEN, sorted(gone), started.business_date)
    await tx.execute(_MARK, missing, started.business_date)
    found = [account_id for account_id in missing if account_id not in gone]
    if found:
        await recompute(tx, found, changed_from={}, version_epoch=version_epoch)
    return Absent(len(found), missing[-1] if len(missing) == CHUNK else None)
