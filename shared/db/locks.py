"""Advisory locks that are held until the transaction ends: a creditor's shared, an account's exclusively.

Everything takes them in one order (creditors before accounts, each by key), so no two batches can deadlock. The keys
are sorted and de-duplicated, not the ids: two ids may share a key.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from shared.db.transaction import Tx
from shared.ids import lock_key

# One statement, evaluated row by row in the order of the arrays: CASE calls one of the two functions only.
_LOCK = """
SELECT count(CASE WHEN is_shared THEN pg_advisory_xact_lock_shared(k)::text ELSE pg_advisory_xact_lock(k)::text END)
FROM unnest($1::bigint[], $2::boolean[]) AS l(k, is_shared)
"""


@dataclass(frozen=True, slots=True)
class Locks:
    """What a command or message must hold. `exclusive` asks for its creditors exclusively (moving a business date)."""

    creditors: frozenset[UUID] = frozenset()
    accounts: frozenset[UUID] = frozenset()
    exclusive: bool = False


async def lock(
    tx: Tx,
    *,
    creditors: Iterable[UUID] = (),
    accounts: Iterable[UUID] = (),
    exclusive_creditors: Iterable[UUID] = (),
) -> None:
    """Take all the locks of a batch, waiting at most the session's `lock_timeout` for each (SQLSTATE 55P03).

    A creditor asked for both ways is locked exclusively. Call it once per transaction, before anything is read.
    """
    exclusive = {lock_key(creditor) for creditor in exclusive_creditors}
    shared = {lock_key(creditor) for creditor in creditors} - exclusive
    first = sorted([*((key, True) for key in shared), *((key, False) for key in exclusive)])
    then = sorted({lock_key(account) for account in accounts})
    keys = [key for key, _ in first] + then
    if keys:
        await tx.fetchval(_LOCK, keys, [is_shared for _, is_shared in first] + [False] * len(then))


async def take(tx: Tx, wanted: Iterable[Locks]) -> None:
    """Take the union of what the items of a batch ask for."""
    shared: set[UUID] = set()
    exclusive: set[UUID] = set()
    accounts: set[UUID] = set()
    for item in wanted:
        (exclusive if item.exclusive else shared).update(item.creditors)
        accounts.update(item.accounts)
    await lock(tx, creditors=shared, accounts=accounts, exclusive_creditors=exclusive)


async def try_lock(tx: Tx, value: UUID) -> bool:
    """Take the lock of one id if nobody holds it; say whether it is held now."""
    return bool(await tx.fetchval("SELECT pg_try_advisory_xact_lock($1)", lock_key(value)))
