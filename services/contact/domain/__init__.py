"""Pure rules of contact: no I/O, no clock, no framework."""
