"""What every command about a party begins with: find its creditor and accounts, and take the locks.

The party first of all: a decision holds the same lock, so that a cease and an allow never pass each other. Which
creditor and whose account it is never changes; the accounts of the party are read again under the locks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.compliance.domain.record_ids import caused_id
from services.compliance.handlers.actor import Actor
from services.compliance.store.subjects import load_account_creditors, load_subject, load_zones
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.errors import Refusal
from shared.ids import new_id


@dataclass(frozen=True, slots=True)
class Held:
    """A party whose locks are held. `account_ids`: those that were named, else all of the party's."""

    party_id: UUID
    creditor_id: UUID
    account_ids: frozenset[UUID]
    zone: ZoneInfo


async def lock_party(tx: Tx, actor: Actor, party_id: UUID, account_ids: Sequence[UUID] | None = None) -> Held | Refusal:
    """Lock a party with the named accounts, else with all of them.

    Refuses: `party-not-here` and `account-not-here` while it has not been announced, `party-unknown` for one that the
    caller may not see, `accounts-of-several-creditors`.
    """
    known = await load_subject(tx, party_id)
    creditors = await load_account_creditors(tx, account_ids or ())
    creditor_id = known.creditor_id or next(iter(creditors.values()), None)
    if creditor_id is None:
        return Refusal("party-not-here", "The party is not known here yet; it arrives with its first account.")
    if not actor.may_see(creditor_id):
        return Refusal("party-unknown", "There is no such party.")
    if account_ids and len(creditors) < len(set(account_ids)):
        return Refusal("account-not-here", "An account is not known here yet; it arrives with its first snapshot.")
    if any(each != creditor_id for each in creditors.values()):
        return Refusal("accounts-of-several-creditors", "The accounts are not all of the party's creditor.")
    zone = (await load_zones(tx, [creditor_id])).get(creditor_id)
    if zone is None:
        return Refusal("party-not-here", "The party's creditor is not known here yet.")
    await lock(tx, creditors=[creditor_id], accounts=[party_id, *known.account_ids, *creditors])
    again = await load_subject(tx, party_id)
    return Held(party_id, creditor_id, frozenset(creditors) or again.account_ids, zone)


def record_id(attempt_id: UUID | None, name: str) -> UUID:
    """The id of a record: of what an attempt caused it follows from the attempt, else it is new."""
    return new_id() if attempt_id is None else caused_id(attempt_id, name)


async def lock_record(tx: Tx, actor: Actor, row: dict[str, Any] | None, what: str) -> Refusal | None:
    """Lock the party of a record that was found, with its accounts. Refuses `<what>-unknown`."""
    if row is None or not actor.may_see(row["creditor_id"]):
        return Refusal(f"{what}-unknown", f"There is no such {what}.")
    known = await load_subject(tx, row["party_id"])
    named = row.get("account_ids") or [each for each in (row.get("account_id"),) if each is not None]
    await lock(tx, creditors=[row["creditor_id"]], accounts=[row["party_id"], *known.account_ids, *named])
    return None
