"""Sends the searches that are due, for ever, in the worker: plan, ask the vendors without any transaction, record."""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine

from services.skiptrace.domain.mapping import Answer
from services.skiptrace.domain.policy import Policy
from services.skiptrace.gateways.person_search import PersonSearch, VendorError
from services.skiptrace.handlers.plan_searches import Order, plan_searches
from services.skiptrace.handlers.record_answer import Failure, record_answer
from services.skiptrace.settings import SkiptraceSettings
from shared.clock import Clock
from shared.db.transaction import Tx
from shared.jobs import run_chunk

_log = logging.getLogger(__name__)


class Searcher:
    """Drives the searches of one process; any number of processes may do so at once."""

    def __init__(self, settings: SkiptraceSettings, engine: AsyncEngine, clock: Clock, policy: Policy) -> None:
        self._settings = settings
        self._engine = engine
        self._clock = clock
        self._policy = policy

    async def run(self) -> None:
        """Search until the task is cancelled."""
        async with PersonSearch(self._settings.vendor_endpoints, timeout_s=self._settings.vendor_timeout_s) as vendors:
            while True:
                try:
                    is_idle = await self.search_due(vendors) == 0
                except Exception:  # noqa: BLE001 - the worker outlives whatever happens to its database
                    _log.exception("searching starts again")
                    is_idle = True
                if is_idle:
                    await asyncio.sleep(self._settings.search_poll_s)

    async def search_due(self, vendors: PersonSearch) -> int:
        """Send what is due now and record every answer; return how many searches went out."""
        endpoints, limit = tuple(self._settings.vendor_endpoints), self._settings.searches_at_once

        async def plan(tx: Tx) -> Sequence[Order]:
            return await plan_searches(tx, self._policy, endpoints, limit)

        orders = await run_chunk(self._engine, self._clock, plan)
        done = await asyncio.gather(*(self._search(vendors, order) for order in orders), return_exceptions=True)
        for failed in (each for each in done if isinstance(each, BaseException)):
            raise failed  # every other search has been recorded; this one is sent again when its lease has run out
        return len(orders)

    async def _search(self, vendors: PersonSearch, order: Order) -> None:
        said: Answer | Failure
        try:
            said = await vendors.search(order.endpoint, order.layout, order.subject, order.purpose, order.reference)
        except VendorError as error:
            said = Failure(error.code, error.may_be_billed)
        record = partial(record_answer, policy=self._policy, order=order, said=said)
        await run_chunk(self._engine, self._clock, record)
