"""Whatever a stranger puts into the key, the headers or the attributes of a message: it is parked or taken, whole."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.jobs import run_chunk
from shared.messaging.batch import BatchApplier
from shared.messaging.dead_letter import DeadLetter, Parked, Selection
from shared.messaging.decoding import read
from shared.messaging.message import RawMessage, Subscription
from shared.messaging.replay import list_dead_letters
from tests.integration.messaging.rig import CLOCK, apply_payments, effects, fetch, posted

GOLDEN = Path(__file__).parents[2] / "contract" / "golden"
FEED, OWN = "core.payment.received", "payment.posted"
HEADERS: tuple[tuple[tuple[str, Any], ...], ...] = (
    (("ce_source", None),),
    (("ce_type", None), ("ce_id", None)),
    (("x", None), ("", b""), ("a\x00b", b"\x00")),
    (("ce_source", b"\xff"), ("ce_id", b"hex:zz")),
    (("ce_type", b"hex:6162"), ("y", b"hex:zz")),
    (("ce_type", b"payment.posted.v1"), ("ce_type", b"twice"), ("b", b"2"), ("a", b"1")),
)
KEYS = (None, b"", b"\x00", b"\xff\xfe", b"hex:zz", b"hex:6162")


def _raw(topic: str, value: bytes | None, *headers: tuple[str, Any], key: bytes | None = b"k") -> RawMessage:
    return RawMessage(topic, 0, uuid4().int % 2**40, key, value, headers, CLOCK.now())


async def _parked(engine: AsyncEngine, raw: RawMessage) -> DeadLetter:
    await BatchApplier(engine, CLOCK, [Subscription((raw.topic,), apply_payments)], group="test").apply([raw])
    (row,) = await fetch(engine, 'SELECT dead_letter_id FROM dead_letter WHERE "offset" = $1', raw.offset)
    (letter,) = await list_dead_letters(engine, CLOCK, Selection(dead_letter_id=row["dead_letter_id"]))
    return letter


@pytest.mark.parametrize("headers", HEADERS)
async def test_a_message_with_any_headers_is_parked_and_comes_back_as_it_was(
    kernel_engine: AsyncEngine, headers: tuple[tuple[str, Any], ...]
) -> None:
    raw = _raw(FEED, b"{", *headers)
    letter = await _parked(kernel_engine, raw)
    assert letter.code == "message-undecodable"
    assert letter.raw.value == raw.value
    assert letter.raw.headers == headers


@pytest.mark.parametrize("key", KEYS)
async def test_a_message_with_any_key_is_parked_and_comes_back_as_it_was(
    kernel_engine: AsyncEngine, key: bytes | None
) -> None:
    assert (await _parked(kernel_engine, _raw(FEED, b"{", key=key))).raw.key == key


async def test_a_text_that_the_database_cannot_hold_is_refused_before_a_handler_fails_on_it() -> None:
    payment = posted(uuid4()).model_dump(mode="json") | {"source_ref": "a\0b"}
    found = read(_raw(OWN, orjson.dumps(payment), *_attributes()))
    assert isinstance(found, Parked)
    assert (found.code, found.detail) == ("message-invalid", "a text holds a NUL character")


async def test_what_looks_like_an_escaped_nul_and_is_none_is_taken() -> None:
    payment = posted(uuid4()).model_dump(mode="json") | {"source_ref": "a\\u0000b"}
    assert not isinstance(read(_raw(OWN, orjson.dumps(payment), *_attributes())), Parked)


@pytest.mark.parametrize("version", [b"-1", str(2**63).encode(), b"9" * 30, b"1_0", "\u0661".encode()])
async def test_a_version_that_no_service_gives_is_refused(version: bytes) -> None:
    attributes = dict(_attributes("promise.made")) | {"ce_aggregateversion": version}
    found = read(_raw("promise.made", b"{}", *attributes.items()))
    assert isinstance(found, Parked)
    assert found.code == "message-undecodable"


@pytest.mark.parametrize("days", [-1, 2**31, 10**30])
async def test_grace_that_no_column_holds_is_refused_before_a_handler_fails_on_it(days: int) -> None:
    golden = orjson.loads((GOLDEN / "promise.made.json").read_bytes())
    headers = [(name, text.encode()) for name, text in golden["headers"].items()]
    value = json.dumps(golden["value"] | {"grace_days": days}).encode()
    found = read(_raw("promise.made", value, *headers))
    assert isinstance(found, Parked)
    assert found.code == "message-invalid"


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59.999999-23:59", "0001-01-01T00:00:00+01:00", "2026-01-31"])
async def test_a_moment_that_no_column_holds_is_refused_before_a_handler_fails_on_it(moment: str) -> None:
    golden = orjson.loads((GOLDEN / "promise.made.json").read_bytes())
    headers = [(name, text.encode()) for name, text in golden["headers"].items()]
    found = read(_raw("promise.made", orjson.dumps(golden["value"] | {"made_at": moment}), *headers))
    assert isinstance(found, Parked)
    assert found.code == "message-invalid"


async def test_a_moment_in_any_zone_is_taken() -> None:
    golden = orjson.loads((GOLDEN / "promise.made.json").read_bytes())
    headers = [(name, text.encode()) for name, text in golden["headers"].items()]
    found = read(
        _raw("promise.made", orjson.dumps(golden["value"] | {"made_at": "2026-01-31T23:00:00-18:00"}), *headers)
    )
    assert not isinstance(found, Parked)
    assert found.payload.made_at == datetime(2026, 2, 1, 17, tzinfo=UTC)


async def test_a_trace_that_is_none_does_not_lose_its_message(kernel_engine: AsyncEngine) -> None:
    creditor = uuid4()

    async def emit(tx: Any, messages: Any) -> Any:
        for message in messages:
            tx.emit(OWN, posted(creditor), causation=message.event_id)
        return await apply_payments(tx, messages)

    applier = BatchApplier(kernel_engine, CLOCK, [Subscription((OWN,), emit)], group="test")
    raw = _raw(OWN, orjson.dumps(posted(creditor, 7).model_dump(mode="json")), *_attributes(), ("traceparent", b"a\0b"))
    await applier.apply([raw])
    assert await effects(kernel_engine, creditor) == [7]
    await run_chunk(kernel_engine, CLOCK, lambda tx: tx.execute("DELETE FROM outbox"))


def _attributes(topic: str = OWN) -> tuple[tuple[str, bytes], ...]:
    return (
        ("ce_specversion", b"1.0"),
        ("ce_id", str(uuid4()).encode()),
        ("ce_source", b"/payments"),
        ("ce_type", f"{topic}.v1".encode()),
        ("ce_time", b"2026-01-31T12:00:00Z"),
    )
