"""A callback: at which time a person is to be contacted. Whether it may be is decided when the time has come."""

from typing import Final, Literal

CallbackStatus = Literal["scheduled", "done", "cancelled"]

TRANSITIONS: Final[frozenset[tuple[CallbackStatus, CallbackStatus]]] = frozenset(
    {("scheduled", "scheduled"), ("scheduled", "done"), ("scheduled", "cancelled")}
)


def may_become(status: CallbackStatus, target: CallbackStatus) -> bool:
    """Say whether a callback may go from one status to another; a scheduled one may be moved."""
    return (status, target) in TRANSITIONS
