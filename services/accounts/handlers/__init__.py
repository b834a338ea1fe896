"""The use cases of accounts, written for batches. None commits: the edges of `shared` do."""
