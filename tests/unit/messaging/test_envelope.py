"""Messages are read as CloudEvents say, in every mode, and what cannot be read says why without personal data."""

import base64
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.consumer_models import consumer_model
from shared.events.envelope import EnvelopeError, decode, encode_headers
from shared.events.topics import TOPICS
from shared.ids import new_id

ACCOUNT = uuid4()
VALUE: dict[str, Any] = {
    "creditor_id": str(uuid4()),
    "account_id": str(ACCOUNT),
    "payment_id": str(uuid4()),
    "amount_minor": 100,
    "currency": "USD",
    "effective_on": "2026-01-02",
    "posted_on": "2026-01-02",
    "channel": "ach",
    "source": "core",
    "source_ref": "r",
    "origin": "core",
    "allocation": [{"component": "principal", "amount_minor": 100}],
    "allocation_basis": "waterfall",
}
EVENT: dict[str, Any] = {
    "event_id": new_id(),
    "source": "/payments",
    "type": "payment.posted.v1",
    "time": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    "subject": str(ACCOUNT),
    "aggregate_version": None,
    "correlation_id": new_id(),
    "causation_id": None,
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
}


def _decode(headers: list[tuple[str, bytes]] | None = None, **changes: Any) -> Any:
    return decode("payment.posted", headers or encode_headers(EVENT), json.dumps({**VALUE, **changes}).encode())


def _refused(
    headers: list[tuple[str, bytes]] | None = None, topic: str = "payment.posted", **changes: Any
) -> tuple[str, str]:
    with pytest.raises(EnvelopeError) as caught:
        decode(topic, headers or encode_headers(EVENT), json.dumps({**VALUE, **changes}).encode())
    return caught.value.code, caught.value.detail


def test_what_is_encoded_is_decoded() -> None:
    envelope, payload = _decode()
    for name, value in EVENT.items():
        assert getattr(envelope, name) == value
    assert payload.account_id == ACCOUNT
    assert isinstance(payload, TOPICS["payment.posted"].payload)


def test_a_consumer_ignores_new_fields_and_keeps_values_it_does_not_know() -> None:
    line = {"component": "insurance", "amount_minor": 100, "memo": "x"}
    _, payload = _decode(channel="crypto", origin="elsewhere", new_field={"a": 1}, allocation=[line])
    assert (payload.channel, payload.origin) == ("crypto", "elsewhere")
    assert payload.allocation[0].component == "insurance"
    assert not hasattr(payload, "new_field")


@pytest.mark.parametrize(
    "change",
    [{"amount_minor": 0}, {"amount_minor": 1.0}, {"amount_minor": True}, {"currency": "usd"}, {"allocation": []}],
)
def test_a_consumer_still_checks_amounts_and_shapes(change: dict[str, Any]) -> None:
    code, detail = _refused(**change)
    assert code == "message-invalid"
    assert next(iter(change)) in detail


def test_the_reason_names_fields_and_never_values() -> None:
    _, detail = _refused(account_id="Alex Example 312-555-0123")
    assert "account_id" in detail
    assert "Alex" not in detail


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ce_id", b"not a uuid"),
        ("ce_type", b"payment.posted.v2"),
        ("ce_source", b"/accounts"),
        ("ce_time", b"yesterday"),
        ("ce_time", b"2026-01-31T23:00:00"),
        ("ce_time", b"0001-01-01T00:00:00+01:00"),
        ("ce_specversion", b"0.3"),
        ("ce_id", None),
        ("ce_time", None),
        ("ce_subject", b"\xff\xfe"),
    ],
)
def test_our_own_topics_need_the_whole_envelope(name: str, value: bytes | None) -> None:
    headers = [(header, raw) for header, raw in encode_headers(EVENT) if header != name]
    assert _refused(headers + ([(name, value)] if value is not None else []))[0] == "message-undecodable"


def test_the_time_of_a_message_is_told_in_utc_whatever_zone_it_came_in() -> None:
    """A distance of more than sixteen hours is one that the database does not take."""
    headers = [(header, raw) for header, raw in encode_headers(EVENT) if header != "ce_time"]
    envelope, _ = _decode([*headers, ("ce_time", b"2026-01-31T23:00:00-23:59")])
    assert envelope.time is not None
    assert envelope.time.isoformat() == "2026-02-01T22:59:00+00:00"


def test_a_state_needs_its_version() -> None:
    event = {**EVENT, "type": "promise.made.v1"}
    with pytest.raises(EnvelopeError, match="aggregateversion"):
        decode("promise.made", encode_headers(event), b"{}")


def test_header_names_may_come_in_any_case() -> None:
    envelope, _ = _decode([(name.upper(), value) for name, value in encode_headers(EVENT)])
    assert envelope.event_id == EVENT["event_id"]


