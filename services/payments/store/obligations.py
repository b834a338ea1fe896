"""Loads and saves promises and arrangements with what decides on them: one statement per table for a whole batch.

A row is a dict of its columns; an arrangement's row also carries `due_ons` and `amounts`, its instalments in order.
Call it with the locks of the accounts held.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.payments.domain.account_facts import Seen
from services.payments.domain.arrangement import Installment
from services.payments.domain.counting import Entry
from services.payments.tables.obligations import ARRANGEMENT, ARRANGEMENT_INSTALLMENT, PROMISE
from shared.db.sets import insert_rows, update_rows
from shared.db.transaction import Tx
from shared.events.accounts import AccountState

Row = dict[str, Any]

# A cancelled promise takes no money and stays cancelled, and so does a proposal that was never approved: they decide
# on nothing. A cancelled arrangement that was active still ends the window of the one before it.
_PROMISES = "SELECT * FROM promise WHERE account_id = ANY($1::uuid[]) AND status <> 'cancelled'"
_ARRANGEMENTS = """
SELECT a.*, i.due_ons, i.amounts
FROM arrangement AS a
CROSS JOIN LATERAL (
    SELECT array_agg(due_on ORDER BY position) AS due_ons, array_agg(amount_minor ORDER BY position) AS amounts
    FROM arrangement_installment AS i WHERE i.arrangement_id = a.arrangement_id
) AS i
WHERE account_id = ANY($1::uuid[]) AND (status <> 'cancelled' OR approved_at IS NOT NULL)
"""
_ENTRIES = """
SELECT payment_id, account_id, amount_minor, effective_on, posted_on, taken_at
FROM payment
WHERE account_id = ANY($1::uuid[]) AND effective_on >= $2 AND status = 'posted'
"""
_SEEN = """
SELECT account_id, aggregate_version, business_date, is_paid_off, is_charged_off
FROM account_standing WHERE account_id = ANY($1::uuid[])
"""
_RECORD_SEEN = """
INSERT INTO account_standing (account_id, aggregate_version, business_date, is_paid_off, is_charged_off)
SELECT v.* FROM unnest($1::uuid[], $2::bigint[], $3::date[], $4::boolean[], $5::boolean[])
    AS v(account_id, aggregate_version, business_date, is_paid_off, is_charged_off)
WHERE EXISTS (SELECT FROM promise AS p WHERE p.account_id = v.account_id)
   OR EXISTS (SELECT FROM arrangement AS a WHERE a.account_id = v.account_id)
ON CONFLICT DO NOTHING
"""
# A state neither paid nor charged off says one thing: an earlier payoff is over. The newest one says it for all,
# so that an account keeps few rows, however long it lives and in whatever order its states come.
_FORGET_PLAIN = """
DELETE FROM account_standing AS s
USING (
    SELECT account_id, max(aggregate_version) AS newest FROM account_standing
    WHERE account_id = ANY($1::uuid[]) AND NOT is_paid_off GROUP BY account_id
) AS owing
WHERE s.account_id = owing.account_id AND s.aggregate_version < owing.newest
  AND NOT s.is_paid_off AND NOT s.is_charged_off
