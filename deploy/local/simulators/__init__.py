"""Stand-ins for what others run: each listens on a socket and answers as the real one would, faults included."""
