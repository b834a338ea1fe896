"""Which day it is for a creditor: on the days of its calendar, by the wall clock, restrictions hold (adr 20)."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from services.skiptrace.domain.policy import FALLBACK_ZONE
from services.skiptrace.tables.facts import CREDITOR_VIEW
from shared.db.sets import load_rows
from shared.db.transaction import Tx


async def load_days(tx: Tx, creditor_ids: Collection[UUID | None]) -> dict[UUID | None, date]:
    """Return the day of each creditor; None: of one that is not known yet."""
    rows = await load_rows(tx, CREDITOR_VIEW, "creditor_id", [each for each in creditor_ids if each is not None])
    zones = {row["creditor_id"]: row["time_zone"] for row in rows}
    return {creditor_id: tx.clock.today(zones.get(creditor_id, FALLBACK_ZONE)) for creditor_id in creditor_ids}
