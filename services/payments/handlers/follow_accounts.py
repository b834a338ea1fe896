"""Follows what accounts publishes: the state of accounts and creditors, and business dates.

A new account gets the payments that waited for it. An older state than the one seen changes nothing: the newest says
all, since when the account is charged or paid off included.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.payments.handlers.evaluate_date import request_evaluation
from services.payments.handlers.held_payments import post_held
from services.payments.handlers.reassess import note_completed, reassess
from services.payments.store.views import save_accounts, save_business_dates, save_creditors
from shared.db.transaction import Tx
from shared.messaging.message import Message, Rejected


async def follow_accounts(tx: Tx, messages: Sequence[Message[Any]]) -> list[Rejected]:
    """Take a batch of `account.*` states."""
    states = [(message.payload, message.aggregate_version or 0) for message in messages]
    causes: dict[UUID, UUID] = {
        message.payload.account_id: message.event_id for message in messages if message.event_id is not None
    }
    touched = await save_accounts(tx, states)
    posted = await post_held(tx, touched, causes)
    done = await reassess(tx, touched, causes=causes)
    await note_completed(tx, posted, done.completed)
    return []


async def follow_creditors(tx: Tx, messages: Sequence[Message[Any]]) -> list[Rejected]:
    """Take a batch of `creditor.updated`."""
    await save_creditors(tx, [(message.payload, message.aggregate_version or 0) for message in messages])
    return []


async def follow_business_dates(tx: Tx, messages: Sequence[Message[Any]]) -> list[Rejected]:
    """Take a batch of `business_date.advanced`: each records a job that judges the creditor's book on that day."""
    dates = sorted({(message.payload.business_date, message.payload.creditor_id) for message in messages})
    await save_business_dates(tx, [(creditor_id, day) for day, creditor_id in dates])
    for day, creditor_id in dates:
        await request_evaluation(tx, creditor_id, day)
    return []
