"""Loads and saves the aggregates of accounts: set-based SQL, one statement per table whatever the batch."""
