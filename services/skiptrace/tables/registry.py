"""The registry of this service's tables: every table class of skiptrace derives from `Base`.

`METADATA` holds them all, with the messaging tables that every service has; migrations and tests read it.
"""

from sqlalchemy import Table
from sqlmodel import SQLModel

from shared.db.tables import messaging_tables, new_registry


class Base(SQLModel, registry=new_registry()):
    """The base of every table class of skiptrace."""


METADATA = Base.metadata
MESSAGING = messaging_tables(METADATA)


def table_of(name: str) -> Table:
    """Return a table by its name, for set-based SQL."""
    return METADATA.tables[name]
