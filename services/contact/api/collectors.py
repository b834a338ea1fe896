"""What a collector did on a day, over HTTP. Counts only: goals are somebody else's, limits are the law's."""

from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Query

from services.contact.queries import attempts as reads
from services.contact.schemas.collectors import CollectorActivity
from shared.errors import Problem
from shared.events.payload import Day
from shared.http.auth import Principal, requires
from shared.http.openapi import problems
from shared.http.routes import EdgeOf, seen

router = APIRouter(prefix="/v1/collectors", tags=["collectors"])

_FIRST_DAY, _LAST_DAY = date(1970, 1, 1), date(2999, 12, 31)
"""The calendar's own ends have no day before or after them, at which another zone's day would begin or end."""

Reader = Annotated[Principal, Depends(requires("contact:read"))]


@router.get("/{collector_id}/activity", responses=problems("time-zone-unknown"))
async def get_collector_activity(
    *,
    collector_id: Annotated[str, Path(max_length=200, description="The `sub` of the collector's token.")],
    principal: Reader,
    edge: EdgeOf,
    on: Annotated[Day | None, Query(description="Default: today.", ge=_FIRST_DAY, le=_LAST_DAY)] = None,
    time_zone: Annotated[str, Query(max_length=64, description="Whose calendar the day is of.")] = "America/New_York",
) -> CollectorActivity:
    """Show what a collector did: attempts, connections, right-party contacts, promises, contacts that were blocked."""
    try:
        ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError) as error:
        raise Problem("time-zone-unknown", "The time zone is not in the IANA database.", field="time_zone") from error
    return await edge.read(
        lambda tx: reads.activity(
            tx, collector_id, on or tx.clock.today(time_zone), time_zone, creditors=seen(principal)
        )
    )
