"""Restrictions of accounts as compliance published them last, also of accounts that are not known yet."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, Table
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlmodel import Field

from services.accounts.tables.registry import Base, table_of

_AT = TIMESTAMP(timezone=True)


class RestrictionView(Base, table=True):
    """One restriction as it stands for one account. What holds of them stands on the account too."""

    __tablename__ = "restriction_view"
    __table_args__ = (Index("ix_restriction_view_account_id", "account_id"),)

    row_key: str = Field(primary_key=True, description="Restriction id and account id.")
    restriction_id: UUID
    account_id: UUID
    creditor_id: UUID
    party_id: UUID
    version: int = Field(sa_type=BigInteger)
    kind: str
    is_party_wide: bool
    effective_on: date
    ends_on: date | None = None
    citation: str | None = None
    placed_at: datetime = Field(sa_type=_AT)
    lifted_at: datetime | None = Field(default=None, sa_type=_AT)


RESTRICTION_VIEW: Table = table_of(RestrictionView)
