"""The tables of accounts, one file per family. Importing this package registers all of them on `METADATA`."""

from services.accounts.tables import accounts, imports
from services.accounts.tables.registry import MESSAGING, METADATA, Base, table_of

__all__ = ["MESSAGING", "METADATA", "Base", "accounts", "imports", "table_of"]