"""
_RECORD_BASELINE = """
INSERT INTO account_standing (account_id, aggregate_version, business_date, is_paid_off, is_charged_off)
SELECT account_id, aggregate_version, business_date, balance_minor <= 0, status = 'charged_off'
FROM account_view WHERE account_id = $1
ON CONFLICT DO NOTHING
"""
_DATES = """
SELECT creditor_id, coalesce(e.evaluated_on, c.business_date) AS judged_on
FROM creditor_view AS c LEFT JOIN evaluation AS e USING (creditor_id)
WHERE creditor_id = ANY($1::uuid[])
"""
_ADVANCE = """
INSERT INTO evaluation AS e (creditor_id, evaluated_on) VALUES ($1, $2)
ON CONFLICT (creditor_id) DO UPDATE SET evaluated_on = excluded.evaluated_on
WHERE e.evaluated_on < excluded.evaluated_on
"""
_FOR_REVIEW = """
SELECT DISTINCT account_id FROM (
    (SELECT account_id FROM promise
     WHERE creditor_id = $1 AND next_review_on <= $2 AND ($3::uuid IS NULL OR account_id > $3)
     ORDER BY account_id LIMIT $4)
    UNION ALL
    (SELECT account_id FROM arrangement
     WHERE creditor_id = $1 AND next_review_on <= $2 AND ($3::uuid IS NULL OR account_id > $3)
     ORDER BY account_id LIMIT $4)
    UNION ALL
    (SELECT account_id FROM payment
     WHERE creditor_id = $1 AND unapplied_reason = 'effective-date-in-future' AND effective_on <= $2
       AND ($3::uuid IS NULL OR account_id > $3)
     ORDER BY account_id LIMIT $4)
    UNION ALL
    (SELECT account_id FROM held_reversal
     WHERE creditor_id = $1 AND effective_on <= $2 AND ($3::uuid IS NULL OR account_id > $3)
     ORDER BY account_id LIMIT $4)
) AS due
ORDER BY account_id LIMIT $4
"""
_ACCOUNT = """
SELECT a.account_id, a.creditor_id, a.currency, a.status, a.balance_minor, a.aggregate_version, c.business_date
FROM account_view AS a JOIN creditor_view AS c USING (creditor_id)
WHERE a.account_id = $1 AND c.business_date IS NOT NULL
"""
_HAS_OPEN = """
SELECT EXISTS (
    SELECT FROM arrangement
    WHERE account_id = $1 AND status IN ('proposed', 'active', 'at_risk') AND superseded_at IS NULL
)
"""


@dataclass(frozen=True, slots=True)
class Obligations:
    """The promises and arrangements of a set of accounts that may still change or still bound another's window."""

    promises: Mapping[UUID, Sequence[Row]]
    arrangements: Mapping[UUID, Sequence[Row]]

    @property
    def account_ids(self) -> list[UUID]:
        """The accounts that have any."""
        return sorted(self.promises.keys() | self.arrangements.keys())

    def rows(self) -> list[Row]:
        """All rows, of both kinds."""
        return [row for group in (self.promises, self.arrangements) for rows in group.values() for row in rows]


async def load_obligations(tx: Tx, account_ids: Collection[UUID]) -> Obligations:
    """Load what the accounts owe by word: two statements, whatever their number."""
    ids = list(account_ids)
    promises = _grouped(await tx.fetch(_PROMISES, ids))
    return Obligations(promises, _grouped(await tx.fetch(_ARRANGEMENTS, ids)))


async def load_entries(tx: Tx, account_ids: Sequence[UUID], since: date) -> dict[UUID, list[Entry]]:
    """Load the unreversed entries effective on `since` or later, by account."""
    entries: dict[UUID, list[Entry]] = defaultdict(list)
    for row in await tx.fetch(_ENTRIES, account_ids, since):
        payment_id, account_id, amount, effective_on, posted_on, taken_at = row
        entries[account_id].append(Entry(payment_id, amount, effective_on, posted_on, taken_at))
    return entries


async def load_seen(tx: Tx, account_ids: Sequence[UUID]) -> dict[UUID, list[Seen]]:
    """Load what the published states of the accounts said, by account."""
    seen: dict[UUID, list[Seen]] = defaultdict(list)
    for account_id, version, business_date, is_paid_off, is_charged_off in await tx.fetch(_SEEN, account_ids):
        seen[account_id].append(Seen(version, business_date, is_paid_off, is_charged_off))
    return seen


async def load_judged_dates(tx: Tx, creditor_ids: Collection[UUID]) -> dict[UUID, date]:
    """The business date on which each creditor's promises and arrangements are judged."""
    return {row[0]: row[1] for row in await tx.fetch(_DATES, list(creditor_ids)) if row[1] is not None}


async def load_balances(tx: Tx, account_ids: Sequence[UUID]) -> dict[UUID, int]:
    """What is owed on the accounts in their newest state, minor units, by account."""
    found = await tx.fetch("SELECT account_id, balance_minor FROM account_view WHERE account_id = ANY($1)", account_ids)
    return {row["account_id"]: row["balance_minor"] for row in found}


async def load_account(tx: Tx, account_id: UUID) -> Any:
    """What is known of an account that an undertaking is made on; None while it, or its business date, is not here."""
    return await tx.fetchrow(_ACCOUNT, account_id)


