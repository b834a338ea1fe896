"""The routes of payments: schema in, handler, schema out. No logic."""
