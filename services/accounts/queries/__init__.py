"""The reads of accounts: select, schema rows, cursor pages."""
