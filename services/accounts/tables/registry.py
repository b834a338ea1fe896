"""The registry of this service's tables: every table class of accounts derives from `Base`.

`METADATA` holds them all, with the messaging tables that every service has; migrations and tests read it.
"""

from typing import cast

from sqlalchemy import Table
from sqlmodel import SQLModel

from shared.db.tables import messaging_tables, new_registry


class Base(SQLModel, registry=new_registry()):
    """The base of every table class of accounts."""


METADATA = Base.metadata
MESSAGING = messaging_tables(METADATA)


def table_of(model: type[SQLModel]) -> Table:
    """The SQLAlchemy table of a table class, for the set-based helpers of `shared.db.sets`."""
    return cast("Table", model.__table__)  # type: ignore[attr-defined]  # SQLModel sets it and does not declare it
