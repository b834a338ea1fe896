"""The parties of a snapshot row and how to reach them, normalised: phones to E.164, addresses to one folded line.

A party's own address is a contact point like any other, at home for a person. A phone or an e-mail that cannot be one
is left out with a doubt: nobody could be reached by it, and rules count by the value. Values stay out of the messages:
they are personal data.
"""

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from services.accounts.domain.dues import Doubt
from services.accounts.store.parties import Point
from shared.contact_points import address_line, normalised
from shared.events.snapshot import ADDRESS_PARTS, ImportedContactPoint, ImportedParty, SnapshotRow
from shared.ids import contact_point_id, party_id

Parts = tuple[str | None, ...]
_parts = attrgetter(*ADDRESS_PARTS)


class PartyDraft(NamedTuple):
    """A party as one row states it: the primary one on the line itself, others nested in it."""

    party_id: UUID
    party_number: str
    role: str
    stated: SnapshotRow | ImportedParty
    contact_points: tuple[Point, ...]


class _Stated(NamedTuple):
    party_number: str
    role: str
    stated: SnapshotRow | ImportedParty
    contact_points: Sequence[ImportedContactPoint]


def party_drafts(row: SnapshotRow, creditor_id: UUID) -> tuple[list[PartyDraft], list[Doubt]]:
    """The parties of a row, the primary one first, each once.

    A row without any gets one of its own, known by the account's number: an account is always somebody's.
    """
    doubts: list[Doubt] = []
    stated = _stated(row, doubts)
    primary = next((one for one in stated if one.role == "primary"), stated[0])
    drafts: dict[UUID, PartyDraft] = {}
    for one in (primary, *(other for other in stated if other is not primary)):
        identity = party_id(creditor_id, one.party_number)
        if identity not in drafts:
            role = "primary" if one is primary else ("joint" if one.role == "primary" else one.role)
            points = _contact_points(identity, one, doubts)
            drafts[identity] = PartyDraft(identity, one.party_number, role, one.stated, points)
    return list(drafts.values()), doubts


def _stated(row: SnapshotRow, doubts: list[Doubt]) -> list[_Stated]:
    nested = [_Stated(each.party_number, each.role, each, each.contact_points) for each in row.parties]
    number = row.party_number
    if number is None and nested:
        return nested
    if number is None:
        number = f"account:{row.core_account_number}"[:64]
        doubts.append(
            Doubt("party_number", "party-number-missing", "the row names no party: one is made for the account")
        )
    # The same person again, nested: the ways to reach them add to the line's own.
    again = (each.contact_points for each in nested if each.party_number == number and each.contact_points)
    return [_Stated(number, "primary", row, next(again, ())), *nested]


def _contact_points(identity: UUID, one: _Stated, doubts: list[Doubt]) -> tuple[Point, ...]:
    found: dict[UUID, Point] = {}
    for kind, raw, label, parts in _wanted(one):
        value = normalised(kind, raw)
        if value is None:
            doubts.append(Doubt(kind, f"{kind}-invalid", f"this is no {kind} that can be reached: it is left out"))
            continue
        point_id = contact_point_id(identity, kind, value)
        known = found.get(point_id)
        if known is None or known.label == "other":
            found[point_id] = Point(point_id, kind, value, label, *parts)
    return tuple(found.values())


def _wanted(one: _Stated) -> Iterator[tuple[str, str, str, Parts]]:
    """Each way to reach a party, nested or on the row itself: its kind, value, label and, of an address, its parts."""
    for point in one.contact_points:
        yield point.kind, point.value, point.label, _parts(point) if point.kind == "address" else ()
    stated = one.stated
    if stated.phone:
        yield "phone", stated.phone, "other", ()
    if stated.email:
        yield "email", stated.email, "other", ()
    if stated.street:
        parts = _parts(stated)
        line = address_line(dict(zip(ADDRESS_PARTS, parts, strict=True)))
        yield "address", line or "", "other" if stated.party_kind == "business" else "home", parts
