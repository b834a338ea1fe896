"""The tables of contact, on this service's own registry."""

from services.contact.tables import attempts, dialing, messages, parties
from services.contact.tables.registry import METADATA

__all__ = ["METADATA", "attempts", "dialing", "messages", "parties"]
