"""What contact publishes: facts about attempts to reach a person, about messages, and about ways to reach them.

All but `callback.scheduled` are facts, applied once each in any order. An attempt may concern several debts: it is
one message, under the key of the debt that an unanswered attempt counts for. No number, address or word of the talk
is in any of them.
"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.events.payload import AccountPayload, Moment, Payload

ContactChannel = Literal["phone", "voicemail", "email", "sms", "letter", "in_person"]
Direction = Literal["outbound", "inbound"]
ContactPurpose = Literal["collection", "required_notice", "remedy_notice", "service", "location", "reply"]
MessageChannel = Literal["email", "sms", "letter"]
ResultCode = Literal[
    "no_answer",
    "busy",
    "not_in_service",
    "network_failure",
    "voicemail_no_message",
    "voicemail_lcm",
    "voicemail_other",
    "ringless_voicemail",
    "answered_dropped",
    "hung_up_early",
    "third_party_no_message",
    "wrong_number",
    "rpc_promise",
    "rpc_arrangement",
    "rpc_payment",
    "rpc_refused",
    "rpc_dispute",
    "rpc_hardship",
    "rpc_callback",
    "rpc_attorney_named",
    "rpc_bankrupt",
    "rpc_deceased_reported",
    "rpc_military",
    "rpc_cease_oral",
    "rpc_inconvenient",
    "rpc_stop_medium",
    "inbound_rpc",
    "inbound_message",
    "inbound_unverified",
    "attorney_call",
    "agency_call",
    "creditor_call",
    "sms_sent",
    "email_sent",
    "letter_sent",
    "field_visit_no_answer",
    "field_visit_notice_left",
    "field_visit_third_party",
    "field_visit_wrong_address",
    "field_visit_rpc",
    "dialer_abandoned",
    "agent_skipped",
]
HeardKind = Literal[
    "cease",
    "attorney",
    "bankruptcy_stay",
    "deceased",
    "scra",
    "identity_theft",
    "dispute",
    "stop_medium",
    "inconvenient",
    "wrong_number",
]
NextStepKind = Literal["promise", "arrangement", "callback", "dispute", "refusal"]
BlockReason = Literal["rules", "permit_expired", "compliance_unavailable", "contact_point_unusable", "not_placed"]
InvalidReason = Literal["wrong_number", "not_in_service", "bounced", "undeliverable"]
Names = Annotated[str, Field(max_length=64)]


def came_in_writing(direction: Direction, channel: ContactChannel) -> bool:
    """Whether the person wrote it: also electronically (comment 6(c)(1)-2)."""
    return direction == "inbound" and channel in ("letter", "email", "sms")


class Attempt(AccountPayload):
    """What every event about an attempt says of it. `account_id` is the first of `account_ids`."""

    account_ids: Annotated[tuple[UUID, ...], Field(min_length=1, description="The debts that it concerns, in order.")]
    party_id: UUID
    attempt_id: UUID
    permit_id: UUID | None = Field(description="The permit that it used; null for what came in.")
    direction: Direction
    channel: ContactChannel
    purpose: ContactPurpose
    contact_point_id: UUID | None
    at: Moment = Field(description="When it was placed or came in; of a message, when it was sent.")

    @property
    def is_written(self) -> bool:
        """Whether the person wrote it."""
        return came_in_writing(self.direction, self.channel)


class ContactAttempted(Attempt):
    """`contact.attempted`: placed. It uses its permit and counts, as connected, until its outcome says otherwise."""

    is_dialer: bool = Field(default=False, description="Placed by an automated dialer.")


class Heard(Payload):
    """What the person said that binds us. The id of a restriction that it causes is UUIDv5(attempt_id, `kind`)."""

    kind: HeardKind
    channel: ContactChannel | None = Field(default=None, description="Of `stop_medium`: which medium; null: this one.")
    contact_point_id: UUID | None = Field(
        default=None,
        description="Of `stop_medium`: this number or address alone. Of `wrong_number`: which; null: the contact's.",
    )
    account_ids: tuple[UUID, ...] = Field(default=(), description="The debts concerned; empty: all of the party's.")
    not_before: Moment | None = Field(default=None, description="Of `inconvenient`: when they may be reached again.")


class ContactCompleted(Attempt):
    """`contact.completed`: the one outcome of an attempt, with what it means by law."""

    completed_at: Moment
    result_code: ResultCode
    is_connected: bool | None = Field(description="Whether it reached the number at all; null where no call was made.")
    counts_as_call: bool = Field(description="Counts against a limit on calls (12 CFR 1006.14(b)(2)(i)(A)).")
    is_conversation: bool = Field(description="Starts the cooldown of the debts discussed (1006.14(b)(2)(i)(B)).")
    is_communication: bool = Field(description="Told something about a debt to somebody (1006.2(d)).")
    is_right_party: bool = Field(description="The consumer was reached and verified.")
    is_excluded_party: bool = Field(default=False, description="An attorney, agency or creditor (1006.14(b)(3)(iii)).")
    debts_discussed: tuple[UUID, ...] = ()
    heard: tuple[Heard, ...] = ()
    next_step: NextStepKind | None = None
    next_step_id: UUID | None = Field(default=None, description="The promise, arrangement, callback or dispute made.")
    callback_at: Moment | None = Field(
        default=None, description="When the person asked to be called; `callback.scheduled` tells what becomes of it."
    )
    refusal_reason: Names | None = Field(
        default=None, description="Of the next step `refusal`: why the person does not pay, in one word."
    )

    @property
    def is_wrong_number(self) -> bool:
        """Whether its own number or address is not the party's; another one is told by `contact_point.invalidated`."""
        return self.result_code == "wrong_number" or any(
            said.kind == "wrong_number" and said.contact_point_id in (None, self.contact_point_id)
            for said in self.heard
        )


