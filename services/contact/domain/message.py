"""The life of a message: every one reaches a terminal state, whatever fails on the way.

A message is handed over at most once: when it is not known whether a gateway took it, it is not sent again. Times are
in seconds; instants come from the caller.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from shared.events.contact import MessageChannel, ResultCode

MessageStatus = Literal[
    "queued", "sending", "sent", "delivered", "bounced", "undeliverable", "opted_out", "blocked", "failed"
]
Handover = Literal["taken", "later", "refused", "undeliverable", "opted_out", "unknown"]

TERMINAL: Final[frozenset[MessageStatus]] = frozenset(
    {"delivered", "bounced", "undeliverable", "opted_out", "blocked", "failed"}
)
TRANSITIONS: Final[frozenset[tuple[MessageStatus, MessageStatus]]] = frozenset(
    {
        ("queued", "sending"),
        ("queued", "blocked"),
        ("queued", "failed"),
        ("queued", "opted_out"),
        ("sending", "queued"),
        ("sending", "sent"),
        ("sending", "bounced"),
        ("sending", "undeliverable"),
        ("sending", "opted_out"),
        ("sending", "failed"),
        ("sent", "delivered"),
        ("sent", "bounced"),
        ("sent", "undeliverable"),
        ("sent", "opted_out"),
        ("sent", "failed"),
    }
)
SENT_RESULT: Final[dict[MessageChannel, ResultCode]] = {
    "email": "email_sent",
    "sms": "sms_sent",
    "letter": "letter_sent",
}

LEASE: Final = timedelta(seconds=60)
"""How long one hand-over may take. After it, nobody knows whether the message left."""
GIVE_UP_AFTER: Final = timedelta(hours=24)
"""A message that could not be handed over for so long has failed."""
REPLY_WITHIN: Final = timedelta(minutes=5)
"""The text that confirms an opt-out may follow within this time (47 CFR 64.1200(a)(12)); after it none is sent."""
RECEIPT_WITHIN: Final[dict[MessageChannel, timedelta]] = {
    "sms": timedelta(hours=72),
    "email": timedelta(days=5),
    "letter": timedelta(days=14),
}
"""How long a receipt or a bounce may take: mail servers try for up to five days (RFC 5321, 4.5.4.1); for letters
14 days are a reasonable time in the words of comment 1006.30(a)(1)-2."""
NO_BOUNCE: Final = "no-bounce"
RETURNS: Final[frozenset[MessageStatus]] = frozenset({"bounced", "undeliverable"})
RETURNED_LATE: Final = "returned-late"
"""The reason of a delivered message that came back: it stays what it is, its address is known to be no good."""
_FIRST_PAUSE: Final = timedelta(seconds=15)
_LONGEST_PAUSE: Final = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Result:
    """What a gateway said. `ref` is its own id of the message; `is_permanent` speaks of the address or number."""

    handover: Handover
    ref: str | None = None
    reason: str | None = None
    is_permanent: bool = False


def may_become(status: MessageStatus, target: MessageStatus) -> bool:
    """Say whether a message may go from one status to another."""
    return (status, target) in TRANSITIONS


def next_try_at(now: datetime, tries: int) -> datetime:
    """When to try again after the `tries`-th hand-over that failed: twice as long each time, within half an hour."""
    doublings: int = min(tries - 1, 10)
    return now + min(_FIRST_PAUSE * (1 << doublings), _LONGEST_PAUSE)


def status_after(result: Result) -> MessageStatus:
    """The status that follows from what a gateway said."""
    if result.handover == "taken":
        return "sent"
    if result.handover == "later":
        return "queued"
    if result.handover == "refused":
        return "bounced" if result.is_permanent else "failed"
    return "failed" if result.handover == "unknown" else result.handover


def settled_without_receipt(channel: MessageChannel) -> tuple[MessageStatus, str]:
    """What a sent message becomes when nothing more was heard of it in time, and why.

    No bounce is the only sign of delivery that mail and post give; a text gateway does report, so silence is a failure.
    """
    return ("failed", "no-receipt") if channel == "sms" else ("delivered", NO_BOUNCE)


def is_overdue(status: MessageStatus, now: datetime, *, lease_until: datetime | None, give_up_at: datetime) -> bool:
    """Say whether the time of an open message is over: its hand-over's, its receipt's, or all that it had."""
    if status == "queued":
        return give_up_at <= now
    return status in ("sending", "sent") and lease_until is not None and lease_until <= now


def is_late_return(channel: MessageChannel, status: MessageStatus, reason: str | None, told: MessageStatus) -> bool:
    """Say whether a message that is delivered, by silence or in the words of the mail or the post, has come back.

    It is learnt once. A text does not come back: its gateway says one thing in the end.
    """
    return channel != "sms" and status == "delivered" and reason != RETURNED_LATE and told in RETURNS
