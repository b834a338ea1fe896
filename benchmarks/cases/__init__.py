"""One measurement per module; each verifies the work before it reports a time."""
