"""HTTP models of account-360: everything about one account that a screen needs, in one answer."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.accounts.schemas.accounts import AccountOut

Role = Literal["primary", "joint", "cosigner", "guarantor", "authorized_user", "representative"]


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class OverviewDue(_Out):
    """What is unpaid of one due."""

    due_on: date
    amount_minor: int
    is_past_due: bool


class OverviewContactPoint(_Out):
    """A way to reach a party, as imported."""

    contact_point_id: UUID
    kind: str = Field(examples=["phone"])
    value: str
    label: str = Field(examples=["mobile"])
    invalid_reason: str | None = Field(
        description="Why it does not reach the party, where that was found out; null: nothing is known against it.",
        examples=["wrong_number"],
    )
    verified_at: datetime | None = Field(
        description="When it was last seen to reach the party; null: nobody saw it, or it is no good any more."
    )


class OverviewFoundPoint(_Out):
    """A way to reach a party that a search, a third party or a talk named. Its value is shown by contact alone."""

    contact_point_id: UUID
    kind: str = Field(examples=["phone"])
    label: str = Field(examples=["mobile"])
    source: str = Field(
        description="The vendor's code, `location_inquiry`, `consumer` or `collector`.", examples=["person_search"]
    )
    at: datetime = Field(description="When it was named first.")
    status: str = Field(description="`unverified` or `verified`, as its finder said last.", examples=["unverified"])
    confidence: int | None = Field(default=None, description="Percent, of what was found; null: it was given.")
    invalid_reason: str | None = Field(description="As of `contact_points`.")
    verified_at: datetime | None = Field(description="As of `contact_points`.")


class OverviewParty(_Out):
    """Someone with a part in the debt."""

    party_id: UUID
    role: str = Field(examples=["primary"])
    kind: str = Field(examples=["natural_person"])
    name: str
    language: str | None = Field(examples=["es"])
    contact_points: list[OverviewContactPoint]
    found_contact_points: list[OverviewFoundPoint] = Field(description="Besides those of the core.")


class OverviewPromise(_Out):
    """A promise to pay, as payments published it last."""

    promise_id: UUID
    status: str = Field(examples=["made"])
    due_on: date
    amount_minor: int
    paid_minor: int
    currency: str
    made_on: date
    resolved_on: date | None


class OverviewInstallment(_Out):
    """One instalment of an arrangement."""

    due_on: date
    amount_minor: int
    paid_minor: int
    status: str = Field(examples=["scheduled"])


class OverviewArrangement(_Out):
    """The open arrangement, else the latest one."""

    arrangement_id: UUID
    status: str = Field(examples=["active"])
    total_minor: int
    paid_minor: int
    currency: str
    made_on: date
    next_due_on: date | None
    resolved_on: date | None
    installments: list[OverviewInstallment]


class OverviewPayment(_Out):
    """A posted payment, and whether it was returned."""

    payment_id: UUID
    amount_minor: int
    currency: str
    effective_on: date
    posted_on: date
    channel: str
    reversed_on: date | None
    reversal_reason: str | None


class OverviewRestriction(_Out):
    """A restriction that holds today, on the creditor's calendar."""

    restriction_id: UUID
    kind: str = Field(examples=["cease"])
    since_on: date
    ends_on: date | None = Field(description="The last day that it holds; null: until it is lifted.")
    citation: str | None = Field(examples=["12 CFR 1006.6(c)(1)"])
    is_party_wide: bool = Field(description="It holds for all accounts of the party.")
    placed_at: datetime


class OverviewContact(_Out):
    """An attempt to reach somebody about the account, or a contact that came in."""

    attempt_id: UUID
    at: datetime
    direction: str = Field(examples=["outbound"])
    channel: str = Field(examples=["phone"])
    purpose: str = Field(examples=["collection"])
    result_code: str | None = Field(description="Null while its outcome is not known.", examples=["rpc_promise"])
    is_right_party: bool | None
    next_step: str | None = Field(examples=["promise"])


class OverviewQueue(_Out):
    """The queue that the account is in, and its work item."""

    code: str = Field(examples=["mid"])
    reasons: list[str] = Field(examples=[["mid"]])
    work_item_id: UUID
    priority: int
    status: str
    assigned_to: str | None
    leased_until: datetime | None
    withheld_until: date | None


class OverviewOut(_Out):
    """Account-360."""

    account: AccountOut
    dues: list[OverviewDue] = Field(description="Unpaid dues, oldest first: those past due, and the next one.")
    parties: list[OverviewParty]
    restrictions: list[OverviewRestriction] = Field(description="Those that hold, the oldest first.")
    promises: list[OverviewPromise] = Field(description="The latest first.")
    arrangement: OverviewArrangement | None
    last_payments: list[OverviewPayment] = Field(description="The latest first.")
    last_contacts: list[OverviewContact] = Field(description="The latest first.")
    queue: OverviewQueue | None
