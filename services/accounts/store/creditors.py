"""Creditors. A creditor's business date is read under its lock, which a run takes alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.accounts.tables.creditors import CREDITOR
from shared.db.sets import load_rows, upsert_rows
from shared.db.transaction import Tx
from shared.events.accounts import BusinessDateAdvanced, CreditorUpdated


@dataclass(frozen=True, slots=True)
class Creditor:
    """Whose debts these are. `version` counts over `creditor.updated` and `business_date.advanced`."""

    creditor_id: UUID
    name: str
    kind: str
    currency: str
    time_zone: str
    business_date: date | None = None
    version: int = 0


async def load_creditors(tx: Tx, creditor_ids: Iterable[UUID]) -> dict[UUID, Creditor]:
    """The creditors that exist, by id."""
    rows = await load_rows(tx, CREDITOR, "creditor_id", sorted(set(creditor_ids)))
    return {row["creditor_id"]: Creditor(**dict(row)) for row in rows}


async def save_creditor(tx: Tx, creditor: Creditor) -> None:
    """Writes a creditor and publishes it: whole state, at its version."""
    await upsert_rows(tx, CREDITOR, [_row(creditor)], key=["creditor_id"])
    tx.emit("creditor.updated", _state(creditor), version=creditor.version)


async def move_business_date(tx: Tx, creditor: Creditor, business_date: date) -> Creditor | None:
    """Opens a business date and publishes it; None when another transaction has moved it meanwhile.

    The condition on the date that the caller saw makes it safe without the creditor's lock, for the first date.
    """
    version = await tx.fetchval(
        "UPDATE creditor SET business_date = $2, version = version + 2"
        " WHERE creditor_id = $1 AND business_date IS NOT DISTINCT FROM $3 RETURNING version",
        creditor.creditor_id,
        business_date,
        creditor.business_date,
    )
    if version is None:
        return None
    moved = Creditor(**{**_row(creditor), "business_date": business_date, "version": version})
    # The date first: whoever learns it from `creditor.updated` alone would not know that it was opened.
    tx.emit(
        "business_date.advanced",
        BusinessDateAdvanced(
            creditor_id=creditor.creditor_id, business_date=business_date, previous=creditor.business_date
        ),
        version=version - 1,
    )
    tx.emit("creditor.updated", _state(moved), version=version)
    return moved


def _row(creditor: Creditor) -> dict[str, Any]:
    return {
        "creditor_id": creditor.creditor_id,
        "name": creditor.name,
        "kind": creditor.kind,
        "currency": creditor.currency,
        "time_zone": creditor.time_zone,
        "business_date": creditor.business_date,
        "version": creditor.version,
    }


def _state(creditor: Creditor) -> CreditorUpdated:
    row = _row(creditor)
    del row["version"]
    return CreditorUpdated(**row)
