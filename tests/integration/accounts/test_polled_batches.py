"""Messages as they lie in Kafka, through the service's own subscriptions: decoded, locked, claimed, applied."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import orjson
from pydantic import BaseModel

from services.accounts.consumers import FACTS, chunks, subscriptions
from services.accounts.settings import AccountsSettings
from shared.db.transaction import Tx
from shared.events.envelope import encode_headers
from shared.events.topics import TOPICS
from shared.ids import new_id
from shared.jobs import run_chunk
from shared.messaging.batch import BatchApplier
from shared.messaging.message import RawMessage
from tests.integration.accounts.desk import CLOCK, DAY, LOAN, Desk

NEXT = DAY + timedelta(days=1)
_offsets = count()


def raw(topic: str, payload: BaseModel, *, event_id: UUID | None = None, version: int | None = None) -> RawMessage:
    """A message of ours, as the relay sends it."""
    body = payload.model_dump(mode="json")
    headers = encode_headers(
        {
            "event_id": event_id or new_id(),
            "source": f"/{TOPICS[topic].owner}",
            "type": TOPICS[topic].type,
            "time": CLOCK.now(),
            "subject": body["account_id"],
            "aggregate_version": version,
            "correlation_id": new_id(),
            "causation_id": None,
            "traceparent": None,
            "creditor_id": body["creditor_id"],
        }
    )
    return _message(topic, body["account_id"], {**body, "a_field_of_tomorrow": 1}, tuple(headers))


def bare(topic: str, body: dict[str, Any]) -> RawMessage:
    """A message of core banking: bare JSON, no headers."""
    return _message(topic, body["core_account_number"], body, ())


def _message(topic: str, key: str, body: dict[str, Any], headers: tuple[tuple[str, bytes], ...]) -> RawMessage:
    return RawMessage(topic, 0, next(_offsets), key.encode(), orjson.dumps(body), headers, datetime.now(UTC))  # noqa: TID251  # the broker's time


def applier(desk: Desk, loop: str) -> BatchApplier:
    settings: AccountsSettings = desk.app.state.settings
    wanted = [each for each in subscriptions(settings) if each.loop == loop]
    return BatchApplier(desk.engine, CLOCK, wanted, group=f"accounts.{loop}")


async def parked(desk: Desk) -> list[str]:
    async def read(tx: Tx) -> list[Any]:
        return await tx.fetch("SELECT code FROM dead_letter WHERE creditor_id = $1 ORDER BY code", desk.creditor_id)

    return [row["code"] for row in await run_chunk(desk.engine, CLOCK, read)]


def test_every_fact_that_moves_an_account_has_one_handler() -> None:
    assert {"payment.posted", "payment.reversed", "promise.broken", "arrangement.completed"} <= set(FACTS)
    assert "payment.unapplied" not in FACTS
    assert set(chunks(AccountsSettings.model_construct(version_epoch=0))) >= {"aging", "held_snapshots"}


async def test_one_batch_of_facts_moves_the_account_and_a_redelivery_changes_nothing(desk: Desk) -> None:
    await desk.take(LOAN)
    promise, arrangement = uuid4(), uuid4()
    payment = desk.posted(10_000, NEXT)
    batch = [
        raw("payment.posted", payment.payload),
        raw("promise.broken", desk.promise(2, "broken", promise_id=promise, resolved_on=NEXT).payload, version=2),
        raw("promise.made", desk.promise(1, "made", promise_id=promise).payload, version=1),
        raw("arrangement.activated", desk.arrangement(1, "active", arrangement_id=arrangement).payload, version=1),
        raw("payment.reversed", desk.reversed(payment, NEXT).payload),
    ]
    await applier(desk, "main").apply(batch)
    account = await desk.account()
    assert (account["balance_minor"], account["queue"]) == (100_000, "broken_promise")
    assert account["arrangement_status"] == "active"
    before = await desk.events()
    await applier(desk, "main").apply(batch)
    assert await desk.events() == before
    assert await parked(desk) == []


async def test_events_carry_the_context_of_what_led_to_them(desk: Desk) -> None:
    await desk.take(LOAN)
    event_id = new_id()
    await applier(desk, "main").apply([raw("payment.posted", desk.posted(20_000, NEXT).payload, event_id=event_id)])

    async def read(tx: Tx) -> list[Any]:
        return await tx.fetch(
            "SELECT topic FROM outbox WHERE creditor_id = $1 AND causation_id = $2 ORDER BY id",
            desk.creditor_id,
            event_id,
        )

    topics = [row["topic"] for row in await run_chunk(desk.engine, CLOCK, read)]
    assert topics[:2] == ["account.cured", "account.aged"]


async def test_bare_snapshots_of_core_banking_are_taken_and_the_bad_ones_are_parked(desk: Desk) -> None:
    row = {k: v for k, v in LOAN.items() if v is not None}
    stated = {**row, "creditor_id": str(desk.creditor_id), "business_date": DAY.isoformat()}
    await applier(desk, "bulk").apply(
        [
            bare("core.account.snapshot", stated),
            bare("core.account.snapshot", {**stated, "core_account_number": "L2", "currency": "EUR"}),
            bare("core.account.snapshot", {**stated, "core_account_number": "L3", "past_due_minor": -5}),
            bare("core.account.snapshot", {**stated, "core_account_number": "L4", "oldest_unpaid_due_on": None}),
            bare(
                "core.account.snapshot", {**stated, "core_account_number": "L5", "oldest_unpaid_due_on": "0026-02-01"}
            ),
            bare("core.account.snapshot", stated),
        ]
    )
    assert (await desk.account())["past_due_minor"] == 20_000
    codes = await parked(desk)
    assert codes == ["currency-mismatch", "message-invalid", "oldest-unpaid-due-on-required"]
    assert len(await desk.events("account.opened")) == 1
    creditor = await desk.http.get(f"/v1/creditors/{desk.creditor_id}", headers=desk.headers("admin"))
    assert creditor.json()["business_date"] == DAY.isoformat()


async def test_a_new_snapshot_by_kafka_and_the_same_by_file_are_one(desk: Desk) -> None:
    await desk.take(LOAN)
    stated = {**LOAN, "creditor_id": str(desk.creditor_id), "business_date": date(2026, 3, 11).isoformat()}
    await applier(desk, "bulk").apply([bare("core.account.snapshot", stated)])
    counts = await desk.take(LOAN, day=date(2026, 3, 11))
    assert counts["unchanged"] == 1
