"""What a result code means by law: did it connect, was it a conversation, did it convey anything about a debt.

The shipped list; a code that is not on it is read as the most a contact can be, so that nothing is allowed by a word
that nobody here knows. No outcome yet (None) counts as connected, and nothing more.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from services.compliance.domain.facts import CALLS, Channel


class Effect(NamedTuple):
    """`is_placed`: anything was attempted at all; `is_connected`: comment 14(b)(3)(ii)-1, or a message went out.

    `is_conversation` starts the cooldown of the debts discussed; `is_communication` is 12 CFR 1006.2(d);
    `is_misdirected`: it showed that the number is another's; `is_excluded`: calls to 1006.6(d)(1)(ii)-(vi).
    """

    is_placed: bool = True
    is_connected: bool = True
    is_conversation: bool = False
    is_communication: bool = False
    is_misdirected: bool = False
    is_excluded: bool = False


_CONNECTED = Effect()
_NOT_CONNECTED = Effect(is_connected=False)
_NOT_PLACED = Effect(is_placed=False, is_connected=False)
_TALK = Effect(is_conversation=True, is_communication=True)
_MESSAGE = Effect(is_communication=True)
_EXCLUDED = Effect(is_excluded=True)

OPEN = _CONNECTED
UNKNOWN = _TALK
NETWORK_FAILURE = "network_failure"
"""The line failed, or the mail server or gateway took nothing."""
LOCATION_TALK = "location_talk"
"""A third party was asked where the consumer is and answered: a talk in which nothing of a debt was said."""

EFFECTS: Mapping[str, Effect] = MappingProxyType(
    {
        "no_answer": _CONNECTED,
        "busy": _NOT_CONNECTED,
        "not_in_service": _NOT_CONNECTED,
        NETWORK_FAILURE: _NOT_CONNECTED,
        "voicemail_no_message": _CONNECTED,
        "voicemail_lcm": _CONNECTED,
        "voicemail_other": _MESSAGE,
        "ringless_voicemail": _MESSAGE,
        "answered_dropped": _CONNECTED,
        "hung_up_early": _CONNECTED,
        "third_party_no_message": _CONNECTED,
        "wrong_number": Effect(is_misdirected=True),
        "rpc_promise": _TALK,
        "rpc_arrangement": _TALK,
        "rpc_payment": _TALK,
        "rpc_refused": _TALK,
        "rpc_dispute": _TALK,
        "rpc_hardship": _TALK,
        "rpc_callback": _TALK,
        "rpc_attorney_named": _TALK,
        "rpc_bankrupt": _TALK,
        "rpc_deceased_reported": _TALK,
        "rpc_military": _TALK,
        "rpc_cease_oral": _TALK,
        "rpc_inconvenient": _TALK,
        "rpc_stop_medium": _TALK,
        "inbound_rpc": _TALK,
        "inbound_message": _MESSAGE,
        "inbound_unverified": _CONNECTED,
        "attorney_call": _EXCLUDED,
        "agency_call": _EXCLUDED,
        "creditor_call": _EXCLUDED,
        "sms_sent": _MESSAGE,
        "email_sent": _MESSAGE,
        "letter_sent": _MESSAGE,
        "field_visit_no_answer": _CONNECTED,
        "field_visit_notice_left": _MESSAGE,
        "field_visit_third_party": _CONNECTED,
        "field_visit_wrong_address": _CONNECTED,
        "field_visit_rpc": _TALK,
        LOCATION_TALK: Effect(is_conversation=True),
        "blocked_by_rule": _NOT_PLACED,
        "dialer_abandoned": _CONNECTED,
        "agent_skipped": _NOT_PLACED,
    }
)


SILENT = frozenset([None, *(code for code, effect in EFFECTS.items() if not effect.is_communication)])
"""The outcomes, none yet included, in which nothing was conveyed; any other conveys something about a debt."""


def effect_of(result_code: str | None, channel: Channel) -> Effect:
    """What the law makes of this outcome; None: there is none yet.

    A call that did not connect was placed (12 CFR 1006.14(b)(3)(ii)); a message that was not handed over never left.
    """
    if result_code is None:
        return OPEN
    if result_code == NETWORK_FAILURE and channel not in CALLS:
        return _NOT_PLACED
    return EFFECTS.get(result_code, UNKNOWN)
