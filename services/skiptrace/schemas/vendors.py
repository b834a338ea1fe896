"""HTTP models of vendors: prices, purposes and layout as data, with how the vendor does."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints

from shared.events.payload import AmountMinor, Currency
from shared.events.skiptrace import FoundKind, FoundLabel, PermissiblePurpose

VendorCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Pointer = Annotated[str, StringConstraints(pattern=r"^(/[^/\x00]{1,100}){1,8}$")]
Word = Annotated[str, StringConstraints(pattern=r"^[^\x00]{1,64}$")]
SubjectField = Literal["given_name", "family_name", "date_of_birth", "street", "city", "region", "postal_code"]
AddressField = Literal["street", "city", "region", "postal_code"]
Match = Literal["family_name", "given_name", "date_of_birth", "last_address"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PointLayout(_Model):
    """Where a person of an answer lists one kind of contact point. Places are JSON pointers below the person."""

    each: Pointer
    value: Pointer | Literal[""] = Field(default="", description="Below each one; of an address see `parts`.")
    label: Pointer | None = None
    labels: dict[Word, FoundLabel] = Field(default_factory=dict, description="The vendor's word -> ours.")
    first_seen: Pointer | None = None
    last_seen: Pointer | None = None
    parts: dict[AddressField, Pointer] = Field(default_factory=dict, description="Of an address: part -> place.")


class VendorLayout(_Model):
    """How a vendor lays out a search and its answer; see docs/contracts/person-search.md."""

    path: Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9/_.-]{0,200}$")]
    reference: Pointer
    purpose: Pointer
    purposes: dict[PermissiblePurpose, Word] = Field(default_factory=dict, description="Our purpose -> its code.")
    subject: dict[SubjectField, Pointer]
    constants: dict[Pointer, str | int | bool] = Field(default_factory=dict)
    persons: Pointer
    points: dict[FoundKind, PointLayout]
    matched_on: Pointer | None = None
    matches: dict[Word, Match] = Field(default_factory=dict)
    transaction: Pointer | None = None
    date_format: Annotated[str, StringConstraints(pattern=r"^[%YmdbBy/. -]{2,20}$")] = "%Y-%m-%d"


class VendorRequest(_Model):
    """A vendor as an administrator states it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Person search",
                    "endpoint": "person_search",
                    "currency": "USD",
                    "cost_hit_minor": 75,
                    "cost_no_hit_minor": 10,
                    "purposes": ["fcra_collection"],
                    "layout": {
                        "path": "/v1/person-searches",
                        "reference": "/reference",
                        "purpose": "/permissible_purpose",
                        "subject": {"given_name": "/subject/given_name", "family_name": "/subject/family_name"},
                        "persons": "/persons",
                        "points": {"phone": {"each": "/phones", "value": "/number"}},
                    },
                }
            ]
        }
    )

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    adapter: Literal["person_search"] = "person_search"
    endpoint: VendorCode = Field(description="The name of its address and account in the settings of the deployment.")
    is_enabled: StrictBool = True
    currency: Currency
    cost_hit_minor: AmountMinor
    cost_no_hit_minor: AmountMinor
    month_budget_minor: AmountMinor | None = Field(
        default=None, description="Per calendar month (UTC); null: no limit."
    )
    bills_unanswered: StrictBool = Field(
        default=True,
        description="Its terms: a search that reached it is on its bill though no answer came back. Such a search is "
        "charged, after a day, with the most that it may cost; else its money is released.",
    )
    purposes: Annotated[tuple[PermissiblePurpose, ...], Field(min_length=1)]
    layout: VendorLayout


class BreakerView(_Model):
    """The circuit breaker of a vendor."""

    state: Literal["closed", "open", "half_open"]
    failures: int
    open_until: datetime | None


class VendorView(VendorRequest):
    """A vendor with how it does: the numbers that the waterfall goes by."""

    code: VendorCode
    is_reachable: bool = Field(description="The deployment has its endpoint.")
    searches: int
    hits: int
    month_spent_minor: int
    breaker: BreakerView
    version: int


class CostView(_Model):
    """A line of the cost ledger."""

    entry_id: str
    skip_trace_id: str
    search_id: str
    kind: Literal["reserved", "charged", "released", "corrected"]
    amount_minor: int
    currency: str
    at: datetime
