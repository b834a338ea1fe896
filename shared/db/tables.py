"""The tables that every service has, and the registry that a service's own table classes stand on.

Outbox, inbox, idempotency, dead letters, jobs and the stream log are plain SQLAlchemy tables: they are written by
set-based SQL and never loaded as objects.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
_NOW = text("now()")
_EMPTY = text("'{}'::jsonb")


def new_registry() -> registry:
    """Return a registry for the table classes of one service, with metadata of its own.

    A service writes `class Base(SQLModel, registry=new_registry()): ...` and derives its tables from `Base`.
    """
    return registry(metadata=MetaData(naming_convention=NAMING))


@dataclass(frozen=True, slots=True)
class MessagingTables:
    """The tables that `messaging_tables` has put into a metadata."""

    outbox: Table
    inbox: Table
    idempotency: Table
    dead_letter: Table
    job: Table
    stream_log: Table


def messaging_tables(metadata: MetaData) -> MessagingTables:
    """Add the tables that every service has to its metadata."""
    return MessagingTables(
        outbox=_outbox(metadata),
        inbox=_inbox(metadata),
        idempotency=_idempotency(metadata),
        dead_letter=_dead_letter(metadata),
        job=_job(metadata),
        stream_log=_stream_log(metadata),
    )


def _at(name: str, *, nullable: bool = False, default: bool = True) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=_NOW if default else None)


def _event_columns() -> list[Column[Any]]:
    """What an event is made of, in the outbox and in the stream log. `body` is the JSON as it is sent."""
    return [
        Column("event_id", Uuid, nullable=False),
        Column("topic", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("type", Text, nullable=False),
        Column("source", Text, nullable=False),
        Column("subject", Text),
        Column("time", DateTime(timezone=True), nullable=False),
        Column("aggregate_version", BigInteger),
        Column("correlation_id", Uuid),
        Column("causation_id", Uuid),
        Column("traceparent", Text),
        Column("creditor_id", Uuid),
        Column("body", Text, nullable=False),
    ]


def _outbox(metadata: MetaData) -> Table:
    """Events that are committed and not yet acknowledged by Kafka. The order of `id` is the order per account."""
    return Table(
        "outbox",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        *_event_columns(),
        _at("created_at"),
        # Rows live for milliseconds: vacuum early, or the relay walks over the dead ones.
        info={"storage": {"autovacuum_vacuum_scale_factor": "0", "autovacuum_vacuum_threshold": "5000"}},
    )


def _inbox(metadata: MetaData) -> Table:
    """Events that were applied. Partitioned by the day of the UUIDv7 itself, so that a month is dropped, not deleted.

    Ids that are not UUIDv7, or older than the oldest partition (a replay of history), go to the default partition.
    """
    return Table(
        "inbox",
        metadata,
        Column("event_id", Uuid, nullable=False),
        Column("source", Text, nullable=False),
        _at("received_at"),
        PrimaryKeyConstraint("event_id", "source"),
        postgresql_partition_by="RANGE (event_id)",
    )


def _idempotency(metadata: MetaData) -> Table:
    """Answers by key, within one subject and route. `body` is the JSON as it was answered, byte by byte."""
    return Table(
        "idempotency",
        metadata,
        Column("subject", Text, nullable=False),
        Column("route", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("fingerprint", Text, nullable=False),
        Column("status", SmallInteger),
        Column("headers", JSONB),
        Column("body", Text),
        _at("created_at"),
        PrimaryKeyConstraint("subject", "route", "key"),
        Index(None, "created_at"),
    )


def _dead_letter(metadata: MetaData) -> Table:
    """Messages that could not be applied, whole, with the reason; `replayed_at` says when one was taken again."""
    return Table(
        "dead_letter",
        metadata,
        Column("dead_letter_id", Uuid, primary_key=True),
        Column("topic", Text, nullable=False),
        Column("partition", Integer, nullable=False),
        Column("offset", BigInteger, nullable=False),
        _at("produced_at", default=False),
        Column("key", Text),
        Column("event_id", Uuid),
        Column("source", Text),
        Column("type", Text),
        Column("creditor_id", Uuid),
        Column("headers", JSONB, nullable=False, server_default=_EMPTY),
        Column("value", LargeBinary),
        Column("code", Text, nullable=False),
        Column("detail", Text, nullable=False),
        Column("attempts", Integer, nullable=False, server_default=text("1")),
        _at("created_at"),
        _at("replayed_at", nullable=True, default=False),
        # A redelivered message is parked once; offsets begin anew on a new cluster, the produce time does not.
        UniqueConstraint("topic", "partition", "offset", "produced_at"),
        Index(None, "topic", "key"),
        Index(None, "event_id"),
    )


def _job(metadata: MetaData) -> Table:
    """Long work: where it stands (`cursor`), what it has done (`progress`)."""
    return Table(
        "job",
        metadata,
        Column("job_id", Uuid, primary_key=True),
        Column("kind", Text, nullable=False),
        Column("creditor_id", Uuid),
        Column("params", JSONB, nullable=False, server_default=_EMPTY),
        Column("cursor", JSONB),
        Column("progress", JSONB, nullable=False, server_default=_EMPTY),
        Column("status", Text, nullable=False, server_default=text("'queued'")),
        Column("error", Text),
        Column("attempts", Integer, nullable=False, server_default=text("0")),
        Column("not_before", DateTime(timezone=True)),
        Column("dedupe_key", Text, nullable=False, unique=True),
        _at("created_at"),
        _at("updated_at"),
        _at("finished_at", nullable=True, default=False),
        Index("ix_job_unfinished", "created_at", postgresql_where=text("status IN ('queued', 'running')")),
    )


def _stream_log(metadata: MetaData) -> Table:
    """Published events for live clients, kept 48 hours. The relay alone writes it: positions commit in order."""
    return Table(
        "stream_log",
        metadata,
        Column("position", BigInteger, Identity(always=True), primary_key=True),
        *_event_columns(),
        _at("at"),
        Index(None, "at"),
    )
