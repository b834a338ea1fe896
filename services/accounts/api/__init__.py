"""The HTTP routes of accounts: schema in, handler or query, schema out. No logic."""
