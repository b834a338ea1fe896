"""The migrations of each service build what its table classes say, and open it to its service role only."""

import importlib
import pkgutil

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData

from deploy.local.stack import SERVICES
from shared.db.migrations import _is_ours
from shared.db.revision import check_revision, scripts_of
from tests.conftest import GetDatabase, GetEngine


def _metadata(service: str) -> MetaData:
    package = importlib.import_module(f"services.{service}.tables")
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):  # registers every table class
        importlib.import_module(module.name)
    base = importlib.import_module(f"services.{service}.tables.registry").Base
    found: MetaData = base.metadata
    return found


@pytest.mark.parametrize("service", SERVICES)
async def test_the_migrated_database_is_what_the_tables_say(service: str, service_engine: GetEngine) -> None:
    metadata = _metadata(service)

    def differences(connection: Connection) -> list[object]:
        options = {"include_name": _is_ours}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    engine = await service_engine(service)
    await check_revision(engine, scripts_of(service))
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


@pytest.mark.parametrize("service", SERVICES)
async def test_the_service_role_owns_nothing(service: str, service_database: GetDatabase) -> None:
    connection = await asyncpg.connect((await service_database(service)).service_dsn)
    try:
        owners = await connection.fetch(
            "SELECT DISTINCT pg_get_userbyid(relowner) AS owner FROM pg_class "
            "WHERE relnamespace = 'public'::regnamespace"
        )
        assert [row["owner"] for row in owners] == [f"{service}_owner"]
        assert not await connection.fetchval(
            "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = $1", service
        )
    finally:
        await connection.close()
