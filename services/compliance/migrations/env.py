"""Runs the migrations of compliance; the logic is shared by all services."""

from services.compliance.tables import METADATA
from shared.db.migrations import run_migrations

run_migrations(METADATA, "compliance")
