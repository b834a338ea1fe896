"""What every command on a promise or an arrangement begins with: find it or its account, and take the locks.

Ids of creditor and account never change, so they are read before the locks; everything else is read again under them.
"""

from collections.abc import Callable
from typing import Any, Literal
from uuid import UUID

from services.payments.handlers.actor import Actor
from services.payments.store.obligations import Row, load_account, load_one
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.errors import Refusal

Kind = Literal["promise", "arrangement"]
Precondition = Callable[[int], None]
"""Raises `precondition-failed` for a version that the caller has not seen (the If-Match of a request)."""


async def lock_account(tx: Tx, actor: Actor, account_id: UUID, currency: str) -> Any:
    """Lock an account that something is to be undertaken on; return what is known of it, or a refusal.

    `account-not-here` while its first state, or its creditor's business date, has not arrived.
    """
    known = await load_account(tx, account_id)
    if known is None:
        return Refusal("account-not-here", "The account is not known here yet; it arrives with its first snapshot.")
    if not actor.may_see(known["creditor_id"]):
        return Refusal("account-unknown", "There is no such account.")
    await lock(tx, creditors=[known["creditor_id"]], accounts=[account_id])
    account = await load_account(tx, account_id)
    if account["currency"] != currency:
        return Refusal("currency-mismatch", f"The account is kept in {account['currency']}.", "currency")
    if account["balance_minor"] <= 0:
        return Refusal("account-not-eligible", "Nothing is owed on the account.")
    return account


async def lock_undertaking(
    tx: Tx, actor: Actor, kind: Kind, obligation_id: UUID, precondition: Precondition | None
) -> tuple[Row, Any] | Refusal:
    """Lock a promise or an arrangement with its account; return its row and the account, or a refusal.

    `precondition`, where the caller gave one, raises when the version is not one that the caller has seen.
    """
    found = await load_one(tx, kind, obligation_id)
    if found is None or not actor.may_see(found["creditor_id"]):
        return Refusal(f"{kind}-unknown", f"There is no such {kind}.")
    await lock(tx, creditors=[found["creditor_id"]], accounts=[found["account_id"]])
    row = await load_one(tx, kind, obligation_id)
    if row is None:
        return Refusal(f"{kind}-unknown", f"There is no such {kind}.")
    if precondition is not None:
        precondition(row["version"])
    return row, await load_account(tx, row["account_id"])
