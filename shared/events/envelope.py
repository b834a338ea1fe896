"""The envelope of every message: CloudEvents 1.0 in Kafka's binary mode, read in structured mode and bare as well.

Our own topics need the whole envelope. A feed of core banking may come structured, binary, or as bare JSON, and its
attributes are never trusted: its messages are told apart by their business key.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from pydantic import BaseModel, TypeAdapter, ValidationError

from shared.errors import ArrearsError
from shared.events.consumer_models import consumer_model
from shared.events.payload import in_utc
from shared.events.topics import TOPICS, Topic
from shared.ids import read_id
from shared.telemetry.failures import rules_text
from shared.telemetry.tracing import parse_traceparent

Headers = Sequence[tuple[str, bytes]]
SPEC_VERSION = "1.0"
_STRUCTURED = "application/cloudevents"
_VERSION = re.compile(r"[0-9]{1,19}")
_MAX_VERSION = 2**63 - 1
EPOCH_BITS = 40
"""The bits of an aggregate version below the epoch of its service."""
_ESCAPED_NUL = b"\\u0000"
_LONG_NUMBER = re.compile(rb"[0-9]{19}")
_DATA = {"data", "data_base64"}
_ATTRIBUTES = ("id", "source", "type", "time", "subject", "specversion")
_EXTENSIONS = ("aggregateversion", "correlationid", "causationid")
_NAMES = {f"ce_{name}": name for name in (*_ATTRIBUTES, *_EXTENSIONS)}


class EnvelopeError(ArrearsError):
    """A message that cannot be taken. `code` is `message-undecodable` or `message-invalid` (against its schema)."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Envelope(NamedTuple):
    """The attributes of a message. All but `topic` may be missing on a feed."""

    event_id: UUID | None = None
    source: str | None = None
    type: str | None = None
    time: datetime | None = None
    subject: str | None = None
    aggregate_version: int | None = None
    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    traceparent: str | None = None


_BARE = Envelope()


def encode_headers(event: Mapping[str, Any]) -> list[tuple[str, bytes]]:
    """Return the headers of an outbox row: what is null is left out."""
    time: datetime = event["time"]
    headers = [
        *_fixed_headers(event["source"], event["type"]),
        ("ce_id", str(event["event_id"]).encode()),
        ("ce_time", (time if time.tzinfo is UTC else time.astimezone(UTC)).isoformat()[:-6].encode() + b"Z"),
    ]
    for header, column in _OPTIONAL:
        value = event[column]
        if value is not None:
            headers.append((header, str(value).encode()))
    return headers


@cache
def _fixed_headers(source: str, type_: str) -> tuple[tuple[str, bytes], ...]:
    """The headers that all messages of a topic share."""
    return (_SPEC, _JSON, ("ce_source", source.encode()), ("ce_type", type_.encode()))


_SPEC = ("ce_specversion", SPEC_VERSION.encode())
_JSON = ("content-type", b"application/json")
_OPTIONAL = (
    ("ce_subject", "subject"),
    ("ce_aggregateversion", "aggregate_version"),
    ("ce_correlationid", "correlation_id"),
    ("ce_causationid", "causation_id"),
    ("traceparent", "traceparent"),
)


def decode(
    topic_name: str, headers: Iterable[tuple[str, bytes | None]], value: bytes | None
) -> tuple[Envelope, BaseModel]:
    """Return the attributes and the checked payload of a message.

    Unknown fields of the payload are ignored and unknown enum values are kept (consumers are lenient).

    Raises:
        EnvelopeError: nobody can read it, or it does not match the schema of its topic.
    """
    topic = TOPICS.get(topic_name)
    if topic is None:
        raise EnvelopeError("message-undecodable", f"no topic is called {topic_name!r}")
    if value is None:
        raise EnvelopeError("message-undecodable", "the message has no value")
    attributes, data = _open(dict(headers), value)
    return _attributes(topic, attributes), _payload(topic, data)


def _open(headers: dict[str, bytes | None], value: bytes) -> tuple[dict[str, str], bytes]:
    """Return the attributes by their CloudEvents names, and the JSON of the data."""
    if headers.get("content-type") == b"application/json" and "ce_id" in headers:
        # As our own producers write it; the rest of this function is for everybody else.
        try:
            return {_NAMES.get(name, name): raw.decode() for name, raw in headers.items() if raw is not None}, value
        except UnicodeDecodeError:
            raise EnvelopeError("message-undecodable", "a header is not UTF-8") from None
    try:
        # The specification names headers in lower case; HTTP-minded producers do not.
        text = {name.lower(): raw.decode() for name, raw in headers.items() if raw is not None}
    except UnicodeDecodeError:
        raise EnvelopeError("message-undecodable", "a header is not UTF-8") from None
    if text.get("content-type", "").startswith(_STRUCTURED) or _looks_structured(text, value):
        return _open_structured(value, text)
    attributes = {name.removeprefix("ce_"): item for name, item in text.items() if name.startswith("ce_")}
    _keep_trace(attributes, text)
    return attributes, value


