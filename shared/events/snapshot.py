"""One row of the core's close-of-day extract: the CSV line, the NDJSON object and `core.account.snapshot` alike.

Amounts are whole numbers: a reader of text converts before, and 12.0 is refused, for it might mean dollars.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from shared.contact_points import address_line
from shared.events.accounts import AccountStatus, PartyKind, PartyRole, ProductClass
from shared.events.core import CoreAccountNumber
from shared.events.payload import MAX_MINOR, BusinessDay, Currency, Day

ADDRESS_PARTS = ("street", "city", "region", "postal_code")
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Number = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
Unsigned = Annotated[int, Field(ge=0, le=MAX_MINOR, strict=True)]
Frequency = Literal["weekly", "biweekly", "semimonthly", "monthly", "quarterly", "once"]


class ImportedContactPoint(BaseModel):
    """A phone number, e-mail or postal address as the core knows it. Of an address with a street its parts count."""

    model_config = ConfigDict(frozen=True, extra="ignore", json_schema_extra={"required": ["kind"]})

    kind: Literal["phone", "email", "address"]
    value: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=320)]
    label: Literal["mobile", "home", "work", "other"] = "other"
    street: Text | None = None
    city: Text | None = None
    region: Text | None = None
    postal_code: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _parts_are_a_value(cls, point: Any) -> Any:
        if not isinstance(point, Mapping) or point.get("kind") != "address":
            return point
        parts = {name: part for name in ADDRESS_PARTS if isinstance(part := point.get(name), str)}
        line = address_line(parts)
        return point if line is None else {**point, "value": line}


class ImportedParty(BaseModel):
    """A person, business or estate that has a part in the debt."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    party_number: Number
    role: PartyRole = "primary"
    party_kind: PartyKind = "natural_person"
    given_name: Text | None = None
    family_name: Text | None = None
    date_of_birth: Day | None = None
    language: Annotated[str, StringConstraints(strip_whitespace=True, max_length=35)] | None = None
    street: Text | None = None
    city: Text | None = None
    region: Text | None = None
    postal_code: Text | None = None
    phone: Text | None = None
    email: Text | None = None
    contact_points: tuple[ImportedContactPoint, ...] = ()


class SnapshotRow(BaseModel):
    """One account at the close of one day. Empty means unknown."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    core_account_number: CoreAccountNumber
    product_class: ProductClass
    currency: Currency
    balance_minor: Annotated[int, Field(ge=-MAX_MINOR, le=MAX_MINOR, strict=True)]
    principal_minor: Unsigned | None = None
    interest_minor: Unsigned | None = None
    fees_minor: Unsigned | None = None
    past_due_minor: Unsigned = 0
    oldest_unpaid_due_on: date | None = None
    installment_minor: Unsigned | None = None
    frequency: Frequency | None = None
    next_due_on: date | None = None
    opened_on: date | None = None
    credit_limit_minor: Unsigned | None = None
    status: AccountStatus = "open"
    charged_off_on: date | None = None
    party_number: Number | None = None
    party_kind: PartyKind = "natural_person"
    given_name: Text | None = None
    family_name: Text | None = None
    language: Annotated[str, StringConstraints(strip_whitespace=True, max_length=35)] | None = None
    street: Text | None = None
    city: Text | None = None
    region: Text | None = None
    postal_code: Text | None = None
    phone: Text | None = None
    email: Text | None = None
    date_of_birth: date | None = None
    parties: tuple[ImportedParty, ...] = ()
    collateral: tuple[dict[str, object], ...] = ()


class CoreAccountSnapshot(SnapshotRow):
    """`core.account.snapshot`: the row, whose book it is in, and the last day whose postings it holds."""

    creditor_id: UUID
    business_date: BusinessDay

    @model_validator(mode="before")
    @classmethod
    def _empty_means_unknown(cls, row: Any) -> Any:
        # As in a line of a file, whose reader leaves the empty values out.
        return (
            {name: value for name, value in row.items() if value not in (None, "")} if isinstance(row, Mapping) else row
        )
