"""What the migrations leave behind is what the metadata says, owned by one role and used by another."""

import asyncio
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import FixedClock
from shared.db.engine import engine_for
from shared.db.maintenance import Cleared, clear_old_rows
from shared.db.migrations import _is_ours, migrate
from shared.db.revision import SchemaOutOfDateError, check_revision
from shared.db.sets import insert_rows
from shared.db.transaction import open_transaction
from shared.ids import new_id
from tests.conftest import KERNEL, GetDatabase
from tests.integration.db.specimen import MESSAGING, METADATA

SCRIPTS = Path(__file__).parent / "migrations"
CLOCK = FixedClock(datetime(2026, 3, 10, 12, tzinfo=UTC))


def _id_of(moment: datetime) -> UUID:
    """A UUIDv7 that was made at `moment`."""
    return UUID(int=(int(moment.timestamp() * 1000) << 80) | (new_id().int & ((1 << 80) - 1)))


async def test_the_migrated_database_is_what_the_metadata_says(kernel_engine: AsyncEngine) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection, opts={"include_name": _is_ours}), METADATA))

    async with kernel_engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_the_service_role_uses_rows_and_changes_no_table(kernel_engine: AsyncEngine) -> None:
    for refused in (
        "CREATE TABLE mine (a int)",
        "ALTER TABLE job ADD COLUMN mine int",
        "TRUNCATE outbox",
        "DROP TABLE job",
        "DELETE FROM alembic_version",
        "CREATE TABLE inbox_20200101 PARTITION OF inbox FOR VALUES FROM (MINVALUE) TO (MAXVALUE)",
    ):
        async with open_transaction(kernel_engine, CLOCK) as tx:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await tx.execute(refused)


async def test_a_table_of_a_later_migration_is_open_to_the_service_role(service_database: GetDatabase) -> None:
    database = await service_database(KERNEL)
    owner, service = await asyncpg.connect(database.owner_dsn), await asyncpg.connect(database.service_dsn)
    try:
        await owner.execute("CREATE TABLE later (a bigint GENERATED ALWAYS AS IDENTITY, b int)")
        await service.execute("INSERT INTO later (b) VALUES (1)")
        assert await service.fetchval("DELETE FROM later RETURNING a") == 1
        await owner.execute("DROP TABLE later")
    finally:
        await owner.close()
        await service.close()


async def test_migrating_again_or_twice_at_once_changes_nothing(service_database: GetDatabase) -> None:
    url = (await service_database(KERNEL)).owner_dsn
    code = (
        f"from pathlib import Path; from shared.db.migrations import upgrade; upgrade(Path({str(SCRIPTS)!r}), {url!r})"
    )
    others = [await asyncio.create_subprocess_exec(sys.executable, "-c", code) for _ in range(2)]
    await asyncio.gather(*(migrate(SCRIPTS, url, service_role=KERNEL) for _ in range(2)))
    assert [await other.wait() for other in others] == [0, 0]
    engine = engine_for(url)
    try:
        await check_revision(engine, SCRIPTS)
    finally:
        await engine.dispose()


async def test_a_database_behind_its_release_is_named_at_the_start(
    service_database: GetDatabase, kernel_engine: AsyncEngine
) -> None:
    owner = await asyncpg.connect((await service_database(KERNEL)).owner_dsn)
    try:
        await owner.execute("UPDATE alembic_version SET version_num = 'newer'")
        await check_revision(kernel_engine, SCRIPTS)  # the release before runs on, while the next one migrates
        await owner.execute("DELETE FROM alembic_version")
        with pytest.raises(SchemaOutOfDateError, match="0001"):
            await check_revision(kernel_engine, SCRIPTS)
    finally:
        await owner.execute("INSERT INTO alembic_version VALUES ('0001') ON CONFLICT DO NOTHING")
        await owner.close()


async def _partition_of(engine: AsyncEngine, event_id: UUID) -> str | None:
    async with open_transaction(engine, CLOCK) as tx:
        found = await tx.fetchval("SELECT tableoid::regclass::text FROM inbox WHERE event_id = $1", event_id)
    return None if found is None else str(found)


