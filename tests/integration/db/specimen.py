"""Tables to try the kernel on: one of every column type that the services use."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Identity, SmallInteger, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import CHAR
from sqlmodel import Field, SQLModel

from shared.db.tables import messaging_tables, new_registry


class Base(SQLModel, registry=new_registry()):
    """The base of the specimens."""


METADATA = Base.metadata
MESSAGING = messaging_tables(METADATA)


class Specimen(Base, table=True):
    """One of everything."""

    __tablename__ = "specimen"

    specimen_id: UUID = Field(primary_key=True)
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(sa_type=CHAR(3))
    name: str | None = Field(default=None, max_length=20)
    rank: int | None = Field(default=None, sa_type=SmallInteger)
    is_open: bool = True
    due_on: date | None = None
    happened_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    tags: list[str] | None = Field(default=None, sa_column=Column(ARRAY(Text)))
    ids: list[UUID] | None = Field(default=None, sa_column=Column(ARRAY(Uuid)))
    facts: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))


class Pair(Base, table=True):
    """A key of two columns, one of them a reserved word."""

    __tablename__ = "pair"

    creditor_id: UUID = Field(primary_key=True)
    order: str = Field(primary_key=True)
    value: int | None = Field(default=None, sa_type=BigInteger)
    position: int | None = Field(default=None, sa_column=Column(BigInteger, Identity()))
