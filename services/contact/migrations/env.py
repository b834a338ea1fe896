"""Runs the migrations of contact; the logic is shared by all services."""

from services.contact.tables import METADATA
from shared.db.migrations import run_migrations

run_migrations(METADATA, "contact")
