"""A dead letter keeps the message as it came; its reason names places and rules, and nobody's data."""

from typing import Any
from uuid import uuid4

import orjson
import pytest
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.errors import Refusal
from shared.jobs import run_chunk
from shared.messaging.batch import BatchApplier
from shared.messaging.dead_letter import Parked, park, record_failed_replay
from shared.messaging.decoding import read
from shared.messaging.message import RawMessage, Rejected, Subscription
from tests.integration.messaging.rig import CLOCK, fetch

TOPIC = "core.payment.received"
PERSONAL = ("+1 212 555 0187", "Jane Doe", "4111 1111 1111 1111", "4111111111111111")


def _raw(**changed: Any) -> RawMessage:
    document = {
        "creditor_id": str(uuid4()),
        "core_account_number": "L-1",
        "amount_minor": 100,
        "currency": "USD",
        "effective_on": "2026-01-31",
        "channel": "branch",
        "source_ref": str(uuid4()),
    } | changed
    return RawMessage(TOPIC, 0, uuid4().int % 2**40, b"L-1", orjson.dumps(document), (), CLOCK.now())


async def _detail(engine: AsyncEngine, raw: RawMessage) -> str:
    (row,) = await fetch(engine, 'SELECT detail, value FROM dead_letter WHERE "offset" = $1', raw.offset)
    assert row["value"] == raw.value
    detail: str = row["detail"]
    return detail


def _holds(detail: str, text: str) -> bool:
    return any(word in detail for word in (text, *text.split()))


@pytest.mark.parametrize("text", PERSONAL)
async def test_a_value_that_the_schema_refuses_is_not_in_the_reason(kernel_engine: AsyncEngine, text: str) -> None:
    for field in ("creditor_id", "amount_minor", "currency", "effective_on", "channel"):
        raw = _raw(**{field: text})
        parked = read(raw)
        assert isinstance(parked, Parked)
        await run_chunk(kernel_engine, CLOCK, lambda tx, parked=parked: park(tx, [parked]))  # type: ignore[misc]
        detail = await _detail(kernel_engine, raw)
        assert detail.startswith(f"{field}: ")
        assert not _holds(detail, text)


@pytest.mark.parametrize("text", PERSONAL)
async def test_a_handler_that_fails_on_a_value_does_not_put_it_into_the_reason(
    kernel_engine: AsyncEngine, text: str
) -> None:
    async def validate(_tx: Any, _messages: Any) -> list[Rejected]:
        TypeAdapter(int).validate_python(text if not text.isdigit() else f"x{text}")
        return []

    async def quote(_tx: Any, _messages: Any) -> list[Rejected]:
        raise ValueError(text)

    for handler in (validate, quote):
        raw = _raw()
        subscription = Subscription((TOPIC,), handler)
        await BatchApplier(kernel_engine, CLOCK, [subscription], group="t", retry_s=0).apply([raw])
        assert not _holds(await _detail(kernel_engine, raw), text)


async def test_a_refusal_that_names_a_reference_keeps_no_card_number(kernel_engine: AsyncEngine) -> None:
    async def refuse(_tx: Any, messages: Any) -> list[Rejected]:
        detail = f"core reference {messages[0].payload.source_ref!r} was used for another payment"
        return [Rejected(messages[0], Refusal("source-ref-conflict", detail, "source_ref"))]

    raw = _raw(source_ref="4111111111111111")
    await BatchApplier(kernel_engine, CLOCK, [Subscription((TOPIC,), refuse)], group="t").apply([raw])
    detail = await _detail(kernel_engine, raw)
    assert "was used for another payment" in detail
    assert "4111" not in detail
    (row,) = await fetch(kernel_engine, 'SELECT dead_letter_id FROM dead_letter WHERE "offset" = $1', raw.offset)
    again = "4111 1111 1111 1111 fails again"
    await run_chunk(
        kernel_engine, CLOCK, lambda tx: record_failed_replay(tx, row["dead_letter_id"], "handler-failed", again)
    )
    assert "4111" not in await _detail(kernel_engine, raw)
