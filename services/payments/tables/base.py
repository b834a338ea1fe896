"""The registry that every table of payments stands on, with the messaging tables of the shared kernel."""

from shared.db.tables import messaging_tables, new_base

Base = new_base()
messaging_tables(Base.metadata)
