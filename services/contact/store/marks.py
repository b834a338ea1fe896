"""Marks on values, and what was learnt of contact points: facts, every opt-out and the latest verification kept."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from shared.db.transaction import Tx


class Refused(NamedTuple):
    """A channel that is no more wanted at a value."""

    channel: str
    value_key: str
    source: str
    opted_out_at: datetime


class Wrong(NamedTuple):
    """A value that is not this party's."""

    kind: str
    value_key: str
    party_id: UUID
    wrong_at: datetime


class Learnt(NamedTuple):
    """What was learnt of a contact point at `at`: it reaches the party (`reason` None), or it does not."""

    contact_point_id: UUID
    party_id: UUID
    creditor_id: UUID
    at: datetime
    verified_by: str | None = None
    invalid_reason: str | None = None


_REFUSE = """
INSERT INTO opt_out AS t (channel, value_key, source, opted_out_at)
SELECT * FROM unnest($1::varchar[], $2::varchar[], $3::varchar[], $4::timestamptz[])
ON CONFLICT DO NOTHING RETURNING channel, value_key, opted_out_at
"""
_MARK_WRONG = """
INSERT INTO wrong_value AS t (kind, value_key, party_id, wrong_at)
SELECT * FROM unnest($1::varchar[], $2::varchar[], $3::uuid[], $4::timestamptz[])
ON CONFLICT (kind, value_key) DO UPDATE SET party_id = excluded.party_id, wrong_at = excluded.wrong_at
WHERE t.wrong_at < excluded.wrong_at
"""
_LEARN = """
INSERT INTO point_standing AS t
  (contact_point_id, party_id, creditor_id, verified_at, verified_by, invalid_at, invalid_reason)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::varchar[], $6::timestamptz[],
  $7::varchar[])
ON CONFLICT (contact_point_id) DO UPDATE SET
  verified_by = CASE WHEN excluded.verified_at > t.verified_at OR t.verified_at IS NULL
    THEN coalesce(excluded.verified_by, t.verified_by) ELSE t.verified_by END,
  verified_at = greatest(t.verified_at, excluded.verified_at),
  invalid_reason = CASE WHEN excluded.invalid_at > t.invalid_at OR t.invalid_at IS NULL
    THEN coalesce(excluded.invalid_reason, t.invalid_reason) ELSE t.invalid_reason END,
  invalid_at = greatest(t.invalid_at, excluded.invalid_at)
"""
_BY_VALUE = """
SELECT p.contact_point_id, p.party_id, p.creditor_id, p.kind, p.value_key, s.verified_at, s.invalid_at
FROM unnest($1::varchar[], $2::varchar[]) AS wanted (kind, value_key)
JOIN contact_point p USING (kind, value_key) LEFT JOIN point_standing s USING (contact_point_id)
"""
_MARKED = """
SELECT p.contact_point_id, p.party_id, p.creditor_id, p.kind, o.channel, o.source, o.opted_out_at, NULL AS wrong_at
FROM contact_point p JOIN opt_out o USING (value_key) WHERE p.contact_point_id = ANY($1::uuid[])
UNION ALL
SELECT p.contact_point_id, p.party_id, p.creditor_id, p.kind, NULL, NULL, NULL, w.wrong_at
FROM contact_point p JOIN wrong_value w USING (kind, value_key)
LEFT JOIN point_standing s USING (contact_point_id)
WHERE p.contact_point_id = ANY($1::uuid[]) AND s.verified_at IS NULL
"""


async def refuse_values(tx: Tx, refused: Collection[Refused]) -> set[tuple[str, str, datetime]]:
    """Keep refusals; return those that are new, by channel, value and instant."""
    ordered = sorted({(one.channel, one.value_key, one.opted_out_at): one for one in refused}.values())
    return {tuple(row) for row in await tx.fetch(_REFUSE, *_columns(ordered))} if ordered else set()


async def mark_wrong(tx: Tx, wrong: Collection[Wrong]) -> None:
    """Keep that values are wrong for somebody; the latest time counts."""
    ordered = sorted({(one.kind, one.value_key): one for one in wrong}.values())
    if ordered:
        await tx.execute(_MARK_WRONG, *_columns(ordered))


async def learn(tx: Tx, learnt: Collection[Learnt]) -> None:
    """Keep what was learnt of contact points; the latest of each kind counts."""
    merged: dict[UUID, list[Any]] = {}
    for one in sorted(learnt, key=lambda item: item.at):
        row = merged.setdefault(
            one.contact_point_id, [one.contact_point_id, one.party_id, one.creditor_id, None, None, None, None]
        )
        if one.invalid_reason is None:
            row[3:5] = one.at, one.verified_by
        else:
            row[5:7] = one.at, one.invalid_reason
    if merged:
        await tx.execute(_LEARN, *_columns([merged[key] for key in sorted(merged)]))


async def points_of_values(tx: Tx, values: Collection[tuple[str, str]]) -> list[Any]:
    """Every contact point, of any party, that has one of the values (kind, value key)."""
    return list(await tx.fetch(_BY_VALUE, *_columns(sorted(set(values))))) if values else []


async def marks_of_points(tx: Tx, contact_point_ids: Collection[UUID]) -> list[Any]:
    """The marks that stand already on the values of contact points that have just come."""
    return list(await tx.fetch(_MARKED, list(contact_point_ids))) if contact_point_ids else []


def _columns(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
