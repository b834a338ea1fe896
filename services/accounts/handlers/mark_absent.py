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
# An account that an earlier file left out already stays as it is.
_MISSING = """
SELECT a.account_id FROM account a
WHERE a.creditor_id = $2 AND a.account_id > $4
  AND NOT EXISTS (SELECT FROM import_row r WHERE r.import_id = $1 AND r.account_id = a.account_id)
  AND (NOT a.is_absent OR EXISTS (
    SELECT FROM account_snapshot s WHERE s.account_id = a.account_id AND s.is_absent AND s.business_date = $3))
ORDER BY a.account_id LIMIT $5
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
    await save_issues(tx, started.import_id, [LineIssue(0, None, code, message)])
    await add_counts(tx, started.import_id, Counts(warnings=1))


async def mark_absent(tx: Tx, started: Import, after: UUID, *, version_epoch: int = 0) -> Absent:
    """Marks the next accounts that the file left out, and judges them anew."""
    rows = await tx.fetch(_MISSING, started.import_id, started.creditor_id, started.business_date, after, CHUNK)
    found = [row["account_id"] for row in rows]
    if found:
        await lock(tx, creditors=[started.creditor_id], accounts=found)
        await tx.execute(_MARK, found, started.business_date)
        await recompute(tx, found, version_epoch=version_epoch)
        await add_counts(tx, started.import_id, Counts(absent=len(found)))
    return Absent(len(found), found[-1] if len(found) == CHUNK else None)
