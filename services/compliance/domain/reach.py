"""How far back the rules look at contacts of the past, so that nothing older need be loaded. Pure.

What has no window (that something was ever said about a debt, that the person has ever written from an address) is
loaded apart, whatever its age: see `store/facts.py`.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from services.compliance.domain.rules import Rule

_WINDOWS: Final = ("window_days", "consent_days")
_MARGIN: Final = timedelta(days=3)
"""Windows are days of calendars that may lie a day apart, and begin at their midnights."""


def reach(rules: Iterable[Rule]) -> timedelta:
    """The longest window of any rule, with a margin. A rule that counts says its window in days.

    Whether a call within the window was made with consent depends on talks since the consent: its days come on top.
    """
    days = [sum(getattr(rule.params, name, 0) for name in _WINDOWS) for rule in rules]
    return timedelta(days=max(days, default=0)) + _MARGIN
