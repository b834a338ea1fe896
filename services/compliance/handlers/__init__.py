"""Use cases of compliance, written for batches."""
