"""HTTP models of contact."""
