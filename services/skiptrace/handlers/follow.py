"""Follows what the other services publish, and judges the parties that it concerns."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.skiptrace.domain.policy import Policy
from services.skiptrace.domain.triggers import INVALID_REASONS, Trigger
from services.skiptrace.handlers.reassess import reassess
from services.skiptrace.handlers.sweep import request_judgement, request_sweep
from services.skiptrace.store import facts
from shared.db.locks import lock
from shared.db.transaction import Tx
from shared.events.compliance import HOLD_THE_DEBT
from shared.events.contact import ContactCompleted, ContactPointInvalidated, MessageBounced
from shared.events.skiptrace import SkipTraceTrigger
from shared.ids import read_id
from shared.messaging.message import Message, Rejected

Batch = Sequence[Message[Any]]


class Follower:
    """The handlers of all topics, with what the deployment decides."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    async def creditors(self, tx: Tx, messages: Batch) -> list[Rejected]:
        """Take a batch of `creditor.updated`."""
        await facts.save_creditors(tx, _states(messages))
        return []

    async def business_dates(self, tx: Tx, messages: Batch) -> list[Rejected]:
        """Take a batch of `business_date.advanced`: each night the parties that nobody reached are looked for."""
        for day, creditor_id in sorted({(one.payload.business_date, one.payload.creditor_id) for one in messages}):
            await request_sweep(tx, creditor_id, day)
        return []

    async def parties(self, tx: Tx, messages: Batch) -> list[Rejected]:
        """Take a batch of `party.updated`, erasures among them: of each party the last message rules."""
        erased = erased_parties(messages)
        if erased:
            await lock(tx, accounts=erased)
            await facts.erase_parties(tx, erased)
            await facts.forget_findings(tx, erased)
        kept = [one for one in messages if one.payload is not None and one.payload.party_id not in erased]
        await facts.save_parties(tx, _states(kept))
        await self._judge(tx, {message.payload.party_id: message.event_id for message in kept}, erased)
        return []

    async def accounts(self, tx: Tx, messages: Batch) -> list[Rejected]:
        """Take a batch of `account.*` states."""
        await facts.save_accounts(tx, _states(messages))
        await self._judge(tx, _causes(messages))
        await _request_other_debtors(tx, messages)
        return []

    async def restrictions(self, tx: Tx, messages: Batch) -> list[Rejected]:
        """Take a batch of `restriction.*` states. One that holds for the debt binds whoever owes it besides."""
        await facts.save_restrictions(tx, _states(messages))
        await self._judge(tx, _causes(messages))
        await _request_other_debtors(tx, [one for one in messages if one.payload.kind in HOLD_THE_DEBT])
        return []

    async def contacts(self, tx: Tx, messages: Batch) -> list[Rejected]:
        """Take a batch of what contact says: outcomes, contact points that are no good, and letters that came back."""
        await keep_contacts(tx, messages)
        await self._judge(tx, _causes(messages))
        return []

    async def _judge(self, tx: Tx, causes: dict[UUID, UUID | None], erased: Sequence[UUID] = ()) -> None:
        known = {party_id: event_id for party_id, event_id in causes.items() if event_id is not None}
        await reassess(tx, {*causes, *erased}, self._policy, causes=known, emptied=erased)


async def _request_other_debtors(tx: Tx, messages: Batch) -> None:
    """Have those judged who owe the accounts of messages beside the parties that these name, and that are locked."""
    named = {message.payload.party_id for message in messages}
    debtors = await facts.debtors(tx, [message.payload.account_id for message in messages])
    await request_judgement(tx, [each for each in debtors if each[1] not in named])


def erased_parties(messages: Batch) -> list[UUID]:
    """The parties of which the last message of a batch is an erasure."""
    last = {message.key or str(message.payload.party_id): message for message in messages}
    return sorted(read_id(key) for key, message in last.items() if message.payload is None)


async def keep_contacts(tx: Tx, messages: Batch) -> None:
    """Keep the tries, marks and triggers that are in messages of contact, whatever their kind and order."""
    outcomes: list[ContactCompleted] = [one.payload for one in messages if isinstance(one.payload, ContactCompleted)]
    invalid = [one.payload for one in messages if isinstance(one.payload, ContactPointInvalidated)]
    returned = [one.payload for one in messages if isinstance(one.payload, MessageBounced) and _came_back(one.payload)]
    wrong = [one for one in outcomes if one.is_wrong_number]
    marks: list[facts.Mark] = [
        (one.contact_point_id, one.party_id, None, one.completed_at)
        for one in outcomes
        if one.contact_point_id and one.is_right_party
    ]
    no_good: list[ContactCompleted | ContactPointInvalidated | MessageBounced] = [*wrong, *invalid, *returned]
    marks += [(one.contact_point_id, one.party_id, one.at, None) for one in no_good if one.contact_point_id]
    triggers = [_trigger("wrong_number", one) for one in wrong] + [_trigger("returned_mail", one) for one in returned]
    triggers += [
        _trigger(kind, one) for one in invalid if (kind := INVALID_REASONS.get((one.kind, one.reason))) is not None
    ]
    await facts.save_tries(tx, [one for one in outcomes if one.direction == "outbound" or one.is_right_party])
    await facts.save_marks(tx, marks)
    await facts.save_triggers(tx, triggers)


def _came_back(one: MessageBounced) -> bool:
    return one.channel == "letter" and one.is_permanent


def _trigger(kind: SkipTraceTrigger, one: ContactCompleted | ContactPointInvalidated | MessageBounced) -> facts.Told:
    return one.creditor_id, one.party_id, Trigger(kind, one.at, one.account_id, one.contact_point_id)


def _states(messages: Batch) -> list[tuple[Any, int]]:
    return [(message.payload, message.aggregate_version or 0) for message in messages]


def _causes(messages: Batch) -> dict[UUID, UUID | None]:
    return {message.payload.party_id: message.event_id for message in messages}
