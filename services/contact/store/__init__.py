"""Loads and saves of contact: set-based SQL."""
