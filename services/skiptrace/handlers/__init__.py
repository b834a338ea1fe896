"""The use cases of skiptrace, written for batches: load, decide, save, publish. They never commit."""
