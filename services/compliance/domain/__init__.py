"""What is true about contacts: rules as dated data, facts in, decision out; plain values, no I/O, no clock."""
