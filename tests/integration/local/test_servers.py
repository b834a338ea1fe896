"""The embedded servers themselves, in folders that programs tend to trip over."""

import asyncio
import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from joserfc import jwt
from joserfc.jwk import KeySet

from deploy.local import ports
from deploy.local.databases import Credentials, create_databases
from deploy.local.issuer import Issuer
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.local.process import marked
from deploy.local.stack import SERVICES as PLACES

SERVICES = tuple(PLACES)


@pytest.fixture(scope="module")
def awkward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with spaces, a comma and an accent, its path much longer than a unix socket may have."""
    folder = tmp_path_factory.mktemp("servers") / "a crédit union, with spaces" / ("x" * 150)
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(scope="module")
def server(awkward: Path) -> Iterator[Postgres]:
    made = Postgres(awkward / "postgres", ports.free_port())
    made.start()
    yield made
    made.stop()
    assert marked(made.data_dir) == []


@pytest.fixture(scope="module")
def broker(awkward: Path) -> Iterator[Kafka]:
    made = Kafka(awkward / "kafka", ports.free_port(), ports.free_port())
    made.start()
    yield made
    made.stop()
    assert marked(made.data_dir) == []


async def test_postgres_runs_from_an_awkward_folder_with_the_settings_that_we_need(server: Postgres) -> None:
    connection = await asyncpg.connect(server.admin_dsn)
    try:
        assert (await connection.fetchval("SHOW server_version")).startswith("18.")
        assert await connection.fetchval("SHOW max_locks_per_transaction") == "256"
        assert await connection.fetchval("SHOW listen_addresses") == "127.0.0.1"
        assert await connection.fetchval("SHOW unix_socket_directories") == ""
        assert await connection.fetchval("SHOW transaction_isolation") == "read committed"
    finally:
        await connection.close()


async def test_nobody_connects_to_postgres_without_the_password(server: Postgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(f"postgresql://postgres:wrong@127.0.0.1:{server.port}/postgres")
    assert (server.data_dir / "superuser").stat().st_mode & 0o777 == 0o600


async def test_a_service_role_uses_rows_and_changes_no_table_and_sees_no_sibling(
    server: Postgres, tmp_path: Path
) -> None:
    credentials = Credentials.load(tmp_path / "credentials.json", SERVICES)
    for _ in range(2):  # what exists is kept
        await create_databases(server.admin_dsn, SERVICES, credentials)
    accounts = credentials.database("accounts", server.port)
    owner = await asyncpg.connect(accounts.owner_dsn)
    await owner.execute("CREATE TABLE IF NOT EXISTS t (id bigint GENERATED ALWAYS AS IDENTITY, n int)")
    await owner.close()
    service = await asyncpg.connect(accounts.service_dsn)
    try:
        await service.execute("INSERT INTO t (n) VALUES (1)")
        assert await service.fetchval("SELECT count(*) FROM t") == 1
        for forbidden in ("CREATE TABLE u (n int)", "DROP TABLE t", "TRUNCATE t"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await service.execute(forbidden)
    finally:
        await service.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(credentials.database("payments", server.port, "accounts").service_dsn)


async def test_committed_rows_survive_a_kill_of_postgres(awkward: Path) -> None:
    first = Postgres(awkward / "killed", ports.free_port())
    first.start()
    connection = await asyncpg.connect(first.admin_dsn)
    await connection.execute("CREATE TABLE t AS SELECT 1 AS n")
    await connection.close()
    assert first._child is not None
    os.kill(first._child.record.pid, signal.SIGKILL)
    await asyncio.to_thread(first.stop)
    second = Postgres(first.data_dir, first.port)
    await asyncio.to_thread(second.start)
    connection = await asyncpg.connect(second.admin_dsn)
    assert await connection.fetchval("SELECT n FROM t") == 1
    await connection.close()
    second.stop()


async def test_postgres_refuses_a_port_in_use_and_names_the_holder(server: Postgres, tmp_path: Path) -> None:
    with pytest.raises(ports.PortInUseError, match=rf"port {server.port} \(PostgreSQL\) is held by postgres"):
        Postgres(tmp_path / "second", server.port).start()


async def test_kafka_runs_from_an_awkward_folder_and_keeps_what_it_is_given(broker: Kafka) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    await admin.start()
    await admin.create_topics([NewTopic("facts", num_partitions=1, replication_factor=1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers, enable_idempotence=True)
    await producer.start()
    await producer.send_and_wait("facts", b"paid", key=b"account")
    await producer.stop()
    consumer = AIOKafkaConsumer("facts", bootstrap_servers=broker.bootstrap_servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        assert (await asyncio.wait_for(consumer.getone(), 20)).value == b"paid"
    finally:
        await consumer.stop()


async def test_the_broker_writes_its_log_into_a_file(broker: Kafka) -> None:
    text = (broker.data_dir / "kafka.log").read_text()
    assert "Kafka Server started" in text
    assert "ERROR" not in text


async def test_kafka_listens_on_the_loopback_interface_only(broker: Kafka) -> None:
    assert broker._child is not None
    listening = psutil.Process(broker._child.record.pid).net_connections("tcp")
    addresses = {one.laddr.ip for one in listening if one.status == psutil.CONN_LISTEN}
    assert {address.removeprefix("::ffff:") for address in addresses} == {"127.0.0.1"}


async def test_the_storage_is_formatted_once(broker: Kafka) -> None:
    meta = broker.data_dir / "data" / "meta.properties"
    before = meta.read_text()
    await asyncio.to_thread(broker.prepare)
    assert meta.read_text() == before


def test_a_token_verifies_against_the_keys_that_the_endpoint_serves(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path, ports.free_port())
    issuer.start()
    creditor = uuid4()
    try:
        keys = httpx.get(issuer.jwks_url).raise_for_status().json()
    finally:
        issuer.stop()
    assert "d" not in keys["keys"][0]
    token = jwt.decode(
        issuer.mint("collector", [creditor], timedelta(minutes=5), sub="amy"), KeySet.import_key_set(keys), ["ES256"]
    )
    assert token.header["typ"] == "at+jwt"
    assert token.claims["iss"] == issuer.url
    assert token.claims["aud"] == "arrears"
    assert token.claims["sub"] == "amy"
    assert token.claims["roles"] == ["collector"]
    assert token.claims["creditors"] == [str(creditor)]
    assert token.claims["exp"] - token.claims["iat"] == 300


def test_the_signing_key_stays_the_same_and_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    first = Issuer(tmp_path, 1).jwks()
    assert Issuer(tmp_path, 1).jwks() == first
    [file] = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_token_without_creditors_is_for_all_of_them(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path, 1)
    token = jwt.decode(issuer.mint("auditor"), issuer._key, ["ES256"])
    assert "creditors" not in token.claims
