"""The first and the last of instants of which some may be missing."""

from datetime import datetime


def earliest(*moments: datetime | None) -> datetime | None:
    """The first of those that are there; None when none is."""
    return min((moment for moment in moments if moment is not None), default=None)


def latest(*moments: datetime | None) -> datetime | None:
    """The last of those that are there; None when none is."""
    return max((moment for moment in moments if moment is not None), default=None)
