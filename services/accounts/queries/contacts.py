"""What compliance and contact told of an account, as account-360 shows it: restrictions, contacts, found points."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from services.accounts.schemas.overview import OverviewContact, OverviewFoundPoint, OverviewRestriction
from services.accounts.store.calling_groups import Standing
from services.accounts.store.restrictions import HOLDS_NOW
from shared.db.transaction import Tx
from shared.events.compliance import HOLD_THE_DEBT

# The day is that of the creditor's calendar, as on the account's row.
_RESTRICTIONS = f"""
SELECT v.restriction_id, v.kind, v.effective_on AS since_on, v.ends_on, v.citation, v.is_party_wide, v.placed_at
FROM restriction_view v JOIN account a USING (account_id)
WHERE account_id = $1 AND {HOLDS_NOW}
  AND v.lifted_at IS NULL AND v.effective_on <= $3 AND (v.ends_on IS NULL OR v.ends_on >= $3)
ORDER BY v.effective_on, v.placed_at, v.restriction_id
"""
# An attempt and its outcome are two facts, in whichever order they came; what came in has the second alone.
_CONTACTS = """
SELECT id AS attempt_id, jsonb_object_agg(kind, detail) AS told FROM outside_event
WHERE account_id = $1 AND kind IN ('contact.attempted', 'contact.completed')
GROUP BY id ORDER BY min(detail->>'at') DESC, id DESC LIMIT $2
"""
_FOUND = """
SELECT DISTINCT ON (t.party_id, p.point->>'contact_point_id') t.party_id, p.point
FROM points_told t CROSS JOIN jsonb_array_elements(t.points) AS p(point)
WHERE t.party_id = ANY($1::uuid[])
ORDER BY t.party_id, p.point->>'contact_point_id', p.point->>'at' DESC
"""


async def restrictions_in_force(tx: Tx, account_id: UUID, today: date) -> list[OverviewRestriction]:
    """The restrictions that hold on a day of the creditor's calendar, the oldest first."""
    return [
        OverviewRestriction(**row) for row in await tx.fetch(_RESTRICTIONS, account_id, sorted(HOLD_THE_DEBT), today)
    ]


async def last_contacts(tx: Tx, account_id: UUID, limit: int) -> list[OverviewContact]:
    """The latest attempts and inbound contacts that concern an account, the latest first."""
    return [_contact(row["attempt_id"], row["told"]) for row in await tx.fetch(_CONTACTS, account_id, limit)]


def _contact(attempt_id: UUID, told: Mapping[str, Mapping[str, Any]]) -> OverviewContact:
    outcome = told.get("contact.completed")
    detail = {**told.get("contact.attempted", {}), **(outcome or {})}
    return OverviewContact(
        attempt_id=attempt_id,
        at=detail["at"],
        direction=detail["direction"],
        channel=detail["channel"],
        purpose=detail["purpose"],
        result_code=detail.get("result_code"),
        is_right_party=None if outcome is None else outcome["is_right_party"],
        next_step=detail.get("next_step"),
    )


async def found_points(
    tx: Tx, party_ids: Collection[UUID], standings: Mapping[UUID, Standing]
) -> Mapping[UUID, list[OverviewFoundPoint]]:
    """What searches, third parties and talks named as ways to reach parties, by party: the latest first."""
    found: dict[UUID, list[OverviewFoundPoint]] = defaultdict(list)
    for row in await tx.fetch(_FOUND, sorted(party_ids)):
        point: Mapping[str, Any] = row["point"]
        standing = standings.get(UUID(point["contact_point_id"]), Standing())
        found[row["party_id"]].append(
            OverviewFoundPoint(**point, invalid_reason=standing.invalid_reason, verified_at=standing.verified_at)
        )
    return {party_id: sorted(each, key=lambda point: point.at, reverse=True) for party_id, each in found.items()}
