"""The HTTP models of payments: what callers send and what they are answered. Never table models."""
