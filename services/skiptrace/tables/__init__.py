"""The tables of skiptrace, on this service's own registry."""

from services.skiptrace.tables import cases, facts, inquiries, vendors
from services.skiptrace.tables.registry import METADATA

__all__ = ["METADATA", "cases", "facts", "inquiries", "vendors"]
