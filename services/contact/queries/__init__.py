"""Reads of contact."""
