"""The ids of what is recorded: those that an attempt causes follow from it, so that each is recorded once.

The contact service tells us on the call, and its event tells us again; whichever comes first, the id is the same.
"""

from uuid import UUID, uuid5

from shared.ids import in_c


def caused_id(attempt_id: UUID, name: str) -> UUID:
    """UUIDv5 of a name (`cease`, `stop_medium:sms`, `dispute:<account id>`) in the namespace of the attempt."""
    return in_c(uuid5(attempt_id, name))


def refusal_name(channel: str, contact_point_id: UUID | None) -> str:
    """The name of a refused medium: `stop_medium:<channel>`, and the contact point where it is refused at one alone."""
    return f"stop_medium:{channel}" if contact_point_id is None else f"stop_medium:{channel}:{contact_point_id}"


def attorney_restriction_id(representation_id: UUID) -> UUID:
    """The id of the `attorney` restriction that a representation places."""
    return caused_id(representation_id, "attorney")
