"""Imported files: what was read, which lines were refused or doubted, and which accounts a running file has held."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Table
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlmodel import Field

from services.accounts.tables.registry import Base, table_of

_AT = TIMESTAMP(timezone=True)


class ImportFile(Base, table=True):
    """One file of the core's extract and what became of its rows."""

    __tablename__ = "import_file"

    import_id: UUID = Field(primary_key=True)
    creditor_id: UUID = Field(index=True)
    business_date: date
    is_complete: bool
    format: str
    status: str = Field(description="running | done | failed (the file broke off: what was read has landed)")
    rows: int = 0
    opened: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    absent: int = 0
    warnings: int = 0
    imported_by: str | None = None
    started_at: datetime = Field(sa_type=_AT)
    finished_at: datetime | None = Field(default=None, sa_type=_AT)


class ImportIssue(Base, table=True):
    """A line that was rejected (`is_error`), or taken with a warning. The header is line 1; 0 is the whole file."""

    __tablename__ = "import_issue"

    import_id: UUID = Field(primary_key=True)
    is_error: bool = Field(primary_key=True)
    line: int = Field(primary_key=True, sa_type=BigInteger)
    nth: int = Field(primary_key=True, description="Orders several issues of one line.")
    field: str | None = None
    code: str
    message: str


class ImportRow(Base, table=True):
    """Which accounts a running import has seen: finds duplicates and absences without holding the file in memory.

    Rows are deleted when the import ends.
    """

    __tablename__ = "import_row"

    import_id: UUID = Field(primary_key=True)
    account_id: UUID = Field(primary_key=True)
    line: int = Field(sa_type=BigInteger)
    is_taken: bool


IMPORT_FILE: Table = table_of(ImportFile)
IMPORT_ISSUE: Table = table_of(ImportIssue)
IMPORT_ROW: Table = table_of(ImportRow)
