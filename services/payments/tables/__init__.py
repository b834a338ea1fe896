"""The tables of payments, on this service's own registry."""
