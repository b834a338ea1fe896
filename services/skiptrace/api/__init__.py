"""The routes of skiptrace: schema in, handler, schema out. No logic."""
