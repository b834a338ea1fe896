"""HTTP models of compliance; never table models."""
