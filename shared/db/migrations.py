"""Migrations: run by the owner role of a service's database, never at the start of an application.

The service role gets the rows of what the owner makes, and can change no table. A migration waits briefly for its
locks and gives up rather than stop the running release; two that start at once run one after the other.
"""

import asyncio
import os
import re
import threading
from pathlib import Path
from typing import Any

from alembic import command, context
from alembic.config import Config
from alembic.operations import Operations
from sqlalchemy import Connection, MetaData, pool, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from shared.db.messaging_ddl import MESSAGING_V1
from shared.errors import ArrearsError

LOCK_TIMEOUT = "2s"
_MIGRATION_LOCK = 0x0A44_EA45  # any number that only migrations use
_PARTITION = re.compile(r"inbox_(default|\d{8})")
_one_at_a_time = threading.Lock()  # alembic keeps what it works on in a global


def upgrade(scripts: Path, url: str, *, service_role: str | None = None, revision: str = "head") -> None:
    """Bring a database to `revision`. `url` is the owner's; `service_role` gets its rights on the rows.

    Needs a thread without a running event loop; `migrate` is the same for a coroutine.
    """
    with _one_at_a_time:
        command.upgrade(_config(scripts, url=url, service_role=service_role), revision)


async def migrate(scripts: Path, url: str, *, service_role: str | None = None, revision: str = "head") -> None:
    """`upgrade`, without blocking the event loop."""
    await asyncio.to_thread(upgrade, scripts, url, service_role=service_role, revision=revision)


def create_messaging_tables(op: Operations) -> None:
    """Create, in a service's first migration, the tables that every service has (version 1)."""
    for statement in MESSAGING_V1:
        op.execute(statement)


def run_migrations(metadata: MetaData, service: str) -> None:
    """Be the whole of a service's `env.py`.

    The address comes from `migrate`, else from `<SERVICE>_MIGRATION_URL` or `<SERVICE>_DATABASE_URL`.
    """
    attributes = context.config.attributes
    url = attributes.get("url") or _url_from_environment(service)
    if context.is_offline_mode():
        context.configure(url=url, target_metadata=metadata, literal_binds=True, include_name=_is_ours)
        with context.begin_transaction():
            context.run_migrations()
        return
    asyncio.run(_run_online(metadata, url, attributes.get("service_role") or service))


def _config(scripts: Path, **attributes: Any) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes.update(attributes)
    return config


def _url_from_environment(service: str) -> str:
    prefix = service.upper()
    url = os.environ.get(f"{prefix}_MIGRATION_URL") or os.environ.get(f"{prefix}_DATABASE_URL")
    if not url:
        raise ArrearsError(f"set {prefix}_MIGRATION_URL to the address of the database, as its owner")
    return url


async def _run_online(metadata: MetaData, url: str, service_role: str) -> None:
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        poolclass=pool.NullPool,
        connect_args={"server_settings": {"application_name": "arrears migrations", "statement_timeout": "0"}},
    )
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_run, metadata, service_role)
    finally:
        await engine.dispose()


def _run(connection: Connection, metadata: MetaData, service_role: str) -> None:
    # The session lock has no time-out: the second waits for the first, then finds nothing to do.
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _MIGRATION_LOCK})
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transaction_per_migration=True,
        compare_server_default=False,
        include_name=_is_ours,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
    _grant_rows(connection, service_role)
    connection.commit()


def _is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Leave the partitions of the inbox out of comparisons: they come and go by themselves."""
    return not (kind == "table" and name is not None and _PARTITION.fullmatch(name))


def _grant_rows(connection: Connection, role: str) -> None:
    """Give the service role the rows of every table, now and later, and nothing else."""
    known = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}).scalar()
    owner = connection.execute(text("SELECT current_user")).scalar_one()
    if not known or owner == role:
        return  # a single-role set-up, such as a developer's own database
    name = connection.dialect.identifier_preparer.quote(role)
    for statement in (
        f"GRANT USAGE ON SCHEMA public TO {name}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}",
        f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {name}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name}",
        f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {name}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {name}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {name}",
    ):
        connection.execute(text(statement))