CORE = {
    "creditor_id": str(uuid4()),
    "core_account_number": "  0017-S1 ",
    "amount_minor": 5,
    "currency": "USD",
    "effective_on": "2026-01-02",
    "channel": "ach",
    "source_ref": "r",
}
CLOUD = {"specversion": "1.0", "id": "7", "source": "/core", "type": "t", "time": "not a time", "subject": None}
STRUCTURED = [("content-type", b"application/cloudevents+json; charset=utf-8")]


@pytest.mark.parametrize(
    ("headers", "value"),
    [
        ([], CORE),
        ([("ce_id", b"7"), ("ce_specversion", b"1.0")], CORE),
        (STRUCTURED, {**CLOUD, "data": CORE}),
        (STRUCTURED, {**CLOUD, "data_base64": base64.b64encode(json.dumps(CORE).encode()).decode()}),
        ([], {**CLOUD, "data": CORE}),
    ],
)
def test_a_feed_comes_bare_binary_or_structured_and_its_envelope_never_loses_it(
    headers: list[tuple[str, bytes]], value: dict[str, Any]
) -> None:
    envelope, payload = decode("core.payment.received", headers, json.dumps(value).encode())
    assert payload.model_dump()["core_account_number"] == "0017-S1"
    assert envelope.event_id is None


def test_the_event_id_of_a_feed_is_kept_when_it_is_a_uuid() -> None:
    event_id = uuid4()
    envelope, _ = decode("core.payment.received", [("ce_id", str(event_id).encode())], json.dumps(CORE).encode())
    assert envelope.event_id == UUID(str(event_id))


@given(st.binary(max_size=200), st.lists(st.tuples(st.text(max_size=12), st.binary(max_size=12)), max_size=4))
def test_whatever_comes_is_read_or_refused_with_a_code(value: bytes, headers: list[tuple[str, bytes]]) -> None:
    for topic in ("payment.posted", "core.payment.received", "core.account.snapshot", "no.topic"):
        for extra in ([], STRUCTURED, encode_headers(EVENT)):
            with pytest.raises(EnvelopeError) as caught:
                decode(topic, [*headers, *extra], value)
            assert caught.value.code in {"message-undecodable", "message-invalid"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["data", "specversion", "data_base64", "id", "time", *CORE]), json_values))
def test_a_structured_event_of_any_shape_is_read_or_refused(event: dict[str, Any]) -> None:
    for body in (event, {**CLOUD, **event}, {**CLOUD, "data": event}):
        try:
            decode("core.payment.received", STRUCTURED, json.dumps(body).encode())
        except EnvelopeError as error:
            assert error.code in {"message-undecodable", "message-invalid"}  # noqa: PT017 - it may also be readable


@pytest.mark.parametrize("name", sorted(TOPICS))
def test_the_consumers_model_has_the_producers_fields(name: str) -> None:
    producer, consumer = TOPICS[name].payload, consumer_model(TOPICS[name])
    assert issubclass(consumer, producer)
    assert list(consumer.model_fields) == list(producer.model_fields)
    for field in producer.model_fields:
        assert consumer.model_fields[field].is_required() == producer.model_fields[field].is_required()


SNAPSHOT = {
    "creditor_id": str(uuid4()),
    "business_date": "2026-01-02",
    "core_account_number": "L1",
    "product_class": "closed_end_loan",
    "currency": "USD",
    "balance_minor": 100_000,
    "past_due_minor": 0,
}


@pytest.mark.parametrize("amount", [12.0, 12.5, "12", True, 1e3])
@pytest.mark.parametrize("name", ["balance_minor", "past_due_minor", "installment_minor"])
def test_an_amount_of_a_snapshot_is_a_whole_number_and_nothing_that_looks_like_one(name: str, amount: object) -> None:
    assert decode("core.account.snapshot", [], json.dumps(SNAPSHOT).encode())
    with pytest.raises(EnvelopeError, match=name):
        decode("core.account.snapshot", [], json.dumps({**SNAPSHOT, name: amount}).encode())


def test_what_is_empty_in_a_snapshot_is_unknown_as_in_a_line_of_a_file() -> None:
    empty = {"credit_limit_minor": "", "past_due_minor": None, "next_due_on": "", "frequency": "", "status": None}
    read = decode("core.account.snapshot", [], json.dumps(SNAPSHOT | empty).encode())[1].model_dump()
    assert (read["credit_limit_minor"], read["past_due_minor"], read["next_due_on"]) == (None, 0, None)
    assert read["status"] == "open"
    with pytest.raises(EnvelopeError, match="balance_minor"):
        decode("core.account.snapshot", [], json.dumps({**SNAPSHOT, "balance_minor": ""}).encode())
