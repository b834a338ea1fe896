"""When the money of a search whose answer never came is settled. Pure, over the search's row."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

PATIENCE = timedelta(days=1)
"""Longer than all attempts of a case at one vendor take, and shorter than a month, at whose end a vendor bills."""


def settles_at(search: Mapping[str, Any]) -> datetime | None:
    """When the money of a search is settled without an answer; None: its cost is known."""
    if search["settled_at"] is not None:
        return None
    since: datetime = search["answered_at"] or search["asked_at"]
    return since + PATIENCE


def is_overdue(search: Mapping[str, Any], now: datetime) -> bool:
    """Whether a search is to be settled now."""
    at = settles_at(search)
    return at is not None and at <= now
