"""The local stack: PostgreSQL, Kafka, a token issuer and all services on one machine, without Docker."""
