"""Follows what accounts, skiptrace and contact publish: creditors, debts, parties, points, and the contacts made.

The `keep_*` functions write projections and nothing else (a rebuild calls them); the `follow_*` functions do what
hangs on the news besides: publish a party's restrictions for an account that is new to it, and record what was heard.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from services.compliance.handlers.cases import Disputes
from services.compliance.handlers.hear import date_what_was_heard, hear
from services.compliance.handlers.publish import publish_restrictions
from services.compliance.store.attempts import save_attempts, save_bounced, save_reports, save_unplaced, settle_permits
from services.compliance.store.newest import Changed
from services.compliance.store.restrictions import load_party_wide
from services.compliance.store.subjects import load_debts_of
from services.compliance.store.views import (
    Source,
    add_marks,
    erase_parties,
    erase_points,
    save_accounts,
    save_creditors,
    save_inquiries,
    save_parties,
    save_points,
)
from shared.db.transaction import Tx
from shared.events.compliance import HOLD_THE_DEBT
from shared.ids import read_id
from shared.messaging.message import Handler, Message, Rejected

Messages = Sequence[Message[Any]]


async def follow_creditors(tx: Tx, messages: Messages) -> list[Rejected]:
    """Take a batch of `creditor.updated`. What was heard before its calendar was known is dated by it now."""
    changed = await keep_creditors(tx, messages)
    if changed.first:
        await date_what_was_heard(tx, changed.first)
    return []


async def follow_accounts(tx: Tx, messages: Messages) -> list[Rejected]:
    """Take a batch of `account.*`. An account that is new to its party comes under what stands for all of the party's.

    One that was the party's before may come back to it, and has not heard of what was lifted since.
    """
    changed = await keep_accounts(tx, messages)
    new = _by_party(changed, changed.first)
    if new:
        await publish_restrictions(tx, await load_party_wide(tx, new), only=new)
    moved = _by_party(changed, changed.moved)
    if moved:
        await publish_restrictions(tx, await load_party_wide(tx, moved, with_lifted=True), only=moved)
    return []


async def follow_parties(tx: Tx, messages: Messages) -> list[Rejected]:
    """Take a batch of `party.updated`. A debt in which a party has a new part comes under what holds for its debts."""
    changed = await keep_parties(tx, messages)
    wide = await load_party_wide(tx, changed) if changed else []
    if holding := [row for row in wide if row["kind"] in HOLD_THE_DEBT]:
        await publish_restrictions(tx, holding, only=await load_debts_of(tx, changed))
    return []


def points_follower(source: Source) -> Handler:
    """Return the handler of `contact_point.found` or `.given`, with their erasures, in their order."""

    async def follow_points_of_source(tx: Tx, messages: Messages) -> list[Rejected]:
        for is_erasure, run in _runs(messages):
            if is_erasure:
                await erase_points(tx, source, _keys(run))
            else:
                await save_points(tx, source, _states(run))
        return []

    return follow_points_of_source


async def follow_marks(tx: Tx, messages: Messages) -> list[Rejected]:
    """Take a batch of what became known of contact points, and of messages that were refused or did not arrive."""
    await add_marks(tx, filter(None, map(_mark, messages)))
    await save_bounced(tx, (one.payload.attempt_id for one in messages if one.topic == "message.bounced"))
    return []


async def follow_blocks(tx: Tx, messages: Messages) -> list[Rejected]:
    """Take a batch of `contact.blocked`: a permit that was not used counts no longer."""
    await keep_blocks(tx, messages)
    await settle_permits(tx, (each for one in messages for each in (one.payload.permit_id, one.payload.attempt_id)))
    return []


async def follow_inquiries(tx: Tx, messages: Messages) -> list[Rejected]:
    """Take a batch of `location_inquiry.*`: a third party was asked, and what came of it."""
    await save_inquiries(tx, _states(messages))
    return []


def attempts_follower(disputes: Disputes) -> Handler:
    """Return the handler of `contact.attempted` and `contact.completed`."""

    async def follow_attempts(tx: Tx, messages: Messages) -> list[Rejected]:
        await keep_attempts(tx, messages)
        await settle_permits(tx, (one.payload.permit_id for one in messages))
        completed = [one for one in messages if one.topic == "contact.completed"]
        await hear(tx, disputes, [(one.payload, one.event_id) for one in completed])
        return []

    return follow_attempts


async def keep_creditors(tx: Tx, messages: Messages) -> Changed:
    """Write the projection of creditors."""
    return await save_creditors(tx, _states(messages))


async def keep_accounts(tx: Tx, messages: Messages) -> Changed:
    """Write the projection of debts."""
    return await save_accounts(tx, _states(messages))


async def keep_parties(tx: Tx, messages: Messages) -> set[UUID]:
    """Write the projection of parties, erasures in their order; return those that have changed."""
    changed: set[UUID] = set()
    for is_erasure, run in _runs(messages):
        if is_erasure:
            await erase_parties(tx, _keys(run))
        else:
            changed.update(await save_parties(tx, _states(run)))
    return changed


async def keep_attempts(tx: Tx, messages: Messages) -> None:
    """Write the projection of contacts, the reports of their permits, and the numbers that were another's."""
    payloads = [message.payload for message in messages]
    await save_attempts(tx, payloads)
    await save_reports(tx, [(one.permit_id, "placed", one.attempt_id) for one in payloads if one.permit_id is not None])
    await add_marks(
        tx,
        [
            (one.payload.contact_point_id, one.payload.party_id, "invalid", "wrong_number", one.payload.completed_at)
            for one in messages
            if one.topic == "contact.completed"
            and one.payload.contact_point_id is not None
            and one.payload.is_wrong_number
        ],
    )


async def keep_blocks(tx: Tx, messages: Messages) -> None:
    """Write the reports of permits that were not used, known to contact or lost on the way to it."""
    await save_reports(
        tx, [(one.payload.permit_id, "not_placed", None) for one in messages if one.payload.permit_id is not None]
    )
    await save_unplaced(tx, (one.payload.attempt_id for one in messages if one.payload.attempt_id is not None))


def _by_party(changed: Changed, account_ids: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    found: dict[UUID, list[UUID]] = {}
    for account_id in sorted(account_ids):
        found.setdefault(changed.states[account_id].party_id, []).append(account_id)
    return found


def _mark(message: Message[Any]) -> tuple[UUID, UUID, str, str, Any] | None:
    one = message.payload
    match message.topic:
        case "contact_point.verified":
            return one.contact_point_id, one.party_id, "verified", one.method, one.verified_at
        case "contact_point.invalidated":
            return one.contact_point_id, one.party_id, "invalid", one.reason, one.at
        case "message.opted_out":
            return one.contact_point_id, one.party_id, "opted_out", one.channel, one.at
        case _ if one.is_permanent and one.contact_point_id is not None:
            return one.contact_point_id, one.party_id, "invalid", "bounced", one.at
        case _:
            return None


def _states(messages: Messages) -> list[tuple[Any, int]]:
    return [(message.payload, message.aggregate_version or 0) for message in messages]


def _keys(messages: Messages) -> list[UUID]:
    return [read_id(message.key) for message in messages if message.key is not None]


def _runs(messages: Messages) -> Iterable[tuple[bool, Messages]]:
    """The messages in their order, in runs of states and of erasures."""
    run: list[Message[Any]] = []
    for message in messages:
        if run and (message.payload is None) != (run[0].payload is None):
            yield run[0].payload is None, run
            run = []
        run.append(message)
    if run:
        yield run[0].payload is None, run