async def test_the_inbox_gets_its_days_ahead_and_loses_those_that_are_old(kernel_engine: AsyncEngine) -> None:
    today = CLOCK.now()
    early, random_id = _id_of(today), uuid4()
    next_day, far_day = _id_of(today + timedelta(days=1)), _id_of(today + timedelta(days=365))
    rows = [{"event_id": key, "source": "/payments"} for key in (early, random_id, next_day, far_day)]
    async with open_transaction(kernel_engine, CLOCK) as tx:
        await insert_rows(tx, MESSAGING.inbox, rows)
        await tx.commit()
    assert {await _partition_of(kernel_engine, row["event_id"]) for row in rows} == {"inbox_default"}  # type: ignore[arg-type]

    async with open_transaction(kernel_engine, CLOCK) as tx:
        assert await clear_old_rows(tx) == Cleared(partitions_made=9)
        await tx.commit()
    assert await _partition_of(kernel_engine, early) == "inbox_20260310"
    assert await _partition_of(kernel_engine, next_day) == "inbox_20260311"
    assert await _partition_of(kernel_engine, far_day) == "inbox_default"
    assert await _partition_of(kernel_engine, random_id) == "inbox_default"

    async with open_transaction(kernel_engine, CLOCK) as tx:  # claimed before the move is still claimed after it
        assert await insert_rows(tx, MESSAGING.inbox, rows, on_conflict="nothing", returning=["event_id"]) == []
        assert await clear_old_rows(tx) == Cleared()
    async with open_transaction(kernel_engine, FixedClock(today + timedelta(days=30))) as tx:
        cleared = await clear_old_rows(tx)
        await tx.commit()
    assert (cleared.partitions_made, cleared.partitions_dropped) == (9, 1)
    assert await _partition_of(kernel_engine, early) == "inbox_20260310"
    async with open_transaction(kernel_engine, FixedClock(today + timedelta(days=31))) as tx:
        assert (await clear_old_rows(tx)).partitions_dropped == 1
        await tx.commit()
    assert await _partition_of(kernel_engine, early) is None
    assert await _partition_of(kernel_engine, next_day) == "inbox_20260311"


async def test_the_bounds_of_a_day_are_those_of_its_uuid7(kernel_engine: AsyncEngine) -> None:
    async with open_transaction(kernel_engine, CLOCK) as tx:
        for day in (date(2024, 2, 29), date(2026, 11, 22), date(2199, 12, 31)):
            midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
            low = await tx.fetchval("SELECT uuid7_of($1)", day)
            assert _id_of(midnight - timedelta(milliseconds=1)) < low <= _id_of(midnight)


async def test_old_answers_and_stream_entries_go(kernel_engine: AsyncEngine) -> None:
    now = CLOCK.now()
    ages = {"kept": timedelta(hours=47), "gone": timedelta(days=31)}
    async with open_transaction(kernel_engine, CLOCK) as tx:
        await insert_rows(
            tx,
            MESSAGING.idempotency,
            [
                {"subject": "s", "route": "r", "key": key, "fingerprint": "f", "created_at": now - age}
                for key, age in ages.items()
            ],
        )
        event = {"topic": "t", "key": "k", "type": "t.v1", "source": "/s", "time": now, "body": "{}"}
        await insert_rows(
            tx, MESSAGING.stream_log, [{**event, "event_id": new_id(), "at": now - age} for age in ages.values()]
        )
        cleared = await clear_old_rows(tx)
        assert (cleared.answers, cleared.stream_entries) == (1, 1)
        assert await tx.fetchval("SELECT key FROM idempotency") == "kept"
    just_kept, just_gone = FixedClock(now + timedelta(days=28)), FixedClock(now + timedelta(days=29))
    for clock, answers in ((just_kept, 0), (just_gone, 1)):
        async with open_transaction(kernel_engine, clock) as tx:
            await insert_rows(
                tx,
                MESSAGING.idempotency,
                [
                    {
                        "subject": "s",
                        "route": "r",
                        "key": "k",
                        "fingerprint": "f",
                        "created_at": now - timedelta(days=1, hours=1),
                    }
                ],
            )
            assert (await clear_old_rows(tx)).answers == answers, "a retry finds its answer for 30 days"
