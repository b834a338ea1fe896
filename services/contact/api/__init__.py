"""HTTP routes of contact: schema in, handler, schema out."""
