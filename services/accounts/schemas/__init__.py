"""The HTTP models of accounts. Table models never leave the service."""
