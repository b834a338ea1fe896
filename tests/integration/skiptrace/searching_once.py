"""A worker that sends the searches that are due, once: `python -m tests.integration.skiptrace.searching_once`.

It is a process of its own, with its settings in the environment, so that a test may kill it while a vendor is asked.
"""

import asyncio

from services.skiptrace.consumers import policy_of
from services.skiptrace.gateways.person_search import PersonSearch
from services.skiptrace.handlers.searcher import Searcher
from services.skiptrace.settings import SkiptraceSettings
from shared.clock import SystemClock
from shared.db.engine import create_engine


async def main() -> None:
    """Plan, ask and record."""
    settings = SkiptraceSettings()
    engine = create_engine(settings, application_name="skiptrace searching once")
    searcher = Searcher(settings, engine, SystemClock(), policy_of(settings))
    async with PersonSearch(settings.vendor_endpoints, timeout_s=settings.vendor_timeout_s) as vendors:
        await searcher.search_due(vendors)


if __name__ == "__main__":
    asyncio.run(main())
