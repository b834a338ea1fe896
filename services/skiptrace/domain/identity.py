"""Ids that follow from what they name: the same event told twice, or a step done again after a crash, makes one row."""

from datetime import datetime
from uuid import UUID, uuid5


def skip_trace_id(party_id: UUID, ordinal: int) -> UUID:
    """The id of the `ordinal`-th case (from 1) that events opened for a party."""
    return uuid5(party_id, f"skip_trace:{ordinal}")


def search_id(trace_id: UUID, vendor: str, attempt: int) -> UUID:
    """The id of an attempt (from 1) to search a vendor for a case."""
    return uuid5(trace_id, f"search:{vendor}:{attempt}")


def reference(trace_id: UUID, vendor: str) -> str:
    """What a vendor knows a search by: the same for each attempt, so that it is on its bill once."""
    return str(uuid5(trace_id, f"reference:{vendor}"))


def trigger_id(party_id: UUID, kind: str, contact_point_id: UUID | None, at: datetime) -> UUID:
    """The id of a trigger: the same wrong number told by two topics is one."""
    return uuid5(party_id, f"trigger:{kind}:{contact_point_id}:{at.isoformat()}")


def cost_entry_id(one_search_id: UUID, kind: str) -> UUID:
    """The id of a line of the cost ledger: a search is reserved, charged and released once each."""
    return uuid5(one_search_id, f"cost:{kind}")


def third_party_id(party_id: UUID, kind: str, value: str) -> UUID:
    """The id of a third party of a consumer by one of the things that it is known by: a name, a number, an address."""
    return uuid5(party_id, f"third_party:{kind}:{' '.join(value.casefold().split())}")


def restriction_row_id(restriction_id: UUID, account_id: UUID) -> UUID:
    """The id of what a restriction is to one account."""
    return uuid5(restriction_id, str(account_id))
