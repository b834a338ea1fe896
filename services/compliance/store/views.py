"""Writes the projections: what compliance knows from the topics of others. Nothing but these functions writes them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Table

from services.compliance.store.newest import Changed, States, save_newest
from services.compliance.tables.views import (
    ACCOUNT_PARTY,
    ACCOUNT_VIEW,
    CONTACT_POINT,
    CREDITOR_VIEW,
    FOUND_VIEW,
    GIVEN_VIEW,
    LOCATION_INQUIRY,
    PARTY_VIEW,
    POINT_MARK,
)
from shared.contact_points import normalised
from shared.db.sets import insert_rows
from shared.db.transaction import Tx
from shared.events.accounts import PartyUpdated
from shared.events.contact import ContactPointsGiven
from shared.events.skiptrace import ContactPointsFound

_ACCOUNT = ("creditor_id", "party_id", "product_class", "status", "balance_minor", "oldest_unpaid_due_on")
_PARTY = ("creditor_id", "kind", "language", "city", "region", "postal_code")
_INQUIRY = (
    "party_id", "account_id", "third_party_ids", "channel", "asked_at", "outcome", "is_again_requested",
    "is_known_now",
)  # fmt: skip
_FORGET = "DELETE FROM contact_point WHERE party_id = ANY($1::uuid[]) AND source = $2"
_FORGET_PARTS = "DELETE FROM account_party WHERE party_id = ANY($1::uuid[])"
_FORGET_VOUCHED = "DELETE FROM point_mark WHERE party_id = ANY($1::uuid[]) AND mark = 'verified' AND detail = 'given'"
_VERIFIED = "verified"
Source = Literal["found", "given"]
_KNOWN: Final[Mapping[Source, Table]] = {"found": FOUND_VIEW, "given": GIVEN_VIEW}
"""Up to which version the points of a source are known."""


async def save_creditors(tx: Tx, states: States) -> Changed:
    """Keep `creditor.updated`; return what is news."""
    return await save_newest(
        tx, CREDITOR_VIEW, "creditor_id", states, lambda one: {"kind": one.kind, "time_zone": one.time_zone}
    )


async def save_accounts(tx: Tx, states: States) -> Changed:
    """Keep `account.*`; return what is news, and which accounts have passed to another primary party."""
    return await save_newest(
        tx,
        ACCOUNT_VIEW,
        "account_id",
        states,
        lambda one: {name: getattr(one, name) for name in _ACCOUNT},
        owner="party_id",
    )


async def save_inquiries(tx: Tx, states: States) -> None:
    """Keep `location_inquiry.*`."""
    await save_newest(
        tx, LOCATION_INQUIRY, "inquiry_id", states, lambda one: {name: getattr(one, name) for name in _INQUIRY}
    )


async def save_parties(tx: Tx, states: States) -> dict[UUID, PartyUpdated]:
    """Keep `party.updated`, with the contact points as imported: a newer state replaces them all. Return the news."""
    changed = await save_newest(
        tx, PARTY_VIEW, "party_id", states, lambda one: {name: getattr(one, name) for name in _PARTY}
    )
    parties: dict[UUID, PartyUpdated] = changed.states
    rows = [
        {**_point(party.party_id, "imported", point), "is_verified": False, **_place(party, point)}
        for party in parties.values()
        for point in party.contact_points
    ]
    await _replace(tx, parties, "imported", rows)
    await _save_parts(tx, parties.values())
    return parties


async def save_points(tx: Tx, source: Source, states: States) -> None:
    """Keep `contact_point.found` or `.given`: a newer state replaces all of a party's points from that source."""
    changed = await save_newest(tx, _KNOWN[source], "party_id", states, lambda _one: {})
    parties: dict[UUID, ContactPointsFound | ContactPointsGiven] = changed.states
    rows = [
        {
            **_point(known.party_id, source, point),
            "is_verified": point.status == _VERIFIED,
            **{name: getattr(point, name, None) for name in _PLACE},
        }
        for known in parties.values()
        for point in known.contact_points
    ]
    await _replace(tx, parties, source, rows)
    if source == "given":
        await _vouch(tx, parties)


async def erase_parties(tx: Tx, party_ids: Collection[UUID]) -> None:
    """Forget who parties are, which debts they have a part in and how to reach them, as imported."""
    if party_ids:
        await tx.execute("DELETE FROM party_view WHERE party_id = ANY($1::uuid[])", list(party_ids))
        await tx.execute(_FORGET_PARTS, list(party_ids))
        await tx.execute(_FORGET, list(party_ids), "imported")


async def erase_points(tx: Tx, source: Source, party_ids: Collection[UUID]) -> None:
    """Forget what a source told of parties."""
    if party_ids:
        await tx.execute(f"DELETE FROM {_KNOWN[source].name} WHERE party_id = ANY($1::uuid[])", list(party_ids))
        await tx.execute(_FORGET, list(party_ids), source)
        if source == "given":
            await tx.execute(_FORGET_VOUCHED, list(party_ids))


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


_PLACE = ("city", "region", "postal_code")


def _place(party: PartyUpdated, point: Any) -> dict[str, Any]:
    """Where a point is: an address where it says, and without any parts where the party lives."""
    own = {name: getattr(point, name) for name in _PLACE}
    if point.kind != "address" or point.street or any(own.values()):
        return own
    return {name: getattr(party, name) for name in _PLACE}


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


async def _save_parts(tx: Tx, parties: Iterable[PartyUpdated]) -> None:
    """Keep the parts of parties in debts: a newer state replaces them all, and one that states none knows none."""
    states = list(parties)
    if not states:
        return
    await tx.execute(_FORGET_PARTS, [party.party_id for party in states])
    rows = {
        f"{party.party_id}:{part.account_id}:{part.role}": {"party_id": party.party_id, **part.model_dump()}
        for party in states
        for part in party.accounts or ()
    }
    await insert_rows(tx, ACCOUNT_PARTY, [{"row_key": key, **rows[key]} for key in sorted(rows)])


async def _vouch(tx: Tx, parties: Mapping[UUID, Any]) -> None:
    """Keep when the person gave what is verified by that: it takes back an earlier mark. A newer state replaces all."""
    if parties:
        await tx.execute(_FORGET_VOUCHED, list(parties))
        await add_marks(
            tx,
            [
                (point.contact_point_id, party_id, "verified", "given", point.given_at)
                for party_id, given in parties.items()
                for point in given.contact_points
                if point.status == _VERIFIED
            ],
        )


async def _replace(tx: Tx, parties: Collection[UUID], source: str, rows: Sequence[dict[str, Any]]) -> None:
    if parties:
        await tx.execute(_FORGET, list(parties), source)
        unique = {row["row_key"]: row for row in rows}
        await insert_rows(tx, CONTACT_POINT, [unique[key] for key in sorted(unique)])
