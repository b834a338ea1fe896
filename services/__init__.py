"""The services of Arrears. None imports another (invariant 1)."""
