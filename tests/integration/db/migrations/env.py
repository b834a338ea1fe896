from shared.db.migrations import run_migrations
from tests.integration.db.specimen import METADATA

run_migrations(METADATA, "kernel")
