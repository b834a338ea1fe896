"""Takes snapshot rows, from a file or from Kafka alike: keeps each in the history and recomputes its account.

A row of an older day only fills history. The same row again changes nothing. Locks of the accounts and their parties
are the caller's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import Any, Literal, NamedTuple
from uuid import UUID

from services.accounts.handlers.recompute import Recomputed, recompute
from services.accounts.handlers.snapshot_rows import Examined
from services.accounts.store.accounts import Newcomer, load_accounts
from services.accounts.store.calling_groups import regroup_later
from services.accounts.store.parties import StatedParty, save_parties
from services.accounts.store.restrictions import pass_on
from services.accounts.store.snapshots import keep_snapshots
from shared.db.transaction import Tx
from shared.events.envelope import EPOCH_BITS

Outcome = Literal["opened", "updated", "unchanged"]

_STATED = (
    "product_class",
    "status",
    "opened_on",
    "charged_off_on",
    "credit_limit_minor",
    "balance_minor",
    "principal_minor",
    "interest_minor",
    "fees_minor",
    "past_due_minor",
    "oldest_unpaid_due_on",
    "installment_minor",
    "frequency",
    "next_due_on",
)
_DESCRIBED = (
    "given_name",
    "family_name",
    "date_of_birth",
    "language",
    "street",
    "city",
    "region",
    "postal_code",
)
_stated = attrgetter(*_STATED)
_described = attrgetter(*_DESCRIBED)


class SnapshotLine(NamedTuple):
    """A row that can be taken, and whose book it is in."""

    creditor_id: UUID
    taken: Examined
    event_id: UUID | None = None

    @property
    def account_id(self) -> UUID:
        """The account's id, which anyone can compute."""
        return self.taken.account_id

    @property
    def day_of_account(self) -> tuple[UUID, str, date]:
        """Which account, as the core calls it, and which day it states."""
        return self.creditor_id, self.taken.row.core_account_number, self.business_date

    @property
    def business_date(self) -> date:
        """The last day whose postings it holds."""
        return self.taken.snapshot.business_date


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of each account, and of the work list."""

    outcomes: Mapping[UUID, Outcome]
    recomputed: Recomputed


async def apply_snapshots(tx: Tx, lines: Sequence[SnapshotLine], *, version_epoch: int = 0) -> Applied:
    """Applies rows in their order: of several for one account and day, the last counts."""
    latest = {(line.account_id, line.business_date): line for line in lines}
    await keep_snapshots(tx, {key: _snapshot_row(line) for key, line in latest.items()})
    accounts = {account_id for account_id, _ in latest}
    stored = await load_accounts(tx, accounts)
    ruling = _ruling(latest.values(), {account_id: row["snapshot_on"] for account_id, row in stored.items()})
    first_version = version_epoch << EPOCH_BITS
    restated = await save_parties(tx, _parties(ruling.values()), first_version=first_version)
    passed_on = _passed_on(ruling, stored)
    await regroup_later(tx, {party_id: stored[account_id]["creditor_id"] for account_id, party_id in passed_on.items()})
    await pass_on(tx, passed_on)
    stored |= await load_accounts(tx, passed_on) if passed_on else {}
    recomputed = await recompute(
        tx,
        accounts,
        changed_from=_first_days(latest),
        before=stored,
        newcomers={line.account_id: _newcomer(line) for line in latest.values()},
        causes={line.account_id: line.event_id for line in lines if line.event_id is not None},
        restated=passed_on,
        version_epoch=version_epoch,
    )
    outcomes: dict[UUID, Outcome] = {}
    for account_id in accounts:
        reasons = recomputed.reasons.get(account_id, ())
        is_updated = bool(reasons) or account_id in restated
        outcomes[account_id] = "opened" if "opened" in reasons else "updated" if is_updated else "unchanged"
    return Applied(outcomes, recomputed)


def _first_days(keys: Iterable[tuple[UUID, date]]) -> dict[UUID, date]:
    """The earliest day of each account."""
    found: dict[UUID, date] = {}
    for account_id, day in keys:
        found[account_id] = min(day, found.get(account_id, day))
    return found


def _newcomer(line: SnapshotLine) -> Newcomer:
    return Newcomer(line.creditor_id, line.taken.row.core_account_number, line.taken.row.currency)


def _snapshot_row(line: SnapshotLine) -> dict[str, Any]:
    return {
        "account_id": line.account_id,
        "is_absent": False,
        "business_date": line.business_date,
        "party_id": line.taken.parties[0].party_id,
        **dict(zip(_STATED, _stated(line.taken.row), strict=True)),
    }


def _ruling(lines: Iterable[SnapshotLine], seen: Mapping[UUID, date]) -> dict[UUID, SnapshotLine]:
    """The line of each account that now rules it, if any of these does: its parties are the account's."""
    ruling: dict[UUID, SnapshotLine] = {}
    for line in lines:
        known = ruling[line.account_id].business_date if line.account_id in ruling else seen.get(line.account_id)
        if known is None or line.business_date >= known:
            ruling[line.account_id] = line
    return ruling


def _passed_on(ruling: Mapping[UUID, SnapshotLine], stored: Mapping[UUID, Mapping[str, Any]]) -> dict[UUID, UUID]:
    """The accounts that pass to a party and were another's: it is called at other hours, and restricted otherwise."""
    return {
        account_id: line.taken.parties[0].party_id
        for account_id, line in ruling.items()
        if account_id in stored and stored[account_id]["party_id"] != line.taken.parties[0].party_id
    }


def _parties(lines: Iterable[SnapshotLine]) -> list[StatedParty]:
    return [
        StatedParty(
            account_id=line.account_id,
            party_id=draft.party_id,
            role=draft.role,
            columns={
                "creditor_id": line.creditor_id,
                "party_number": draft.party_number,
                "kind": draft.stated.party_kind,
                **dict(zip(_DESCRIBED, _described(draft.stated), strict=True)),
            },
            contact_points=draft.contact_points,
        )
        for line in lines
        for draft in line.taken.parties
    ]
