"""Runs the migrations of accounts; the logic is shared by all services."""

from services.accounts.tables import METADATA
from shared.db.migrations import run_migrations

run_migrations(METADATA, "accounts")
