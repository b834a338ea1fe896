"""The world of the sentences: both services, databases of its own for each file, a creditor for each test."""

from collections.abc import AsyncIterator

import pytest_asyncio

from deploy.local.issuer import Issuer
from deploy.local.kafka import Kafka
from tests.conftest import GetEngine
from tests.integration.creditor_book import Book, open_book
from tests.integration.world import World, open_world


@pytest_asyncio.fixture(scope="module")
async def world(issuer: Issuer, kafka: Kafka, service_engine: GetEngine) -> AsyncIterator[World]:
    engines = {name: await service_engine(name) for name in ("accounts", "payments")}
    roles = ["supervisor", "integrator", "admin"]
    async with open_world(issuer, engines, kafka.bootstrap_servers, roles) as opened:
        yield opened


@pytest_asyncio.fixture
async def book(world: World) -> Book:
    return await open_book(world)
