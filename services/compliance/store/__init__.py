"""Loads and saves of compliance: set-based SQL, one statement a table."""
