"""Parties, their parts in debts, and the ways to reach them: brought to what the touched accounts' rows state.

A party's contact points are those that any of its accounts states. `party.updated` is published only when what it
carries changed. The caller holds the locks of the accounts and of the parties that the rows state; a party whom a row
no longer states is published by a job that takes its lock.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.accounts.domain.calling_hours import UNKNOWN, calling_group
from services.accounts.store.calling_groups import regroup_later, regroup_parties
from services.accounts.tables.parties import ACCOUNT_PARTY, CONTACT_POINT, PARTY
from shared.db.sets import insert_rows, load_rows, update_rows
from shared.db.transaction import Tx
from shared.events.accounts import PartyUpdated
from shared.ids import new_id
from shared.jobs import record_job

Row = Mapping[str, Any]

_POINTS = """
SELECT * FROM contact_point WHERE account_id = ANY($1::uuid[])
UNION SELECT * FROM contact_point WHERE party_id = ANY($2::uuid[])
"""
_PARTS = """
SELECT party_id, account_id, role FROM account_party WHERE party_id = ANY($1::uuid[]) ORDER BY account_id, role
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
    street: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None


Points = dict[UUID, Point]
Part = tuple[UUID, UUID, str]
"""Account, party, role."""
_DESCRIBED = tuple(name for name in PartyUpdated.model_fields if name not in {"contact_points", "accounts"})
_columns = itemgetter(*Point._fields)
RESTATING: Final = "parties_left"
"""The job that publishes the parties who have no part any more in an account."""


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
    moved = await _save_parts(tx, stated, account_ids)
    points, points_changed = await _save_points(tx, stated, account_ids)
    touched = points_changed | {party_id for _, party_id, _ in moved}
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
        elif party_id in touched or any(before[name] != value for name, value in columns.items()):
            version = max(before["version"], first_version) + 1
            changed.append({"party_id": party_id, **columns, "version": version})
    await insert_rows(tx, PARTY, new)
    await update_rows(tx, PARTY, changed, key=["party_id"])
    await _publish(tx, (*new, *changed), points)
    changed_ids = {row["party_id"] for row in (*new, *changed)}
    restated = [row for key, row in stored.items() if key in changed_ids or row["calling_group"] == UNKNOWN]
    await _regroup(tx, {row["party_id"]: row["creditor_id"] for row in restated})
    await _restate_later(tx, stated, {part for part in moved if part[1] not in latest})
    return {part[0] for part in moved} | {one.account_id for one in stated if one.party_id in changed_ids}


async def restate_parties(tx: Tx, party_ids: Sequence[UUID], *, first_version: int) -> None:
    """Publishes parties as they stand now. The caller holds their locks."""
    stored = await load_rows(tx, PARTY, "party_id", sorted(party_ids))
    rows = [{**row, "version": max(row["version"], first_version) + 1} for row in stored]
    await update_rows(tx, PARTY, rows, key=["party_id"])
    found = await load_rows(tx, CONTACT_POINT, "party_id", sorted(party_ids))
    await _publish(tx, rows, _by_party((row["party_id"], _point(row)) for row in found))
    await _regroup(tx, {row["party_id"]: row["creditor_id"] for row in rows})


async def _restate_later(tx: Tx, stated: Sequence[StatedParty], left: Collection[Part]) -> None:
    creditor_of = {one.account_id: one.columns["creditor_id"] for one in stated}
    by_creditor: dict[UUID, set[str]] = defaultdict(set)
    for account_id, party_id, _ in left:
        by_creditor[creditor_of[account_id]].add(str(party_id))
    for creditor_id, party_ids in sorted(by_creditor.items()):
        params = {"creditor_id": str(creditor_id), "party_ids": sorted(party_ids)}
        await record_job(tx, RESTATING, creditor_id=creditor_id, params=params, dedupe_key=f"{RESTATING}:{new_id()}")


async def _regroup(tx: Tx, creditor_of: Mapping[UUID, UUID]) -> None:
    """Has the accounts of parties that may be called at other times now take that over."""
    if creditor_of:
        moved = await regroup_parties(tx, list(creditor_of))
        await regroup_later(tx, {party_id: creditor_of[party_id] for party_id in moved})


async def _publish(tx: Tx, rows: Sequence[Row], points: Mapping[UUID, Points]) -> None:
    parts: dict[UUID, list[Row]] = defaultdict(list)
    for party_id, account_id, role in await tx.fetch(_PARTS, [row["party_id"] for row in rows]) if rows else ():
        parts[party_id].append({"account_id": account_id, "role": role})
    for row in rows:
        party_id = row["party_id"]
        state = PartyUpdated(
            **{name: row[name] for name in _DESCRIBED},
            contact_points=tuple(point._asdict() for _, point in sorted(points.get(party_id, {}).items())),
            accounts=tuple(parts[party_id]),
        )
        tx.emit("party.updated", state, version=row["version"])


async def _save_parts(tx: Tx, stated: Sequence[StatedParty], account_ids: Sequence[UUID]) -> set[Part]:
    """The parts that begin or end."""
    stored = await load_rows(tx, ACCOUNT_PARTY, "account_id", account_ids)
    before = {(row["account_id"], row["party_id"], row["role"]) for row in stored}
    after = {(one.account_id, one.party_id, one.role) for one in stated}
    new, gone = sorted(after - before), sorted(before - after)
    await insert_rows(
        tx, ACCOUNT_PARTY, [dict(zip(("account_id", "party_id", "role"), part, strict=True)) for part in new]
    )
    if gone:
        await tx.execute(_DELETE_PARTS, *map(list, zip(*gone, strict=True)))
    return {*new, *gone}


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
    return Point(*_columns(row))


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
