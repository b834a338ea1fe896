"""Reversals, those that wait for their payment, and the payments that they name."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from services.payments.domain.payment import payment_id_in
from services.payments.domain.reversal import CoreReversal, Standing
from services.payments.store.references import Key, known
from services.payments.tables.payments import HELD_REVERSAL, REVERSAL
from shared.db.sets import insert_rows, load_rows, update_rows
from shared.db.transaction import Tx
from shared.ids import new_id

Row = Mapping[str, Any]

_OURS = "SELECT payment_id, creditor_id FROM payment WHERE payment_id = ANY($1::uuid[]) AND origin = 'ours'"
_REVERSED_BY_US = "SELECT reversal_id, payment_id, creditor_id FROM reversal WHERE reversal_id = ANY($1::uuid[])"

_TAKE_HELD = """
DELETE FROM held_reversal h USING unnest($1::uuid[], $2::text[]) AS k (creditor_id, reversal_of)
WHERE h.creditor_id = k.creditor_id AND h.reversal_of = k.reversal_of RETURNING h.*
"""


_TAKE_HELD_OF = "DELETE FROM held_reversal WHERE account_id = ANY($1::uuid[]) RETURNING *"


async def load_standing(tx: Tx, payment_ids: Collection[UUID]) -> dict[UUID, Standing]:
    """The reversals that payments have, by payment."""
    return {
        row["payment_id"]: Standing(row["reversal_id"], row["origin"], row["booked_on"])
        for row in await load_rows(tx, REVERSAL, "payment_id", list(payment_ids))
    }


async def load_reversals(tx: Tx, payment_ids: Collection[UUID]) -> dict[UUID, Row]:
    """Whole reversals by payment."""
    return {row["payment_id"]: row for row in await load_rows(tx, REVERSAL, "payment_id", list(payment_ids))}


async def find_originals(tx: Tx, reversals: Iterable[CoreReversal]) -> dict[Key, UUID]:
    """The payments that reversals of the core mean, by the reversal's own key; one not here yet is left out.

    The core names a payment by the reference under which it sent it, or by our id when it is ours; its echo of our
    own reversal carries our reversal id.
    """
    wanted = list(reversals)
    if not wanted:
        return {}
    references = await known(tx, {_key(one, one.reversal_of) for one in wanted})
    ours = await _by_our_id(tx, _OURS, "payment_id", (payment_id_in("core", one.reversal_of) for one in wanted))
    echoed = await _by_our_id(
        tx, _REVERSED_BY_US, "reversal_id", (payment_id_in("core", one.source_ref) for one in wanted)
    )
    found: dict[Key, UUID] = {}
    for one in wanted:
        reference = references.get(_key(one, one.reversal_of))
        payment_id = (
            (reference.payment_id if reference else None)
            or ours.get((one.creditor_id, one.reversal_of.lower()))
            or echoed.get((one.creditor_id, one.source_ref.lower()))
        )
        if payment_id is not None:
            found[_key(one, one.source_ref)] = payment_id
    return found


async def _by_our_id(tx: Tx, sql: str, name: str, ids: Iterable[UUID | None]) -> dict[tuple[UUID, str], UUID]:
    wanted = [one for one in ids if one is not None]
    rows = await tx.fetch(sql, wanted) if wanted else []
    return {(row["creditor_id"], str(row[name])): row["payment_id"] for row in rows}


def _key(reversal: CoreReversal, reference: str) -> Key:
    return (reversal.creditor_id, "core", reference)


async def insert_reversals(tx: Tx, rows: Sequence[Row]) -> None:
    """Save new reversals."""
    await insert_rows(tx, REVERSAL, rows)


async def update_reversals(tx: Tx, rows: Sequence[Row]) -> None:
    """Set the given columns of reversals."""
    await update_rows(tx, REVERSAL, rows, key=["reversal_id"])


async def book_reversals(tx: Tx, days: Mapping[UUID, date]) -> list[Row]:
    """Set the day on which the core booked reversals of ours; return them whole."""
    rows = [{"reversal_id": reversal_id, "booked_on": day} for reversal_id, day in days.items()]
    await update_rows(tx, REVERSAL, rows, key=["reversal_id"])
    return list(await load_rows(tx, REVERSAL, "reversal_id", list(days)))


async def hold_reversals(tx: Tx, reversals: Iterable[tuple[CoreReversal, str]]) -> None:
    """Keep reversals that fit no payment yet, each with the code of why."""
    rows = []
    for one, why in reversals:
        row = asdict(one)
        del row["reversal_id"]
        rows.append({**row, "received_at": one.received_at or tx.clock.now(), "held_reason": why})
    await insert_rows(tx, HELD_REVERSAL, rows, on_conflict="nothing")


async def take_held(tx: Tx, originals: Collection[tuple[UUID, str]]) -> list[CoreReversal]:
    """Take out the reversals that waited for these (creditor, reference of the core)."""
    if not originals:
        return []
    ordered = sorted(originals)
    return _taken(await tx.fetch(_TAKE_HELD, [key[0] for key in ordered], [key[1] for key in ordered]))


async def take_held_of(tx: Tx, account_ids: Collection[UUID]) -> list[CoreReversal]:
    """Take out the reversals that wait on these accounts."""
    return _taken(await tx.fetch(_TAKE_HELD_OF, list(account_ids)))


def _taken(rows: Iterable[Row]) -> list[CoreReversal]:
    held = []
    for row in sorted(rows, key=lambda row: (row["effective_on"], row["posted_on"], row["source_ref"])):
        fields = dict(row)
        del fields["held_reason"]
        held.append(CoreReversal(reversal_id=new_id(), **fields))
    return held
