"""The registry that every table of payments stands on, with the messaging tables of the shared kernel."""

from sqlmodel import SQLModel

from shared.db.tables import messaging_tables, new_registry


class Base(SQLModel, registry=new_registry()):
    """The base of every table class of payments."""


messaging_tables(Base.metadata)
