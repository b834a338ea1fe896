"""PostgreSQL: one transaction per batch, advisory locks, set-based SQL, the tables that every service has."""
