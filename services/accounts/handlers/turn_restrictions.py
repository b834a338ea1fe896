"""Begins and ends restrictions on their days: a task of the worker, for nothing is published when midnight comes.

Days are of the creditor's calendar, by the wall clock: restrictions are contact rules, and a book whose business date
stands still must not keep one, or be without it, any longer for that.
"""

import asyncio
import logging
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from services.accounts.handlers.follow_services import restate
from services.accounts.store.restrictions import turning_accounts
from shared.clock import Clock
from shared.db.locks import lock
from shared.db.transaction import AfterCommit, Tx
from shared.jobs import run_chunk

CHUNK = 500
POLL_S = 15.0

_log = logging.getLogger(__name__)


class RestrictionCalendar:
    """Looks again and again for accounts of which a restriction begins or ends."""

    def __init__(
        self, engine: AsyncEngine, clock: Clock, *, version_epoch: int, after_commit: Sequence[AfterCommit] = ()
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._version_epoch = version_epoch
        self._after_commit = tuple(after_commit)

    async def run(self) -> None:
        """Run until the task is cancelled."""
        while True:
            try:
                turned = await self.step()
            except Exception:  # noqa: BLE001 - a worker outlives whatever happens to its database
                _log.warning("the calendar of restrictions starts again", exc_info=True)
                turned = 0
            if turned < CHUNK:
                await asyncio.sleep(POLL_S)

    async def step(self) -> int:
        """Turn what is due, up to a chunk; return how many accounts were looked at."""
        return await run_chunk(self._engine, self._clock, self._turn, after_commit=self._after_commit)

    async def _turn(self, tx: Tx) -> int:
        found = await turning_accounts(tx, CHUNK)
        if found:
            accounts = {account_id for account_id, _ in found}
            await lock(tx, creditors={creditor_id for _, creditor_id in found}, accounts=accounts)
            await restate(tx, accounts, version_epoch=self._version_epoch)
        return len(found)
