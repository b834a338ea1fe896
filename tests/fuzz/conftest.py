"""How much bad input, and a stack of its own for it.

A little in a run of the whole suite, as much as `make fuzz EXAMPLES=100000` says by hand. No journey shares the stack:
messages are forged in the name of all services, and the books of whoever is there would rightly not balance.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from shared.messaging.publisher import Publisher
from tests.e2e.bank import Bank, Broker, open_bank
from tests.e2e.stack_operator import Operator, running_stack
from tests.fuzz.book import Book, make_book


@dataclass(frozen=True)
class Scale:
    """How many of each, from one number and one seed."""

    seed: int
    examples: int

    @property
    def messages(self) -> int:
        return self.examples

    @property
    def huge(self) -> int:
        """Messages of 1 to 10 MB. None in a short run: the fault R8 sends one there."""
        return self.examples // 2_500

    @property
    def files(self) -> int:
        return self.examples // 10

    @property
    def accounts(self) -> int:
        """Accounts of the book that requests are sent to."""
        return min(300, self.examples // 50)

    @property
    def requests(self) -> int:
        """Generated requests to each operation in each phase."""
        return max(3, self.examples // 1_000)


@pytest.fixture(scope="session")
def scale() -> Scale:
    return Scale(int(os.environ.get("SEED", "1")), int(os.environ.get("EXAMPLES", "1000")))


@pytest.fixture(scope="session")
def operator(infra_dir: Path) -> Iterator[Operator]:
    """Whoever runs the stack that is sent what nobody should send."""
    with running_stack(infra_dir / "fuzz") as made:
        yield made


@pytest_asyncio.fixture
async def bank(operator: Operator) -> AsyncIterator[Bank]:
    """A creditor of its own for each test."""
    async with open_bank(operator) as made:
        yield made


@pytest.fixture(scope="session")
def book(operator: Operator, scale: Scale) -> Book:
    """One creditor with something of everything, for the requests to all services; made once."""
    return asyncio.run(make_book(operator, scale.accounts))


@pytest_asyncio.fixture
async def booked(operator: Operator, book: Book) -> AsyncIterator[Bank]:
    """The creditor of the book, for whoever acts in its name."""
    core = Publisher(Broker(operator.stack.bootstrap_servers), "core banking")
    async with httpx.AsyncClient(timeout=httpx.Timeout(60)) as http:
        yield Bank(operator, http, core, book.creditor)
    await core.close()
