"""How this project talks to Kafka: the one place that builds clients, with the settings that the guarantees rest on.

`stop` of every client is bounded: aiokafka's can hang after a broker went away.
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.assignors.range import RangePartitionAssignor

from shared.errors import ArrearsError
from shared.settings import KafkaSecurity

STOP_SECONDS = 5.0
REQUEST_TIMEOUT_MS = 10_000
REBALANCE_MS = 10_000
"""A member of a group that says nothing for so long is out."""

_log = logging.getLogger(__name__)


class KafkaUnavailableError(ArrearsError):
    """Kafka did not answer in time, or refused; trying again later is right."""


class KafkaSettings(Protocol):
    """What the clients need of a service's settings."""

    @property
    def kafka_bootstrap_servers(self) -> str:
        """`host:port`, comma separated."""
        ...

    @property
    def topic_partitions(self) -> int:
        """Partitions of every topic."""
        ...

    @property
    def topic_replication(self) -> int:
        """Copies of every partition."""
        ...

    @property
    def kafka_security(self) -> KafkaSecurity | None:
        """How connections are protected; None: not at all."""
        ...


def connection(settings: KafkaSettings) -> dict[str, Any]:
    """Return what every client needs to connect: where, how long, and as whom."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap_servers,
        "request_timeout_ms": REQUEST_TIMEOUT_MS,
    }
    security = settings.kafka_security
    if security is None:
        return options
    options["security_protocol"] = security.protocol
    if security.protocol.endswith("SSL"):
        context = ssl.create_default_context(cafile=security.ca_file)
        if security.cert_file is not None:
            context.load_cert_chain(security.cert_file, security.key_file)
        options["ssl_context"] = context
    if security.protocol.startswith("SASL"):
        options["sasl_mechanism"] = security.sasl_mechanism
        options["sasl_plain_username"] = security.username
        options["sasl_plain_password"] = security.password and security.password.get_secret_value()
    return options


def new_producer(settings: KafkaSettings, client_id: str) -> AIOKafkaProducer:
    """Return an idempotent producer: throughput comes from its batches, not from concurrency."""
    return AIOKafkaProducer(
        **connection(settings),
        client_id=client_id,
        enable_idempotence=True,
        acks="all",
        linger_ms=0,  # batches are built whole by their publisher; waiting for more would only cost time
        max_batch_size=768 * 1024,  # a broker takes 1 MiB; a batch of the relay is one request then
        retry_backoff_ms=100,
        metadata_max_age_ms=60_000,
    )


def new_consumer(settings: KafkaSettings, *, group: str, client_id: str, instance_id: str | None) -> AIOKafkaConsumer:
    """Return a consumer that commits by hand and stops at an offset that is not there (`none`)."""
    # aiokafka joins again in the background, whatever its batch does, so a member that is alive is back in a moment.
    # A join is answered when all are back, or a silent member's session is over: later than other requests.
    return AIOKafkaConsumer(
        **(connection(settings) | {"request_timeout_ms": REBALANCE_MS + 5_000}),
        client_id=client_id,
        group_id=group,
        group_instance_id=instance_id,
        enable_auto_commit=False,
        # `earliest` would silently read all of history again when the log was cut or made anew: the consumer itself
        # begins a partition without committed offset at its beginning.
        auto_offset_reset="none",
        partition_assignment_strategy=(RangePartitionAssignor,),
        heartbeat_interval_ms=1_000,
        session_timeout_ms=REBALANCE_MS,
        rebalance_timeout_ms=REBALANCE_MS,
        max_poll_interval_ms=300_000,
        fetch_max_wait_ms=100,
        metadata_max_age_ms=30_000,
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )


def new_probe(settings: KafkaSettings) -> AIOKafkaConsumer:
    """Return a consumer of no group and no topic: it asks for offsets, and reads what it is given to read."""
    return AIOKafkaConsumer(
        **connection(settings),
        client_id="arrears-probe",
        group_id=None,
        enable_auto_commit=False,
    )


def new_admin(settings: KafkaSettings) -> AIOKafkaAdminClient:
    """Return a client that looks after topics and groups."""
    return AIOKafkaAdminClient(**connection(settings))


@asynccontextmanager
async def open_admin(settings: KafkaSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    """Open an admin client for a moment.

    Raises:
        KafkaUnavailableError: no broker answers.
    """
    admin = new_admin(settings)
    try:
        async with asyncio.timeout(REQUEST_TIMEOUT_MS / 1000):
            await admin.start()
    except Exception as error:
        await stop(admin.close())
        raise KafkaUnavailableError(f"no Kafka at {settings.kafka_bootstrap_servers}") from error
    try:
        yield admin
    finally:
        await stop(admin.close())


async def stop(stopping: Awaitable[Any], seconds: float = STOP_SECONDS) -> bool:
    """Stop a client, within a bound; say whether it stopped. What fails while stopping is logged, never raised."""
    try:
        async with asyncio.timeout(seconds):
            await stopping
    except asyncio.CancelledError:
        # aiokafka #647: stop() may raise it though nobody cancelled us.
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return False
    except Exception:  # noqa: BLE001 - a client that is thrown away may fail as it likes
        _log.warning("a Kafka client did not stop", exc_info=True)
        return False
    return True
