"""The use cases of payments, written for batches: load, decide, save, publish. They never commit."""
