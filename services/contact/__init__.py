"""The contact service: attempts to reach a person, their outcomes, messages, dial lists; nothing without a permit."""
