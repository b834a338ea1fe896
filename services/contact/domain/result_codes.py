"""What each result code means by law: one table of data, read by the outcome of every attempt.

Sources: 12 CFR 1006.14(b) with comments 14(b)(2) to 14(b)(4) (what counts as a call, what starts the cooldown, who is
excluded), 1006.2(d) and (j) (communication; limited-content message). An oral cease is heard as policy: the law asks
for writing (1006.6(c)).
"""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from shared.events.contact import ContactChannel, Direction, HeardKind, ResultCode

NextStepRule = Literal["required", "optional", "none"]
_CALL: Final[frozenset[ContactChannel]] = frozenset({"phone", "voicemail"})
_DOOR: Final[frozenset[ContactChannel]] = frozenset({"in_person"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What follows from a result.

    `is_connected` None: no call was made. `implied`: what the person has said by that alone.
    """

    channels: frozenset[ContactChannel]
    direction: Direction = "outbound"
    is_connected: bool | None = True
    counts_as_call: bool = True
    is_conversation: bool = False
    is_communication: bool = False
    is_right_party: bool = False
    is_excluded_party: bool = False
    is_wrong_value: bool = False
    implied: HeardKind | None = None
    next_step: NextStepRule = "none"
    is_for_dialer: bool = False
    """A dialer may report it by itself: nobody had to speak."""


def _talk(next_step: NextStepRule, implied: HeardKind | None = None) -> Meaning:
    return Meaning(
        channels=_CALL,
        is_conversation=True,
        is_communication=True,
        is_right_party=True,
        next_step=next_step,
        implied=implied,
    )


def _excluded_party() -> Meaning:
    """Calls to them never count (1006.14(b)(3)(iii)); they are no consumer, so nothing starts a cooldown."""
    return Meaning(channels=_CALL, counts_as_call=False, is_excluded_party=True, next_step="optional")


def _unconnected() -> Meaning:
    """Comment 14(b)(3)(ii)-1: a busy signal, or a number out of service."""
    return Meaning(channels=_CALL, is_connected=False, counts_as_call=False, is_for_dialer=True)


def _sent(channel: ContactChannel) -> Meaning:
    return Meaning(channels=frozenset({channel}), is_connected=None, counts_as_call=False, is_communication=True)


def _visit(**facts: bool) -> Meaning:
    return Meaning(channels=_DOOR, is_connected=None, counts_as_call=False, **facts)  # type: ignore[arg-type]


MEANINGS: Final[dict[ResultCode, Meaning]] = {
    "no_answer": Meaning(channels=_CALL, is_for_dialer=True),
    "busy": _unconnected(),
    "not_in_service": _unconnected(),
    "network_failure": Meaning(
        channels=frozenset(get_args(ContactChannel)), is_connected=False, counts_as_call=False, is_for_dialer=True
    ),
    "voicemail_no_message": Meaning(channels=_CALL, is_for_dialer=True),
    "voicemail_lcm": Meaning(channels=_CALL, is_for_dialer=True),
    "voicemail_other": Meaning(channels=_CALL, is_communication=True),
    # Whether it communicates depends on its content: without knowing it, it does.
    "ringless_voicemail": Meaning(channels=_CALL, is_communication=True, is_for_dialer=True),
    "answered_dropped": Meaning(channels=_CALL, is_for_dialer=True),
    "hung_up_early": Meaning(channels=_CALL),
    "third_party_no_message": Meaning(channels=_CALL),
    # It counts until it is known to be wrong; from then on compliance takes out the calls to the number
    # in the period of seven days (comment 14(b)(2)(i)-3).
    "wrong_number": Meaning(channels=_CALL, is_wrong_value=True, implied="wrong_number"),
    "rpc_promise": _talk("required"),
    "rpc_arrangement": _talk("required"),
    "rpc_payment": _talk("optional"),
    "rpc_refused": _talk("required"),
    "rpc_dispute": _talk("required"),
    "rpc_hardship": _talk("required"),
    "rpc_callback": _talk("required"),
    "rpc_attorney_named": _talk("optional", "attorney"),
    "rpc_bankrupt": _talk("optional", "bankruptcy_stay"),
    "rpc_deceased_reported": _talk("optional", "deceased"),
    "rpc_military": _talk("optional", "scra"),
    "rpc_cease_oral": _talk("optional", "cease"),
    "rpc_inconvenient": _talk("optional", "inconvenient"),
    "rpc_stop_medium": _talk("optional", "stop_medium"),
    "inbound_rpc": Meaning(
        channels=_CALL,
        direction="inbound",
        is_connected=None,
        counts_as_call=False,
        is_conversation=True,
        is_communication=True,
        is_right_party=True,
        next_step="required",
    ),
    "inbound_message": Meaning(
        channels=frozenset({"email", "sms", "letter", "in_person", "voicemail"}),
        direction="inbound",
        is_connected=None,
        counts_as_call=False,
        is_communication=True,
        next_step="optional",
    ),
    "inbound_unverified": Meaning(channels=_CALL, direction="inbound", is_connected=None, counts_as_call=False),
    "attorney_call": _excluded_party(),
    "agency_call": _excluded_party(),
    "creditor_call": _excluded_party(),
    "sms_sent": _sent("sms"),
    "email_sent": _sent("email"),
    "letter_sent": _sent("letter"),
    "field_visit_no_answer": _visit(),
    "field_visit_notice_left": _visit(is_communication=True),
    "field_visit_third_party": _visit(),
    "field_visit_wrong_address": _visit(is_wrong_value=True),
    "field_visit_rpc": Meaning(
        channels=_DOOR,
        is_connected=None,
        counts_as_call=False,
        is_communication=True,
        is_right_party=True,
        next_step="required",
    ),
    "dialer_abandoned": Meaning(channels=_CALL, is_for_dialer=True),
    "agent_skipped": Meaning(channels=_CALL, is_connected=False, counts_as_call=False, is_for_dialer=True),
}
"""Every result code. `is_connected=False` takes an attempt out of every count: the line was never reached."""

NEXT_STEPS: Final[dict[ResultCode, frozenset[str]]] = {
    "rpc_promise": frozenset({"promise"}),
    "rpc_arrangement": frozenset({"arrangement"}),
    "rpc_refused": frozenset({"refusal"}),
    "rpc_dispute": frozenset({"dispute"}),
    "rpc_callback": frozenset({"callback"}),
}
"""The codes that name their next step; any other that takes one takes each kind."""
