"""Loads what dates a charge-off or a payoff, for the few accounts where the ruling snapshot alone does not tell.

Only accounts with a promise or an arrangement are asked about: their dates decide on nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from services.accounts.domain.ledger import Entry, Reversal
from services.accounts.domain.turning_points import Owed, charged_off_on, paid_off_on
from services.accounts.store.facts import Loaded, load_postings_after
from shared.db.transaction import Tx

# The first snapshot of the run that ends with the latest one.
_CHARGED_OFF_SINCE = """
SELECT a.account_id, (
    SELECT min(s.business_date) FROM account_snapshot AS s
    WHERE s.account_id = a.account_id AND NOT s.is_absent
      AND (o.business_date IS NULL OR s.business_date > o.business_date)
) AS first_on
FROM unnest($1::uuid[]) AS a(account_id)
LEFT JOIN LATERAL (
    SELECT business_date FROM account_snapshot
    WHERE account_id = a.account_id AND NOT is_absent AND status <> 'charged_off'
    ORDER BY business_date DESC LIMIT 1
) AS o ON TRUE
"""
_LAST_OWED = """
SELECT a.account_id, o.business_date, o.balance_minor, (
    SELECT min(s.business_date) FROM account_snapshot AS s
    WHERE s.account_id = a.account_id AND NOT s.is_absent
      AND (o.business_date IS NULL OR s.business_date > o.business_date)
) AS settled_on
FROM unnest($1::uuid[]) AS a(account_id)
LEFT JOIN LATERAL (
    SELECT business_date, balance_minor FROM account_snapshot
    WHERE account_id = a.account_id AND NOT is_absent AND balance_minor > 0
    ORDER BY business_date DESC LIMIT 1
) AS o ON TRUE
"""


@dataclass(slots=True)
class TurningPoints:
    """What earlier snapshots and the money since then say of one account."""

    charged_off_since: date | None = None
    owed: Owed | None = None
    settled_on: date | None = None
    entries: list[Entry] = field(default_factory=list)
    reversals: dict[UUID, Reversal] = field(default_factory=dict)


async def load_turning_points(tx: Tx, loaded: Mapping[UUID, Loaded]) -> dict[UUID, TurningPoints]:
    """Load them for the accounts whose commitments are loaded and whose ruling snapshot leaves a date open."""
    committed = {key: one.facts.snapshot for key, one in loaded.items() if one.promises or one.arrangements}
    found: dict[UUID, TurningPoints] = {}
    charged_off = [key for key, snapshot in committed.items() if snapshot.status == "charged_off"]
    if charged_off:
        for account_id, first_on in await tx.fetch(_CHARGED_OFF_SINCE, charged_off):
            found.setdefault(account_id, TurningPoints()).charged_off_since = first_on
    settled = [key for key, snapshot in committed.items() if snapshot.balance_minor <= 0 and loaded[key].arrangements]
    if settled:
        await _add_payoffs(tx, settled, found)
    return found


def dates_of(one: Loaded, balance_minor: int, points: TurningPoints | None) -> dict[str, date | None]:
    """The columns of an account that date its charge-off and, where it has an arrangement, its payoff."""
    snapshot, points = one.facts.snapshot, points or TurningPoints()
    paid_off: date | None = None
    if balance_minor <= 0 and one.arrangements:
        if snapshot.balance_minor > 0:  # money on top of it has paid it off
            owed = Owed(snapshot.business_date, snapshot.balance_minor)
            paid_off = paid_off_on(owed, None, one.facts.entries, one.facts.reversals)
        else:
            paid_off = paid_off_on(points.owed, points.settled_on, points.entries, points.reversals)
    return {"charged_off_on": charged_off_on(snapshot, points.charged_off_since), "paid_off_on": paid_off}


async def _add_payoffs(tx: Tx, settled: list[UUID], found: dict[UUID, TurningPoints]) -> None:
    days: dict[UUID, date] = {}
    for account_id, owed_on, owed_minor, settled_on in await tx.fetch(_LAST_OWED, settled):
        one = found.setdefault(account_id, TurningPoints())
        one.settled_on = settled_on
        if owed_on is not None:
            one.owed, days[account_id] = Owed(owed_on, owed_minor), owed_on
    entries, reversals = await load_postings_after(tx, days)
    for account_id, mine in entries.items():
        found[account_id].entries, found[account_id].reversals = mine, reversals[account_id]
