"""The tables of payments, on this service's own registry."""

from services.payments.tables import obligations, payments
from services.payments.tables.registry import METADATA

__all__ = ["METADATA", "obligations", "payments"]
