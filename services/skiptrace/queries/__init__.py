"""The reads of skiptrace: select, schema rows, cursor pages."""
