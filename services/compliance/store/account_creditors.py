"""Whose account it is, remembered in the process: the creditor of an account never changes.

A decision must hold its creditor's lock: else it is made while a policy of the creditor is switched, or while what is
known is rebuilt. Accounts seen before cost nothing; the others of a batch cost one statement together.
"""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from shared.db.locks import Locks
from shared.db.transaction import Tx

CAPACITY: Final = 50_000
"""Accounts remembered, some 10 MB; the oldest go first."""

_CREDITORS = "SELECT account_id, creditor_id FROM account_view WHERE account_id = ANY($1::uuid[])"


class AccountCreditors:
    """The creditors of accounts; one for each process."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._known: dict[UUID, UUID] = {}

    async def locks(self, tx: Tx, account_ids: Collection[UUID]) -> Locks:
        """The locks of the accounts' creditors. An account that is not here yet has none."""
        unknown = [account_id for account_id in account_ids if account_id not in self._known]
        if unknown:
            for account_id, creditor_id in await tx.fetch(_CREDITORS, unknown):
                self._known[account_id] = creditor_id
        found = frozenset(self._known[account_id] for account_id in account_ids if account_id in self._known)
        while len(self._known) > self._capacity:
            del self._known[next(iter(self._known))]
        return Locks(creditors=found)
