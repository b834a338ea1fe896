"""Whose account it is, remembered in the process: the creditor of an account never changes.

A command that names a bare account id must still hold its creditor's lock: else it is judged on a business date that a
job is just moving, or by a policy that is just switched. Accounts seen before cost nothing; the others of a batch cost
one statement together.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Final, Generic, TypeVar
from uuid import UUID

from shared.db.locks import Locks
from shared.db.transaction import Tx

C = TypeVar("C")

CAPACITY: Final = 50_000
"""Accounts remembered, some 8 MB; the oldest go first."""
# Each service that follows accounts keeps them in a table of this name.
_CREDITORS = "SELECT account_id, creditor_id FROM account_view WHERE account_id = ANY($1::uuid[])"


class AccountCreditors(Generic[C]):
    """The creditors of accounts; one for each process. `accounts_of` says which accounts of a command to ask for."""

    def __init__(self, accounts_of: Callable[[C], Iterable[UUID]], *, capacity: int = CAPACITY) -> None:
        self._accounts_of = accounts_of
        self._capacity = capacity
        self._known: dict[UUID, UUID] = {}
        self._creditors: dict[UUID, UUID] = {}

    async def locks(self, tx: Tx, commands: Sequence[C]) -> Locks:
        """The locks of the accounts' creditors. An account that is not here yet has none, and nothing to decide on."""
        account_ids = {account_id for command in commands for account_id in self._accounts_of(command)}
        unknown = [account_id for account_id in account_ids if account_id not in self._known]
        if unknown:
            for account_id, creditor_id in await tx.fetch(_CREDITORS, unknown):
                self._known[account_id] = self._creditors.setdefault(creditor_id, creditor_id)
        found = frozenset(self._known[account_id] for account_id in account_ids if account_id in self._known)
        self._forget_oldest()
        return Locks(creditors=found)

    def _forget_oldest(self) -> None:
        """Forget a tenth when there are too many: to find the first keys of a dictionary takes long after deletions."""
        excess = len(self._known) - self._capacity
        if excess > 0:
            for account_id in list(islice(self._known, excess + self._capacity // 10)):
                del self._known[account_id]
