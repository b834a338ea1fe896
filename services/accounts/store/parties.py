"""Parties, their parts in debts, and the ways to reach them: brought to what the touched accounts' rows state.

A party's contact points are those that any of its accounts states. `party.updated` is published only when what it
carries changed. The caller holds the locks of the accounts and of the parties that the rows state.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from services.accounts.domain.calling_hours import UNKNOWN, calling_group
from services.accounts.store.calling_groups import regroup_later, regroup_parties
from services.accounts.tables.parties import ACCOUNT_PARTY, CONTACT_POINT, PARTY
from shared.db.sets import insert_rows, load_rows, update_rows
from shared.db.transaction import Tx
from shared.events.accounts import PartyUpdated

Row = Mapping[str, Any]

_POINTS = """
SELECT * FROM contact_point WHERE account_id = ANY($1::uuid[])
UNION SELECT * FROM contact_point WHERE party_id = ANY($2::uuid[])
"""
_DELETE_POINTS = """
DELETE FROM contact_point USING unnest($1::uuid[], $2::uuid[]) AS g(account_id, contact_point_id)
WHERE contact_point.account_id = g.account_id AND contact_point.contact_point_id = g.contact_point_id
"""
_DELETE_PARTS = """
DELETE FROM account_party USING unnest($1::uuid[], $2::uuid[], $3::text[]) AS g(account_id, party_id, role)
WHERE account_party.account_id = g.account_id AND account_party.party_id = g.party_id AND account_party.role = g.role
"""


class Point(NamedTuple):
    """A way to reach a party; `value` in its one form."""

    contact_point_id: UUID
    kind: str
    value: str
    label: str


Points = dict[UUID, Point]


class StatedParty(NamedTuple):
    """A party as an account's ruling row states it. `columns` are those of the party table but id and version."""

    account_id: UUID
    party_id: UUID
    role: str
    columns: Row
    contact_points: Sequence[Point]


async def save_parties(tx: Tx, stated: Sequence[StatedParty], *, first_version: int) -> set[UUID]:
    """Makes the accounts' parties and contact points those stated; returns the accounts where something changed."""
    account_ids = sorted({one.account_id for one in stated})
    parts_changed = await _save_parts(tx, stated, account_ids)
    points, points_changed = await _save_points(tx, stated, account_ids)
    latest = {one.party_id: one.columns for one in stated}
    stored = {row["party_id"]: row for row in await load_rows(tx, PARTY, "party_id", sorted(latest))}
    new: list[Row] = []
    changed: list[Row] = []
    for party_id, columns in latest.items():
        before = stored.get(party_id)
        if before is None:
            known = [(point.kind, point.value) for point in points[party_id].values()]
            group = calling_group(columns["region"], columns["postal_code"], known)
            new.append({"party_id": party_id, **columns, "calling_group": group, "version": first_version + 1})
        elif party_id in points_changed or any(before[name] != value for name, value in columns.items()):
            version = max(before["version"], first_version) + 1
            changed.append({"party_id": party_id, **columns, "version": version})
    await insert_rows(tx, PARTY, new)
    await update_rows(tx, PARTY, changed, key=["party_id"])
    for row in (*new, *changed):
        tx.emit("party.updated", _event(row, points[row["party_id"]]), version=row["version"])
    changed_ids = {row["party_id"] for row in (*new, *changed)}
    restated = [row for key, row in stored.items() if key in changed_ids or row["calling_group"] == UNKNOWN]
    await _regroup(tx, latest, restated)
    return parts_changed | {one.account_id for one in stated if one.party_id in changed_ids}


async def _regroup(tx: Tx, latest: Mapping[UUID, Row], stored: Sequence[Row]) -> None:
    """Has the accounts of parties that may be called at other times now take that over."""
    if stored:
        moved = await regroup_parties(tx, [row["party_id"] for row in stored])
        await regroup_later(tx, {party_id: latest[party_id]["creditor_id"] for party_id in moved})


def _event(row: Row, points: Points) -> PartyUpdated:
    columns = {name: value for name, value in row.items() if name not in ("version", "party_number", "calling_group")}
    return PartyUpdated(**columns, contact_points=tuple(point._asdict() for _, point in sorted(points.items())))


async def _save_parts(tx: Tx, stated: Sequence[StatedParty], account_ids: Sequence[UUID]) -> set[UUID]:
    stored = await load_rows(tx, ACCOUNT_PARTY, "account_id", account_ids)
    before = {(row["account_id"], row["party_id"], row["role"]) for row in stored}
    after = {(one.account_id, one.party_id, one.role) for one in stated}
    new, gone = sorted(after - before), sorted(before - after)
    await insert_rows(
        tx, ACCOUNT_PARTY, [dict(zip(("account_id", "party_id", "role"), part, strict=True)) for part in new]
    )
    if gone:
        await tx.execute(_DELETE_PARTS, *map(list, zip(*gone, strict=True)))
    return {part[0] for part in (*new, *gone)}


async def _save_points(
    tx: Tx, stated: Sequence[StatedParty], account_ids: Sequence[UUID]
) -> tuple[Mapping[UUID, Points], set[UUID]]:
    """The points of each party after the change, and the parties whose points changed."""
    rows = await tx.fetch(_POINTS, account_ids, list({one.party_id for one in stated}))
    before = {(row["account_id"], row["contact_point_id"]): (row["party_id"], _point(row)) for row in rows}
    wanted = {
        (one.account_id, point.contact_point_id): (one.party_id, point)
        for one in stated
        for point in one.contact_points
    }
    mine = set(account_ids)
    gone = [key for key in before if key[0] in mine and key not in wanted]
    new = [_row(key[0], *one) for key, one in wanted.items() if key not in before]
    changed = [_row(key[0], *one) for key, one in wanted.items() if key in before and before[key] != one]
    await insert_rows(tx, CONTACT_POINT, new)
    await update_rows(tx, CONTACT_POINT, changed, key=["account_id", "contact_point_id"])
    if gone:
        await tx.execute(_DELETE_POINTS, *map(list, zip(*gone, strict=True)))
    others = {key: one for key, one in before.items() if key[0] not in mine}
    known_before, known_after = _by_party(before.values()), _by_party([*others.values(), *wanted.values()])
    parties = {one.party_id for one in stated}
    return known_after, {party_id for party_id in parties if known_before[party_id] != known_after[party_id]}


def _point(row: Row) -> Point:
    return Point(row["contact_point_id"], row["kind"], row["value"], row["label"])


def _row(account_id: UUID, party_id: UUID, point: Point) -> Row:
    return {"account_id": account_id, "party_id": party_id, **point._asdict()}


def _by_party(points: Iterable[tuple[UUID, Point]]) -> Mapping[UUID, Points]:
    """Each party's points by id. Where accounts label one differently, the label that says more wins."""
    found: dict[UUID, Points] = defaultdict(dict)
    for party_id, point in points:
        mine = found[party_id]
        known = mine.get(point.contact_point_id)
        if known is None or _says_more(point.label, known.label):
            mine[point.contact_point_id] = point
    return found


def _says_more(label: str, than: str) -> bool:
    return (label == "other", label) < (than == "other", than)
