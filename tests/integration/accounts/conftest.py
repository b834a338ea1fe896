"""A desk at the accounts service, fresh for each test: the database is the module's, the creditor is the test's own."""

from collections.abc import AsyncIterator

import pytest_asyncio

from deploy.local.issuer import Issuer
from tests.conftest import GetDatabase, GetEngine
from tests.integration.accounts.desk import Desk, open_desk


@pytest_asyncio.fixture
async def desk(service_engine: GetEngine, service_database: GetDatabase, issuer: Issuer) -> AsyncIterator[Desk]:
    """A creditor without accounts."""
    database = await service_database("accounts")
    async with open_desk(await service_engine("accounts"), issuer, database.service_dsn) as desk:
        answer = await desk.open_creditor()
        assert answer.status_code == 200, answer.text
        yield desk
