"""What is true about payments, promises and arrangements: plain values and pure functions, no I/O, no clock."""
