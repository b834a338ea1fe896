"""HTTP models of imports: the counts of a file, and what was refused or doubted."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class ImportOut(BaseModel):
    """What became of the rows of a file. `rows` counts every line that states an account, good or bad."""

    model_config = ConfigDict(frozen=True)

    import_id: UUID
    rows: int
    opened: int
    updated: int = Field(description="Accounts of which anything changed that others see, the parties included.")
    unchanged: int
    rejected: int = Field(description="Lines that were not taken: see `/errors`.")
    absent: int = Field(description="Accounts that this complete file left out.")
    warnings: int = Field(description="What is doubtful about lines that were taken: see `/warnings`.")


class ImportStatusOut(ImportOut):
    """A file as it stands: `failed` says that it broke off, and what was read of it has landed."""

    creditor_id: UUID
    business_date: date
    is_complete: bool
    format: Literal["csv", "ndjson"]
    status: Literal["running", "done", "failed"]
    started_at: datetime
    finished_at: datetime | None


class LineIssueOut(BaseModel):
    """Why a line was rejected, or what is doubtful about it. The header is line 1; line 0 is the file as a whole."""

    model_config = ConfigDict(frozen=True)

    line: int = Field(examples=[17])
    field: str | None = Field(examples=["balance_minor"])
    code: str = Field(examples=["amount-invalid"])
    message: str
