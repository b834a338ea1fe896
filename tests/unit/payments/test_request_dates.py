"""Dates of requests and of what the core publishes are days, written as such."""

from typing import Any
from uuid import UUID

import pytest
from pydantic import TypeAdapter, ValidationError

from services.payments.schemas.obligations import InstallmentTerms, PromiseRequest, ScheduleTerms
from services.payments.schemas.payments import PaymentRequest, ReallocationRequest, ReversalRequest
from shared.events.core import CorePaymentReceived

ACCOUNT = str(UUID(int=1))
PAYMENT: dict[str, Any] = {
    "amount_minor": 1,
    "currency": "USD",
    "effective_on": "2026-01-31",
    "channel": "branch",
    "source_ref": "R-1",
}
CASES: list[tuple[Any, dict[str, Any], str]] = [
    (PaymentRequest, PAYMENT | {"account_id": ACCOUNT, "source": "web"}, "effective_on"),
    (PaymentRequest, PAYMENT | {"account_id": ACCOUNT, "source": "web"}, "posted_on"),
    (CorePaymentReceived, PAYMENT | {"creditor_id": ACCOUNT, "core_account_number": "L-1"}, "effective_on"),
    (CorePaymentReceived, PAYMENT | {"creditor_id": ACCOUNT, "core_account_number": "L-1"}, "posted_on"),
    (ReversalRequest, {"reason": "nsf", "effective_on": "2026-01-31"}, "effective_on"),
    (ReallocationRequest, {}, "effective_on"),
    (PromiseRequest, {"account_id": ACCOUNT, "due_on": "2026-01-31", "amount_minor": 1, "currency": "USD"}, "due_on"),
    (InstallmentTerms, {"due_on": "2026-01-31", "amount_minor": 1}, "due_on"),
    (
        ScheduleTerms,
        {"count": 1, "first_due_on": "2026-01-31", "frequency": "once", "total_minor": 1},
        "first_due_on",
    ),
]


@pytest.mark.parametrize(("model", "body", "name"), CASES)
@pytest.mark.parametrize("value", [1_769_817_600, 1_769_817_600.0, "1769817600", "2026-01-31T00:00:00", "20260131"])
def test_a_date_is_a_day_and_neither_seconds_nor_a_time(
    model: Any, body: dict[str, Any], name: str, value: Any
) -> None:
    adapter = TypeAdapter(model)
    assert adapter.validate_python(body | {name: "2026-01-31"})
    with pytest.raises(ValidationError):
        adapter.validate_python(body | {name: value})
