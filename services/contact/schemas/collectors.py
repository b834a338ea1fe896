"""HTTP models of collectors."""

from datetime import date

from services.contact.schemas.model import Model


class CollectorActivity(Model):
    """What one collector did on one day: counts, no goals."""

    collector_id: str
    on: date
    time_zone: str
    attempts: int
    connected: int
    right_party_contacts: int
    promises: int
    blocked: int
    by_result: dict[str, int]
