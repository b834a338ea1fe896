"""Source references: claimed before anything is decided, so that two racing posts of one reference become one.

The claim is an insert that waits for a transaction that has claimed the same reference; when that one commits, the
reference is known. Claims are made in sorted order, so two batches cannot wait for each other.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Literal, NamedTuple
from uuid import UUID

from services.payments.domain.posting import KnownReference
from services.payments.tables.payments import SOURCE_REFERENCE
from shared.db.sets import insert_rows
from shared.db.transaction import Tx

Key = tuple[UUID, str, str]
"""Creditor, source, source reference."""

_KNOWN = """
SELECT r.creditor_id, r.source, r.source_ref, r.content_hash, r.payment_id
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS k (creditor_id, source, source_ref)
JOIN source_reference r USING (creditor_id, source, source_ref)
"""

_RELEASE = """
DELETE FROM source_reference r USING unnest($1::uuid[], $2::text[], $3::text[]) AS k (creditor_id, source, source_ref)
WHERE (r.creditor_id, r.source, r.source_ref) = (k.creditor_id, k.source, k.source_ref)
"""


class Claim(NamedTuple):
    """The use of a source reference for some content."""

    creditor_id: UUID
    source: str
    source_ref: str
    kind: Literal["payment", "echo", "reversal"]
    content_hash: bytes
    payment_id: UUID | None

    @property
    def key(self) -> Key:
        """What is used once, for ever."""
        return (self.creditor_id, self.source, self.source_ref)


async def claim(tx: Tx, claims: Mapping[Key, Claim]) -> dict[Key, KnownReference]:
    """Claim references; return those that were used before (and stay as they are)."""
    rows = [claims[key]._asdict() for key in sorted(claims)]
    claimed = await insert_rows(
        tx, SOURCE_REFERENCE, rows, on_conflict="nothing", returning=("creditor_id", "source", "source_ref")
    )
    if len(claimed) == len(rows):
        return {}
    ours = {(row["creditor_id"], row["source"], row["source_ref"]) for row in claimed}
    return await known(tx, claims.keys() - ours)


async def known(tx: Tx, keys: Collection[Key]) -> dict[Key, KnownReference]:
    """What the references were first used for; one that was not used is left out."""
    return {
        (row["creditor_id"], row["source"], row["source_ref"]): KnownReference(row["content_hash"], row["payment_id"])
        for row in await tx.fetch(_KNOWN, *_arrays(keys))
    }


async def settle(tx: Tx, claimed: Mapping[Key, Claim], used: Mapping[Key, Claim]) -> None:
    """Make the claims of this transaction say what was used in the end: a refused command leaves none."""
    wrong = {key for key in claimed if used.get(key) != claimed[key]}
    if wrong:
        await tx.execute(_RELEASE, *_arrays(wrong))
        await insert_rows(tx, SOURCE_REFERENCE, [used[key]._asdict() for key in sorted(wrong) if key in used])


def _arrays(keys: Iterable[Key]) -> tuple[list[UUID], list[str], list[str]]:
    ordered = sorted(keys)
    return [key[0] for key in ordered], [key[1] for key in ordered], [key[2] for key in ordered]
