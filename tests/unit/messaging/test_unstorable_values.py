"""What JSON can say and no database can keep, and zones that are nowhere, cost one message: they fail no handler."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.events.envelope import EnvelopeError, decode

_GOLDEN = Path(__file__).parents[2] / "contract" / "golden"


def _decode(topic: str, **changed: Any) -> Any:
    golden = json.loads((_GOLDEN / f"{topic}.json").read_text())
    headers = [(name, text.encode()) for name, text in golden["headers"].items()]
    return decode(topic, headers, json.dumps(golden["value"] | changed).encode())[1]


@pytest.mark.parametrize("number", [2**63, 10**30, 10**400])
def test_a_number_beyond_64_bits_is_refused(number: int) -> None:
    with pytest.raises(EnvelopeError, match="beyond 64 bits") as refused:
        _decode("skiptrace.requested", candidates=number)
    assert refused.value.code == "message-invalid"


@pytest.mark.parametrize("field", ["days_past_due", "delinquent_days"])
def test_more_days_than_a_calendar_has_are_refused(field: str) -> None:
    with pytest.raises(EnvelopeError, match=field) as refused:
        _decode("account.updated", **{field: 2**31})
    assert refused.value.code == "message-invalid"


def test_the_largest_number_of_64_bits_is_taken() -> None:
    assert _decode("skiptrace.requested", candidates=2**63 - 1).candidates == 2**63 - 1


@pytest.mark.parametrize(
    "zone", ["", "Nowhere/Atlantis", "2026-01-31T00:00:00Z", "../etc/passwd", "America", "x" * 5000]
)
def test_a_creditor_in_no_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(EnvelopeError, match="time_zone") as refused:
        _decode("creditor.updated", time_zone=zone)
    assert refused.value.code == "message-invalid"