class ContactBlocked(AccountPayload):
    """`contact.blocked`: an attempt that was not placed. With `permit_id`, that permit was not used.

    With `attempt_id`, no permit that was or will be given for that attempt is used: the answer that gave it was lost.
    """

    block_id: UUID
    attempt_id: UUID | None = Field(
        default=None, description="The attempt that compliance was asked for, which will never be placed."
    )
    account_ids: Annotated[tuple[UUID, ...], Field(min_length=1)]
    party_id: UUID
    permit_id: UUID | None
    decision_id: UUID | None
    channel: ContactChannel
    purpose: ContactPurpose
    contact_point_id: UUID | None
    reason: BlockReason
    rules: tuple[Names, ...] = Field(default=(), description="The ids of the rules that refused.")
    not_before: Moment | None = None
    at: Moment


class MessageEvent(AccountPayload):
    """What every event about a message says of it."""

    account_ids: Annotated[tuple[UUID, ...], Field(min_length=1)]
    party_id: UUID
    message_id: UUID
    attempt_id: UUID
    channel: MessageChannel
    contact_point_id: UUID | None
    template: str
    language: str
    at: Moment


class MessageSent(MessageEvent):
    """`message.sent`: a mail server, text gateway or print vendor has taken it."""


class MessageBounced(MessageEvent):
    """`message.bounced`: it did not reach the person, or never will."""

    is_permanent: bool = Field(description="The address or number is no good: it is not used again.")
    reason: Names


class MessageOptedOut(Payload):
    """`message.opted_out`, key: party id. The person wants no more of this medium at this number or address.

    It holds for the value, whoever has it: there is one event for each party that is known to have it.
    """

    creditor_id: UUID
    party_id: UUID
    contact_point_id: UUID
    channel: ContactChannel
    source: Literal["reply", "link", "collector", "gateway"]
    message_id: UUID | None = Field(default=None, description="The message that was answered, where one is known.")
    at: Moment


class ContactPointInvalidated(Payload):
    """`contact_point.invalidated`, key: party id. It does not reach the party, known from `at`.

    Calls to a wrong number in the period of seven days stop counting for the party (comment 14(b)(2)(i)-3). It holds
    for the value: there is one event for each party that is known to have it and was not verified there. A later
    `contact_point.verified` takes it back.
    """

    creditor_id: UUID
    party_id: UUID
    contact_point_id: UUID
    kind: Literal["phone", "email", "address"]
    reason: InvalidReason
    account_id: UUID | None = Field(default=None, description="The debt of the attempt that showed it.")
    attempt_id: UUID | None = None
    at: Moment


class GivenContactPoint(Payload):
    """A way to reach a party that somebody gave in a contact. Personal data."""

    contact_point_id: UUID
    kind: Literal["phone", "email", "address"]
    value: str = Field(
        description="Normalised: E.164, an e-mail with its domain in lower case, an address on one line."
    )
    label: Literal["mobile", "home", "work", "other"]
    source: Literal["consumer", "collector"] = Field(
        description="Who gave it: the person, or a collector who knows it."
    )
    attempt_id: UUID | None = Field(description="The contact in which it was given, where one is named.")
    status: Literal["unverified", "verified"] = Field(
        description="Verified: the person gave it, verified as the party."
    )
    given_at: Moment


class ContactPointsGiven(Payload):
    """`contact_point.given`, key: party id. Everything that was given for a party in contacts. Personal data.

    Compacted by party: each message carries all of them.
    """

    party_id: UUID
    creditor_id: UUID
    contact_points: tuple[GivenContactPoint, ...]


class CallbackState(AccountPayload):
    """`callback.scheduled`: the person is to be contacted at `callback_at`. The whole state: moved and ended too."""

    account_ids: Annotated[tuple[UUID, ...], Field(min_length=1)]
    party_id: UUID
    callback_id: UUID
    status: Literal["scheduled", "done", "cancelled"]
    attempt_id: UUID | None = Field(default=None, description="The attempt in which it was agreed.")
    channel: ContactChannel
    contact_point_id: UUID | None
    callback_at: Moment
    is_requested: bool = Field(
        description="The person asked for it, which is consent to that call while it is `scheduled`."
    )
    made_at: Moment | None = Field(default=None, description="When it was agreed or planned.")


class FieldVisitCompleted(AccountPayload):
    """`field_visit.completed`: somebody was at the door."""

    account_ids: Annotated[tuple[UUID, ...], Field(min_length=1)]
    party_id: UUID
    field_visit_id: UUID
    attempt_id: UUID
    contact_point_id: UUID | None
    result_code: ResultCode
    at: Moment
