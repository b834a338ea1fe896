"""A migrated template database per service and copies of it: a test module gets a fresh database in a moment."""
