"""Reads of restrictions, consents, preferences, flags and cases, one and in pages."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel

from services.compliance.domain.record_ids import attorney_restriction_id
from services.compliance.domain.restriction import status_on
from services.compliance.queries.pages import Listed, one, page
from services.compliance.schemas.cases import ComplaintView, DisputeView, RepresentationView
from services.compliance.schemas.choices import ConsentView, PointFlagsView, PreferenceView
from services.compliance.schemas.restrictions import RestrictionView
from services.compliance.store.cases import Row
from services.compliance.store.subjects import day_of, load_zones
from shared.db.transaction import Tx
from shared.ids import in_c

V = TypeVar("V", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Reads(Generic[V]):
    """How the records of one kind are read: the table, which is its name, and how its rows are shown."""

    name: Listed
    shown: Callable[[Tx, Sequence[Any]], Awaitable[list[V]]]

    async def get(self, tx: Tx, record_id: UUID) -> V | None:
        """One record as it stands now, or None."""
        row = await one(tx, self.name, record_id)
        return None if row is None else (await self.shown(tx, [row]))[0]

    async def page(self, tx: Tx, *, limit: int, before: UUID | None, **filters: Any) -> list[V]:
        """Records, newest first."""
        return await self.shown(tx, await page(tx, self.name, limit=limit, before=before, **filters))


async def _restrictions(tx: Tx, rows: Sequence[Any]) -> list[RestrictionView]:
    """As they stand today, on their creditors' calendars."""
    zones = await load_zones(tx, {row["creditor_id"] for row in rows})
    now = tx.clock.now()
    return [
        RestrictionView(
            **_known(row, RestrictionView),
            status=status_on(
                day_of(now, zones.get(row["creditor_id"])),
                **{name: row[name] for name in ("effective_on", "ends_on", "lifted_at")},
            ),
        )
        for row in rows
    ]


def _rows_as(view: type[V], more: Callable[[Any], Row] = lambda _row: {}) -> Callable[..., Awaitable[list[V]]]:
    """Show rows by the fields that they have, and what else follows from each."""

    async def shown(_tx: Tx, rows: Sequence[Any]) -> list[V]:
        return [view(**_known(row, view), **more(row)) for row in rows]

    return shown


def _held(row: Any) -> Row:
    is_hold = row["hold_id"] is not None and row["answered_at"] is None and row["closed_at"] is None
    return {"is_hold": is_hold, "restriction_id": row["hold_id"]}


def _represented(row: Any) -> Row:
    return {"restriction_id": attorney_restriction_id(row["representation_id"])}


RESTRICTIONS = Reads("restriction", _restrictions)
CONSENTS = Reads("consent", _rows_as(ConsentView))
PREFERENCES = Reads("preference", _rows_as(PreferenceView))
DISPUTES = Reads("dispute", _rows_as(DisputeView, _held))
REPRESENTATIONS = Reads("representation", _rows_as(RepresentationView, _represented))
COMPLAINTS = Reads("complaint", _rows_as(ComplaintView, lambda row: {"restriction_id": row["hold_id"]}))


async def get_flags(tx: Tx, contact_point_id: UUID) -> PointFlagsView | None:
    """What is known of a contact point besides."""
    row = await tx.fetchrow("SELECT * FROM point_flags WHERE contact_point_id = $1", in_c(contact_point_id))
    return None if row is None else PointFlagsView(**_known(row, PointFlagsView))


def _known(row: Any, view: type[BaseModel]) -> Row:
    """The fields of a view that the row has."""
    return {name: row[name] for name in view.model_fields if name in row}
