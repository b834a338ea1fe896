"""The load generator, in processes of its own: a keep-alive client, and an endpoint that only answers a constant."""
