"""Writes the projections: what compliance knows from the topics of others. Nothing but these functions writes them."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from services.compliance.store.newest import Changed, States, save_newest
from services.compliance.tables.views import (
    ACCOUNT_VIEW,
    CONTACT_POINT,
    CREDITOR_VIEW,
    FOUND_VIEW,
    PARTY_VIEW,
    POINT_MARK,
)
from shared.contact_points import normalised
from shared.db.sets import insert_rows
from shared.db.transaction import Tx
from shared.events.accounts import PartyUpdated
from shared.events.skiptrace import ContactPointsFound

_ACCOUNT = ("creditor_id", "party_id", "product_class", "status", "balance_minor", "oldest_unpaid_due_on")
_PARTY = ("creditor_id", "kind", "language", "city", "region", "postal_code")
_FORGET = "DELETE FROM contact_point WHERE party_id = ANY($1::uuid[]) AND source = $2"
_VERIFIED = "verified"


async def save_creditors(tx: Tx, states: States) -> Changed:
    """Keep `creditor.updated`; return what is news."""
    return await save_newest(
        tx, CREDITOR_VIEW, "creditor_id", states, lambda one: {"kind": one.kind, "time_zone": one.time_zone}
    )


async def save_accounts(tx: Tx, states: States) -> Changed:
    """Keep `account.*`; return what is news."""
    return await save_newest(
        tx, ACCOUNT_VIEW, "account_id", states, lambda one: {name: getattr(one, name) for name in _ACCOUNT}
    )


async def save_parties(tx: Tx, states: States) -> None:
    """Keep `party.updated`, with the contact points as imported: a newer state replaces them all."""
    changed = await save_newest(
        tx, PARTY_VIEW, "party_id", states, lambda one: {name: getattr(one, name) for name in _PARTY}
    )
    parties: dict[UUID, PartyUpdated] = changed.states
    rows = [
        {**_point(party.party_id, "imported", point), "is_verified": False}
        | ({name: getattr(party, name) for name in ("city", "region", "postal_code")} if _is_home(point) else _NOWHERE)
        for party in parties.values()
        for point in party.contact_points
    ]
    await _replace(tx, parties, "imported", rows)


async def save_found(tx: Tx, states: States) -> None:
    """Keep `contact_point.found`: a newer state replaces all points that were found for a party."""
    changed = await save_newest(tx, FOUND_VIEW, "party_id", states, lambda _one: {})
    parties: dict[UUID, ContactPointsFound] = changed.states
    rows = [
        {
            **_point(found.party_id, "found", point),
            "is_verified": point.status == _VERIFIED,
            **{name: getattr(point, name) for name in ("city", "region", "postal_code")},
        }
        for found in parties.values()
        for point in found.contact_points
    ]
    await _replace(tx, parties, "found", rows)


async def erase_parties(tx: Tx, party_ids: Collection[UUID]) -> None:
    """Forget who parties are and how to reach them, as imported."""
    if party_ids:
        await tx.execute("DELETE FROM party_view WHERE party_id = ANY($1::uuid[])", list(party_ids))
        await tx.execute(_FORGET, list(party_ids), "imported")


async def erase_found(tx: Tx, party_ids: Collection[UUID]) -> None:
    """Forget what was found for parties."""
    if party_ids:
        await tx.execute("DELETE FROM found_view WHERE party_id = ANY($1::uuid[])", list(party_ids))
        await tx.execute(_FORGET, list(party_ids), "found")


async def add_marks(tx: Tx, marks: Iterable[tuple[UUID, UUID, str, str, Any]]) -> None:
    """Add what became known of contact points: (contact point, party, mark, detail, instant), each once for ever."""
    rows = {
        f"{point_id}:{mark}:{detail}:{at.isoformat()}": {
            "contact_point_id": point_id,
            "party_id": party_id,
            "mark": mark,
            "detail": detail,
            "at": at,
        }
        for point_id, party_id, mark, detail, at in marks
    }
    await insert_rows(
        tx, POINT_MARK, [{"mark_key": key, **row} for key, row in sorted(rows.items())], on_conflict="nothing"
    )


def value_of(kind: str, value: str) -> str:
    """The form of a number or address by which it is found again, whoever has it and in whatever case it came."""
    return (normalised(kind, value) or value.strip()).casefold()


_NOWHERE = {"city": None, "region": None, "postal_code": None}


def _is_home(point: Any) -> bool:
    """The postal address of an import is that of its row: city, region and postal code belong to it."""
    return bool(point.kind == "address")


def _point(party_id: UUID, source: str, point: Any) -> dict[str, Any]:
    return {
        "row_key": f"{source}:{point.contact_point_id}",
        "contact_point_id": point.contact_point_id,
        "party_id": party_id,
        "source": source,
        "kind": point.kind,
        "value": value_of(point.kind, point.value),
        "label": point.label,
    }


async def _replace(tx: Tx, parties: Collection[UUID], source: str, rows: Sequence[dict[str, Any]]) -> None:
    if parties:
        await tx.execute(_FORGET, list(parties), source)
        unique = {row["row_key"]: row for row in rows}
        await insert_rows(tx, CONTACT_POINT, [unique[key] for key in sorted(unique)])
