"""Reads of compliance: selects into schema rows, in pages."""
