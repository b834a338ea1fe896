"""Use cases of contact, written for batches."""
