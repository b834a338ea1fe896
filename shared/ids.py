"""Identifiers: ours are UUIDv7 (ordered by time); those that others must be able to compute are UUIDv5.

The UUIDv5 names are part of the surface: a payment may name an account before the account is here. Ids made or read
here are of asyncpg's class, a `UUID` written in C as every id from the database is: hot paths hash, sort and encode
ids by the hundred for each message.
"""

from collections.abc import Callable
from uuid import UUID

import uuid_utils
from asyncpg.pgproto import pgproto

_uuid: Callable[[bytes | str], UUID] = pgproto.UUID


def new_id() -> UUID:
    """Return a new UUIDv7; ids made later by the same process sort later."""
    return _uuid(uuid_utils.uuid7().bytes)


def read_id(text: str) -> UUID:
    """Return the id that is written in a text.

    Raises:
        ValueError: it is no UUID.
    """
    return _uuid(text)


def in_c(value: UUID) -> UUID:
    """Return the same id, of the class written in C."""
    return _uuid(value.bytes)


def account_id(creditor_id: UUID, core_account_number: str) -> UUID:
    """Return the id of an account: UUIDv5 of its core account number (stripped) in the creditor's namespace."""
    return _named(creditor_id, core_account_number.strip())


def party_id(creditor_id: UUID, party_number: str) -> UUID:
    """Return the id of a party: UUIDv5 of `party:` and its number (stripped) in the creditor's namespace."""
    return _named(creditor_id, "party:" + party_number.strip())


def contact_point_id(party_id: UUID, kind: str, value: str) -> UUID:
    """Return the id of a way to reach a party: the same value imported twice is the same contact point."""
    return _named(party_id, f"contact_point:{kind}:{value.strip()}")


def _named(namespace: UUID, name: str) -> UUID:
    return _uuid(uuid_utils.uuid5(uuid_utils.UUID(bytes=namespace.bytes), name).bytes)


def distinct(ids: tuple[UUID, ...]) -> tuple[UUID, ...]:
    """Return ids once each, in the order in which they come first."""
    return tuple(dict.fromkeys(ids))


def lock_key(value: UUID) -> int:
    """Return the advisory lock key of an id: its low 8 bytes as a signed 64-bit integer."""
    return int.from_bytes(value.bytes[8:], "big", signed=True)
