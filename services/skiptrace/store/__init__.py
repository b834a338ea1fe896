"""Loads and saves for batches: one set-based statement per table."""
