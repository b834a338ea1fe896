"""Creditors, and where the stages of their products begin."""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, Column, String, Table
from sqlmodel import Field

from services.accounts.tables.registry import Base, table_of


class Creditor(Base, table=True):
    """Whose debts these are. Its row is locked exclusively while its business date moves."""

    __tablename__ = "creditor"

    creditor_id: UUID = Field(primary_key=True)
    name: str
    kind: str
    currency: str = Field(sa_type=String(3))
    time_zone: str
    business_date: date | None = None
    version: int = Field(default=0, sa_type=BigInteger)


class AgingPolicy(Base, table=True):
    """From which day past due each stage begins, per creditor and product: the data behind `stage`."""

    __tablename__ = "aging_policy"

    creditor_id: UUID = Field(primary_key=True)
    product_class: str = Field(primary_key=True)
    early_from: int
    mid_from: int
    late_from: int
    pre_charge_off_from: int
    version: int = Field(sa_column=Column(BigInteger, nullable=False, server_default="1"))


CREDITOR: Table = table_of(Creditor)
AGING_POLICY: Table = table_of(AgingPolicy)
