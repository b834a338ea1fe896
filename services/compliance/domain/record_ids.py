"""The ids of what is recorded: those that an attempt causes follow from it, so that each is recorded once.

The contact service tells us on the call, and its event tells us again; whichever comes first, the id is the same.
"""

from uuid import UUID, uuid5

from shared.ids import in_c


def caused_id(attempt_id: UUID, name: str) -> UUID:
    """UUIDv5 of a name (`cease`, `stop_medium:sms`, `dispute:<account id>`) in the namespace of the attempt."""
    return in_c(uuid5(attempt_id, name))


def attorney_restriction_id(representation_id: UUID) -> UUID:
    """The id of the `attorney` restriction that a representation places."""
    return caused_id(representation_id, "attorney")