async def load_one(tx: Tx, kind: str, obligation_id: UUID) -> Row | None:
    """One promise or arrangement by its id, cancelled ones too (without instalments); None when there is none."""
    table = {"promise": PROMISE, "arrangement": ARRANGEMENT}[kind]
    row = await tx.fetchrow(f"SELECT * FROM {table.name} WHERE {kind}_id = $1", obligation_id)
    return None if row is None else dict(row)


async def has_open_arrangement(tx: Tx, account_id: UUID) -> bool:
    """Whether an arrangement holds the account's one place: it is open, and no newer one has begun."""
    return bool(await tx.fetchval(_HAS_OPEN, account_id))


async def first_due_on(tx: Tx, arrangement_id: UUID) -> date:
    """The first due date of an arrangement."""
    found: date = await tx.fetchval(
        "SELECT min(due_on) FROM arrangement_installment WHERE arrangement_id = $1", arrangement_id
    )
    return found


async def insert_promise(tx: Tx, row: Row) -> None:
    """Insert a promise that was not judged yet (version 0)."""
    await insert_rows(tx, PROMISE, [row])
    await _record_baseline(tx, row)


async def insert_arrangement(tx: Tx, row: Row, installments: Sequence[Installment]) -> None:
    """Insert an arrangement that was not judged yet (version 0), with its instalments."""
    await insert_rows(tx, ARRANGEMENT, [row])
    key = row["arrangement_id"]
    await insert_rows(
        tx,
        ARRANGEMENT_INSTALLMENT,
        [
            {"arrangement_id": key, "position": position, "due_on": one.due_on, "amount_minor": one.amount_minor}
            for position, one in enumerate(installments, start=1)
        ],
    )
    await _record_baseline(tx, row)


async def save_promises(tx: Tx, rows: Sequence[Row]) -> None:
    """Save the judged columns of the promises given."""
    await update_rows(tx, PROMISE, rows, key=("promise_id",))


async def save_arrangements(tx: Tx, rows: Sequence[Row]) -> None:
    """Save the judged columns of the arrangements given.

    What closes is written first: the place of an account's one open arrangement is free before another takes it.
    """
    opening = [row for row in rows if row["status"] in {"proposed", "active", "at_risk"} and not row["superseded_at"]]
    await update_rows(tx, ARRANGEMENT, [row for row in rows if row not in opening], key=("arrangement_id",))
    await update_rows(tx, ARRANGEMENT, opening, key=("arrangement_id",))


async def record_seen(tx: Tx, states: Sequence[tuple[AccountState, int]]) -> None:
    """Keep what states of accounts (each with its version, older ones too) say of payoff and charge-off.

    Only accounts with a promise or an arrangement are kept. Call it before `reassess`, for every state that arrives.
    """
    if states:
        recorded = await tx.execute(
            _RECORD_SEEN,
            [state.account_id for state, _ in states],
            [version for _, version in states],
            [state.business_date for state, _ in states],
            [state.balance_minor <= 0 for state, _ in states],
            [state.status == "charged_off" for state, _ in states],
        )
        if recorded:
            await tx.execute(_FORGET_PLAIN, list({state.account_id for state, _ in states}))


async def advance_evaluation(tx: Tx, creditor_id: UUID, day: date) -> None:
    """From now on judge the creditor's book on `day`; an earlier day changes nothing."""
    await tx.execute(_ADVANCE, creditor_id, day)


async def accounts_for_review(tx: Tx, creditor_id: UUID, *, day: date, after: UUID | None, limit: int) -> list[UUID]:
    """The next accounts, by id, where time alone changes something by `day`: a status, or money that waited for it."""
    return [row[0] for row in await tx.fetch(_FOR_REVIEW, creditor_id, day, after, limit)]


async def _record_baseline(tx: Tx, row: Row) -> None:
    await tx.execute(_RECORD_BASELINE, row["account_id"])
    # A creditor's first undertaking: until its next business date it is judged on the one on which it was made.
    await tx.execute(
        "INSERT INTO evaluation (creditor_id, evaluated_on) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        row["creditor_id"],
        row["made_on"],
    )


def _grouped(rows: Sequence[Any]) -> dict[UUID, list[Row]]:
    groups: dict[UUID, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["account_id"]].append(dict(row))
    return dict(groups)
