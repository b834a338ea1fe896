"""The tables of accounts, one file a noun. Importing this package registers all of them on `METADATA`."""

from services.accounts.tables import (
    accounts,
    commitments,
    creditors,
    entries,
    imports,
    outside_events,
    parties,
    pauses,
    queues,
    restrictions,
    snapshots,
)
from services.accounts.tables.registry import MESSAGING, METADATA, Base, table_of

__all__ = [
    "MESSAGING",
    "METADATA",
    "Base",
    "accounts",
    "commitments",
    "creditors",
    "entries",
    "imports",
    "outside_events",
    "parties",
    "pauses",
    "queues",
    "restrictions",
    "snapshots",
    "table_of",
]
