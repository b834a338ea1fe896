"""What a deployment decides about the cases that events open."""

from dataclasses import dataclass
from datetime import timedelta

from shared.events.skiptrace import PermissiblePurpose

FALLBACK_ZONE = "America/New_York"
"""The zone of a creditor that is not known yet."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Under which purpose and up to which cost (minor units) they search, and when nobody reached opens one."""

    purpose: PermissiblePurpose = "glba_enforcement"
    budget_minor: int = 500
    no_contact_after: timedelta = timedelta(days=30)
    no_contact_tries: int = 3
