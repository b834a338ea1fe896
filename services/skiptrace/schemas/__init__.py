"""The HTTP models of skiptrace: what callers send and what they are answered. Never table models."""