def _looks_structured(headers: dict[str, str], value: bytes) -> bool:
    """Many a core cannot set headers: a structured event is known by its own attributes then."""
    return "ce_specversion" not in headers and b'"specversion"' in value and b'"data' in value


def _open_structured(value: bytes, headers: dict[str, str]) -> tuple[dict[str, str], bytes]:
    try:
        event = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise EnvelopeError("message-undecodable", f"the structured event is no JSON: {error}") from None
    if not isinstance(event, dict) or ("data" not in event and "data_base64" not in event):
        raise EnvelopeError("message-undecodable", "the structured event has no data")
    attributes = {name: str(item) for name, item in event.items() if name not in _DATA and item is not None}
    _keep_trace(attributes, headers)
    if "data" in event:
        return attributes, orjson.dumps(event["data"])
    try:
        return attributes, base64.b64decode(event["data_base64"], validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise EnvelopeError("message-undecodable", "data_base64 is no base64") from None


def _keep_trace(attributes: dict[str, str], headers: dict[str, str]) -> None:
    if "traceparent" in headers:
        attributes["traceparent"] = headers["traceparent"]


def _attributes(topic: Topic, found: dict[str, str]) -> Envelope:
    if topic.kind == "feed":
        return _untrusted(found)
    if found.get("specversion", SPEC_VERSION) != SPEC_VERSION:
        raise EnvelopeError("message-undecodable", "its version of CloudEvents is not known here")
    if found.get("type") != topic.type:
        raise EnvelopeError("message-undecodable", f"the type is not {topic.type!r}")
    if found.get("source") != topic.source:
        raise EnvelopeError("message-undecodable", f"its source does not own {topic.name}")
    try:
        version = found.get("aggregateversion")
        envelope = Envelope(
            read_id(found["id"]),
            found["source"],
            found["type"],
            in_utc(datetime.fromisoformat(found["time"])),
            found.get("subject"),
            None if version is None else _version(version),
            _id(found.get("correlationid")),
            _id(found.get("causationid")),
            _trace(found),
        )
    except (KeyError, ValueError):  # its text may quote what a stranger has sent
        raise EnvelopeError("message-undecodable", "an attribute is missing or malformed") from None
    if topic.kind == "state" and envelope.aggregate_version is None:
        raise EnvelopeError("message-undecodable", "a state without ce_aggregateversion")
    return envelope


def _untrusted(found: dict[str, str]) -> Envelope:
    """The attributes of a feed, each only if it can be read: a core's envelope never loses a payment."""
    if not found:
        return _BARE
    return Envelope(
        event_id=_readable(_uuid, found.get("id")),
        source=found.get("source"),
        type=found.get("type"),
        time=_readable(_moment, found.get("time")),
        subject=found.get("subject"),
        correlation_id=_readable(_uuid, found.get("correlationid")),
        traceparent=_trace(found),
    )


def _version(text: str) -> int:
    if not _VERSION.fullmatch(text) or int(text) > _MAX_VERSION:
        raise ValueError("no version")
    return int(text)


def _trace(found: dict[str, str]) -> str | None:
    """The trace goes on into what the message causes; a malformed one ends here, and never costs the message."""
    text = found.get("traceparent")
    return text if parse_traceparent(text) else None


def _id(text: str | None) -> UUID | None:
    return None if text is None else read_id(text)


def _uuid(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else in_utc(datetime.fromisoformat(text))


def _readable(read: Any, text: str | None) -> Any:
    try:
        return read(text)
    except ValueError:
        return None


@cache
def _validator(topic_name: str) -> TypeAdapter[BaseModel]:
    return TypeAdapter(consumer_model(TOPICS[topic_name]))


def _payload(topic: Topic, data: bytes) -> BaseModel:
    try:
        payload = _validator(topic.name).validate_json(data)
    except ValidationError as error:
        if any(problem["type"] == "json_invalid" for problem in error.errors(include_url=False, include_input=False)):
            raise EnvelopeError("message-undecodable", "the value is no JSON") from None
        raise EnvelopeError("message-invalid", rules_text(error)) from None
    if _ESCAPED_NUL in data and _holds_nul(payload.model_dump()):
        # JSON can write it and PostgreSQL cannot keep it: here it costs one message, there it would fail a batch.
        raise EnvelopeError("message-invalid", "a text holds a NUL character")
    if _LONG_NUMBER.search(data) and _holds_long_number(payload.model_dump()):
        raise EnvelopeError("message-invalid", "a number is beyond 64 bits")
    return payload


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, Mapping):
        return any(_holds_nul(name) or _holds_nul(item) for name, item in value.items())
    return isinstance(value, (list, tuple)) and any(map(_holds_nul, value))


def _holds_long_number(value: Any) -> bool:
    if isinstance(value, int):
        return not -(2**63) <= value < 2**63
    if isinstance(value, Mapping):
        return any(map(_holds_long_number, value.values()))
    return isinstance(value, (list, tuple)) and any(map(_holds_long_number, value))
