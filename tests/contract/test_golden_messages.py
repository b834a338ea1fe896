"""One golden message per event: the producer's model emits it, the schema allows it, every consumer reads it."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shared.events.envelope import decode
from shared.events.export import schema_of
from shared.events.topics import TOPICS

GOLDEN = Path(__file__).parent / "golden"


def _golden(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())
    return document


def test_every_topic_has_a_golden_message_and_no_other_has() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(TOPICS)


@pytest.mark.parametrize("name", sorted(TOPICS))
def test_a_golden_message_matches_its_schema_and_key(name: str) -> None:
    golden = _golden(name)
    validator = Draft202012Validator(schema_of(TOPICS[name]), format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert [error.message for error in validator.iter_errors(golden["value"])] == []
    assert golden["key"] == golden["value"][TOPICS[name].key]


@pytest.mark.parametrize("name", sorted(name for name, topic in TOPICS.items() if topic.kind != "feed"))
def test_the_producer_emits_its_golden_message(name: str) -> None:
    value = _golden(name)["value"]
    payload = TOPICS[name].payload.model_validate_json(json.dumps(value))
    assert json.loads(payload.model_dump_json()) == value


@pytest.mark.parametrize("name", sorted(TOPICS))
def test_a_consumer_reads_the_golden_message_and_one_that_has_grown(name: str) -> None:
    golden, topic = _golden(name), TOPICS[name]
    headers = [(header, text.encode()) for header, text in golden["headers"].items()]
    envelope, payload = decode(name, headers, json.dumps(golden["value"]).encode())
    _, grown = decode(name, [*headers, ("ce_new", b"x")], json.dumps({**golden["value"], "new_field": 1}).encode())
    assert isinstance(payload, topic.payload)
    assert grown == payload
    if topic.kind != "feed":
        assert envelope.type == topic.type
        assert envelope.event_id is not None
        assert (envelope.aggregate_version == 7) == (topic.kind == "state")
        assert json.loads(payload.model_dump_json()) == golden["value"]
