"""Contracts only grow: no field removed, retyped or newly required; and what is published is what the code says."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.events.export import CONTRACTS, differences, schema_of
from shared.events.topics import TOPICS
from tests.contract.compatibility import breaking_changes

RELEASED = Path(__file__).parent / "released"
"""The schemas as last released. A release copies `docs/contracts/events` here; nothing else touches them."""


@pytest.mark.parametrize("name", sorted(path.stem for path in RELEASED.glob("*.json")))
def test_a_released_contract_only_grows(name: str) -> None:
    released = json.loads((RELEASED / f"{name}.json").read_text())
    assert name in TOPICS, "a released topic was removed"
    assert breaking_changes(released, schema_of(TOPICS[name])) == []


def test_every_topic_of_the_registry_is_released() -> None:
    assert {path.stem for path in RELEASED.glob("*.json")} == set(TOPICS)


def test_the_committed_contracts_are_those_of_the_code() -> None:
    assert differences() == []


def test_a_changed_or_stray_contract_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "payment.posted.json").write_text("{}")
    (tmp_path / "events" / "nothing.happened.json").write_text("{}")
    found = differences(tmp_path)
    assert "events/payment.posted.json differs" in found
    assert "events/nothing.happened.json belongs to no topic" in found
    assert "asyncapi.yaml is missing" in found


def test_asyncapi_names_every_topic_and_schema() -> None:
    document = yaml.safe_load((CONTRACTS / "asyncapi.yaml").read_text())
    assert document["asyncapi"] == "3.0.0"
    assert set(document["channels"]) == set(document["operations"]) == set(TOPICS)
    for channel in document["channels"].values():
        payload = channel["messages"]["event"]["payload"]["$ref"]
        assert (CONTRACTS / payload).is_file()


POSTED = schema_of(TOPICS["payment.posted"])
CORE = schema_of(TOPICS["core.payment.received"])


def _edited(schema: dict[str, Any], edit: Any) -> dict[str, Any]:
    changed = copy.deepcopy(schema)
    edit(changed)
    return changed


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda s: s["properties"].pop("channel"), "/channel was removed"),
        (lambda s: s["properties"]["amount_minor"].update(type="string"), "/amount_minor: type changed"),
        (lambda s: s["properties"]["amount_minor"].update(maximum=10), "/amount_minor: maximum changed"),
        (lambda s: s["required"].append("booked_on"), "/booked_on is newly required"),
        (lambda s: s["required"].remove("channel"), "/channel is no longer always sent"),
        (lambda s: s["properties"]["channel"]["enum"].remove("ach"), "/channel: value 'ach' was removed"),
        (lambda s: s["properties"]["source"].update(enum=["core"]), "/source: is now limited to ['core']"),
        (lambda s: s["$defs"]["AllocationLine"]["properties"].pop("component"), "/allocation[]/component was removed"),
        (lambda s: s["properties"]["booked_on"]["anyOf"].pop(), "/booked_on: anyOf changed"),
        (lambda s: s.update({"x-key": "payment_id"}), "x-key changed"),
    ],
)
def test_what_breaks_a_consumer_is_called_breaking(edit: Any, says: str) -> None:
    assert says in breaking_changes(POSTED, _edited(POSTED, edit))


@pytest.mark.parametrize(
    "edit",
    [
        lambda s: s["properties"].update(memo={"type": "string"}),
        lambda s: s["properties"]["channel"]["enum"].append("crypto"),
        lambda s: s["properties"]["channel"].update(description="how it came"),
    ],
)
def test_growth_is_allowed(edit: Any) -> None:
    assert breaking_changes(POSTED, _edited(POSTED, edit)) == []


def test_an_outside_producer_may_be_asked_for_less() -> None:
    assert breaking_changes(CORE, _edited(CORE, lambda s: s["required"].remove("channel"))) == []
