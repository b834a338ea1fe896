"""Whether a way to reach a person may be used: a pure function of the facts about it and about its value.

Opt-outs and wrong numbers hold for the value (the number, the address), not for the id under which it is kept; what
was verified for one party stays good for that party when another says that the number is wrong for them.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from shared.events.contact import ContactChannel

OPTED_OUT: Final = "contact.opted_out"
PointKind = Literal["phone", "email", "address"]
PointStatus = Literal["candidate", "unverified", "verified", "invalid", "withdrawn"]

KIND_OF: Final[dict[ContactChannel, PointKind]] = {
    "phone": "phone",
    "voicemail": "phone",
    "sms": "phone",
    "email": "email",
    "letter": "address",
    "in_person": "address",
}
"""The kind of contact point that a channel uses."""
CHANNELS_OF: Final[dict[PointKind, tuple[ContactChannel, ...]]] = {
    "phone": ("phone", "voicemail", "sms"),
    "email": ("email",),
    "address": ("letter", "in_person"),
}


def medium_of(channel: ContactChannel) -> ContactChannel:
    """The medium that a refusal of a channel is of: a voicemail is a call (12 CFR 1006.14(h)(1), comment 14(b)-1)."""
    return "phone" if channel == "voicemail" else channel


@dataclass(frozen=True, slots=True)
class PointFacts:
    """What is known of one contact point of one party.

    `is_listed`: the core, a search or a person still names it. `value_wrong_at`: when its value was last said to be
    wrong by anybody. `opted_out`: the channels refused for its value.
    """

    contact_point_id: UUID
    kind: PointKind
    is_listed: bool
    is_candidate: bool = False
    verified_at: datetime | None = None
    invalid_at: datetime | None = None
    value_wrong_at: datetime | None = None
    opted_out: frozenset[ContactChannel] = frozenset()

    def is_refused(self, channel: ContactChannel) -> bool:
        """Whether the medium of the channel is refused for its value."""
        return medium_of(channel) in map(medium_of, self.opted_out)


def value_key(kind: str, value: str) -> str:
    """The one form of a value by which opt-outs and wrong numbers are found, whatever case or spaces it came in."""
    return " ".join(value.casefold().split()) if kind == "address" else value.strip().casefold()


def status_of(point: PointFacts) -> PointStatus:
    """Where a contact point stands. The later of verified and invalid holds; a mark on its value only until then."""
    if point.invalid_at is not None and (point.verified_at is None or point.verified_at < point.invalid_at):
        return "invalid"
    if point.verified_at is not None:
        return "verified" if point.is_listed else "withdrawn"
    if point.value_wrong_at is not None:
        return "invalid"
    if not point.is_listed:
        return "withdrawn"
    return "candidate" if point.is_candidate else "unverified"


def usable_channels(point: PointFacts) -> tuple[ContactChannel, ...]:
    """The channels by which it may be used, as far as contact itself knows; compliance decides on the rest."""
    if status_of(point) in ("invalid", "withdrawn"):
        return ()
    return tuple(channel for channel in CHANNELS_OF[point.kind] if not point.is_refused(channel))


def why_unusable(point: PointFacts, channel: ContactChannel) -> str | None:
    """The id of the rule of contact's own that forbids the channel at this point, or None."""
    status = status_of(point)
    if status == "invalid":
        return "contact.invalid_point"
    if status == "withdrawn":
        return "contact.withdrawn_point"
    return OPTED_OUT if point.is_refused(channel) else None
