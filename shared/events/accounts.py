"""What accounts publishes: creditors and business dates, parties, the state of accounts, and queue changes."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from shared.events.payload import AccountPayload, AmountMinor, Currency, Days, Payload, SignedMinor, TimeZone

CreditorKind = Literal["creditor", "servicer", "third_party_collector", "debt_buyer", "attorney", "repossessor"]
ProductClass = Literal["closed_end_loan", "credit_card", "share_negative", "mortgage", "commercial"]
AccountStatus = Literal["open", "charged_off", "closed"]
Bucket = Literal["current", "b1_29", "b30_59", "b60_89", "b90_119", "b120_149", "b150_179", "b180_plus"]
Stage = Literal["current", "early", "mid", "late", "pre_charge_off", "recovery"]
PartyKind = Literal["natural_person", "business", "estate"]
PartyRole = Literal["primary", "joint", "cosigner", "guarantor", "authorized_user", "representative"]


class CreditorUpdated(Payload):
    """`creditor.updated`, key: creditor id. Whole state."""

    creditor_id: UUID
    name: str
    kind: CreditorKind
    currency: Currency
    time_zone: TimeZone
    business_date: date | None


class BusinessDateAdvanced(Payload):
    """`business_date.advanced`, key: creditor id. From now on the creditor's book is judged at `business_date`."""

    creditor_id: UUID
    business_date: date
    previous: date | None


class ContactPoint(Payload):
    """A way to reach a party, as imported. Personal data: only the party topics carry it."""

    contact_point_id: UUID
    kind: Literal["phone", "email", "address"]
    value: str = Field(description="In its one form: E.164, an e-mail, the address on one line in small letters.")
    label: Literal["mobile", "home", "work", "other"]
    street: str | None = Field(default=None, description="This and the next three: of an address, where known.")
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None


class PartInAccount(Payload):
    """A debt in which a party has a part."""

    account_id: UUID
    role: PartyRole


class PartyUpdated(Payload):
    """`party.updated`, key: party id. Personal data: compacted, read by four services only, tombstone on erasure."""

    party_id: UUID
    creditor_id: UUID
    kind: PartyKind
    given_name: str | None
    family_name: str | None
    date_of_birth: date | None
    language: str | None
    street: str | None
    city: str | None
    region: str | None
    postal_code: str | None
    contact_points: tuple[ContactPoint, ...]
    accounts: tuple[PartInAccount, ...] | None = Field(
        default=None, description="The debts in which it has a part, the primary ones included; null: not stated."
    )


class PausedDays(Payload):
    """Days that count in days past due, and not in delinquent days: from `starts_on`, up to but not on `ends_on`."""

    starts_on: date
    ends_on: date


class AccountRestriction(Payload):
    """What stands against working an account as usual, and since when, on its creditor's calendar."""

    kind: str = Field(description="As compliance publishes it: `bankruptcy_stay`, `discharged`, `cease`, ..")
    since_on: date


class Payoff(Payload):
    """A time with nothing owed.

    It began on `paid_off_on`: the day on which the money that paid it off is effective; without such money, the date of
    the first snapshot that said so. It ended with the snapshot of `owed_again_on`; null: it lasts.
    """

    paid_off_on: date
    owed_again_on: date | None = None


class AccountState(AccountPayload):
    """The whole public state of an account at `business_date`; the topic says why it was published."""

    party_id: UUID = Field(description="The primary party.")
    product_class: ProductClass
    status: AccountStatus
    currency: Currency
    balance_minor: SignedMinor
    past_due_minor: AmountMinor
    days_past_due: Days
    delinquent_days: Days | None = Field(default=None, description="Days past due less paused days.")
    pauses: tuple[PausedDays, ...] = Field(default=(), description="In order; they neither overlap nor touch.")
    oldest_unpaid_due_on: date | None
    bucket: Bucket
    stage: Stage
    past_due_by_bucket: dict[str, int] = Field(description="Past-due minor units by the bucket of each due's own age.")
    business_date: date
    snapshot_on: date = Field(description="The date of the snapshot that rules; the next three stand as of it.")
    principal_minor: SignedMinor | None
    interest_minor: SignedMinor | None
    fees_minor: SignedMinor | None
    charged_off_on: date | None = Field(
        default=None, description="When charged off: the day, as the core stated it, else of the first snapshot so."
    )
    payoffs: tuple[Payoff, ...] = Field(
        default=(), description="Of an account with an arrangement: the times in which nothing was owed, in order."
    )
    reversed_payments: tuple[UUID, ...] | None = Field(
        default=None,
        description="With payoffs: the account's payments that were known to be reversed when they were told. A payoff "
        "may rest on any other payment, also on one whose reversal is still on its way.",
    )
    restrictions: tuple[AccountRestriction, ...] = ()
    ended_by: tuple[AccountRestriction, ...] | None = Field(
        default=None,
        description="Every bankruptcy stay and discharge that has held, over or not, with its first day: it ended the "
        "promises and arrangements that were open then. Null: not stated, then those of `restrictions` did.",
    )


class QueueItemChanged(AccountPayload):
    """`queue.item_entered|exited|assigned`: an account's place in a work queue. Key: account id."""

    work_item_id: UUID
    queue: str
    priority: int
    reasons: tuple[str, ...]
    exit_reason: str | None = None
    assigned_to: str | None = Field(default=None, description="The `sub` of the token that leased it.")
    leased_until: datetime | None = None


class WorkItemEscalated(AccountPayload):
    """`work_item.escalated`: a collector asked for a supervisor's eyes.

    `reason` is always empty: the collector's words stand on the account's timeline, for events hold no personal data.
    """

    work_item_id: UUID
    queue: str
    escalated_by: str
    reason: str
