"""Takes reversals of core banking in batches: applied once per reference, booked when they echo ours, or held.

A reversal that comes before its payment waits in `held_reversal`; posting that payment applies it. One that does not
fit its payment (another amount, a day that has not come) waits there too, whichever of the two came first.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from services.payments.domain.posting import KnownReference
from services.payments.domain.reversal import Booked, CoreReversal, Reversed
from services.payments.handlers.reverse_payments import reverse
from services.payments.store.references import Claim, Key, claim
from services.payments.store.reversals import find_originals, hold_reversals, take_held_of
from shared.db.transaction import Tx
from shared.errors import Refusal

PAYMENT_UNKNOWN: Final = "payment-unknown"
"""Why most reversals wait; else the code of what does not fit their payment."""


@dataclass(slots=True)
class Taken:
    """What a batch of reversals came to: a refusal or nothing for each, in order, and whose money changed."""

    refusals: list[Refusal | None] = field(default_factory=list)
    touched: set[UUID] = field(default_factory=set)


async def receive_reversals(tx: Tx, reversals: Sequence[CoreReversal]) -> Taken:
    """Apply a batch without reassessing. The accounts are locked."""
    if not reversals:
        return Taken()
    claims = {_key(one): _claim(one) for one in reversed(reversals)}
    known = await claim(tx, claims)
    new, refusals = _unknown(reversals, known)
    originals = await find_originals(tx, new)
    here = [one for one in new if _key(one) in originals]
    await hold_reversals(tx, [(one, PAYMENT_UNKNOWN) for one in new if _key(one) not in originals])
    return Taken([refusals.get(place) for place in range(len(reversals))], await _reverse(tx, here, originals))


async def retry_held(tx: Tx, account_ids: Collection[UUID]) -> set[UUID]:
    """Try the reversals that wait on these accounts again; return the accounts whose money changed."""
    held = await take_held_of(tx, account_ids)
    originals = await find_originals(tx, held)
    await hold_reversals(tx, [(one, PAYMENT_UNKNOWN) for one in held if _key(one) not in originals])
    return await _reverse(tx, [one for one in held if _key(one) in originals], originals)


async def _reverse(tx: Tx, here: Sequence[CoreReversal], originals: Mapping[Key, UUID]) -> set[UUID]:
    """Apply reversals whose payments are here, hold those that do not fit, and return whose money changed."""
    decisions = await reverse(tx, [(originals[_key(one)], one.command()) for one in here])
    made = list(zip(here, decisions, strict=True))
    await hold_reversals(tx, [(one, decision.code) for one, decision in made if isinstance(decision, Refusal)])
    return {one.account_id for one, decision in made if isinstance(decision, (Reversed, Booked))}


def _unknown(
    reversals: Sequence[CoreReversal], known: dict[Key, KnownReference]
) -> tuple[list[CoreReversal], dict[int, Refusal]]:
    """The reversals that are new, and a refusal for each that uses a known reference with other content."""
    hashes = {key: one.content_hash for key, one in known.items()}
    new: dict[Key, CoreReversal] = {}
    refusals: dict[int, Refusal] = {}
    for place, one in enumerate(reversals):
        first = hashes.setdefault(_key(one), one.content_hash)
        if first != one.content_hash:
            detail = f"core reference {one.source_ref!r} was used before, with other content."
            refusals[place] = Refusal("source-ref-conflict", detail, "source_ref")
        elif _key(one) not in known:
            new.setdefault(_key(one), one)
    return list(new.values()), refusals


def _key(reversal: CoreReversal) -> Key:
    return (reversal.creditor_id, "core", reversal.source_ref)


def _claim(reversal: CoreReversal) -> Claim:
    return Claim(*_key(reversal), "reversal", reversal.content_hash, None)
