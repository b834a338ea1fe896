"""Identifiers: ours are UUIDv7 (ordered by time); those that others must be able to compute are UUIDv5.

The UUIDv5 names are part of the surface: a payment may name an account before the account is here.
"""

from uuid import UUID, uuid5

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a new UUIDv7; ids made later by the same process sort later."""
    return UUID(int=uuid7().int)


def account_id(creditor_id: UUID, core_account_number: str) -> UUID:
    """Return the id of an account: UUIDv5 of its core account number (stripped) in the creditor's namespace."""
    return uuid5(creditor_id, core_account_number.strip())


def party_id(creditor_id: UUID, party_number: str) -> UUID:
    """Return the id of a party: UUIDv5 of `party:` and its number (stripped) in the creditor's namespace."""
    return uuid5(creditor_id, "party:" + party_number.strip())


def contact_point_id(party_id: UUID, kind: str, value: str) -> UUID:
    """Return the id of a way to reach a party: the same value imported twice is the same contact point."""
    return uuid5(party_id, f"contact_point:{kind}:{value.strip()}")


def lock_key(value: UUID) -> int:
    """Return the advisory lock key of an id: its low 8 bytes as a signed 64-bit integer."""
    return int.from_bytes(value.bytes[8:], "big", signed=True)
