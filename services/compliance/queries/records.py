"""Reads of restrictions, consents, preferences, flags and cases, one and in pages."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
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
Shown = Callable[[Any], V]


async def get_restriction(tx: Tx, restriction_id: UUID) -> RestrictionView | None:
    """One restriction, as it stands today."""
    row = await one(tx, "restriction", restriction_id)
    return None if row is None else (await _restrictions(tx, [row]))[0]


async def list_restrictions(tx: Tx, *, limit: int, before: UUID | None, **filters: Any) -> list[RestrictionView]:
    """Restrictions, newest first."""
    return await _restrictions(tx, await page(tx, "restriction", limit=limit, before=before, **filters))


async def _restrictions(tx: Tx, rows: Sequence[Any]) -> list[RestrictionView]:
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


def shown_consent(row: Any) -> ConsentView:
    """A row of `consent`."""
    return ConsentView(**_known(row, ConsentView))


def shown_preference(row: Any) -> PreferenceView:
    """A row of `preference`."""
    return PreferenceView(**_known(row, PreferenceView))


def shown_dispute(row: Any) -> DisputeView:
    """A row of `dispute`."""
    is_hold = row["hold_id"] is not None and row["answered_at"] is None and row["closed_at"] is None
    return DisputeView(**_known(row, DisputeView), is_hold=is_hold, restriction_id=row["hold_id"])


def shown_representation(row: Any) -> RepresentationView:
    """A row of `representation`."""
    restriction_id = attorney_restriction_id(row["representation_id"])
    return RepresentationView(**_known(row, RepresentationView), restriction_id=restriction_id)


def shown_complaint(row: Any) -> ComplaintView:
    """A row of `complaint`."""
    return ComplaintView(**_known(row, ComplaintView), restriction_id=row["hold_id"])


async def get_flags(tx: Tx, contact_point_id: UUID) -> PointFlagsView | None:
    """What is known of a contact point besides."""
    row = await tx.fetchrow("SELECT * FROM point_flags WHERE contact_point_id = $1", in_c(contact_point_id))
    return None if row is None else PointFlagsView(**_known(row, PointFlagsView))


async def get(tx: Tx, listed: Listed, row_id: UUID, shown: Shown[V]) -> V | None:
    """One record, or None."""
    row = await one(tx, listed, row_id)
    return None if row is None else shown(row)


async def list_of(
    tx: Tx, listed: Listed, shown: Shown[V], *, limit: int, before: UUID | None, **filters: Any
) -> list[V]:
    """Records of one kind, newest first."""
    return [shown(row) for row in await page(tx, listed, limit=limit, before=before, **filters)]


def _known(row: Any, view: type[BaseModel]) -> Row:
    """The fields of a view that the row has."""
    return {name: row[name] for name in view.model_fields if name in row}
