"""Runs the migrations of skiptrace; the logic is shared by all services."""

from services.skiptrace.tables import METADATA
from shared.db.migrations import run_migrations

run_migrations(METADATA, "skiptrace")
