"""The stack as an operator starts it, once for all journeys: real servers, real processes, a folder of its own.

Everything a journey does goes through the doors that outsiders have: HTTP, Kafka and the command line.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.bank import Bank, open_bank
from tests.e2e.collectors_desk import CollectorsDesk
from tests.e2e.stack_operator import Operator, running_stack


@pytest.fixture(scope="session")
def operator(infra_dir: Path) -> Iterator[Operator]:
    """Whoever runs the stack: it is up, and gone after the last journey; after a kill, by the reaper."""
    with running_stack(infra_dir / "stack") as made:
        yield made


@pytest_asyncio.fixture
async def bank(operator: Operator) -> AsyncIterator[Bank]:
    """A creditor of its own for each journey, without accounts."""
    async with open_bank(operator) as made:
        yield made


@pytest_asyncio.fixture
async def desk(operator: Operator) -> AsyncIterator[CollectorsDesk]:
    """A collector for another's debts, whom Regulation F binds; one loan of one member is past due."""
    async with open_bank(operator, kind="third_party_collector") as made:
        yield await CollectorsDesk(made).open()
