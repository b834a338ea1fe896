"""Contact with its neighbours, and the two members whom most tests call."""

from collections.abc import AsyncIterator

import pytest_asyncio

from deploy.local.issuer import Issuer
from tests.conftest import GetEngine
from tests.integration.contact.house import House, fresh, open_house


@pytest_asyncio.fixture(scope="module")
async def services(service_engine: GetEngine, issuer: Issuer) -> AsyncIterator[House]:
    async with open_house(service_engine, issuer) as made:
        yield made


@pytest_asyncio.fixture
async def house(services: House) -> AsyncIterator[House]:
    async with fresh(services, "a1", "b2") as made:
        yield made
