"""What skiptrace asks outside: the vendors of person searches, over HTTPS."""
