"""A dial list and its records: listed by a decision that holds for nothing, released one by one by a permit."""

from typing import Final, Literal

DialListStatus = Literal["building", "ready", "failed"]
RecordStatus = Literal["listed", "excluded", "released", "blocked", "done"]

TRANSITIONS: Final[frozenset[tuple[RecordStatus, RecordStatus]]] = frozenset(
    {
        ("listed", "released"),
        ("listed", "blocked"),
        ("blocked", "released"),
        ("blocked", "blocked"),
        ("released", "done"),
    }
)
"""A record that was blocked may be checked again, for its hour may come; one that was released is dialled once."""

MAX_RECORDS: Final = 200_000


def may_become(status: RecordStatus, target: RecordStatus) -> bool:
    """Say whether a record may go from one status to another."""
    return (status, target) in TRANSITIONS
