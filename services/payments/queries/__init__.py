"""The reads of payments: select, schema rows, cursor pages."""
