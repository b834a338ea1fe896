"""Measurements of Arrears against the limit of the machine, in the same run."""
