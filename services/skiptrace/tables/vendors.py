"""Vendors as data: what they cost, what they may be asked for, how they lay out their answers, and how they do."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, DateTime, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.skiptrace.tables.registry import Base, table_of


class Vendor(Base, table=True):
    """A vendor. `endpoint` names an address and an account in the deployment's settings: no secret stands here."""

    __tablename__ = "vendor"
    __table_args__ = (CheckConstraint("cost_hit_minor >= 0 AND cost_no_hit_minor >= 0", name="costs_positive"),)

    code: str = Field(primary_key=True, max_length=64)
    name: str
    adapter: str
    endpoint: str
    is_enabled: bool
    currency: str = Field(max_length=3)
    cost_hit_minor: int = Field(sa_type=BigInteger)
    cost_no_hit_minor: int = Field(sa_type=BigInteger)
    month_budget_minor: int | None = Field(default=None, sa_type=BigInteger)
    bills_unanswered: bool = True
    purposes: list[str] = Field(sa_type=ARRAY(String))
    layout: dict[str, Any] = Field(sa_type=JSONB)
    version: int = Field(sa_type=BigInteger)
    updated_at: datetime = Field(sa_type=DateTime(timezone=True))
    updated_by: str


class VendorBreaker(Base, table=True):
    """The state of a vendor's circuit breaker, shared by all workers."""

    __tablename__ = "vendor_breaker"

    code: str = Field(primary_key=True, max_length=64)
    failures: int
    open_until: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    pause_s: int
    probed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


VENDOR = table_of("vendor")
VENDOR_BREAKER = table_of("vendor_breaker")
