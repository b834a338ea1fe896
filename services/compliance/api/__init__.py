"""Routes of compliance: schema in, handler, schema out."""
