"""Loads what decides the state of accounts: snapshots, entries, reversals, promises, arrangements.

One query per table, whatever the number of accounts; only what can matter is read (nothing that the ruling snapshot
contains), so an account with years of history costs no more than a new one.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from services.accounts.domain.account import AccountFacts
from services.accounts.domain.commitments import Arrangement, Promise
from services.accounts.domain.dues import Snapshot
from services.accounts.domain.ledger import Booking, Entry, Reversal, needs_history
from shared.db.transaction import Tx

# The latest row of each kind that is not after the account's day (none given: the latest of all).
_RULING = """
SELECT s.*
FROM unnest($1::uuid[]) AS a(account_id)
CROSS JOIN (VALUES (FALSE), (TRUE)) AS k(is_absent)
CROSS JOIN LATERAL (
    SELECT * FROM account_snapshot s
    WHERE s.account_id = a.account_id AND s.is_absent = k.is_absent AND s.business_date <= $2::date
    ORDER BY s.business_date DESC LIMIT 1
) s
"""
_POSTINGS = """
e.payment_id, e.account_id, e.amount_minor, e.dues_minor, e.effective_on, e.posted_on, e.origin, e.booked_on,
e.source_ref, e.source,
v.reversal_id, v.effective_on AS v_effective_on, v.posted_on AS v_posted_on, v.origin AS v_origin,
v.booked_on AS v_booked_on
"""
# What came after a day, or was returned after it.
_AFTER = f"""
SELECT {_POSTINGS}
FROM unnest($1::uuid[], $2::date[]) AS a(account_id, day)
JOIN entry e ON e.account_id = a.account_id AND e.contained_on > a.day
LEFT JOIN reversal v ON v.payment_id = e.payment_id
UNION
SELECT {_POSTINGS}
FROM unnest($1::uuid[], $2::date[]) AS a(account_id, day)
JOIN reversal v ON v.account_id = a.account_id AND v.contained_on > a.day
JOIN entry e ON e.payment_id = v.payment_id
"""
_ALL = f"""
SELECT {_POSTINGS}
FROM entry e LEFT JOIN reversal v ON v.payment_id = e.payment_id
WHERE e.account_id = ANY($1::uuid[])
"""
_HISTORY = """
SELECT * FROM account_snapshot
WHERE account_id = ANY($1::uuid[]) AND NOT is_absent ORDER BY account_id, business_date
"""


@dataclass(slots=True)
class Loaded:
    """The facts of one account. `row` is its ruling snapshot as stored, with the descriptive columns."""

    row: Mapping[str, Any]
    facts: AccountFacts
    promises: list[Promise] = field(default_factory=list)
    arrangements: list[Arrangement] = field(default_factory=list)


async def load_facts(
    tx: Tx, account_ids: Sequence[UUID], *, seen: Mapping[UUID, date] | None = None, day: date = date.max
) -> dict[UUID, Loaded]:
    """The facts of the accounts that have a snapshot (by `day`).

    `seen` gives the snapshot date that an account's row stands at: entries after it are read too, so that the caller
    can tell whether a newer snapshot has taken some in.
    """
    ids = list(account_ids)
    ruling: dict[UUID, dict[bool, Any]] = defaultdict(dict)
    for row in await tx.fetch(_RULING, ids, day):
        ruling[row["account_id"]][row["is_absent"]] = row
    loaded = {
        account_id: Loaded(rows[False], AccountFacts(to_snapshot(rows[False]), is_absent=_is_absent(rows)))
        for account_id, rows in ruling.items()
        if False in rows
    }
    await _add_postings(tx, loaded, seen or {})
    return loaded


def _is_absent(rows: Mapping[bool, Any]) -> bool:
    """A mark rules from its day on, until a later row: of the same day, it came after the row (see the table)."""
    return True in rows and bool(rows[True]["business_date"] >= rows[False]["business_date"])


async def _add_postings(tx: Tx, loaded: Mapping[UUID, Loaded], seen: Mapping[UUID, date]) -> None:
    if not loaded:
        return
    entries, reversals = await load_postings_after(
        tx,
        {
            account_id: min(one.facts.snapshot.business_date, seen.get(account_id, date.max))
            for account_id, one in loaded.items()
        },
    )
    deep = [
        account_id
        for account_id, mine in entries.items()
        if needs_history(loaded[account_id].facts.snapshot, mine, reversals[account_id])
    ]
    history: dict[UUID, list[Snapshot]] = defaultdict(list)
    if deep:
        for row in await tx.fetch(_HISTORY, deep):
            history[row["account_id"]].append(to_snapshot(row))
        all_entries, all_reversals = _postings(await tx.fetch(_ALL, deep))
        entries.update(all_entries)
        reversals.update(all_reversals)
    for account_id, mine in entries.items():
        one = loaded[account_id]
        one.facts = AccountFacts(
            one.facts.snapshot, one.facts.is_absent, mine, reversals[account_id], history.get(account_id, ())
        )


async def load_postings_after(
    tx: Tx, days: Mapping[UUID, date]
) -> tuple[dict[UUID, list[Entry]], dict[UUID, dict[UUID, Reversal]]]:
    """What came to each account after its day or was returned after it: entries, and reversals by payment."""
    return _postings(await tx.fetch(_AFTER, list(days), list(days.values()))) if days else ({}, {})


def _postings(rows: Sequence[Any]) -> tuple[dict[UUID, list[Entry]], dict[UUID, dict[UUID, Reversal]]]:
    entries: dict[UUID, list[Entry]] = defaultdict(list)
    reversals: dict[UUID, dict[UUID, Reversal]] = defaultdict(dict)
    for row in rows:
        payment_id, account_id = row["payment_id"], row["account_id"]
        booking = Booking(row["origin"], row["posted_on"], row["booked_on"])
        entries[account_id].append(
            Entry(
                payment_id,
                row["amount_minor"],
                row["dues_minor"],
                row["effective_on"],
                booking,
                (row["source_ref"], row["source"]),
            )
        )
        if row["reversal_id"] is not None:
            reversals[account_id][payment_id] = Reversal(
                payment_id,
                row["v_effective_on"],
                Booking(row["v_origin"], row["v_posted_on"], row["v_booked_on"]),
            )
    return entries, reversals


def to_snapshot(row: Mapping[str, Any]) -> Snapshot:
    """The snapshot of a stored row."""
    return Snapshot(
        business_date=row["business_date"],
        product_class=row["product_class"],
        status=row["status"],
        balance_minor=row["balance_minor"],
        past_due_minor=row["past_due_minor"],
        oldest_unpaid_due_on=row["oldest_unpaid_due_on"],
        installment_minor=row["installment_minor"],
        frequency=row["frequency"],
        next_due_on=row["next_due_on"],
        charged_off_on=row["charged_off_on"],
    )


async def add_commitments(tx: Tx, loaded: Mapping[UUID, Loaded]) -> None:
    """Adds the promises and arrangements of the accounts to their facts."""
    ids = list(loaded)
    promises = await tx.fetch(
        "SELECT account_id, status, due_on, made_on, resolved_on FROM promise_view WHERE account_id = ANY($1::uuid[])",
        ids,
    )
    for row in promises:
        loaded[row["account_id"]].promises.append(
            Promise(row["status"], row["due_on"], row["made_on"], row["resolved_on"])
        )
    arrangements = await tx.fetch(
        "SELECT account_id, status, made_at, next_due_on FROM arrangement_view WHERE account_id = ANY($1::uuid[])",
        ids,
    )
    for row in arrangements:
        loaded[row["account_id"]].arrangements.append(Arrangement(row["status"], row["made_at"], row["next_due_on"]))
