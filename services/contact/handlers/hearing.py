"""What the person said takes effect at once: compliance is told in this service's own name, before anything is stored.

`contact.completed` says the same; what is placed has an id that follows from the attempt, so it is placed once. When
compliance does not answer the outcome is stored all the same: the event carries it there.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from services.contact.domain.attempt import RESTRICTIONS, Said
from services.contact.gateways.compliance import Compliance
from services.contact.handlers.outcome_facts import Row
from shared.events.contact import came_in_writing

_EVIDENCE: Final = "Heard on a contact; see the attempt."


async def tell_compliance(compliance: Compliance, row: Row, heard: Sequence[Said]) -> None:
    """Tell what binds at once. A wrong number, a dispute and an inconvenient time follow in the event."""
    calls = [call for said in heard if (call := _call(row, said)) is not None]
    await asyncio.gather(
        *(compliance.tell(path, body, str(uuid5(UUID(str(row["attempt_id"])), name))) for path, body, name in calls)
    )


def written_at(row: Row) -> datetime | None:
    """When what the person wrote came in; None where they spoke. It is complete on receipt (comment 6(c)(1)-1)."""
    at: datetime = row["placed_at"]
    return at if came_in_writing(row["direction"], row["channel"]) else None


def _call(row: Row, said: Said) -> tuple[str, dict[str, Any], str] | None:
    shared = {"party_id": str(row["party_id"]), "attempt_id": str(row["attempt_id"]), "evidence": _EVIDENCE}
    account_ids = [str(account_id) for account_id in said.account_ids]
    if said.kind in RESTRICTIONS:
        at = written_at(row)
        body: dict[str, Any] = {**shared, "kind": said.kind, "is_written": at is not None}
        body |= {"effective_at": at.isoformat()} if at is not None else {}
        return "/v1/restrictions", body | ({"account_ids": account_ids} if account_ids else {}), said.kind
    if said.kind == "stop_medium":
        channel = said.channel or row["channel"]
        point = None if said.contact_point_id is None else str(said.contact_point_id)
        body = {**shared, "channel": channel, "contact_point_id": point, "account_ids": account_ids}
        return "/v1/consents/revocations", body, f"stop_medium:{channel}" + (f":{point}" if point else "")
    return None
