"""A field visit: ordered by a supervisor, begun at the door under a permit, completed with its outcome."""

from typing import Final, Literal

FieldVisitStatus = Literal["ordered", "begun", "completed", "cancelled"]

TRANSITIONS: Final[frozenset[tuple[FieldVisitStatus, FieldVisitStatus]]] = frozenset(
    {("ordered", "begun"), ("ordered", "cancelled"), ("begun", "completed")}
)


def may_become(status: FieldVisitStatus, target: FieldVisitStatus) -> bool:
    """Say whether a field visit may go from one status to another."""
    return (status, target) in TRANSITIONS
