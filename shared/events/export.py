"""Writes the published contracts: a JSON Schema per topic and one AsyncAPI 3 document, the same bytes every time.

`python -m shared.events.export` writes `docs/contracts/`; with `--check` it writes nothing and fails on a difference.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from shared.events.topics import TOPICS, Topic

CONTRACTS = Path(__file__).resolve().parents[2] / "docs" / "contracts"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_OWNERS = {
    "core": "core banking (outside)",
    "accounts": "the accounts service",
    "payments": "the payments service",
    "contact": "the contact service",
    "skiptrace": "the skiptrace service",
    "compliance": "the compliance service",
}
_KINDS = {
    "feed": "A feed from outside: structured or binary CloudEvents, or bare JSON. Told apart by its business key.",
    "fact": "A fact: applied once, in any order.",
    "state": "The whole public state of an aggregate, with `ce_aggregateversion`; an older version is ignored.",
}


def schema_of(topic: Topic) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a topic's payload, closed as its producer closes it."""
    schema = topic.payload.model_json_schema(mode="validation")
    title = schema.pop("title", topic.payload.__name__)
    description = schema.pop("description", "")
    return {
        "$schema": _DIALECT,
        "title": title,
        "description": " ".join(description.split()),
        "x-topic": topic.name,
        "x-type": topic.type,
        "x-owner": topic.owner,
        "x-kind": topic.kind,
        "x-key": topic.key,
        "x-personal-data": topic.is_personal,
        **schema,
    }


def documents() -> dict[str, str]:
    """Return every generated file by its path below `docs/contracts`."""
    files = {f"events/{topic.name}.json": _json(schema_of(topic)) for topic in TOPICS.values()}
    files["asyncapi.yaml"] = _yaml(asyncapi())
    return files


def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI 3 document of all topics."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Arrears events",
            "version": "1.0.0",
            "description": "CloudEvents 1.0 in Kafka's binary mode. Contracts only grow: consumers ignore unknown "
            "fields and accept enum values that they do not know.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in TOPICS.values()},
        "operations": {topic.name: _operation(topic) for topic in TOPICS.values()},
        "components": {"messageTraits": {"cloudEvent": {"headers": _headers()}}},
    }


_PERSONAL = " Holds personal data: compacted, with an access list of its own. A message without a value erases its key."


def _channel(topic: Topic) -> dict[str, Any]:
    personal = (
        " Holds personal data: compacted, with an access list of its own. A message without a value erases its key."
        if topic.is_personal
        else ""
    )
    trait = [] if topic.kind == "feed" else [{"$ref": "#/components/messageTraits/cloudEvent"}]
    message: dict[str, Any] = {
        "name": topic.type,
        "contentType": "application/json",
        "payload": {"$ref": f"./events/{topic.name}.json"},
        "bindings": {"kafka": {"key": {"type": "string", "description": f"`{topic.key}` of the payload."}}},
    }
    if trait:
        message["traits"] = trait
    return {
        "address": topic.name,
        "description": f"Owner: {_OWNERS[topic.owner]}. {_KINDS[topic.kind]}{personal}",
        "messages": {"event": message},
        "bindings": {
            "kafka": {
                "topicConfiguration": {
                    "cleanup.policy": ["compact" if topic.is_personal else "delete"],
                    "retention.ms": -1,
                }
            }
        },
    }


def _operation(topic: Topic) -> dict[str, Any]:
    return {
        "action": "receive" if topic.owner == "core" else "send",
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "messages": [{"$ref": f"#/channels/{topic.name}/messages/event"}],
    }


def _headers() -> dict[str, Any]:
    text = {"type": "string"}
    uuid = {"type": "string", "format": "uuid"}
    return {
        "type": "object",
        "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time"],
        "properties": {
            "ce_specversion": {"const": "1.0"},
            "ce_id": {**uuid, "description": "UUIDv7, kept when the event is published again."},
            "ce_source": {**text, "examples": ["/payments"]},
            "ce_type": {**text, "examples": ["payment.posted.v1"]},
            "ce_time": {"type": "string", "format": "date-time"},
            "ce_subject": {**text, "description": "The account id; else the key."},
            "ce_aggregateversion": {**text, "pattern": "^[0-9]+$", "description": "Of state events."},
            "ce_correlationid": uuid,
            "ce_causationid": uuid,
            "traceparent": {**text, "description": "W3C trace context."},
            "content-type": {"const": "application/json"},
        },
    }


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _yaml(document: dict[str, Any]) -> str:
    import yaml  # noqa: PLC0415 - a package of the developers' lock; services never export

    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
    return "# Generated by `python -m shared.events.export`; do not edit.\n" + text


def differences(root: Path = CONTRACTS) -> list[str]:
    """Return the files below `root` that are not as the code says, one line each."""
    expected = documents()
    found = []
    for name, text in expected.items():
        path = root / name
        if not path.exists():
            found.append(f"{name} is missing")
        elif path.read_text(encoding="utf-8") != text:
            found.append(f"{name} differs")
    stray = (path.name for path in sorted((root / "events").glob("*.json")) if f"events/{path.name}" not in expected)
    return found + [f"events/{name} belongs to no topic" for name in stray]


def main(arguments: list[str] | None = None) -> int:
    """Write the contracts, or check them; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m shared.events.export", description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when a committed file is not as the code says")
    if parser.parse_args(arguments).check:
        found = differences()
        sys.stderr.writelines(f"{line}\n" for line in found)
        return 1 if found else 0
    for name, text in documents().items():
        path = CONTRACTS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
