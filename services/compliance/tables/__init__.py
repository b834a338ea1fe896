"""The tables of compliance, on this service's own registry."""

from services.compliance.tables import choices, decisions, holds, views
from services.compliance.tables.registry import METADATA

__all__ = ["METADATA", "choices", "decisions", "holds", "views"]
