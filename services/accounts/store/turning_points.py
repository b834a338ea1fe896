"""Loads what dates charge-offs and payoffs, for the accounts of which the ruling snapshot alone does not tell.

Only accounts with a promise or an arrangement are asked about: their dates decide on nothing else. The times with
nothing owed stand on the account's row, so that a posting or a snapshot on top of what it was judged by needs only
what came since; they are told from the first snapshot on where something changes before that.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from services.accounts.domain.ledger import Entry, Reversal
from services.accounts.domain.turning_points import Close, Payoff, charged_off_on, payoffs
from services.accounts.store.facts import Loaded, load_postings_after
from services.accounts.store.payoffs import payoff_columns, payoffs_of
from shared.db.transaction import Tx

Row = Mapping[str, Any]

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
_CLOSES = """
SELECT s.account_id, s.business_date, s.balance_minor
FROM unnest($1::uuid[], $2::date[]) AS a(account_id, day)
JOIN account_snapshot AS s ON s.account_id = a.account_id AND NOT s.is_absent AND s.business_date >= a.day
ORDER BY s.account_id, s.business_date
"""
# A reversal that came before its payment takes nothing back yet.
_REVERSED = """
SELECT r.account_id, array_agg(r.payment_id ORDER BY r.payment_id)
FROM reversal AS r JOIN entry AS e USING (payment_id)
WHERE r.account_id = ANY($1::uuid[]) GROUP BY r.account_id
"""


@dataclass(frozen=True, slots=True)
class PayoffFacts:
    """What tells the times with nothing owed: the arguments of `domain.turning_points.payoffs`."""

    closes: Sequence[Close]
    entries: Sequence[Entry]
    reversals: Mapping[UUID, Reversal]
    earlier: Sequence[Payoff] = ()


@dataclass(frozen=True, slots=True)
class TurningPoints:
    """By account: since when snapshots say that it is charged off, its payoffs, and what they were told without."""

    charged_off_since: Mapping[UUID, date] = field(default_factory=dict)
    payoffs: Mapping[UUID, Sequence[Payoff]] = field(default_factory=dict)
    reversed_payments: Mapping[UUID, Sequence[UUID]] = field(default_factory=dict)

    def columns(self, account_id: UUID, one: Loaded) -> dict[str, Any]:
        """The columns of an account that date its charge-off and, where it has an arrangement, its payoffs."""
        since = self.charged_off_since.get(account_id)
        return {
            "charged_off_on": charged_off_on(one.facts.snapshot, since),
            **payoff_columns(self.payoffs.get(account_id), self.reversed_payments.get(account_id, ())),
        }


async def load_turning_points(
    tx: Tx, loaded: Mapping[UUID, Loaded], before: Mapping[UUID, Row], changed_from: Mapping[UUID, date] | None
) -> TurningPoints:
    """Load them for the accounts whose commitments are loaded.

    Args:
        tx: The transaction, which holds the accounts' locks.
        loaded: The facts, with all that the snapshot which the row stands at does not contain.
        before: The accounts' rows.
        changed_from: The first snapshot date that is or contains something new, of accounts with something new. None:
            nothing is known.
    """
    committed = [key for key, one in loaded.items() if one.promises or one.arrangements]
    charged_off = [key for key in committed if loaded[key].facts.snapshot.status == "charged_off"]
    since = dict(await tx.fetch(_CHARGED_OFF_SINCE, charged_off)) if charged_off else {}
    known: dict[UUID, tuple[date, tuple[Payoff, ...]]] = {}
    anew: list[UUID] = []
    for key in committed:
        if loaded[key].arrangements:
            earlier = payoffs_of(before[key]) if key in before else None
            stands_at = before[key]["snapshot_on"] if key in before else date.min
            is_on_top = changed_from is not None and changed_from.get(key, date.max) > stands_at
            if is_on_top and earlier is not None:
                known[key] = (stands_at, earlier)
            else:
                anew.append(key)
    told = await _since_known(tx, loaded, known) | await _from_the_first(tx, anew)
    found = {key: payoffs(one.closes, one.entries, one.reversals, one.earlier) for key, one in told.items()}
    paid_off = [key for key, times in found.items() if times]
    return TurningPoints(since, found, dict(await tx.fetch(_REVERSED, paid_off)) if paid_off else {})


async def _since_known(
    tx: Tx, loaded: Mapping[UUID, Loaded], known: Mapping[UUID, tuple[date, tuple[Payoff, ...]]]
) -> dict[UUID, PayoffFacts]:
    """From the snapshot on that the row stood at: a query only where another rules now."""
    moved = {key: day for key, (day, _) in known.items() if loaded[key].facts.snapshot.business_date != day}
    closes = await _load_closes(tx, moved)
    return {
        key: PayoffFacts(closes.get(key) or [_close(one)], one.facts.entries, one.facts.reversals, known[key][1])
        for key, one in loaded.items()
        if key in known
    }


async def _from_the_first(tx: Tx, account_ids: Sequence[UUID]) -> dict[UUID, PayoffFacts]:
    closes = await _load_closes(tx, dict.fromkeys(account_ids, date.min))
    entries, reversals = await load_postings_after(tx, {key: mine[0].on for key, mine in closes.items()})
    return {key: PayoffFacts(mine, entries.get(key, ()), reversals.get(key, {})) for key, mine in closes.items()}


async def _load_closes(tx: Tx, days: Mapping[UUID, date]) -> dict[UUID, list[Close]]:
    """The snapshots of each account from its day on."""
    found: dict[UUID, list[Close]] = defaultdict(list)
    if days:
        for account_id, on, balance_minor in await tx.fetch(_CLOSES, list(days), list(days.values())):
            found[account_id].append(Close(on, balance_minor))
    return found


def _close(one: Loaded) -> Close:
    return Close(one.facts.snapshot.business_date, one.facts.snapshot.balance_minor)
