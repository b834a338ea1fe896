"""Runs the migrations of payments; the logic is shared by all services."""

from services.payments.tables import METADATA
from shared.db.migrations import run_migrations

run_migrations(METADATA, "payments")
